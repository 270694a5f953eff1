"""``--wire-log FILE``: a bench's link, written into a wire log where one was asked for."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from ... import __version__
from ...dut_protocol.link.clock import Clock
from ...dut_protocol.link.transport import Transport
from ...dut_protocol.link.wire_log import LoggingTransport, WireLog, WireLogError
from ..config.config import Config
from ..errors import JournalError, SetupError

Tell = Callable[[str], None]


def wire_logged(
    config: Config, transport: Transport, clock: Clock, baud_rate: int, tell: Tell
) -> Transport:
    """The transport itself, or one that logs; closing it closes both.

    ``tell`` notes, once, that the log could not be continued (a full disk); SetupError where it
    cannot be begun, and then the transport is closed.
    """
    path = config.dut.wire_log
    if path is None:
        return transport

    def tell_somehow(text: str) -> None:
        try:
            tell(text)
        except (JournalError, ValueError):  # a full disk is the journal's trouble too; or closed
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    try:
        log = WireLog.open(path, clock, transport.address, baud_rate, tell_somehow, __version__)
    except WireLogError as error:
        transport.close()
        raise SetupError(f"--wire-log: {error}") from error
    return LoggingTransport(transport, clock, log)
