"""Generated inputs for trying the whole program without downloading anything.

The inputs are synthetic: they have the shape, the type and roughly the statistics of a task's
real ones, and nothing else. They are for demonstration and tests, never for a submission.

Every byte follows from (seed, position in the list) by integer arithmetic alone: a SplitMix64
stream, sums, products and shifts. No float, no library generator: the set is the same on every
platform and with every numpy, which ``DEMO_SHA256`` pins and a test checks. Input ``i`` does not
depend on how many are made, so a longer set begins with the shorter one.

To add a task: write a ``_Generator`` for it, enter it in ``_GENERATORS``, and pin its digest.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import platformdirs

from ..models.demo import DemoError
from ..models.suite import KWS, Task

DEMO_COUNT = 120
"""Inputs in a demo set: ten a class for kws, and a simulated run of them takes seconds."""

EVALUATION_SEED = 0x7E57
TRAINING_SEED = 0x7EAC4
"""A different stream from ``EVALUATION_SEED``: the demo model has seen none of the demo set."""

LABEL_LIST = "y_labels.csv"
FILE_PREFIX = "demo_"
"""Begins the name of every generated file; what is named otherwise is never overwritten."""

CACHE_VARIABLE = "TINYRUNNER_CACHE"

DEMO_SHA256: Mapping[str, str] = MappingProxyType(
    {
        "kws01": "6ca063f9db7708b72f28bc140f69c724df9f777b2a688134fd947951878aa1d4",
    }
)
"""Digest (see ``digest``) of the default set, by model id."""


@dataclass(frozen=True, slots=True)
class DemoInput:
    """One generated file and the class it belongs to."""

    name: str
    data: bytes
    label: int


_Generator = Callable[[int, int], bytes]
"""(stream key of the input, label) to the bytes of its file."""

_Integers = npt.NDArray[np.int64]


def generate(
    task: Task, *, seed: int = EVALUATION_SEED, count: int = DEMO_COUNT
) -> tuple[DemoInput, ...]:
    """``count`` labelled inputs; every block of as many as there are classes holds each once."""
    make = _GENERATORS.get(task.model_id)
    if make is None:
        raise DemoError(
            f"no demo inputs for {task.model_id} yet; there are some for "
            f"{', '.join(_GENERATORS)}. Give the folder of real ones instead"
        )
    inputs = []
    for index in range(count):
        block, position = divmod(index, task.class_count)
        label = _permutation(_key(seed, 1, block), task.class_count)[position]
        name = f"{FILE_PREFIX}{index:06d}_{task.class_names[label]}_{label}.bin"
        inputs.append(DemoInput(name, make(_key(seed, 2, index), label), label))
    return tuple(inputs)


def label_list(task: Task, inputs: Iterable[DemoInput]) -> bytes:
    """The ``y_labels.csv`` of the inputs: file, classes, label; LF line ends."""
    return "".join(f"{item.name},{task.class_count},{item.label}\n" for item in inputs).encode()


def digest(files: Iterable[tuple[str, bytes]], labels: bytes) -> str:
    """SHA-256 over name, NUL and bytes of every file in list order, then the label list."""
    total = hashlib.sha256()
    for name, data in files:
        total.update(name.encode() + b"\0" + data)
    total.update(labels)
    return total.hexdigest()


def default_root() -> Path:
    """Where demo sets are kept: in the user's cache folder, or under $TINYRUNNER_CACHE."""
    override = os.environ.get(CACHE_VARIABLE)
    cache = Path(override) if override else platformdirs.user_cache_path("tinyrunner")
    return cache / "demo-datasets"


def materialise(task: Task, root: Path) -> Path:
    """Make sure that the default set of ``task`` stands in ``root/<model id>``; return that folder.

    A set that is already there and right is left alone, a damaged or outdated one is replaced as
    a whole, and a folder holding anything but demo files is refused: it may be somebody's data.
    """
    folder = root / task.model_id
    if _is_right(task, folder):
        return folder
    _refuse_foreign(folder)
    inputs = generate(task)
    root.mkdir(parents=True, exist_ok=True)
    fresh = root / f".{task.model_id}-{secrets.token_hex(4)}"
    fresh.mkdir()
    try:
        for item in inputs:
            (fresh / item.name).write_bytes(item.data)
        (fresh / LABEL_LIST).write_bytes(label_list(task, inputs))
        _put_in_place(task, fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _put_in_place(task: Task, fresh: Path, folder: Path) -> None:
    stale = fresh.with_name(fresh.name + "-stale")
    try:
        if folder.exists():
            folder.rename(stale)
        fresh.rename(folder)
    except OSError:
        # Another process may have been first with the very same set.
        if not _is_right(task, folder):
            if stale.exists() and not folder.exists():
                stale.rename(folder)
            raise
    shutil.rmtree(stale, ignore_errors=True)


def _is_right(task: Task, folder: Path) -> bool:
    try:
        labels = (folder / LABEL_LIST).read_bytes()
        names = [line.split(",")[0] for line in labels.decode().splitlines()]
        found = digest(((name, (folder / name).read_bytes()) for name in names), labels)
    except (OSError, ValueError):
        return False
    return found == DEMO_SHA256.get(task.model_id)


def _refuse_foreign(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DemoError(f"{folder} is not a folder: name another place for the demo inputs")
    names = {entry.name for entry in folder.iterdir()}
    if names == {LABEL_LIST}:  # the official sets' lists are handed round without their inputs
        listed = (folder / LABEL_LIST).read_text("utf-8", "replace").splitlines()
        names = {line.split(",")[0] for line in listed}
    foreign = sorted(
        name for name in names if name != LABEL_LIST and not name.startswith(FILE_PREFIX)
    )
    if foreign:
        raise DemoError(
            f"{folder} holds {foreign[0]}, which is no demo file: not overwriting it with demo "
            "inputs; name another folder"
        )


# --- integers at random -------------------------------------------------------------------------

_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The output function of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _stream(key: int, count: int) -> npt.NDArray[np.uint64]:
    """The first ``count`` numbers of SplitMix64 seeded with ``key``."""
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GAMMA)
    return _mix(steps + np.uint64(key & _MASK))


def _key(*parts: int) -> int:
    """A stream key from a path of numbers, such as (seed, purpose, index)."""
    key = 0
    for part in parts:
        key = int(_stream(key ^ part, 1)[0])
    return key


def _below(numbers: npt.NDArray[np.uint64], bound: int) -> _Integers:
    """Each number brought into 0..bound-1 (the bias, under 2^-50, does not matter here)."""
    return (numbers % np.uint64(bound)).astype(np.int64)


def _permutation(key: int, count: int) -> list[int]:
    return [int(index) for index in np.argsort(_stream(key, count), kind="stable")]


def _noise(key: int, shape: tuple[int, ...]) -> _Integers:
    """Bell-shaped noise about 0 with a standard deviation of 148: four summed bytes each."""
    words = _stream(key, int(np.prod(shape)))
    total = np.zeros(words.shape, np.int64)
    for shift in (0, 16, 32, 48):
        total += ((words >> np.uint64(shift)) & np.uint64(0xFF)).astype(np.int64)
    return (total - 510).reshape(shape)


# --- kws: words of three sounds -----------------------------------------------------------------
#
# A word is three sounds in a row; a sound is a level for each of the ten coefficients. Words share
# sounds, so that no single frame tells them apart. The speaker's start, pace, loudness, colour and
# background noise vary. "Silence" has no sounds, "Unknown" three in an order that is no word's.

_FRAMES, _COEFFICIENTS, _ = KWS.input_shape
_SILENCE, _UNKNOWN = KWS.class_names.index("Silence"), KWS.class_names.index("Unknown")

_SOUND_COUNT = 7
_WORDS = (
    (0, 1, 2), (3, 1, 2), (0, 4, 5), (3, 1, 6), (5, 4, 2),
    (5, 0, 2), (6, 4, 0), (6, 1, 3), (2, 4, 1), (2, 0, 6),
)  # fmt: skip
"""The sounds of the ten words, in the order of the classes; neighbours differ in one sound."""

_REST = (36, 84, 83, 82, 82, 82, 82, 82, 82, 82)
"""Level of each coefficient with nobody speaking, after the means of the real set."""

_SPREAD = (44, 16, 12, 10, 8, 8, 7, 7, 6, 6)
"""How far a sound can take each coefficient from rest; the first one, loudness, only upward."""

_LOUDEST_NOISE = 6
"""Sets how hard the set is: a standard deviation of 0.58 a step, up to 3.5 here."""


def _kws_sounds() -> _Integers:
    """Levels of each sound above rest, in 1/16, the same for every set: (sound, coefficient)."""
    spread = np.array(_SPREAD, np.int64)
    numbers = _stream(_key(0x50, 0x0D), _SOUND_COUNT * _COEFFICIENTS)
    levels = (_below(numbers, 33) - 16).reshape(_SOUND_COUNT, _COEFFICIENTS) * spread
    levels[:, 0] = (levels[:, 0] + 48 * spread[0]) >> 2
    return levels


def _kws_input(key: int, label: int) -> bytes:
    draw: Iterator[int] = iter(_stream(_key(key, 1), 32).tolist())

    def pick(low: int, high: int) -> int:
        return low + next(draw) % (high - low + 1)

    values = np.tile(np.array(_REST, np.int64) << 8, (_FRAMES, 1))  # 8 fractional bits
    if label != _SILENCE:
        sounds = _kws_sounds()
        if label == _UNKNOWN:
            word = (pick(0, 6), pick(0, 6), pick(0, 6))
            while word in _WORDS or len(set(word)) < 2:
                word = (pick(0, 6), pick(0, 6), pick(0, 6))
        else:
            word = _WORDS[label]
        gain = pick(7, 20)
        middle = pick(8, 18)
        frames = np.arange(_FRAMES, dtype=np.int64)
        for sound in word:
            length = pick(7, 11)
            # A triangle, 16 at its middle and 0 one and a half lengths away: sounds overlap.
            weight = np.maximum(16 - (32 * np.abs(frames - middle)) // (3 * length), 0)
            # 1/16 (level) x 1/16 (weight) x 1/16 (gain) is 12 fractional bits; keep 8.
            values += (weight[:, None] * (sounds[sound] * gain)[None, :]) >> 4
            middle += length
    colour = _noise(_key(key, 2), (_COEFFICIENTS,)) * pick(1, 3)
    background = _noise(_key(key, 3), (_FRAMES, _COEFFICIENTS)) * pick(2, _LOUDEST_NOISE)
    levels: _Integers = (values + colour[None, :] + background + 128) >> 8
    return levels.clip(-128, 127).astype(np.int8).tobytes()


_GENERATORS: Mapping[str, _Generator] = MappingProxyType({KWS.model_id: _kws_input})
