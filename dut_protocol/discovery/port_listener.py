"""The reading of one port that may say anything, at a rate that is changed while it is open.

What comes at one rate is told apart: text, the protocol, or noise, as of a rate that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...errors import TinyrunnerError
from ..errors import DutProtocolError
from ..link.clock import Clock, Deadline
from ..link.transport import READ_BYTES, SerialLink
from ..wire.boot_banner import BootMode, TimestampMode
from ..wire.commands import HostCommand
from ..wire.framing import LineReader
from ..wire.messages import Chatter, Message, Ready, decode_line, parse_line

REPLY_LIMIT_S = 1.2
"""Longest wait for the end of a reply that has begun."""

QUIET_S = 0.15

END_S = 8.0
"""The asking ends this long after the port was opened, whatever it sends."""

_SLICE_S = 0.1
"""How soon a request to stop is noticed."""


class ProbeStopped(TinyrunnerError):
    """Ends the asking because somebody told it to stop."""


class PortListener:
    """Sorts what a port has sent since it was opened by the rate at which it came.

    It asks, listens and waits no longer than ``END_S`` in all, and ends at once with ProbeStopped
    when told to stop.
    """

    def __init__(
        self,
        link: SerialLink,
        clock: Clock,
        baud_rates: Iterable[int],
        tuned_to: int,
        stop: Callable[[], bool],
    ) -> None:
        self._link = link
        self._clock = clock
        self._opened_s = clock.now_s()
        self._end = Deadline(clock, END_S)
        self._stop = stop
        self.heard = {rate: HeardAtRate() for rate in baud_rates}
        self._rate = self.heard[tuned_to]
        self.messages: list[Message] = []
        """Messages since the last command, chatter included."""
        self.boot_mode: TimestampMode | None = None
        """The mode that the last boot banner named."""
        self.banner_s: float | None = None
        """Seconds from opening the port to the last boot banner."""

    # ---- listening ---------------------------------------------------------------------------

    def may_hear_at(self, baud_rates: Iterable[int]) -> None:
        """Let these rates be tried as well."""
        for baud_rate in baud_rates:
            self.heard.setdefault(baud_rate, HeardAtRate())

    def tune(self, baud_rate: int) -> None:
        """Go on at another rate; what came until now came at the one before."""
        self.take(self._link.read(READ_BYTES, 0.0))
        self._link.set_baud_rate(baud_rate)
        self._rate = self.heard[baud_rate]

    def take(self, data: bytes) -> None:
        rate = self._rate
        for line in rate.take(data):
            for message in parse_line(line):
                if not isinstance(message, Chatter):
                    rate.note_message(message.encode())
                if isinstance(message, BootMode):
                    self.boot_mode = message.mode
                    self.banner_s = self.since_opening_s()
                self.messages.append(message)

    def since_opening_s(self) -> float:
        return self._clock.now_s() - self._opened_s

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(self._clock, min(seconds, self._end.remaining_s))

    def listen(self, seconds: float, enough: Callable[[], bool]) -> None:
        """Read until ``enough``, at most so long; a reply that has begun may take longer."""
        deadline = self._deadline(seconds)
        limit = self._deadline(max(seconds, REPLY_LIMIT_S))
        while not enough():
            if self._stop():
                raise ProbeStopped
            if deadline.expired:
                return
            data = self._link.read(READ_BYTES, min(deadline.remaining_s, _SLICE_S))
            self.take(data)
            if data and self._replying() and deadline.remaining_s < QUIET_S:
                deadline.extend_to(min(QUIET_S, limit.remaining_s))

    def _replying(self) -> bool:
        pending = self._rate.lines.pending
        return b"m-" in pending or any(not isinstance(each, Chatter) for each in self.messages)

    def quiet(self) -> None:
        """Let a late answer to an earlier question pass by."""
        limit = self._deadline(REPLY_LIMIT_S)
        while (data := self._link.read(READ_BYTES, QUIET_S)) and not limit.expired:
            if self._stop():
                raise ProbeStopped
            self.take(data)

    def has(self, *kinds: type[Message]) -> bool:
        return any(isinstance(message, kinds) for message in self.messages)

    def ended(self, *kinds: type[Message]) -> bool:
        """Tell whether one of these has come, and an `m-ready` after it."""
        wanted = False
        for message in self.messages:
            wanted = wanted or isinstance(message, kinds)
            if wanted and isinstance(message, Ready):
                return True
        return False

    # ---- asking ------------------------------------------------------------------------------

    def ask(self, command: HostCommand, seconds: float, *kinds: type[Message]) -> None:
        """Send a command and read until one of these and an `m-ready` have come."""
        if self._stop():  # the port may have taken long to open
            raise ProbeStopped
        self.messages.clear()
        if self._end.expired:
            return
        self._link.write(command.encode())
        self.listen(seconds, lambda: self.ended(*kinds))
        self._rate.note_prompt()


_NOISE_BYTES = 4
"""Fewer bytes are no sign of anything, noise or text: opening a port, or a reset, makes some."""


_READABLE = 0.8
"""Share of printable characters from which on bytes are text; random ones have 38 %."""


_TEXT_CHARS = 80


_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\r\n\t"


class HeardAtRate:
    """Holds what came at one rate."""

    def __init__(self) -> None:
        self.lines = LineReader()
        self.bytes = 0
        self.printable = 0
        self.protocol = False
        """Whether a message of the protocol was among it."""
        self._line: str | None = None
        """The first line of nothing but text; noise may stand before it."""
        self._prompt: str | None = None

    @property
    def text(self) -> str | None:
        """Return the first readable text; None where all is noise, or nothing came."""
        if self._line is not None:
            return self._line
        mostly = self.bytes >= _NOISE_BYTES and self.printable >= _READABLE * self.bytes
        return self._prompt if mostly else None

    @property
    def readable(self) -> bool:
        return self.protocol or self.text is not None

    @property
    def noisy(self) -> bool:
        return not self.readable and self.bytes >= _NOISE_BYTES

    def take(self, data: bytes) -> list[bytes]:
        """Take bytes in and return the lines that are complete now."""
        self.bytes += len(data)
        self.printable += len(data) - len(data.translate(None, _PRINTABLE))
        try:
            lines = self.lines.feed(data)
        except DutProtocolError:  # a line without end; the reader has let go of it
            return []
        for line in lines:
            if (
                self._line is None
                and len(line) >= _NOISE_BYTES
                and not line.translate(None, _PRINTABLE)
            ):
                self._line = _quoted(line)
        return lines

    def note_message(self, text: str) -> None:
        """Note that a line, or a part of one, was a message of the protocol."""
        self.protocol = True
        self._line = self._line or text[:_TEXT_CHARS]

    def note_prompt(self) -> None:
        """Keep text that waits for an answer, which has no line end."""
        self._prompt = self._prompt or _quoted(self.lines.pending)


def _quoted(line: bytes) -> str | None:
    return decode_line(line).strip()[:_TEXT_CHARS] or None
