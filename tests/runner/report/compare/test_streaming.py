"""Two sessions of the streaming wake word side by side: words, false ones, frames, power."""

from __future__ import annotations

import pytest
from support.cli import tinyrunner
from support.sessions.streaming import Played
from tinyrunner.runner.report.compare.comparison import (
    compare_sessions,
    parse_thresholds,
    verdict,
)
from tinyrunner.runner.report.compare.measures import Measure
from tinyrunner.runner.report.gather import Asked, gather

WORDS = [(20.0 * n + 9, 20.0 * n + 9.6) for n in range(50)]


def played(folder, name, power_w=None, **what):
    samples = None if power_w is None else [power_w * 1e-3] * 30_000
    return Played(words=WORDS, samples_j=samples, **what).write(folder / name)


def compared(a, b):
    sides = [gather([one], Asked()).sessions for one in (a, b)]
    (pair,) = compare_sessions(*sides).pairs
    return {each.measure: each for each in pair.differences}, pair.warnings


def test_words_by_those_that_one_side_heard_and_rates_by_frames(tmp_path):
    a = played(tmp_path, "a", missed=tuple(range(12)), false_s=(1100.0, 1110.0))
    b = played(tmp_path, "b", missed=(49,), busy_ms=19.0)
    found, _ = compared(a, b)
    assert list(found) == [Measure.WORDS, Measure.FALSE, Measure.THROUGHPUT, Measure.DUTY_CYCLE]
    words = found[Measure.WORDS]
    assert (words.a, words.b) == (38 / 50, 49 / 50)
    assert words.method == "exact McNemar: of 50 words 1 heard by A only, 12 by B only"
    assert verdict(words).startswith("B hears more by 22.0 pp ±")
    assert (found[Measure.FALSE].a, found[Measure.FALSE].b) == (2, 0)
    assert verdict(found[Measure.FALSE]) == "too little to tell"
    assert found[Measure.THROUGHPUT].a == pytest.approx(50.0)
    assert found[Measure.THROUGHPUT].b == pytest.approx(1 / 0.019)
    assert verdict(found[Measure.DUTY_CYCLE]).startswith("B less busy by 3.1 pp")


def test_one_power_a_run_is_shown_and_never_called_significant(tmp_path):
    a, b = (played(tmp_path, name, power_w=watts) for name, watts in (("a", 0.025), ("b", 0.03)))
    found, _ = compared(a, b)
    power = found[Measure.POWER]
    assert (power.a, power.b) == (pytest.approx(0.025), pytest.approx(0.03))
    assert verdict(power) == "too little to tell"
    assert not parse_thresholds(["power=2%"]).exceeded(power)
    assert Measure.ENERGY not in found


def test_other_recordings_are_warned_of(tmp_path):
    a = played(tmp_path, "a")
    b = Played(words=WORDS[:8], wav_file="med_wav_2m_8p.wav").write(tmp_path / "b")
    found, warnings = compared(a, b)
    assert "recording: A has long_wav.wav, B has med_wav_2m_8p.wav" in warnings
    assert found[Measure.WORDS].method == "unpaired (Newcombe): the words are not the same"


def test_the_command_shows_them_and_judges_by_a_threshold(tmp_path):
    a = played(tmp_path, "a")
    b = played(tmp_path, "b", missed=tuple(range(20)), busy_ms=22.0)
    ran = tinyrunner("compare", a, b, "--threshold", "words=2pp,duty=1pp,throughput=2%")
    assert ran.status == 3
    assert "words heard: worse by more than 2 pp" in ran.out
    assert "  ± half of the 95 % interval of the difference." in ran.out
    assert "duty cycle: worse by more than 1 pp" in ran.out
    assert tinyrunner("compare", a, a, "--threshold", "words=2pp,duty=1pp").status == 0
