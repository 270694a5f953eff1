from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.clips import sawtooth, write_wav
from support.reference import reference_path
from tinyrunner.datasets.streaming.verify import RecordingsReport
from tinyrunner.datasets.verify import verify


def truth(folder: Path, name: str, wav: str, length_s: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    entry = {"wav_file": wav, "detection_windows": [[0.1, 0.2]], "length_sec": length_s,
             "sample_rate": 16000}  # fmt: skip
    (folder / name).write_text(json.dumps([entry]))


def only(root: Path) -> RecordingsReport:
    (report,) = verify(root)
    assert isinstance(report, RecordingsReport)
    return report


def test_the_official_folder_is_usable_though_not_every_recording_is_here() -> None:
    report = only(reference_path("datasets", "sww01"))
    assert report.ok
    summaries = {each.truth.wav_file: each.summary for each in report.recordings}
    assert summaries == {
        "long_wav.wav": "50 words in 1200 s, the official ones; not here: the board plays it from "
        "its card",
        "med_wav_2m_8p.wav": "8 words in 120 s; not here: the board plays it from its card",
        "short_wav_easy10s.wav": "3 words in 10 s",
    }
    assert report.extras == ("marvin_617de221_0.wav",)


@pytest.mark.parametrize(
    ("samples", "channels", "expected"),
    [
        (16000, 1, "it is mono, and the interface board plays"),
        (8000, 2, "the file has 0.5 s: the truth is of another recording"),
        (0, 2, "an empty clip"),
    ],
)
def test_a_recording_that_does_not_fit_is_named(
    tmp_path: Path, samples: int, channels: int, expected: str
) -> None:
    truth(tmp_path / "sww01", "sww_a_test.json", "a.wav", 1.0)
    assert only(tmp_path).ok
    write_wav(tmp_path / "sww01" / "a.wav", sawtooth(samples), channels=channels)
    report = only(tmp_path)
    assert not report.ok
    assert expected in str(report.recordings[0].problem)


def test_what_is_no_truth_is_told_and_a_name_may_not_leave_the_folder(tmp_path: Path) -> None:
    truth(tmp_path, "sww_a_test.json", "../a.wav", 1.0)
    (tmp_path / "sww_b.json").write_text("{}")
    report = only(tmp_path)
    assert not report.ok
    assert report.recordings[0].problem == "its name is a path, where a card has files only"
    assert "expected a list of recordings" in report.unreadable[0]
    (tmp_path / "sww_a_test.json").unlink()
    assert not only(tmp_path).ok


def test_inputs_and_recordings_of_one_root_are_both_reported(tmp_path: Path) -> None:
    truth(tmp_path / "sww01", "sww_a_test.json", "a.wav", 1.0)
    (tmp_path / "kws01").mkdir()
    assert [report.task.key for report in verify(tmp_path)] == ["kws", "sww"]
