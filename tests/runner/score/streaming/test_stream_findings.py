"""What is found in a streaming session that is not as it should be: that, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.reference import reference_path
from support.sessions.streaming import LONG, Played, official_words
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.errors import TinyrunnerError
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.score.rules import FindingKind, Severity
from tinyrunner.runner.score.streaming.assess import JudgedStream

RIGHT = Played(missed=(9, 17), false_s=(614.0, 717.0))


def judged(folder: Path, *, labels: Path | None = None, **how: object) -> JudgedStream:
    found = judge_any(folder, labels, **how)
    assert isinstance(found, JudgedStream)
    return found


def kinds(found: JudgedStream) -> list[tuple[FindingKind, Severity]]:
    return [(one.kind, one.severity) for one in found.assessment.findings]


def edit(folder: Path, old: str, new: str, count: int = 1) -> None:
    path = folder / "log.txt"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def truth(path: Path, **changed: object) -> Path:
    entry = {
        "wav_file": "long_wav.wav", "length_sec": 1200.0, "sample_rate": 16000,
        "detection_windows": official_words(),
    }  # fmt: skip
    path.write_text(json.dumps([entry | changed]), encoding="utf-8")
    return path


@pytest.mark.parametrize("echo", [True, False])
def test_in_a_right_session_nothing_is_found(tmp_path, echo):
    found = judged(RIGHT.write(tmp_path / "s", echo=echo))
    assert kinds(found) == []
    assert found.round.name == "v1.3"
    assert found.assessment.valid
    assert found.labels == "the official words of long_wav.wav"
    result = found.assessment.streaming
    assert result.words.counts == (48, 2, 2)
    assert result.duty.source == ("log.txt" if echo else "results.json")
    assert result.drift.ppm == pytest.approx(0, abs=4)


def test_the_words_can_be_given_by_a_file_or_a_folder_of_data_sets(tmp_path):
    folder = RIGHT.write(tmp_path / "s", with_json=False)
    with pytest.raises(SetupError, match=r"played long_wav\.wav: give the file that tells"):
        judged(folder)
    lists = reference_path("datasets")
    for how in ({"labels": lists / "sww01" / LONG}, {"datasets": lists}):
        assert judged(folder, **how).assessment.streaming.words.counts == (48, 2, 2)


def test_a_truth_that_does_not_belong_to_the_recording_is_refused_by_name(tmp_path):
    folder = RIGHT.write(tmp_path / "s")
    short = reference_path("datasets", "sww01", "sww_short_test.json")
    with pytest.raises(SetupError, match=r"sww_short_test\.json is of short_wav_easy10s\.wav"):
        judged(folder, labels=short)
    other = truth(tmp_path / "t.json", length_sec=1300.0)
    with pytest.raises(DatasetError, match=r"of 1300 s, and one of 1200 s was played"):
        judged(folder, labels=other)


def test_a_truth_of_the_same_name_with_other_words_is_found(tmp_path):
    folder = RIGHT.write(tmp_path / "s")
    words = [(800.0 + 5 * number, 801.0 + 5 * number) for number in range(50)]
    found = judged(folder, labels=truth(tmp_path / "t.json", detection_windows=words))
    assert (FindingKind.LIST_NOT_OFFICIAL, Severity.VIOLATION) in kinds(found)
    texts = [one.text for one in found.assessment.findings]
    assert any("results.json scores by 50 words that are not the 50 of" in text for text in texts)
    assert any("none of 242 detections lies at a word" in text for text in texts)


@pytest.mark.parametrize(
    ("counts", "kept"), [((8, 8), True), ((9, 0), False), ((0, 9), False)]
)  # fmt: skip
def test_more_than_eight_of_either_kind_are_for_the_open_division(tmp_path, counts, kept):
    missed, false = counts
    at = tuple(600.0 + 5 * number for number in range(false))
    folder = Played(missed=tuple(range(missed)), false_s=at).write(tmp_path / "s")
    closed, opened = judged(folder), judged(folder, division="open")
    assert kinds(closed) == ([] if kept else [(FindingKind.TARGET_MISSED, Severity.VIOLATION)])
    assert kinds(opened) == ([] if kept else [(FindingKind.TARGET_MISSED, Severity.WARNING)])


def test_a_round_without_the_task_is_told(tmp_path):
    found = judged(RIGHT.write(tmp_path / "s"), round_name="v1.2")
    assert kinds(found) == [(FindingKind.NOT_IN_ROUND, Severity.VIOLATION)]


@pytest.mark.parametrize("clock", [0.9977, 1.0004])
def test_a_drifting_clock_alone_changes_no_score(tmp_path, clock):
    found = judged(Played(missed=(9,), clock=clock).write(tmp_path / "s"))
    assert kinds(found) == []
    assert found.assessment.streaming.words.counts == (49, 1, 0)
    assert found.assessment.streaming.corrected_words.counts == (49, 1, 0)


def test_a_late_device_scores_by_the_two_seconds_and_the_finding_says_what_that_means(tmp_path):
    found = judged(Played(latency_s=1.9).write(tmp_path / "s"))
    (finding,) = found.assessment.findings
    assert (finding.kind, finding.severity) == (FindingKind.AUDIO_CLOCK, Severity.WARNING)
    assert finding.text.startswith("50 TP, 0 FN, 0 FP as the official runner counts")
    assert "look at the latency of the firmware" in finding.text
    assert found.assessment.valid


def test_without_a_marker_within_half_a_second_no_word_can_be_placed(tmp_path):
    late = Played(marker_ms=9900, latency_s=1.9)  # which the marker's finding is enough for
    found = judged(late.write(tmp_path / "s"))
    assert found.assessment.streaming.words != found.assessment.streaming.corrected_words
    assert found.assessment.streaming.sure_words is None
    assert kinds(found) == [(FindingKind.DETECTIONS, Severity.VIOLATION)]
    assert "came 9900 ms after record_detections" in found.assessment.findings[0].text


def test_edges_that_do_not_pair_are_found(tmp_path):
    folder = RIGHT.write(tmp_path / "s", with_json=False)
    edit(folder, "RX:6800, ", "RX:")
    found = judged(folder, labels=reference_path("datasets", "sww01", LONG))
    assert kinds(found) == [(FindingKind.DUTY_CYCLE, Severity.VIOLATION)]
    (finding,) = found.assessment.findings
    assert "at pair 1 of 99" in finding.text
    assert finding.line is not None


def test_frames_that_are_not_those_of_the_sound_are_found(tmp_path):
    found = judged(Played(clock=0.8, length_s=1200.0).write(tmp_path / "s"))
    assert (FindingKind.DUTY_CYCLE, Severity.VIOLATION) in kinds(found)
    assert any("takes 40.000 ms where its sound has 32 ms" in f.text
               for f in found.assessment.findings)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "kind", "severity"),
    [
        ("RX:succeeded.", "RX:Error playing file. Check that the file exists and is a 2-channel "
         "wav file.", FindingKind.PLAYED, Severity.VIOLATION),
        ("RX:succeeded.\n", "", FindingKind.PLAYED, Severity.WARNING),
        ("... done", "Playing long_wav.wav (length = 1200.0s) at 13:50:00...", FindingKind.PLAYED,
         Severity.VIOLATION),
        ("RX:10144,\n", "", FindingKind.DETECTIONS, Severity.VIOLATION),
        ("retrieved: sww01", "retrieved: sww02", FindingKind.MODEL_ID, Severity.VIOLATION),
        ("... done", "e-[I2S overrun]", FindingKind.DEVICE_ERRORS, Severity.WARNING),
        ("Session logged in file", "Session", FindingKind.UNFINISHED, Severity.WARNING),
    ],
)  # fmt: skip
def test_what_a_log_tells_of_a_run_that_went_wrong_is_found(tmp_path, old, new, kind, severity):
    folder = RIGHT.write(tmp_path / "s")
    edit(folder, old, new)
    if kind is FindingKind.MODEL_ID:
        with pytest.raises(SetupError, match="names the streaming model 'sww02'"):
            judged(folder)
    else:
        assert kinds(judged(folder)) == [(kind, severity)]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (f"{RIGHT.detections}", "[]", "no detection at all"),
        (f"{RIGHT.detections}\n", "", "no list of detections"),
        (f"{RIGHT.detections}", str([86, 9000, 500]), "500 ms stands behind a later one"),
        ("Playing long_wav.wav (", "Playing (", "no recording was played"),
    ],
)
def test_a_log_without_what_scoring_needs_is_refused_by_name(tmp_path, old, new, text):
    folder = RIGHT.write(tmp_path / "s", echo=False, with_json=False)
    edit(folder, old, new)
    with pytest.raises(TinyrunnerError, match=text):
        judged(folder, labels=reference_path("datasets", "sww01", LONG))


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda e: e["infer"].update(wav_file="med_wav_2m_8p.wav"), "are both of the same session"),
        (lambda e: e["infer"]["detections"].pop(), "are not the 243 in line"),
        (lambda e: e["infer"].update(detections="x"), "expected `infer.detections`"),
        (lambda e: e["infer"].update(detection_windows=[[5, 4]]), "expected a window within"),
        (lambda e: e["dutycycle"].update(start_times_s=[None]), "expected seconds"),
        (lambda e: e["dutycycle"]["start_times_s"].pop(), "are not those in the log"),
        (lambda e: e.clear(), "is of 'None'"),
    ],
)
def test_a_results_json_of_another_session_is_refused(tmp_path, change, text):
    folder = RIGHT.write(tmp_path / "s")
    path = folder / "results.json"
    (entry,) = json.loads(path.read_text(encoding="utf-8"))
    change(entry)
    path.write_text(json.dumps([entry]), encoding="utf-8")
    with pytest.raises(TinyrunnerError, match=text):
        judged(folder)


def test_a_results_json_without_edges_or_power_takes_nothing_away(tmp_path):
    folder = RIGHT.write(tmp_path / "s")
    path = folder / "results.json"
    (entry,) = json.loads(path.read_text(encoding="utf-8"))
    entry |= {"dutycycle": {}, "power": None}
    path.write_text(json.dumps([entry]), encoding="utf-8")
    found = judged(folder)
    assert kinds(found) == []
    assert found.assessment.streaming.duty.source == "log.txt"


WORDS = [(1.0, 1.6), (4.0, 4.8), (7.0, 7.4)]
SAMPLES = [2.5e-05 + 1e-9 * (number % 97) for number in range(12_600)]
"""12.6 s at a sample a millisecond, for a recording of ten."""


def test_energy_is_the_sum_between_the_last_two_events(tmp_path):
    played = Played(words=WORDS, length_s=10.0, samples_j=SAMPLES)
    folder = played.write(tmp_path / "s")
    found = judged(folder)
    assert kinds(found) == [(FindingKind.LIST_NOT_OFFICIAL, Severity.VIOLATION)]
    (window,) = found.assessment.energy.windows
    assert window.window.duration_s == pytest.approx(11.1)
    results = (folder / "results.txt").read_text(encoding="utf-8")
    assert f"Total Energy  : {1e6 * window.window.energy_j:.3f} uJ" in results
    assert f"Power         : {1e3 * window.window.power_w:.4f} mW." in results


def test_a_window_of_energy_that_is_shorter_than_the_recording_is_found(tmp_path):
    played = Played(words=WORDS, length_s=10.0, samples_j=SAMPLES[:9000])
    found = judged(played.write(tmp_path))
    assert (FindingKind.WINDOW_INVALID, Severity.WARNING) in kinds(found)
    assert (FindingKind.SAMPLES_LOST, Severity.VIOLATION) in kinds(found)
    assert any("9000 samples of a millisecond each" in f.text for f in found.assessment.findings)


@pytest.mark.parametrize("period", ["1e-400", "1e-5000000", "nan", "0"])
def test_a_period_that_is_none_tells_no_drift(tmp_path, period):
    folder = RIGHT.write(tmp_path / "s", echo=False, with_json=False)
    edit(folder, "Average period: 0.032 s", f"Average period: {period} s")
    found = judged(folder, datasets=reference_path("datasets"))
    assert found.assessment.streaming.drift is None
