"""The lines of a streaming session, in a terminal."""

from __future__ import annotations

import io

from rich.console import Console
from support.sessions.streaming import Played
from tinyrunner.models.suite import SWW
from tinyrunner.runner.commands.show.session import show_assessment
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.score.judge import judge_any


def test_a_narrow_terminal_breaks_no_word_and_many_times_are_counted(tmp_path):
    at = tuple(600.0 + 5 * number for number in range(14))
    judged = judge_any(Played(false_s=at).write(tmp_path / "s"))
    console = Console(file=io.StringIO(), width=80, color_system=None)
    show_assessment(console, "sww", judged.assessment, SWW, load_rounds().get("v1.3"))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    whole = " ".join(line.strip() for line in lines)
    assert "at most 8 of each false kind" in whole
    assert "655.000 s and 2 more" in whole
