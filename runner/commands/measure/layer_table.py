"""Shows what layers take: a table and a chart for the terminal, JSON and CSV for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...score.layer_figures import (
    LayerFigures,
    between_layers,
    layers_of,
    unit_of,
    what_is_counted,
    whole_inference,
)
from ..options import spaced

if TYPE_CHECKING:
    from rich.console import Console

    from ...journal.layer_log import LayerProfile

_CHART_COLUMNS = 80
"""Characters of a line of the chart, also where nothing says how wide the terminal is."""
_NAME_COLUMNS = 24
_BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character."""


def csv_of_layers(profile: LayerProfile) -> str:
    """Return a row a layer."""
    times = profile.times
    rows = [_cells(layer) for layer in layers_of(times)]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*rows[0], "counter_kind", "counter"))
    for row in rows:
        writer.writerow((*row.values(), times.kind.value, times.counter))
    return file.getvalue()


def layers_json(profile: LayerProfile) -> dict[str, Any]:
    """Return all that is known, for `--json`."""
    times = profile.times
    between = between_layers(times)
    return {
        "address": profile.address,
        "vendor": profile.vendor,
        "model_id": profile.model_id,
        "counter": times.counter,
        "counter_kind": times.kind.value,
        "layers": [_cells(layer) for layer in layers_of(times)],
        "between_layers": {"cycles": between.cycles, "us": between.us},
        "cycles": times.cycles,
        "us": times.us,
        "us_between_stamps": profile.lap_us,
        "simulated": profile.simulated,
        "log": None if profile.log is None else str(profile.log),
    }


def show_layers(console: Console, profile: LayerProfile) -> None:
    """Print whose layers these are, the table, and a bar a layer."""
    from rich.text import Text

    from ..show.fitted_table import print_fitted

    def say(text: str = "") -> None:
        console.print(text, markup=False, highlight=False)

    times = profile.times
    layers = layers_of(times)
    say(", ".join(filter(None, (profile.address, profile.vendor, profile.model_id))))
    say(what_is_counted(profile))
    say()
    rows = [*layers, between_layers(times), whole_inference(times)]
    table = [_table_row(row, unit_of(times)) for row in rows]
    cells = [{head: Text(text) for head, text in row.items()} for row in table]
    print_fitted(console, cells, name="operator", first_to_go=("us", "#"), left={"operator"})
    say()
    for line in _chart(layers, min(console.width, _CHART_COLUMNS)):
        say(line)


def _cells(layer: LayerFigures) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "operator": layer.operator,
        "output": layer.output,
        "macs": layer.macs,
        "cycles": layer.cycles,
        "cycles_per_mac": layer.cycles_per_mac,
        "us": layer.us,
        "share": layer.share,
    }


def _table_row(row: LayerFigures, unit: str) -> dict[str, str]:
    return {
        "#": "" if row.layer is None else str(row.layer),
        "operator": row.operator,
        "output": row.output,
        "MACs": "" if row.macs is None else spaced(row.macs),
        unit: spaced(row.cycles),
        "per MAC": row.per_mac,
        "us": spaced(row.us),
        "share": row.percent,
    }


def _chart(layers: Sequence[LayerFigures], columns: int) -> Iterator[str]:
    """Yield a bar a layer, the longest as long as there is room for."""
    most = max(layer.share for layer in layers)
    room = max(8, columns - _NAME_COLUMNS - len(" 99 ") - len("  100.0 %"))
    for layer in layers:
        eighths = round(8 * room * layer.share / most) if most else 0
        bar = _BLOCKS[8] * (eighths // 8) + (_BLOCKS[eighths % 8] if eighths % 8 else "")
        long = len(layer.operator) > _NAME_COLUMNS
        name = f"{layer.operator[: _NAME_COLUMNS - 1]}…" if long else layer.operator
        yield f"{layer.layer:>2} {name:<{_NAME_COLUMNS}} {bar} {layer.percent}"
