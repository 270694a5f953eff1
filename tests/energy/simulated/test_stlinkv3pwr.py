"""The simulated STLINK-V3PWR against the transcript, without its driver."""

from __future__ import annotations

import pytest
from support.energy.transcripts import dialogues
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState
from tinyrunner.energy.simulated.stlinkv3pwr import SimulatedStlinkV3Pwr

SAMPLE_A = 0x2A0 / 16**5
"""What 52 A0 stands for."""


@pytest.mark.parametrize("ascii_too", [False, True])
def test_it_answers_as_the_transcript_does_byte_for_byte(ascii_too):
    told = dialogues("stlinkv3pwr")
    binary = "three binary samples behind a TimeStamp"
    names = [name for name in told if name != binary] if ascii_too else list(told)[:-1]
    model = PowerModel(BoardCurrents(boot_a=SAMPLE_A if not ascii_too else 640.9e-6))
    instrument = SimulatedStlinkV3Pwr(model, serial="003B00383432511939383236", firmware="FW 1.0.0")
    now_s = 0.0
    for line in (line for name in names for line in told[name].lines):
        now_s += 0.0 if line.send == b"stop\r\n" else 0.1
        instrument.receive(line.send, now_s)
        said = b""
        while len(said) < len(line.answer) and instrument.next_output_s() is not None:
            now_s = instrument.next_output_s()
            if line.send == b"start\r\n" and said:  # the moment at which three samples are done
                now_s = now_s - 0.001 + 3 / (10_000 if ascii_too else 100_000)
            said += instrument.produce(now_s)
        assert said == line.answer, line.send
        assert line.source


def test_what_the_board_draws_is_sent_at_the_moment_it_is_drawn():
    model = PowerModel(BoardCurrents(boot_a=SAMPLE_A, infer_a=0x2A0 / 16**4))
    instrument = SimulatedStlinkV3Pwr(model)
    for command in (b"power_monitor", b"volt 3000m", b"pwr on", b"freq 1000"):
        instrument.receive(command + b"\r\n", 1.0)
    instrument.receive(b"start\r\n", 1.0)
    model.change(1.001 + 0.002, PowerState.INFER)
    said = instrument.produce(1.0065).partition(b"ack start\r\n\r\n")[2]
    assert said[9:] == b"\x52\xa0" * 2 + b"\x42\xa0" * 3
