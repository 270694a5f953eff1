"""Words, duty cycle and drift: against a restatement with numpy, and with the clock off."""

from __future__ import annotations

import random

import numpy as np
import pytest
from support.sessions.streaming import Played, edges, official_words
from tinyrunner.runner.score.streaming.formulas import (
    README_DELAY_S,
    drift_of,
    duty_cycle_of,
    score_words,
)
from tinyrunner.runner.score.streaming.results import Drift


def restated(
    detections: list[int], windows: list[tuple[float, float]]
) -> tuple[int, list[float], list[float]]:
    """The rules as facts/streaming.md (6) has them, over an array."""
    times = np.array(detections[1:]) - detections[0]
    missed = []
    for begin, end in windows:
        inside = (times / 1000 >= begin) & (times / 1000 <= end + 2.0)
        if not inside.any():
            missed.append(begin)
        times = times[~inside]
    at = 0
    while at < len(times):
        hidden = (times > times[at]) & (times <= times[at] + 1000)
        times = times[~hidden]
        at += 1
    return len(windows) - len(missed), missed, list(times / 1000)


@pytest.mark.parametrize("seed", range(40))
def test_any_detections_score_as_the_restated_rules_have_it(seed):
    random.seed(seed)
    starts = sorted(random.sample(range(2, 900), 40))
    windows = [(start + random.random(), start + 1.2 + random.random()) for start in starts]
    times = sorted(random.choices(range(100, 950_000, 7), k=random.choice([1, 20, 300, 3000])))
    found = score_words(times, windows)
    assert (found.true_positives, list(found.missed_s), list(found.false_s)) == restated(
        times, windows
    )


def test_a_detection_at_the_very_edges_of_a_window_counts():
    windows = [(1.0, 1.5)]
    for time, hit in ((999, 0), (1000, 1), (3500, 1), (3501, 0)):
        assert score_words([40, 40 + time], windows).counts == (hit, 1 - hit, 1 - hit)


def test_a_false_detection_hides_those_of_the_second_behind_it():
    found = score_words([0, 5000, 5900, 6000, 6001, 6900, 7002], [])
    assert found.false_s == (5.0, 6.001, 7.002)
    assert found.f1 == 0.0


@pytest.mark.parametrize("off", [-0.0023, -0.0017, 0.0, 0.0002, 0.0004])
def test_the_drift_is_measured_and_taking_it_off_gives_the_undisturbed_score(off):
    """Within 10 ppm, over the range that published boards have."""
    words = official_words()
    plain = Played(latency_s=0.9, missed=(3, 17), false_s=(614.0, 717.0))
    drifting = Played(latency_s=0.9, missed=(3, 17), false_s=(614.0, 717.0), clock=1 + off)
    starts, stops = edges(1 + off)
    duty = duty_cycle_of([1e-5 * t for t in starts], [1e-5 * t for t in stops], "log.txt")
    drift = drift_of(duty.period_s, 0.032, 1e-7, "edges")
    assert drift.ppm == pytest.approx(1e6 * off, abs=10)
    wanted = score_words(plain.detections, words, delay_s=README_DELAY_S)
    assert wanted.counts == (48, 2, 2)
    found = score_words(
        drifting.detections, words, delay_s=README_DELAY_S, stretch=1 / (1 + drift.ppm / 1e6)
    )
    assert (found.counts, found.missed_s) == (wanted.counts, wanted.missed_s)
    assert found.false_s == pytest.approx(wanted.false_s, abs=0.02)


def test_edges_are_paired_by_their_place_and_one_that_is_lost_shifts_them():
    starts, stops = ([1e-5 * tick for tick in ticks] for ticks in edges(busy_ms=12.0))
    whole = duty_cycle_of(starts, stops, "log.txt")
    assert (whole.duty_cycle, whole.period_s) == pytest.approx((0.375, 0.032))
    assert whole.throughput == pytest.approx(1 / 0.012)
    assert whole.odd_pair is None
    without_a_rise = duty_cycle_of([*starts[:40], *starts[41:]], stops, "log.txt")
    assert without_a_rise.odd_pair == 41
    assert duty_cycle_of(starts[1:], stops, "log.txt").odd_pair == 1
    assert duty_cycle_of(starts[:1], stops, "log.txt") is None
    assert duty_cycle_of(starts, [], "log.txt") is None


@pytest.mark.parametrize(
    ("ppm", "rounded", "told"),
    [
        (-0.3, "+0 ppm", "+0 ± 3 ppm"),
        (0.3, "+0 ppm", "+0 ± 3 ppm"),
        (-2300.4, "\u22122300 ppm", "\u22122300 ± 3 ppm"),
    ],
)
def test_a_drift_is_told_with_its_sign_and_none_where_it_rounds_to_nothing(ppm, rounded, told):
    drift = Drift(ppm, 3.2, "edges in log.txt")
    assert (drift.rounded, str(drift)) == (rounded, told)
