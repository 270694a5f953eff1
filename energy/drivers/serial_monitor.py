"""The common part of the drivers of monitors on a serial port."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ...dut_protocol.errors import LinkError
from ...dut_protocol.link.transport import READ_BYTES, Transport, open_transport
from ..errors import (
    MonitorError,
    MonitorRefused,
    SamplesLost,
    SupplyMayBeOn,
    what_went_before,
)
from ..interruptions import held
from ..monitor import Capabilities
from ..trace import TraceWriter
from ..windows import MAX_LOST_FRACTION


def open_link(address: str, baud_rate: int) -> Transport:
    """Open a monitor's port by name or pyserial URL; MonitorError when it cannot be opened."""
    try:
        return open_transport(address, baud_rate)
    except LinkError as error:
        raise MonitorError(str(error)) from error


class MonitorLink:
    """Is a transport whose failures are the monitor's."""

    def __init__(self, transport: Transport, name: str) -> None:
        self._transport = transport
        self.name = f"{name} on {transport.address}"

    def write(self, data: bytes) -> None:
        try:
            self._transport.write(data)
        except LinkError as error:
            raise MonitorError(f"{self.name}: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        """Return what is there, as soon as there is something; empty when nothing came in time."""
        try:
            return self._transport.read(READ_BYTES, timeout_s)
        except LinkError as error:
            raise MonitorError(f"{self.name}: {error}") from error

    def close(self) -> None:
        self._transport.close()


class ClosedOnExit:
    """Gives ``with`` support; a problem of closing never hides the error that ended the block.

    A supply that may be on still is the worse news: it is told, and of the other error as well.
    """

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        try:
            self.close()
        except SupplyMayBeOn as unsafe:
            raise SupplyMayBeOn(f"{unsafe}{what_went_before(error, unsafe)}") from error
        except MonitorError as problem:
            error.add_note(f"while closing: {problem}")


@contextlib.contextmanager
def closed_on_error(monitor: ClosedOnExit) -> Iterator[None]:
    """Close the monitor when what stands inside fails, Ctrl-C included."""
    try:
        yield
    except BaseException as error:
        monitor.__exit__(type(error), error, None)
        raise


class Cleanup:
    """Tries all of its steps, whatever becomes of the ones before, Ctrl-C included."""

    def __init__(self, *, supplied: bool = False) -> None:
        """Begin; ``supplied`` tells that the supply was, or may have been, switched on."""
        self._stack = contextlib.ExitStack()
        self._supplied = supplied
        self._not_off = False
        self.problems: list[str] = []

    def then(self, step: Callable[..., object], *arguments: object) -> None:
        """Register a step; steps are called in the reverse order."""
        self._stack.callback(self._try, step, arguments)

    def switch_off(self, step: Callable[..., object], *arguments: object) -> None:
        """Register the step that leaves the supply off; where it fails, nobody can tell."""
        self._stack.callback(self._try, step, arguments, switches_off=True)

    def _try(
        self,
        step: Callable[..., object],
        arguments: tuple[object, ...],
        *,
        switches_off: bool = False,
    ) -> None:
        try:
            try:
                step(*arguments)
            except KeyboardInterrupt:  # it may not have been done: again, before that is heard
                step(*arguments)
                raise
        except MonitorError as problem:
            self._not_off = self._not_off or switches_off
            self.problems.append(str(problem))

    def run(self, failed: str = "", advice: str = "") -> None:
        """Try every step; then raise what went wrong as a MonitorError.

        Where the supply may be on it is a SupplyMayBeOn. ``failed`` and ``advice`` stand around the
        problems where it could not be switched off.
        """
        with held():
            self._stack.close()
        # A dead link fails each step alike: said once.
        problems = "; ".join(dict.fromkeys(self.problems))
        if self._not_off:
            kind = SupplyMayBeOn if self._supplied else MonitorError
            raise kind(f"{failed}{problems}{advice}")
        if self.problems:
            raise MonitorError(problems)


def checked_supply_mv(
    name: str, supply_v: float, capabilities: Capabilities, max_voltage_v: float | None
) -> int:
    """Return the supply in whole millivolts, never clipped; MonitorRefused if not allowed."""
    low_v, high_v = capabilities.supply_range_v
    if not math.isfinite(supply_v) or not low_v <= supply_v <= high_v:
        raise MonitorRefused(
            f"{name}: {supply_v:g} V is outside what it can supply, {low_v:g} to {high_v:g} V"
        )
    if max_voltage_v is not None and supply_v > max_voltage_v:
        raise MonitorRefused(
            f"{name}: {supply_v:g} V is above the configured max_voltage_v of {max_voltage_v:g} V; "
            "nothing was switched. If the board stands it, --max-v allows more"
        )
    millivolts = round(supply_v * 1000)
    if abs(supply_v * 1000 - millivolts) > 1e-6:
        raise MonitorRefused(f"{name}: {supply_v!r} V: it is set in whole millivolts")
    return millivolts


def check_rate(name: str, writer: TraceWriter, capabilities: Capabilities) -> float:
    """Check the writer's sample rate, which is what will be recorded."""
    if writer.sample_rate_hz not in capabilities.sample_rates_hz:
        possible = ", ".join(f"{rate:g}" for rate in capabilities.sample_rates_hz)
        raise MonitorRefused(
            f"{name}: no sample rate of {writer.sample_rate_hz:g} Hz; possible: {possible}"
        )
    return writer.sample_rate_hz


def write_samples(
    writer: TraceWriter,
    energy_j: npt.NDArray[np.floating[Any]],
    gaps: Iterable[tuple[int, int]],
    first: int = 0,
) -> None:
    """Append samples with the gaps in front of some of them; ``first`` is their index."""
    done = 0
    for index, lost in gaps:
        if index - first > done:
            writer.append(energy_j[done : index - first])
            done = index - first
        writer.gap(lost)
    if done < len(energy_j):
        writer.append(energy_j[done:])


def check_lost(name: str, samples: int, lost: int, why: Sequence[str]) -> None:
    """Raise SamplesLost when more are missing than a measurement can bear."""
    if lost > MAX_LOST_FRACTION * (samples + lost):
        raise SamplesLost(
            f"{name}: {lost} of {samples + lost} samples are missing ({lost / (samples + lost):.2%}"
            f", at most {MAX_LOST_FRACTION:.1%} may be): {'; '.join(why)}. A USB port of its own, "
            "without a hub, and a host with less to do usually help"
        )
