"""The host's side of the protocol: one device under test behind a transport.

Each public method is one operation with one deadline on the bench's clock, scaled to its work.
It returns what the device said, or raises the :class:`DutError` that names whose fault it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ..errors import (
    DutFault,
    DutProtocolError,
    DutReportedError,
    DutTimeout,
    FirmwareFault,
    PortBusy,
)
from ..link.clock import Deadline
from ..link.port_users import others_at
from ..link.transport import READ_BYTES
from ..wire.boot_banner import TimestampMode
from ..wire.commands import AskName, AskProfile, DbPrint, Timestamp
from ..wire.messages import (
    Buffer,
    Chatter,
    DeviceError,
    LapTime,
    Message,
    Model,
    Name,
    Profile,
    Ready,
    no_lap_time,
)
from ..wire.settings import ConfirmResults
from .exchange import QUIET_S, REPLY_TIMEOUT_S, DutListener, Exchange, SilentListener, print_chars

__all__ = ["REPLY_TIMEOUT_S", "Dut", "DutListener", "Identity", "SilentListener"]

NAME_ATTEMPTS = 5
"""`name%` is often lost once after power-up, and a board may boot for seconds after a reset."""

LATE_BOOT_S = 5.0
"""A board that was switched on and is silent for so long boots slowly, or not at all."""

_ODD_NAME = re.compile(r"m-name|interface board", re.IGNORECASE)

PROFILE_ATTEMPTS = 3

PRINT_ATTEMPTS = 3

IDENTITY_ANSWERS = 5
"""Most times that a device on a bad link is asked who it is until it says the same twice."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Says who answered. ``boot_mode`` is None when no boot banner was seen."""

    vendor: str
    profile: str | None
    model_id: str | None
    boot_mode: TimestampMode | None


M = TypeVar("M")
"""What an answer is made of."""


class Dut(Exchange):
    """Operates a device under test. It owns no port: whoever opened the transport closes it."""

    _prints: bool | None = None
    """Whether `db print` prints a whole buffer; None before anybody asked."""

    def identify(self) -> Identity:
        """Find the device awake: wait for a boot banner that may come, ask its name and profile.

        The first ``name%`` after opening a port is often lost, so it is asked again; each time is
        noted.
        """
        self._booting = self._late = True
        try:
            self.drain(quiet_s=QUIET_S, limit_s=self.settings.boot_wait_s)
            vendor, profile, model_id = self._who_is_it()
        finally:
            self._booting = False
        return Identity(vendor, profile, model_id, self.boot_mode)

    def _who_is_it(self) -> tuple[str, str | None, str | None]:
        """Ask vendor, profile, model id; with `confirm_results` only what comes twice counts."""
        confirming = self.settings.confirm_results is ConfirmResults.ALL
        before: tuple[str, str | None, str | None] | None = None
        for _ in range(IDENTITY_ANSWERS):
            vendor = self._ask_name(NAME_ATTEMPTS)
            # A `name%` that was slow and not lost is answered too, late.
            self.drain(quiet_s=QUIET_S, limit_s=1.0)
            said = (vendor, *self._ask_profile())
            if said == before or not confirming:
                return said
            if before is not None:
                self.listener.note(f"who it is, asked again: first {before}, then {said}")
            before = said
        raise DutProtocolError(
            f"{self.address}: in {IDENTITY_ANSWERS} answers the device did not say twice running "
            "who it is; check the cable and the baud rate"
        )

    def find_awake(self) -> None:
        """See that a device answers which somebody else powers; its banner may come, or has been.

        DutTimeout where it does not answer.
        """
        self._booting = True
        try:
            self.resync()
        finally:
            self._booting = False

    def wait_for_boot(self, timeout_s: float) -> TimestampMode | None:
        """Read the boot banner up to its `m-ready`, after the supply was switched on.

        Returns the mode that the banner names. DutTimeout says what was heard instead.
        """
        self._booting = True
        self.boot_mode = None
        self._last_line = ""
        deadline = Deadline(self.clock, timeout_s)
        try:
            if timeout_s > LATE_BOOT_S and not self._heard_within(LATE_BOOT_S):
                self.listener.note(
                    f"{self.address}: nothing heard in the {LATE_BOOT_S:.0f} s since power on; "
                    f"waiting up to {timeout_s:.0f} s (boot_timeout_s) for it to boot"
                )
            while not isinstance(self.next_message(deadline, "waiting for it to boot"), Ready):
                pass
        except DutTimeout as error:
            heard = f"heard {self._last_line[:80]!r}" if self._last_line else "heard nothing"
            raise DutTimeout(
                f"{self.address}: no m-ready in {timeout_s:.1f} s after power on ({heard}); does "
                "the supply reach the board, is the firmware built for energy mode? If it boots "
                "more slowly, raise boot_timeout_s (of the monitor, in the configuration); "
                "published boards take up to 18 s"
            ) from error
        finally:
            self._booting = False
        return self.boot_mode

    def _heard_within(self, seconds: float) -> bool:
        """Wait for the device's first bytes, whatever they are."""
        deadline = Deadline(self.clock, seconds)
        while self.in_step:
            if deadline.expired:
                return False
            self.take(self.transport.read(READ_BYTES, deadline.remaining_s))
        return True

    def _ask_name(self, attempts: int) -> str:
        timeout_s = 1.0
        misnamed = ""
        for attempt in range(1, attempts + 1):
            self.transport.write(AskName().encode())
            deadline = Deadline(self.clock, timeout_s)
            vendor: str | None = None
            odd = ""
            try:
                while True:
                    message = self.next_message(deadline, "asking its name", chatter=True)
                    if isinstance(message, Name):
                        vendor = message.vendor
                    elif isinstance(message, Chatter):
                        odd = message.text if _ODD_NAME.search(message.text) else odd
                    elif isinstance(message, Ready) and vendor is not None:
                        return vendor
                    elif isinstance(message, Ready) and odd:
                        break
            except DutTimeout as error:
                self.forget_pending()
                if others := others_at(self.address):
                    raise PortBusy(
                        f"{self.address}: no answer to name%: {others} has the port open, too, and "
                        "takes what the device says; close it there and try again"
                    ) from error
                if attempt == attempts:
                    raise DutTimeout(self._unanswered(attempts)) from error
                self.listener.note(
                    f"name% unanswered for {timeout_s:.1f} s, asked again "
                    f"({attempt} of {attempts - 1})"
                )
            else:
                if odd == misnamed or attempt == attempts:
                    raise self._misnamed(odd)
                misnamed = odd  # which one damaged character can make
            timeout_s = max(timeout_s, self.settings.boot_wait_s)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _misnamed(self, line: str) -> DutProtocolError | FirmwareFault:
        """Return an error that says what is wrong with a name that is not `dut`, or whose it is."""
        said = f"{self.address}: name% is answered {line[:120]!r}"
        if Name("").encode()[:-1] in line:
            return DutProtocolError(
                f"{said}, without its end: something on the way to the device cuts its lines"
            )
        whose = (
            ", and a device under test says m-name-dut-[VENDOR]: the name must be `dut`; change it "
            "in the firmware"
        )
        if re.search("interface", line, re.IGNORECASE):
            whose = ": this is an interface board; give its port as --interface-board"
        elif re.search("m-name-io", line, re.IGNORECASE):
            whose = ": this is an IO manager; give its port as --io"
        return FirmwareFault(said + whose)

    def _ask_profile(self) -> tuple[str | None, str | None]:
        """Ask :meth:`profile` of a device that may just have been reset or be late with a name."""
        for attempt in range(1, PROFILE_ATTEMPTS + 1):
            try:
                profile, model_id = self.profile()
            except (DutReportedError, DutTimeout) as error:
                if isinstance(error, DutTimeout) and attempt == PROFILE_ATTEMPTS:
                    raise
                why = str(error)
            else:
                if profile is not None or model_id is not None:
                    return profile, model_id
                why = "its reply holds neither profile nor model"
            self.forget_pending()
            if attempt < PROFILE_ATTEMPTS:
                self.listener.note(f"asking the profile again: {why}")
            self.drain(quiet_s=QUIET_S, limit_s=1.0)
        return None, None

    def _unanswered(self, attempts: int) -> str:
        heard = f"; heard {self._last_line[:80]!r}" if self._last_line else ", heard nothing"
        return (
            f"{self.address}: no answer to name% in {attempts} attempts{heard}. Is it powered, is "
            f"it the right port, does the firmware run at {self.settings.baud_rate} baud "
            "(energy firmware runs at 9600)?"
        )

    def profile(self) -> tuple[str | None, str | None]:
        """Ask the firmware's profile text and model id; None for what it does not say."""
        reply = self.ask(AskProfile())
        profile = _first(reply, Profile)
        model = _first(reply, Model)
        return (profile.text if profile else None, model.model_id if model else None)

    def timestamp(self) -> LapTime | None:
        """Ask the device's counter; None from energy firmware, which pulls a pin instead.

        FirmwareFault where what it prints is no number.
        """
        wrong: list[str] = []

        def listen(message: Message) -> None:
            if isinstance(message, Chatter) and (why := no_lap_time(message.text)) is not None:
                wrong.append(why)

        lap = _first(self.ask(Timestamp(), each=listen), LapTime)
        if lap is None and wrong:
            raise self.fault(f"`timestamp` on {self.address}: the device's {wrong[0]}")
        return lap

    def print_buffer(self, byte_count: int) -> bytes:
        """Read the device's input buffer by `db print` (``m-buffer-00-01-…``, 8 bytes a line).

        ``byte_count`` is what it should hold; some ports print less, always. One that has printed
        a whole buffer before and does not now was misheard (DutProtocolError).
        """
        attempts = 1 if self._prints is not None else self._print_attempts
        for attempt in range(1, attempts + 1):
            refused: DutReportedError | None = None
            data = b""
            try:
                data = self._print_once(byte_count)
            except DutReportedError as error:
                refused = error
            if refused is None and len(data) >= byte_count:
                self._prints = True
                return data
            why = str(refused) if refused else f"{len(data)} of {byte_count} bytes printed"
            if self._prints:
                raise DutProtocolError(
                    f"reading {byte_count} bytes back from {self.address}: {why}; it could before"
                )
            if attempt < attempts:
                self.listener.note(f"asking for the buffer again: {why}")
        self._prints = False
        if refused is not None:
            raise refused
        return data

    @property
    def _print_attempts(self) -> int:
        """Say how often to ask: a damaged `db print` is not a device that has none."""
        return PRINT_ATTEMPTS if self.settings.confirm_results is ConfirmResults.ALL else 1

    def _print_once(self, byte_count: int) -> bytes:
        deadline = Deadline(self.clock, REPLY_TIMEOUT_S + 2 * self.wire_s(print_chars(byte_count)))
        with self.muting(Ready, Buffer):
            self.begin(DbPrint())
            doing = f"reading {byte_count} bytes back"
            reply = self.collect(deadline, doing, says_something=True)
        return b"".join(message.data for message in reply if isinstance(message, Buffer))

    def once_more(self, ask: Callable[[], M | None]) -> M | None:
        """Ask again, in step again, where there was no answer or none of its kind.

        A question or its answer may have been lost, or the answer to another one have come twice.
        """
        try:
            answer = ask()
        except DutFault:
            answer = None
        if answer is not None:
            return answer
        self.resync()
        return ask()

    def resync(self) -> bool:
        """Bring host and device back in step after a broken exchange.

        Returns whether an answer to something asked before came meanwhile: the device was late.

        Waits for quiet, then sends ``name%``: it ends whatever half command the device holds (that
        one is answered by an error), and a second ``name%`` finds it fresh. Never an empty command.
        """
        self._late = True
        late = self.drain(quiet_s=QUIET_S, limit_s=REPLY_TIMEOUT_S)
        return self._resync() or late

    def _resync(self) -> bool:
        late = False
        for attempt in (1, 2):
            self.forget_pending()
            self.transport.write(AskName().encode())
            deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
            named = refused = False
            try:
                while not (
                    isinstance(message := self.next_message(deadline, "re-synchronising"), Ready)
                ):
                    named = named or isinstance(message, Name)
                    refused = refused or isinstance(message, DeviceError)
            except DutTimeout:
                if attempt == 2:
                    raise
                continue
            if named:
                self.drain(quiet_s=QUIET_S, limit_s=REPLY_TIMEOUT_S)
                return late
            late = late or not refused
        raise DutProtocolError(
            f"{self.address}: the device answers name% without its name, twice; "
            f"last line {self._last_line[:80]!r}"
        )


def _first(messages: list[Message], kind: type[M]) -> M | None:
    return next((message for message in messages if isinstance(message, kind)), None)
