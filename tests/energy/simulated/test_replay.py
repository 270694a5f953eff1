"""A replayed monitor: turns by hand, then the real drivers against a recorded conversation."""

from __future__ import annotations

import pytest
from tinyrunner.dut_protocol.link.clock import MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.link.wire_log import MONITOR, WireLog, WireLogError
from tinyrunner.energy.monitor import MonitorIdentity
from tinyrunner.energy.simulated.power_model import PowerModel
from tinyrunner.energy.simulated.replay import Recording, ReplayedInstrument, ReplayedMonitor
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench.monitors import open_monitor
from tinyrunner.runner.bench.simulated.monitors import named_monitor, served_instrument
from tinyrunner.runner.bench.simulated.wiring import SimulatedBench
from tinyrunner.runner.config.config import Config, MonitorConfig

BEGINNING = (
    "# tinyrunner 0.2.0 wire log, format 2, clock virtual, 115200 baud, "
    "begun 2026-01-01T00:00:00Z, at sim:\n"
)


def recording(tmp_path, *lines, address="lpm01a:/dev/ttyACM1"):
    path = tmp_path / "wire.log"
    wire = f"# 0.000000 wire monitor at {address}\n"
    path.write_text(BEGINNING + wire + "".join(f"{line}\n" for line in lines), "ascii")
    return Recording.open(path)


SPOKEN = (
    r"1.000000 >monitor htc\r\n",
    r"1.001000 <monitor ack htc\r\n",
    "1.500000 >io dut name%",
    r"2.000000 >monitor start\r\n",
    r"2.100000 <monitor 1\r\n",
    r"2.200000 <monitor 2\r\n",
    r"3.000000 >monitor stop\r\n",
    r"3.001000 <monitor ack stop\r\n",
)


def test_what_came_comes_again_between_its_read_and_the_one_before(tmp_path):
    replayed = ReplayedMonitor(recording(tmp_path, *SPOKEN))
    replayed.receive(b"htc\r\n", 10.0)
    assert replayed.produce(11.0) == b"ack htc\r\n"
    replayed.receive(b"start\r\n", 20.0)
    assert replayed.produce(20.04) == b""
    assert replayed.next_output_s() == pytest.approx(20.05)
    assert replayed.produce(20.1) == b"1\r\n"
    assert replayed.produce(20.2) == b"2\r\n"


def test_a_host_that_is_ahead_gets_the_rest_at_once(tmp_path):
    replayed = ReplayedMonitor(recording(tmp_path, *SPOKEN))
    for command in (b"htc\r\n", b"start\r\n", b"stop\r\n"):
        replayed.receive(command, 5.0)
    assert replayed.produce(5.1) == b"ack htc\r\n1\r\n2\r\nack stop\r\n"


def test_commands_come_in_any_pieces(tmp_path):
    replayed = ReplayedMonitor(recording(tmp_path, *SPOKEN))
    for piece in (b"h", b"tc\r", b"\nsta", b"rt\r\n"):
        replayed.receive(piece, 5.0)
    assert replayed.produce(6.0) == b"ack htc\r\n1\r\n2\r\n"


def test_a_host_that_says_something_else_is_brought_back(tmp_path):
    replayed = ReplayedMonitor(recording(tmp_path, *SPOKEN))
    replayed.receive(b"version\r\n", 5.0)  # the recorded one never said so
    assert replayed.produce(5.1) == b""
    replayed.receive(b"htc\r\n", 6.0)
    replayed.receive(b"htc\r\n", 7.0)  # once more than it did
    assert replayed.produce(8.0) == b"ack htc\r\n" * 2
    replayed.receive(b"stop\r\n", 9.0)  # without a start
    assert replayed.produce(10.0) == b"ack stop\r\n"


def test_data_are_never_said_twice(tmp_path):
    long = "5.000000 <monitor " + "1" * 300 + r"\r\n"
    replayed = ReplayedMonitor(recording(tmp_path, r"4.000000 >monitor start\r\n", long))
    replayed.receive(b"start\r\n", 5.0)
    assert len(replayed.produce(7.0)) == 302
    replayed.receive(b"start\r\n", 8.0)
    assert replayed.produce(10.0) == b""


def test_what_came_unasked_comes_first(tmp_path):
    lines = ("0.500000 <monitor hello", "1.000000 >monitor a", "1.100000 <monitor b")
    replayed = ReplayedMonitor(recording(tmp_path, *lines))
    assert replayed.produce(3.0) == b"hello"


def test_an_instrument_answers_each_line_and_numbered_requests_by_their_number(tmp_path):
    lines = (
        r"1.000000 >monitor *RST\n*IDN?\n",
        r"1.100000 <monitor Maker,Mod",
        r"1.200000 <monitor el\n",
        r'2.000000 >monitor {"cmd": "a", "trans_id": "7"}\r\n',
        r'2.100000 <monitor {"type": "response", "trans_id": "7"}\r\n',
    )
    replayed = ReplayedInstrument(recording(tmp_path, *lines), VirtualClock())
    assert replayed.handle("*RST") == []
    assert b"".join(replayed.handle("*IDN?")) == b"Maker,Model\n"
    assert b"".join(replayed.handle("*IDN?")) == b"Maker,Model\n"
    assert replayed.handle("OUTP?") == []
    said = b"".join(replayed.handle('{"cmd": "a", "trans_id": "31"}'))
    assert said == b'{"type": "response", "trans_id": "31"}\r\n'


def test_only_the_first_run_of_a_log_is_replayed(tmp_path):
    again = (BEGINNING.strip(), "# 0.0 wire monitor at ppk2:COM1", "1.000000 >monitor x")
    assert [turn.sent for turn in recording(tmp_path, *SPOKEN, *again).turns] == [
        b"",
        b"htc\r\n",
        b"start\r\n",
        b"stop\r\n",
    ]


def test_a_log_without_a_monitor_is_named(tmp_path):
    with pytest.raises(WireLogError, match="holds no traffic of an energy monitor"):
        recording(tmp_path)


@pytest.mark.parametrize("name", ["lpm01a", "ppk2", "stlinkv3pwr", "n6705", "otii", "scpi:smu2450"])
def test_a_recorded_conversation_is_served_to_the_real_driver(tmp_path, name):
    """Recorded in process, on a virtual clock; served on TCP, in real time."""
    path = tmp_path / "wire.log"
    bench = SimulatedBench(Config(model="demo"), KWS)
    log = WireLog.open(path, bench.clock, "sim:", 115200, pytest.fail, "0.2.0")
    spoken = []
    with bench.open_monitor(MonitorConfig(address=f"sim:{name}"), log) as monitor:
        spoken.append(converse(monitor))
    log.close()
    assert f"wire {MONITOR} at sim:{name}" in path.read_text("ascii")
    here = ("127.0.0.1", 0)
    with (
        served_instrument(
            named_monitor(f"replay:{path}"), PowerModel(), MonotonicClock(), None, here
        ) as address,
        open_monitor(MonitorConfig(address=address), MonotonicClock()) as monitor,
    ):
        spoken.append(converse(monitor))
    (first, set_v), (again, again_v) = spoken
    assert set_v == again_v
    assert (again.maker, again.model, again.firmware) == (first.maker, first.model, first.firmware)


def converse(monitor) -> tuple[MonitorIdentity, float]:
    set_v = monitor.set_supply(3.0)
    monitor.power(True)
    return monitor.identify(), set_v
