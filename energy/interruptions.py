"""Says what an interruption must not cut short: the leaving of a bench that powers a device.

Library code handles no signals. It marks here what is to be left in order, and whoever handles them
looks here before a KeyboardInterrupt is raised; where nobody does, nothing changes.

Python can raise one wherever a function is entered, so also on the way into the very code that
holds it off. Two rules together leave no gap: behind the first one no other is raised while a
:class:`SafeStack` is open, and a stack that the first kept from being left is left by
:func:`leave_all`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from .errors import SupplyMayBeOn


class Interruptions:
    """Is what the handler of signals and the code that must not be cut short know of each other."""

    __slots__ = ("held", "on_kept", "on_release", "open", "raised")

    def __init__(self) -> None:
        self.held = 0
        """How many blocks are under way in which no KeyboardInterrupt may be raised."""
        self.open: list[SafeStack] = []
        """The benches that power a device, or may."""
        self.raised = False
        """Whether somebody wanted all of it to end, and a KeyboardInterrupt was raised for it."""
        self.on_kept: Callable[[], None] = lambda: None
        """Hears that one is held off; whoever waits within such a block ends the waiting."""
        self.on_release: Callable[[], None] = lambda: None
        """Raises what was held off; called when the last block is left."""


INTERRUPTIONS = Interruptions()
"""The program's: signals come to a process, not to a bench."""


class held:  # noqa: N801, it reads as a word
    """Holds interruptions off while a block runs; one that came is raised behind it.

    A block that waits for somebody gives ``on_kept``, which ends the waiting: it is called in a
    handler of signals and must raise nothing.
    """

    def __init__(self, on_kept: Callable[[], None] | None = None) -> None:
        self._on_kept = on_kept
        self._before = INTERRUPTIONS.on_kept

    def __enter__(self) -> None:
        if self._on_kept is not None:
            INTERRUPTIONS.on_kept = self._on_kept
        INTERRUPTIONS.held += 1

    def __exit__(self, *_: object) -> None:
        INTERRUPTIONS.held -= 1
        INTERRUPTIONS.on_kept = self._before
        if not INTERRUPTIONS.held:
            INTERRUPTIONS.on_release()


class SafeStack(ExitStack):
    """Is left whole, whatever comes meanwhile. That a supply may be on outranks any other news."""

    def __enter__(self) -> Self:
        INTERRUPTIONS.open.append(self)
        return super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        unsafe: SupplyMayBeOn | None = None
        try:
            with held():
                try:
                    return bool(super().__exit__(kind, error, trace))
                except SupplyMayBeOn as problem:
                    unsafe = problem
                    raise
                finally:
                    INTERRUPTIONS.open.remove(self)
        except KeyboardInterrupt as late:
            if unsafe is not None:
                raise unsafe from late
            raise


def leave_all() -> None:
    """Leave the stacks that are open still, the last one first: an interruption jumped over them.

    SupplyMayBeOn where one of them could not be left safe.
    """
    while INTERRUPTIONS.open:
        with held():
            INTERRUPTIONS.open[-1].__exit__(None, None, None)
