"""MLCommons' interface board: it plays recordings to a streaming device and watches its pins.

An STM32H573I-DK between host (115200 baud) and device. It passes commands on as an IO manager does
(:mod:`.pass_through`), and has commands of its own::

    ls | setbaud 115200 | record_detections | play long_wav.wav | print_detections | print_dutycycle

What it says, and how it behaves, was read from its firmware (mlcommons/tiny at 1afd2c9,
``benchmark/interface``); the driver is held against a session that MLCommons' runner logged.

- A command that only begins like a known one gets no answer at all; an unknown one gets `m-ready`.
- `ls`, `play` and `dut …` are carried out by the thread of the card, and the one that reads
  commands waits for it: without a card, or before a device that never says `m-ready`, the board
  hears nothing more, not even `name`, until its reset button is pressed.
- `setbaud` writes the device's rate into flash, answers, and resets the board.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Clock, Deadline
from ..link.transport import READ_BYTES, Transport
from ..wire.commands import MAX_COMMAND_CHARS
from ..wire.interface_board import (
    BOARD_NAME,
    HEADS,
    LONGEST_LIST_CHARS,
    RECORDING,
    REFUSED,
    SUCCEEDED,
    BoardList,
    numbers_in,
)
from ..wire.messages import Ready, parse_line
from ..wire.settings import LinkSettings
from .exchange import REPLY_TIMEOUT_S, DutListener
from .pass_through import PassThrough

RESET_S = 2.0
"""Seconds that the board takes to start anew; MLCommons' runner waits as long."""

LIST_ATTEMPTS = 3
"""How often a list is asked for that came damaged: nothing on this wire has a checksum."""

_ASK_TIME_S = 1.0
"""How often is told how far a recording is."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Holds the edges of the device's PROCESSING pin, in ticks of 10 us."""

    rises: tuple[int, ...]
    falls: tuple[int, ...]


class InterfaceBoard(PassThrough):
    """Talks to the board itself; ``dut`` is the way to the device behind it."""

    WHAT = "interface board"

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        settings: LinkSettings,
        listener: DutListener | None = None,
    ) -> None:
        super().__init__(transport, clock, settings, listener)
        self.waits_for_device = False
        """Whether the device behind has been sent a command and has not said `m-ready` since."""
        self._has_answered = False
        self.dut_baud_rate: int | None = None
        """The rate to the device, once it was set."""

    # ---- who it is, and what it can reach ------------------------------------------------------

    def identify(self) -> str:
        """Find it awake and return its name; DutProtocolError where it is another device."""
        try:
            name = super().identify()
        except DutTimeout as error:
            raise DutTimeout(
                f"{error} One that still plays a recording, or waits for a device or a card "
                "since an earlier run, answers nothing, either: press its black reset button, and "
                "try again"
            ) from error
        if BOARD_NAME not in name:
            raise DutProtocolError(
                f"{self.address}: name% is answered {name[:120]!r}; MLCommons' interface board "
                f"says {BOARD_NAME!r}. Is it the right port? Many ST-LINKs have the USB id of its"
            )
        self._has_answered = True
        return name

    def files(self) -> tuple[str, ...]:
        """Return the names of the files on its card.

        DutTimeout where there is no card.
        """
        try:
            return tuple(line.strip() for line in self.command("ls") if line.strip())
        except DutTimeout as error:
            if not self._has_answered:
                raise
            raise DutTimeout(
                f"{error}. The interface board has answered `name`, and not `ls`: no card is in "
                "its slot. Insert a micro-SD card (FAT32) with the recordings, and press its black "
                "reset button, for until then it waits for a card and answers nothing"
            ) from error

    def baud_rate(self) -> int:
        """Return the rate at which it talks to the device."""
        return self._rate_in("checkbaud", "baud is: ")

    def set_baud_rate(self, baud_rate: int) -> None:
        """Set the rate to the device, kept in the board's flash; the board starts anew."""
        command = f"setbaud {baud_rate}"
        said = self._rate_in(command, "set baud to: ")
        if said != baud_rate:
            raise DutProtocolError(
                f"{self.address}: `setbaud {baud_rate}` was answered `set baud to: {said}`"
            )
        self.dut_baud_rate, self.waits_for_device = baud_rate, False
        self.clock.pause(RESET_S)
        self.forget_pending()
        try:
            self.identify()
        except DutTimeout as error:
            raise DutTimeout(
                f"{error}. It answered `{command}`, and is not back from the reset that belongs "
                "to it"
            ) from error

    def _rate_in(self, command: str, start: str) -> int:
        reply = self.command(command)
        digits = "".join(line for line in reply if line.startswith(start)).removeprefix(start)
        if not digits.isdecimal() or len(digits) > 9:
            raise self._other_reply(command, reply, start)
        return int(digits)

    # ---- the device behind ---------------------------------------------------------------------

    def device_said(self, line: bytes) -> None:
        """Note that the device has ended its answer, and the board its waiting for it."""
        if any(isinstance(message, Ready) for message in parse_line(line)):
            self.waits_for_device = False

    def pass_through(self, command: bytes) -> None:
        """Hand a whole command to the device; one that it still owes an answer is waited for."""
        if self.waits_for_device:
            self._wait_for_device()
        super().pass_through(command)

    def _hand_on(self, text: str) -> str:
        self.waits_for_device = True  # before: the device's answer may come with the echo
        try:
            return super()._hand_on(text)
        except DutTimeout:  # the board did not take the command
            self.waits_for_device = False
            raise

    def _wait_for_device(self) -> None:
        deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
        while self.waits_for_device and not deadline.expired:
            self._lines.pump(deadline.remaining_s)
        if self.waits_for_device:
            raise DutTimeout(f"{self.address}: {self.blocked_advice}")

    @property
    def blocked_advice(self) -> str:
        """Say what to try where the device behind has not said `m-ready`."""
        return (
            "the device behind the interface board has not said m-ready, and until it does the "
            "board waits for it, for ever, and answers nothing: see that the device is powered, "
            "that its UART is wired to the board's D0 and D1 and runs at "
            f"{self.dut_baud_rate or 'the same'} baud, that its lines end in CR LF, and that a "
            "card is in the board's slot; then press the board's black reset button"
        )

    # ---- recordings ----------------------------------------------------------------------------

    def record_detections(self) -> None:
        """Begin to count time, and forget detections and edges that were noted before."""
        self.say("record_detections", RECORDING)

    def play(
        self, file: str, timeout_s: float, on_time: Callable[[float], None] = lambda _: None
    ) -> None:
        """Play a file of the card to the device, to its end, within ``timeout_s``.

        ``on_time`` is told about once a second since when, in seconds. DutReportedError where the
        board refuses the file; DutTimeout where it does not begin, or does not come to an end.
        """
        command = f"play {file}"
        if len(command) > MAX_COMMAND_CHARS:
            raise DutProtocolError(f"{self.address}: {file[:60]!r}… is too long a name to play")
        self.drain()
        self.send(command.encode() + b"%")
        began_s = self.clock.now_s()
        reply = self._until_it_ends(command, began_s, timeout_s, on_time)
        if refused := next((line for line in reply if line.startswith(REFUSED)), None):
            raise DutReportedError(
                f"{self.address}: `{command}` was answered {refused!r}: is it a stereo wav (plain "
                "RIFF, 16 kHz, 16 bit, `data` right behind `fmt `), and whole on the card?",
                refused,
            )
        if SUCCEEDED not in reply:
            raise DutProtocolError(
                f"{self.address}: `{command}` was answered {reply[:5]}, without {SUCCEEDED!r}: "
                "nobody can tell whether the recording was played to its end"
            )

    def _until_it_ends(
        self, command: str, began_s: float, timeout_s: float, on_time: Callable[[float], None]
    ) -> list[str]:
        """Return the lines of the answer to `play`; the first of them comes at once."""
        reply: list[str] = []
        deadline = Deadline(self.clock, REPLY_TIMEOUT_S)
        begun = False
        while True:
            while self._messages:
                message = self._messages.popleft()
                if isinstance(message, Ready):
                    return reply
                reply.append(message.encode())
            if not begun and reply:
                begun = True
                deadline = Deadline(self.clock, timeout_s, began_s)
            if deadline.expired:
                raise self._no_end(command, deadline, begun=begun)
            slice_s = min(_ASK_TIME_S, deadline.remaining_s)
            self.take(self.transport.read(READ_BYTES, slice_s))
            if begun:
                on_time(self.clock.now_s() - began_s)

    def _no_end(self, command: str, deadline: Deadline, *, begun: bool) -> DutTimeout:
        self._late = True
        text = self._silence(deadline, f"`{command}`")
        if not begun:
            return DutTimeout(text)
        return DutTimeout(
            f"{text}; the recording should have ended; press the board's "
            "black reset button, and begin again"
        )

    def detections(self) -> tuple[int, ...]:
        """Return when the device detected, in milliseconds since `record_detections`."""
        (times,) = self._lists("print_detections", BoardList.DETECTIONS)
        return times

    def edges(self) -> Edges:
        """Return the first edges of the PROCESSING pin since `record_detections`."""
        return Edges(*self._lists("print_dutycycle", BoardList.RISES, BoardList.FALLS))

    def _lists(self, command: str, *wanted: BoardList) -> list[tuple[int, ...]]:
        """Ask for lists of numbers; again where they came damaged."""
        timeout_s = REPLY_TIMEOUT_S + 2 * self.wire_s(LONGEST_LIST_CHARS)
        for attempt in range(1, LIST_ATTEMPTS + 1):
            reply = self.command(command, timeout_s)
            try:
                return _parsed(reply, wanted)
            except ValueError as error:
                why = f"{self.address}: `{command}` was answered by what is no list: {error}"
                if attempt == LIST_ATTEMPTS:
                    raise DutProtocolError(f"{why}, {attempt} times; check the cable") from error
                self.listener.note(f"{why}; asked again")
        raise AssertionError("unreachable: the last attempt returns or raises")


def _parsed(reply: list[str], wanted: tuple[BoardList, ...]) -> list[tuple[int, ...]]:
    """Return the lists in a reply, in order; ValueError where they are not the ones wanted."""
    lists: dict[BoardList, list[int]] = {}
    kept: list[int] | None = None
    for line in reply:
        text = line.strip().encode()
        head = HEADS.get(text)
        numbers = numbers_in(text)
        if head is not None:
            kept = lists.setdefault(head, [])
        elif kept is None or numbers is None:
            raise ValueError(f"expected numbers with commas, found {line[:60]!r}")
        else:
            kept += numbers
    if tuple(lists) != wanted:
        raise ValueError(f"expected {', '.join(one.value for one in wanted)}")
    return [tuple(lists[one]) for one in wanted]
