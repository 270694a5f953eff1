"""Places are held and released as labgrid's own client does it.

What `labgrid-client` prints here was recorded of labgrid 26.0.1 with a coordinator and two
exporters on one computer.
"""

import threading
import time
from pathlib import Path

import pytest
from support.devices.recorded_labgrid.lab import RecordedLab, needs_scripts
from tinyrunner.errors import TinyrunnerError
from tinyrunner.runner.bench.labgrid.client import PROGRAM_VARIABLE, find_program
from tinyrunner.runner.bench.labgrid.lease import held_places, ports_of_places
from tinyrunner.runner.bench.streaming import check_streaming_addresses
from tinyrunner.runner.config.config import Config, override
from tinyrunner.runner.journal.session_folder import alone_in

pytestmark = needs_scripts


class Lab(RecordedLab):
    """Is a recorded coordinator, of which places are held."""

    def ports(self, scenario: str, address: str, *avoid: str) -> dict[str, str]:
        """Hold what the address names and return its ports by their names."""
        self.play(scenario)
        energy = "energy" in address or "+" in address
        config = override(Config(), **{"io" if energy else "dut": address})
        with held_places(config, self.told.append, energy=energy, avoid=avoid):
            assert [mark.name for mark in self.marks.iterdir()] or scenario == "by_hand"
            with ports_of_places(config, energy=energy) as placed:
                pass
        return {name: url for url, name in placed.names.items()}

    def refusal(self, scenario: str, address: str) -> str:
        """Return why there is no such port."""
        with pytest.raises(TinyrunnerError) as refused:
            self.ports(scenario, address)
        return str(refused.value)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    return Lab(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("scenario", "address", "port"),
    [
        ("free", "labgrid:h7-1", "labgrid:h7-1/dut"),
        ("by_tags", "labgrid:?board=h7&site=lab", "labgrid:h7-1/dut"),
        ("one_of_several", "labgrid:energy/iom", "labgrid:energy/iom"),
        ("token", "labgrid:+E5O1WNZZX7/iom", "labgrid:energy/iom"),
        ("dead_and_alive", "labgrid:?board=h7", "labgrid:h7-2/dut"),
    ],
)
def test_place_is_acquired_its_port_found_and_it_is_released(
    lab: Lab, scenario: str, address: str, port: str
) -> None:
    ports = lab.ports(scenario, address)
    assert list(ports) == [port]
    assert ports[port].startswith("rfc2217://127.0.0.1:")
    assert ports[port].endswith("?ign_set_control&timeout=10")
    assert lab.all_was_asked(scenario)


def test_place_to_avoid_is_taken_last(lab: Lab) -> None:
    assert list(lab.ports("avoided", "labgrid:?board=h7", "h7-1")) == ["labgrid:h7-2/dut"]


def test_who_comes_late_is_queued_and_told_for_whom_it_waits(lab: Lab) -> None:
    assert list(lab.ports("queued", "labgrid:?board=h7")) == ["labgrid:h7-2/dut"]
    assert lab.told == [
        "waiting for a place with board=h7: h7-1 is held by desk/bob, h7-2 is held by desk/bob"
    ]
    assert lab.all_was_asked("queued")  # its reservation was cancelled, too


def test_place_without_its_exporter_is_passed_over_in_the_queue(lab: Lab) -> None:
    assert list(lab.ports("dead_and_held", "labgrid:?board=h7")) == ["labgrid:h7-2/dut"]
    assert "no matching remote resource; waiting for another" in lab.told[1]
    assert lab.all_was_asked("dead_and_held")


def test_place_acquired_by_hand_stays_acquired(lab: Lab) -> None:
    lab.marks.mkdir(parents=True)
    assert list(lab.ports("by_hand", "labgrid:h7-1")) == ["labgrid:h7-1/dut"]
    assert lab.all_was_asked("by_hand")


def test_place_that_a_killed_run_left_is_taken_over_and_released(lab: Lab) -> None:
    lab.marks.mkdir(parents=True)
    (lab.marks / "127.0.0.1%3A20408%2Fh7-1").touch()
    assert list(lab.ports("left_by_a_kill", "labgrid:h7-1")) == ["labgrid:h7-1/dut"]
    assert lab.all_was_asked("left_by_a_kill")


def test_interface_board_of_a_streaming_task_may_be_at_a_place(lab: Lab) -> None:
    lab.play("one_of_several")
    config = override(Config(), interface_board="labgrid:energy/iom")
    check_streaming_addresses(config, energy=False)
    with ports_of_places(config, energy=False, streaming=True) as placed:
        assert placed.config.interface_board.address in placed.names
    assert lab.all_was_asked("one_of_several")


def test_process_of_ours_that_is_just_leaving_the_place_is_waited_for(lab: Lab) -> None:
    held = threading.Event()

    def leave() -> None:
        with alone_in(lab.marks / "127.0.0.1%3A20408%2Fenergy"):
            held.set()
            time.sleep(0.3)

    leaving = threading.Thread(target=leave)
    leaving.start()
    held.wait(10)
    assert list(lab.ports("token", "labgrid:+E5O1WNZZX7/iom")) == ["labgrid:energy/iom"]
    leaving.join()


def test_interrupted_work_gives_its_place_back(lab: Lab) -> None:
    lab.play("coordinator_dies")  # its last call, the release, is the one that fails
    config = override(Config(), dut="labgrid:h7-2")
    with pytest.raises(KeyboardInterrupt), held_places(config, lab.told.append, energy=False):
        raise KeyboardInterrupt
    assert "place h7-2 may still be acquired" in lab.told[0]


@pytest.mark.parametrize(
    ("scenario", "address", "said"),
    [
        ("unknown", "labgrid:h7", "no place 'h7'; did you mean h7-2?; there are: energy (board=u5"),
        ("no_tag", "labgrid:?board=h8", "no place with board=h8; there are: energy (board=u5 "),
        ("held", "labgrid:h7-1", "place h7-1 is held by desk/bob; wait for it by labgrid:?name=h7"),
        ("which", "labgrid:energy", "which of its serial ports?; there are: labgrid:energy/dut, "),
        ("no_such_port", "labgrid:energy/ion", "no serial port 'ion'; did you mean iom?"),
        ("no_coordinator", "labgrid:h7-1", "no labgrid coordinator answers at 127.0.0.1:20408"),
        ("dead", "labgrid:h7-1", "has no matching remote resource; is its exporter running?"),
        ("all_dead", "labgrid:?board=h7", "no place with board=h7 can be used: "),
    ],
)
def test_what_cannot_be_had_is_said(lab: Lab, scenario: str, address: str, said: str) -> None:
    assert said in lab.refusal(scenario, address)


def test_port_whose_exporter_dies_is_named_and_the_place_released(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = lab.refusal("exporter_dies", "labgrid:?board=h7")
    assert "labgrid:h7-1/dut (expA/h7-1/NetworkSerialPort/dut) is not there: its exporter" in said
    assert lab.all_was_asked("exporter_dies")


def test_coordinator_that_dies_leaves_the_result_and_says_what_is_left(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.play("coordinator_dies")
    with held_places(override(Config(), dut="labgrid:h7-2"), lab.told.append, energy=False):
        pass
    assert lab.told[0].startswith("place h7-2 may still be acquired: no labgrid coordinator")
    assert [mark.name for mark in lab.marks.iterdir()] == ["127.0.0.1%3A20408%2Fh7-2"]


def test_program_that_is_not_there_is_told_how_to_get(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PROGRAM_VARIABLE, "no-such-client")
    with pytest.raises(TinyrunnerError, match="pipx install labgrid"):
        find_program()
