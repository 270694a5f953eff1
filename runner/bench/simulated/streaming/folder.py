"""Fills the card of a simulated interface board: recordings of a folder, and their words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .....datasets.demo.demo_dataset import default_root, materialise
from .....datasets.errors import DatasetError
from .....datasets.labels import FILE_PREFIX
from .....datasets.streaming.truth import StreamingTruth, read_truths, truths_folder
from .....dut_protocol.simulated.streaming.card import Card, CardFile
from .....models.suite import SWW
from ....errors import SetupError
from .address import CardFaults


@dataclass(frozen=True, slots=True)
class Recordings:
    """Is what lies in a data set's folder: files to be played, and what is spoken in them."""

    folder: Path | None
    files: Mapping[str, CardFile]
    truths: Mapping[str, StreamingTruth]
    """By the recording's name."""

    @property
    def words_s(self) -> dict[str, tuple[tuple[float, float], ...]]:
        """Return begin and end of each word, in seconds, by the recording's name."""
        return {name: truth.windows_s for name, truth in self.truths.items()}

    @property
    def is_demo(self) -> bool:
        """Tell whether all of it is generated, for the demonstration."""
        return bool(self.files) and all(name.startswith(FILE_PREFIX) for name in self.files)

    def card(self, faults: CardFaults) -> Card | None:
        """Return the card with these files; None where none is to be in the slot."""
        if faults.no_card:
            return None
        before = "copy-of-" if faults.wrong_name else ""
        channels = 1 if faults.mono else None
        return Card(
            {
                before + name: CardFile(one.path, one.length_s, channels)
                for name, one in self.files.items()
            }
        )


def recordings_in(root: Path | Literal["demo"] | None) -> Recordings:
    """Find the recordings under a root of data sets: ``root/sww01``, or ``root`` itself.

    A recording is a wav; where only its words are known, silence of its length stands for it.
    SetupError where there is nothing of either kind. Without a root there are none; "demo" is the
    generated recording.
    """
    if root is None:
        return Recordings(None, {}, {})
    if isinstance(root, str):
        root = materialise(SWW, default_root()).parent
    folder = truths_folder(root, SWW)
    truths: dict[str, StreamingTruth] = {}
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        raise SetupError(f"{folder}: cannot list the folder: {error.strerror or error}") from error
    for path in names:
        if path.suffix == ".json" and not path.name.endswith("_spec.json"):
            try:
                truths |= {truth.wav_file: truth for truth in read_truths(path)}
            except DatasetError as error:
                raise SetupError(f"the words to simulate: {error}") from error
    files = {path.name: CardFile(path) for path in names if path.suffix.lower() == ".wav"}
    for name, truth in truths.items():
        files.setdefault(name, CardFile(None, truth.length_s))
    if not files:
        raise SetupError(
            f"{folder}: no recording to simulate; expected wav files, or lists of their words such "
            "as sww_long_test.json"
        )
    return Recordings(folder, files, truths)
