"""What a simulated address names: a device, a monitor, and what cannot be simulated."""

from __future__ import annotations

import pytest
from tinyrunner.runner.config.config import Config, override
from tinyrunner.runner.config.sim_address import (
    MonitorKind,
    described_file,
    kind_named,
    names_simulated,
    parse_simulated,
    simulated_model_id,
    simulated_name,
)
from tinyrunner.runner.errors import SetupError


@pytest.mark.parametrize("address", ["sim", "sim:", "sim:kws01?baud=9600", "sim:ppk2"])
def test_an_address_that_names_something_simulated_is_recognised(address):
    assert names_simulated(address)


@pytest.mark.parametrize("address", [None, "", "simple", "/dev/sim:0", "socket://sim:5000"])
def test_any_other_address_is_a_real_ones(address):
    assert not names_simulated(address)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("sim:vww01?baud=9600", "vww01"),
        ("sim:", ""),
        ("sim", ""),
        ("socket://10.0.0.7:5000?logging=debug", ""),
    ],
)
def test_the_model_of_a_simulated_device_is_in_its_address(address, named):
    assert simulated_model_id(override(Config(), dut=address)) == named


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (None, MonitorKind.N6705),
        ("sim:", MonitorKind.N6705),
        ("sim:n6705", MonitorKind.N6705),
        ("sim:lpm01a", MonitorKind.LPM01A),
        ("sim:ppk2", MonitorKind.PPK2),
        ("sim:js110", MonitorKind.JS110),
        ("sim:stlinkv3pwr", MonitorKind.STLINKV3PWR),
        ("sim:otii", MonitorKind.OTII),
        ("sim:scpi:mine.yaml", MonitorKind.SCPI),
        ("sim:replay:wire.log", MonitorKind.REPLAY),
    ],
)
def test_a_simulated_bench_has_the_monitor_that_its_address_names(address, kind):
    assert kind_named(simulated_name(address)) is kind


@pytest.mark.parametrize("address", ["lpm01a:/dev/ttyACM1", "sim:ppk1", "sim:kws01"])
def test_a_simulated_bench_has_no_other_monitor(address):
    with pytest.raises(SetupError, match="lpm01a"):
        kind_named(simulated_name(address))


def test_an_unknown_kind_is_told_those_that_there_are():
    with pytest.raises(SetupError, match=r"there are n6705, lpm01a, ppk2, js110, .*, scpi:FILE"):
        kind_named("ppk1")


def test_a_described_instrument_needs_its_description():
    assert described_file("scpi:c:/mine.yaml") == "c:/mine.yaml"
    with pytest.raises(SetupError, match="which instrument"):
        described_file("scpi:")


@pytest.mark.parametrize("value", ["-1", "100000001", "9" * 400, "9" * 5000, "1e6", ""])
def test_a_rate_that_no_line_has_is_refused_in_short(value: str) -> None:
    with pytest.raises(SetupError, match=r"baud=.* cannot be: ") as caught:
        parse_simulated(f"sim:kws01?baud={value}")
    assert len(str(caught.value)) < 800
