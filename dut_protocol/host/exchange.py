"""Exchanges commands and replies with a device: deadlines, and what comes unasked.

One exchange is a command and the lines that answer it, the last of which is ``m-ready``. Chatter
in between goes to the listener and nowhere else; a boot banner outside of booting is an error,
wherever it comes.

An answer too many puts host and device out of step: each later command would take the answer of the
one before, and a block of a load that arrived twice hides that another one is missing. From the
first load on it is an error, so that the load is done anew; before that, and where commands were
given up whose answers may still come, it is none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from ..errors import (
    DutError,
    DutProtocolError,
    DutRebooted,
    DutReportedError,
    DutTimeout,
    FirmwareFault,
    LinkFlooded,
    OutOfStep,
)
from ..link.clock import Clock, Deadline
from ..link.port_users import others_at
from ..link.transport import READ_BYTES, Transport
from ..wire.boot_banner import BootMode, InitDone, TimestampMode
from ..wire.commands import (
    DbLoad,
    DbPrint,
    DeviceCommand,
    HostCommand,
    Infer,
    Raw,
    Timestamp,
    must_say_something,
    parse_command,
)
from ..wire.framing import LineReader
from ..wire.messages import (
    BufferTooSmall,
    Chatter,
    DeviceError,
    Malformed,
    Message,
    Ready,
    decode_line,
    parse_line,
)
from ..wire.settings import MAX_INPUT_BYTES, LinkSettings

REPLY_TIMEOUT_S = 3.0
"""Longest wait for one short reply. Published boards answer within milliseconds; a busy USB
stack or an interrupt-driven port has been seen to take a second."""

QUIET_S = 0.2
"""Nothing for this long means that the device has said what it had to say."""

STRAY_S = 0.5
"""An `m-ready` without the reply that belongs before it is one too many if that reply begins within
this time; it begins as soon as the command has arrived."""

MAX_STRAYS = 2
"""The answers too many after which nothing is believed any more. One may be an accident."""

FLOOD_BYTES = 2_000_000
"""Most that may come during one exchange, beside what the wire can carry in its time. Published
firmware prints thousands of lines in a window, which is a twentieth of this."""

MAX_REPLY_MESSAGES = 8192
"""Most lines of one reply. `db print` of the largest input has 3456; a device stuck in a loop must
not fill the host's memory before its time is up."""

_ROW_BYTES, _ROW_CHARS = 8, 34
"""A row of `db print`: `m-buffer-`, eight bytes as `00-01-…`, CR and LF."""

_REPLY_CHARS = 1000
"""Longest honest reply to a short command: `help`, or the scores of some hundred classes."""


class DutListener(Protocol):
    """Is told of everything that belongs in the log."""

    def line(self, text: str) -> None:
        """Take a line of the device, as it came."""

    def note(self, text: str) -> None:
        """Take something the host noticed or did about the device (a load begun again, say)."""


class SilentListener:
    """Keeps nothing, for callers without a log: probing, calibration of tests."""

    def line(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        pass


class Withheld:
    """Holds back a reply's `m-ready` from the listener."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def tell(self) -> None:
        """Tell the listener now; one that was glued to another line was told with it."""
        if not self._exchange.last_line.endswith(Ready().encode()):
            self._exchange.listener.line(Ready().encode())


class Exchange:
    """Holds the conversation with one device: what any operation is made of."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        settings: LinkSettings,
        listener: DutListener | None = None,
    ) -> None:
        self.transport = transport
        self.clock = clock
        self.settings = settings
        self.listener: DutListener = listener or SilentListener()
        self.boot_mode: TimestampMode | None = None
        self._reader = LineReader()
        self._messages: deque[Message] = deque()
        self._last_line = ""
        self._booting = False
        self.strict = False
        """Whether an answer too many is an error: a load, or what is inferred of it, is at stake.
        """
        self._late = False
        """Whether answers may still come to commands that were given up."""
        self._strays = 0
        self._sent = b""
        self._heard_bytes = 0
        """What came since the present exchange began."""
        self._heard_since_s = clock.now_s()
        self._muted: tuple[type[Message], ...] = ()
        self._hands_on_malformed = False
        self._command: HostCommand | None = None
        """The last one that began an exchange."""
        self.has_inferred = False
        """An answer to `infer` was taken: the firmware can do what is asked of it."""
        self.loaded_bytes: int | None = None
        """What the input buffer holds, as far as this host knows."""
        self._buffer_bytes = MAX_INPUT_BYTES
        """What a `db print` may print: the largest input loaded, or the reference's buffer."""

    @property
    def address(self) -> str:
        return self.transport.address

    # ---- reading ---------------------------------------------------------------------------------

    @property
    def last_line(self) -> str:
        """Return the last line that the listener was told of."""
        return self._last_line

    @property
    def in_step(self) -> bool:
        """Tell whether nothing is unread: no message waiting, no line half arrived."""
        return not self._messages and not self._reader.pending

    def none_too_many(self, doing: str) -> None:
        """Raise what follows from a message that has come behind the last reply's `m-ready`."""
        if any(not isinstance(message, Chatter) for message in self._messages):
            raise self.out_of_step(doing, self._messages)

    def caught_up(self) -> None:
        """Take it that all that was asked has been answered: an answer to the last has come."""
        self._late = False

    @contextmanager
    def muting(self, *kinds: type[Message]) -> Iterator[None]:
        """Keep these messages from the listener meanwhile, and nothing else."""
        before, self._muted = self._muted, kinds
        try:
            yield
        finally:
            self._muted = before

    @contextmanager
    def handing_on_malformed(self) -> Iterator[None]:
        """Hand a message whose content cannot be on like any other, instead of refusing it."""
        before, self._hands_on_malformed = self._hands_on_malformed, True
        try:
            yield
        finally:
            self._hands_on_malformed = before

    @contextmanager
    def withholding_ready(self) -> Iterator[Withheld]:
        """Keep the `m-ready` of one reply from the listener until ``tell()`` says otherwise."""
        with self.muting(Ready):
            withheld = Withheld(self)
            yield withheld

    def take(self, data: bytes) -> None:
        """Split what came into messages; tell the listener of every line that is not muted.

        LinkFlooded where far more comes than can have been asked for.
        """
        self._heard_bytes += len(data)
        if self._heard_bytes > FLOOD_BYTES:
            self._refuse_flood()
        for line in self._reader.feed(data):
            messages = parse_line(line)
            if not messages or not isinstance(messages[-1], self._muted) or len(messages) > 1:
                self._last_line = decode_line(line)
                if self._last_line:
                    self.listener.line(self._last_line)
            self._messages.extend(messages)

    def _refuse_flood(self) -> None:
        seconds = self.clock.now_s() - self._heard_since_s
        usual = print_chars(self._buffer_bytes) + seconds / self.wire_s(1)
        if self._heard_bytes <= FLOOD_BYTES + usual:
            return
        since = "it was opened"
        if self._sent:
            since = f"`{decode_line(self._sent.rstrip(b'%')[:40])}` was sent"
        raise LinkFlooded(
            f"{self.address} floods the link: {self._heard_bytes / 1e6:.1f} MB in {seconds:.1f} s "
            f"since {since}, last {self._last_line[:60]!r}; look at what the firmware prints, and "
            "at what else sends on this line"
        )

    def next_message(self, deadline: Deadline, doing: str, *, chatter: bool = False) -> Message:
        """Return the next message; one that is not chatter, unless that is asked for."""
        while True:
            while self._messages:
                message = self._messages.popleft()
                if isinstance(message, Chatter):
                    if chatter:
                        return message
                    continue
                if isinstance(message, BootMode | InitDone):
                    if isinstance(message, BootMode):
                        self.boot_mode = message.mode
                    if not self._booting:
                        raise self._rebooted(doing, message)
                    continue
                if isinstance(message, Malformed) and not self._hands_on_malformed:
                    sent = f"{doing} on {self.address}: the device sent {message.text!r}"
                    raise self.fault(f"{sent}: {message.reason}", sure=message.in_firmware)
                return message
            if deadline.expired:
                self._late = True
                raise DutTimeout(self._silence(deadline, doing))
            self.take(self.transport.read(READ_BYTES, deadline.remaining_s))

    def fault(self, text: str, *, sure: bool = True) -> DutError:
        """Make the error to raise of an answer that cannot be taken.

        ``sure``: no damage on its way makes such an answer. Then it is the firmware's own, unless
        that has shown before that it can do better.
        """
        return FirmwareFault(text) if sure and not self.has_inferred else DutProtocolError(text)

    def _rebooted(self, doing: str, sign: Message) -> DutRebooted:
        """Log the rest of the banner (a reset's cause, perhaps); return the error to raise."""
        self._booting = True
        try:
            self.drain(quiet_s=QUIET_S, limit_s=REPLY_TIMEOUT_S)
        finally:
            self._booting = False
        return DutRebooted(
            f"{doing} on {self.address}: the device rebooted ({sign.encode()}); check its supply "
            "and watchdog"
        )

    def _silence(self, deadline: Deadline, doing: str) -> str:
        pending = decode_line(self._reader.pending)[:80]
        last = self._last_line[:120]
        said = f"; last line {last!r}" if last else "; the device has said nothing"
        unfinished = f", then the unfinished {pending!r}" if pending else ""
        others = others_at(self.address)
        check = (
            f"{others} has the port open, too, and takes what the device says: close it there"
            if others
            else "check power, cable and baud rate"
        )
        return (
            f"{doing} on {self.address}: no answer in {deadline.seconds:.1f} s{said}{unfinished}; "
            f"{check}"
        )

    def drain(self, quiet_s: float = 0.0, limit_s: float = 0.0) -> bool:
        """Log what has come unasked, until nothing comes for ``quiet_s`` (at most ``limit_s``).

        Returns whether an `m-ready` was among it. DutProtocolError where that is one too many.
        """
        limit = Deadline(self.clock, limit_s)
        while data := self.transport.read(READ_BYTES, min(quiet_s, limit.remaining_s)):
            self.take(data)
            if limit.expired:
                break
        said: list[Message] = []
        while self._messages:
            message = self._messages.popleft()
            if isinstance(message, BootMode):
                self.boot_mode = message.mode
            if isinstance(message, BootMode | InitDone) and not self._booting:
                raise self._rebooted("between two commands", message)
            said.append(message)
        ready = any(isinstance(message, Ready) for message in said)
        if ready and not (self._booting or self._late):
            if self.strict:
                raise self.out_of_step("between two commands", said)
            self.listener.note(f"a stray m-ready from {self.address}, ignored")
        return ready

    def out_of_step(self, doing: str, surplus: Iterable[Message] = ()) -> DutError:
        """Make the error to raise of an answer too many; ``surplus`` is what it says.

        DutProtocolError: what is at stake is to be done anew, in step again. OutOfStep, which ends
        it for good, where it comes again. A command that was cut in two on its way has two answers
        as well, of which one tells so: that is damage as any other.
        """
        where = f"{doing} on {self.address}"
        for message in surplus:
            if isinstance(message, DeviceError) and message.text.startswith("Unknown command"):
                said = message.encode()[:80]
                return DutProtocolError(f"{where}: a command came as two, one of them {said!r}")
        self._strays += 1
        what = f"{where}: the device answered once more than it was asked"
        if self._strays < MAX_STRAYS:
            return DutProtocolError(f"{what}; it may be a step off")
        return OutOfStep(
            f"{what}, for the second time: any answer may be that of another command, and no score "
            "can be trusted. Something on the way delivers commands or answers twice (a bridge to "
            "the network that sends again, a second program on the port), or the firmware prints "
            "m-ready where no command ends; mend that first"
        )

    # ---- asking ----------------------------------------------------------------------------------

    def begin(self, command: HostCommand) -> None:
        """Send a command after clearing away what came unasked."""
        data = command.encode()
        self.drain()
        if isinstance(command, DbLoad):
            self._buffer_bytes = max(self._buffer_bytes, command.byte_count)
        self._command = command
        self.send(data)

    def send(self, data: bytes) -> None:
        """Begin an exchange: from here on is counted what comes."""
        self._sent = data
        self._heard_bytes, self._heard_since_s = 0, self.clock.now_s()
        self.transport.write(data)

    def collect(
        self,
        deadline: Deadline,
        doing: str,
        each: Callable[[Message], None] | None = None,
        *,
        says_something: bool = False,
    ) -> list[Message]:
        """Return the messages of one reply up to its `m-ready`.

        An ``e-[…]`` among them is raised, but only once the reply is complete, so that the next
        command finds the link in step. ``says_something``: the command is always answered by more
        than `m-ready` or an error, so one that comes before that is of another command; this is
        raised at the end, too. ``each`` is told of chatter too.
        """
        reply: list[Message] = []
        refused: Message | None = None
        surplus: list[Message] = []
        at_most = max(MAX_REPLY_MESSAGES, 2 * self._buffer_bytes // _ROW_BYTES)
        while True:
            message = self.next_message(deadline, doing, chatter=each is not None)
            match message:
                case Chatter():
                    if each is not None:
                        each(message)
                case Ready():
                    if says_something and not reply and self._reply_follows(deadline):
                        surplus.append(refused or message)
                        refused = None
                        continue
                    if surplus:
                        self._refuse_surplus(doing, surplus)
                    if refused is not None:
                        raise self._refusal(doing, refused)
                    if reply and says_something:
                        self.caught_up()
                    return reply
                case DeviceError() | BufferTooSmall():
                    refused = message
                case _:
                    reply.append(message)
                    if len(reply) > at_most:
                        raise DutProtocolError(
                            f"{doing} on {self.address}: more than {at_most} lines and "
                            f"no m-ready; last line {self._last_line[:80]!r}"
                        )
                    if each is not None:
                        each(message)

    def _refuse_surplus(self, doing: str, surplus: list[Message]) -> None:
        """Raise what follows from answers that came before the one to this command, if anything."""
        if self.strict and not self._late:
            raise self.out_of_step(doing, surplus)
        if not self._late:
            self.listener.note(f"a stray m-ready from {self.address}, ignored")

    def _refusal(self, doing: str, refused: Message) -> DutError:
        """Make the error to raise of an ``e-[…]``."""
        answered = f"{doing} on {self.address}: the device answered {refused.encode()!r}"
        if _for_good(refused, self._command) and not self.has_inferred:
            return FirmwareFault(answered)
        text = refused.text if isinstance(refused, DeviceError) else ""
        return DutReportedError(answered, text or refused.encode())

    def _reply_follows(self, deadline: Deadline) -> bool:
        """Tell whether more than chatter comes at once."""
        patience = Deadline(self.clock, min(STRAY_S, deadline.remaining_s))
        while all(isinstance(message, Chatter) for message in self._messages):
            if patience.expired:
                return False
            self.take(self.transport.read(READ_BYTES, patience.remaining_s))
        return True

    def ask(
        self,
        command: HostCommand,
        timeout_s: float = REPLY_TIMEOUT_S,
        each: Callable[[Message], None] | None = None,
    ) -> list[Message]:
        """Send one short command and return its reply without the `m-ready`.

        ``timeout_s`` is for the device; the time on the wire comes on top. ``each`` is told of
        chatter too.
        """
        data = command.encode()
        meant = parse_command(command.text) if isinstance(command, Raw) else command
        wire_s = self.wire_s(len(data) + self._longest_reply(meant))
        self.begin(command)
        return self.collect(
            Deadline(self.clock, timeout_s + 2 * wire_s),
            f"`{data.decode().rstrip('%')}`",
            each,
            says_something=self._says_something(meant),
        )

    def _longest_reply(self, command: DeviceCommand) -> int:
        """Return how many characters the longest reply to a command has."""
        return print_chars(self._buffer_bytes) if isinstance(command, DbPrint) else _REPLY_CHARS

    def _says_something(self, command: DeviceCommand) -> bool:
        timed = self.boot_mode is TimestampMode.PERFORMANCE
        return must_say_something(command) or (timed and isinstance(command, Timestamp))

    def wire_s(self, chars: int) -> float:
        """Return how long so many characters take on the wire: ten bits each."""
        return chars * 10 / self.settings.baud_rate

    def raw(self, text: str, timeout_s: float = REPLY_TIMEOUT_S) -> list[Message]:
        """Make a command of any text, as a script or the console has it."""
        return self.ask(Raw(text), timeout_s)

    def forget_pending(self) -> None:
        """Give up on a half line: log it, and begin the next one afresh."""
        if pending := decode_line(self._reader.take_pending()):
            self._last_line = pending
            self.listener.line(pending)


def _for_good(refused: Message, command: HostCommand | None) -> bool:
    """Tell whether the refusal shows that the command came whole: it would be refused again."""
    match refused, command:
        case BufferTooSmall(requested=requested), DbLoad(byte_count):
            return requested == byte_count
        case DeviceError(text), DbLoad(byte_count):
            return text in ("Unknown command: db", f"Unable to malloc {byte_count} bytes")
        case DeviceError(text), Infer():
            return text == "Unknown command: infer"
    return False


def print_chars(byte_count: int) -> int:
    """Return the characters of a `db print` of so many bytes."""
    return (byte_count + _ROW_BYTES - 1) // _ROW_BYTES * _ROW_CHARS + _ROW_CHARS
