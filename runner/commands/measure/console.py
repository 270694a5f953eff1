"""``tinyrunner console``: talk to the bench by hand, in the verbs of the scripts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from rich.console import Console

    from ...config.config import Config
    from ...execute.console import Interactive


@options.with_settings(
    "dut io interface_board monitor max_v ppk2_default_calibration task model datasets config "
    "baud_rate wire_log",
    interface_board=("Port or URL of sww's interface board; sim: with a sim: DUT.", "none"),
    datasets=("What lies on a simulated interface board's card.", "nothing"),
    io=("Port or URL of the IO manager.", "none"),
    monitor=("A VISA resource, lpm01a:PORT, ppk2:PORT, …; sim: with a sim: DUT.", "none"),
)
def console(
    flags: dict[str, Any],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="What a sim: device runs.",
            show_default="the address's; else kws",
            metavar="TASK",
        ),
    ] = None,
    config: options.ConfigOption = None,
) -> None:
    """Talk to a device by hand: `dut name`, `bload dut "FILE"`, `dut infer 10 1`, …

    With --io and --monitor (for a simulated device --monitor sim:) also to the IO manager and the
    energy monitor: `emon voltage 3000`, `emon power on`, `io dut name`, … Leaving the console
    switches the supply off: Ctrl-D, `quit`, or Ctrl-C on an empty line or while a command runs.
    Tab completes, the arrows find earlier lines, also those of the last time.
    """
    from rich.console import Console

    from ....models.suite import SWW, SWW_INFERENCE, TASKS, TASKS_BY_MODEL_ID
    from ...bench.labgrid.lease import held_places
    from ...bench.opening import open_bench, open_energy_bench
    from ...bench.streaming import open_streaming_bench, with_simulated_board
    from ...bench.use import use_of
    from ...config.config import override
    from ...config.effect import refuse_without_effect
    from ...config.name_lookup import task_named
    from ...config.sim_address import simulated_model_id
    from ...execute.console import Interactive
    from ...terms import Mode

    settings = override(options.base_config(config), **flags)
    named = simulated_model_id(settings)
    streaming = _with_board(settings, named, task)
    if streaming:
        chosen = SWW_INFERENCE
    elif task is None:
        chosen = TASKS_BY_MODEL_ID.get(named) or TASKS["kws"]
    else:
        chosen = task_named(task, settings)
    out = Console(soft_wrap=True, highlight=False)
    energy = _with_energy(settings)
    if streaming:
        settings = with_simulated_board(settings)
    mode = Mode.ENERGY if energy else Mode.PERFORMANCE
    use = use_of(SWW.key if streaming else chosen.key, mode, settings)
    refuse_without_effect(flags, [use])
    if flags["datasets"] is not None and not (use.simulated and streaming):
        raise SetupError(
            "--datasets is what lies on a simulated interface board's card; leave it out"
        )
    with ExitStack() as stack:
        stack.enter_context(
            held_places(settings, options.tell_on_stderr, energy=energy, streaming=streaming)
        )
        bench = stack.enter_context(
            open_streaming_bench(settings, energy=energy)
            if streaming
            else (open_energy_bench if energy else open_bench)(settings, chosen)
        )
        session = Interactive(
            bench,
            lambda text: out.print(text, markup=False),
            Path.cwd(),
            settings.monitor.boot_timeout_s if energy else None,
            chosen if task is not None else TASKS_BY_MODEL_ID.get(named),
        )
        stack.callback(session.close)
        session.greet()
        _converse(session, out, energy=energy, board=streaming)
    if session.failed and not sys.stdin.isatty():  # a person has seen it; a pipeline is told
        raise typer.Exit(1)


def _with_board(settings: Config, named: str, task: str | None) -> bool:
    """Tell whether an interface board is named, or a streaming task, which has one."""
    from ....models.suite import STREAMING_BY_MODEL_ID, STREAMING_TASKS

    asked = task in STREAMING_TASKS or named in STREAMING_BY_MODEL_ID
    return settings.interface_board.address is not None or asked


def _with_energy(settings: Config) -> bool:
    """Tell whether an IO manager or a monitor is named."""
    return settings.io_manager.address is not None or settings.monitor.address is not None


def _converse(session: Interactive, out: Console, *, energy: bool, board: bool) -> None:
    """Read and execute line by line, until there are no more."""
    next_line = _reader(energy=energy, board=board)
    if sys.stdin.isatty():
        out.print(session.help, markup=False)
    while not session.ended:
        try:
            with session.waiting():
                line = next_line()
        except EOFError:
            break
        session.execute(line.strip())


def _reader(*, energy: bool, board: bool) -> Callable[[], str]:
    """Return what reads a line, or raises EOFError where there are no more."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        from ..show.line_editor import LineEditor

        return LineEditor.of_console(Path.cwd(), energy=energy, board=board).read
    return (lambda: input("> ")) if sys.stdin.isatty() else _line_of_a_pipe


def _line_of_a_pipe() -> str:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
