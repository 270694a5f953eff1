"""The errors of the link to a device: whose fault it was is in the type."""

from __future__ import annotations

from ..errors import InterruptingError, TinyrunnerError


class DutError(InterruptingError):
    """Says that something went wrong between the host and a device under test."""


class LinkError(DutError):
    """Says that the port could not be opened, or died."""


class PortBusy(LinkError):
    """Says that another program has the port open."""


class PortAbsent(LinkError):
    """Says that this computer has no such port: unplugged, or called otherwise."""


class PortForbidden(LinkError):
    """Says that the user may not open the port."""


class DutFault(DutError):
    """Says that the device was silent, wrong, or began anew: it may be tried again.

    A port that is gone is not among them: a person has to plug it in.
    """


class DutTimeout(DutFault):
    """Says that the device did not answer in time."""


class DutProtocolError(DutFault):
    """Says that the device answered what the protocol does not allow there."""


class DutReportedError(DutFault):
    """Hands on the ``e-[…]`` of the device itself (its text is in ``reported``)."""

    def __init__(self, message: str, reported: str) -> None:
        super().__init__(message)
        self.reported = reported


class OutOfStep(DutError):
    """Says that the device keeps answering more often than it is asked.

    Then any answer may be that of another command, and to begin anew is to be deceived anew.
    """


class LinkFlooded(DutError):
    """Says that the device sends far more than anything that was asked of it needs."""


class FirmwareFault(DutError):
    """Says that the firmware cannot do what is asked: asked again, it would answer the same."""


class DutRebooted(DutFault):
    """Says that the device's boot banner came in the middle of an operation."""


class CommandError(TinyrunnerError, ValueError):
    """Refuses a command that must never be sent: empty, too long, or with a terminator."""
