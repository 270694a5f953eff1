"""``tinyrunner profile``: what each layer of the network takes on the device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from datetime import datetime

    from ....dut_protocol.host.layers import LayerTimes
    from ....models.export.timed_operators import TimedOperator
    from ....models.suite import Task
    from ...bench.bench import Bench
    from ...config.config import Config
    from ...journal.layer_log import LayerProfile


@options.with_settings(
    "task dut config model baud_rate input_file out log html csv_file as_json",
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
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.log|DIR",
            help="Keep what was said on the wire, for report and export: as this file, or in this "
            "folder as TIME_TASK.layers.log. Beside sessions they find a *.layers.log.",
            show_default="it is not kept",
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Show what was kept by --out; no device is asked.",
            show_default="none: a device is asked",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write table and chart as one page that needs no network.",
            show_default="none is written",
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
    from ...config.settings import SETTINGS
    from .layer_table import csv_of_layers, layers_json, show_layers

    for file in (csv_file, html):
        options.refuse_existing(file)
    if log is None:
        found = _asked(flags, task, config, input_file, out)
    else:
        given: dict[str, object] = {
            "TASK": task,
            "--config": config,
            "--input": input_file,
            "--out": out,
        }
        given |= {SETTINGS[name].flag: value for name, value in flags.items()}
        found = _read(log, given)
    if csv_file is not None:
        options.write_file(csv_file, csv_of_layers(found))
    if html is not None:
        from ...report.gather import page_of_profile
        from ...report.report_file import write_report

        write_report(page_of_profile(found), html, force=False)
    if as_json:
        import json

        typer.echo(json.dumps(layers_json(found), indent=2))
        return
    show_layers(options.result_console(), found)
    if out is not None:
        options.tell_on_stderr(f"kept: {found.log}")


def _read(log: Path, others: dict[str, object]) -> LayerProfile:
    from ...journal.layer_log import read_layer_log

    given = [name for name, value in others.items() if value is not None]
    if given:
        raise SetupError(
            f"--from shows what was kept and asks no device; leave out {', '.join(given)}"
        )
    return read_layer_log(log)


def _asked(
    flags: dict[str, Any],
    task: str | None,
    config: Path | None,
    input_file: Path | None,
    out: Path | None,
) -> LayerProfile:
    """Ask a device for its layers; what was kept of that is what counts."""
    from datetime import UTC, datetime

    from .... import __version__
    from ....dut_protocol.host.layers import ask_layers
    from ....dut_protocol.wire.timer import WRAP_US
    from ...bench.labgrid.lease import held_places
    from ...bench.opening import open_bench
    from ...config.config import override
    from ...config.name_lookup import task_named
    from ...execute.prepare import connect
    from ...journal.layer_log import LayerProfile
    from .check import simulated_task

    settings = override(options.base_config(config), **flags)
    named = None if task is None else task_named(task, settings)
    opened = named or simulated_task(settings)
    begun = datetime.now(UTC)
    with _kept_log(out, settings, begun) as kept:
        if kept is not None:
            settings = override(settings, wire_log=kept.partial)
        with (
            held_places(settings, options.tell_on_stderr, energy=False),
            open_bench(settings, opened) as bench,
        ):
            chosen = named or _task_it_says(bench, settings)
            data = _input(input_file, chosen)
            model = None if settings.model is None else _model(settings.model, chosen)
            identity = connect(bench, chosen)
            bench.loader.load(data)
            inference = bench.timer.infer(1, 1, None)
            times = ask_layers(bench.dut)
            address = bench.dut.address
        told = times
        if model is not None:
            times = _held_against(told, *model)
        if kept is not None:
            return kept.whole(chosen, None if times == told else times)
    lap_us = None
    if inference.start_us is not None and inference.end_us is not None:
        lap_us = (inference.end_us - inference.start_us) % WRAP_US
    return LayerProfile(
        address=address,
        vendor=identity.vendor,
        profile=identity.profile,
        model_id=identity.model_id,
        begun=begun.strftime("%Y-%m-%dT%H:%M:%SZ"),
        tool_version=__version__,
        times=times,
        lap_us=lap_us,
    )


@dataclass(frozen=True, slots=True)
class _Kept:
    """Is the log that is being written, and where it goes once it is whole."""

    partial: Path
    file: Path | None
    """The name that was asked for; None for one by time, board and task."""
    stem: str

    def whole(self, task: Task, named: LayerTimes | None) -> LayerProfile:
        """Give the log its name and read it; ``named`` are layers as a model file calls them."""
        from ....dut_protocol.link.wire_log import WireLogError, add_layer_names
        from ...journal.layer_log import ENDING, read_layer_log

        if named is not None:
            try:
                add_layer_names(self.partial, [layer.name for layer in named.layers])
            except WireLogError as error:
                raise SetupError(f"--out: {error}") from error
        file = self.file or _free(self.partial.parent, f"{self.stem}{task.key}", ENDING)
        try:
            kept = read_layer_log(self.partial)  # what cannot be read back is not kept
        except SetupError as error:  # a full disk, say
            raise SetupError(
                f"--out: what was said could not be kept whole ({error}); leave it out, or name "
                "another place"
            ) from error
        try:
            self.partial.rename(file)
        except OSError as error:
            raise SetupError(f"cannot write {file}: {error.strerror or error}") from error
        return replace(kept, log=file)


def _free(folder: Path, stem: str, ending: str) -> Path:
    """Return a name that no file has: two boards may be asked within one second."""
    names = (folder / f"{stem}{f'_{n}' if n > 1 else ''}{ending}" for n in count(1))
    return next(name for name in names if not name.exists())


@contextmanager
def _kept_log(out: Path | None, settings: Config, begun: datetime) -> Iterator[_Kept | None]:
    """Make room for the log, if one is to be kept; nothing is left of it where that fails."""
    from ...journal.session_folder import PARTIAL

    if out is None:
        yield None
        return
    stamp = begun.astimezone().strftime("%Y%m%d_%H%M%S_")
    stem = stamp if settings.board is None else f"{stamp}{settings.board}_"
    folder, file = (out.parent, out) if out.suffix == ".log" else (out, None)
    if file is not None:
        options.refuse_existing(file)
    elif out.suffix and not out.is_dir():
        raise SetupError(f"{out}: --out takes a folder, or the name of a file that ends in .log")
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"cannot make the folder {folder}: {error.strerror or error}; name another"
            ) from error
    partial = folder / f"{stem if file is None else file.name}{getpid()}{PARTIAL}"
    try:
        yield _Kept(partial, file, stem)
    finally:
        partial.unlink(missing_ok=True)


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


def _model(named: str | Path, task: Task) -> tuple[Path, tuple[TimedOperator, ...]]:
    from ....models.export.tflite_graph import GraphError
    from ....models.export.timed_operators import timed_operators
    from ...config.name_lookup import model_file

    path = model_file(named, task)
    try:
        return path, timed_operators(path)
    except GraphError as error:
        raise SetupError(f"the layers of --model: {error}") from error


def _held_against(times: LayerTimes, path: Path, operators: Sequence[TimedOperator]) -> LayerTimes:
    """Return the layers with what the model file says of each; SetupError for another network."""
    from ....models.export.tflite_graph import OPERATOR_NAMES

    count = len(times.layers)
    computing = [each for each in operators if each.computes]
    paired = next((each for each in (operators, computing) if len(each) == count), None)
    if paired is None:
        raise SetupError(
            f"the device timed {count} layers, and {path} has {len(operators)} operators, of which "
            f"{len(computing)} compute something: it runs another network, or its runtime makes "
            "other layers of it; leave out --model"
        )
    layers = []
    for layer, operator in zip(times.layers, paired, strict=True):
        told = operator.layer if layer.macs is not None else operator.name
        known = layer.macs is not None or layer.name in OPERATOR_NAMES
        if known and layer.name != told:
            raise SetupError(
                f"the device does not run {path}: its layer {layer.number} is {layer.name!r}, the "
                f"file's is {told!r}"
            )
        layers.append(replace(layer, name=operator.layer))
    return replace(times, layers=tuple(layers))
