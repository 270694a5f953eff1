"""What can go wrong with an energy monitor."""

from __future__ import annotations

from ..errors import InterruptingError


class MonitorError(InterruptingError):
    """Something went wrong between the host and an energy monitor."""


class MonitorRefused(MonitorError):
    """The monitor, or a limit of the configuration, does not allow what was asked."""


class MonitorTimeout(MonitorError):
    """The monitor did not answer in time."""


class SamplesLost(MonitorError):
    """More samples are missing from a trace than a measurement can bear."""


class TraceError(InterruptingError):
    """A trace's files cannot be understood."""
