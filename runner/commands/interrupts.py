"""Ends the program in order on Ctrl-C, a `kill` or a closed terminal, at any moment.

Until a command has begun there is nothing to put in order: the program says one line and is gone.
Python's own way, a KeyboardInterrupt in whatever is being imported, would show a traceback. From
then on it is a KeyboardInterrupt, which closes ports and journals and switches supplies off. Others
that follow it are held until that is done; from the third on they are answered in words.

This module imports next to nothing, for until :func:`leave_at_once` is called nothing can be done
about a Ctrl-C: Python shows a traceback of its own start.
"""

from __future__ import annotations

import _thread
import os
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes as long as the rest of this module
    from types import FrameType
    from typing import NoReturn

    from ...energy.interruptions import Interruptions

EXIT_INTERRUPTED = 130
"""The exit status: 128 + SIGINT, as shells have it."""

INTERRUPTED = "interrupted"


def leave_at_once(*, even_if_ignored: bool = False) -> None:
    """Let a signal end the program: no command has begun, or it has ended.

    For ``even_if_ignored`` see :func:`interrupt_the_work`.
    """
    _take(_leave, even_if_ignored=even_if_ignored)


def hear_nothing() -> None:
    """Ignore signals: what is said last must be said."""
    _take(signal.SIG_IGN)


def interrupt_the_work(*, even_if_ignored: bool = False) -> None:
    """Let a signal interrupt the command that runs now.

    A shell lets its background jobs ignore Ctrl-C; ``even_if_ignored`` is for what ends in no
    other way.
    """
    from ...energy.interruptions import INTERRUPTIONS

    global _signals
    _signals = _Signals(INTERRUPTIONS)
    INTERRUPTIONS.raised = False
    INTERRUPTIONS.on_release = _signals.raise_what_waits
    _take(_signals.take, even_if_ignored=even_if_ignored)


def _take(handler: object, *, even_if_ignored: bool = False) -> None:
    if even_if_ignored or signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)  # type: ignore[arg-type]
    signal.signal(signal.SIGTERM, handler)  # type: ignore[arg-type]
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # A terminal that is closed must not leave a board powered; nohup stays as it is.
        signal.signal(signal.SIGHUP, handler)  # type: ignore[arg-type]


def _leave(_signal: int, _frame: FrameType | None) -> None:
    if _signals is None or not _signals.is_ending():
        _leave_now(EXIT_INTERRUPTED, INTERRUPTED)


def _leave_now(status: int, word: str) -> NoReturn:
    try:
        os.write(2, f"{word}\n".encode())
    finally:
        os._exit(status)  # an exception could be swallowed, or shown, by an import


_ENDING_S = 5.0
"""For so long after the first signal the others are no news: the program is ending, in order."""
_STUCK_S = 40.0
"""Whoever is kept waiting for longer may leave: each step of switching off has its own time-out."""
_ANSWERED = 3
"""The signal from which on they are answered."""

EXIT_SUPPLY = 4
"""The exit status where a supply may be on."""


class _Signals:
    """Takes the signals of one command."""

    def __init__(self, interruptions: Interruptions) -> None:
        self._interruptions = interruptions
        self._count = 0
        self._times_put_off = 0
        self._first_s = 0.0
        self._raised_s = 0.0
        self._waits = False
        """Whether one came while none could be raised, and is to be raised yet."""

    def take(self, number: int, frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt; or keep it, where the program ends already or may not yet."""
        held, put_off = self._interruptions.held, self._times_put_off
        if not put_off:
            self._count += 1
            if self._count == 1:
                self._first_s = time.monotonic()
        if held or self.is_ending():
            self._times_put_off = 0
            self._waits = self._waits or not self._interruptions.raised
            self._answer()
            self._interruptions.on_kept()
            return
        if _imports_what_it_needs(frame) and not self._interruptions.open:
            _leave_now(EXIT_INTERRUPTED, INTERRUPTED)
        if _would_be_lost(frame) and put_off < _MOST_TIMES:
            self._times_put_off += 1
            _thread.start_new_thread(_signal_soon, (number, _thread.get_ident()))
            return
        self._times_put_off = 0
        self._raise()

    def is_ending(self) -> bool:
        """Tell whether an interruption was raised just now."""
        raised = self._interruptions.raised
        return raised and time.monotonic() - self._raised_s < _ENDING_S

    def raise_what_waits(self) -> None:
        """Raise KeyboardInterrupt where a signal was kept."""
        if self._waits:
            self._raise()

    def _raise(self) -> NoReturn:
        self._waits = False
        self._interruptions.raised = True
        self._raised_s = time.monotonic()
        raise KeyboardInterrupt

    def _answer(self) -> None:
        powered = bool(self._interruptions.open)
        if time.monotonic() - self._first_s > _STUCK_S:
            if powered:
                _leave_now(EXIT_SUPPLY, "it cannot be switched off. THE SUPPLY MAY BE ON")
            _leave_now(EXIT_INTERRUPTED, INTERRUPTED)
        if self._count >= _ANSWERED:
            doing = "switching the supply off" if powered else "ending"
            try:
                os.write(2, f"{doing}; please wait\n".encode())
            except OSError:
                return  # the terminal is gone


_signals: _Signals | None = None


_SOON_S = 0.02
_MOST_TIMES = 250
"""An import that takes longer than five seconds is stuck, and is left by an exception after all."""


def _signal_soon(number: int, main: int) -> None:
    time.sleep(_SOON_S)  # noqa: TID251 - of a command's clock nothing is known here
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, number)  # else a main thread that waits would wait on
    else:
        signal.raise_signal(number)


def _would_be_lost(frame: FrameType | None) -> bool:
    """Tell whether an exception would not get through from here.

    Python drops one that is raised in a finaliser or in what is called when a weak reference dies.
    One in an import may come out as something else: of a class that pydantic makes, a SchemaError.
    """
    while frame is not None:
        module = frame.f_globals.get("__name__")
        called = frame.f_code.co_name
        if _is_import(frame) or called == "__del__" or module in ("weakref", "_weakrefset"):
            return True
        frame = frame.f_back
    return False


def _imports_what_it_needs(frame: FrameType | None) -> bool:
    """Tell whether a command is interrupted in its imports, which come before all it does.

    An import that somebody else asked for, a driver of a monitor for instance, does not count.
    """
    importer = ""
    while frame is not None:
        imports = _is_import(frame)
        frame = frame.f_back
        if imports and frame is not None and not _is_import(frame):
            importer = frame.f_globals.get("__name__", "")  # the outermost is the last one met
    return importer.startswith(f"{__package__}.")


def _is_import(frame: FrameType) -> bool:
    of_import = frame.f_globals.get("__name__") == "importlib"  # import_module
    return of_import or frame.f_code.co_filename.startswith("<frozen importlib")
