"""The table of several sessions: no figure is ever cut, whatever the terminal's width."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.commands.show.results_table import TableCell, show_results_table
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.terms import Mode, Purpose

ROUND = load_rounds().get("v1.2")


def assessed(**figures) -> SimpleNamespace:
    """What an assessment offers the table."""
    shown = {
        "performance": None,
        "energy": None,
        "accuracy": None,
        "findings": (),
        "streaming": None,
    }
    shown |= {"good": True, "purpose": Purpose.SUBMISSION}
    return SimpleNamespace(**(shown | figures))


def measured(mode: Mode) -> SimpleNamespace:
    spread = 0.0012
    if mode is Mode.PERFORMANCE:
        return assessed(
            performance=SimpleNamespace(median_throughput=8.3321, coefficient_of_variation=spread)
        )
    if mode is Mode.ENERGY:
        return assessed(
            energy=SimpleNamespace(median_energy_j=0.0126, coefficient_of_variation=spread)
        )
    return assessed(accuracy=SimpleNamespace(figure=0.9251))


def table(width: int, board: str = "", failed: Mode | None = None) -> list[str]:
    cells = [
        TableCell(task, mode, None if mode is failed else measured(mode), ROUND, board)
        for task in TASKS.values()
        for mode in Mode
    ]
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show_results_table(console, cells)
    return console.file.getvalue().splitlines()


def test_every_figure_stands_in_a_row_of_its_task():
    head, *rows = table(80)
    assert re.split(r"  +", head.strip()) == [
        "task", "ms/inf", "inf/s", "± time", "µJ/inf", "± energy", "accuracy", "target",
    ]  # fmt: skip
    assert rows[0].split() == [
        "vww", "120.018", "8.332", "0.12%", "12600.0", "0.12%", "Top-1", "92.5%", "≥", "80%",
    ]  # fmt: skip
    assert "AUC 0.9251" in rows[3]


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80, 120])
@pytest.mark.parametrize("board", ["", "a-board-with-quite-a-long-name-of-its-own"])
def test_a_narrow_terminal_costs_columns_and_never_digits(width, board):
    lines = table(width, board)
    whole = {"120.018", "8.332", "12600.0", "92.5%", "0.9251", "0.12%"}
    for line in lines:
        assert len(line) <= max(width, 48)
        for figure in re.findall(r"\d[\d.]*%?", line.replace("Top-1", "")):
            assert figure in whole | {"80%", "85%", "90%", "0.85"}, line
    assert "120.018" in lines[1]
    assert "12600.0" in lines[1]
    assert "92.5%" in lines[1]


def test_what_failed_is_said_in_its_place():
    rows = table(80, failed=Mode.ENERGY)
    assert all("failed" in row for row in rows[1:5])
    assert "µJ/inf" in rows[0]
