"""One thing changed in a good session: harm is found and named with its line, the rest is not."""

from __future__ import annotations

import struct

import pytest
from support.sessions.audited import (
    KRAI,
    ST_V13,
    OneSession,
    official_lists,
    published_session,
    violations,
)
from tinyrunner.runner.audit.evidence.findings import Rule

PERFORMANCE = (KRAI, "kws", "performance")
ACCURACY = (KRAI, "kws", "accuracy")
ENERGY = (KRAI, "kws", "energy")
ML_PERFORMANCE = (ST_V13, "kws", "performance")
ML_ACCURACY = (ST_V13, "kws", "accuracy")
ML_ENERGY = (ST_V13, "kws", "energy")

RESULTS = [
    (PERFORMANCE, "13.381", "13.382", 3, "runtime of window 2"),
    (PERFORMANCE, "59.787", "59.786", 4, "throughput of window 2"),
    (PERFORMANCE, "800", "801", 2, "inferences of window 2"),
    (PERFORMANCE, "throughput is 59.788", "throughput is 59.798", 27, "median throughput"),
    (PERFORMANCE, "throughput is 59.788", "throughput is NaN", 27, "'NaN'"),
    (PERFORMANCE, "throughput is 59.788", "throughput is 1e999", 27, "'1e999'"),
    (PERFORMANCE, "Median throughput is 59.788 inf./sec.", "", None, "no median throughput"),
    (PERFORMANCE, "for window 4", "for window 6", 6, "window 6"),
    (PERFORMANCE, "have been met", "have NOT been met", 5, "not been met"),
    (ACCURACY, "90.2%", "90.3%", 1, "Top-1 is printed 90.3"),
    (ACCURACY, "0.99", "0.98", 2, "AUC is printed 0.98"),
    (ENERGY, "2.71", "2.73", 1, "start of energy of window 2"),
    (ENERGY, "13.33 sec", "13.43 sec", 1, "duration of energy of window 2"),
    (ENERGY, "1893399.171", "1893399.172", 2, "energy of energy of window 2"),
    (ENERGY, "141997.838", "141997.938", 3, "power in uW"),
    (ENERGY, "2366.749", "2366.759", 4, "energy per inference"),
    (ENERGY, "cost is 2367.474", "cost is 2267.474", 22, "median energy"),
    (ML_PERFORMANCE, "10.862042", "10.862043", 3, "runtime of window 1"),
    (ML_PERFORMANCE, "23.01593015383295", "23.11593015383295", 4, "throughput of window 1"),
    (ML_PERFORMANCE, "23.032 inf", "23.132 inf", 27, "median throughput"),
    (ML_ACCURACY, "0.995", "0.996", 2, "AUC"),
    (ML_ENERGY, "32.8730", "32.8731", 5, "power in mW"),
    (ML_ENERGY, "1430.6681", "1430.6691", 33, "median energy"),
]


@pytest.mark.parametrize(("source", "old", "new", "line", "text"), RESULTS)
def test_a_changed_result_is_found_with_its_line(source, old, new, line, text, tmp_path):
    session = published_session(tmp_path, *source)
    session.replace("results.txt", old, new)
    found = violations(session.audit(official_lists()))
    assert {(f.rule, f.path.rpartition("/")[2]) for f in found} == {
        (Rule.RESULT_LINE, "results.txt")
    }
    assert found[0].line == line
    assert text in found[0].found


def drop_last_window(session: OneSession) -> None:
    session.edit(
        "results.txt", lambda text: "\n".join(text.split("\n")[:20] + text.split("\n")[25:])
    )


def a_median_again(session: OneSession) -> None:
    session.edit(
        "results.txt", lambda t: t + "00155.020 ulp-mlperf: Median throughput is 99.9 inf./sec.\n"
    )


def second_results_file(session: OneSession) -> None:
    text = (session.folder / "results.txt").read_text().replace("59.788", "60.788")
    (session.folder / "result.txt").write_text(text)


def shorter_window(session: OneSession) -> None:
    session.sub("log.txt", r"m-lap-us-112831702", "m-lap-us-109350893")


def load_again(session: OneSession) -> None:
    session.edit("log.txt", lambda t: t.replace("tst_000002_Right_6", "tst_000001_Left_2"))


def nan_score(session: OneSession) -> None:
    session.sub("log.txt", r"m-results-\[0\.000", "m-results-[nan")


def another_model(session: OneSession) -> None:
    session.replace("log.txt", "m-model-[kws01]", "m-model-[vww01]")


def other_stop(session: OneSession) -> None:
    session.replace("log.txt", "m-session-stop-id[20", "m-session-stop-id[19")


def no_stop(session: OneSession) -> None:
    session.sub("log.txt", r".*m-session-start-id.*\n", "")


def stamp_back(session: OneSession) -> None:
    session.sub("log.txt", r"^00\d{3}(\.\d{3} dut: m-infer-done)", r"00001\1")


def other_step(session: OneSession) -> None:
    session.replace("script.async", "dut infer 800 1", "dut infer 801 1")


def step_missing(session: OneSession) -> None:
    session.sub("script.async", r"    \{\n        cmd: 'dut timestamp'\n    \},\n", "")


def step_more(session: OneSession) -> None:
    session.sub("script.async", r"\n\]", ",\n    {\n        cmd: 'dut name'\n    }\n]")


def broken_script(session: OneSession) -> None:
    session.replace("script.async", "cmd: 'version'", "cmd: version")


def run_mode(session: OneSession) -> None:
    session.replace("log.txt", "key[runMode]-val[bmark]", "key[runMode]-val[multi]")


def iterations(session: OneSession) -> None:
    session.replace("log.txt", "key[iterInfer]-val[800]", "key[iterInfer]-val[700]")


def zeroed_sample(session: OneSession) -> None:
    path = session.folder / "trace1-energy.bin"
    data = bytearray(path.read_bytes())
    data[5 + 4 * 5000 : 9 + 4 * 5000] = struct.pack("<f", 0.0)
    path.write_bytes(data)


def trace_magic(session: OneSession) -> None:
    path = session.folder / "trace1-energy.bin"
    path.write_bytes(b"\0" + path.read_bytes()[1:])


def an_edge_less(session: OneSession) -> None:
    session.sub("trace1-timestamps.json", r"\[\s*[\d.]+,", "[")


def no_trace(session: OneSession) -> None:
    (session.folder / "trace1-energy.bin").unlink()


def answer_changed(session: OneSession) -> None:
    session.sub("log.txt", r"(m-results    : \[.*)0\.996", r"\g<1>0.111")


def runtime_changed(session: OneSession) -> None:
    session.sub("log.txt", r"10\.862 sec", "10.962 sec")


def class_changed(session: OneSession) -> None:
    session.replace("results.json", '"class": "7"', '"class": "3"')


def entry_dropped(session: OneSession) -> None:
    import json

    session.edit("results.json", lambda text: json.dumps(json.loads(text)[:-1]))


def log_median(session: OneSession) -> None:
    session.sub("log.txt", r"(Median throughput is +)23", r"\g<1>24")


def swapped(session: OneSession) -> None:
    def swap(text: str) -> str:
        text = text.replace("tst_000003_Up_8", "@").replace("tst_000004_On_5", "tst_000003_Up_8")
        return text.replace("@", "tst_000004_On_5")

    session.edit("log.txt", swap)


def an_input_missing(session: OneSession) -> None:
    session.edit("log.txt", lambda t: t.replace("tst_000500_", "tst_000499_x"))


OTHERS = [
    (PERFORMANCE, drop_last_window, Rule.RESULT_LINE),
    (PERFORMANCE, a_median_again, Rule.RESULT_LINE),
    (PERFORMANCE, second_results_file, Rule.RESULTS_ALIKE),
    (PERFORMANCE, shorter_window, Rule.SESSION),
    (PERFORMANCE, load_again, Rule.INPUT_ORDER),
    (PERFORMANCE, nan_score, Rule.LOG),
    (PERFORMANCE, another_model, Rule.MODEL),
    (PERFORMANCE, other_stop, Rule.SESSION_ID),
    (PERFORMANCE, no_stop, Rule.SESSION_ID),
    (PERFORMANCE, stamp_back, Rule.LOG),
    (PERFORMANCE, other_step, Rule.SCRIPT),
    (PERFORMANCE, step_missing, Rule.SCRIPT),
    (PERFORMANCE, step_more, Rule.SCRIPT),
    (PERFORMANCE, broken_script, Rule.SCRIPT),
    (PERFORMANCE, run_mode, Rule.SESSION),
    (PERFORMANCE, iterations, Rule.SESSION),
    (ENERGY, zeroed_sample, Rule.RESULT_LINE),
    (ENERGY, trace_magic, Rule.TRACE),
    (ENERGY, an_edge_less, Rule.TRACE),
    (ENERGY, no_trace, Rule.TRACE),
    (ACCURACY, an_input_missing, Rule.INPUT_ORDER),
    (ACCURACY, swapped, Rule.INPUT_ORDER),
    (PERFORMANCE, swapped, Rule.INPUT_ORDER),
    (ML_PERFORMANCE, answer_changed, Rule.LOG),
    (ML_PERFORMANCE, runtime_changed, Rule.LOG),
    (ML_PERFORMANCE, class_changed, Rule.LOG),
    (ML_PERFORMANCE, entry_dropped, Rule.LOG),
    (ML_ENERGY, entry_dropped, Rule.TRACE),
    (ML_PERFORMANCE, log_median, Rule.RESULT_LINE),
]


@pytest.mark.parametrize(
    ("source", "spoil", "rule"), OTHERS, ids=lambda x: getattr(x, "__name__", None)
)
def test_another_harm_is_found_by_its_rule(source, spoil, rule, tmp_path):
    session = published_session(tmp_path, *source)
    spoil(session)
    found = violations(session.audit(official_lists()))
    assert rule in {finding.rule for finding in found}, [f.found for f in found]


def test_what_is_not_shown_is_counted(tmp_path):
    session = published_session(tmp_path, *ML_ACCURACY)
    session.sub("log.txt", r"(m-results    : \[)", r"\g<1>0.5, ", count=0)
    found = [f.found for f in violations(session.audit(official_lists())) if "shown" in f.found]
    assert found == ["the first 20 of 1000 differences are shown"]


def test_a_changed_step_is_found_with_its_line_in_the_log(tmp_path):
    session = published_session(tmp_path, *PERFORMANCE)
    other_step(session)
    found = violations(session.audit(official_lists()))
    assert (found[0].rule, found[0].line) == (
        Rule.SCRIPT,
        session.line("log.txt", "sequencing-i[6]"),
    )
    assert "infer 800 1" in found[0].found
    assert "infer 801 1" in found[0].expected


def test_a_window_finding_points_at_the_line_of_its_results(tmp_path):
    session = published_session(tmp_path, *PERFORMANCE)
    shorter_window(session)
    found = [f for f in violations(session.audit(official_lists())) if "too short" in f.found]
    assert [f.line for f in found] == [session.line("log.txt", "m-results-[")]


UNREADABLE = {
    "no scores": (ACCURACY, r"^(\d+\.\d+ dut: m-results-\[)[^\]]*", r"\1"),
    "no number": (ACCURACY, r"^(\d+\.\d+ dut: m-results-\[)\d", r"\1nan"),
    "a score less": (ACCURACY, r"^(\d+\.\d+ dut: m-results-\[)[^,]*,", r"\1"),
    "cut off": (ACCURACY, r"^(\d+\.\d+ dut: m-results-\[[^\]]*)\]", r"\1"),
    "garbled": (ACCURACY, r"^(\d+\.\d+ dut: m-)results-", r"\1infer-dRGI"),
    "no line": (ACCURACY, r"^\d+\.\d+ dut: m-results-\[.*\n", ""),
    "no scores, MLCommons": (ML_ACCURACY, r"(m-results +: \[)[^\]]*", r"\1"),
}


@pytest.mark.parametrize("harm", UNREADABLE)
def test_one_input_without_scores_is_named_and_the_others_are_judged(harm, tmp_path):
    source, pattern, new = UNREADABLE[harm]
    session = published_session(tmp_path, *source)
    if source is ML_ACCURACY:
        session.sub("results.json", r'"results": \[[^\]]*\]', '"results": []')
    session.sub("log.txt", pattern, new)
    audit = session.audit(official_lists())
    (found,) = violations(audit)
    assert found.found.startswith("scores unreadable: 1 input(s) were answered by no scores")
    assert "(tst_000000_Stop_7.bin)" in found.found
    assert (found.path.rpartition("/")[2], found.line is not None) == ("log.txt", True)
    accuracy = audit.assessment.accuracy
    assert (accuracy.inputs, accuracy.missing.count) == (999, 0)
    session.replace("results.txt", "90.2", "90.4")
    assert Rule.RESULT_LINE in {one.rule for one in violations(session.audit(official_lists()))}


def crlf(session: OneSession) -> None:
    for name in ("log.txt", "script.async", "results.txt"):
        path = session.folder / name
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))


def noise(session: OneSession) -> None:
    path = session.folder / "log.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\n\xff\xfe chatter\n", 1))


def same_results_twice(session: OneSession) -> None:
    text = (session.folder / "results.txt").read_bytes().replace(b"\r\n", b"\n")
    (session.folder / "result.txt").write_bytes(text.replace(b"\n", b"\r\n"))


def other_file(session: OneSession) -> None:
    (session.folder / "._results.txt").write_bytes(b"\0\5\x16\7")


@pytest.mark.parametrize("source", [PERFORMANCE, ACCURACY, ENERGY])
@pytest.mark.parametrize("change", [crlf, noise, same_results_twice, other_file])
def test_what_does_no_harm_is_no_violation(source, change, tmp_path):
    session = published_session(tmp_path, *source)
    change(session)
    assert violations(session.audit(official_lists())) == []
