"""What a newcomer sees who types what the README says, at terminals of two widths.

The demonstration, which the README begins with, is looked at by its own test, at a terminal too.
"""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path

import pytest
from support.cli import Terminal, document, sessions_in

README = Path(__file__).resolve().parents[2] / "README.md"
CUT_FIGURE = re.compile(r"(?<![\w.])[\d.]+…|…[\d.]+(?![\w.])")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")


def readme_run() -> list[str]:
    """The words of the README's run, on the simulated bench."""
    (typed,) = re.findall(r"^tinyrunner (run (?:.*\\\n)*.*)$", README.read_text("utf-8"), re.M)
    words = shlex.split(typed.replace("\\\n", " "))
    for flag, value in (("--dut", "sim:"), ("--datasets", "demo")):
        words[words.index(flag) + 1] = value
    return words


@pytest.mark.parametrize("columns", [80, 120])
def test_the_readmes_run_ends_in_whole_true_figures(tmp_path, columns):
    terminal = Terminal(*readme_run(), cwd=tmp_path, columns=columns)
    assert terminal.end() == 0, terminal.shown
    assert "Traceback" not in terminal.shown
    for screen in terminal.screens():
        assert not [line for line in screen if CUT_FIGURE.search(line)]
    *_, head, row, _said = "\n".join(terminal.screens()[-1]).rstrip().split("\n\n")[-1].splitlines()
    shown = dict(zip(head.replace("± time", "spread").split(), row.split(), strict=False))
    results = {
        document(session)["provenance"]["mode"]: document(session)["result"]
        for session in sessions_in(tmp_path / "sessions")
    }
    rate = results["performance"]["performance"]["median_throughput"]
    assert shown["inf/s"] == f"{rate:.3f}"
    assert shown["ms/inf"] == f"{1e3 / rate:.3f}"
    assert f"Top-1 {results['accuracy']['accuracy']['top1']:.1%}" in row
    assert all(result["good"] and not result["valid"] for result in results.values())
    assert "valid for v" not in terminal.shown
