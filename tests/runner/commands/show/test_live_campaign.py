"""The table of a campaign while it runs: whole figures at any width, or none."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.commands.show.campaign import LiveTable
from tinyrunner.runner.config.config import Config
from tinyrunner.runner.execute.campaign.campaign_file import CheckPolicy, Hooks
from tinyrunner.runner.execute.campaign.cells import Campaign, CampaignCell
from tinyrunner.runner.terms import Mode

BOARD = "a-board-with-a-long-name"


def shown(width: int, events: list[dict]) -> list[str]:
    cells = tuple(
        CampaignCell(BOARD, task, mode, Config(), Hooks())
        for task in TASKS.values()
        for mode in Mode
    )
    campaign = Campaign(
        Path("c.yaml"), Path("c"), cells, CheckPolicy.OFF, 0, {}, {}, {}, None, {}, {}
    )
    console = Console(file=io.StringIO(), width=width, color_system=None)
    table = LiveTable(console, campaign, {})
    for event in events:
        table.take(event)
    console.print(table.render())
    return console.file.getvalue().splitlines()


def progress(task: str, mode: str, done: int, total: int, status: str) -> dict:
    key = f"{BOARD}/{task}/{mode}"
    return {"event": "progress", "cell": key, "done": done, "total": total, "status": status}


RUNNING = [
    progress("kws", "performance", 3, 5, "2049.986 inf/s, 0.488 ms/inf  tst_000002_Stop_7.bin"),
    progress("ad", "accuracy", 24304, 48608, "AUC 0.8612 so far, 124 files  anomaly_id_01.bin"),
]


def test_a_cell_shows_how_far_it_is_and_its_figure():
    lines = shown(120, RUNNING)
    assert any(re.search(r"kws +3/5 2049\.986 inf/s +waiting", line) for line in lines)
    assert any(re.search(r"ad +waiting +24304/48608 AUC 0\.8612 +waiting", line) for line in lines)


@pytest.mark.parametrize("width", [30, 40, 50, 60, 80, 100])
def test_a_narrow_terminal_costs_names_figures_and_modes_and_never_digits(width):
    lines = shown(width, RUNNING)
    assert max(map(len, lines)) <= width
    figures = re.findall(r"\d[\d./]*", "".join(lines))
    assert set(figures) <= {"3/5", "2049.986", "24304/48608", "0.8612"}
    assert "3/5" in figures
    assert ("2049.986" in figures) is (width >= 80)
