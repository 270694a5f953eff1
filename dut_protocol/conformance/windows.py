"""Tests what stands between the two marks of a measurement: N inferences, and nothing else."""

from __future__ import annotations

import math

from ..wire.boot_banner import TimestampMode
from ..wire.timer import LATE_EDGE_S, WRAP_US
from .probe import CannotTry, Probe
from .replies import Inferred
from .report import CheckFinding, Verdict

_WINDOW_S, _WINDOW_QUICK_S = 0.25, 0.1
"""The shortest measurement whose length is compared with longer ones."""

_LINEAR = 0.02
"""The fraction within which windows agree; the spread of published windows is below 1 %."""

_MAX_ITERATIONS = 100_000
_LAP_LINE_CHARS = 40
"""A lap time is printed after it was taken, so its own line is part of the window."""


def linear(probe: Probe) -> CheckFinding:
    """Time N, 2N and 4N inferences: each as long as the next, and nothing else in between."""
    probe.needs_window()
    count = _iterations_for(probe, probe.wall_s(_WINDOW_S, _WINDOW_QUICK_S))
    one, two, four = (_window_us(probe, factor * count, 0) for factor in (1, 2, 4))
    found = f"{count}, {2 * count}, {4 * count}: {_ms(one)}, {_ms(two)}, {_ms(four)} ms"
    slack_us = _slack_us(probe)
    wire_us = probe.dut.wire_s(_LAP_LINE_CHARS) * 1e6 * _device_per_host(probe)
    if four - one <= max(slack_us, 3 * _LINEAR * one):
        if one <= wire_us + slack_us:
            raise CannotTry(f"inferences are too short to be timed ({found})")
        return CheckFinding(Verdict.FAIL, f"{found}: N makes no difference")
    first, second = (two - one) / count, (four - two) / (2 * count)
    fixed_us = one - count * second
    uneven = abs(first - second) * count > _LINEAR * one + slack_us
    if uneven or not -slack_us - _LINEAR * one <= fixed_us <= wire_us + _LINEAR * one + slack_us:
        return CheckFinding(Verdict.FAIL, f"{found}; {_ms(fixed_us)} ms of it whatever N is")
    probe.inference_time_s = second / 1e6 / _device_per_host(probe)
    return CheckFinding(Verdict.PASS, found)


def warmup_outside(probe: Probe) -> CheckFinding:
    """Run as many warm-ups as inferences: inside the marks they would double the time."""
    probe.needs_window()
    count = probe.timed_iterations
    if count is None:
        raise CannotTry("no number of inferences takes long enough to be compared")
    without = _window_us(probe, count, 0)
    with_warmups = _window_us(probe, count, count)
    found = f"{count} inferences take {_ms(without)} ms, after {count} warm-ups {_ms(with_warmups)}"
    if abs(with_warmups - without) > _LINEAR * without + _slack_us(probe):
        return CheckFinding(Verdict.FAIL, found)
    return CheckFinding(Verdict.PASS, found)


def _iterations_for(probe: Probe, seconds: float) -> int:
    """Find how many inferences take so long by the host, trying more and more."""
    count = 1
    idle_s = probe.dut.wire_s(200)
    spent_s = _spent_s(probe.infer(1, 0))
    while spent_s < seconds and count < _MAX_ITERATIONS:
        grow = min(8.0, max(2.0, 1.1 * seconds / max(spent_s - idle_s, 1e-6)))
        count = min(_MAX_ITERATIONS, math.ceil(count * grow))
        spent_s = _spent_s(probe.infer(count, 0))
    probe.timed_iterations = count if spent_s >= seconds else None
    return count


def _spent_s(done: Inferred) -> float:
    return done.reply.done_s - done.reply.sent_s


def _window_us(probe: Probe, iterations: int, warmups: int) -> int:
    """Return the device's time for so many inferences; again where its counter wrapped early."""
    done = probe.infer(iterations, warmups)
    if done.laps and done.laps[-1] < done.laps[0] and (done.window_us or 0) > WRAP_US // 2:
        done = probe.infer(iterations, warmups)
    if done.window_us is None:
        raise CannotTry(f"no two time stamps around the inferences ({done.reply.text})")
    return done.window_us


def _slack_us(probe: Probe) -> float:
    """Return what the clock leaves open at the ends of both windows.

    A timer's own steps, or how late an IO manager may see the pin.
    """
    by_pin = probe.mode is TimestampMode.ENERGY
    step_us = LATE_EDGE_S * 1e6 if by_pin else float(probe.timer_step_us or 0)
    return 2 * step_us + 100.0


def _device_per_host(probe: Probe) -> float:
    return 1.0 if probe.timer_ppm is None else max(1e-9, 1 + probe.timer_ppm / 1e6)


def _ms(us: float) -> str:
    return f"{us / 1000:.1f}"
