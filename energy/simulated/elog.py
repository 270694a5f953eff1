"""The insides of the simulated N6705: channels, and the external data logger with its FIFO.

Sample k of a log that was triggered at t covers t + k·period to t + (k + 1)·period. Its current is
the board's energy in that time over voltage and period, so that the sum of I·V·period is the power
model's own energy but for noise, which has zero mean, and for the rounding of float32.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .power_model import Floats, PowerModel

FIFO_S = 20.0
PARAMETER_S = 102.4e-6
FINE_S, COARSE_S = 20.48e-6, 40.96e-6
FINE_PARAMETERS = 4
"""The number of logged parameters up to which the period is a multiple of 20.48 µs, above of 40.96
µs."""


@dataclass(slots=True)
class LoggedParameters:
    """Says what the logger takes of one channel; the power-up default is its voltage."""

    current: bool = False
    current_minmax: bool = False
    voltage: bool = True
    voltage_minmax: bool = False

    @property
    def parameters(self) -> int:
        return self.current + self.voltage + 2 * self.current_minmax + 2 * self.voltage_minmax


@dataclass(slots=True)
class Channel:
    """Is one module: its settings, and its log when it has one."""

    module: str
    set_v: float = 0.0
    protect_v: float = 22.0
    """The over-voltage protection: the output goes off above it."""
    set_a: float = 0.5
    on: bool = False
    logged: LoggedParameters = field(default_factory=LoggedParameters)
    trigger_source: str = "BUS"
    asked_period_s: float = 0.1024
    initiated: bool = False
    started_s: float | None = None
    stopped_s: float | None = None
    period_s: float = 0.0
    fetched: int = 0

    @property
    def is_smu(self) -> bool:
        return self.module.startswith("N678")


class Logger:
    """Makes the records of a channel; the first one has the device, the others no load."""

    def __init__(
        self, power: PowerModel, seed: int, current_noise_a: float, voltage_noise_v: float
    ) -> None:
        self._power = power
        self._noise = np.random.default_rng(seed)
        self._noise_a = current_noise_a
        self._noise_v = voltage_noise_v
        self.fifo_s = FIFO_S

    def period_s(self, channels: list[Channel], asked_s: float) -> float:
        """Return what the instrument makes of a period, with all that is logged."""
        parameters = sum(channel.logged.parameters for channel in channels)
        step_s = FINE_S if parameters <= FINE_PARAMETERS else COARSE_S
        least = int(np.ceil(PARAMETER_S * parameters / step_s - 1e-9))
        return max(least, round(asked_s / step_s)) * step_s

    def fetch(self, channel: Channel, loaded: bool, most: int, now_s: float) -> Floats:
        """Remove at most so many records from the FIFO; what did not fit into it is gone."""
        if channel.started_s is None:
            return np.zeros(0)
        until_s = now_s if channel.stopped_s is None else channel.stopped_s
        made = int((until_s - channel.started_s) / channel.period_s + 1e-6)
        first = max(channel.fetched, made - int(self.fifo_s / channel.period_s))
        count = max(0, min(most, made - first))
        channel.fetched = first + count
        edges_s = channel.started_s + np.arange(first, first + count + 1) * channel.period_s
        return self._records(channel, edges_s, loaded)

    def _records(self, channel: Channel, edges_s: Floats, loaded: bool) -> Floats:
        count = len(edges_s) - 1
        if loaded:
            amperes, volts = self._power.means(edges_s)
        else:
            volts = np.full(count, channel.set_v if channel.on else 0.0)
            amperes = np.zeros(count)
        volts = volts + self._noise.normal(0.0, self._noise_v, count)
        amperes = amperes + self._noise.normal(0.0, self._noise_a, count)
        columns = []
        logged = channel.logged
        if logged.current:
            columns.append(amperes)
        if logged.current_minmax:
            columns += [amperes - self._noise_a, amperes + self._noise_a]
        if logged.voltage:
            columns.append(volts)
        if logged.voltage_minmax:
            columns += [volts - self._noise_v, volts + self._noise_v]
        return np.stack(columns, axis=1).ravel() if columns else np.zeros(0)
