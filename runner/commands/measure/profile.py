"""``tinyrunner profile``: what each layer of the network takes on the device."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SetupError
from .. import options
from ..options import spaced

if TYPE_CHECKING:
    from rich.console import Console

    from ....dut_protocol.host.dut import Identity
    from ....dut_protocol.host.layers import LayerTimes
    from ....models.suite import Task
    from ...bench.bench import Bench
    from ...config.config import Config

_CHART_COLUMNS = 80
"""Characters of a line of the chart, also where nothing says how wide the terminal is."""
_NAME_COLUMNS = 24
_BLOCKS = " ▏▎▍▌▋▊▉█"
"""Eighths of a character."""


@dataclass(frozen=True, slots=True)
class _Row:
    """Is a layer as it is shown and written; None for what nobody told."""

    layer: int
    operator: str
    output: str
    macs: int | None
    cycles: int
    us: int
    share: float
    """Of the whole inference, 0 to 1."""

    @property
    def cycles_per_mac(self) -> float | None:
        return self.cycles / self.macs if self.macs else None

    def cells(self) -> dict[str, Any]:
        return {
            "layer": self.layer,
            "operator": self.operator,
            "output": self.output,
            "macs": self.macs,
            "cycles": self.cycles,
            "cycles_per_mac": self.cycles_per_mac,
            "us": self.us,
            "share": self.share,
        }


@options.with_settings(
    "task dut config model baud_rate input_file csv_file as_json",
    model=(
        "What the device runs, to hold its layers against: a .tflite file, demo or reference. "
        "What a sim: device runs.",
        "the device's own word; sim: demo",
    ),
)
def profile(
    flags: dict[str, Any],
    task: Annotated[
        str | None,
        typer.Argument(
            help="What it runs: vww, ic, kws, ad, ic2 or custom.",
            show_default="whichever it says",
            metavar="TASK",
        ),
    ] = None,
    config: options.ConfigOption = None,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input",
            metavar="FILE",
            help="The input to infer, as it goes over the wire.",
            show_default="zeros",
        ),
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Write a row a layer.", show_default="none is written"
        ),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Show what each layer takes on a device: cycles, cycles per MAC, its share of the whole."""
    from ....dut_protocol.host.layers import ask_layers
    from ....dut_protocol.wire.timer import WRAP_US
    from ...bench.labgrid.lease import held_places
    from ...bench.opening import open_bench
    from ...config.config import override
    from ...config.name_lookup import task_named
    from ...execute.prepare import connect
    from .check import simulated_task

    options.refuse_existing(csv_file)
    settings = override(options.base_config(config), **flags)
    named = None if task is None else task_named(task, settings)
    opened = named or simulated_task(settings)
    with (
        held_places(settings, options.tell_on_stderr, energy=False),
        open_bench(settings, opened) as bench,
    ):
        chosen = named or _task_it_says(bench, settings)
        data = _input(input_file, chosen)
        identity = connect(bench, chosen)
        bench.loader.load(data)
        inference = bench.timer.infer(1, 1, None)
        times = ask_layers(bench.dut)
        address = bench.dut.address
    if settings.model is not None:
        times = _held_against(times, settings.model, chosen)
    rows = list(_rows(times))
    if csv_file is not None:
        options.write_file(csv_file, _csv(rows, times))
    if as_json:
        import json

        lap_us = None
        if inference.start_us is not None and inference.end_us is not None:
            lap_us = (inference.end_us - inference.start_us) % WRAP_US
        said = _document(address, identity, times, rows) | {"us_between_stamps": lap_us}
        typer.echo(json.dumps(said, indent=2))
        return
    _show(options.result_console(), f"{address}, {identity.vendor}, {chosen.model_id}", times, rows)


def _task_it_says(bench: Bench, config: Config) -> Task:
    from ....models.suite import TASKS_BY_MODEL_ID

    model_id = bench.dut.identify().model_id
    known = TASKS_BY_MODEL_ID.get(model_id or "")
    if known is None:
        raise SetupError(
            f"{bench.dut.address}: the device says that its model is {model_id or 'nothing'}, "
            f"which is no task's ({', '.join(TASKS_BY_MODEL_ID)}); name the TASK"
        )
    return config.task(known.key)


def _input(file: Path | None, task: Task) -> bytes:
    if file is None:
        return bytes(task.input_bytes)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise SetupError(f"cannot read {file}: {error.strerror or error}") from error
    if len(data) != task.input_bytes:
        raise SetupError(
            f"{file} has {len(data)} bytes, and an input of {task.key} has {task.input_bytes}"
        )
    return data


def _held_against(times: LayerTimes, model: str | Path, task: Task) -> LayerTimes:
    """Return the layers with what the model file says of each; SetupError for another network."""
    from ....models.export.footprint import footprint_of, told_name
    from ....models.export.int8_network import ExportError
    from ....models.export.read_network import read_network
    from ...config.name_lookup import model_file

    path = model_file(model, task)
    try:
        names = [told_name(layer) for layer in footprint_of(read_network(path)).layers]
    except ExportError as error:
        raise SetupError(f"the layers of --model: {error}") from error
    if len(names) != len(times.layers):
        raise SetupError(
            f"the device timed {len(times.layers)} layers, and {path} has {len(names)}: it runs "
            "another network, or its runtime makes other layers of it; leave out --model"
        )
    for layer, name in zip(times.layers, names, strict=True):
        if layer.macs is not None and layer.name != name:
            raise SetupError(
                f"the device does not run {path}: its layer {layer.number} is {layer.name!r}, the "
                f"file's is {name!r}"
            )
    layers = (replace(layer, name=name) for layer, name in zip(times.layers, names, strict=True))
    return replace(times, layers=tuple(layers))


# ---- what is shown and written -------------------------------------------------------------------


def _rows(times: LayerTimes) -> Iterator[_Row]:
    for layer in times.layers:
        shape = "x".join(map(str, layer.shape))
        share = layer.cycles / times.cycles
        yield _Row(layer.number, layer.operator, shape, layer.macs, layer.cycles, layer.us, share)


def _between(times: LayerTimes) -> tuple[int, int]:
    """Return cycles and microseconds of the inference that are no layer's."""
    us = times.us - sum(layer.us for layer in times.layers)
    return times.cycles - times.layer_cycles, us


def _csv(rows: list[_Row], times: LayerTimes) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*rows[0].cells(), "counter_kind", "counter"))
    for row in rows:
        writer.writerow((*row.cells().values(), times.kind.value, times.counter))
    return file.getvalue()


def _document(
    address: str, identity: Identity, times: LayerTimes, rows: list[_Row]
) -> dict[str, Any]:
    cycles, us = _between(times)
    return {
        "address": address,
        "vendor": identity.vendor,
        "model_id": identity.model_id,
        "counter": times.counter,
        "counter_kind": times.kind.value,
        "layers": [row.cells() for row in rows],
        "between_layers": {"cycles": cycles, "us": us},
        "cycles": times.cycles,
        "us": times.us,
    }


def _what_is_counted(times: LayerTimes) -> str:
    from ....dut_protocol.wire.layers import CounterKind

    match times.kind:
        case CounterKind.MEASURED:
            return f"cycles measured by {times.counter}"
        case CounterKind.TIMER:
            return f"ticks of another clock, no cycles: {times.counter}"
        case CounterKind.EMULATED:
            return f"EMULATED, no chip's cycles: {times.counter}"
        case CounterKind.SIMULATED:
            return f"SIMULATED, not measured: {times.counter}"


def _show(console: Console, device: str, times: LayerTimes, rows: list[_Row]) -> None:
    from rich.text import Text

    from ....dut_protocol.wire.layers import CounterKind
    from ..show.fitted_table import print_fitted

    def say(text: str = "") -> None:
        console.print(text, markup=False, highlight=False)

    unit = "ticks" if times.kind in (CounterKind.TIMER, CounterKind.EMULATED) else "cycles"
    say(device)
    say(_what_is_counted(times))
    say()
    table = [_table_row(row, unit) for row in rows]
    between_cycles, between_us = _between(times)
    share = between_cycles / times.cycles
    between = _Row(-1, "between layers", "", None, between_cycles, between_us, share)
    told = [row.macs for row in rows if row.macs is not None]
    macs = sum(told) if len(told) == len(rows) else None
    whole = _Row(-1, "whole inference", "", macs, times.cycles, times.us, 1.0)
    table += [_table_row(row, unit) for row in (between, whole)]
    cells = [{head: Text(text) for head, text in row.items()} for row in table]
    print_fitted(console, cells, name="operator", first_to_go=("us", "#"), left={"operator"})
    say()
    for line in _chart(rows, min(console.width, _CHART_COLUMNS)):
        say(line)


def _table_row(row: _Row, unit: str) -> dict[str, str]:
    per_mac = row.cycles_per_mac
    return {
        "#": str(row.layer) if row.layer >= 0 else "",
        "operator": row.operator,
        "output": row.output,
        "MACs": "" if row.macs is None else spaced(row.macs),
        unit: spaced(row.cycles),
        "per MAC": ""
        if per_mac is None
        else f"{per_mac:.3g}"
        if per_mac < 100
        else f"{per_mac:.0f}",
        "us": spaced(row.us),
        "share": f"{100 * row.share:.1f} %",
    }


def _chart(rows: list[_Row], columns: int) -> Iterator[str]:
    """Yield a bar a layer, the longest as long as there is room for."""
    most = max(row.share for row in rows)
    room = max(8, columns - _NAME_COLUMNS - len(" 99 ") - len("  100.0 %"))
    for row in rows:
        eighths = round(8 * room * row.share / most) if most else 0
        bar = _BLOCKS[8] * (eighths // 8) + (_BLOCKS[eighths % 8] if eighths % 8 else "")
        name = row.operator if len(row.operator) <= _NAME_COLUMNS else f"{row.operator[:23]}…"
        yield f"{row.layer:>2} {name:<{_NAME_COLUMNS}} {bar} {100 * row.share:.1f} %"
