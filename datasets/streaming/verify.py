"""Compares the recordings in a folder with the truth files beside them, for a person."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...models.suite import SWW, StreamingTask
from ..errors import DatasetError
from ..labels import FILE_PREFIX
from .sound import Recording
from .truth import StreamingTruth, read_truths


@dataclass(frozen=True, slots=True)
class RecordingReport:
    """Says whether the recording that a truth names stands beside it, and fits."""

    truth: StreamingTruth
    present: bool
    problem: str | None = None
    """What is wrong with the file that is there."""

    @property
    def summary(self) -> str:
        """Returns what is known of it, in a line."""
        words = f"{len(self.truth.windows_s)} words in {self.truth.length_s:g} s"
        if self.truth.is_official:
            words += ", the official ones"
        elif self.truth.wav_file.startswith(FILE_PREFIX):
            words += ", generated for the demo, not for submission"
        if self.problem is not None:
            return f"{words}; {self.problem}"
        return words if self.present else f"{words}; not here: the board plays it from its card"


@dataclass(frozen=True, slots=True)
class RecordingsReport:
    """Describes a streaming task's folder: its truth files and the recordings that they are of."""

    task: StreamingTask
    folder: Path
    recordings: tuple[RecordingReport, ...]
    unreadable: tuple[str, ...]
    """Truth files that are none; each with what is wrong."""
    extras: tuple[str, ...]
    """Sound of which no truth tells the words: nothing can be scored on it."""

    @property
    def ok(self) -> bool:
        """Tells whether a run can use the folder as it is."""
        right = all(each.problem is None for each in self.recordings)
        return bool(self.recordings) and right and not self.unreadable


def recordings_folder(root: Path) -> Path | None:
    """Returns the streaming task's folder in ``root``, or ``root`` where it is one."""
    inner = root / SWW.model_id
    if inner.is_dir():
        return inner
    is_one = root.resolve().name == SWW.model_id or any(root.glob(f"{SWW.key}_*.json"))
    return root if is_one and root.is_dir() else None


def verify_recordings(folder: Path) -> RecordingsReport:
    """Returns what the folder holds; DatasetError where it cannot be listed."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise DatasetError(
            f"{folder}: cannot list the folder: {error.strerror or error}"
        ) from error
    recordings, unreadable = [], []
    for name in names:
        if not (name.startswith(f"{SWW.key}_") and name.endswith(".json")):
            continue
        try:
            recordings += [_compared(folder, truth) for truth in read_truths(folder / name)]
        except DatasetError as error:
            unreadable.append(str(error))
    named = {each.truth.wav_file for each in recordings}
    extras = tuple(name for name in names if name.endswith(".wav") and name not in named)
    return RecordingsReport(SWW, folder, tuple(recordings), tuple(unreadable), extras)


def _compared(folder: Path, truth: StreamingTruth) -> RecordingReport:
    path = folder / truth.wav_file
    if Path(truth.wav_file).name != truth.wav_file:
        return RecordingReport(truth, False, "its name is a path, where a card has files only")
    if not path.exists():
        return RecordingReport(truth, False)
    try:
        recording = Recording.open(path)
    except DatasetError as error:
        return RecordingReport(truth, True, str(error))
    problem = recording.unplayable
    if not truth.lasts(recording.length_s):
        problem = f"the file has {recording.length_s:g} s: the truth is of another recording"
    return RecordingReport(truth, True, problem)
