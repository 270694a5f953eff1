"""The IO manager: a small board between host and device that passes commands through.

EEMBC's is an Arduino between the host (115200 baud) and energy firmware (9600 baud). How commands
are passed on is in :mod:`.pass_through`; here stands what it does of itself, which is to stamp the
edges of the device's pin.

Of a long command it passes on a part and garbage, so its limit is measured before the first load.
What is sent and understood here is tested against ``tests/energy/transcripts/io_manager.yaml``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Clock, Deadline
from ..link.transport import Transport
from ..wire.commands import MAX_COMMAND_CHARS
from ..wire.messages import LapTime, parse_line
from ..wire.settings import IO_MANAGER_COMMAND_CHARS, MAX_DATA_BYTES_PER_DB, LinkSettings
from .dut import Dut
from .exchange import REPLY_TIMEOUT_S, DutListener
from .pass_through import DUT_WORD, PassThrough, same_chars

_REFUSED = "e-?"
_DUT_DB = f"{DUT_WORD}db "
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


class IoManager(PassThrough):
    """Talks to the IO manager itself; ``dut`` is the way to the device behind it."""

    WHAT = "IO manager"
    BOOT_TEXT = "m-ver-"

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        settings: LinkSettings,
        listener: DutListener | None = None,
    ) -> None:
        super().__init__(transport, clock, settings, listener)
        self._edges: list[PinEdge] = []
        self.limit: CommandLimit | None = None
        """How much of a command it keeps; None before that was measured."""

    @property
    def edges(self) -> tuple[PinEdge, ...]:
        """Return the edges of the timestamp pin since the timer was enabled, in order."""
        return tuple(self._edges)

    def board_said(self, line: bytes) -> None:
        """Note an edge of the device's pin, told at any time."""
        for message in parse_line(line):
            if isinstance(message, LapTime):
                self._edges.append(PinEdge(message.us, self.clock.now_s()))

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
        kept = len(DUT_WORD) + same_chars(_LONG_NAME, echoed)
        return CommandLimit(kept, at_least=echoed == f"{_LONG_NAME})")

    def _kept_of_long_word(self) -> int:
        """Return how much is kept of what it refuses by its echo; 0 where it does not refuse so."""
        try:
            self.command(_LONG_WORD)
        except DutReportedError as error:
            return same_chars(_REFUSED + _LONG_WORD, error.reported) - len(_REFUSED)
        except DutTimeout:
            self.forget_pending()
        return 0

    def version(self) -> list[str]:
        """Ask what it says of itself."""
        return self.command("version")

    def mark_falling_edges(self) -> None:
        """Stamp falling edges of the device's pin; this turns the timer off."""
        self.say("tm 0", "m-timestmp-mode-FALLING")

    def enable_timer(self) -> None:
        """Let every edge be reported from now on, and kept in ``edges``."""
        self._edges.clear()
        self.say("enable-timer", "m-timer-enabled")

    def disable_timer(self) -> None:
        self.say("disable-timer", "m-timer-disabled")
