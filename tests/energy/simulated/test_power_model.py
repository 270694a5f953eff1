"""The simulated board's power over a long time: what was asked for is forgotten, the sum is not."""

from __future__ import annotations

import numpy as np
import pytest
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState

FRAMES, FRAME_S = 40_000, 0.032


def test_what_was_asked_for_is_forgotten_and_the_energy_stays_whole() -> None:
    model = PowerModel(BoardCurrents(idle_a=0.008, infer_a=0.035))
    model.switch(0.0, 3.0)
    lived, joules, most = 0, [], 0

    def live(until_s: float) -> None:
        nonlocal lived
        while (begin_s := lived * FRAME_S) <= until_s:
            model.change(begin_s, PowerState.INFER)
            model.change(begin_s + 0.01, PowerState.IDLE)
            lived += 1

    model.before_asked = live
    for second in range(int(FRAMES * FRAME_S)):
        joules += np.diff(model.energy_j(second + np.linspace(0.0, 1.0, 11))).tolist()
        most = max(most, len(model._times_s))
    seconds = len(joules) / 10
    infer_s = lived * 0.01
    assert sum(joules) == pytest.approx(3.0 * (0.008 * seconds + 0.027 * infer_s), rel=1e-4)
    assert most < 15_000  # of 80,000 changes
    with pytest.raises(ValueError, match="is forgotten"):
        model.energy_j(np.array([1.0, 2.0]))


def test_nothing_is_asked_for_without_moments() -> None:
    assert len(PowerModel().energy_j(np.zeros(0))) == len(PowerModel().volts(np.zeros(0))) == 0
