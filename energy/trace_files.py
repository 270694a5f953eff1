"""The files of a trace: EEMBC's pair, our details beside them, MLCommons' results.json.

``trace1-energy.bin`` (see `trace`) and ``trace1-timestamps.json``, the events in seconds on the
trace's own axis, to the millisecond:

    [
        0.014,
        2.711
    ]

Neither holds what else a trace is, so a trace of ours has ``trace1-details.json`` as well: the
exact rate and events, who saw the events, gaps, provenance. Without it a trace is EEMBC's.

MLCommons keeps a trace in each entry of its results.json, ``"power": {"samples": [1.542e-05, …],
"timestamps": [["00", 2068], …], "voltage": 3}``: joules per millisecond, and the index of the
sample that each event came before. One that was made from a trace of ours says more under
``"tinyrunner"``: the exact rate, gaps, who saw the events and how exactly.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import NoReturn, TypeGuard

from .errors import TraceError
from .trace import HEADER, MAGIC, EnergyTrace, EventSource, Gap, Samples, TraceOrigin

DEFAULT_NAME = "trace1"
"""The field's name for the one trace of a session."""

MLCOMMONS_RATE_HZ = 1000.0
"""The rate of every published results.json; the file does not say it."""

MLCOMMONS_KEY = "tinyrunner"
"""The key under which a results.json of ours holds what the format has no place for."""

DETAILS_VERSION = 1
_MAX_TEXT_BYTES = 1 << 28
"""The largest text that is read; the published results.json holds 65,000 samples in 0.7 MB."""
_CHUNK_SAMPLES = 1 << 20


def energy_path(folder: Path, name: str = DEFAULT_NAME) -> Path:
    return folder / f"{name}-energy.bin"


def timestamps_path(folder: Path, name: str = DEFAULT_NAME) -> Path:
    return folder / f"{name}-timestamps.json"


def details_path(folder: Path, name: str = DEFAULT_NAME) -> Path:
    return folder / f"{name}-details.json"


def write_events(trace: EnergyTrace, folder: Path, name: str = DEFAULT_NAME) -> None:
    """Write what stands beside a trace's samples, which `TraceWriter` has written already."""
    _replace(timestamps_path(folder, name), timestamps_text(trace.events_s))
    details = {
        "format": DETAILS_VERSION,
        "sample_rate_hz": trace.sample_rate_hz,
        "samples": len(trace.samples_uj),
        "events_s": list(trace.events_s),
        "event_source": trace.event_source.key,
        "event_uncertainty_s": trace.event_uncertainty_s,
        "gaps": [[gap.index, gap.lost] for gap in trace.gaps],
        "provenance": dict(trace.provenance),
    }
    _replace(details_path(folder, name), json.dumps(details, indent=2) + "\n")


def timestamps_text(events_s: Sequence[float]) -> str:
    """Print events as EEMBC's runner does: tabs, at most three decimals, no last line end."""
    if not events_s:
        return "[]"
    shown = [f"{time_s:.3f}".rstrip("0").rstrip(".") for time_s in events_s]
    return "[\n\t" + ",\n\t".join(shown) + "\n]"


def read_trace(folder: Path, name: str = DEFAULT_NAME) -> EnergyTrace:
    """Read the trace in ``folder``, its samples mapped from the file; or TraceError."""
    rate_hz, samples = read_samples(energy_path(folder, name))
    details = details_path(folder, name)
    if details.exists():
        return _with_details(details, rate_hz, samples)
    events = _events(timestamps_path(folder, name), _json(timestamps_path(folder, name)))
    return EnergyTrace(rate_hz, samples, events, origin=TraceOrigin.EEMBC)


def read_samples(path: Path) -> tuple[float, Samples]:
    """Read rate in Hz and microjoules per sample of a ``…-energy.bin``, all finite."""
    import numpy as np

    try:
        with path.open("rb") as file:
            head = file.read(HEADER.size)
        size = path.stat().st_size - HEADER.size
    except OSError as error:
        raise TraceError(f"cannot read the trace {path}: {error.strerror}") from error
    if len(head) < HEADER.size:
        _wrong(path, f"a header of {HEADER.size} bytes", f"{len(head)} bytes in all")
    magic, rate_hz = HEADER.unpack(head)
    if magic != MAGIC:
        _wrong(path, f"the first byte 0x{MAGIC:02X} of an energy trace", f"0x{magic:02X}")
    if not (isfinite(rate_hz) and rate_hz > 0):
        _wrong(path, "a sample rate above 0 Hz in bytes 1 to 4", f"{rate_hz}")
    if size % 4:
        _wrong(path, "whole samples of 4 bytes", f"{size % 4} bytes more (cut off?)")
    if size == 0:
        return float(rate_hz), np.zeros(0, np.float32)
    samples = np.memmap(path, "<f4", "r", offset=HEADER.size)
    for start in range(0, len(samples), _CHUNK_SAMPLES):
        chunk = samples[start : start + _CHUNK_SAMPLES]
        # Finite float32 cannot overflow a sum in float64, and the sum is a single pass.
        with np.errstate(invalid="ignore"):
            finite = isfinite(float(chunk.sum(dtype=np.float64)))
        if not finite:
            index = int(np.argmin(np.isfinite(chunk)))
            _wrong(path, "a finite number", chunk[index], f"sample {start + index}")
    return float(rate_hz), samples


def read_results_json(path: Path) -> tuple[EnergyTrace, ...]:
    """Read the trace of each trial of MLCommons' results.json, in order."""
    entries = _json(path)
    if not isinstance(entries, list):
        _wrong(path, "a list of entries", entries)
    return tuple(read_trial(path, number, entry) for number, entry in enumerate(entries, 1))


def read_trial(path: Path, number: int, entry: object) -> EnergyTrace:
    """Read entry ``number`` of the results.json at ``path`` as a trace; or TraceError."""
    where = f"entry {number}"
    power = entry.get("power") if isinstance(entry, dict) else None
    if not isinstance(power, dict):
        _wrong(path, "a `power` object, as an energy session has", power, where)
    values = power.get("samples")
    if not isinstance(values, list) or not values:
        _wrong(path, "`power.samples` as a list of numbers", values, where)
    for index, value in enumerate(values):
        if not is_number(value):
            _wrong(path, "joules, finite", value, f"{where}, sample {index}")
    pairs = power.get("timestamps")
    if not isinstance(pairs, list):
        _wrong(path, "`power.timestamps` as [[event, sample], …]", pairs, where)
    marks: list[int] = []
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and _is_index(pair[1], len(values))):
            _wrong(path, f"[event, sample 0 to {len(values)}]", pair, where)
        if marks and pair[1] < marks[-1]:
            _wrong(path, f"events in order, after sample {marks[-1]}", pair, where)
        marks.append(pair[1])
    rate_hz, more = MLCOMMONS_RATE_HZ, power.get(MLCOMMONS_KEY)
    source, uncertainty_s, gaps = EventSource.MONITOR, 0.0, tuple[Gap, ...]()
    if more is not None:
        if not isinstance(more, dict) or not is_number(more.get("sample_rate_hz")):
            _wrong(path, f"`power.{MLCOMMONS_KEY}.sample_rate_hz` in Hz", more, where)
        rate_hz = float(more["sample_rate_hz"])
        span = marks[-1] - marks[-2] if len(marks) > 1 else 0
        # The rate only undoes that a window is rounded to whole milliseconds.
        if not (rate_hz > 0 and abs(span * MLCOMMONS_RATE_HZ / rate_hz - span) <= 0.501):
            _wrong(path, f"a rate near {MLCOMMONS_RATE_HZ:g} Hz", rate_hz, where)
        source, uncertainty_s = _event_facts(path, more)
        gaps = tuple(_gaps(path, more.get("gaps"), len(values)))
    voltage = power.get("voltage")
    import numpy as np

    return EnergyTrace(
        rate_hz,
        np.array(values) * 1e6,  # float64: the published figures are sums of these numbers
        tuple(mark / rate_hz for mark in marks),
        gaps,
        provenance={"supply_v": float(voltage)} if is_number(voltage) else {},
        origin=TraceOrigin.MLCOMMONS,
        event_source=source,
        event_uncertainty_s=uncertainty_s,
    )


def _with_details(path: Path, rate_hz: float, samples: Samples) -> EnergyTrace:
    found = _json(path)
    if not isinstance(found, dict) or found.get("format") != DETAILS_VERSION:
        version = found.get("format") if isinstance(found, dict) else found
        _wrong(path, f"details of a trace in format {DETAILS_VERSION}", version)
    exact_hz = found.get("sample_rate_hz")
    if not is_number(exact_hz) or not abs(exact_hz - rate_hz) <= 1e-6 * rate_hz:
        _wrong(path, f"sample_rate_hz as in the energy file, {rate_hz:g}", exact_hz)
    if found.get("samples") != len(samples):
        text = f"the {len(samples)} samples that stand in the energy file"
        _wrong(path, text, found.get("samples"))
    source, uncertainty_s = _event_facts(path, found)
    provenance = found.get("provenance")
    if not isinstance(provenance, dict):
        _wrong(path, "provenance as keys and values", provenance)
    return EnergyTrace(
        float(exact_hz),
        samples,
        _events(path, found.get("events_s")),
        tuple(_gaps(path, found.get("gaps"), len(samples))),
        provenance,
        event_source=source,
        event_uncertainty_s=uncertainty_s,
    )


def _event_facts(path: Path, found: dict[str, object]) -> tuple[EventSource, float]:
    """Return who saw the events, and how far each can be off in seconds."""
    sources = {source.key: source for source in EventSource}
    source, uncertainty = found.get("event_source"), found.get("event_uncertainty_s")
    if not isinstance(source, str) or source not in sources:
        _wrong(path, f"event_source as one of {', '.join(sources)}", source)
    if not is_number(uncertainty) or uncertainty < 0:
        _wrong(path, "event_uncertainty_s as seconds", uncertainty)
    return sources[source], float(uncertainty)


def _gaps(path: Path, rows: object, count: int) -> Iterator[Gap]:
    if not isinstance(rows, list):
        _wrong(path, "gaps as a list", rows)
    for row in rows:
        if not (isinstance(row, list) and len(row) == 2 and _is_index(row[0], count)):
            _wrong(path, f"a gap as [sample 0 to {count}, samples lost]", row)
        if not _is_index(row[1], 1 << 62):
            _wrong(path, "a whole number of lost samples", row)
        yield Gap(*row)


def _events(path: Path, values: object) -> tuple[float, ...]:
    if not isinstance(values, list):
        _wrong(path, "a list of seconds", values)
    last_s = 0.0
    for number, value in enumerate(values, 1):
        if not is_number(value) or value < 0:
            _wrong(path, "seconds from the trace's beginning", value, f"event {number}")
        if value < last_s:
            _wrong(path, f"events in order, at {last_s} s or later", value, f"event {number}")
        last_s = value
    return tuple(map(float, values))


def _json(path: Path) -> object:
    try:
        if path.stat().st_size > _MAX_TEXT_BYTES:
            _wrong(path, f"at most {_MAX_TEXT_BYTES} bytes", f"{path.stat().st_size}")
        value: object = json.loads(path.read_bytes())
        return value
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{path}: expected JSON: {error}") from error


def is_number(value: object) -> TypeGuard[float]:
    """Tell whether a value out of JSON is a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return isfinite(value)
    except OverflowError:
        return False


def _is_index(value: object, most: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all: a killed program leaves no half of one."""
    part = path.with_name(path.name + ".partial")
    try:
        part.write_bytes(text.encode())
        part.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _wrong(path: Path, expected: str, found: object, where: str = "") -> NoReturn:
    place = f"{path}, {where}" if where else f"{path}"
    raise TraceError(f"{place}: expected {expected}, found {str(found)[:80]!r}")
