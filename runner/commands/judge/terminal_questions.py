"""Puts the questions of `submission init` to whoever sits at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ...errors import SetupError
from ...submission.describe.interview import NONE, Answers, Prompt, Step
from ...submission.describe.kept_answers import KeptAnswers
from ...submission.describe.placing import PlacedSessions, place_sessions


class Asker:
    """Puts prompts to whoever sits at the terminal, until the answer will do."""

    def __init__(self, console: Console, kept: KeptAnswers) -> None:
        self._console = console
        self._kept = kept
        self._section = ""
        self._read = _reader(console)

    def begin(self, known: Answers) -> None:
        """Say how questions are answered, and what is known from an earlier time."""
        if known:
            self._say(
                f"going on with {self._kept.path}: {len(known)} answers are there; remove it to "
                "begin anew"
            )
        self._say(
            f"an empty answer takes what is in [brackets], {NONE} is nothing, {Step.BACK.value} "
            "returns to the question before; Ctrl-C leaves, and the same command goes on here"
        )

    def leave(self) -> None:
        """Say where the answers are."""
        if self._kept.path.is_file():
            self._say(
                f"\nthe answers so far are kept in {self._kept.path}; the same command goes on"
            )

    def __call__(self, prompt: Prompt) -> str | Step:
        self._head(prompt.section)
        counted = f"  {prompt.number} of {prompt.total}  "
        self._console.print(
            Text.assemble((counted, "dim"), f"{prompt.label}  ", (prompt.hint, "dim"))
        )
        while True:
            said = self._read(f"    [{prompt.default}]> " if prompt.default else "    > ")
            if said.strip() == Step.BACK.value:
                return Step.BACK
            try:
                return prompt.check(said if said.strip() else prompt.default)
            except ValueError as error:
                self._console.print(f"  {error}", style="red", markup=False, highlight=False)

    def ask_sessions(
        self, before: list[Path], placed: PlacedSessions | None
    ) -> tuple[list[Path], PlacedSessions]:
        """Ask for folders until an empty answer; at least one session.

        ``before`` were named earlier, and hold the sessions ``placed``.
        """
        self._head("Sessions")
        hint = "a session's, or one that holds several; empty: done"
        self._console.print(Text.assemble("  Folders  ", (hint, "dim")))
        paths = list(before)
        self._say_placed(placed)
        while True:
            said = self._read("    > ").strip()
            if not said:
                if placed is not None:
                    return paths, placed
                self._console.print("  there is none yet", style="red")
                continue
            try:
                placed = place_sessions([*paths, Path(said).expanduser()])
            except SetupError as error:
                self._console.print(f"  {error}", style="red", markup=False, highlight=False)
                continue
            paths.append(Path(said).expanduser())
            self._kept.write(paths, {})
            self._say_placed(placed)

    def _say_placed(self, placed: PlacedSessions | None) -> None:
        if placed is not None:
            there = ", ".join(f"{one.task} {one.mode.value}" for one in placed.sessions)
            self._say(f"  so far: {there}")

    def _head(self, section: str) -> None:
        if section != self._section:
            self._section = section
            self._console.print(f"\n{section}", style="bold", markup=False)

    def _say(self, text: str) -> None:
        self._console.print(text, style="dim", markup=False, highlight=False, soft_wrap=True)


def _reader(console: Console) -> Callable[[str], str]:
    """Return what asks for a line; EOFError where nobody answers any more."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        from ..show.line_editor import LineEditor

        return LineEditor.of_answers().read

    def read(prompt: str) -> str:
        console.print(prompt, end="", markup=False, highlight=False)
        line = sys.stdin.readline()
        if not line:
            raise EOFError
        return line.rstrip("\n")

    return read
