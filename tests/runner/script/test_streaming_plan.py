"""The plan of a streaming task against the steps that MLCommons' runner was logged to take."""

from __future__ import annotations

import pytest
from support.devices.interface_board import published_dialogue
from tinyrunner.runner.script.parser import parse_script
from tinyrunner.runner.script.script import numbered_steps, print_script
from tinyrunner.runner.script.streaming_plan import StreamedRecording, streaming_plan

WIRE = {
    "ib setbaud 9600": "setbaud 9600",
    "ib record": "record_detections",
    "ib detections": "print_detections",
    "ib dutycycle": "print_dutycycle",
}
"""What the board is sent for a verb that is not called as its command."""


@pytest.mark.parametrize("supply_v", [None, 3.0])
def test_the_plan_is_printed_and_read_back(supply_v):
    script = streaming_plan(StreamedRecording("long_wav.wav", 1200.0, 9600), supply_v)
    assert parse_script(print_script(script), "script.async") == script


@pytest.mark.parametrize("supply_v", [None, 3.0])
def test_the_board_is_sent_what_the_official_runner_sends_in_its_order(supply_v):
    script = streaming_plan(StreamedRecording("long_wav.wav", 1200.0, 9600), supply_v)
    commands = [step.command for step in script.steps]
    sent = [WIRE.get(one, one.removeprefix("ib ")) for one in commands if one.startswith("ib ")]
    published = [command.decode().rstrip("%") for command, _ in published_dialogue()]
    # We ask the board for its name and its files beforehand; it asks the device's name, not ours.
    sent = [one for one in sent if one not in ("name", "ls", "dut profile")]
    published = [one for one in published if one not in ("dut name", "dut profile")]
    assert sent == published


def test_a_device_on_its_own_port_is_asked_there_and_the_board_is_not_reset():
    script = streaming_plan(StreamedRecording("long_wav.wav", 1200.0, 115200, device_behind=False))
    commands = [step.command for step in script.steps]
    assert commands[4:] == [
        "dut profile", "version", "bm cfg ulp-mlperf", "dut profile", "dut stop", "dut start",
        "ib record", "ib play long_wav.wav", "echo settle 250", "dut stop", "ib detections",
        "ib dutycycle",
    ]  # fmt: skip


def test_one_trace_reaches_from_before_start_to_behind_stop():
    script = streaming_plan(StreamedRecording("long_wav.wav", 1200.0, 9600), 3.0)
    commands = [one.step.command for one in numbered_steps(script)]
    inside = commands[commands.index("emon trace on trace1") : commands.index("emon trace off")]
    assert [one for one in inside if one.startswith("ib dut")] == ["ib dut start", "ib dut stop"]
    assert commands[-1] == "emon power off"


@pytest.mark.parametrize(("baud_rate", "seconds"), [(9600, 322.5), (115200, 36.0)])
def test_the_activation_of_every_frame_has_time_to_come(baud_rate, seconds):
    """37,500 numbers of the reference firmware's, six characters each and a line for sixteen."""
    script = streaming_plan(StreamedRecording("long_wav.wav", 1200.0, baud_rate))
    stops = [step.timeout_ms for step in script.steps if step.command.endswith("dut stop")]
    assert stops == pytest.approx([1000 * seconds] * 2, abs=100)
