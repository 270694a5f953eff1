"""The simulated PPK2 against what public sources say that a kit says, without our driver."""

from __future__ import annotations

import re

import numpy as np
from support.energy.transcripts import dialogues
from tinyrunner.energy.simulated.power_model import PowerModel
from tinyrunner.energy.simulated.ppk2 import Ppk2Faults, SimulatedPpk2

SAID = dialogues("ppk2")
NUMBER = re.compile(rb"-?[0-9.]+")


def answer(kit, sent, at_s):
    kit.receive(sent, at_s)
    return kit.produce(at_s + 0.1)


def form(text):
    """A kit's answer without its numbers: every kit has its own."""
    return sorted(NUMBER.sub(b"#", line) for line in text.splitlines())


def test_it_answers_in_the_form_of_a_kit():
    kit = SimulatedPpk2(PowerModel())
    for sent, said in SAID["a kit with a calibration is opened"].pairs:
        assert form(answer(kit, sent, 1.0)) == form(said)


def test_without_a_calibration_it_answers_in_the_form_of_such_a_kit():
    kit = SimulatedPpk2(PowerModel(), faults=Ppk2Faults(uncalibrated=True))
    ((sent, said),) = SAID["a kit without a calibration says what it is"].pairs
    assert form(answer(kit, sent, 1.0)) == form(said)


def test_the_sources_opcodes_set_switch_and_stop_it():
    switched = []
    kit = SimulatedPpk2(PowerModel(), lambda on, at_s: switched.append(on))
    opened = SAID["a kit with a calibration is opened"].pairs
    for sent, _ in [*opened, *SAID["3 volts are set"].pairs]:
        answer(kit, sent, 1.0)
    assert kit.supply.volts == 3.0
    assert not kit.supply.on
    ((on, _),) = SAID["the device is switched on"].pairs
    assert answer(kit, on, 2.0) == b""
    (start, said), (stop, _) = SAID["it streams, and is stopped"].pairs
    kit.receive(start, 3.0)
    words = np.frombuffer(kit.produce(3.01), "<u4")
    assert len(words) == 1000
    # the counter's six bits go round, and D0 is high where nothing pulls it down, as in the sources
    counters = (words >> 18) & 63
    assert (np.diff(counters) & 63 == 1).all()
    assert (words >> 24 == 1).all()
    heard = np.frombuffer(said, "<u4")
    assert ((heard >> 18) & 63).tolist() == [62, 63, 0, 1]
    assert (heard >> 24).tolist() == [1, 1, 0, 1]
    kit.receive(stop, 3.02)
    kit.produce(3.02)
    assert kit.produce(4.0) == b""
    for sent, _ in SAID["it is switched off"].pairs:
        kit.receive(sent, 5.0)
    assert switched == [True, False]
