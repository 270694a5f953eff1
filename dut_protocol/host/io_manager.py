"""The IO manager: a small board between host and device that passes commands through.

EEMBC's is an Arduino between the host (115200 baud) and energy firmware (9600 baud); MLCommons'
interface board speaks the same pass-through. One exchange::

    host        dut profile%
    IO manager  m-dut-passthrough(profile) | m-ready
    device      [dut]: m-profile-[…] | [dut]: m-model-[kws01] | [dut]: m-ready

So there are two conversations on one wire. :class:`IoManager` takes them apart: its own lines are
its own, and ``IoManager.dut`` is a transport on which the device is talked to as if it were wired
to the host. The IO manager is half duplex: while the device answers, the host keeps quiet.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Clock, Deadline
from ..link.transport import READ_BYTES, Transport
from ..wire.commands import MAX_COMMAND_CHARS, Raw
from ..wire.framing import LineReader
from ..wire.messages import PASS_THROUGH, LapTime, Ready, parse_line
from ..wire.settings import LinkSettings
from .dut import NAME_ATTEMPTS
from .exchange import QUIET_S, REPLY_TIMEOUT_S, DutListener, Exchange


@dataclass(frozen=True, slots=True)
class PinEdge:
    """Is an edge of the device's timestamp pin, as the IO manager reports it."""

    us: int
    """Microseconds of the IO manager's own clock, in steps of 4; wraps at 2^32."""
    host_s: float
    """When the report was read, on the bench's clock."""


class _Side:
    """Is one of the two conversations: what has come for it, and how to wait for more."""

    def __init__(self, manager: _Demultiplexer, address: str) -> None:
        self._manager = manager
        self.address = address
        self.received = bytearray()

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        deadline = Deadline(self._manager.clock, timeout_s)
        while not self.received:
            if not self._manager.pump(deadline.remaining_s) and deadline.expired:
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

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self.transport = transport
        self.clock = clock
        self.edges: list[PinEdge] = []
        self._reader = LineReader()
        self.io = _Side(self, transport.address)
        self.device = _Side(self, f"the device behind {transport.address}")

    def pump(self, timeout_s: float) -> bool:
        """Read once and sort; False when nothing came."""
        data = self.transport.read(READ_BYTES, timeout_s)
        for line in self._reader.feed(data):
            start = line.find(PASS_THROUGH)
            if start >= 0:
                # What a half-duplex manager cut off in front of it is its own.
                if start:
                    self.io.received += line[:start] + b"\r\n"
                self.device.received += line[start + len(PASS_THROUGH) :] + b"\r\n"
                continue
            self._note_edge(line)
            self.io.received += line + b"\r\n"
        return bool(data)

    def _note_edge(self, line: bytes) -> None:
        for message in parse_line(line):
            if isinstance(message, LapTime):
                self.edges.append(PinEdge(message.us, self.clock.now_s()))


class _DeviceSide(_Side):
    """Is the transport on which the device is talked to."""

    def __init__(self, side: _Side, manager: IoManager) -> None:
        super().__init__(side._manager, side.address)
        self.received = side.received
        self._io = manager

    def write(self, data: bytes) -> None:
        self._io.pass_through(data)


class IoManager(Exchange):
    """Talks to the IO manager itself; ``dut`` is the way to the device behind it."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        settings: LinkSettings,
        listener: DutListener | None = None,
    ) -> None:
        self._lines = _Demultiplexer(transport, clock)
        super().__init__(self._lines.io, clock, settings, listener)
        self.dut: Transport = _DeviceSide(self._lines.device, self)

    @property
    def edges(self) -> tuple[PinEdge, ...]:
        """Return the edges of the timestamp pin since the timer was enabled, in order."""
        return tuple(self._lines.edges)

    def identify(self) -> str:
        """Find it awake (opening its port resets an Arduino) and return what it says it is."""
        self._booting = True
        try:
            self.drain(quiet_s=QUIET_S, limit_s=self.settings.boot_wait_s)
            for attempt in range(1, NAME_ATTEMPTS + 1):
                self.transport.write(b"name%")
                try:
                    return " ".join(self._reply("asking the IO manager's name"))
                except DutTimeout as error:
                    self.forget_pending()
                    if attempt == NAME_ATTEMPTS:
                        raise DutTimeout(
                            f"{self.address}: no IO manager answers name% in {attempt} attempts; "
                            f"is it the right port, at {self.settings.baud_rate} baud?"
                        ) from error
                    self.listener.note("the IO manager did not answer name%, asked again")
            raise AssertionError("unreachable: the last attempt returns or raises")
        finally:
            self._booting = False

    def pass_through(self, command: bytes) -> None:
        """Hand a whole command (with its ``%``) to the device, and see that it was taken."""
        text = command.decode("ascii").rstrip("%")
        self.say(f"dut {text}", f"m-dut-passthrough({text})")

    def say(self, text: str, expected: str) -> list[str]:
        """Send one of its own commands, whose reply must hold the line ``expected``."""
        reply = self.command(text)
        if expected not in reply:
            raise DutProtocolError(
                f"{self.address}: `{text}` was answered {reply}, not {expected!r}; is this an IO "
                "manager?"
            )
        return reply

    def command(self, text: str) -> list[str]:
        """Send any command of its own; return the lines of the reply before its `m-ready`."""
        data = Raw(text).encode() if len(text) <= MAX_COMMAND_CHARS else text.encode() + b"%"
        self.drain()
        self.transport.write(data)
        reply = self._reply(f"`{text}`")
        refused = next((line for line in reply if line.startswith("e-[")), None)
        if refused is not None:
            raise DutReportedError(f"{self.address}: `{text}` was answered {refused!r}", refused)
        return reply

    def _reply(self, doing: str) -> list[str]:
        deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
        reply: list[str] = []
        while True:
            while self._messages:
                message = self._messages.popleft()
                if isinstance(message, Ready):
                    return reply
                if not isinstance(message, LapTime):  # an edge, told at any time
                    reply.append(message.encode())
            if deadline.expired:
                raise DutTimeout(self._silence(deadline, doing))
            self.take(self.transport.read(READ_BYTES, deadline.remaining_s))

    def version(self) -> list[str]:
        """Ask what it says of itself."""
        return self.command("version")

    def mark_falling_edges(self) -> None:
        """Stamp falling edges of the device's pin; this turns the timer off."""
        self.say("tm 0", "m-timestmp-mode-FALLING")

    def enable_timer(self) -> None:
        """Let every edge be reported from now on, and kept in ``edges``."""
        self._lines.edges.clear()
        self.say("enable-timer", "m-timer-enabled")

    def disable_timer(self) -> None:
        self.say("disable-timer", "m-timer-disabled")
