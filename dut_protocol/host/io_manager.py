"""The IO manager: a small board between host and device that passes commands through.

EEMBC's is an Arduino between the host (115200 baud) and energy firmware (9600 baud); MLCommons'
interface board speaks the same pass-through. One exchange::

    host        dut profile%
    IO manager  m-dut-passthrough(profile) | m-ready
    device      [dut]: m-profile-[…] | [dut]: m-model-[kws01] | [dut]: m-ready

So there are two conversations on one wire. :class:`IoManager` takes them apart: its own lines are
its own, and ``IoManager.dut`` is a transport on which the device is talked to as if it were wired
to the host. The IO manager is half duplex: while the device answers, the host keeps quiet.

Of a long command it passes on a part and garbage, so its limit is measured before the first load.
What is sent and understood here is tested against ``tests/energy/transcripts/io_manager.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Clock, Deadline
from ..link.transport import READ_BYTES, Transport
from ..wire.commands import MAX_COMMAND_CHARS, Raw
from ..wire.framing import LineReader
from ..wire.messages import PASS_THROUGH, DeviceError, LapTime, Message, Ready, parse_line
from ..wire.settings import IO_MANAGER_COMMAND_CHARS, MAX_DATA_BYTES_PER_DB, LinkSettings
from .dut import NAME_ATTEMPTS, Dut
from .exchange import QUIET_S, REPLY_TIMEOUT_S, DutListener, Exchange

_BOOT_TEXT = "m-ver-"
"""The beginning of what EEMBC's says when it has booted, with an `m-ready` behind."""

_ECHO = "m-dut-passthrough("
_REFUSED = "e-?"
_DUT, _DUT_DB = "dut ", "dut db "
_LONG_WORD = "abcdefghijklmnopqrstuvwxyz0123456789" * 8
"""A text that is no command, of which neighbouring places differ: where it is cut can be seen."""

_LONG_NAME = f"name {_LONG_WORD}"[:MAX_COMMAND_CHARS]
"""The longest command for the device, and one that does nothing: it says its name, whatever stands
behind the word."""


@dataclass(frozen=True, slots=True)
class PinEdge:
    """Is an edge of the device's timestamp pin, as the IO manager reports it."""

    us: int
    """Microseconds of the IO manager's own clock, in steps of 4; wraps at 2^32."""
    host_s: float
    """When the report was read, on the bench's clock."""


@dataclass(frozen=True, slots=True, order=True)
class CommandLimit:
    """Says how much of a command an IO manager keeps."""

    chars: int
    """Characters, `dut ` included."""
    at_least: bool
    """Whether that is all that was tried, so that it may be more."""

    @property
    def data_bytes_per_db(self) -> int:
        """Return how many data bytes of a `db` pass, with room for the end of the text; 0: none."""
        room = self.chars - 1 - len(_DUT_DB)
        return max(0, min(MAX_DATA_BYTES_PER_DB, room // 2))

    def __str__(self) -> str:
        least = "at least " if self.at_least else ""
        return (
            f"the IO manager keeps {least}{self.chars} characters of a command: "
            f"{self.data_bytes_per_db} data bytes per db pass"
        )


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

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self.transport = transport
        self.clock = clock
        self.edges: list[PinEdge] = []
        self._reader = LineReader()
        self.io = _Side(self, transport.address)
        self.device = _Side(self, f"the device behind {transport.address}")

    def pump(self, timeout_s: float) -> None:
        """Read once and sort."""
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
        self.limit: CommandLimit | None = None
        """How much of a command it keeps; None before that was measured."""

    @property
    def edges(self) -> tuple[PinEdge, ...]:
        """Return the edges of the timestamp pin since the timer was enabled, in order."""
        return tuple(self._lines.edges)

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
                            f"{self.address}: no IO manager answers name% in {attempt} attempts; "
                            f"is it the right port, at {self.settings.baud_rate} baud?"
                        ) from error
                    self.listener.note("the IO manager did not answer name%, asked again")
            raise AssertionError("unreachable: the last attempt returns or raises")
        finally:
            self._booting = self._late = False

    def _name(self) -> list[str]:
        """Read the answer to `name`, before which it may still tell that it has booted."""
        deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
        while True:
            reply = [
                message.encode()
                for message in self._reply("asking the IO manager's name", deadline)
            ]
            if name := [line for line in reply if not line.startswith(_BOOT_TEXT)]:
                return name

    def measure_limit(self, dut: Dut, *, exactly: bool = False) -> CommandLimit:
        """Find how much of a command it keeps: a long one does nothing, and its echo shows it.

        ``dut`` is the device behind it, awake: it is asked its name once or twice. No more is tried
        than it can be sent in a command; ``exactly``: more, in what the IO manager itself refuses.
        DutProtocolError where not one data byte passes.
        """
        limit = self._kept_of_long_name(dut)
        if limit.chars < IO_MANAGER_COMMAND_CHARS:  # damage looks like a cut, once
            limit = max(limit, self._kept_of_long_name(dut))
        if exactly and limit.at_least and (word := self._kept_of_long_word()) >= limit.chars:
            limit = CommandLimit(word, at_least=word == len(_LONG_WORD))
        if limit.data_bytes_per_db < 1:
            raise DutProtocolError(f"{self.address}: {limit}; no input can be loaded")
        self.limit = limit
        return limit

    def _kept_of_long_name(self, dut: Dut) -> CommandLimit:
        dut.drain()
        echoed = self._hand_on(_LONG_NAME)
        patience = Deadline(self.clock, REPLY_TIMEOUT_S + 2 * dut.wire_s(len(_LONG_NAME)))
        try:
            dut.collect(patience, "asking its name in a long command", says_something=True)
        except DutReportedError:
            pass  # firmware that takes all of it for one word
        except (DutTimeout, DutProtocolError):
            dut.resync()
        kept = len(_DUT) + _same_chars(_LONG_NAME, echoed)
        return CommandLimit(kept, at_least=echoed == f"{_LONG_NAME})")

    def _kept_of_long_word(self) -> int:
        """Return how much is kept of what it refuses by its echo; 0 where it does not refuse so."""
        try:
            self.command(_LONG_WORD)
        except DutReportedError as error:
            return _same_chars(_REFUSED + _LONG_WORD, error.reported) - len(_REFUSED)
        except DutTimeout:
            self.forget_pending()
        return 0

    def pass_through(self, command: bytes) -> None:
        """Hand a whole command (with its ``%``) to the device, and see that it was taken whole."""
        text = command.decode("ascii").rstrip("%")
        echoed = self._hand_on(text)
        if echoed != f"{text})":
            kept = len(_DUT) + _same_chars(text, echoed)
            raise DutProtocolError(
                f"{self.address}: {kept} of the {len(_DUT + text)} characters of `{_DUT}{text}` "
                f"are in the IO manager's echo, which ends in {echoed[-20:]!r}: it was cut, or "
                "damaged on its way"
            )

    def _hand_on(self, text: str) -> str:
        """Send the device a command; return what the echo shows of it, with a bracket behind."""
        try:
            reply = self.command(_DUT + text)
        except DutReportedError as error:
            raise self._no_manager(_DUT + text, [error.reported]) from error
        echo = next((line for line in reply if line.startswith(_ECHO)), None)
        if echo is None:
            raise self._no_manager(_DUT + text, reply)
        return echo.removeprefix(_ECHO)

    def say(self, text: str, expected: str) -> list[str]:
        """Send one of its own commands, whose reply must hold the line ``expected``."""
        reply = self.command(text)
        if expected not in reply:
            raise self._no_manager(text, reply, expected)
        return reply

    def _no_manager(self, text: str, reply: list[str], expected: str = _ECHO) -> DutProtocolError:
        return DutProtocolError(
            f"{self.address}: `{text}` was answered {reply[:5]}, not {expected!r}; is this an IO "
            "manager?"
        )

    def command(self, text: str) -> list[str]:
        """Send any command of its own; return the lines of the reply before its `m-ready`.

        DutReportedError where it refuses: `e-[…]`, `e-?…` or `e-NAME-?…`.
        """
        data = Raw(text).encode() if len(text) <= MAX_COMMAND_CHARS else text.encode() + b"%"
        self.drain()
        self.send(data)
        reply = self._reply(f"`{text}`", Deadline(self.clock, REPLY_TIMEOUT_S))
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


def _same_chars(sent: str, echoed: str) -> int:
    """Count the characters that two texts begin with alike."""
    pairs = enumerate(zip(sent, echoed, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(sent), len(echoed)))
