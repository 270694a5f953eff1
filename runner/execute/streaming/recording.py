"""Finds the recording of a run and its words: what is checked of them before a board is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ....datasets.labels import FILE_PREFIX
from ....datasets.streaming.sound import SAMPLE_RATE_HZ, Recording
from ....datasets.streaming.truth import StreamingTruth, read_truths, truths_folder
from ....errors import closest
from ....models.demo_models import DEMO_NOTE
from ....models.suite import StreamingTask
from ...config.config import Config
from ...errors import SetupError
from ...journal.session_document import DatasetFacts
from ...script.publishable_path import written_path

USUAL_RECORDING = "long_wav.wav"
OFFICIAL_LIST = "sww_long_test"


@dataclass(frozen=True, slots=True)
class PlayedRecording:
    """Holds the words of what is played; what is played itself lies on the board's card."""

    truth: StreamingTruth
    truth_file: Path
    sha256: str
    """The SHA-256 of this computer's copy of the recording; empty where it has none."""

    @property
    def wav(self) -> Path:
        """Return where this computer's copy is, or would be."""
        return self.truth_file.with_name(self.truth.wav_file)

    @property
    def synthetic(self) -> bool:
        """Tell whether it was generated, for the demonstration."""
        return self.truth.wav_file.startswith(FILE_PREFIX)

    @property
    def facts(self) -> DatasetFacts:
        """Return what session.json says of it."""
        return DatasetFacts(
            folder=written_path(self.truth_file.parent),
            labels=written_path(self.truth_file),
            labels_sha256=self.truth.sha256,
            official_list=OFFICIAL_LIST if self.truth.is_official else None,
            content_sha256=self.sha256,
            files=1,
            windows=len(self.truth.windows_s),
            synthetic=self.synthetic,
            note=DEMO_NOTE if self.synthetic else None,
        )


def find_recording(config: Config, task: StreamingTask, root: Path) -> PlayedRecording:
    """Find the words of the recording that was asked for, and look at it where it is at hand.

    ``root`` is the folder of the data sets. SetupError, or DatasetError for a file that is wrong.
    """
    given = config.labels.get(task.key)
    folder = truths_folder(root, task)
    files = [given] if given is not None else sorted(folder.glob(f"{task.key}_*.json"))
    truths = [(truth, file) for file in files for truth in read_truths(file)]
    truth, file = _chosen(truths, config.recording, task, folder)
    wav = folder / truth.wav_file
    if not wav.is_file():
        return PlayedRecording(truth, file, "")
    return PlayedRecording(truth, file, _hash(_checked(wav, truth, played=not config.no_board)))


def _chosen(
    truths: Sequence[tuple[StreamingTruth, Path]],
    asked: str | None,
    task: StreamingTask,
    folder: Path,
) -> tuple[StreamingTruth, Path]:
    if not truths:
        raise SetupError(
            f"{folder}: no list of words ({task.key}_*.json) of a recording for {task.key}: "
            f"`tinyrunner datasets fetch {task.model_id}` gets the official ones, or give --labels"
        )
    by_name = {truth.wav_file: (truth, file) for truth, file in truths}
    wanted = asked or (USUAL_RECORDING if len(by_name) > 1 else next(iter(by_name)))
    if wanted not in by_name:
        raise SetupError(
            f"{folder} has no words of a recording {wanted}{closest(wanted, by_name)}; there are "
            f"{', '.join(by_name)}: name one with --recording"
        )
    return by_name[wanted]


def _checked(wav: Path, truth: StreamingTruth, *, played: bool) -> Path:
    """Refuse (SetupError) a recording that no board plays, or that the words are not of.

    Without ``played`` no board is to play it.
    """
    recording = Recording.open(wav)
    if played and (why := recording.unplayable) is not None:
        raise SetupError(
            f"{wav}: {why}; `tinyrunner datasets build sww` makes the recordings as the board "
            "takes them. Copy it to the board's card again"
        )
    if not truth.lasts(recording.length_s):
        raise SetupError(
            f"{wav} lasts {recording.length_s:.3f} s, and the words in {truth.source} are of a "
            f"recording of {truth.length_s:.3f} s: they do not belong together; give the list "
            "that was made with this recording by --labels"
        )
    if truth.sample_rate_hz != SAMPLE_RATE_HZ:
        raise SetupError(f"{truth.source}: {truth.sample_rate_hz} Hz, expected {SAMPLE_RATE_HZ}")
    return wav


def _hash(wav: Path) -> str:
    with wav.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
