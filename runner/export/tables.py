"""Writes rows as tables: CSV, JSON lines, Markdown, Parquet; and as columns for a data frame."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ...energy.captures.export import import_pyarrow
from .rows import Cell, LayerRow, Row, SessionRow, columns_of


def columns(rows: Iterable[Row], kind: type[Row]) -> dict[str, list[Cell]]:
    """Return rows as columns, in the schema's order: what pandas and polars make a frame of."""
    found: dict[str, list[Cell]] = {column.name: [] for column in columns_of(kind)}
    for row in rows:
        for name, cell in row.cells().items():
            found[name].append(cell)
    return found


def csv_text(rows: Iterable[Row], kind: type[Row]) -> str:
    """Return a line of heads and a line a row; an unknown cell is empty, a truth value in words."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(column.name for column in columns_of(kind))
    for row in rows:
        writer.writerow(
            str(cell).lower() if isinstance(cell, bool) else cell for cell in row.cells().values()
        )
    return file.getvalue()


def json_lines(rows: Iterable[Row]) -> str:
    """Return an object a line, with every column; an unknown cell is null."""
    return "".join(
        json.dumps(row.cells(), ensure_ascii=False, allow_nan=False) + "\n" for row in rows
    )


def _digits(value: float) -> str:
    """Write four digits, and all of those ahead of the point."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


_SHOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "task": ("task", str),
    "mode": ("mode", str),
    "system": ("system", str),
    "throughput_per_s": ("inf./s", _digits),
    "latency_s": ("ms", lambda time_s: _digits(time_s * 1e3)),
    "energy_per_inference_j": ("µJ/inf.", lambda energy_j: _digits(energy_j * 1e6)),
    "power_w": ("mW", lambda power_w: _digits(power_w * 1e3)),
    "accuracy": ("accuracy", lambda share: f"{share:.4f}"),
    "duty_cycle": ("duty cycle", lambda share: f"{share:.4f}"),
    "verdict": ("verdict", str),
    "reason": ("reason", str),
}
"""What a page of Markdown shows of a session: its head, and how a cell is written."""
_SHOWN_OF_LAYERS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "log": ("log", str),
    "layer": ("#", str),
    "operator": ("operator", str),
    "output": ("output", str),
    "macs": ("MACs", str),
    "cycles": ("cycles", str),
    "cycles_per_mac": ("per MAC", _digits),
    "elapsed_s": ("µs", lambda time_s: f"{time_s * 1e6:.0f}"),
    "share": ("share", lambda share: f"{100 * share:.1f} %"),
    "counter_kind": ("counted", str),
}
_TO_THE_RIGHT = frozenset(
    ["throughput_per_s", "latency_s", "energy_per_inference_j", "power_w", "accuracy", "duty_cycle"]
)
_NUMBERS_OF_LAYERS = frozenset(["macs", "cycles", "cycles_per_mac", "elapsed_s", "share"])
_MARKED = re.compile(r"([\\`*_{}\[\]()#+!|<>~&])")
_LONGEST = 200
"""The most characters of a cell: a reason may be long, and a summary has a megabyte."""


def markdown(rows: Sequence[Row], kind: type[Row]) -> str:
    """Return a table for a job's summary or a pull request; columns without a cell are left out.

    Of sessions and layers it shows figures in the units of the field, of other rows every column.
    It ends in an empty line, for what may be appended to the file.
    """
    every = {each.name: (each.name, str) for each in columns_of(kind)}
    shown = {SessionRow: _SHOWN, LayerRow: _SHOWN_OF_LAYERS}.get(kind, every)
    numbers = _NUMBERS_OF_LAYERS if kind is LayerRow else _TO_THE_RIGHT
    kept = [name for name in shown if any(_shown(row, name) is not None for row in rows)]
    lines = [
        "| " + " | ".join(shown[name][0] for name in kept) + " |",
        "|" + "|".join("---:" if name in numbers else "---" for name in kept) + "|",
    ]
    for row in rows:
        cells = [(_shown(row, name), shown[name][1]) for name in kept]
        texts = ["" if cell is None else marked(written(cell)) for cell, written in cells]
        if kind is SessionRow and getattr(row, "simulated", False):
            texts[kept.index("verdict")] += ", **simulated**"
        elif isinstance(row, LayerRow):
            kind_told = row.counter_kind
            mark = "simulated" if row.simulated and kind_told != "emulated" else kind_told
            if mark in ("simulated", "emulated"):  # it says nothing about a chip
                texts[kept.index("counter_kind")] = f"**{mark}**"
        lines.append("| " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n\n"


def _shown(row: Row, name: str) -> Cell:
    """Return a cell; of a session's numbers what people are shown."""
    if isinstance(row, SessionRow) and name in _TO_THE_RIGHT:
        return row.figure(name)
    cell: Cell = getattr(row, name)
    return cell


def marked(text: str) -> str:
    """Return a text in one line that Markdown shows as it is, cut where it is endless."""
    text = " ".join(text.split())
    cut = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    return _MARKED.sub(r"\\\1", cut)


def parquet_bytes(rows: Iterable[Row], kind: type[Row]) -> bytes:
    """Return a Parquet file, each column with its meaning as metadata.

    TraceError where pyarrow cannot be used says what to install.
    """
    pyarrow, parquet = import_pyarrow()
    kinds = {
        str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64(),
        bool: pyarrow.bool_(),
    }  # fmt: skip
    schema = pyarrow.schema(
        [
            pyarrow.field(each.name, kinds[each.kind], metadata={"meaning": each.text})
            for each in columns_of(kind)
        ]
    )
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns(rows, kind), schema=schema), file)
    return file.getvalue()
