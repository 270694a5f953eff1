"""Reads a .jls file, which Jetperch's Joulescope programs record, into a trace (extra `jls`).

Jetperch's own package, pyjls, reads the file. Its signals are known by the names that Jetperch's
recorders give them: ``power`` in watts, else ``current`` times ``voltage``, else ``current`` at a
voltage that is said; the inputs ``gpi[0]`` to ``gpi[3]`` and ``trigger_in``. All have a rate of
their own and the number of their first sample, so that number over rate is a time that they share.
NaN is a sample that was lost, or that the instrument had not got yet.

pyjls mends a file that was not closed, in place, and may crash when it does (0.10). Such a file is
copied, and the copy mended in another process. The header of a closed one has its length
(jls/format.h, jls_file_header_s). Damage in a closed one is found by the check of each piece.
"""

from __future__ import annotations

import importlib
import json
import logging
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TraceError
from ..trace import TraceWriter
from .capture import MAX_EDGES, Asked, Capture, CaptureWriter, check_size, too_many_edges

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    _Measured = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None]
    """Power in watts, and current in amperes where the file tells it: (count,) each."""

SIGNATURE = b"jlsfmt\r\n \n \x1a  \xb2\x1c"
OLD_SIGNATURE = b"\xd3tagfmt "
"""How files of version 1 begin (joulescope_ui before 1.0)."""

_LENGTH = struct.Struct("<Q")
_CHUNK_SAMPLES = 1 << 18
_F32, _U1 = "f32", "u1"
_PINS = ("gpi[0]", "gpi[1]", "gpi[2]", "gpi[3]")
_INSTALL = "pip install 'tinyrunner[jls]'"
_FIXED_RATE = 0
"""pyjls's SignalType.FSR."""


def read_jls(path: Path, target: Path, asked: Asked) -> Capture:
    """Read the file into a trace whose samples are written to ``target``; or TraceError.

    It says what to install where pyjls is absent.
    """
    pyjls = _pyjls()
    notes: list[str] = []
    copy = target.with_name(target.name + ".jls")
    try:
        whole = _is_closed(path)
        if not whole:
            _copy(path, copy)
            _mend(path, copy)
            notes.append(
                "The file was not closed: it was mended in a copy, and its end may be missing."
            )
        with _silent(), _reading(path), pyjls.Reader(str(path if whole else copy)) as reader:
            return _read(pyjls, path, reader, target, asked, notes)
    finally:
        copy.unlink(missing_ok=True)


def _pyjls() -> Any:  # noqa: ANN401 - it has no types
    try:
        return importlib.import_module("pyjls")
    except ImportError as error:
        raise TraceError(
            f".jls files are read by pyjls, which cannot be used ({error}): {_INSTALL}"
        ) from error


@contextmanager
def _silent() -> Iterator[None]:
    """Keep what pyjls logs of a damaged file off the terminal: its error says the same."""
    log, handler = logging.getLogger("pyjls.c"), logging.NullHandler()
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Translate what pyjls raises."""
    try:
        yield
    except (RuntimeError, ValueError, KeyError, MemoryError) as error:
        raise TraceError(f"{path}: pyjls cannot read it: {error}; is it damaged?") from error


def _is_closed(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(len(SIGNATURE) + _LENGTH.size)
    if len(head) < len(SIGNATURE) + _LENGTH.size:
        raise TraceError(f"{path}: it ends within the header of a .jls file")
    (length,) = _LENGTH.unpack_from(head, len(SIGNATURE))
    return bool(length == path.stat().st_size)


def _copy(path: Path, copy: Path) -> None:
    size, free = path.stat().st_size, shutil.disk_usage(copy.parent).free
    if size > free:
        raise TraceError(
            f"{path}: it was not closed, and to mend a copy of its {size / 1e9:.1f} GB there is no "
            f"room in {copy.parent}"
        )
    shutil.copyfile(path, copy)


def _mend(path: Path, copy: Path) -> None:
    """Let pyjls mend the copy, where it may crash."""
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-c", _MEND, json.dumps([sys.path, str(copy)])],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_MEND_S + copy.stat().st_size / _MEND_BYTES_PER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TraceError(
            f"{path}: it was not closed, and mending a copy failed: {error}"
        ) from error
    if ran.returncode:
        why = ran.stdout.decode("utf-8", "replace").strip() or f"status {ran.returncode}"
        raise TraceError(
            f"{path}: it was not closed, and pyjls cannot mend a copy of it ({why}); try to open "
            "it with the Joulescope UI"
        )


_MEND = """\
import json, sys
sys.path[:], path = json.loads(sys.argv[1])
from pyjls import Reader
try:
    Reader(path).close()
except RuntimeError as error:
    print(error)
    sys.exit(1)
"""
_MEND_S = 60.0
_MEND_BYTES_PER_S = 1e7
"""Less than any disk gives: a program that is stuck ends some time."""


@dataclass(frozen=True, slots=True)
class _Signal:
    """Is one signal of the file."""

    name: str
    number: int
    rate_hz: float
    first: int
    """The number of its first sample, on the axis that all signals share."""
    end: int


def _read(
    pyjls: Any,  # noqa: ANN401
    path: Path,
    reader: Any,  # noqa: ANN401
    target: Path,
    asked: Asked,
    notes: list[str],
) -> Capture:
    source = _source(path, reader, asked.instrument)
    signals = _signals(pyjls, reader, source.source_id)
    measure, used = _power(path, reader, signals, asked.supply_v)
    first = max(signal.first for signal in used)
    end = min(signal.end for signal in used)
    rate_hz = used[0].rate_hz
    check_size(path, max(0, end - first), target)
    edges_s = _falls(path, reader, signals, asked.pin, notes)
    with TraceWriter(target, rate_hz) as writer:
        into = CaptureWriter(path, writer)
        place = 0
        for start in range(first, end, _CHUNK_SAMPLES):
            count = min(_CHUNK_SAMPLES, end - start)
            power_w, current_a = measure(start, count)
            until_s = (start + count) / rate_hz
            here = []
            while place < len(edges_s) and edges_s[place] < until_s:
                if (edge := edges_s[place] * rate_hz - start) >= 0:
                    here.append(edge)
                place += 1
            into.add(power_w / rate_hz, _not_finite(power_w), here, current_a)
        provenance = {
            "file": path.name,
            "format": "Joulescope (.jls)",
            "model": source.model or "",
            "serial": source.serial_number or "",
            "signals": [signal.name for signal in used],
        }
        if asked.supply_v is not None:
            provenance["supply_v"] = asked.supply_v
        trace = writer.finish(provenance)
    return Capture("Joulescope (.jls)", trace, *into.currents_a, (*notes, *into.told()))


def _source(path: Path, reader: Any, serial: str) -> Any:  # noqa: ANN401
    """Return the instrument that is meant; number 0 is for remarks about the whole file."""
    sources = [source for number, source in sorted(reader.sources.items()) if number]
    if serial:
        sources = [source for source in sources if source.serial_number == serial]
    if len(sources) == 1:
        return sources[0]
    there = ", ".join(
        f"{source.model} {source.serial_number}" for number, source in reader.sources.items()
        if number
    )  # fmt: skip
    raise TraceError(
        f"{path}: of which instrument? Give --instrument SERIAL; in the file: {there or 'none'}"
    )


def _signals(pyjls: Any, reader: Any, source_id: int) -> dict[str, _Signal]:  # noqa: ANN401
    """Return the signals of an instrument that are of use, by their names."""
    kinds = {pyjls.DataType.F32: _F32, pyjls.DataType.U1: _U1}
    found = {}
    for number, one in reader.signals.items():
        if one.source_id != source_id or one.signal_type != _FIXED_RATE or one.sample_rate <= 0:
            continue
        kind = kinds.get(one.data_type)
        if (kind == _F32 and one.name in ("power", "current", "voltage")) or kind == _U1:
            first = int(one.sample_id_offset)
            end = first + int(one.length)
            found[one.name] = _Signal(one.name, number, float(one.sample_rate), first, end)
    return found


def _power(
    path: Path,
    reader: Any,  # noqa: ANN401
    signals: dict[str, _Signal],
    supply_v: float | None,
) -> tuple[Callable[[int, int], _Measured], list[_Signal]]:
    """Return what gives power and current from a sample on, and the signals that they are of."""
    power, current, voltage = map(signals.get, ("power", "current", "voltage"))
    if power is not None:
        beside = current if current is not None and current.rate_hz == power.rate_hz else None

        def told(start: int, count: int) -> _Measured:
            current_a = None if beside is None else _values(reader, beside, start, count)
            return _values(reader, power, start, count), current_a

        return told, [power] if beside is None else [power, beside]
    if current is None:
        raise TraceError(
            f"{path}: it holds neither power nor current; its signals: {', '.join(signals) or '–'}"
        )
    if voltage is not None and voltage.rate_hz == current.rate_hz:

        def multiplied(start: int, count: int) -> _Measured:
            current_a = _values(reader, current, start, count)
            return current_a * _values(reader, voltage, start, count), current_a

        return multiplied, [current, voltage]
    if supply_v is None:
        raise TraceError(
            f"{path}: it holds a current and no voltage of the same rate; say at which voltage it "
            "was drawn (--supply-v)"
        )

    def supplied(start: int, count: int) -> _Measured:
        current_a = _values(reader, current, start, count)
        return current_a * supply_v, current_a

    return supplied, [current]


def _values(
    reader: Any,  # noqa: ANN401
    signal: _Signal,
    start: int,
    count: int,
) -> npt.NDArray[np.float64]:
    """Return ``count`` samples from number ``start`` on: (count,)."""
    import numpy as np

    return np.asarray(reader.fsr(signal.number, start - signal.first, count), np.float64)


def _not_finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    import numpy as np

    return ~np.isfinite(values)


def _falls(
    path: Path,
    reader: Any,  # noqa: ANN401
    signals: dict[str, _Signal],
    pin: int | None,
    notes: list[str],
) -> list[float]:
    """Return when the input fell, in seconds of the axis that the signals share."""
    import numpy as np

    if pin is None:
        return []
    if not 0 <= pin < len(_PINS):
        raise TraceError(f"{path}: a Joulescope has the inputs 0 to {len(_PINS) - 1}, none {pin}")
    signal = signals.get(_PINS[pin])
    if signal is None:
        notes.append(f"The input {_PINS[pin]} was not recorded: no edges.")
        return []
    found: list[float] = []
    was_high = False
    for start in range(signal.first, signal.end, _CHUNK_SAMPLES):
        count = min(_CHUNK_SAMPLES, signal.end - start)
        packed = reader.fsr(signal.number, start - signal.first, count)
        high = np.unpackbits(packed, count=count, bitorder="little").astype(bool)
        falls = np.flatnonzero(np.concatenate(([was_high], high[:-1])) & ~high)
        found += ((falls + start) / signal.rate_hz).tolist()
        was_high = bool(high[-1])
        if len(found) > MAX_EDGES:
            raise too_many_edges(path)
    return found
