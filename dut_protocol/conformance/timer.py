"""Tests the device's clock: it counts up, finely enough, at the right rate.

Energy firmware has no clock to print; its timestamp pin is tested instead, as the IO manager sees
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from ..wire.boot_banner import TimestampMode
from ..wire.messages import LapTime, no_lap_time
from ..wire.timer import OSCILLATOR_DEVIATION, USUAL_DEVIATION, WRAP_US
from .probe import CannotTry, Probe
from .replies import Reply
from .report import CheckFinding, Verdict

_STAMPS = 30
_COARSEST_STEP_US = 1000
"""The rules' resolution: at least 1 kHz."""

_STEP_NOISE_US = 50
"""Steps this small are told from none by nothing; far below the coarsest that is allowed."""

_RATE_S, _RATE_QUICK_S = 10.0, 1.0
_ROUGH_RATE_S = 0.5
_PLAUSIBLE_RATE = (0.5, 2.0)
"""Rates between which the timer counts microseconds: another unit would only wrap in a full
measurement."""


@dataclass(frozen=True, slots=True)
class _Stamp:
    us: int
    host_s: float
    """The host's time half-way between question and answer."""
    took_s: float


def counts_up(probe: Probe) -> CheckFinding:
    """Take stamps at irregular distances: none is before the one before it, but for a wrap."""
    _needs_laps(probe)
    stamps = [_stamp(probe)]
    for number in range(1, _STAMPS):
        probe.clock.pause(0.000377 * number)
        stamps.append(_stamp(probe))
    steps = [b.us - a.us for a, b in pairwise(stamps)]
    forward = [step for step in steps if step >= 0]
    backward = [step for step in steps if step < 0]
    wraps = [step for step in backward if step % WRAP_US < WRAP_US // 2]
    probe.counts_up = len(backward) <= max(1, len(wraps)) and len(backward) < len(steps) // 2
    if not probe.counts_up:
        return CheckFinding(
            Verdict.FAIL, f"{len(backward)} of {len(steps)} stamps are before the last"
        )
    probe.timer_step_us = _common_step_us(forward)
    if len(backward) > len(wraps):
        return CheckFinding(
            Verdict.WARN,
            f"went back once, by {-backward[0]} µs",
            "a counter that wraps before 2^32: a window across the wrap is lost; count in 64 bits",
        )
    wrapped = ", across a wrap at 2^32" if wraps else ""
    return CheckFinding(Verdict.PASS, f"{len(stamps)} stamps{wrapped}")


def resolution(probe: Probe) -> CheckFinding:
    _needs_laps(probe)
    if not probe.counts_up or probe.timer_step_us is None:
        raise CannotTry("the timer does not count up")
    step_us = probe.timer_step_us
    if step_us == 0:
        return CheckFinding(Verdict.FAIL, "the timer stands still")
    if step_us > _COARSEST_STEP_US:
        return CheckFinding(
            Verdict.FAIL, f"counts in steps of {step_us} µs ({1e6 / step_us:.0f} Hz)"
        )
    return CheckFinding(Verdict.PASS, f"steps of at most {max(step_us, _STEP_NOISE_US)} µs")


def rate(probe: Probe) -> CheckFinding:
    """Measure the timer's rate, first roughly: another unit would wrap unnoticed in ten seconds."""
    _needs_laps(probe)
    if not probe.counts_up:
        raise CannotTry("the timer does not count up")
    start = _sharp_stamp(probe)
    measured = _rate_since(probe, start, _ROUGH_RATE_S)
    if measured.ratio > WRAP_US / 2e6 / _ROUGH_RATE_S:
        start = _sharp_stamp(probe)
        measured = _rate_since(probe, start, _ROUGH_RATE_S)
    if _PLAUSIBLE_RATE[0] <= measured.ratio <= _PLAUSIBLE_RATE[1]:
        seconds = probe.wall_s(_RATE_S, _RATE_QUICK_S)
        measured = _rate_since(probe, start, seconds)
        if (
            measured.ratio > _PLAUSIBLE_RATE[1]
        ):  # the counter wrapped before 2^32: it will not again
            measured = _rate_since(probe, _sharp_stamp(probe), seconds)
    off = measured.ratio - 1
    probe.timer_ppm = off * 1e6
    size = f"{off * 1e6:+.0f} ppm" if abs(off) < 0.01 else f"{off:+.1%}"
    size = size.replace("-", "\u2212")  # the minus that people read
    if not _PLAUSIBLE_RATE[0] <= measured.ratio <= _PLAUSIBLE_RATE[1]:
        size = f"{measured.ratio:.4g} times the host's clock"
    found = f"{size} in {measured.host_s:.1f} s, ± {measured.doubt * 1e6:.0f} ppm"
    coarse = (probe.timer_step_us or 0) / 1e6 / measured.host_s
    if abs(off) > OSCILLATOR_DEVIATION + coarse:
        return CheckFinding(Verdict.FAIL, found, _rate_advice(measured.ratio))
    if abs(off) > USUAL_DEVIATION + coarse:
        return CheckFinding(Verdict.WARN, found)
    return CheckFinding(Verdict.PASS, found)


@dataclass(frozen=True, slots=True)
class _Rate:
    ratio: float
    """Device seconds in a second of the host."""
    host_s: float
    doubt: float
    """What the two questions' own durations leave open, as a fraction."""


def _rate_since(probe: Probe, start: _Stamp, seconds: float) -> _Rate:
    probe.clock.pause(start.host_s + seconds - probe.clock.now_s())
    end = _sharp_stamp(probe)
    host_s = max(end.host_s - start.host_s, 1e-9)
    device_s = (end.us - start.us) % WRAP_US / 1e6
    doubt = abs(end.took_s - start.took_s) / 2 + 1e-6
    return _Rate(device_s / host_s, host_s, doubt / host_s)


def _rate_advice(ratio: float) -> str:
    for factor in (1000.0, 100.0, 10.0, 0.1, 0.01, 0.001, 1e-6):
        if abs(ratio / factor - 1) < 0.1:
            return f"m-lap-us counts in microseconds: this timer is off by a factor of {factor:g}"
    return "check the timer's prescaler and its clock source; a run's times are off by as much"


def _sharp_stamp(probe: Probe) -> _Stamp:
    """Take five stamps and return the one whose answer came fastest."""
    return min((_stamp(probe) for _ in range(5)), key=lambda stamp: stamp.took_s)


def _stamp(probe: Probe) -> _Stamp:
    reply = probe.ask("timestamp")
    lap = reply.first(LapTime)
    if lap is None:
        raise CannotTry(_no_lap(reply) or f"`timestamp` is answered {reply.text}")
    return _Stamp(lap.us, (reply.sent_s + reply.done_s) / 2, reply.done_s - reply.sent_s)


def timestamp(probe: Probe) -> CheckFinding:
    """Ask for a stamp: performance firmware prints its counter, energy firmware `m-ready` alone."""
    reply = probe.ask("timestamp")
    lap = reply.first(LapTime)
    if probe.mode is TimestampMode.ENERGY:
        if lap is not None:
            return CheckFinding(Verdict.FAIL, f"energy firmware prints {lap.encode()}")
        return CheckFinding(Verdict.PASS, "nothing on the UART, as energy firmware does")
    if lap is None:
        return CheckFinding(Verdict.FAIL, _no_lap(reply) or reply.text)
    if lap.printed is not None:
        return CheckFinding(
            Verdict.FAIL,
            f"{lap.encode()!r} is taken for {lap.us} µs",
            "print m-lap-us-%lu: digits and nothing else, no sign, no decimals, no padding",
        )
    return CheckFinding(Verdict.PASS, lap.encode())


def _no_lap(reply: Reply) -> str | None:
    """Say what is wrong with a time stamp of this reply that is no number."""
    return next(filter(None, (no_lap_time(text) for text in reply.chatter)), None)


def _common_step_us(steps: list[int]) -> int:
    """Find the step that all differences are multiples of; 0 where all are 0.

    Euclid's algorithm, blind below the noise.
    """
    common = 0
    for step in steps:
        common = _common(max(common, step), min(common, step))
    return common


def _common(larger: int, smaller: int) -> int:
    while smaller > _STEP_NOISE_US:
        rest = larger % smaller
        if smaller - rest <= _STEP_NOISE_US:  # a multiple, but for the rounding to microseconds
            rest = 0
        larger, smaller = smaller, rest
    return larger


def _needs_laps(probe: Probe) -> None:
    if probe.mode is TimestampMode.ENERGY:
        raise CannotTry("energy firmware marks time on its pin and prints no m-lap-us")


def edges(probe: Probe) -> CheckFinding:
    """Count falling edges: `timestamp` makes one, `infer` two."""
    if probe.mode is not TimestampMode.ENERGY:
        raise CannotTry("performance firmware prints its time stamps")
    if probe.io_manager is None:
        raise CannotTry("nothing here sees the pin; name the IO manager with --io")
    probe.mark_edges()
    probe.ask("timestamp")
    stamped = len(probe.pin_edges())
    probe.infer(1, 0)
    inferred = len(probe.pin_edges())
    found = f"`timestamp` {stamped} of 1, `infer 1 0` {inferred} of 2"
    return CheckFinding(Verdict.PASS if (stamped, inferred) == (1, 2) else Verdict.FAIL, found)
