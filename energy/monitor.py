"""The interface of an energy monitor: what a run needs of it, whichever it is.

A monitor supplies the device, records what it draws, and (most of them) notes the edges of the
device's timestamp pin. It is a context manager: whatever happens inside, the supply is off and
host control is released when the block is left, on Ctrl-C too.

A monitor is served, not threaded: whoever waits for the device calls :meth:`EnergyMonitor.service`
at least every ``capabilities.service_interval_s`` of the bench's clock, so that nothing overflows
and a simulated bench can run on its virtual clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

from .trace import EnergyTrace, TraceWriter


class SampleKind(Enum):
    """Says what one sample of a monitor is, before it becomes joules per sample period."""

    ENERGY = "energy in the period"
    CURRENT_AND_VOLTAGE = "current and voltage"
    CURRENT = "current; the voltage is the one set"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Says what a monitor can do, so that a plan can refuse before anything is powered."""

    model: str
    event_input: bool
    """Whether it notes edges of the timestamp pin itself, on its own clock."""
    powers_device: bool
    supply_range_v: tuple[float, float]
    max_current_a: float
    sample_rates_hz: tuple[float, ...]
    default_rate_hz: float
    sample_kind: SampleKind
    service_interval_s: float


@dataclass(frozen=True, slots=True)
class MonitorIdentity:
    """Says who answered."""

    maker: str
    model: str
    serial: str
    firmware: str


class EnergyMonitor(Protocol):
    """Is an opened monitor. Every method raises MonitorError; none clips, retries or hides."""

    address: str
    trace: EnergyTrace | None
    """The last finished recording; kept when :meth:`stop` raised SamplesLost about it."""

    @property
    def capabilities(self) -> Capabilities: ...

    def identify(self) -> MonitorIdentity: ...

    def set_supply(self, supply_v: float) -> float:
        """Set the voltage and the current limit, read the voltage back and return it.

        MonitorRefused outside the monitor's range or above the configured ``max_voltage_v``.
        """

    def power(self, on: bool) -> None:
        """Switch the device's supply; on needs a supply that was set."""

    def start(self, writer: TraceWriter) -> None:
        """Begin to record into ``writer``."""

    def service(self) -> None:
        """Take what has been recorded so far; SamplesLost when the monitor says it lost some."""

    def stop(self) -> EnergyTrace:
        """Stop recording; account for every sample and return the trace."""

    def close(self) -> None:
        """Switch the supply off, release control, close; calling it again is harmless."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
