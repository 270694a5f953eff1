"""The errors of an energy monitor and of the traces that it records."""

from __future__ import annotations

from ..errors import EXIT_SUPPLY_MAY_BE_ON, InterruptingError, in_words


class MonitorError(InterruptingError):
    """Says that something went wrong between the host and an energy monitor."""


class MonitorRefused(MonitorError):
    """Says that the monitor, or a configured limit, does not allow what was asked."""


class MonitorTimeout(MonitorError):
    """Says that the monitor did not answer in time."""


class SupplyMayBeOn(MonitorError):
    """Says that a supply could not be switched off, or that nobody can tell whether it is (4)."""

    exit_status = EXIT_SUPPLY_MAY_BE_ON


class SamplesLost(MonitorError):
    """Says that more samples are missing from a trace than a measurement can bear."""


class TraceError(InterruptingError):
    """Says that a trace's files cannot be understood."""


def what_went_before(error: BaseException, unsafe: Exception) -> str:
    """Return, to stand behind ``unsafe``, what ended the work; empty where that says it already."""
    said = in_words(error) if isinstance(error, Exception) else "interrupted"
    return "" if said in str(unsafe) else f" (what went before: {said})"
