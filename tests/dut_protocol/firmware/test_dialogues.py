"""The C library, as the host port, against the table that the simulated device passes."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.devices.device_dialogues import (
    BANNER,
    ENERGY_BANNER,
    INPUT,
    SHARED,
    Dialogue,
    R,
    answers,
)
from support.devices.extension_dialogues import EXTENSION_DIALOGUES
from support.devices.fake_model import FakeModel
from support.firmware.build import host_dut
from support.firmware.device import DeviceProcess, hold
from support.firmware.dialogues import OVERFLOWS, STRICT, load_commands
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut

QUICK = ("--inference-us", "10")


def booted(*arguments: str) -> DeviceProcess:
    device = DeviceProcess(host_dut(), *QUICK, *arguments)
    assert answers(BANNER, device.answer(1))
    return device


def named(table: tuple[Dialogue, ...]) -> dict[str, object]:
    return {"argvalues": table, "ids": [dialogue.name for dialogue in table]}


@pytest.mark.parametrize("dialogue", **named(SHARED))
@pytest.mark.parametrize("slowly", [False, True], ids=["whole", "byte by byte"])
def test_the_library_answers_as_the_table_says(dialogue: Dialogue, slowly: bool):
    with booted() as device:
        hold(device, dialogue, slowly=slowly)


@pytest.mark.parametrize("dialogue", **named(SHARED))
def test_it_answers_so_without_the_extension_too(dialogue: Dialogue):
    with DeviceProcess(host_dut("-DTR_WIRE_EXTENSION=0"), *QUICK) as device:
        assert answers(BANNER, device.answer(1))
        hold(device, dialogue)


@pytest.mark.parametrize("dialogue", **named(STRICT))
def test_numbers_are_read_strictly(dialogue: Dialogue):
    with booted() as device:
        hold(device, dialogue)


@pytest.mark.parametrize("dialogue", **named(OVERFLOWS))
def test_lost_input_is_told(dialogue: Dialogue):
    with booted("--at-once", "65536") as device:
        hold(device, dialogue)


@pytest.mark.parametrize("dialogue", **named(EXTENSION_DIALOGUES))
def test_the_library_speaks_the_wire_extension(dialogue: Dialogue):
    with booted() as device:
        hold(device, dialogue)


@pytest.mark.parametrize("dialogue", **named(EXTENSION_DIALOGUES))
def test_the_simulated_device_speaks_it_alike(dialogue: Dialogue):
    device = SimulatedDut(FakeModel(), DeviceSettings(extension=True))
    device.boot(0.0)
    device.outgoing.clear()
    for sent, expected in dialogue.exchanges:
        device.receive(sent, 0.0)
        # what waits at the end is only said when no byte comes
        answer = b"".join(data for _, data in device.outgoing if b"ms, load dropped" not in data)
        device.outgoing.clear()
        assert answers(expected, answer), f"to {sent[:90]!r}: {answer!r} instead of {expected!r}"


def test_without_the_extension_nothing_of_it_is_known():
    with DeviceProcess(host_dut("-DTR_WIRE_EXTENSION=0"), *QUICK) as device:
        device.answer(1)
        assert b"x-tinyrunner" not in device.ask(b"help%")
        unknown = b"e-[Unknown command: xdb]\r\n" + R
        assert device.ask(b"xdb load 4 00000000 b64%") == unknown


# ---- modes ---------------------------------------------------------------------------------------


def test_energy_mode_pulses_the_pin_and_says_no_lap():
    with DeviceProcess(host_dut(), "--energy", *QUICK) as device:
        assert device.answer(1) == ENERGY_BANNER
        device.send(b"".join(load_commands(INPUT)) + b"timestamp%infer 3 2%")
        rest, errors = device.end()
    assert b"m-lap-us" not in rest
    assert rest.count(b"m-infer-done") == 1
    assert errors.splitlines() == ["pulse"] * 4  # boot, timestamp, and both ends of the window


@pytest.mark.parametrize(
    ("task", "model_id", "input_bytes", "scores"),
    [("vww", "vww01", 27648, 2), ("ic", "ic01", 3072, 10), ("ad", "ad01", 2560, 1)],
)
def test_other_tasks_have_their_own_sizes(task, model_id, input_bytes, scores):
    data = bytes(i % 251 for i in range(input_bytes))
    with booted("--task", task) as device:
        assert f"m-model-[{model_id}]".encode() in device.ask(b"profile%")
        for command in load_commands(data):
            answer = device.ask(command)
        assert answer == b"m-load-done\r\n" + R
        said = device.ask(b"infer 1 0%")
    assert b"Input db has" not in said
    assert said.split(b"m-results-[")[1].split(b"]")[0].count(b",") == scores - 1


# ---- scores --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def echoing() -> Iterator[DeviceProcess]:
    """A device whose scores are the first twelve singles of its input."""
    with booted("--echo") as device:
        yield device


def printed(device: DeviceProcess, *bits: int) -> list[str]:
    """Twelve singles, by their bits, as the library prints them."""
    padded = [*bits, *[0] * (12 - len(bits))]
    for command in load_commands(struct.pack("=12I", *padded) + bytes(490 - 48)):
        device.ask(command)
    device.send(b"infer 1 0%results%")
    said = device.answer(2).decode()
    return said.split("m-results-[")[1].split("]")[0].split(",")[: len(bits)]


def as_printf(bits: int) -> str:
    (value,) = struct.unpack("=f", struct.pack("=I", bits))
    return "nan" if value != value else f"{value:.3f}"


def bits_of(value: float) -> int:
    return int(struct.unpack("=I", struct.pack("=f", value))[0])


HARD = (0.0625, 0.1875, 0.5005, 0.0005, 0.0004999, 0.9995, 0.9994999, 999.9995, 16777216.0)


def test_scores_are_rounded_as_printf_rounds_them(echoing: DeviceProcess):
    bits = [bits_of(sign * value) for value in HARD for sign in (1, -1)]
    bits += [0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00001, 0x7F7FFFFF, 0x00000001, 0x80000000]
    for start in range(0, len(bits), 12):
        some = bits[start : start + 12]
        assert printed(echoing, *some) == [as_printf(one) for one in some]


NEAR_ONE = st.integers(bits_of(1e-5), bits_of(2000.0))


@given(st.lists(st.integers(0, 2**32 - 1) | NEAR_ONE, min_size=12, max_size=12))
@example([bits_of(n / 16) for n in range(1, 13)])
def test_any_single_is_printed_as_printf_prints_it(echoing: DeviceProcess, bits: list[int]):
    assert printed(echoing, *bits) == [as_printf(one) for one in bits]
