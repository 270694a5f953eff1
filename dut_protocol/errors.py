"""Whose fault it was is in the type: the link's, the device's silence, or its words."""

from __future__ import annotations

from ..errors import InterruptingError, TinyrunnerError


class DutError(InterruptingError):
    """Something went wrong between the host and a device under test."""


class LinkError(DutError):
    """The port could not be opened, or died."""


class PortBusy(LinkError):
    """Another program has the port open."""


class PortForbidden(LinkError):
    """The user may not open the port."""


class DutFault(DutError):
    """The device was silent, said what it must not, or began anew: it may be tried again.

    A port that is gone is not among them: a person has to plug it in.
    """


class DutTimeout(DutFault):
    """The device did not answer in time."""


class DutProtocolError(DutFault):
    """The device answered something that the protocol does not allow there."""


class DutReportedError(DutFault):
    """The device itself said ``e-[…]`` (its text is in ``reported``)."""

    def __init__(self, message: str, reported: str) -> None:
        super().__init__(message)
        self.reported = reported


class DutRebooted(DutFault):
    """The device's boot banner came in the middle of an operation."""


class CommandError(TinyrunnerError, ValueError):
    """A command that must never be sent: empty, too long, or with a terminator inside."""
