"""Our sessions in MLCommons' form: read back, they measured what the journal says."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cli import only_session, tinyrunner
from support.devices.boards import use_board
from support.devices.scripted import Habits, ScriptedDevice
from support.inputs import write_inputs
from support.reference import reference_path
from support.report.printed import energies, printed_in, windows
from support.report.printed import figures as printed_figures
from support.sessions.logs import Inference, log_lines, one_hot
from tinyrunner import __version__
from tinyrunner.energy.errors import TraceError
from tinyrunner.energy.trace import EnergyTrace, EventSource, Gap, TraceOrigin
from tinyrunner.energy.trace_files import read_results_json, read_trace
from tinyrunner.models.suite import KWS
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.journal.open_log import open_log
from tinyrunner.runner.journal.records import InferenceRecord
from tinyrunner.runner.score.energy_score import score_energy, score_energy_trials
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.terms import Dialect, Mode
from tinyrunner.runner.write.mlcommons_power import check_expressible, power_of
from tinyrunner.runner.write.mlcommons_session import render_session

SESSIONS = [
    ("kws", "performance"),
    ("ad", "performance"),
    ("kws", "accuracy"),
    ("ad", "accuracy"),
    ("kws", "energy"),
]
IDS = ["-".join(session) for session in SESSIONS]


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """A simulated session of each kind, on the demo's inputs."""
    root = tmp_path_factory.mktemp("sessions")
    for task, mode in SESSIONS:
        more = ("--supply-v", "3.0") if mode == "energy" else ()
        if (task, mode) == ("ad", "accuracy"):
            more = ("--limit", 6)
        ran = tinyrunner(
            "run", task, "--mode", mode, "--dut", "sim:", "--datasets", "demo", "--round", "v1.3",
            "--sessions", root / f"{task}-{mode}", *more,
        )  # fmt: skip
        assert ran.status == 3, ran  # synthetic data
    return {(t, m): only_session(root / f"{t}-{m}") for t, m in SESSIONS}


def write_rendered(session: Path, folder: Path, judged=None) -> Path:
    """The rendered files alone, in a new folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in render_session(session, judged or judge_any(session)):
        pieces = [content] if isinstance(content, bytes) else content
        (folder / name).write_bytes(b"".join(pieces))
    return folder


def figures(performance):
    """All but the lines that the windows stand in, and their numbers, which each runner counts."""
    if performance is None:
        return None
    return [{**window.to_json(), "line": None, "number": None} for window in performance.windows]


def without_lines(findings):
    return [dataclasses.replace(finding, line=None) for finding in findings]


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
def test_what_was_rendered_measured_the_same_as_the_journal(session, sessions, tmp_path):
    folder = sessions[session]
    ours = judge_any(folder)
    theirs = judge_any(
        write_rendered(folder, tmp_path / "out"), folder / "y_labels.csv", round_name="v1.3"
    )
    assert (theirs.task, theirs.mode) == (ours.task, ours.mode)
    a, b = ours.assessment, theirs.assessment
    assert figures(b.performance) == figures(a.performance)
    assert b.accuracy == a.accuracy
    assert without_lines(b.findings) == without_lines(a.findings)
    assert b.facts.dialect is Dialect.MLCOMMONS
    assert (b.facts.names, b.facts.profiles, b.facts.model_ids, b.facts.session_ids) == (
        a.facts.names, a.facts.profiles, a.facts.model_ids, a.facts.session_ids,
    )  # fmt: skip
    assert b.facts.finished
    assert (a.performance or a.accuracy or a.energy) is not None
    if a.energy is not None:
        assert len(b.energy.windows) == len(a.energy.windows) == 5
        for x, y in zip(a.energy.windows, b.energy.windows, strict=True):
            assert (2 * y.number, y.file, y.offset, y.iterations, y.invalid) == (
                x.number, x.file, x.offset, x.iterations, x.invalid,
            )  # fmt: skip
            assert y.window.energy_j == pytest.approx(x.window.energy_j, rel=1e-8)
            assert y.window.power_w == pytest.approx(x.window.power_w, rel=1e-8)
            assert y.timing.throughput == pytest.approx(x.timing.throughput, rel=1e-12)
        assert b.energy.median_energy_j == pytest.approx(a.energy.median_energy_j, rel=1e-8)


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
def test_every_inference_of_the_journal_stands_in_the_rendered_log(session, sessions, tmp_path):
    folder = sessions[session]
    out = write_rendered(folder, tmp_path / "out")
    with open_log(folder / "log.txt") as ours, open_log(out / "log.txt") as theirs:
        kept = [(r.file, r.offset, r.iterations, r.warmups, r.scores) for r in ours]
        assert [(r.file, r.offset, r.iterations, r.warmups, r.scores) for r in theirs] == kept
    if session[1] != "energy":  # there, only the results.json has the scores
        (out / "results.json").unlink()
        with open_log(out / "log.txt") as alone:
            assert [(r.file, r.offset, r.iterations, r.warmups, r.scores) for r in alone] == kept


def test_the_first_line_says_whose_log_it_is(sessions, tmp_path):
    folder = sessions["kws", "performance"]
    text = (write_rendered(folder, tmp_path) / "log.txt").read_text()
    session_id = json.loads((folder / "session.json").read_text())["provenance"]["session_id"]
    assert text.startswith(
        f"tinyrunner {__version__}: rendered from journal.txt of session {session_id}; "
        "not the output of"
    )
    assert "Logging initialized" not in text
    assert "SerialDevice" not in text
    assert "EEMBC" not in text
    assert text.splitlines()[1] == "this is no board: tinyrunner simulates it"
    stamps = re.findall(r"^(\d{4}\.\d{6}) ulp-mlperf: ", text, re.M)
    assert stamps[0] == f"{session_id[4:8]}.{session_id[8:]}"
    assert stamps == sorted(stamps) or "1231" in stamps[0]


def test_stamps_follow_the_journals_seconds(tmp_path):
    inference = Inference("a.bin", one_hot(3), start_s=70.0, end_s=3680.5)
    folder = tmp_path / "s"
    folder.mkdir()
    lines = [line.replace("[multi]", "[bmark]") for line in log_lines([inference])]
    (folder / "log.txt").write_text("\n".join(lines) + "\n")
    text = (write_rendered(folder, tmp_path / "out") / "log.txt").read_text()
    assert "0101.000019 ulp-mlperf: Loading file a.bin segment 0\n" in text
    assert "0101.010120 ulp-mlperf: Performance results for window 1:\n" in text


OFFICIAL = {
    "accuracy": [r".* Top[- ]1%?\s?[:=] ([\d\.]+).*", r".* AUC\s?[:=] ([\d\.]+).*"],
    "performance": [r".* Median throughput is\s+([\d\.]+) inf\./sec\..*"],
}


@pytest.mark.parametrize("session", SESSIONS, ids=IDS)
def test_results_txt_has_the_lines_that_the_official_checker_looks_for(session, sessions, tmp_path):
    lines = (write_rendered(sessions[session], tmp_path) / "results.txt").read_text().splitlines()
    assessment = judge_any(sessions[session]).assessment
    if session[1] == "energy":
        median = re.search(r"Median energy cost is ([\d\.]+) uJ/inf", "\n".join(lines))
        assert float(median[1]) == pytest.approx(assessment.energy.median_energy_j * 1e6, abs=6e-5)
        return
    found = []
    for pattern in OFFICIAL[session[1]]:
        matches = [match for line in lines if (match := re.match(pattern, line))]
        assert len(matches) == 1
        found.append(float(matches[0][1]))
    if session[1] == "performance":
        assert found == [pytest.approx(assessment.performance.median_throughput, abs=5.1e-4)]
    else:
        accuracy = assessment.accuracy
        first = accuracy.top1 if session[0] == "kws" else accuracy.precision_recall
        assert found[0] == pytest.approx(100 * first, abs=0.051)
        assert found[1] == pytest.approx(accuracy.auc, abs=5.1e-4)


def test_results_txt_reads_back_every_window(sessions, tmp_path):
    folder = sessions["kws", "performance"]
    printed = printed_in(write_rendered(folder, tmp_path))
    performance = judge_any(folder).assessment.performance
    assert [window.number for window in windows(printed)] == [1, 2, 3, 4, 5]
    for window, ours in zip(windows(printed), performance.windows, strict=True):
        told = printed_figures(window)
        assert int(told["inferences"]) == ours.iterations
        assert float(told["runtime"]) == ours.elapsed_s
        assert float(told["throughput"]) == ours.throughput
    assert printed.headline("median_throughput") == f"{performance.median_throughput:.3f}"


def test_results_txt_reads_back_every_energy(sessions, tmp_path):
    folder = sessions["kws", "energy"]
    printed = printed_in(write_rendered(folder, tmp_path))
    energy = judge_any(folder).assessment.energy
    assert [trial.number for trial in energies(printed)] == [0, 1, 2, 3, 4]
    for trial, ours in zip(energies(printed), energy.windows, strict=True):
        told = printed_figures(trial)
        assert float(told["duration"]) == ours.window.duration_s
        assert told["energy"] == f"{ours.window.energy_j * 1e6:.3f}"
        assert told["power in mW"] == f"{ours.window.power_w * 1e3:.4f}"
        assert told["energy per inference"] == f"{ours.energy_per_inference_j * 1e6:.3f}"


PUBLISHED = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws"


@pytest.mark.parametrize("mode", ["performance", "accuracy", "energy"])
def test_the_lines_and_keys_are_those_of_the_published_session(mode, sessions, tmp_path):
    """Figures, file names, stamps and the key ``tinyrunner`` apart."""
    published = reference_path("published", *PUBLISHED.split("/"), mode)
    out = write_rendered(sessions["kws", mode], tmp_path)

    def shape(folder):
        text = (folder / "results.txt").read_text()
        return [re.sub(r"[\d.]+", "#", line).split() for line in text.splitlines()]

    assert shape(out) == shape(published)
    theirs = json.loads((published / "results.json").read_text())[0]
    ours = json.loads((out / "results.json").read_text())[0]
    ours.pop("tinyrunner", None)
    assert set(ours) == set(theirs)
    assert set(ours["infer"]) == set(theirs["infer"])
    assert ours["classes"] == theirs["classes"] == "12"
    assert isinstance(ours["class"], str)
    assert ours["mode"] == theirs["mode"]
    if mode == "energy":
        assert {"samples", "timestamps", "voltage"} <= set(theirs["power"])
        assert set(ours["power"]) == {"samples", "timestamps", "voltage", "tinyrunner"}
    log = (out / "log.txt").read_text().splitlines()
    block = {"performance": 9, "accuracy": 9, "energy": 5}[mode]
    start = next(i for i, line in enumerate(log) if "Loading file" in line)
    their_log = (published / "log.txt").read_text().splitlines()
    at = next(i for i, line in enumerate(their_log) if "Loading file" in line)
    for line, other in zip(log[start : start + block], their_log[at : at + block], strict=True):
        plain = [re.sub(r"(tst|demo)_\S+|\[.*\]|[\d.]+", "#", text) for text in (line, other)]
        assert plain[0].split() == plain[1].split()


def test_windows_of_ad_carry_their_place(sessions, tmp_path):
    entries = json.loads(
        (write_rendered(sessions["ad", "accuracy"], tmp_path) / "results.json").read_text()
    )
    assert len(entries) == 6 * 196
    first = entries[0]
    assert (first["bytes_to_send"], first["stride"], first["total_length"]) == ("2560", "512", 196)
    assert [entry["class"] for entry in entries[::196]] == ["0", "1"] * 3
    log = (tmp_path / "log.txt").read_text()
    assert log.count(" segment 195\n") == 6
    assert " segment 196\n" not in log


def test_long_files_come_in_pieces(sessions):
    folder = sessions["ad", "accuracy"]
    sizes = {}
    for name, content in render_session(folder, judge_any(folder)):
        sizes[name] = [len(content)] if isinstance(content, bytes) else list(map(len, content))
    for name in ("log.txt", "results.json"):
        assert len(sizes[name]) > 3
        assert max(sizes[name]) < 100_000


@pytest.mark.parametrize("mode", ["performance", "energy"])
def test_a_mode_folder_with_its_journal_beside_renders_to_the_same_files(mode, sessions, tmp_path):
    session = sessions["kws", mode]
    first = write_rendered(session, tmp_path / "first")
    built = tmp_path / "built"
    shutil.copytree(session, built)
    (built / "log.txt").rename(built / "journal.txt")
    for path in first.iterdir():
        shutil.copy(path, built)
    again = write_rendered(built, tmp_path / "again")
    for path in first.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name
    (built / "journal.txt").unlink()
    with pytest.raises(SetupError, match=r"no journal\.txt"):
        write_rendered(built, tmp_path / "never")


def test_an_interrupted_session_renders_as_one(sessions, tmp_path):
    whole = sessions["kws", "accuracy"]
    session = tmp_path / "cut"
    shutil.copytree(whole, session)
    text = (whole / "log.txt").read_bytes()
    third = [match.start() for match in re.finditer(b"m-results", text)][2]
    (session / "log.txt").write_bytes(text[: third + 20])
    (session / "result.txt").unlink()
    ran = tinyrunner("run", "--resume", session)
    assert ran.status == 3, ran
    assert b"m-session-resume-id" in (session / "log.txt").read_bytes()
    out, before = write_rendered(session, tmp_path / "out"), write_rendered(whole, tmp_path / "b")
    assert "resume" not in (out / "log.txt").read_text()
    judged = judge_any(out, whole / "y_labels.csv")
    assert judged.assessment.accuracy == judge_any(whole).assessment.accuracy
    assert judged.assessment.facts.finished
    kept = [
        [(entry["file"], entry["infer"]["results"]) for entry in json.loads(text)]
        for text in ((folder / "results.json").read_text() for folder in (out, before))
    ]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 120


def journal(folder: Path, inferences, *, stop=True, more=()) -> Path:
    folder.mkdir()
    lines = [line.replace("[multi]", "[bmark]") for line in log_lines(inferences, stop=stop)]
    lines[-2:-2] = more
    (folder / "log.txt").write_text("\n".join(lines) + "\n")
    return folder


def performance_pair(folder: Path, out: Path):
    written = write_rendered(folder, out)
    return judge_any(folder).assessment, judge_any(written).assessment


@pytest.mark.parametrize(
    ("start_us", "end_us"),
    [
        pytest.param(4_294_000_000, 9_532_704, id="a wrap that the host's time confirms"),
        pytest.param(4_294_000_000, 1_000_000, id="a wrap that it does not"),
        pytest.param(10, 10, id="a timer that stands"),
        pytest.param(0, 10_500_000, id="from zero"),
        pytest.param(0, 11_500_000, id="a timer that is 9 % off"),
    ],
)
def test_odd_timers_are_judged_as_in_the_journal(start_us, end_us, tmp_path):
    inferences = [
        Inference(f"{name}.bin", one_hot(1), step=2 * place + 5, iterations=300,
                  start_us=start_us, end_us=end_us, start_s=100.0 + 50 * place,
                  end_s=110.5 + 50 * place)
        for place, name in enumerate("abcde")
    ]  # fmt: skip
    a, b = performance_pair(journal(tmp_path / "s", inferences), tmp_path / "out")
    assert b.performance.throughputs == a.performance.throughputs
    assert [w.invalid is None for w in b.performance.windows] == [
        w.invalid is None for w in a.performance.windows
    ]
    assert [finding.kind for finding in b.findings] == [finding.kind for finding in a.findings]
    assert b.performance.windows[0].host_elapsed_s == a.performance.windows[0].host_elapsed_s
    for entry in json.loads((tmp_path / "out" / "results.json").read_text()):
        infer = entry["infer"]
        assert (
            ("throughput" in infer) is ("elapsed_time" in infer) is bool(a.performance.throughputs)
        )
        if "elapsed_time" in infer:  # for readers that know nothing of a counter's wrap
            assert infer["elapsed_time"] == infer["end_time"] - infer["start_time"] > 9_000_000


def test_what_the_device_complained_of_and_a_missing_end_are_not_lost(tmp_path):
    said = ["00098.000 dut: e-[Invalid command: 'x']", "00098.001 dut: m-ready"]
    inference = Inference("a.bin", one_hot(1), iterations=300, end_us=11_500_000, end_s=30.5)
    folder = journal(tmp_path / "s", [inference], stop=True, more=said)
    a, b = performance_pair(folder, tmp_path / "out")
    assert [text for _, text in a.facts.device_errors] == ["e-[Invalid command: 'x']"]
    assert [text for _, text in b.facts.device_errors] == ["e-[Invalid command: 'x']"]
    folder = journal(tmp_path / "unfinished", [inference], stop=False)
    a, b = performance_pair(folder, tmp_path / "out2")
    assert (a.facts.finished, b.facts.finished) == (False, False)


def test_a_published_log_of_that_form_is_not_rendered(tmp_path):
    published = reference_path("published", *PUBLISHED.split("/"), "performance")
    with pytest.raises(SetupError, match="already"):
        list(render_session(published, judge_any(published)))


def test_a_session_that_does_not_say_when_it_began_is_refused(tmp_path):
    folder = journal(tmp_path / "s", [Inference("a.bin", one_hot(1), iterations=300)])
    text = (folder / "log.txt").read_text().replace("20260101000000", "first")
    (folder / "log.txt").write_text(text)
    with pytest.raises(SetupError, match="does not say when it began"):
        list(render_session(folder, judge_any(folder)))


# The energy form

WINDOWS = 5


def noisy_trace(rate_hz: float, seed: int, window_s: float = 1.2, **more) -> EnergyTrace:
    """Busy power in the windows, idle between, noise on both, edges anywhere in a sample."""
    random = np.random.default_rng(seed)
    edges, at = [0.05 + 0.01 * random.random()], 0.3
    for _ in range(WINDOWS):
        at += 0.3 + random.random()
        edges += [at, at := at + window_s * (0.9 + 0.2 * random.random())]
    count = int((at + 0.4) * rate_hz)
    middle_s = (np.arange(count) + 0.5) / rate_hz
    busy = np.searchsorted(edges[1:], middle_s) % 2 == 1
    power_w = np.where(busy, 0.1, 0.002) * (1 + 0.5 * random.standard_normal(count))
    samples_uj = (power_w / rate_hz * 1e6).astype(np.float32)
    return EnergyTrace(rate_hz, samples_uj, tuple(edges), provenance={"supply_v": 3.0}, **more)


def records() -> list[InferenceRecord]:
    return [InferenceRecord(f"{k}.bin", 0, 100, 1, (1.0,), 1) for k in range(WINDOWS)]


def trials(trace: EnergyTrace, path: Path) -> tuple[list[dict], tuple[EnergyTrace, ...]]:
    energy = score_energy(records(), trace)
    check_expressible(energy, trace)
    entries = [{"power": power_of(trace, energy, place)} for place in range(WINDOWS)]
    path.write_text(json.dumps(entries))
    return entries, read_results_json(path)


@settings(max_examples=40, deadline=None)
@given(
    rate_hz=st.one_of(
        st.sampled_from([1000.0, 4882.8125, 250.0, 10_000.0]), st.floats(120.0, 20_000.0)
    ),
    seed=st.integers(0, 2**32),
    window_s=st.floats(0.01, 2.0),
)
def test_energies_of_any_rate_and_any_edges_survive(tmp_path_factory, rate_hz, seed, window_s):
    trace = noisy_trace(rate_hz, seed, window_s)
    ours = score_energy(records(), trace)
    entries, read = trials(trace, tmp_path_factory.mktemp("t") / "results.json")
    theirs = score_energy_trials(records(), read)
    for x, y in zip(ours.windows, theirs.windows, strict=True):
        assert y.window.energy_j == pytest.approx(x.window.energy_j, rel=1e-7)
        assert y.window.power_w == pytest.approx(x.window.power_w, rel=1e-7)
        assert y.timing.elapsed_s == pytest.approx(x.timing.elapsed_s, rel=1e-12)
    # Whoever takes the form at its word, at 1 kHz, has the same energies, and times to 0.5 ms.
    for x, entry in zip(ours.windows, entries, strict=True):
        (_, start), (_, end) = entry["power"]["timestamps"][-2:]
        energy_j = sum(entry["power"]["samples"][start:end])
        assert energy_j == pytest.approx(x.window.energy_j, rel=1e-7)
        assert abs((end - start) / 1000 - x.timing.elapsed_s) <= 0.5001e-3


def test_a_trace_of_1_khz_with_its_edges_on_samples_keeps_them(tmp_path):
    trace = noisy_trace(1000.0, 7)
    trace = dataclasses.replace(trace, events_s=tuple(round(at, 3) for at in trace.events_s))
    _, read = trials(trace, tmp_path / "results.json")
    for place, trial in enumerate(read):
        first = round((trace.events_s[1 + 2 * place] - trial.events_s[0]) * 1000)
        recorded = trace.samples_uj[first : first + len(trial.samples_uj)]
        assert len(trial.samples_uj) > 1000
        assert trial.samples_uj == pytest.approx(recorded, rel=1e-6)


def test_a_trial_holds_nothing_of_its_neighbours(tmp_path):
    trace = noisy_trace(4882.8125, 1)
    _, read = trials(trace, tmp_path / "results.json")
    for trial in read:
        start, end = (round(at * trial.sample_rate_hz) for at in trial.events_s)
        power_w = trial.samples_uj * trial.sample_rate_hz * 1e-6
        assert 200 < start <= 1000
        assert power_w[start:end].mean() == pytest.approx(0.1, rel=0.1)
        around = np.concatenate((power_w[: start - 1], power_w[end + 1 :]))
        assert around.max() < 0.05


def test_gaps_stay_on_their_side_of_an_edge(tmp_path):
    trace = noisy_trace(4882.8125, 2)
    first, last = (at * trace.sample_rate_hz for at in trace.events_s[3:5])
    inside = (int(first) + 1, int(last))
    outside = (int(first), int(last) + 1)
    for places, invalid in ((inside, True), (outside, False)):
        for place in places:
            gappy = dataclasses.replace(trace, gaps=(Gap(place, 2),))
            ours = score_energy(records(), gappy)
            _, read = trials(gappy, tmp_path / "results.json")
            theirs = score_energy_trials(records(), read)
            shown = [w.invalid is not None for w in ours.windows]
            assert shown == [False, invalid, False, False, False]
            assert [w.invalid is not None for w in theirs.windows] == shown


def test_who_saw_the_events_survives(tmp_path):
    trace = noisy_trace(4882.8125, 3, event_source=EventSource.IO_MANAGER, event_uncertainty_s=2e-4)
    for trial in trials(trace, tmp_path / "results.json")[1]:
        assert trial.event_source is EventSource.IO_MANAGER
        assert trial.event_uncertainty_s == 2e-4
        assert trial.origin is TraceOrigin.MLCOMMONS
        assert trial.provenance == {"supply_v": 3.0}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event_source": EventSource.HOST}, "soft markers"),
        ({"gaps": (Gap(0, 10_000),)}, "10000 samples"),
        ({"origin": TraceOrigin.EEMBC}, "EEMBC's, not tinyrunner's own"),
        ({"events_s": (0.1, 0.2)}, "11 were expected"),
        ({"samples_uj": np.ones(9000, np.float32)}, "window 2: it goes from"),
        ({"events_s": (0.1, *(1 + k / 10 + e / 2e4 for k in range(5) for e in (0, 3)))},
         "shorter than a millisecond"),
    ],
)  # fmt: skip
def test_faults_that_the_form_would_hide_are_refused(change, reason):
    trace = dataclasses.replace(noisy_trace(4882.8125, 4), **change)
    with pytest.raises(SetupError, match=reason):
        check_expressible(score_energy(records(), trace), trace)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("x", "sample_rate_hz"),
        ({}, "sample_rate_hz"),
        ({"sample_rate_hz": -1}, "near 1000 Hz"),
        ({"sample_rate_hz": 4882.8125}, "near 1000 Hz"),
        ({"sample_rate_hz": 1e-300}, "near 1000 Hz"),
        ({"sample_rate_hz": 1000.0}, "event_source"),
        ({"sample_rate_hz": 1000.0, "event_source": "host", "event_uncertainty_s": -1},
         "event_uncertainty_s"),
        ({"sample_rate_hz": 1000.0, "event_source": "host", "event_uncertainty_s": 0,
          "gaps": [[11, 1]]}, "a gap as"),
    ],
)  # fmt: skip
def test_a_key_of_ours_of_the_wrong_shape_is_refused(more, expected, tmp_path):
    power = {"samples": [1e-5] * 10, "timestamps": [["00", 1], ["01", 9]], "voltage": 3}
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"power": power}]))
    assert read_results_json(path)[0].sample_rate_hz == 1000.0
    path.write_text(json.dumps([{"power": power | {"tinyrunner": more}}]))
    with pytest.raises(TraceError, match=expected):
        read_results_json(path)


def test_the_session_s_own_trace_is_what_was_rendered(sessions, tmp_path):
    session = sessions["kws", "energy"]
    out = write_rendered(session, tmp_path)
    trace, read = read_trace(session), read_results_json(out / "results.json")
    assert judge_any(session).mode is Mode.ENERGY
    assert len(read) == 5
    assert all(trial.event_source is trace.event_source for trial in read)
    assert (out / "results.json").stat().st_size < 2_000_000


@pytest.mark.parametrize("results", ["nothing", "unclosed", "one more"])
def test_a_window_without_whole_scores_is_rendered_and_judged_the_same(
    results, monkeypatch, tmp_path
):
    data = write_inputs(tmp_path / "data", KWS, 5)
    use_board(monkeypatch, ScriptedDevice(Habits(results=results)))
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s", "--iterations", 525,
    )  # fmt: skip
    assert ran.status == 3, ran
    folder = only_session(tmp_path / "s")
    ours = judge_any(folder)
    theirs = judge_any(write_rendered(folder, tmp_path / "out"), folder / "y_labels.csv")
    assert figures(theirs.assessment.performance) == figures(ours.assessment.performance)
    kinds = [
        sorted(finding.kind.value for finding in judged.assessment.findings)
        for judged in (ours, theirs)
    ]
    assert kinds[0] == kinds[1]
