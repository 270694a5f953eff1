"""The page itself: what it says, what it leaves out and why, and that no name becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from support.reference import reference_path
from support.report.blocks import unpacked
from support.report.cli import command
from support.sessions.ad_anomalies import anomalies
from support.sessions.for_reports import FILES, accuracy, energy, performance, provenance
from support.sessions.logs import Inference, one_hot
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.config.rounds import RoundsError
from tinyrunner.runner.journal.claimed_provenance import ClaimedProvenance
from tinyrunner.runner.report.gather import Asked, gather
from tinyrunner.runner.report.page import PageFinding, ReportPage, TreeVerdict
from tinyrunner.runner.report.plots.packed_data import packed
from tinyrunner.runner.report.render import render_report
from tinyrunner.runner.score.rules import Severity

KRAI = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws"
ST_V13 = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws"


class Page(HTMLParser):
    """The elements, texts and data blocks of a page."""

    VOID = ("meta", "br", "line", "input", "img", "link")

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.data, self.words = [], [], {}, []
        self._open = []
        self.feed(text)
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        if tag not in self.VOID:
            self._open.append((tag, found))

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, text):
        tag, found = self._open[-1] if self._open else ("", {})
        if tag == "script" and found.get("type") == "text/plain":
            self.data[found["id"].removesuffix("-data")] = unpacked(text)
        elif tag not in ("script", "style"):
            self.words.append(text)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.words))


def page_of(*folders, **asked):
    return Page(render_report(gather(list(folders), Asked(**asked))))


def test_a_performance_session_shows_its_figures_and_needs_no_plotting_library(tmp_path):
    session = performance(tmp_path / "p", [10.0, 10.0, 10.0, 10.0, 12.5])
    text = render_report(gather([session], Asked()))
    page = Page(text)
    assert len(text) < 60_000
    for shown in ("80.000 inf./s", "12.500 ms", "64.000", "acme-board", "/dev/ttyACM0"):
        assert shown in page.text
    assert page.attributes.count(("circle", "r", "5")) == 10  # five windows, two figures
    assert "spread" in page.text
    assert "SIMULATED" not in page.text


def test_the_page_loads_nothing_and_names_its_language(tmp_path):
    text = render_report(gather([energy(tmp_path / "e", samples=1000)], Asked()))
    page = Page(text)
    linked = [value for _, name, value in page.attributes if name in ("src", "href", "data")]
    assert linked
    assert all(value.startswith("#") for value in linked)
    assert "link" not in page.tags
    assert ("html", "lang", "en") in page.attributes
    policy = next(v for t, n, v in page.attributes if t == "meta" and "default-src" in (v or ""))
    assert policy.startswith("default-src 'none'")
    assert "@import" not in text.split("</style>")[0]
    assert "url(" not in text.split("</style>")[0]


def test_the_summary_has_targets_and_margins(tmp_path):
    session = accuracy(tmp_path / "a", wrong=[0, 1, 2, 3, 4, 5, 6, 7, 8])
    page = page_of(session)
    assert "85.0" in page.text
    assert "−5.0 pp" in page.text
    assert "% Top-1" in page.text
    assert "not valid" in page.text
    assert "check how the firmware converts its input" in page.text  # the finding's advice


def test_the_confusion_matrix_names_the_classes_and_holds_the_counts(tmp_path):
    page = page_of(accuracy(tmp_path / "a", wrong=[0, 12]))
    for name in TASKS["kws"].class_names:
        assert page.text.count(name) >= 2
    assert ("td", "title", "Down answered as Go: 2 (40.0 %)") in page.attributes
    assert "2 inputs answered wrong" in page.text
    assert FILES[0] in page.text


def test_a_classifiers_roc_is_that_of_the_published_auc():
    session = reference_path("published", KRAI, "accuracy")
    page = page_of(session, datasets=reference_path("datasets"))
    mean, micro = page.data["s1-roc"]["lines"]
    x, y = np.array(mean["x"]), np.array(mean["y"])
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
    printed = float(re.search(r"AUC ([\d.]+)", mean["name"])[1])
    assert printed == pytest.approx(0.9953, abs=1e-4)
    assert area == pytest.approx(printed, abs=2e-3)  # thinned for the page
    assert "micro" in micro["name"]


def test_the_trace_is_embedded_with_its_windows_and_every_peak(tmp_path):
    page = page_of(energy(tmp_path / "e", samples=250_000))
    data = page.data["s1-trace0"]
    least, greatest = data["arrays"]
    assert data["samples"] == 250_000
    assert data["per_bucket"] == 3
    assert len(least) == len(greatest) == 83_334
    assert [window["number"] for window in data["windows"]] == [2, 4, 6, 8, 10]
    assert greatest.max() == pytest.approx(99.0, rel=1 / 16_000)
    assert np.argmax(greatest) == int(30.2 * 250_000 / 65) // 3
    assert least.min() < 1.0


def test_a_long_trace_of_noise_stays_below_0_4_megabytes(tmp_path):
    text = render_report(gather([energy(tmp_path / "e", samples=500_000)], Asked()))
    assert 200_000 < len(text) < 400_000


def test_what_is_packed_is_right_to_one_in_16000_and_tells_what_is_no_number():
    rng = np.random.default_rng(1)
    values = (rng.normal(size=5000) * 10.0 ** rng.integers(-30, 30, 5000)).astype(np.float32)
    (back,) = unpacked(packed({}, [values]))["arrays"]
    assert np.all(np.abs(back - values) <= np.abs(values) / 16_000)
    odd = np.array([0.0, np.inf, -np.inf, np.nan, 3.4028235e38], np.float32)
    (back,) = unpacked(packed({}, [odd]))["arrays"]
    assert back.tolist()[:3] == [0.0, np.inf, -np.inf]
    assert np.isnan(back[3])
    assert unpacked(packed({"a": [float("nan"), {"b": (np.inf, 1.5)}]}))["a"] == [
        None, {"b": [None, 1.5]},
    ]  # fmt: skip


def test_mlcommons_five_traces_are_five_plots():
    page = page_of(reference_path("published", ST_V13, "energy"))
    traces = [data for name, data in page.data.items() if "trace" in name]
    assert len(traces) == 5
    assert [each["windows"][0]["number"] for each in traces] == [1, 2, 3, 4, 5]
    assert all(each["rate_hz"] == 1000 for each in traces)


def test_an_ad_session_has_a_true_roc_and_a_histogram(tmp_path):
    page = page_of(anomalies(tmp_path / "a", seed=1))
    (line,) = page.data["s1-roc"]["lines"]
    assert (line["x"][0], line["y"][0], line["x"][-1], line["y"][-1]) == (0, 0, 1, 1)
    assert line["thresholds"][0] is None  # infinity, which JSON does not know
    assert [sum(bar["counts"]) for bar in page.data["s1-histogram"]["bars"]] == [12, 12]


def test_scores_beyond_all_bounds_are_no_histogram_and_no_crash(tmp_path):
    session = anomalies(tmp_path / "a", seed=1)
    page = gather([session], Asked())
    known = page.sessions[0]
    scores = tuple(
        replace(each, score=1.7e308 if each.label else -1.7e308)
        for each in known.assessment.accuracy.file_scores
    )
    accuracy_result = replace(known.assessment.accuracy, file_scores=scores)
    assessment = replace(known.assessment, accuracy=accuracy_result)
    text = Page(render_report(replace(page, sessions=(replace(known, assessment=assessment),))))
    assert "No histogram: the scores are too far apart." in text.text


def test_a_session_without_its_trace_says_so(tmp_path):
    session = energy(tmp_path / "e", samples=1000)
    (session / "trace1-energy.bin").unlink()
    page = page_of(session)
    assert "not scored" in page.text
    assert "trace1-energy.bin" in page.text


def test_a_session_without_its_log_says_so_beside_the_others(tmp_path):
    performance(tmp_path / "all" / "one", [10.0] * 5)
    broken = performance(tmp_path / "all" / "two", [10.0] * 5)
    (broken / "log.txt").unlink()
    page = page_of(tmp_path / "all")
    assert "2 sessions" in page.text
    assert "holds no log.txt" in page.text
    assert "80.000 inf./s" in page.text


def test_an_unfinished_session_is_told_as_such(tmp_path):
    page = page_of(performance(tmp_path / "p", [10.0, 10.0], stop=False))
    assert "does not hold the end of its session" in page.text
    assert "2 windows where v1.2 asks for 5" in page.text


SIMULATED = {
    "model": "/models/kws.tflite",
    "model_sha256": "ab" * 32,
    "runtime": "none",
    "note": None,
    "baud_rate": 115200,
    "inference_time_s": 0.02,
}


def test_a_simulated_device_is_told_clearly(tmp_path):
    page = page_of(performance(tmp_path / "p", [10.0] * 5, simulated=SIMULATED))
    assert page.text.count("SIMULATED DEVICE") >= 3


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}&lt;\u202egnp"


def _hostile_page(tmp_path):
    page = gather([performance(tmp_path / "p", [10.0] * 5)], Asked())
    told = provenance(
        "performance",
        device={"vendor": HOSTILE, "address": HOSTILE, "baud_rate": HOSTILE},
        tool={"name": HOSTILE, "version": [HOSTILE]},
        dataset={"note": HOSTILE, "files": {"a": HOSTILE}},
        script_sha256=float("1e999"),
    )
    finding = PageFinding(Severity.VIOLATION, HOSTILE, HOSTILE, HOSTILE)
    named = replace(
        page.sessions[0],
        title=HOSTILE,
        benchmark=HOSTILE,
        system=HOSTILE,
        findings=(finding,),
        provenance=ClaimedProvenance.model_validate(told),
    )
    return ReportPage(
        HOSTILE, HOSTILE, (named,), (finding,), (TreeVerdict(HOSTILE, False, HOSTILE),)
    )


def test_hostile_names_stay_text(tmp_path):
    text = render_report(_hostile_page(tmp_path))
    page = Page(text)
    assert "alert(1)" in page.text
    assert "{{7*7}}" in page.text
    assert "img" not in page.tags
    assert "script" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert "\u202e" not in text
    assert "\\u202e" in text


def test_hostile_names_stay_text_in_the_data_blocks(tmp_path):
    session = accuracy(tmp_path / "a")
    page = gather([session], Asked())
    task = replace(TASKS["vww"], class_names=(HOSTILE, HOSTILE))
    answers = [Inference(file, one_hot(i % 2, 2)) for i, file in enumerate(FILES)]
    log = (session / "log.txt").read_text()
    head = log.split("00019.000")[0]
    body = "\n".join(line for each in answers for line in each.lines())
    (session / "log.txt").write_text(head + body + "\n", encoding="utf-8")
    rows = tuple(replace(row, label=row.label % 2) for row in page.sessions[0].labels.rows)
    labels = replace(page.sessions[0].labels, rows=rows)
    named = replace(page.sessions[0], task=task, labels=labels)
    text = render_report(replace(page, sessions=(named,)))
    lines = Page(text).data["s1-roc"]["lines"]
    assert HOSTILE in lines[0]["name"]
    assert text.lower().count("<script") == 2  # the data and ours
    assert "<script>alert" not in text


def test_numbers_that_json_does_not_know_become_null(tmp_path):
    session = energy(tmp_path / "e", samples=1000)
    page = gather([session], Asked())
    (session / "trace1-energy.bin").write_bytes(
        b"\xf1" + np.float32(1e3).tobytes() + np.full(1000, 3e38, "<f4").tobytes()
    )
    (session / "trace1-details.json").unlink()
    data = Page(render_report(page)).data
    assert next(iter(data.values()))["samples"] == 1000


def test_a_session_of_a_tree_is_read_only_by_the_names_that_the_walk_saw(tmp_path):
    session = energy(tmp_path / "e", samples=1000)
    page = gather([session], Asked())
    known = replace(page.sessions[0], files=frozenset({"log.txt"}))
    text = Page(render_report(replace(page, sessions=(known,)))).text
    assert "No energy trace: the folder holds no trace1-energy.bin" in text


def test_a_report_is_written_once_and_replaced_only_when_asked(tmp_path):
    session, out = performance(tmp_path / "p", [10.0] * 5), tmp_path / "r.html"
    first = command("report", session, "--out", out)
    assert (first.status, "1 session" in first.out) == (0, True)
    again = command("report", session, "--out", out)
    assert again.status == 2
    assert "--force" in again.error
    before = out.stat().st_mtime_ns
    assert command("report", session, "--out", out, "--force").status == 0
    assert out.stat().st_mtime_ns != before


def test_somebody_elses_file_is_never_replaced(tmp_path):
    session, out = performance(tmp_path / "p", [10.0] * 5), tmp_path / "thesis.html"
    out.write_text("<html>mine</html>", encoding="utf-8")
    refused = command("report", session, "--out", out, "--force")
    assert refused.status == 2
    assert "no report of tinyrunner" in refused.error
    assert out.read_text(encoding="utf-8") == "<html>mine</html>"


def test_what_makes_no_report_is_refused_politely(tmp_path):
    session = performance(tmp_path / "p", [10.0] * 5)
    (tmp_path / "empty").mkdir()
    for words, told in (
        ([tmp_path / "nowhere"], "there is no"),
        ([tmp_path / "empty"], "holds no session"),
        ([session, "--division", "ajar"], "closed and open"),
        ([session, "--out", tmp_path / "no" / "r.html"], "there is no folder"),
    ):
        ran = command("report", "--out", tmp_path / "r.html", *words)
        assert ran.status == 2
        assert told in ran.error
    with pytest.raises(RoundsError, match="v9"):
        command("report", session, "--round", "v9", "--out", tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()


def test_a_damaged_session_json_does_not_stop_the_report(tmp_path):
    session = performance(tmp_path / "p", [10.0] * 5)
    (session / "session.json").write_text('{"schema_version": 1, "provenance": {"task": 5}}')
    assert "damaged" in page_of(session).text
    assert provenance("energy")["mode"] == "energy"
