"""Writes a trace as a table, a row a sample, for other programs: CSV, or Parquet by pyarrow.

The columns: ``time_s``, when the sample begins; ``power_w``, its mean power; ``edges``, how many
edges of the timestamp pin are within it; ``lost_before``, how many samples are missing in front of
it. A table is written whole or not at all.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TraceError
from ..trace import EnergyTrace

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

COLUMNS = ("time_s", "power_w", "edges", "lost_before")
_CHUNK_SAMPLES = 1 << 18
_INSTALL = "pip install 'tinyrunner[parquet]'"


def write_csv(trace: EnergyTrace, path: Path) -> None:
    """Write the table as CSV with one line of heads; TraceError where it cannot be written."""
    with _whole(path) as partial, partial.open("w", encoding="ascii", newline="\n") as file:
        file.write(",".join(COLUMNS) + "\n")
        for columns in _chunks(trace):
            rows = zip(*(column.tolist() for column in columns), strict=True)
            file.write("".join(["%.9f,%.9g,%d,%d\n" % row for row in rows]))  # noqa: UP031 - fast


def write_parquet(trace: EnergyTrace, path: Path) -> None:
    """Write the table as Parquet, what else a trace is in its metadata under `tinyrunner`.

    TraceError says why it cannot be written, or what to install.
    """
    pyarrow, parquet = import_pyarrow()
    about = {
        "sample_rate_hz": trace.sample_rate_hz,
        "events_s": list(trace.events_s),
        "event_source": trace.event_source.key,
        "origin": trace.origin.value,
        "provenance": dict(trace.provenance),
    }
    kinds = (pyarrow.float64(), pyarrow.float32(), pyarrow.uint32(), pyarrow.uint64())
    schema = pyarrow.schema(
        list(zip(COLUMNS, kinds, strict=True)), metadata={"tinyrunner": json.dumps(about)}
    )
    with _whole(path) as partial, parquet.ParquetWriter(str(partial), schema) as writer:
        for columns in _chunks(trace):
            arrays = [
                pyarrow.array(column, type=kind)
                for column, kind in zip(columns, kinds, strict=True)
            ]
            writer.write_table(pyarrow.table(arrays, schema=schema))


def import_pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and its Parquet; TraceError, with what to install, where it cannot be used.

    A release that wants another numpy raises ImportError as well.
    """
    try:
        return importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise TraceError(
            f"Parquet is written by pyarrow, which cannot be used ({error}): {_INSTALL}"
        ) from error


def _chunks(trace: EnergyTrace) -> Iterator[tuple[npt.NDArray[np.generic], ...]]:
    import numpy as np

    rate_hz, count = trace.sample_rate_hz, len(trace.samples_uj)
    gaps = np.array([(gap.index, gap.lost) for gap in trace.gaps], np.int64).reshape(-1, 2)
    within = np.floor(np.array(trace.events_s) * rate_hz + 1e-6).astype(np.int64)
    for start in range(0, count, _CHUNK_SAMPLES):
        end = min(start + _CHUNK_SAMPLES, count)
        here = within[(within >= start) & (within < end)] - start
        lost = np.zeros(end - start, np.uint64)
        inside = gaps[(gaps[:, 0] >= start) & (gaps[:, 0] < end)]
        np.add.at(lost, inside[:, 0] - start, inside[:, 1].astype(np.uint64))
        power_w = np.asarray(trace.samples_uj[start:end], np.float64) * (rate_hz * 1e-6)
        edges = np.bincount(here, minlength=end - start).astype(np.uint32)
        yield np.arange(start, end) / rate_hz, power_w.astype(np.float32), edges, lost


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    partial = path.with_name(path.name + ".partial")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise TraceError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
