"""The half of a board between host and device that passes commands through, and its own words.

One exchange::

    host    dut profile%
    board   m-dut-passthrough(profile) | m-ready
    device  [dut]: m-profile-[…] | [dut]: m-model-[kws01] | [dut]: m-ready

So there are two conversations on one wire. :class:`PassThrough` takes them apart: the board's own
lines are its own, and ``PassThrough.dut`` is a transport on which the device is talked to as if it
were wired to the host. The board is half duplex: while the device answers, the host keeps quiet.
"""

from __future__ import annotations

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.address_words import BEHIND
from ..link.clock import Clock, Deadline
from ..link.transport import READ_BYTES, Transport
from ..wire.commands import MAX_COMMAND_CHARS, Raw
from ..wire.framing import LineReader
from ..wire.messages import PASS_THROUGH, DeviceError, LapTime, Message, Ready
from ..wire.settings import LinkSettings
from .dut import NAME_ATTEMPTS
from .exchange import QUIET_S, REPLY_TIMEOUT_S, DutListener, Exchange

_ECHO = "m-dut-passthrough("
DUT_WORD = "dut "
"""How a command begins that is for the device behind."""


class _Side:
    """Is one of the two conversations: what has come for it, and how to wait for more."""

    def __init__(self, manager: _Demultiplexer, address: str) -> None:
        self._manager = manager
        self.address = address
        self.received = bytearray()

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        deadline = Deadline(self._manager.clock, timeout_s)
        while not self.received:
            self._manager.pump(deadline.remaining_s)
            if deadline.expired and not self.received:  # whatever comes for the other side
                return b""
        data = bytes(self.received[:max_bytes])
        del self.received[:max_bytes]
        return data

    def write(self, data: bytes) -> None:
        self._manager.transport.write(data)

    def close(self) -> None:
        """Leave the link open: it belongs to whoever opened it."""


class _Demultiplexer:
    """Sorts the lines of the shared link by who said them."""

    def __init__(self, transport: Transport, clock: Clock, board: PassThrough) -> None:
        self.transport = transport
        self.clock = clock
        self._board = board
        self._reader = LineReader()
        self.io = _Side(self, transport.address)
        self.device = _Side(self, f"{BEHIND}{transport.address}")

    def pump(self, timeout_s: float) -> None:
        """Read once and sort."""
        data = self.transport.read(READ_BYTES, timeout_s)
        for line in self._reader.feed(data):
            start = line.find(PASS_THROUGH)
            if start >= 0:
                # What a half-duplex manager cut off in front of it is its own.
                if start:
                    self.io.received += line[:start] + b"\r\n"
                said = line[start + len(PASS_THROUGH) :]
                self._board.device_said(said)
                self.device.received += said + b"\r\n"
                continue
            self._board.board_said(line)
            self.io.received += line + b"\r\n"


class _DeviceSide(_Side):
    """Is the transport on which the device is talked to."""

    def __init__(self, side: _Side, board: PassThrough) -> None:
        super().__init__(side._manager, side.address)
        self.received = side.received
        self._board = board

    def write(self, data: bytes) -> None:
        self._board.pass_through(data)


class PassThrough(Exchange):
    """Talks to a board that passes commands through; ``dut`` is the way to the device behind it."""

    WHAT = "board"
    """What a person calls such a board."""
    BOOT_TEXT = "\0"
    """The beginning of what it says when it has booted, with an `m-ready` behind; none says NUL."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        settings: LinkSettings,
        listener: DutListener | None = None,
    ) -> None:
        self._lines = _Demultiplexer(transport, clock, self)
        super().__init__(self._lines.io, clock, settings, listener)
        self.dut: Transport = _DeviceSide(self._lines.device, self)

    def board_said(self, line: bytes) -> None:
        """Take a line of the board itself, as it came; for what it tells at any time."""

    def device_said(self, line: bytes) -> None:
        """Take a line of the device behind, as it came."""

    def identify(self) -> str:
        """Find it awake (opening its port resets an Arduino) and return what it says it is."""
        self._booting = self._late = True
        try:
            self.drain(quiet_s=QUIET_S, limit_s=self.settings.boot_wait_s)
            for attempt in range(1, NAME_ATTEMPTS + 1):
                self.transport.write(b"name%")
                try:
                    return " ".join(self._name())
                except DutTimeout as error:
                    self.forget_pending()
                    if attempt == NAME_ATTEMPTS:
                        raise DutTimeout(
                            f"{self.address}: no {self.WHAT} answers name% in {attempt} attempts; "
                            f"is it the right port, at {self.settings.baud_rate} baud?"
                        ) from error
                    self.listener.note(f"the {self.WHAT} did not answer name%, asked again")
            raise AssertionError("unreachable: the last attempt returns or raises")
        finally:
            self._booting = self._late = False

    def _name(self) -> list[str]:
        """Read the answer to `name`, before which it may still tell that it has booted."""
        deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
        while True:
            reply = [
                message.encode()
                for message in self._reply(f"asking the {self.WHAT}'s name", deadline)
            ]
            if name := [line for line in reply if not line.startswith(self.BOOT_TEXT)]:
                return name

    def pass_through(self, command: bytes) -> None:
        """Hand a whole command (with its ``%``) to the device, and see that it was taken whole."""
        text = command.decode("ascii").rstrip("%")
        echoed = self._hand_on(text)
        if echoed != f"{text})":
            whole = DUT_WORD + text
            kept = len(DUT_WORD) + same_chars(text, echoed)
            raise DutProtocolError(
                f"{self.address}: {kept} of the {len(whole)} characters of `{whole}` "
                f"are in the {self.WHAT}'s echo, which ends in {echoed[-20:]!r}: it was cut, or "
                "damaged on its way"
            )

    def _hand_on(self, text: str) -> str:
        """Send the device a command; return what the echo shows of it, with a bracket behind."""
        try:
            reply = self.command(DUT_WORD + text)
        except DutReportedError as error:
            raise self._other_reply(DUT_WORD + text, [error.reported]) from error
        echo = next((line for line in reply if line.startswith(_ECHO)), None)
        if echo is None:
            raise self._other_reply(DUT_WORD + text, reply)
        return echo.removeprefix(_ECHO)

    def say(self, text: str, expected: str) -> list[str]:
        """Send one of its own commands, whose reply must hold the line ``expected``."""
        reply = self.command(text)
        if expected not in reply:
            raise self._other_reply(text, reply, expected)
        return reply

    def _other_reply(self, text: str, reply: list[str], expected: str = _ECHO) -> DutProtocolError:
        return DutProtocolError(
            f"{self.address}: `{text}` was answered {reply[:5]}, not {expected!r}; is this an "
            f"{self.WHAT}?"
        )

    def command(self, text: str, timeout_s: float = REPLY_TIMEOUT_S) -> list[str]:
        """Send any command of its own; return the lines of the reply before its `m-ready`.

        DutReportedError where it refuses: `e-[…]`, `e-?…` or `e-NAME-?…`.
        """
        data = Raw(text).encode() if len(text) <= MAX_COMMAND_CHARS else text.encode() + b"%"
        self.drain()
        self.send(data)
        reply = self._reply(f"`{text}`", Deadline(self.clock, timeout_s))
        refused = next((each.encode() for each in reply if isinstance(each, DeviceError)), None)
        if refused is not None:
            raise DutReportedError(f"{self.address}: `{text}` was answered {refused!r}", refused)
        return [message.encode() for message in reply]

    def _reply(self, doing: str, deadline: Deadline) -> list[Message]:
        reply: list[Message] = []
        while True:
            while self._messages:
                message = self._messages.popleft()
                if isinstance(message, Ready):
                    return reply
                if not isinstance(message, LapTime):  # an edge, told at any time
                    reply.append(message)
            if deadline.expired:
                raise DutTimeout(self._silence(deadline, doing))
            self.take(self.transport.read(READ_BYTES, deadline.remaining_s))


def same_chars(sent: str, echoed: str) -> int:
    """Count the characters that two texts begin with alike."""
    pairs = enumerate(zip(sent, echoed, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(sent), len(echoed)))
