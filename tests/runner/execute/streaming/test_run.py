"""The streaming wake word from end to end on its simulated bench, through the command line."""

from __future__ import annotations

import json
import shutil
import wave

import pytest
from support.benches.streaming_runs import WAV, figures, recordings, run_sww, session_of
from support.cli import document, tinyrunner
from support.reference import reference_path

INVALID = 3
"""The exit status of a good run on a simulated device."""


def alone(session, folder, *names):
    """The named files of a session, in a folder of their own."""
    folder.mkdir()
    for name in names:
        shutil.copy(session / name, folder)
    return folder


def test_the_reference_model_hears_in_the_short_clip_what_its_readme_says(tmp_path):
    model = reference_path("models", "str_ww_ref_model.tflite")
    (limited := tmp_path / "limited.yaml").write_text("limit: 1\n")
    ran = tinyrunner(
        "run", "sww", "--mode", "performance", "--dut", "sim:", "--round", "v1.3", "--json",
        "--datasets", reference_path("datasets"), "--recording", "short_wav_easy10s.wav",
        "--model", model, "--sessions", tmp_path, "--config", limited,
    )  # fmt: skip
    assert "its recording is played once" in ran.err
    words = json.loads(ran.out)["streaming"]["words"]
    counts = [words[key] for key in ("true_positives", "false_negatives", "false_positives")]
    assert (ran.status, counts) == (INVALID, [2, 1, 0])


def test_a_run_is_its_log_and_its_log_alone_gives_the_figures(tmp_path):
    ran = run_sww(tmp_path, "--json", options="miss=2&false=8.9&audio_ppm=-2300&manner=st")
    session, told = session_of(tmp_path), figures(ran)
    assert told["words"]["missed_s"] == [4.0]
    assert told["words"]["false_s"] == [pytest.approx(9.3, abs=0.05)]
    assert told["drift"]["ppm"] == pytest.approx(-2300, abs=10)
    assert told["duty"]["rises"] == 100
    log = alone(session, tmp_path / "alone", "log.txt")
    words = session / "truth.json"
    scored = tinyrunner("score", log, "--labels", words, "--round", "v1.3", "--json")
    assert figures(scored) == told
    again = tinyrunner("score", session, "--json")
    assert figures(again) == told
    assert document(session)["result"]["streaming"]["words"] == told["words"]
    said = document(session)["provenance"]
    assert said["interface_board"] == {
        "address": "sim:sww01?miss=2&false=8.9&audio_ppm=-2300&manner=st",
        "baud_rate": 115200, "name": "tinyML Enhanced Interface Board", "dut_baud_rate": 115200,
    }  # fmt: skip
    assert (said["dataset"]["windows"], said["dataset"]["content_sha256"]) == (3, "")
    result = (session / "result.txt").read_text(encoding="utf-8").splitlines()
    assert result == [
        "Accuracy: 2 True positives, 1 False negatives, 1 False positives",
        "Average duty cycle: 0.35855",
        "Average period: 0.032074 s",
        "Estimated throughput: 86.957 inf./sec.",
    ]


def test_energy_is_measured_from_start_to_stop(tmp_path):
    ran = run_sww(
        tmp_path, "--supply-v", "3", "--monitor", "sim:lpm01a", "--json", mode="energy"
    )  # fmt: skip
    session, told = session_of(tmp_path), figures(ran)
    assert ran.status == INVALID
    assert told["words"]["true_positives"] == 3
    (window,) = told["energy"]["windows"]
    assert 10.0 < window["end_s"] - window["start_s"] < 10.6
    log = (session / "log.txt").read_text(encoding="utf-8")
    assert "code[ulp-ml]" in log
    assert "emon: m-trace[off]" in log
    copy = alone(
        session, tmp_path / "alone", "log.txt", "trace1-energy.bin", "trace1-details.json",
        "trace1-timestamps.json",
    )  # fmt: skip
    scored = tinyrunner(
        "score", copy, "--labels", session / "truth.json", "--round", "v1.3", "--json"
    )
    assert figures(scored) == told
    first = (session / "result.txt").read_text(encoding="utf-8").splitlines()[0]
    assert first == "Power Edition Output"


def test_a_device_on_its_own_port_and_a_script_are_run_alike(tmp_path):
    behind = run_sww(tmp_path, "--json")
    script = session_of(tmp_path) / "script.async"
    other = tmp_path / "other"
    again = run_sww(other, "--script", script, "--json")
    assert figures(again) == figures(behind)
    assert (session_of(other) / "script.async").read_bytes() == script.read_bytes()
    own = tmp_path / "own"
    alike = run_sww(own, "--interface-board", "sim:", "--json")
    assert figures(alike)["words"] == figures(behind)["words"]
    log = (session_of(own) / "log.txt").read_text(encoding="utf-8")
    assert " dut: m-model-[sww01]" in log
    assert "m-dut-passthrough" not in log
    board_alone = tinyrunner(
        "run", "sww", "--mode", "performance", "--interface-board", "sim:", "--datasets",
        tmp_path / "datasets", "--round", "v1.3", "--sessions", tmp_path / "board", "-q", "--json",
    )  # fmt: skip
    assert figures(board_alone) == figures(behind)
    refused = run_sww(own, "--interface-board", "sim:", "--script", script)
    assert (refused.status, "reaches the device on another way" in refused.err) == (2, True)


def test_what_was_killed_is_begun_again_and_kept(tmp_path):
    ran = run_sww(tmp_path, options="fault=silent_stop")
    session = session_of(tmp_path)
    assert ran.status == 1
    before = (session / "log.txt").read_bytes()
    refused = tinyrunner("run", "--resume", session)
    assert refused.status == 2
    assert "is begun again, not continued" in refused.err
    assert (session / "log.txt").read_bytes() == before
    (listed,) = tinyrunner("sessions", "list", tmp_path / "sessions", "--json").json
    assert (listed["state"], listed["resumable"]) == ("stopped", False)
    shown = tinyrunner("sessions", "show", session).out
    assert "cannot be gone on with (a recording plays once" in shown
    assert "inputs   a recording of 3 words" in shown
    (session_root := tmp_path / "whole").mkdir()
    run_sww(session_root)
    whole = session_of(session_root)
    document_before = document(whole)
    (whole / "result.txt").unlink()
    scored = tinyrunner("run", "--resume", whole, "-q")
    assert scored.status == INVALID
    assert document(whole) == document_before
    assert (whole / "result.txt").is_file()
    pruned = tinyrunner("sessions", "prune", tmp_path / "sessions", "--incomplete", "--yes")
    assert (pruned.status, session.exists(), whole.exists()) == (0, False, True), pruned


def test_a_simulated_monitor_of_no_kind_is_one_that_sees_the_pin(tmp_path):
    ran = run_sww(tmp_path, "--supply-v", "3", "--monitor", "sim:", "--json", mode="energy")
    assert ran.status == INVALID, ran
    assert document(session_of(tmp_path))["provenance"]["monitor"]["model"] == "LPM01A"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sww", "--mode", "performance", "--io", "sim:"), "--io (an IO manager is there in"),
        (("kws", "--mode", "accuracy", "--no-board"), "--no-board (a recording is played to sww)"),
        (("kws", "--mode", "accuracy", "--recording", "x.wav"), "--recording (a recording is"),
        (("sww", "--mode", "performance", "--supply-v", 3), "--supply-v (a monitor is there"),
        (
            ("sww", "--mode", "accuracy", "--no-board", "--interface-board", "sim:"),
            "--interface-board (an interface board plays the recording of sww, and without",
        ),
    ],
)
def test_what_means_nothing_to_task_and_mode_is_refused(tmp_path, arguments, said):
    ran = tinyrunner("run", *arguments, "--dut", "sim:", "--sessions", tmp_path / "sessions")
    assert ran.status == 2
    assert f"leave out what can have no effect here: {said}" in ran.err
    assert not (tmp_path / "sessions").exists()


def test_energy_needs_a_monitor_that_sees_the_pin(tmp_path):
    ran = run_sww(tmp_path, "--supply-v", "3", "--monitor", "sim:n6705", mode="energy")
    assert ran.status == 2
    assert "error: sim:n6705 has no input for the timestamp pin" in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("arguments", "changed", "text"),
    [
        (("--mode", "accuracy"), {}, "has no accuracy mode"),
        (("--recording", "long_wav.wav"), {}, f"there are {WAV}: name one with --recording"),
        (("--interface-board", "/dev/ttyACM9"), {}, "brings its own interface board"),
        ((), {"detection_windows": [[1.0, 11.0]]}, "a window within the 10 s"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(tmp_path, arguments, changed, text):
    recordings(tmp_path / "datasets", **changed)
    mode = {} if "--mode" not in arguments else {"mode": arguments[1]}
    rest = () if mode else arguments
    ran = run_sww(tmp_path, *rest, **mode)
    assert text in ran.err
    assert ran.status in (1, 2)
    assert not (tmp_path / "sessions").exists()


@pytest.mark.parametrize(
    ("channels", "seconds", "text"),
    [(1, 10, "it is mono"), (2, 9, "do not belong together"), (2, 10, "")],
)
def test_the_recording_at_hand_is_looked_at(tmp_path, channels, seconds, text):
    root = recordings(tmp_path / "datasets")
    with wave.open(str(root / "sww01" / WAV), "wb") as wav:
        wav.setparams((channels, 2, 16000, 0, "NONE", ""))
        wav.writeframes(bytes(2 * channels * 16000 * seconds))
    ran = run_sww(tmp_path)
    assert text in ran.err
    assert ran.status == (2 if text else INVALID)
    if not text:
        assert len(document(session_of(tmp_path))["provenance"]["dataset"]["content_sha256"]) == 64


def test_without_a_board_the_words_are_counted_and_nothing_is_valid(tmp_path):
    model = reference_path("models", "str_ww_ref_model.tflite")
    ran = tinyrunner(
        "run", "sww", "--mode", "accuracy", "--no-board", "--dut", "sim:", "--round", "v1.3", "-q",
        "--datasets", reference_path("datasets"), "--recording", "short_wav_easy10s.wav",
        "--model", model, "--sessions", tmp_path, "--json",
    )  # fmt: skip
    told = figures(ran)
    assert (ran.status, told["words"]["true_positives"], told["duty"]) == (INVALID, 2, None)
    assert told["words"]["missed_s"] == [7.0]
    (session,) = tmp_path.iterdir()
    assert figures(tinyrunner("score", session, "--json")) == told
    kinds = [one["kind"] for one in json.loads(ran.out)["findings"]]
    assert "no interface board" in kinds
    for_development = tinyrunner("score", session, "--for", "development", "--json")
    said = {one["kind"]: one["severity"] for one in json.loads(for_development.out)["findings"]}
    assert (for_development.status, said["no interface board"]) == (0, "note")
    log = session / "log.txt"
    log.write_bytes(log.read_bytes().replace(b"m-activations-[-128, -128, +127]", b"lost", 1))
    broken = tinyrunner("score", session)
    assert "311 of the 312 frames" in broken.err
    refused = tinyrunner("run", "sww", "--mode", "performance", "--no-board", "--dut", "sim:")
    assert "give --mode accuracy with it" in refused.err
