"""Reads a .ppk2 file, which Nordic's nRF Connect Power Profiler saves, into a trace.

It is a zip archive of three files. ``metadata.json`` is ``{"metadata": {"samplesPerSecond": 100000,
"startSystemTime": 1700000000000}, "formatVersion": 2}``, the beginning in milliseconds since 1970.
``session.raw`` has six bytes a sample: microamperes as float32, little-endian, then the inputs as
a uint16, **big-endian**, two bits an input and D0 the lowest: 01 low, 10 high, 11 both within the
sample. ``minimap.raw`` is a preview. There is no voltage: who reads it has to say at which.

The application puts exactly 0.2 µA with all inputs low where a sample was lost; it makes 0 of
less. At less than the kit's full 100 kHz a lost sample disappears in a mean.

Source: NordicSemiconductor/pc-nrfconnect-ppk, src/utils/saveFileHandler.ts, src/globals.ts
(addData), src/utils/bitConversion.ts, src/actions/deviceActions.ts (onSample) and
src/device/serialDevice.ts. Other programs write the inputs as a plain number: these are told by
their pairs, of which some are 00, and give no edges.
"""

from __future__ import annotations

import errno
import json
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TraceError
from ..trace import TraceWriter
from ..trace_files import is_number
from .capture import Asked, Capture, CaptureWriter, check_size

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SIGNATURE = b"PK\x03\x04"
FORMAT_VERSION = 2
_LATEST_MS = 1e18
"""Milliseconds since 1970 that a recording cannot have begun at."""
FULL_RATE_HZ = 100_000
FRAME_BYTES = 6
PINS = 8

_CHUNK_FRAMES = 1 << 18
_MOST_METADATA = 1 << 20
_NO_PAIR, _HAS_LOW, _HIGH = 0, 1, 2
_LOST_UA, _LOST_BITS = 0.2, 0x5555


def read_ppk2(path: Path, target: Path, asked: Asked) -> Capture:
    """Read the file into a trace whose samples are written to ``target``; or TraceError."""
    supply_v, pin = asked.supply_v, asked.pin
    if supply_v is None:
        raise TraceError(
            f"{path}: a .ppk2 file holds currents and no voltage; say at which one they were drawn "
            "(--supply-v)"
        )
    if pin is not None and not 0 <= pin < PINS:
        raise TraceError(f"{path}: a PPK2 has the inputs 0 to {PINS - 1}, none with number {pin}")
    try:
        with zipfile.ZipFile(path) as archive:
            rate_hz, began_ms = _metadata(path, archive)
            return _read(path, archive, target, rate_hz, began_ms, supply_v, pin)
    # A password is a RuntimeError; a damaged place or name, what Python makes of it.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise _damaged(path, error) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # of a place before the file's beginning
            raise
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> TraceError:
    return TraceError(f"{path}: it is no whole .ppk2 file: {error}")


def _metadata(path: Path, archive: zipfile.ZipFile) -> tuple[int, float | None]:
    """Return the rate and when the recording began."""
    with archive.open(_member(path, archive, "metadata.json")) as file:
        text = file.read(_MOST_METADATA + 1)
    try:
        found = json.loads(text) if len(text) <= _MOST_METADATA else None
    except (ValueError, RecursionError):
        found = None
    inner = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(inner, dict):
        raise TraceError(f"{path}: its metadata.json is not what the Power Profiler writes")
    if (version := found.get("formatVersion")) != FORMAT_VERSION:
        raise TraceError(
            f"{path}: expected formatVersion {FORMAT_VERSION}, found {str(version)[:40]!r}; open "
            "and save it with a present version of the Power Profiler"
        )
    rate = inner.get("samplesPerSecond")
    if not is_number(rate) or not 0 < rate <= FULL_RATE_HZ or rate != int(rate):
        raise TraceError(
            f"{path}: expected samplesPerSecond from 1 to {FULL_RATE_HZ}, found {str(rate)[:40]!r}"
        )
    began = inner.get("startSystemTime")
    return int(rate), float(began) if is_number(began) and abs(began) < _LATEST_MS else None


def _read(
    path: Path,
    archive: zipfile.ZipFile,
    target: Path,
    rate_hz: int,
    began_ms: float | None,
    supply_v: float,
    pin: int | None,
) -> Capture:
    import numpy as np

    frame = np.dtype([("ua", "<f4"), ("bits", ">u2")])
    info = _member(path, archive, "session.raw")
    count, rest = divmod(info.file_size, FRAME_BYTES)
    if rest:
        raise TraceError(f"{path}: its session.raw ends within a sample: it is cut")
    check_size(path, count, target)
    pins = _Pin(pin)
    with archive.open(info) as file, TraceWriter(target, rate_hz) as writer:
        into = CaptureWriter(path, writer)
        read = 0
        while data := _frames(file):
            frames = np.frombuffer(data, frame)
            read += len(frames)
            current_a = frames["ua"].astype(np.float64) * 1e-6
            lost = ~np.isfinite(current_a)
            if rate_hz == FULL_RATE_HZ:
                lost |= (frames["ua"] == np.float32(_LOST_UA)) & (frames["bits"] == _LOST_BITS)
            edges = pins.falls(frames["bits"], lost)
            into.add(current_a * (supply_v / rate_hz), lost, edges, current_a)
        if read != count:  # the archive's own list says otherwise than what stands in it
            raise TraceError(f"{path}: session.raw has {read} samples of {count}: it is damaged")
        provenance: dict[str, Any] = {
            "file": path.name,
            "format": "nRF Connect Power Profiler (.ppk2)",
            "supply_v": supply_v,
        }
        if began_ms is not None:
            provenance["began_ms_since_1970"] = began_ms
        trace = writer.finish(provenance)
    notes = into.told()
    if pins.foreign:
        notes.append(
            "Its inputs are not as the Power Profiler writes them (a pair of bits each): no edges "
            "are taken."
        )
        trace = replace(trace, events_s=())
    mean_a, max_a = into.currents_a
    return Capture("nRF Connect Power Profiler (.ppk2)", trace, mean_a, max_a, tuple(notes))


def _frames(file: Any) -> bytes:  # noqa: ANN401 - what zipfile opens
    """Read whole frames, as many as a chunk has; fewer at the end."""
    data = bytearray()
    while len(data) < _CHUNK_FRAMES * FRAME_BYTES:
        part = file.read(_CHUNK_FRAMES * FRAME_BYTES - len(data))
        if not part:
            break
        data += part
    return bytes(data)


class _Pin:
    """Follows one input over the chunks of a file."""

    def __init__(self, pin: int | None) -> None:
        self._pin = pin
        self._was_high = False
        self.foreign = False
        """Whether some pair of bits is none that Nordic's application writes."""

    def falls(self, bits: npt.NDArray[np.uint16], lost: npt.NDArray[np.bool_]) -> list[float]:
        """Return the samples in which the input fell; a lost one says nothing."""
        import numpy as np

        if self._pin is None:
            return []
        places = np.flatnonzero(~lost)
        pairs = (bits[places] >> np.uint16(2 * self._pin)) & 3
        self.foreign = self.foreign or bool((pairs == _NO_PAIR).any())
        high = pairs == _HIGH
        was_high = np.concatenate(([self._was_high], high[:-1]))
        if len(high):
            self._was_high = bool(high[-1])
        fell: list[float] = places[was_high & ~high].astype(float).tolist()
        return fell


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise TraceError(
            f"{path}: a zip archive without {name}: no .ppk2 file of the Power Profiler"
        ) from None
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise TraceError(
            f"{path}: its {name} is compressed as the Power Profiler does not (method "
            f"{info.compress_type}): it is damaged, or another program's"
        )
    return info
