"""Computes what detections and edges of a streaming session come to; pure.

The formulas are those of MLCommons' runner (mlcommons/tiny, ``benchmark/runner``: ``script.py`` and
``streaming_ww_utils.py``), which reproduce every published session to the digit.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from math import ceil, floor, fsum

from .results import Drift, DutyCycle, WordScore

OFFICIAL_DELAY_S = 2.0
"""How late behind a word's end the official runner lets a detection come: it adds its second of
delay twice."""
README_DELAY_S = 1.0
"""How late the description of the benchmark lets it come."""
SUPPRESSED_MS = 1000
"""A false positive hides those of the second behind it."""
PERIOD_SPREAD = 0.02
"""The official runner warns of periods that differ by more."""
MOST_DRIFT = 0.05
"""How far an audio clock may be off, as a share: an RC oscillator is within 2 %."""
TICK_S = 10e-6
"""A tick of the board's timer."""


def score_words(
    detections_ms: Sequence[int],
    windows_s: Sequence[tuple[float, float]],
    *,
    delay_s: float = OFFICIAL_DELAY_S,
    stretch: float = 1.0,
) -> WordScore:
    """Tell hits, misses and false alarms apart; ``detections_ms`` ascend from the first frame's.

    A window takes all detections from its begin to its end and ``delay_s``; of what no window
    took, each hides those of the second behind it. ``stretch`` is how much longer than it should
    be the recording took to play.
    """
    first, *left = detections_ms
    scale = 1000 if stretch == 1 else 1000 * stretch
    missed = []
    for begin_s, end_s in windows_s:
        begin = bisect_left(left, first + _first_ms(begin_s, scale))
        end = bisect_right(left, first + _last_ms(end_s + delay_s, scale), begin)
        if begin == end:
            missed.append(begin_s)
        del left[begin:end]
    kept: list[float] = []
    for time in left:
        time_s = (time - first) / scale
        # As the official runner, which counts whole milliseconds: seconds are a last bit away.
        if not kept or time_s == kept[-1] or round(1e3 * (time_s - kept[-1]), 6) > SUPPRESSED_MS:
            kept.append(time_s)
    return WordScore(len(windows_s) - len(missed), tuple(missed), tuple(kept))


def _first_ms(bound_s: float, scale: float) -> int:
    """Return the first whole ms that, in seconds, is not before a bound.

    The official runner compares seconds, so it is these that decide a last bit; to look for ms
    saves dividing all detections.
    """
    near = ceil(bound_s * scale)
    if (near - 1) / scale >= bound_s:
        return near - 1
    return near if near / scale >= bound_s else near + 1


def _last_ms(bound_s: float, scale: float) -> int:
    """Return the last whole ms that, in seconds, is not behind a bound."""
    near = floor(bound_s * scale)
    if (near + 1) / scale <= bound_s:
        return near + 1
    return near if near / scale <= bound_s else near - 1


def duty_cycle_of(
    starts_s: Sequence[float], stops_s: Sequence[float], source: str
) -> DutyCycle | None:
    """Return the duty cycle of edges, paired as the official runner does: by their place.

    None with fewer than two pairs.
    """
    count = min(len(starts_s), len(stops_s))
    if count < 2:
        return None
    pairs = list(zip(starts_s, stops_s, strict=False))
    periods = [after - before for before, after in pairwise(starts_s[:count])]
    busy_s = tuple(stop - start for start, stop in pairs)
    period_s = fsum(periods) / len(periods)
    if period_s <= 0:
        return None
    ends = [*starts_s[1:count], stops_s[count - 1]]
    odd = (
        number
        for number, ((start, stop), end) in enumerate(zip(pairs, ends, strict=True), 1)
        if not start < stop <= end
    )
    return DutyCycle(
        inference_s=fsum(busy_s) / count,
        period_s=period_s,
        period_spread=(max(periods) - min(periods)) / period_s,
        rises=len(starts_s),
        falls=len(stops_s),
        source=source,
        odd_pair=next(odd, None),
        busy_s=busy_s,
    )


def drift_of(period_s: float, frame_s: float, within_s: float, source: str) -> Drift:
    """Return the audio clock's drift: a frame of ``frame_s`` of sound took ``period_s``.

    ``within_s`` is how exactly the period is known. The device is the slave of the board's I2S
    clock, so that its frames are as long as the board plays them; the board's timer runs on a
    crystal.
    """
    return Drift(1e6 * (frame_s / period_s - 1), 1e6 * within_s / period_s, source)
