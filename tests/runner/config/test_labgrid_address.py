"""The address `labgrid:` names a place, a reservation or tags, and which of its ports."""

import pytest
from tinyrunner.runner.config.config import Config, override
from tinyrunner.runner.config.labgrid_address import (
    LabgridAddress,
    Wanted,
    at_place,
    labgrid_addresses,
    place_named,
    with_ports,
)
from tinyrunner.runner.errors import SetupError


@pytest.mark.parametrize(
    ("address", "wanted", "resource"),
    [
        ("labgrid:h7-1", Wanted(place="h7-1"), ""),
        ("labgrid:h7-1/dut", Wanted(place="h7-1"), "dut"),
        ("labgrid:+", Wanted(token="FROMENV"), ""),
        ("labgrid:+ABC/iom", Wanted(token="ABC"), "iom"),
        ("labgrid:?board=h7", Wanted(tags=(("board", "h7"),)), ""),
        ("labgrid:/dut?site=x&board=h7", Wanted(tags=(("board", "h7"), ("site", "x"))), "dut"),
    ],
)
def test_address_is_read(
    address: str, wanted: Wanted, resource: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LG_TOKEN", "FROMENV")
    assert LabgridAddress.parse(address) == LabgridAddress(wanted, resource)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("labgrid:", "it names no place"),
        ("labgrid:/dut", "it names no place"),
        ("labgrid:h7?board=h7", "name either"),
        ("labgrid:?Board=h7", "'Board' is no tag of labgrid's"),
        ("labgrid:?board", "'board' is no TAG=VALUE"),
        ("labgrid:?b", "'b' is no TAG=VALUE"),
        ("labgrid:+", "LG_TOKEN is not set"),
    ],
)
def test_address_that_names_nothing_is_refused(
    address: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LG_TOKEN", raising=False)
    with pytest.raises(SetupError, match=problem):
        LabgridAddress.parse(address)


def test_ports_take_the_places_of_places_in_each_address_of_a_bench() -> None:
    config = override(Config(), dut="labgrid:a", io="labgrid:b/iom", monitor="ppk2:labgrid:b/ppk2")
    assert [one.resource for one in labgrid_addresses(config, energy=False)] == [""]
    assert [one.resource for one in labgrid_addresses(config, energy=True)] == ["iom", "ppk2"]
    found = with_ports(config, lambda one: f"socket://{one.resource}:1", energy=True)
    assert found.monitor.address == "ppk2:socket://ppk2:1"
    assert found.dut.address == "labgrid:a"
    board = override(Config(), interface_board="labgrid:c/ib", dut="labgrid:c/dut")
    ports = labgrid_addresses(board, energy=False, streaming=True)
    assert [one.resource for one in ports] == ["ib", "dut"]


def test_what_began_at_a_place_is_continued_at_it() -> None:
    config = override(Config(), dut="labgrid:/dut?board=h7")
    assert at_place(config, "labgrid:h7-2/dut").dut.address == "labgrid:/dut?name=h7-2"
    assert at_place(config, "/dev/ttyACM0") == config
    named = override(Config(), dut="labgrid:h7-1/dut")
    assert at_place(named, "labgrid:h7-2/dut") == named
    assert place_named("labgrid:h7-2/dut") == "h7-2"
    assert place_named("/dev/ttyACM0") == ""
