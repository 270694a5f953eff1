"""Reading EEMBC's logs: what counts, what is tolerated, what is refused."""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.sessions.logs import START, STOP, Inference, log_lines, one_hot
from tinyrunner.runner.journal import reader as log_reader
from tinyrunner.runner.journal.open_log import LogError, open_log
from tinyrunner.runner.journal.records import InferenceRecord, LogFacts
from tinyrunner.runner.terms import Dialect, Mode

FIRST = Inference("tst_000000_Stop_7.bin", one_hot(7))
SECOND = Inference(
    "tst_000001_Left_2.bin", one_hot(2), step=7, start_us=2_000_000, end_us=2_019_000
)


def read_bytes(
    folder: Path, data: bytes, *, resuming: bool = False
) -> tuple[list[InferenceRecord], LogFacts]:
    path = folder / "log.txt"
    path.write_bytes(data)
    with open_log(path, resuming=resuming) as reader:
        return list(reader), reader.facts


def read(
    folder: Path, lines: list[str], *, end: str = "\n", resuming: bool = False
) -> tuple[list[InferenceRecord], LogFacts]:
    return read_bytes(folder, (end.join(lines) + end).encode(), resuming=resuming)


def without_lines(records: list[InferenceRecord]) -> list[tuple[object, ...]]:
    return [
        (r.file, r.offset, r.iterations, r.warmups, r.scores, r.start_us, r.end_us) for r in records
    ]


@pytest.mark.parametrize(
    "line",
    [
        "00010.000 dut: m-name-dut-[tinyrunner-simulated]",
        "00010.000 io: [dut]: m-name-dut-[tinyrunner-simulated (Acme)]",
        "00010.000 dut: this is no board: tinyrunner simulates it",
        "00010.000 io: [dut]: this is no board: tinyrunner replays log.txt",
        "this is no board: tinyrunner simulates it",
        "00010.000 dut: \x1b[0mthis is no board: tinyrunner simulates itm-ready",
    ],
)
def test_the_line_is_told_in_which_a_device_says_that_it_is_simulated(line, tmp_path):
    whole = list(log_lines([FIRST, SECOND]))
    for place in (1, 9, 20):  # before a step, and within a load
        _, facts = read(tmp_path, [*whole[:place], line, *whole[place:], line])
        assert facts.simulated_line == place + 1


@pytest.mark.parametrize(
    "line",
    [
        '00010.000 parser: Command "bload dut "/home/x/tinyrunner-simulated/a.bin""',
        "00010.000 parser: this is no board: tinyrunner simulates it",
        "00010.000 io: m-name-ioman-[tinyrunner-simulated]",
        "00010.000 session: m-note[tinyrunner-simulated]",
        "00010.000 dut: m-name-dut-[tinyrunner]",
    ],
)
def test_nobody_but_the_device_says_that_it_is_simulated(line, tmp_path):
    whole = list(log_lines([FIRST]))
    _, facts = read(tmp_path, [*whole[:9], line, *whole[9:]])
    assert facts.simulated_line is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_log_yields_its_inferences_and_facts(tmp_path, end):
    records, facts = read(tmp_path, list(log_lines([FIRST, SECOND])), end=end)
    assert without_lines(records) == [
        ("tst_000000_Stop_7.bin", 0, 1, 0, one_hot(7), 1_000_000, 1_020_000),
        ("tst_000001_Left_2.bin", 0, 1, 0, one_hot(2), 2_000_000, 2_019_000),
    ]
    assert (records[0].start_host_s, records[0].end_host_s) == (20.0, 20.02)
    assert facts.dialect is Dialect.EEMBC
    assert facts.mode is Mode.ACCURACY
    assert facts.session_ids == ["20260101000000"]
    assert facts.model_ids == ["kws01"]
    assert facts.config["model"] == "kws01"
    assert facts.finished
    assert facts.line_count == len(list(log_lines([FIRST, SECOND])))


def test_a_record_names_the_line_of_its_results(tmp_path):
    lines = list(log_lines([FIRST, SECOND]))
    records, _ = read(tmp_path, lines)
    for record in records:
        assert "m-results-" in lines[record.line - 1]


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_unusual_order_of_lines_reads_like_the_plain_form(tmp_path_factory, data):
    """Chatter anywhere sends the reader line by line: the records stay the same."""
    plain = list(log_lines([FIRST, SECOND]))
    noisy = list(plain)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(len(START), len(noisy) - len(STOP)))
        noise = data.draw(
            st.sampled_from(["chatter: of a device", "", "\x00\x7f", "00020.000 dut: ok"])
        )
        noisy.insert(at, noise)
    folder = tmp_path_factory.mktemp("log")
    assert without_lines(read(folder, noisy)[0]) == without_lines(read(folder, plain)[0])


@settings(max_examples=30, deadline=None)
@given(chunk=st.integers(1, 400))
def test_the_size_of_the_reads_makes_no_difference(tmp_path_factory, chunk):
    folder = tmp_path_factory.mktemp("log")
    lines = list(log_lines([FIRST, SECOND]))
    whole = read(folder, lines, end="\r\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_reader, "CHUNK_BYTES", chunk)
        assert read(folder, lines, end="\r\n") == whole


@settings(max_examples=100, deadline=None)
@given(noise=st.binary(max_size=300), at=st.integers(0, 40))
def test_noise_bytes_never_crash_the_reader(tmp_path_factory, noise, at):
    lines = [line.encode() for line in log_lines([FIRST, SECOND])]
    lines.insert(max(1, min(at, len(lines))), noise.replace(b"m-results", b""))
    records, _ = read_bytes(tmp_path_factory.mktemp("log"), b"\n".join(lines))
    assert len(records) == 2


def test_glued_results_are_found_behind_chatter(tmp_path):
    ad = Inference("normal_1.bin", (89.274,), offset=512)
    lines = [line.replace("dut: m-results", "dut: Type errorm-results") for line in log_lines([ad])]
    records, _ = read(tmp_path, lines)
    assert (records[0].scores, records[0].offset) == ((89.274,), 512)


def test_messages_without_any_prefix_count_as_the_devices(tmp_path):
    lines = list(log_lines([FIRST]))
    lines = [
        line.removeprefix("00020.020 dut: ") if "m-results" in line else line for line in lines
    ]
    records, _ = read(tmp_path, lines)
    assert records[0].scores == one_hot(7)


def test_messages_glued_to_one_another_all_count(tmp_path):
    lines = list(log_lines([FIRST]))
    at = next(i for i, line in enumerate(lines) if "m-infer-done" in line)
    lines[at : at + 3] = [f"00020.020 dut: m-infer-done{FIRST.results()}m-ready"]
    records, _ = read(tmp_path, lines)
    assert records[0].scores == one_hot(7)


def test_lines_through_an_io_manager_are_the_devices(tmp_path):
    lines = []
    for line in log_lines([FIRST]):
        if " dut: " in line:
            line = line.replace(" dut: ", " io: [dut]: ")
        lines.append(line.replace("bload dut ", "bloadp ").replace("bload-done", "bloadp-done"))
    at = next(i for i, line in enumerate(lines) if "m-infer-done" in line)
    lines.insert(at, "00020.015 io: m-lap-us-77")  # an edge that the manager's own timer saw
    records, _ = read(tmp_path, lines)
    assert (records[0].file, records[0].end_us) == ("tst_000000_Stop_7.bin", 1_020_000)


def test_scores_behind_half_of_another_line_are_garbled_and_cost_no_window(tmp_path):
    lines = [
        line.replace("m-infer-done", "m-infer-donerGI[0.000,0.999]").replace("[multi]", "[bmark]")
        for line in log_lines([FIRST])
        if "m-results" not in line
    ]
    ((record,), _) = read(tmp_path, lines)
    assert (record.start_us, record.end_us, record.scores) == (1_000_000, 1_020_000, ())
    assert record.unreadable == "the results came garbled: m-infer-donerGI[0.000,0.999]"


@pytest.mark.parametrize("whole", ["m-infer-start-1000", "m-ready"])
def test_another_line_that_came_garbled_costs_no_window_of_energy(tmp_path, whole):
    energy = [line.replace("ML Performance", "ML Energy") for line in log_lines([FIRST, SECOND])]
    lines = [
        line.replace("m-infer-done", "m-infer-donerGI[0.000,0.999]")
        for line in energy
        if "m-results" not in line and "m-lap-us" not in line
    ]
    lines[next(at for at, line in enumerate(lines) if f"dut: {whole[:13]}" in line)] = "00020.0 RGI"
    records, _ = read(tmp_path, lines)
    assert [record.file for record in records] == [FIRST.file, SECOND.file]
    assert all("garbled" in record.unreadable for record in records)


def test_one_trailing_comma_is_tolerated_and_noted_once(tmp_path):
    lines = [
        line.replace("]", ",]") if "m-results" in line else line
        for line in log_lines([FIRST, SECOND])
    ]
    records, facts = read(tmp_path, lines)
    assert [record.scores for record in records] == [one_hot(7), one_hot(2)]
    assert len(facts.notes) == 1


@pytest.mark.parametrize("bad", ["nan", "inf", "-inf", "x", "", "1_0", "0.1,,0.2", "0.1,,"])
def test_results_that_are_no_finite_numbers_cost_no_other_inference(tmp_path, bad):
    lines = list(log_lines([FIRST, SECOND]))
    at = next(i for i, line in enumerate(lines) if "m-results" in line)
    lines[at] = f"00020.020 dut: m-results-[{bad}]"
    (first, second), _ = read(tmp_path, lines)
    assert (first.file, first.scores, first.line) == (FIRST.file, (), at + 1)
    assert first.unreadable.startswith(f"expected finite numbers in m-results-[{bad[:-1]}")
    assert (second.scores, second.unreadable) == (one_hot(2), "")


def test_results_cut_off_in_the_middle_of_a_log_cost_no_other_inference(tmp_path):
    lines = list(log_lines([FIRST, SECOND]))
    at = next(i for i, line in enumerate(lines) if "m-results" in line)
    lines[at] = lines[at].removesuffix("]")
    (first, second), _ = read(tmp_path, lines)
    assert "a closing bracket" in first.unreadable
    assert second.scores == one_hot(2)


def test_an_input_that_is_answered_without_results_is_named(tmp_path):
    lines = list(log_lines([FIRST, SECOND]))
    lines.remove(next(line for line in lines if "m-results" in line))
    (first, second), _ = read(tmp_path, lines)
    assert (first.file, first.unreadable) == (FIRST.file, "no whole m-results came")
    assert second.scores == one_hot(2)


def test_an_input_counts_as_loaded_only_after_the_load_is_done(tmp_path):
    lines = [line for line in log_lines([FIRST, SECOND]) if "m-bload-done" not in line]
    records, _ = read(tmp_path, lines)
    assert [record.file for record in records] == ["", ""]


def test_an_input_of_the_wrong_size_is_an_error_and_nobodys_score(tmp_path):
    lines = list(log_lines([FIRST]))
    at = next(i for i, line in enumerate(lines) if "m-warmup-start" in line)
    lines.insert(at, "00019.101 dut: Input db has 489 elemented, expected 490")
    records, facts = read(tmp_path, lines)
    assert records[0].file == ""
    assert facts.device_errors == [(at + 1, "Input db has 489 elemented, expected 490")]


def test_a_note_that_loads_go_by_a_wire_extension_is_kept_with_its_line(tmp_path):
    note = "00011.000 parser: m-note[loads go by the wire extension x-tinyrunner-1 (bin=512)]"
    _, facts = read(tmp_path, [*START, note, "00011.001 parser: m-note[lost]", note])
    assert facts.wire_extension == (
        len(START) + 1,
        "m-note[loads go by the wire extension x-tinyrunner-1 (bin=512)]",
    )
    assert read(tmp_path, START)[1].wire_extension is None


def test_device_errors_are_kept_with_their_lines_and_bounded(tmp_path):
    lines = list(START) + ["00011.000 dut: e-[Unknown command: x]"] * 150
    _, facts = read(tmp_path, lines)
    assert facts.device_errors[0] == (len(START) + 1, "e-[Unknown command: x]")
    assert (len(facts.device_errors), facts.device_error_count) == (100, 150)


def test_an_inference_without_its_m_ready_counts_when_the_next_step_begins(tmp_path):
    lines = [line for line in log_lines([FIRST, SECOND]) if not line.endswith("dut: m-ready")]
    records, _ = read(tmp_path, lines)
    assert [record.file for record in records] == [FIRST.file, SECOND.file]


def test_an_unfinished_log_ends_with_the_last_whole_inference(tmp_path):
    lines = list(log_lines([FIRST, SECOND], stop=False))[:-1]
    records, facts = read(tmp_path, lines)
    assert [record.file for record in records] == [FIRST.file]
    assert not facts.finished


def resumed(step: int) -> str:
    return f"00030.000 session: m-session-resume-id[20260101000000]-step[{step}]"


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_session_killed_anywhere_and_resumed_reads_like_an_uninterrupted_one(
    tmp_path_factory, data
):
    """Killed after any byte; the runner goes on with the first step that is not finished."""
    folder = tmp_path_factory.mktemp("log")
    inferences = [FIRST, SECOND, Inference("tst_000002_Right_6.bin", one_hot(6), step=9)]
    whole = "\n".join(log_lines(inferences)) + "\n"
    begin = len("\n".join(START)) + 1
    killed = whole[: data.draw(st.integers(begin, len(whole) - 80))]
    done, _ = read_bytes(folder, killed.encode(), resuming=True)
    rest = inferences[len(done) :]
    tail = [resumed(rest[0].step if rest else 11)]
    tail += [line for inference in rest for line in inference.lines()]
    joint = "" if killed.endswith("\n") else "\n"
    records, facts = read(folder, [killed + joint + "\n".join([*tail, *STOP])])
    assert without_lines(records) == without_lines(read_bytes(folder, whole.encode())[0])
    assert facts.resume_count == 1


def test_a_step_that_is_done_again_after_a_resume_voids_its_first_answer(tmp_path):
    lines = [*START, *FIRST.lines(), resumed(FIRST.step), *FIRST.lines(), *STOP]
    records, _ = read(tmp_path, lines)
    assert len(records) == 1


def test_an_unreadable_answer_before_a_resume_is_void(tmp_path):
    bad = [line.replace("0.996", "nan") for line in FIRST.lines()]
    lines = [*START, *bad, resumed(FIRST.step), *FIRST.lines(), *STOP]
    records, _ = read(tmp_path, lines)
    assert [record.scores for record in records] == [one_hot(7)]


def test_an_unreadable_answer_at_the_end_is_told(tmp_path):
    lines = [*START, *[line.replace("0.996", "nan") for line in FIRST.lines()]]
    ((record,), _) = read(tmp_path, lines)
    assert "nan" in record.unreadable


def test_a_resume_marker_glued_to_a_torn_line_is_seen(tmp_path):
    torn = FIRST.infer()
    torn[-2] = torn[-2][:40] + resumed(FIRST.step)
    records, facts = read(tmp_path, [*START, *FIRST.load(), *torn[:-1], *FIRST.lines(), *STOP])
    assert len(records) == 1
    assert facts.resume_count == 1


def test_a_line_of_many_megabytes_is_bounded_and_noted(tmp_path):
    lines = list(log_lines([FIRST, SECOND]))
    lines.insert(len(START), "x" * 20_000_000)
    path = tmp_path / "log.txt"
    path.write_text("\n".join(lines))
    tracemalloc.start()
    with open_log(path) as reader:
        records = list(reader)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(records) == 2
    assert reader.facts.notes[0][0] == len(START) + 1
    assert peak < 12_000_000


def test_the_streaming_wake_word_is_known_by_its_model(tmp_path):
    _, facts = read(tmp_path, [*START, "00011.000 dut: m-model-[sww01]"])
    assert facts.streaming.model_id == "sww01"


def test_energy_runs_are_told_by_the_name_of_the_run(tmp_path):
    lines = [line.replace("ML Performance", "ML Energy") for line in log_lines([FIRST])]
    assert read(tmp_path, lines)[1].mode is Mode.ENERGY


@pytest.mark.parametrize("text", ["", "hello\n", "00012 nothing\n"])
def test_a_file_that_is_no_log_is_refused_with_what_was_expected(tmp_path, text):
    path = tmp_path / "other.txt"
    path.write_text(text)
    with pytest.raises(LogError, match=r"no session log.*log\.txt"):
        open_log(path)


def test_a_log_that_is_not_there_is_an_error_of_ours(tmp_path):
    with pytest.raises(LogError, match="cannot read"):
        open_log(tmp_path / "log.txt")


def test_a_journal_killed_within_its_first_line_can_be_resumed(tmp_path):
    assert read_bytes(tmp_path, b"00010.0", resuming=True)[0] == []


# ---- what published firmware prints otherwise ----------------------------------------------------


def with_size_line(said: str) -> tuple[list[str], int]:
    """A log in which the device says so at its first inference, and the line's number."""
    lines = list(log_lines([FIRST]))
    at = next(i for i, line in enumerate(lines) if "m-warmup-start" in line)
    lines.insert(at, f"00019.101 dut: {said}")
    return lines, at + 1


@pytest.mark.parametrize("unit", ["elemented", "elements", "bytes"])
def test_a_size_that_agrees_is_news(tmp_path, unit: str):
    plain, _ = read(tmp_path, list(log_lines([FIRST])))
    records, facts = read(tmp_path, with_size_line(f"Input db has 490 {unit}, expected 490")[0])
    assert without_lines(records) == without_lines(plain)
    assert facts.device_errors == []


@pytest.mark.parametrize(
    "said",
    [
        "Input db has 489 elements, expected 490",
        "Input db has zu elemented, expected 490",
        "Input db has %zu elemented, expected %zu",
        "Input db has  elemented, expected 490",
    ],
)
def test_a_size_that_differs_or_is_not_told_leaves_the_score_to_nobody(tmp_path, said: str):
    lines, number = with_size_line(said)
    records, facts = read(tmp_path, lines)
    assert records[0].file == ""
    assert facts.device_errors == [(number, said)]


def with_stamps(printed: Callable[[int], str]) -> list[str]:
    return [
        re.sub(r"m-lap-us-(\d+)", lambda found: "m-lap-us-" + printed(int(found[1])), line)
        for line in log_lines([FIRST])
    ]


@pytest.mark.parametrize("form", ["   {}", "{}.000", "{} us", "+{}", "000{}"])
def test_time_stamps_in_other_forms_are_those_that_a_live_run_takes(tmp_path, form: str):
    plain, _ = read(tmp_path, list(log_lines([FIRST])))
    records, facts = read(tmp_path, with_stamps(form.format))
    assert without_lines(records) == without_lines(plain)
    assert facts.device_errors == []


def test_negative_time_stamps_are_a_counter_printed_with_its_sign(tmp_path):
    plain, _ = read(tmp_path, list(log_lines([FIRST])))
    records, _ = read(tmp_path, with_stamps(lambda us: str(us - (1 << 32))))
    assert without_lines(records) == without_lines(plain)


@pytest.mark.parametrize("form", ["ld", "%lld", "1.2e+06"])
def test_time_stamps_that_are_no_number_are_told_and_not_taken(tmp_path, form: str):
    records, facts = read(tmp_path, with_stamps(lambda _: form))
    assert (records[0].start_us, records[0].end_us) == (None, None)
    assert f"'m-lap-us-{form}' is no " in facts.device_errors[0][1]


@pytest.mark.parametrize("sent", [491, 48])
def test_the_sizes_of_loads_are_kept_with_the_line_of_the_first(tmp_path, sent: int):
    lines = list(log_lines([FIRST, SECOND]))
    at = [i for i, line in enumerate(lines) if "Sending 490 bytes" in line]
    assert read(tmp_path, lines)[1].loads == {490: at[0] + 1}
    lines[at[1]] = lines[at[1]].replace("490", str(sent))
    assert read(tmp_path, lines)[1].loads == {490: at[0] + 1, sent: at[1] + 1}
    lines.insert(at[1] + 1, "chatter, so that it is read line by line")
    assert read(tmp_path, lines)[1].loads == {490: at[0] + 1, sent: at[1] + 1}
