"""Makes a recording for sww from Speech Commands v0.02 and MUSAN, by a published recipe.

A recipe is a file such as ``long_wav_spec.json``: which part of which background is heard from when
to when, and which clip of the wake word begins when, each with its level. The arithmetic is that of
the reference's ``build_long_wav.py`` (mlcommons/tiny, ``benchmark/training/streaming_wakeword``):

- a background is divided by its standard deviation over what is heard of it;
- a clip is trimmed to the samples between the first and the last one above a twentieth of its
  greatest (the last is left out), then divided by its standard deviation;
- the sum, in float32, is divided by its peak and made 16 bits wide. A peak that is positive becomes
  -32768 for it is one too many: the published ten-second clip has such a sample.

The sum is made twice, in pieces, so that twenty minutes of it need not be held.
"""

from __future__ import annotations

import filecmp
import json
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TypeGuard

import numpy as np
import numpy.typing as npt

from ...models.suite import SWW
from ..errors import DatasetError, ProblemList
from ..streaming.sound import PIECE_SAMPLES, SAMPLE_RATE_HZ, Recording, Samples, write_stereo
from ..streaming.truth import StreamingTruth, read_truths, truth_text
from .build_dataset import BuildFailed

RECIPE_SUFFIX = "_spec"
_MAX_RECIPE_BYTES = 1 << 20
_LONGEST_S = 7200.0
_LOUDEST = 1000.0
_TRIMMED_BELOW = 0.05

Progress = Callable[[int, int], None]
"""Is told (seconds of the recording done, failures: none)."""

_Mix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a recipe is a background, or a clip of the wake word."""

    path: str
    """As the recipe has it, without the name of the data set's folder."""
    begin_s: float
    end_s: float | None
    """None of a clip, which is heard to its end."""
    level: float
    """The standard deviation that it is brought to."""

    @property
    def place(self) -> tuple[str, str]:
        """Returns the folder and the name of its file: by these it is found."""
        folder, name = self.path.split("/")[-2:]
        return folder, name


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe tells what a recording is mixed from."""

    wav_file: str
    length_s: float
    backgrounds: tuple[Part, ...]
    words: tuple[Part, ...]
    source: str

    @property
    def truth_file(self) -> str:
        """Returns the name of the truth beside the recording, as the official one has it."""
        return f"{SWW.key}_{Path(self.wav_file).stem.removesuffix('_wav')}_test.json"


@dataclass(frozen=True, slots=True)
class RecordingBuilt:
    """Says what a build made."""

    recording: Recording
    truth: StreamingTruth
    unchanged: bool
    """Whether the same recording was there already."""
    differing: tuple[str, ...] | None
    """Words whose windows are not the official ones, each with both; None where the official
    windows of this recording are not at hand."""


def read_recipe(path: Path) -> Recipe:
    """Reads a recipe; DatasetError says what is wrong with it."""
    try:
        if path.stat().st_size > _MAX_RECIPE_BYTES:
            raise DatasetError(f"{path}: more than {_MAX_RECIPE_BYTES} bytes are no recipe")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise DatasetError(f"{path}: cannot read the recipe: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: no JSON: {error}") from error
    if not isinstance(found, dict):
        raise DatasetError(f"{path}: expected a recipe such as long_wav_spec.json")
    length_s, rate_hz = found.get("length_sec"), found.get("sample_rate")
    if not _is_number(length_s) or not 0 < length_s <= _LONGEST_S:
        raise DatasetError(f"{path}: `length_sec` has to be within 0 and {_LONGEST_S:g} s")
    if rate_hz != SAMPLE_RATE_HZ:
        raise DatasetError(f"{path}: `sample_rate` is {rate_hz}, expected {SAMPLE_RATE_HZ} Hz")
    backgrounds = _parts(path, found, "configs_background", length_s, has_end=True)
    words = _parts(path, found, "configs_wakeword", length_s, has_end=False)
    name = path.stem.removesuffix(RECIPE_SUFFIX) + ".wav"
    return Recipe(name, length_s, backgrounds, words, str(path))


def _parts(path: Path, found: dict[str, object], key: str, length_s: float, *, has_end: bool
           ) -> tuple[Part, ...]:  # fmt: skip
    rows = found.get(key)
    if not isinstance(rows, list):
        raise DatasetError(f"{path}: expected a list as `{key}`")
    parts = []
    for number, row in enumerate(rows, 1):
        numbers = row[1:] if isinstance(row, list) else []
        if len(numbers) != 2 + has_end or not all(map(_is_number, numbers)):
            shape = "[path, begin, end, level]" if has_end else "[path, begin, level]"
            raise DatasetError(f"{path}: {key} {number}: expected {shape}")
        name = str(row[0]).rpartition("}")[2].strip("/")
        begin_s, end_s = numbers[0], numbers[1] if has_end else length_s
        is_heard = 0 <= begin_s < end_s <= length_s and 0 < numbers[-1] <= _LOUDEST
        if "/" not in name or not is_heard:
            raise DatasetError(
                f"{path}: {key} {number}: expected a file in a folder, heard within the "
                f"{length_s:g} s at a level up to {_LOUDEST:g}, found {str(row)[:80]}"
            )
        parts.append(Part(name, begin_s, end_s if has_end else None, numbers[-1]))
    return tuple(parts)


def _is_number(value: object) -> TypeGuard[float]:
    # Not isfinite(), which fails where an int is too large for a float.
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < inf


def build_recording(
    recipe: Recipe,
    source: Path,
    out: Path,
    *,
    official: StreamingTruth | None = None,
    overwrite: bool = False,
    progress: Progress = lambda done, failed: None,
) -> RecordingBuilt:
    """Makes the recipe's wav, and its truth beside it, in ``out/sww01``: whole, or not at all.

    ``source`` is a folder that holds both data sets, at any depth. BuildFailed names every file of
    the recipe that is missing or cannot be used. ``official`` are the windows to compare with.
    """
    tracks = _Tracks.open(recipe, source)
    truth = StreamingTruth(
        recipe.wav_file, tracks.windows_s, recipe.length_s, SAMPLE_RATE_HZ, recipe.source
    )
    folder = out / SWW.model_id
    wav = folder / recipe.wav_file
    peak = tracks.peak()
    listed = _is_listed(folder / recipe.truth_file, truth, overwrite)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".{recipe.wav_file}-{secrets.token_hex(4)}"
        try:
            with fresh.open("wb") as file:
                write_stereo(file, _told(tracks.sound(peak), progress))
            unchanged = wav.is_file() and filecmp.cmp(fresh, wav, shallow=False)
            if wav.exists() and not unchanged and not overwrite:
                raise _other(wav, "contents")
            fresh.replace(wav)
        finally:
            fresh.unlink(missing_ok=True)
        if not listed:
            (folder / recipe.truth_file).write_text(truth_text(truth), "utf-8")
    except OSError as error:
        raise DatasetError(
            f"{error.filename or folder}: cannot write the recording: {error.strerror or error}"
        ) from error
    differing = None if official is None else differences(recipe, truth, official)
    if truth.is_official:
        differing = ()
    return RecordingBuilt(Recording.open(wav), truth, unchanged, differing)


def _is_listed(path: Path, truth: StreamingTruth, overwrite: bool) -> bool:
    """Tells whether the file has these words already; DatasetError where it may not be replaced."""
    if not path.exists():
        return False
    try:
        if truth.sha256 in (one.sha256 for one in read_truths(path)):
            return True
    except DatasetError:
        pass  # it is no truth at all, and still somebody's
    if not overwrite:
        raise _other(path, "words")
    return False


def _other(path: Path, what: str) -> DatasetError:
    return DatasetError(
        f"{path}: other {what} than the build made: name another place with --out, or replace it "
        "with --overwrite"
    )


def differences(recipe: Recipe, truth: StreamingTruth, official: StreamingTruth) -> tuple[str, ...]:
    """Returns the words that begin or end elsewhere than officially, by a sample or more."""
    if len(truth.windows_s) != len(official.windows_s):
        return (f"{len(truth.windows_s)} words, officially {len(official.windows_s)}",)
    found = []
    for part, mine, theirs in zip(recipe.words, truth.windows_s, official.windows_s, strict=True):
        if any(abs(a - b) * SAMPLE_RATE_HZ >= 1 for a, b in zip(mine, theirs, strict=True)):
            found.append(
                f"{part.path}: from {mine[0]:.4f} to {mine[1]:.4f} s, officially from "
                f"{theirs[0]:.4f} to {theirs[1]:.4f} s"
            )
    return tuple(found)


def trimmed(samples: Samples) -> Samples:
    """Returns a clip without its quiet ends; empty where nothing of it is loud."""
    loud = np.flatnonzero(samples > samples.max() * _TRIMMED_BELOW)
    return samples[loud[0] : loud[-1]] if len(loud) else samples[:0]


# --- the sum -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Track:
    """A track is a part with its sound: where it begins, how long it is, how it is scaled."""

    begin: int
    count: int
    level: float
    deviation: float
    read: Callable[[int, int], Samples]
    """Returns so many samples of it from so far on."""

    def add_to(self, mix: _Mix, at: int) -> None:
        """Adds what is heard of it in a piece of the sum that begins at sample ``at``."""
        first, behind = max(at, self.begin), min(at + len(mix), self.begin + self.count)
        if first < behind:
            samples = self.read(first - self.begin, behind - first)
            mix[first - at : behind - at] += self.level * (samples / self.deviation)


@dataclass(frozen=True, slots=True)
class _Tracks:
    """Holds the tracks of a recipe in its order, for sums of floats depend on it."""

    tracks: tuple[_Track, ...]
    length: int
    windows_s: tuple[tuple[float, float], ...]

    @classmethod
    def open(cls, recipe: Recipe, source: Path) -> _Tracks:
        parts = (*recipe.backgrounds, *recipe.words)
        files = _find(source, {part.place for part in parts})
        problems, tracks = ProblemList(), []
        for part in parts:
            try:
                tracks.append(_track(part, files.get(part.place, []), recipe))
            except DatasetError as error:
                problems.add(str(error))
        try:
            problems.raise_if_any(
                f"{recipe.wav_file} cannot be made; nothing was written. Its recipe takes files of "
                f"Speech Commands v0.02 and of MUSAN; looked in {source} and its sub-folders:"
            )
        except DatasetError as error:
            raise BuildFailed(str(error)) from None
        words = zip(recipe.words, tracks[len(recipe.backgrounds) :], strict=True)
        windows = ((part.begin_s, part.begin_s + track.count / SAMPLE_RATE_HZ)
                   for part, track in words)  # fmt: skip
        return cls(tuple(tracks), int(recipe.length_s * SAMPLE_RATE_HZ), tuple(windows))

    def peak(self) -> np.float32:
        """Returns the greatest magnitude of the sum; DatasetError where there is none."""
        peak = max((np.max(np.abs(piece)) for piece in self._mixes()), default=np.float32(0))
        if not peak > 0:
            raise DatasetError("nothing is heard in this recording: the sum of its parts is silent")
        return peak

    def sound(self, peak: np.float32) -> Iterator[Samples]:
        """Yields the recording, piece by piece."""
        for piece in self._mixes():
            # By way of 32 bits: what 32768 becomes in 16 would depend on the processor.
            yield (piece / peak * np.float32(1 << 15)).astype(np.int32).astype(np.int16)

    def _mixes(self) -> Iterator[_Mix]:
        for at in range(0, self.length, PIECE_SAMPLES):
            mix = np.zeros(min(PIECE_SAMPLES, self.length - at), np.float32)
            for track in self.tracks:
                track.add_to(mix, at)
            yield mix


def _find(source: Path, places: set[tuple[str, str]]) -> dict[tuple[str, str], list[Path]]:
    """Returns where the files are, by the names of their folder and their own."""
    if not source.is_dir():
        found = "is a file" if source.exists() else "does not exist"
        raise DatasetError(f"{source}: {found}; expected a folder that holds both data sets")
    files: dict[tuple[str, str], list[Path]] = {}
    seen: set[str] = set()
    for folder, folders, names in os.walk(source, followlinks=True):  # data sets are often linked
        folders.sort()
        if (real := os.path.realpath(folder)) in seen:
            folders.clear()
            continue
        seen.add(real)
        parent = os.path.basename(os.path.abspath(folder))
        for name in names:
            if (parent, name) in places:
                files.setdefault((parent, name), []).append(Path(folder, name))
    return files


def _track(part: Part, found: list[Path], recipe: Recipe) -> _Track:
    if not found:
        raise DatasetError(f"{part.path}: not there")
    if len(found) > 1:
        raise DatasetError(
            f"{part.path}: {found[0]} and {found[1]} could be meant; name a narrower folder"
        )
    file = Recording.open(found[0], most_channels=1)
    begin = int(part.begin_s * SAMPLE_RATE_HZ)
    if part.end_s is None:
        samples = trimmed(file.whole())
        count = len(samples)
        if begin + count >= int(recipe.length_s * SAMPLE_RATE_HZ):
            raise DatasetError(f"{part.path}: goes on behind the end of the recording")
        read = _reader(samples)
    else:
        count = int(part.end_s * SAMPLE_RATE_HZ) - begin
        if file.samples < count:
            raise DatasetError(
                f"{found[0]}: {file.length_s:g} s; {count / SAMPLE_RATE_HZ:g} s of it are heard"
            )
        samples, read = file.read(0, count), file.read
    deviation = float(np.std(samples)) if count else 0.0
    if not deviation > 0:
        raise DatasetError(f"{found[0]}: silent, so there is nothing to scale it by")
    return _Track(begin, count, part.level, deviation, read)


def _reader(samples: Samples) -> Callable[[int, int], Samples]:
    return lambda at, count: samples[at : at + count]


def _told(pieces: Iterable[Samples], progress: Progress) -> Iterator[Samples]:
    done = 0
    for piece in pieces:
        yield piece
        done += len(piece)
        progress(done // SAMPLE_RATE_HZ, 0)
