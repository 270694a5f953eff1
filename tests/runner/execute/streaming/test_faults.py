"""What MLCommons' runner lets pass: each fault of board, card and device is found and named."""

from __future__ import annotations

import json
import re

import pytest
from support.benches.streaming_runs import recordings, run_sww, session_of
from support.cli import tinyrunner
from tinyrunner import load_session
from tinyrunner.runner.bench.simulated.streaming.wiring import SimulatedStreamingBench
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.score.rules import FindingKind

BLOCKED = "until it does the board waits for it, for ever"

STOPS = {
    "fault=no_card": "no card is in its slot",
    "fault=mono": "is it a stereo wav",
    "fault=wrong_name": "ten_s.wav is not on the board's card, which holds copy-of-ten_s.wav",
    "fault=wrong_task": "the firmware's model is kws01, sww needs sww01",
    "fault=slow_reset": "is not back from the reset",
    "fault=mute": BLOCKED,
    "fault=line_feeds": "that its lines end in CR LF",
    "fault=silent_stop": BLOCKED,
    "fault=cut_lines": "something on the way to the device cuts its lines",
    "fault=no_detection": "no detection at all",
    "baud=57600": "runs at 115200 baud",
}
"""Faults that end a run, and what it ends with."""

FOUND = {
    "fault=no_marker": "without the pulse of the first frame all times are those of a word",
    "fault=lost_edge": "the edges of PROCESSING do not pair: at pair 10 of 100",
    "fault=edges_full": "a frame takes 1.000 ms where its sound has 32 ms",
    "audio_ppm=20000": "a frame takes 31.373 ms where its sound has 32 ms",
}
"""Faults that are found in what was measured."""

HARMLESS = ("echo=0", "manner=st", "manner=syntiant", "audio_ppm=400", "audio_ppm=-2300")


@pytest.mark.parametrize("fault", STOPS)
def test_a_run_that_cannot_go_on_says_why_and_keeps_its_journal(tmp_path, fault):
    ran = run_sww(tmp_path, options=fault)
    assert STOPS[fault] in " ".join(ran.err.split())
    assert ran.status in (1, 2)
    session = session_of(tmp_path)
    assert str(session) in ran.err
    log = (session / "log.txt").read_text(encoding="utf-8")
    if fault != "fault=no_detection":  # which is found when all is measured
        assert STOPS[fault] in log.splitlines()[-1]
    assert "ib: tinyML Enhanced Interface Board" in log
    played = fault in ("fault=silent_stop", "fault=mono", "fault=no_detection")
    assert ("ib: Attempting to play ten_s.wav" in log) is played


@pytest.mark.parametrize("fault", FOUND)
def test_what_was_measured_wrong_is_found(tmp_path, fault):
    ran = run_sww(tmp_path, "--json", options=fault)
    findings = json.loads(ran.out)["findings"]
    assert any(FOUND[fault] in one["text"] for one in findings)


NO_TIME_ZERO = ["true_positives", "false_negatives", "false_positives", "accuracy"]
NO_FRAMES = ["duty_cycle", "throughput_per_s", "latency_s"]


@pytest.mark.parametrize(
    ("fault", "none", "official", "marked"),
    [
        ("no_marker", NO_TIME_ZERO, "Accuracy: ", "; meaningless, for it has no time zero"),
        ("lost_edge", NO_FRAMES, "Average duty cycle: -", "; meaningless, for its edges do not"),
    ],
)
def test_what_cannot_be_counted_is_printed_as_it_is_officially_and_is_a_figure_nowhere(
    tmp_path, fault, none, official, marked
):
    ran = run_sww(tmp_path, "--for", "development", options=f"fault={fault}")
    session = session_of(tmp_path)
    assert ran.status == 3
    assert marked in ran.out
    assert "not good as a run for development" in ran.out
    assert official in (session / "result.txt").read_text(encoding="utf-8")
    assert tinyrunner("export", session, "--out", tmp_path / "row.jsonl").status == 0
    row = json.loads((tmp_path / "row.jsonl").read_text(encoding="utf-8"))
    assert [name for name in (*NO_TIME_ZERO, *NO_FRAMES) if row[name] is None] == none
    assert row["verdict"] == "not valid"
    public = load_session(session).result.streaming
    assert public is not None
    no_words, no_duty = public.true_positives is None, public.duty_cycle is None
    assert (no_words, no_duty) == (none is NO_TIME_ZERO, none is NO_FRAMES)


@pytest.mark.parametrize("manner", HARMLESS)
def test_a_bench_without_a_fault_is_accused_of_none(tmp_path, manner):
    told = json.loads(run_sww(tmp_path, "--json", options=manner).out)
    assert [one["kind"] for one in told["findings"]] == ["simulated device", "list not official"]
    assert told["streaming"]["words"]["true_positives"] == 3


def test_more_detections_than_the_board_keeps_are_told(tmp_path):
    recordings(tmp_path / "datasets", length_sec=170.0)
    told = json.loads(run_sww(tmp_path, "--json", options="fault=many_detections").out)
    assert any("all that the board keeps" in one["text"] for one in told["findings"])


def test_a_device_silent_after_stop_on_its_own_port_loses_no_detections(tmp_path):
    ran = run_sww(tmp_path, "--interface-board", "sim:", options="fault=silent_stop")
    assert ran.status == 1
    log = (session_of(tmp_path) / "log.txt").read_text(encoding="utf-8")
    assert "ib: Detection Timestamps (ms)" in log
    assert "ib: Duty cycle stop times (s)" in log
    scored = tinyrunner("score", session_of(tmp_path), "--json").json
    assert scored["streaming"]["words"]["true_positives"] == 3
    assert scored["streaming"]["duty"]["rises"] == 100
    assert "session unfinished" in [one["kind"] for one in scored["findings"]]


def test_a_recording_that_takes_another_time_than_it_lasts_is_told(tmp_path):
    run_sww(tmp_path)
    log = session_of(tmp_path) / "log.txt"
    text = log.read_text(encoding="utf-8")
    stamp = re.search(r"^(\d+\.\d+) ib: succeeded\.$", text, re.M)
    begun = re.search(r"^(\d+\.\d+) ib: Attempting to play", text, re.M)
    earlier = f"{float(begun[1]) + 5:09.3f} ib: succeeded."
    log.write_text(text.replace(stamp[0], earlier), encoding="utf-8")
    found = judge_any(log, tmp_path / "datasets" / "sww01" / "sww_ten_test.json").assessment
    (told,) = [one for one in found.findings if one.kind is FindingKind.PLAYED]
    assert "the board took 5.0 s for ten_s.wav, which lasts 10 s" in told.text


def test_a_silent_device_leaves_no_supply_on(tmp_path, monkeypatch):
    switched = []
    power = SimulatedStreamingBench.on_power
    monkeypatch.setattr(
        SimulatedStreamingBench,
        "on_power",
        lambda bench, on, at_s: (switched.append(on), power(bench, on, at_s)),
    )
    for fault in ("mute", "silent_stop"):
        ran = run_sww(
            tmp_path, "--supply-v", "3", "--monitor", "sim:lpm01a",
            options=f"fault={fault}", mode="energy",
        )  # fmt: skip
        assert (ran.status, switched[-1]) == (1, False)
