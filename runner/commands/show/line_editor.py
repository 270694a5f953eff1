"""Edits lines at a terminal: keys, and for the console completion and lines of earlier times.

Only a terminal needs it: what comes from a pipe is read as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.application import Application
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.shortcuts import CompleteStyle

from ....energy.interruptions import held
from ....models.cache import state_root
from ...execute.console import next_words

HISTORY_NAME = "console-history"


class LineEditor:
    """Reads lines from a terminal."""

    def __init__(self, session: PromptSession[str]) -> None:
        self._session = session

    @classmethod
    def of_answers(cls) -> LineEditor:
        """Return one that asks questions."""
        return cls(PromptSession(enable_suspend=True, key_bindings=_keys()))

    @classmethod
    def of_console(cls, folder: Path, *, energy: bool, board: bool) -> LineEditor:
        """Complete files as seen from ``folder``, and the verbs of what the bench has."""
        return cls(
            PromptSession(
                history=_history(),
                completer=ConsoleCompleter(folder, energy=energy, board=board),
                complete_while_typing=False,
                complete_style=CompleteStyle.READLINE_LIKE,
                enable_history_search=True,
                enable_suspend=True,
                key_bindings=_keys(),
            )
        )

    def read(self, prompt: str = "> ") -> str:
        """Return a line; EOFError on Ctrl-D, KeyboardInterrupt on Ctrl-C in an empty line.

        Signals stay with the program's own handlers, which let the prompt end before they raise
        anything: what is raised within the event loop comes out as a task's traceback.
        """
        leaving = _Leaving(self._session.app)
        with held(leaving.ask):
            return self._session.prompt(prompt, handle_sigint=False, pre_run=leaving.look)


class _Leaving:
    """Ends a prompt from a handler of signals, or as soon as it runs."""

    def __init__(self, app: Application[str]) -> None:
        self._app = app
        self._asked = False

    def ask(self) -> None:
        """End the prompt when its event loop comes to it."""
        self._asked = True
        loop = self._app.loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self.look)

    def look(self) -> None:
        """End the prompt if that was asked for and it runs."""
        future = self._app.future
        if self._asked and future is not None and not future.done():
            future.set_exception(KeyboardInterrupt)


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("c-c")
    def drop_or_leave(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt)

    return keys


class _History(FileHistory):
    """Keeps lines in a file, as long as that can be written and read."""

    def load_history_strings(self) -> Iterable[str]:
        with suppress(OSError):
            return super().load_history_strings()
        return ()

    def store_string(self, string: str) -> None:
        with suppress(OSError):  # a full disk or a home that is not ours ends no conversation
            super().store_string(string)


def _history() -> _History:
    path = state_root() / HISTORY_NAME
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    return _History(path)


_FILE = re.compile(r'\s*(?:bload dut|bloadp)\s+"?(?P<path>[^"]*)')


class ConsoleCompleter(Completer):
    """Completes verbs, the device's commands, and names of files where one is to be loaded."""

    def __init__(self, folder: Path, *, energy: bool, board: bool) -> None:
        self._folder = folder
        self._energy, self._board = energy, board

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterator[Completion]:
        typed = document.text_before_cursor
        named = _FILE.fullmatch(typed)
        if named is None:
            begun = typed.rpartition(" ")[2]
            for word in next_words(typed, energy=self._energy, board=self._board):
                yield Completion(f"{word} ", start_position=-len(begun), display=word)
            return
        quoted = typed[: named.start("path")].endswith('"')
        for path, is_folder in _files(self._folder, named["path"]):
            text = path if quoted else f'"{path}'
            shown = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
            end = "/" if is_folder else '" '
            yield Completion(text + end, start_position=-len(named["path"]), display=shown)


def _files(folder: Path, begun: str) -> Iterator[tuple[str, bool]]:
    """Yield the paths that begin like ``begun``, as they are written, and which are folders."""
    cut = max(begun.rfind("/"), begun.rfind(os.sep)) + 1
    head, tail = begun[:cut], begun[cut:]
    try:
        entries = sorted(os.scandir(folder / Path(head).expanduser()), key=lambda one: one.name)
    except (OSError, RuntimeError):
        return
    for entry in entries:
        hidden = entry.name.startswith(".") and not tail
        if entry.name.startswith(tail) and not hidden and '"' not in entry.name:
            yield head + entry.name, entry.is_dir()
