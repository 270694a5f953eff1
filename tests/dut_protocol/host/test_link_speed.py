"""In virtual time a load takes exactly what its characters take."""

from __future__ import annotations

import random

import pytest
from bench.link.speed import BAUD_RATES, SETUPS, TARGET, Setup, ad_window_chars, virtual_share
from support.devices.dialogue import Talk
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.extension import SIMULATED_OFFER
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad
from tinyrunner.models.suite import AD, KWS, VWW


@pytest.mark.parametrize("setup", SETUPS, ids=str)
@pytest.mark.parametrize("byte_count", [KWS.input_bytes, AD.input_bytes, VWW.input_bytes])
def test_a_whole_load_takes_at_most_2_percent_more_than_the_wire_does(
    setup: Setup, byte_count: int
):
    assert TARGET <= virtual_share(setup, byte_count) <= 1.0 + 1e-9


@pytest.mark.parametrize("baud_rate", BAUD_RATES)
@pytest.mark.parametrize("data_bytes", [30, 38])
def test_pipelining_saves_the_nine_characters_of_each_answer(baud_rate: int, data_bytes: int):
    handshaken = Setup(baud_rate, data_bytes, pipelined=False).limit_s(AD.input_bytes)
    pipelined = Setup(baud_rate, data_bytes, pipelined=True).limit_s(AD.input_bytes)
    bound = (2 * data_bytes + 13) / (2 * data_bytes + 4)
    assert 0.97 * bound < handshaken / pipelined < bound


def test_the_extension_takes_an_eighth_of_the_wire_time_of_an_ad_file():
    plain = ad_window_chars(extension=False)
    assert plain > 6300
    assert plain >= 8 * ad_window_chars(extension=True)


@pytest.mark.parametrize("way", ["handshaken", "pipelined", "extended"])
def test_the_time_that_a_load_is_said_to_take_is_about_what_it_takes(way: str):
    """A run's length is told in advance from it."""
    clock, stride = VirtualClock(), 512
    device = SimulatedDut(FakeModel("ad01", AD.input_bytes, 1), DeviceSettings(extension=True))
    settings = LinkSettings(
        verify_load=VerifyLoad.NEVER, pipeline_chars=1024 if way == "pipelined" else 0
    )
    loader = Talk.over(SimulatedLink(device, clock, "sim:"), clock, settings).loader
    if way == "extended":
        loader.extend(SIMULATED_OFFER, stride)
    data = random.Random(3).randbytes(AD.input_bytes + stride)
    loader.load(data[: AD.input_bytes])
    began_s = clock.now_s()
    loader.load(data[stride:])
    said_s = loader.usual_chars(AD.input_bytes) * 10 / settings.baud_rate
    assert said_s == pytest.approx(clock.now_s() - began_s, rel=0.03)
