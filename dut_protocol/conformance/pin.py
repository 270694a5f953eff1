"""The timestamp pin of energy firmware, as the IO manager sees it."""

from __future__ import annotations

from ..wire.messages import TimestampMode
from .probe import CannotTry, Probe
from .report import Finding, Verdict


def edges(probe: Probe) -> Finding:
    """`timestamp` makes one falling edge, `infer` two."""
    if probe.mode is not TimestampMode.ENERGY:
        raise CannotTry("performance firmware prints its time stamps")
    if probe.io_manager is None:
        raise CannotTry("nothing here sees the pin; name the IO manager with --io")
    probe.mark_edges()
    probe.ask("timestamp")
    stamped = len(probe.pin_edges())
    probe.infer(1, 0)
    inferred = len(probe.pin_edges())
    found = f"`timestamp` {stamped} of 1, `infer 1 0` {inferred} of 2"
    return Finding(Verdict.PASS if (stamped, inferred) == (1, 2) else Verdict.FAIL, found)
