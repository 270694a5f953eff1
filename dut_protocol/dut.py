"""The host's side of the protocol: one device under test behind a transport.

Each public method is one operation with one deadline on the bench's clock, scaled to its work.
It returns what the device said, or raises the :class:`DutError` that names whose fault it was.

While loading, every handshake is ``db HEX%`` answered by ``m-ready``; those replies are not told
to the listener (published logs mute them too), anything unexpected is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .clock import Clock, Deadline
from .commands import AskName, AskProfile, HostCommand, Raw, Timestamp
from .errors import (
    DutProtocolError,
    DutRebooted,
    DutReportedError,
    DutTimeout,
)
from .framing import LineReader
from .messages import (
    BootMode,
    BufferTooSmall,
    Chatter,
    DeviceError,
    InitDone,
    LapTime,
    Malformed,
    Message,
    Model,
    Name,
    Profile,
    Ready,
    TimestampMode,
    decode_line,
    parse_line,
)
from .settings import LinkSettings
from .transport import READ_BYTES, Transport

REPLY_TIMEOUT_S = 3.0
"""Longest wait for one short reply. Published boards answer within milliseconds; a busy USB
stack or an interrupt-driven port has been seen to take a second."""

QUIET_S = 0.2
"""Nothing for this long means that the device has said what it had to say."""

NAME_ATTEMPTS = 5
"""`name%` is often lost once after power-up, and a board may boot for seconds after a reset."""


class DutListener(Protocol):
    """Told of everything that belongs in the log."""

    def line(self, text: str) -> None:
        """A line of the device, as it came."""

    def note(self, text: str) -> None:
        """Something the host noticed or did about the device (a load begun again, say)."""


class SilentListener:
    """For callers without a log: probing, calibration of tests."""

    def line(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Identity:
    """Who answered. ``boot_mode`` is None when no boot banner was seen."""

    vendor: str
    profile: str | None
    model_id: str | None
    boot_mode: TimestampMode | None


M = TypeVar("M")


class Dut:
    """A device under test. It owns no port: whoever opened the transport closes it."""

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
        self._muted: tuple[type[Message], ...] = ()

    @property
    def address(self) -> str:
        return self.transport.address

    # ---- reading: the primitives that an operation is made of --------------------------------

    @property
    def in_step(self) -> bool:
        """Nothing unread: no message waiting, no line half arrived."""
        return not self._messages and not self._reader.pending

    @contextmanager
    def muting(self, *kinds: type[Message]) -> Iterator[None]:
        """Do not tell the listener of these messages meanwhile; of everything else, do."""
        before, self._muted = self._muted, kinds
        try:
            yield
        finally:
            self._muted = before

    def take(self, data: bytes) -> None:
        """Split what came into messages; tell the listener of every line that is not muted."""
        for line in self._reader.feed(data):
            messages = parse_line(line)
            if not messages or not isinstance(messages[-1], self._muted) or len(messages) > 1:
                self._last_line = decode_line(line)
                if self._last_line:
                    self.listener.line(self._last_line)
            self._messages.extend(messages)

    def next_message(self, deadline: Deadline, doing: str) -> Message:
        """The next message that is not chatter."""
        while True:
            while self._messages:
                message = self._messages.popleft()
                if isinstance(message, Chatter):
                    continue
                if isinstance(message, BootMode | InitDone):
                    if isinstance(message, BootMode):
                        self.boot_mode = message.mode
                    if not self._booting:
                        raise DutRebooted(
                            f"{doing} on {self.address}: the device rebooted "
                            f"({message.encode()}); check its supply and watchdog, then --resume"
                        )
                    continue
                if isinstance(message, Malformed):
                    raise DutProtocolError(
                        f"{doing} on {self.address}: the device sent {message.text!r}: "
                        f"{message.reason}"
                    )
                return message
            if deadline.expired:
                raise DutTimeout(self._silence(deadline, doing))
            self.take(self.transport.read(READ_BYTES, deadline.remaining_s))

    def _silence(self, deadline: Deadline, doing: str) -> str:
        pending = decode_line(self._reader.pending)[:80]
        last = self._last_line[:120]
        said = f"; last line {last!r}" if last else "; the device has said nothing"
        unfinished = f", then the unfinished {pending!r}" if pending else ""
        return (
            f"{doing} on {self.address}: no answer in {deadline.seconds:.1f} s{said}{unfinished}; "
            "check power, cable and baud rate"
        )

    def drain(self, quiet_s: float = 0.0, limit_s: float = 0.0) -> None:
        """Log what has come unasked, until nothing comes for ``quiet_s`` (at most ``limit_s``)."""
        limit = Deadline(self.clock, limit_s)
        while data := self.transport.read(READ_BYTES, min(quiet_s, limit.remaining_s)):
            self.take(data)
            if limit.expired:
                break
        for message in self._messages:
            if isinstance(message, BootMode):
                self.boot_mode = message.mode
            if isinstance(message, BootMode | InitDone) and not self._booting:
                self._messages.clear()
                raise DutRebooted(
                    f"{self.address}: the device rebooted between two commands; check its "
                    "supply and watchdog, then --resume"
                )
            if isinstance(message, Ready) and not self._booting:
                self.listener.note(f"a stray m-ready from {self.address}, ignored")
        self._messages.clear()

    def begin(self, command: HostCommand) -> None:
        """Send a command after clearing away what came unasked."""
        data = command.encode()
        self.drain()
        self.transport.write(data)

    def collect(
        self, deadline: Deadline, doing: str, each: Callable[[Message], None] | None = None
    ) -> list[Message]:
        """The messages of one reply up to its `m-ready`.

        An ``e-[…]`` among them is raised, but only once the reply is complete, so that the next
        command finds the link in step.
        """
        reply: list[Message] = []
        refused: Message | None = None
        while True:
            message = self.next_message(deadline, doing)
            match message:
                case Ready():
                    if refused is not None:
                        text = refused.text if isinstance(refused, DeviceError) else ""
                        raise DutReportedError(
                            f"{doing} on {self.address}: the device answered {refused.encode()!r}",
                            text or refused.encode(),
                        )
                    return reply
                case DeviceError() | BufferTooSmall():
                    refused = message
                case _:
                    reply.append(message)
                    if each is not None:
                        each(message)

    def ask(self, command: HostCommand, timeout_s: float = REPLY_TIMEOUT_S) -> list[Message]:
        """Send one short command and return its reply without the `m-ready`."""
        text = command.encode().decode().rstrip("%")
        self.begin(command)
        return self.collect(Deadline(self.clock, timeout_s), f"`{text}`")

    def raw(self, text: str, timeout_s: float = REPLY_TIMEOUT_S) -> list[Message]:
        """Any command by its text, as a script or the console has it."""
        return self.ask(Raw(text), timeout_s)

    # ---- operations --------------------------------------------------------------------------

    def identify(self) -> Identity:
        """Find the device awake: wait for a boot banner that may come, ask its name and profile.

        The first ``name%`` after opening a port is often lost, so it is asked again; each time is
        noted.
        """
        self._booting = True
        try:
            self.drain(quiet_s=QUIET_S, limit_s=self.settings.boot_wait_s)
            vendor = self._ask_name(NAME_ATTEMPTS)
            # A `name%` that was slow and not lost is answered too, late.
            self.drain(quiet_s=QUIET_S, limit_s=1.0)
        finally:
            self._booting = False
        profile, model_id = self.profile()
        return Identity(vendor, profile, model_id, self.boot_mode)

    def _ask_name(self, attempts: int) -> str:
        timeout_s = 1.0
        for attempt in range(1, attempts + 1):
            self.transport.write(AskName().encode())
            deadline = Deadline(self.clock, timeout_s)
            vendor: str | None = None
            try:
                while True:
                    message = self.next_message(deadline, "asking its name")
                    if isinstance(message, Name):
                        vendor = message.vendor
                    elif isinstance(message, Ready) and vendor is not None:
                        return vendor
            except DutTimeout as error:
                if attempt == attempts:
                    raise DutTimeout(self._unanswered(attempts)) from error
                self.listener.note(
                    f"name% unanswered for {timeout_s:.1f} s, asked again "
                    f"({attempt} of {attempts - 1})"
                )
                self._forget_pending()
            timeout_s = max(timeout_s, self.settings.boot_wait_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _unanswered(self, attempts: int) -> str:
        heard = f"; heard {self._last_line[:80]!r}" if self._last_line else ", heard nothing"
        return (
            f"{self.address}: no answer to name% in {attempts} attempts{heard}. Is it powered, is "
            f"it the right port, does the firmware run at {self.settings.baud_rate} baud "
            "(energy firmware runs at 9600)?"
        )

    def _forget_pending(self) -> None:
        if pending := decode_line(self._reader.take_pending()):
            self.listener.line(pending)

    def profile(self) -> tuple[str | None, str | None]:
        """The firmware's profile text and model id; None for what it does not say."""
        reply = self.ask(AskProfile())
        profile = _first(reply, Profile)
        model = _first(reply, Model)
        return (profile.text if profile else None, model.model_id if model else None)

    def timestamp(self) -> LapTime | None:
        """The device's counter now; None from energy firmware, which pulls a pin instead."""
        return _first(self.ask(Timestamp()), LapTime)

    def resync(self) -> None:
        """Bring host and device back in step after a broken exchange.

        Waits for quiet, then sends ``name%``: it ends whatever half command the device holds (that
        one is answered by an error), and a second ``name%`` finds it fresh. Never an empty command.
        """
        self.drain(quiet_s=QUIET_S, limit_s=REPLY_TIMEOUT_S)
        self._forget_pending()
        for attempt in (1, 2):
            self.transport.write(AskName().encode())
            deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
            named = False
            try:
                while not (
                    isinstance(message := self.next_message(deadline, "re-synchronising"), Ready)
                ):
                    named = named or isinstance(message, Name)
            except DutTimeout:
                if attempt == 2:
                    raise
                continue
            if named:
                self.drain(quiet_s=QUIET_S, limit_s=REPLY_TIMEOUT_S)
                return
        raise DutProtocolError(
            f"{self.address}: the device answers name% without its name, twice; "
            f"last line {self._last_line[:80]!r}"
        )


def _first(messages: list[Message], kind: type[M]) -> M | None:
    return next((message for message in messages if isinstance(message, kind)), None)
