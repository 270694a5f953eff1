from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.devices.device_dialogues import (
    BANNER,
    ENERGY_BANNER,
    INPUT,
    REFERENCE,
    SAFE_WHERE_THE_REFERENCE_IS_NOT,
    Dialogue,
    answers,
)
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode


def said(device: SimulatedDut) -> bytes:
    data = b"".join(data for _, data in device.outgoing)
    device.outgoing.clear()
    return data


def booted(**settings) -> SimulatedDut:
    device = SimulatedDut(FakeModel(), DeviceSettings(**settings))
    device.boot(0.0)
    said(device)
    return device


def loaded(device: SimulatedDut, data: bytes = INPUT) -> SimulatedDut:
    device.receive(b"db load %d%%" % len(data), 0.0)
    for start in range(0, len(data), 30):
        device.receive(b"db %b%%" % data[start : start + 30].hex().encode(), 0.0)
    said(device)
    return device


def named(table):
    return {"argvalues": table, "ids": [dialogue.name for dialogue in table]}


# ---- bytes in, bytes out -------------------------------------------------------------------------


@pytest.mark.parametrize("dialogue", **named(REFERENCE + SAFE_WHERE_THE_REFERENCE_IS_NOT))
@pytest.mark.parametrize("slowly", [False, True], ids=["whole", "byte by byte"])
def test_the_device_answers_as_the_table_says(dialogue: Dialogue, slowly: bool):
    device = booted()
    for sent, expected in dialogue.exchanges:
        for piece in [sent[i : i + 1] for i in range(len(sent))] if slowly else [sent]:
            device.receive(piece, 0.0)
        answer = said(device)
        assert answers(expected, answer), f"to {sent!r}: {answer!r} instead of {expected!r}"


def test_the_banner_tells_the_mode():
    device = SimulatedDut(FakeModel())
    device.boot(0.0)
    assert answers(BANNER, said(device))
    device = SimulatedDut(FakeModel(), DeviceSettings(mode=TimestampMode.ENERGY))
    device.boot(0.0)
    assert said(device) == ENERGY_BANNER


@pytest.mark.parametrize("mode", TimestampMode)
def test_its_note_stands_in_the_banner_and_behind_the_profile_and_alters_nothing_else(mode):
    plain, noting = (
        SimulatedDut(FakeModel(), DeviceSettings(mode=mode, note=n)) for n in ("", "X")
    )
    for device in (plain, noting):
        device.boot(0.0)
    banner = said(plain)
    laps = rb"m-lap-us-\d+\r\n"
    assert re.sub(laps, b"", said(noting)) == re.sub(laps, b"", banner).replace(
        b"m-init-done\r\n", b"m-init-done\r\nX\r\n"
    )
    for device in (plain, noting):
        device.receive(b"profile%name%help%foo%", 1.0)
    assert said(noting) == said(plain).replace(b"m-model-[kws01]\r\n", b"m-model-[kws01]\r\nX\r\n")


def test_a_text_that_is_no_bytes_is_printed_all_the_same():
    device = booted(vendor="Böhm 板")
    device.receive(b"name%", 0.0)
    assert said(device) == b"m-name-dut-[B\xf6hm ?]\r\nm-ready\r\n"


def test_scores_have_three_decimals():
    device = loaded(booted())
    device.receive(b"infer 1 0%", 0.0)
    assert b"m-results-[0.000,0.001,0.002,0.003,0.004,0.005,0.006," in said(device)


def test_energy_firmware_puts_no_laps_on_the_uart():
    device = loaded(booted(mode=TimestampMode.ENERGY))
    device.receive(b"infer 2 1%timestamp%", 0.0)
    assert b"m-lap-us" not in said(device)


def test_an_input_of_the_wrong_size_has_the_one_before_inferred():
    device = loaded(booted())
    device.receive(b"infer 1 0%", 0.0)
    loaded(device, bytes(16))
    device.receive(b"infer 1 0%", 0.0)
    assert device.model.inferred == [INPUT, INPUT]


def test_an_input_is_inferred_once_however_many_iterations_are_asked_for():
    device = loaded(booted())
    device.receive(b"infer 1000 10%", 0.0)
    assert device.model.inferred == [INPUT]


def test_the_buffer_grows_with_the_models_input():
    for size, refused in ((490, 27649), (30_000, 30_001)):
        device = SimulatedDut(FakeModel(input_bytes=size), DeviceSettings())
        most = refused - 1
        assert said_to(device, b"db load %d%%" % most).startswith(b"m-[Expecting %d" % most)
        assert said_to(device, b"db load %d%%" % refused).startswith(
            b"Supplied buffer size %d exceeds maximum of %d\n" % (refused, most)
        )


def said_to(device: SimulatedDut, command: bytes) -> bytes:
    device.receive(command, 0.0)
    return said(device)


def test_a_reboot_forgets_everything():
    device = loaded(booted())
    device.receive(b"infer 1 0%db lo", 0.0)
    device.boot(100.0)
    said(device)
    device.receive(b"db print%results%name%", 100.1)
    answer = said(device)
    assert b"m-buffer" not in answer
    assert b"m-results-[0.000,0.000" in answer
    assert b"m-name-dut-" in answer


def test_a_load_cut_short_prints_zeros_for_the_rest():
    device = booted()
    device.receive(b"db load 10%db ffff%db print%", 0.0)
    assert b"m-buffer-ff-ff-00-00-00-00-00-00\r\nm-buffer-00-00\r\n\r\n" in said(device)


BLOCKS = st.lists(
    st.one_of(
        st.binary(max_size=45).map(lambda data: b"db " + data.hex().encode() + b"%"),
        st.binary(max_size=20).map(lambda data: b"db " + data.hex().upper().encode() + b"%"),
        st.sampled_from(
            [b"db %", b"db  00%", b"db 0%", b"db zz%", b"db 00zz%", b"db 00 11%", b"db 00%00%",
             b"name%", b"db load 7%", b"db load 60%", b"db print%", b"na", b"db ", b"%", b"db 00"]
        ),
        st.binary(max_size=12),
    ),
    max_size=12,
)  # fmt: skip


@given(BLOCKS, st.sampled_from([0.0, 0.0005, 0.05]))
def test_the_fast_path_answers_as_the_slow_one_does(pieces, pause_s):
    fast, slow = booted(), booted()
    slow.quick_blocks = False
    now_s = 1.0
    for piece in [b"db load 60%", *pieces]:
        fast.receive(piece, now_s)
        slow.receive(piece, now_s)
        assert [data for _, data in fast.outgoing] == [data for _, data in slow.outgoing]
        for (fast_s, _), (slow_s, _) in zip(fast.outgoing, slow.outgoing, strict=True):
            assert fast_s == pytest.approx(slow_s, abs=1e-12)
        assert fast.buffer == slow.buffer
        now_s += pause_s  # the shorter ones find the device still busy


def test_the_fast_path_is_taken():
    device = booted()
    device.receive(b"db load 60%", 0.0)
    device.execute = None  # the slow way would call it
    device.receive(b"db 0011%", 0.1)
    assert bytes(device.buffer) == b"\x00\x11"


# ---- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("baud_rate", [9600, 115200, 921600])
def test_an_answer_is_through_after_the_bytes_of_both_ways(baud_rate: int):
    device = booted(baud_rate=baud_rate)
    device.receive(b"db load 60%", 1.0)
    said(device)
    device.receive(b"db 0011%", 2.0)
    ((done_s, data),) = device.outgoing
    assert done_s == pytest.approx(2.0 + (8 + len(data)) * 10 / baud_rate)


def test_a_wire_of_no_baud_rate_takes_no_time():
    device = booted(baud_rate=0)
    device.receive(b"name%", 2.0)
    assert [when_s for when_s, _ in device.outgoing] == [2.0, 2.0]


def test_a_printf_blocks_the_firmware_while_commands_are_buffered():
    device = booted(baud_rate=9600)
    device.receive(b"name%" * 8, 1.0)
    times = [when_s for when_s, _ in device.outgoing]
    assert times == sorted(times)
    bytes_out = sum(len(data) for _, data in device.outgoing)
    assert times[-1] == pytest.approx(1.0 + (5 + bytes_out) * 10 / 9600)


def test_the_counter_counts_the_inferences_and_the_line_in_between():
    device = loaded(booted(inference_time_s=0.02, baud_rate=115200))
    device.receive(b"infer 500 10%", 5.0)
    laps = [int(data[9:]) for _, data in device.outgoing if data.startswith(b"m-lap-us-")]
    line_s = len(b"m-lap-us-%d\r\n" % laps[0]) * 10 / 115200
    assert laps[1] - laps[0] == pytest.approx((500 * 0.02 + line_s) * 1e6, abs=2)


@pytest.mark.parametrize(
    ("wraps_at", "start"), [(2**32, 2**32 - 5_000_000), (572_660_000, 570_000_000)]
)
def test_the_counter_wraps_where_it_is_told_to(wraps_at: int, start: int):
    device = loaded(
        booted(counter_start_us=start, counter_wraps_at_us=wraps_at, inference_time_s=0.1)
    )
    device.receive(b"infer 100 0%", 1.0)
    first, last = [int(data[9:]) for _, data in device.outgoing if data.startswith(b"m-lap-us-")]
    assert last < first < wraps_at
    assert (last - first) % wraps_at == pytest.approx(10_000_000, rel=0.001)


def test_energy_firmware_pulls_its_pin_at_boot_at_each_end_of_the_window_and_when_told_to():
    edges: list[float] = []
    settings = DeviceSettings(mode=TimestampMode.ENERGY, inference_time_s=0.5, baud_rate=9600)
    device = SimulatedDut(FakeModel(), settings, edges.append)
    device.boot(1.0)
    banner_s = len(b"m-timestamp-mode-energy\r\n") * 10 / 9600
    assert edges == [pytest.approx(1.0 + settings.boot_time_s + banner_s)]
    loaded(device)
    edges.clear()
    device.receive(b"infer 20 0%", 10.0)
    assert len(edges) == 2
    assert edges[1] - edges[0] == pytest.approx(10.0)
    device.receive(b"timestamp%", 30.0)
    assert edges[2] == pytest.approx(30.0 + 10 * 10 / 9600)


def test_performance_firmware_pulls_no_pin():
    edges: list[float] = []
    device = SimulatedDut(FakeModel(), DeviceSettings(), edges.append)
    device.boot(0.0)
    device.receive(b"timestamp%infer 1 0%", 1.0)
    assert edges == []
