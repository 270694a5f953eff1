"""``tinyrunner check``: does a port of the firmware speak the protocol?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from .... import __version__
from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from ....dut_protocol.conformance.report import ConformanceReport
    from ....dut_protocol.host.io_manager import IoManager
    from ....dut_protocol.link.clock import Clock
    from ....dut_protocol.link.transport import Transport
    from ....dut_protocol.wire.settings import LinkSettings
    from ....models.suite import Task
    from ...config.config import Config

EXIT_FAILS = 3


@options.with_settings(
    "dut io task input_format model config baud_rate data_bytes_per_db quick risky save as_json "
    "html markdown junit",
    io=("Energy firmware: port or URL of the IO manager before it.", "none"),
)
def check(
    flags: dict[str, Any],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="What the firmware should be: vww, ic, kws, ad, ic2.",
            show_default="whichever it says",
            metavar="TASK",
        ),
    ] = None,
    config: options.ConfigOption = None,
    data_bytes_per_db: Annotated[
        int | None,
        typer.Option(
            "--data-bytes-per-db",
            help="Of loads: 1 to 38.",
            show_default="30; behind an IO manager 28",
            metavar="BYTES",
        ),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Short measurements: the timer's rate over 1 s.")
    ] = False,
    risky: Annotated[
        bool,
        typer.Option("--risky", help="Try also what crashes the reference firmware."),
    ] = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write the report as a page.",
            show_default="none is written",
        ),
    ] = None,
    markdown: Annotated[
        Path | None,
        typer.Option(
            "--markdown",
            metavar="FILE",
            help="Write it as a table for an issue.",
            show_default="none is written",
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help="Write it as JUnit XML for CI.",
            show_default="none is written",
        ),
    ] = None,
    save: Annotated[
        bool,
        typer.Option("--save/--no-save", help="Keep what the device can do for later runs."),
    ] = True,
    as_json: options.JsonOption = False,
) -> None:
    """Try every rule of the protocol on a device: what passes, what fails, and what to do."""
    from rich.console import Console

    from ....dut_protocol.conformance.probe import CheckOptions
    from ....dut_protocol.conformance.run import check_device
    from ....models.cache import cache_root
    from ....models.suite import ALL_TASKS, STREAMING_TASKS
    from ...bench.labgrid.lease import held_places
    from ...config.config import override
    from ...config.effect import Use, refuse_without_effect
    from ...config.name_lookup import task_named
    from ...config.sim_address import is_simulated
    from ..show.check import CheckView, show_verdict

    for file in (html, markdown, junit):
        options.refuse_existing(file)
    keys = list(ALL_TASKS) if task is None else [task]
    flags["input_format"] = options.formats_by_task(flags["input_format"], keys)
    settings = override(options.base_config(config), **flags, data_bytes_per_db=data_bytes_per_db)
    if task in STREAMING_TASKS:
        raise SetupError(
            f"nothing is asked of {task} alone: without --task its firmware is asked what it has "
            "in common with the others'"
        )
    expected = None if task is None else task_named(task, settings)
    progress = Console(stderr=True, soft_wrap=True)
    behind = settings.io_manager.address is not None
    use = Use(is_simulated(settings), energy=behind, own_port=not behind)
    refuse_without_effect({name: flags[name] for name in ("model", "baud_rate")}, [use])
    with (
        held_places(settings, options.tell_on_stderr, energy=behind),
        progress.status("asking its name") as status,
        _way_to_device(settings, expected) as (transport, clock, link, io_manager),
    ):
        shown = None if as_json else options.result_console()
        report = check_device(
            transport,
            clock,
            link,
            CheckOptions(quick=quick, risky=risky),
            task=expected,
            tasks={one.model_id: settings.task(one.key) for one in ALL_TASKS.values()},
            io_manager=io_manager,
            watcher=CheckView(status, shown, transport.address, link.baud_rate),
        )
    kept, not_kept = None, ""
    if save and io_manager is None:  # behind one a run measures for itself
        try:
            kept = _keep(report)
        except OSError as error:  # the report is what was asked for
            why = error.strerror or error
            not_kept = f"not kept in {cache_root()}: {why}; set TINYRUNNER_CACHE or --no-save"
    if as_json:
        import json

        typer.echo(json.dumps(report.to_json() | {"saved": _written(kept)}, indent=2))
    else:
        show_verdict(options.result_console(), report)
        if kept is not None:
            progress.print(f"kept for later runs: {kept}", highlight=False, markup=False)
    if not_kept:
        progress.print(not_kept, highlight=False, markup=False)
    _write_files(report, html, markdown, junit)
    if not report.passed:
        raise typer.Exit(EXIT_FAILS)


def _write_files(
    report: ConformanceReport, html: Path | None, markdown: Path | None, junit: Path | None
) -> None:
    from ....dut_protocol.conformance import report_pages
    from ...export.junit import junit_text
    from ...export.suites import suite_of_check

    when = datetime.now(UTC).astimezone().isoformat(timespec="seconds")
    for file, text_of in (
        (html, partial(report_pages.page, report, when)),
        (markdown, partial(report_pages.markdown, report)),
        (junit, partial(junit_text, [suite_of_check(report, when)])),
    ):
        if file is not None:
            options.write_file(file, text_of())


def _written(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _keep(report: ConformanceReport) -> Path | None:
    """Save what later runs can build on, if loads work; OSError where that cannot be written.

    Where they do not, None, and what an earlier check found is gone too: it holds no longer.
    """
    from ....dut_protocol.conformance.report import Verdict
    from ....dut_protocol.host.device_record import DeviceRecord, record_path, save_record
    from ....dut_protocol.host.dut import Identity
    from ....models.cache import cache_root

    facts, identity = report.facts, report.identity
    sizes_known = report.verdict_of("largest-block") in (Verdict.PASS, Verdict.WARN)
    if report.verdict_of("load-done") is not Verdict.PASS or not sizes_known:
        before = Identity(identity.vendor, identity.profile, identity.model_id, None)
        record_path(before, report.baud_rate, cache_root()).unlink(missing_ok=True)
        return None
    if facts.data_bytes_per_db is None:
        return None
    return save_record(
        DeviceRecord(
            vendor=identity.vendor,
            profile=identity.profile,
            model_id=identity.model_id,
            baud_rate=report.baud_rate,
            data_bytes_per_db=facts.data_bytes_per_db,
            pipeline_chars=facts.pipeline_chars or 0,
            checked_at=datetime.now(UTC).isoformat(timespec="seconds"),
            tool_version=__version__,
        ),
        cache_root(),
    )


_Way: TypeAlias = "tuple[Transport, Clock, LinkSettings, IoManager | None]"


@contextmanager
def _way_to_device(config: Config, task: Task | None) -> Iterator[_Way]:
    """Open the device's port, or the IO manager's; LinkError where it cannot be opened."""
    from ....dut_protocol.errors import LinkError
    from ....dut_protocol.link.clock import MonotonicClock
    from ....dut_protocol.link.transport import open_transport
    from ...bench.labgrid.lease import ports_of_places
    from ...bench.opening import open_bench
    from ...config.sim_address import is_simulated

    address = config.io_manager.address
    if address is None:
        try:
            with open_bench(config, task or simulated_task(config)) as bench:
                yield bench.dut.transport, bench.clock, bench.dut.settings, None
        except SetupError as error:
            if isinstance(error.__cause__, LinkError):  # here it is the finding, not the set-up
                raise error.__cause__ from error
            raise
        return
    if is_simulated(config):
        yield _behind_simulated_io_manager(config, task)
        return
    if config.dut.address is not None:
        raise SetupError(
            f"either --dut {config.dut.address} or --io {address}: a device behind an IO manager "
            "is reached through it"
        )
    with ports_of_places(config, energy=True) as placed:
        io_address = placed.config.io_manager.address or address
        transport = open_transport(io_address, config.io_manager.baud_rate)
        try:
            transport.address = placed.names.get(io_address, transport.address)
            yield _behind(transport, MonotonicClock(), config)
        finally:
            transport.close()


def _behind(transport: Transport, clock: Clock, config: Config) -> _Way:
    from ....dut_protocol.host.io_manager import IoManager
    from ....dut_protocol.wire.settings import LinkSettings

    manager = IoManager(transport, clock, LinkSettings(baud_rate=config.io_manager.baud_rate))
    manager.identify()
    return manager.dut, clock, config.dut.link_behind(config.io_manager), manager


def _behind_simulated_io_manager(config: Config, task: Task | None) -> _Way:
    """Wire energy firmware's pin to a simulated IO manager, on a virtual clock."""
    from ...bench.simulated.wiring import SimulatedBench
    from ...config.sim_address import names_simulated

    address = config.io_manager.address
    if not names_simulated(address):
        raise SetupError(
            f"{config.dut.address} is a simulated device and brings its own IO manager: give "
            f"--io sim: instead of {address}"
        )
    bench = SimulatedBench(config, task or simulated_task(config))
    bench.on_power(True, 0.0)
    return _behind(bench.link, bench.clock, config)


def simulated_task(config: Config) -> Task:
    """Return what a simulated device runs where nothing says; of no matter to a real one."""
    from ....models.suite import TASKS, TASKS_BY_MODEL_ID
    from ...config.sim_address import simulated_model_id

    return TASKS_BY_MODEL_ID.get(simulated_model_id(config), TASKS["kws"])
