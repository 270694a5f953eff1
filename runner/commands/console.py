"""``tinyrunner console``: talk to the bench by hand, in the verbs of the scripts."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.console import Console

from ...models.suite import TASKS, TASKS_BY_MODEL_ID
from ..bench import open_bench, parse_simulated
from ..config import override
from ..interactive import HELP, Interactive
from . import options


def console(
    dut: options.DutOption = None,
    task: str | None = typer.Option(None, "--task", help="What a sim: device runs."),
    model: options.ModelOption = None,
    config: options.ConfigOption = None,
    baud_rate: options.BaudOption = None,
) -> None:
    """Talk to a device by hand: `dut name`, `bload dut "FILE"`, `dut infer 10 1`, …"""
    settings = override(options.base_config(config), dut=dut, model=model, baud_rate=baud_rate)
    named = parse_simulated(settings.dut.address or "sim:")[0] if settings.dut.address else ""
    if task is None:
        chosen = TASKS_BY_MODEL_ID.get(named) or TASKS["kws"]
    else:
        chosen = options.task_named(task, settings)
    out = Console(soft_wrap=True, highlight=False)
    with open_bench(settings, chosen) as bench:
        session = Interactive(bench, lambda text: out.print(text, markup=False), Path.cwd())
        session.greet()
        prompt = sys.stdin.isatty()
        if prompt:
            out.print(HELP, markup=False)
        while not session.ended:
            try:
                line = input("> ") if prompt else sys.stdin.readline()
            except EOFError:
                break
            if not prompt and not line:
                break
            session.execute(line.strip())
    if session.failed and not prompt:  # a person has seen it; a pipeline is told
        raise typer.Exit(1)
