"""The power that a simulated board draws, and when: the truth that simulated monitors measure.

The simulated device tells what it does and when it changes; a monitor's simulator asks for the
energy between two moments of the bench's clock, or for the current in a series of sample periods.
The mean of what it returns is the model's own to the last bit before noise; noise is seeded and has
zero mean.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_KEPT = 5000
_BACK_S = 60.0
"""Changes that are older than this, counted from what was asked for last, are forgotten."""


def _live_already(_: float) -> None:
    """Do nothing: the board has told what it will do."""


class PowerState(Enum):
    """Says what a board is doing, as far as its current depends on it."""

    OFF = "off"
    BOOT = "boot"
    IDLE = "idle"
    UART = "uart"
    INFER = "infer"


@dataclass(frozen=True, slots=True)
class BoardCurrents:
    """Holds the amperes drawn at any supply voltage (a linear regulator's board)."""

    off_a: float = 0.0
    boot_a: float = 0.020
    idle_a: float = 0.008
    uart_a: float = 0.011
    infer_a: float = 0.035

    def of(self, activity: PowerState) -> float:
        return float(getattr(self, f"{activity.value}_a"))


class PowerModel:
    """Keeps the board's activity over time, and from it current, power and energy.

    A monitor's simulator asks from its own thread while the device's writes, hence the lock.
    """

    def __init__(self, currents: BoardCurrents | None = None) -> None:
        self.currents = currents or BoardCurrents()
        self.supply_v = 0.0
        self._times_s: list[float] = [0.0]
        self._amperes: list[float] = [0.0]
        self._volts: list[float] = [0.0]
        self._joules: list[float] = [0.0]
        """Energy up to each change."""
        self.edges_s: list[float] = []
        """Falling edges of the timestamp pin, in order."""
        self._activity = PowerState.OFF
        self._lock = threading.Lock()
        self.before_asked: Callable[[float], None] = _live_already
        """Is called with the moment up to which a monitor is about to ask, so that a board that
        lives by itself does until then what it does."""
        self._asked_s = 0.0
        """From when on monitors have asked last; they do not go back by more than a minute."""

    def change(self, at_s: float, activity: PowerState) -> None:
        """Let the board do this from ``at_s`` on; changes come in order."""
        with self._lock:
            last_s = self._times_s[-1]
            at_s = max(at_s, last_s)
            watts = self._amperes[-1] * self._volts[-1]
            self._joules.append(self._joules[-1] + watts * (at_s - last_s))
            self._times_s.append(at_s)
            self._amperes.append(0.0 if self.supply_v == 0.0 else self.currents.of(activity))
            self._volts.append(self.supply_v)
            self._activity = activity
            if len(self._times_s) > 2 * _KEPT and self._times_s[_KEPT] < self._asked_s - _BACK_S:
                self._cut(0, _KEPT)

    def switch(self, at_s: float, supply_v: float) -> None:
        """Set the supply. From zero the board boots, at zero it is off."""
        self._forget_after(at_s)
        was_v, self.supply_v = self.supply_v, supply_v
        if supply_v == 0.0:
            self.change(at_s, PowerState.OFF)
        else:
            self.change(at_s, PowerState.BOOT if was_v == 0.0 else self._activity)

    def _forget_after(self, at_s: float) -> None:
        """Drop what the board would have gone on doing."""
        with self._lock:
            self._cut(max(1, bisect_right(self._times_s, at_s)), None)
        self.edges_s = [edge_s for edge_s in self.edges_s if edge_s <= at_s]

    def edge(self, at_s: float) -> None:
        """Note that the timestamp pin falls."""
        self.edges_s.append(at_s)

    def _cut(self, first: int, end: int | None) -> None:
        for kept in (self._times_s, self._amperes, self._volts, self._joules):
            del kept[first:end]

    def energy_j(self, until_s: Floats) -> Floats:
        """Return the energy drawn from the beginning up to each moment."""
        if not len(until_s):
            return np.zeros(0)
        self.before_asked(float(until_s.max()))
        with self._lock:
            part = self._part(until_s)
            times = np.asarray(self._times_s[part])
            watts = np.asarray(self._amperes[part]) * np.asarray(self._volts[part])
            joules = np.asarray(self._joules[part])
        index = np.maximum(np.searchsorted(times, until_s, side="right") - 1, 0)
        energy: Floats = joules[index] + watts[index] * (until_s - times[index])
        return energy

    def volts(self, when_s: Floats) -> Floats:
        """Return the supply at each moment."""
        if not len(when_s):
            return np.zeros(0)
        with self._lock:
            part = self._part(when_s)
            times, volts = np.asarray(self._times_s[part]), np.asarray(self._volts[part])
        supply: Floats = volts[np.maximum(np.searchsorted(times, when_s, side="right") - 1, 0)]
        return supply

    def _part(self, moments_s: Floats) -> slice:
        """Return where what concerns these moments lies among the changes.

        Before 0 s the board is as in the beginning: off.
        """
        self._asked_s = float(moments_s.min())
        times_s = self._times_s
        if self._asked_s < times_s[0] and times_s[0] > 0.0:
            raise ValueError(f"what was before {times_s[0]:g} s is forgotten; {self._asked_s:g} s")
        return slice(
            max(0, bisect_right(times_s, self._asked_s) - 1),
            max(1, bisect_right(times_s, float(moments_s.max()))),
        )

    def is_steady(self, from_s: float, until_s: float) -> bool:
        """Tell whether nothing changes between two moments."""
        self.before_asked(until_s)
        with self._lock:
            return bisect_right(self._times_s, from_s) == bisect_left(self._times_s, until_s)

    def means(self, edges_s: Floats) -> tuple[Floats, Floats]:
        """Return amperes and volts of each period between two of ``edges_s``.

        Their product is the period's energy over its length, a change of the supply included.
        """
        supply_v = self.volts(edges_s)
        volts = np.maximum(supply_v[:-1], supply_v[1:])
        charge_c = np.diff(self.energy_j(edges_s))
        np.divide(charge_c, volts, out=charge_c, where=volts > 0.0)
        seconds = np.diff(edges_s)
        return np.divide(charge_c, seconds, out=np.zeros(len(seconds)), where=seconds > 0.0), volts

    def at(self, when_s: float) -> tuple[float, float]:
        """Return (amperes, volts) at one moment."""
        self.before_asked(when_s)
        with self._lock:
            index = bisect_right(self._times_s, when_s) - 1
            return self._amperes[index], self._volts[index]
