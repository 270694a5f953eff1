"""Generates inputs for trying the whole program without downloading anything.

The inputs are synthetic: they have the shape, the type and roughly the statistics of a task's
real ones, and nothing else. They are for demonstration and tests, never for a submission.

Every byte follows from (seed, position in the list) by integer arithmetic alone (see
``portable_random``): the set is the same on every platform and with every numpy, which
``DEMO_SHA256`` pins and a test checks. Input ``i`` does not depend on how many are made, so a
longer set begins with the shorter one.

This module names, numbers, hashes and writes the files; ``vww_figures``, ``ic_shapes``,
``kws_words`` and ``ad_machine_hum`` make what is in them. sww has a recording, of ``sww_words``,
and its truth.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ...models.cache import CACHE_VARIABLE, cache_root
from ...models.demo_models import DemoError
from ...models.suite import SWW, StreamingTask, Task
from ..inputs import LABELS_NAME
from ..labels import FILE_PREFIX

DEMO_COUNTS: Mapping[str, int] = MappingProxyType(
    {"vww01": 40, "ic01": 60, "kws01": 120, "ad01": 12}
)
"""Files in a demo set, by model id: as many as a simulated run takes in a few seconds. A file of
ad is 196 inferences."""

EVALUATION_SEED = 0x7E57
TRAINING_SEED = 0x7EAC4
"""A different stream from ``EVALUATION_SEED``: the demo model has seen none of the demo set."""


DEMO_SHA256: Mapping[str, str] = MappingProxyType(
    {
        "vww01": "96c7b9379ce302e3696a9c61605ed79e59ed27a9f1d1ec93101fbc2a623128b7",
        "ic01": "1ae0542e02b92765eea495b7f0762549ab5f80070ee5ceefacc2c733060da9ae",
        "kws01": "6ca063f9db7708b72f28bc140f69c724df9f777b2a688134fd947951878aa1d4",
        "ad01": "f9100b4914f483f3c9640e44e953f74f23daef7cd6dd07cc48a0294912ab2e02",
        "sww01": "40585dd55230dcc87b457da778b8cad9b9c716797510931fc3e90936c9cc9efd",
    }
)
"""Digest (see ``digest``) of the default set, by model id."""

RECORDING_NAME = f"{FILE_PREFIX}wav_1m_8p.wav"
TRUTH_NAME = f"{SWW.key}_demo_test.json"
_RECORDING = 9
"""Its purpose among the streams of a seed."""


@dataclass(frozen=True, slots=True)
class DemoInput:
    """A demo input is one generated file and the class it belongs to."""

    name: str
    data: bytes
    label: int


_Generator = Callable[[int, int], bytes]
"""Takes the input's stream key and its label, returns the bytes of its file."""


def generate(
    task: Task, *, seed: int = EVALUATION_SEED, count: int | None = None
) -> tuple[DemoInput, ...]:
    """Returns labelled inputs of a task, as many as its demo set has unless ``count`` is given.

    Every block of as many as there are classes holds each class once.
    """
    from .portable_random import key_of, permutation

    generators = _generators()
    make = generators.get(task.data.model_id)
    if make is None:
        raise DemoError(
            f"no demo inputs for {task.data.model_id}; there are some for "
            f"{', '.join(generators)}. Give the folder of real ones instead"
        )
    inputs = []
    for index in range(DEMO_COUNTS[task.data.model_id] if count is None else count):
        block, position = divmod(index, task.class_count)
        label = permutation(key_of(seed, 1, block), task.class_count)[position]
        name = f"{FILE_PREFIX}{index:06d}_{task.class_names[label]}_{label}.bin"
        inputs.append(DemoInput(name, make(key_of(seed, 2, index), label), label))
    return tuple(inputs)


def label_list(task: Task, inputs: Iterable[DemoInput]) -> bytes:
    """Returns the inputs' ``y_labels.csv``, as ``labels.read_labels`` reads it; LF line ends."""
    windows = f",{task.input_bytes},{task.stride_bytes}" if task.stride_bytes else ""
    rows = (f"{item.name},{task.class_count},{item.label}{windows}\n" for item in inputs)
    return "".join(rows).encode()


def digest(files: Iterable[tuple[str, bytes]], labels: bytes) -> str:
    """Returns the SHA-256 over name, NUL and bytes of every file in order, then the label list."""
    total = hashlib.sha256()
    for name, data in files:
        total.update(name.encode() + b"\0" + data)
    total.update(labels)
    return total.hexdigest()


def default_root() -> Path:
    """Returns where demo sets are kept: in the user's cache folder, or under $TINYRUNNER_CACHE."""
    return cache_root() / "demo-datasets"


def recording_key(seed: int, number: int = 0) -> int:
    """Returns the stream key of a seed's recordings; ``number`` 0 is the demo's."""
    from .portable_random import key_of

    return key_of(seed, _RECORDING, number)


def recording() -> tuple[bytes, bytes]:
    """Returns the demo recording of sww as a wav, and its truth as JSON."""
    from io import BytesIO

    from ..streaming.sound import SAMPLE_RATE_HZ, write_stereo
    from ..streaming.truth import StreamingTruth, truth_text
    from .sww_words import make_recording

    sound, spoken = make_recording(recording_key(EVALUATION_SEED))
    windows = tuple(
        (word.begin / SAMPLE_RATE_HZ, word.end / SAMPLE_RATE_HZ) for word in spoken if word.is_wake
    )
    length_s = len(sound) / SAMPLE_RATE_HZ
    truth = StreamingTruth(RECORDING_NAME, windows, length_s, SAMPLE_RATE_HZ, TRUTH_NAME)
    wav = BytesIO()
    write_stereo(wav, iter([sound]))
    return wav.getvalue(), truth_text(truth).encode()


def materialise(task: Task | StreamingTask, root: Path) -> Path:
    """Makes sure that the default set of ``task`` is in ``root/<model id>``; returns that folder.

    A set that is already there and right is left alone, a damaged or outdated one is replaced as
    a whole, and a folder holding anything but demo files is refused: it may be somebody's data.
    """
    demo_set = _recording_set() if isinstance(task, StreamingTask) else _input_set(task)
    folder = root / demo_set.model_id
    if demo_set.is_right(folder):
        return folder
    try:
        demo_set.refuse_foreign(folder)
        demo_set.write(root, folder)
    except OSError as error:
        raise DemoError(
            f"cannot keep the demo inputs in {root}: {error.strerror or error}; "
            f"${CACHE_VARIABLE} names another folder"
        ) from error
    return folder


def _input_set(task: Task) -> _DemoSet:
    def make() -> tuple[Sequence[tuple[str, bytes]], bytes]:
        inputs = generate(task)
        return [(item.name, item.data) for item in inputs], label_list(task, inputs)

    def names(labels: str) -> list[str]:
        return [line.split(",")[0] for line in labels.splitlines()]

    return _DemoSet(task.data.model_id, LABELS_NAME, make, names)


def _recording_set() -> _DemoSet:
    def make() -> tuple[Sequence[tuple[str, bytes]], bytes]:
        wav, truth = recording()
        return [(RECORDING_NAME, wav)], truth

    return _DemoSet(SWW.model_id, TRUTH_NAME, make, lambda _: [RECORDING_NAME])


@dataclass(frozen=True, slots=True)
class _DemoSet:
    """A demo set is a folder's files and the list that goes with them."""

    model_id: str
    list_name: str
    make: Callable[[], tuple[Sequence[tuple[str, bytes]], bytes]]
    """Makes the files and the list."""
    names: Callable[[str], list[str]]
    """Returns the files of a list, in its order."""

    def write(self, root: Path, folder: Path) -> None:
        files, listed = self.make()
        root.mkdir(parents=True, exist_ok=True)
        fresh = root / f".{self.model_id}-{secrets.token_hex(4)}"
        fresh.mkdir()
        try:
            for name, data in files:
                (fresh / name).write_bytes(data)
            (fresh / self.list_name).write_bytes(listed)
            self._put_in_place(fresh, folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _put_in_place(self, fresh: Path, folder: Path) -> None:
        stale = fresh.with_name(fresh.name + "-stale")
        try:
            if folder.exists():
                folder.rename(stale)
            fresh.rename(folder)
        except OSError:
            # Another process may have been first with the very same set.
            if not self.is_right(folder):
                if stale.exists() and not folder.exists():
                    stale.rename(folder)
                raise
        shutil.rmtree(stale, ignore_errors=True)

    def is_right(self, folder: Path) -> bool:
        """Tells whether the folder holds this set to the byte."""
        try:
            listed = (folder / self.list_name).read_bytes()
            names = self.names(listed.decode())
            found = digest(((name, (folder / name).read_bytes()) for name in names), listed)
        except (OSError, ValueError):
            return False
        return found == DEMO_SHA256.get(self.model_id)

    def refuse_foreign(self, folder: Path) -> None:
        """Refuses a folder that holds anything but demo files."""
        if not folder.exists():
            return
        if not folder.is_dir():
            raise DemoError(f"{folder} is not a folder: name another place for the demo inputs")
        names = {entry.name for entry in folder.iterdir()}
        if names == {self.list_name}:  # the official lists are handed round without their inputs
            listed = (folder / self.list_name).read_text("utf-8", "replace")
            names = set(self.names(listed))
        foreign = sorted(
            name for name in names if name != self.list_name and not name.startswith(FILE_PREFIX)
        )
        if foreign:
            raise DemoError(
                f"{folder} holds {foreign[0]}, which is no demo file: not overwriting it with demo "
                "inputs; name another folder"
            )


def _generators() -> Mapping[str, _Generator]:
    # Here, for they import numpy, which who only wants to know the names need not wait for.
    from . import ad_machine_hum, ic_shapes, kws_words, vww_figures

    return {
        "vww01": vww_figures.make_input,
        "ic01": ic_shapes.make_input,
        "kws01": kws_words.make_input,
        "ad01": ad_machine_hum.make_input,
    }
