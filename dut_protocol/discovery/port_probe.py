"""The questions put to one port: who is there, at several rates, within seconds, whatever answers.

The rates are tried from the fastest to the slowest. A slower receiver takes a faster ``name%`` for
a character or two with their high bits set, which it will answer as an unknown command. A faster
receiver would take a slower one for zero bytes, behind which the reference firmware sees an empty
command, and that crashes it.

The port is opened once, for opening resets many boards (DTR). What such a board says when it has
booted, some two seconds later, is waited for once, and then all rates are asked again, for the last
time unless something has just begun to talk.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..errors import LinkError
from ..host.dut import Identity
from ..link.clock import Clock
from ..link.transport import SerialLink
from ..wire.boot_banner import BootMode, TimestampMode
from ..wire.commands import AskName, AskProfile, Timestamp
from ..wire.messages import Chatter, DeviceError, LapTime, Model, Name, Profile, Ready, no_lap_time
from .port_listener import PortListener

LIKELY_BAUD_RATES = (921600, 460800, 115200, 9600)
"""The common faster rates of performance firmware, its default, energy firmware's."""

OTHER_BAUD_RATES = (230400, 57600, 38400)
"""Tried only where a port sends what is readable at none of the likely ones."""

FIRST_ANSWER_S = 0.15
"""A device that heard its `name%` answers within some ten milliseconds, at 9600 within 60; a USB
adapter adds 16. Short, so that the first turn is over before a board that was reset has booted."""

ANSWER_S = 0.25
"""A device's answer is waited for this long at the later turns: some patience for what is slow."""

TALKING_S = 0.6
"""An answer is waited for this long once the device has shown that it speaks the protocol."""

BOOT_S = 2.3
"""Boards that DTR resets have booted this long after their port was opened."""


@dataclass(frozen=True, slots=True)
class PortAnswer:
    """Holds what came from a port; everything None or empty where it was silent."""

    identity: Identity | None = None
    mode: TimestampMode | None = None
    """The firmware's mode, by its banner, or by whether `timestamp` is answered with a lap time."""
    other_name: str | None = None
    """The answer to `name` of something that speaks the protocol and is no DUT."""
    baud_rate: int | None = None
    """The rate at which the port was readable."""
    text: str | None = None
    """The first readable text, where there is neither identity nor other name."""
    noisy_baud_rates: tuple[int, ...] = ()
    """The rates at which bytes came that make no text."""
    banner_s: float | None = None
    """Seconds from opening the port to the boot banner."""
    answered_s: float | None = None
    """Seconds from opening the port to the first answer."""


class PortProbe:
    """Asks one port. The link belongs to the caller, who has just opened it."""

    def __init__(
        self,
        link: SerialLink,
        clock: Clock,
        baud_rates: Iterable[int],
        *,
        listen_at: int,
        others: Sequence[int] = (),
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """Ask on ``link``; a banner is waited for at ``listen_at``.

        ``others`` are rates for a port from which only noise comes.
        """
        rates = sorted({listen_at, *baud_rates}, reverse=True)
        self._ear = PortListener(link, clock, rates, listen_at, stop)
        self._listen_at = listen_at
        self._others = others
        self._answered_s: float | None = None

    def ask(self) -> PortAnswer:
        """Find out who is there. LinkError when the port dies, ProbeStopped when told to stop."""
        answer = self._turn(FIRST_ANSWER_S)
        early = self._heard_anything()
        if answer is None:
            self._await_boot()
            answer = self._turn(ANSWER_S)
        late = self._heard_anything() and not early
        if answer is None and (late or any(heard.protocol for heard in self._ear.heard.values())):
            answer = self._turn(ANSWER_S)
        return answer or self._not_answered()

    def _turn(self, answer_s: float) -> PortAnswer | None:
        """Ask at every rate; at the less usual ones as well where nothing but noise has come."""
        heard = self._ear.heard.values()
        if any(each.noisy for each in heard) and not any(each.readable for each in heard):
            self._ear.may_hear_at(self._others)
        refused: LinkError | None = None
        asked = False
        for baud_rate in sorted(self._ear.heard, key=self._order, reverse=True):
            try:
                self._ear.tune(baud_rate)
            except LinkError as error:  # an adapter that has not this rate may have the next
                refused = error
                continue
            asked = True
            if (name := self._ask_name(answer_s)) is not None:
                return self._introduced(name, baud_rate)
            if (other := self._other_name()) is not None:
                return self._answer(other_name=other, baud_rate=baud_rate)
        if refused is not None and not asked:
            raise refused
        return None

    def _heard_anything(self) -> bool:
        return any(heard.bytes for heard in self._ear.heard.values())

    def _order(self, baud_rate: int) -> tuple[bool, int]:
        """Sort rates: first those at which the protocol was spoken, then the faster ones."""
        return self._ear.heard[baud_rate].protocol, baud_rate

    def _ask_name(self, answer_s: float) -> str | None:
        """Ask the name at the present rate, at least twice, as the first is often lost."""
        left, seconds = 2, answer_s
        talks = False
        while left:
            left -= 1
            self._ear.ask(AskName(), seconds, Name, DeviceError)
            if self._ear.has(Name):
                self._answered_s = self._ear.since_opening_s()
                return next(each.vendor for each in self._ear.messages if isinstance(each, Name))
            if self._other_name() is not None:
                return None
            if not talks and any(not isinstance(each, Chatter) for each in self._ear.messages):
                talks, left, seconds = True, 3, TALKING_S
        return None

    def _other_name(self) -> str | None:
        """Return the answer to `name%` of what is no DUT: chatter and an `m-ready`."""
        if self._ear.has(DeviceError, BootMode, Name) or not self._ear.has(Ready):
            return None
        said = [each.text for each in self._ear.messages if isinstance(each, Chatter)]
        return next((text for text in said if _NO_DUT.search(text)), None)

    def _await_boot(self) -> None:
        """Wait for the banner of a board that was reset when its port was opened."""
        readable = (rate for rate, heard in self._ear.heard.items() if heard.protocol)
        self._ear.tune(next(readable, self._listen_at))
        self._ear.messages.clear()
        left_s = BOOT_S - self._ear.since_opening_s()
        if left_s > 0:
            self._ear.listen(left_s, lambda: self._ear.ended(BootMode))

    def _introduced(self, vendor: str, baud_rate: int) -> PortAnswer:
        """Ask the rest of what answered with a DUT's name."""
        self._ear.quiet()
        profile: str | None = None
        model_id: str | None = None
        for _ in range(2):
            self._ear.ask(AskProfile(), TALKING_S, Profile, Model, DeviceError)
            for message in self._ear.messages:
                if isinstance(message, Profile):
                    profile = message.text
                elif isinstance(message, Model):
                    model_id = message.model_id
            if model_id is not None:
                break
        mode = self._ear.boot_mode or self._ask_mode()
        identity = Identity(vendor, profile, model_id, self._ear.boot_mode)
        return self._answer(identity=identity, mode=mode, baud_rate=baud_rate)

    def _ask_mode(self) -> TimestampMode | None:
        """Energy firmware pulls a pin where performance firmware answers with a lap time."""
        self._ear.quiet()
        self._ear.ask(Timestamp(), TALKING_S, Ready)
        if not self._ear.has(LapTime):
            self._ear.quiet()  # the `m-ready` may have been a stray one
        said = (each.text for each in self._ear.messages if isinstance(each, Chatter))
        if self._ear.has(LapTime) or any(map(no_lap_time, said)):
            return TimestampMode.PERFORMANCE
        if self._ear.has(Ready) and not self._ear.has(DeviceError):
            return TimestampMode.ENERGY
        return None

    def _answer(
        self,
        *,
        identity: Identity | None = None,
        mode: TimestampMode | None = None,
        other_name: str | None = None,
        baud_rate: int | None = None,
        text: str | None = None,
    ) -> PortAnswer:
        noisy = tuple(rate for rate, heard in self._ear.heard.items() if heard.noisy)
        return PortAnswer(
            identity=identity,
            mode=mode,
            other_name=other_name,
            baud_rate=baud_rate,
            text=text,
            noisy_baud_rates=noisy,
            banner_s=self._ear.banner_s,
            answered_s=self._answered_s,
        )

    def _not_answered(self) -> PortAnswer:
        for baud_rate in sorted(self._ear.heard, key=self._order, reverse=True):
            if (text := self._ear.heard[baud_rate].text) is not None:
                return self._answer(baud_rate=baud_rate, text=text)
        return self._answer()


_NO_DUT = re.compile(r"m-name-(?!dut-)|interface board|io.?manager", re.IGNORECASE)
"""What others answer to `name` (`m-name-io`, `tinyML Enhanced Interface Board`), or say when they
have booted (`m-ver-IoTConnect IO Manager 1.0.3`)."""
