from __future__ import annotations

import errno
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.devices.boards import HashModel
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.link.transport import READ_BYTES
from tinyrunner.dut_protocol.link.wire_log import (
    IO_MANAGER,
    MAX_WAITING,
    MONITOR,
    LoggingTransport,
    WireLog,
    WireLogBeginning,
    WireLogError,
    WireTap,
)
from tinyrunner.dut_protocol.link.wire_log_reader import (
    Direction,
    NamedWire,
    WireEvent,
    WireLogReader,
    is_wire_log,
)
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.models.suite import KWS

TO, FROM = Direction.TO_DEVICE, Direction.FROM_DEVICE


class Wire:
    """A link with a script: what reads give, an error included."""

    address = "/dev/ttyTEST"

    def __init__(self, *reads):
        self.reads = list(reads)
        self.written = []
        self.closed = 0

    def write(self, data):
        self.written.append(data)

    def read(self, max_bytes, timeout_s):
        said = self.reads.pop(0) if self.reads else b""
        if isinstance(said, Exception):
            raise said
        return said

    def close(self):
        self.closed += 1


def logged(path, *reads, clock=None, tell=None):
    clock = clock or VirtualClock()
    wire = Wire(*reads)
    log = WireLog.open(path, clock, wire.address, 115200, tell or pytest.fail, "1.2.3")
    return LoggingTransport(wire, clock, log)


def events(path):
    return [entry for entry in WireLogReader(path) if isinstance(entry, WireEvent)]


def text(path):
    return path.read_text(encoding="ascii").splitlines()


def test_every_byte_both_ways_stands_in_the_log_with_its_time(tmp_path):
    path, clock = tmp_path / "wire.log", VirtualClock()
    link = logged(path, b"m-ready\r\n", b"\xff\x00\\n\ttwo\x7f", clock=clock)
    clock.pause(12.5)
    link.write(b"name%")
    clock.pause(0.25)
    assert link.read(100, 1.0) == b"m-ready\r\n"
    assert link.read(100, 1.0) == b"\xff\x00\\n\ttwo\x7f"
    link.close()
    assert text(path)[1:] == [
        "12.500000 > name%",
        r"12.750000 < m-ready\r\n",
        r"12.750000 < \xff\x00\\n\ttwo\x7f",
    ]


def test_the_first_line_says_who_wrote_it_where_and_by_which_clock(tmp_path):
    logged(tmp_path / "a.log").close()
    logged(tmp_path / "b.log", clock=MonotonicClock()).close()
    (simulated,), (real,) = WireLogReader(tmp_path / "a.log"), WireLogReader(tmp_path / "b.log")
    assert isinstance(simulated, WireLogBeginning)
    assert (simulated.clock, simulated.baud_rate) == ("virtual", 115200)
    assert simulated.address == "/dev/ttyTEST"
    assert real.clock == "monotonic"
    assert text(tmp_path / "a.log")[0].startswith("# tinyrunner 1.2.3 wire log, format 2, ")


def test_wires_that_have_names_come_back_by_them(tmp_path):
    path, clock = tmp_path / "wire.log", VirtualClock()
    log = WireLog.open(path, clock, "COM1", 115200, pytest.fail, "1.2.3")
    io = LoggingTransport(Wire(b"m-ready\r\n"), clock, log, IO_MANAGER)
    monitor = LoggingTransport(Wire(b"ack"), clock, log, MONITOR, its_log=False)
    log.name_wire(MONITOR, "lpm01a:C\\d\u00e9")
    io.write(b"name%")
    monitor.write(b"htc")
    monitor.read(9, 1.0)
    monitor.close()
    io.read(99, 1.0)
    WireTap(log, clock, MONITOR).sent(b"x" * (READ_BYTES + 1))
    io.close()
    _, named, *seen = WireLogReader(path)
    assert named == NamedWire("monitor", "lpm01a:C\\d\u00e9")
    assert [(event.wire, event.direction, event.data[:9]) for event in seen] == [
        ("io", TO, b"name%"),
        ("monitor", TO, b"htc"),
        ("monitor", FROM, b"ack"),
        ("io", FROM, b"m-ready\r\n"),
        ("monitor", TO, b"x" * 9),
        ("monitor", TO, b"x"),
    ]


def test_a_log_of_format_1_is_read(tmp_path):
    (tmp_path / "a.log").write_text(
        "# tinyrunner 0.1.0 wire log, format 1, clock monotonic, 115200 baud, "
        "begun 2026-01-01T00:00:00Z, at COM1\n1.000000 > name%\n"
    )
    assert events(tmp_path / "a.log") == [WireEvent(1.0, TO, b"name%")]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([TO, FROM]),
            st.binary(min_size=1) | st.text("mready-\\x00\r\n%", min_size=1).map(str.encode),
            st.integers(0, 10**9),
        )
    )
)
def test_any_bytes_come_back_as_they_went(tmp_path_factory, exchanged):
    path, clock = tmp_path_factory.mktemp("log") / "wire.log", VirtualClock()
    link = logged(path, *(data for way, data, _ in exchanged if way is FROM), clock=clock)
    expected = []
    for way, data, pause_us in exchanged:
        clock.pause(pause_us / 1e6)
        expected.append((way, data, pytest.approx(clock.now_s(), abs=1e-6)))
        if way is TO:
            link.write(data)
        else:
            link.read(65536, 1.0)
    link.close()
    assert [(event.direction, event.data, event.at_s) for event in events(path)] == expected


def test_a_whole_load_is_logged_byte_for_byte_in_the_order_of_the_wire(tmp_path):
    path, clock = tmp_path / "wire.log", VirtualClock()
    device = SimulatedDut(HashModel(KWS), DeviceSettings())
    device.boot(0.0)
    log = WireLog.open(path, clock, "sim:", 115200, pytest.fail, "1.2.3")
    link = LoggingTransport(SimulatedLink(device, clock, "sim:"), clock, log)
    dut = Dut(link, clock, LinkSettings())
    dut.identify()
    Loader(dut).load(bytes(range(245)) * 2)
    link.close()
    seen = events(path)
    sent = b"".join(event.data for event in seen if event.direction is TO)
    blocks = sent.split(b"%")[3:-2]  # of name, profile, db load; db print is the last
    assert bytes.fromhex(b"".join(block[3:] for block in blocks).decode()) == bytes(range(245)) * 2
    assert [event.at_s for event in seen] == sorted(event.at_s for event in seen)
    assert seen[-1].data.endswith(b"m-ready\r\n")


def test_what_is_kept_is_written_after_a_second_and_when_the_device_is_silent(tmp_path):
    path, clock = tmp_path / "wire.log", VirtualClock()
    link = logged(path, b"a", b"b", b"", b"", b"c", b"", clock=clock)
    link.read(1, 1.0)
    assert len(text(path)) == 1
    clock.pause(1.0)
    link.read(1, 1.0)
    assert len(text(path)) == 3
    link.write(b"name%")
    link.read(1, 0.0)  # only looking what is there
    assert len(text(path)) == 3
    link.read(1, 3.0)
    assert len(text(path)) == 4
    link.read(1, 1.0)
    link.close()
    assert len(text(path)) == 5


def test_where_no_time_passes_the_memory_is_bounded_all_the_same(tmp_path):
    path = tmp_path / "wire.log"
    link = logged(path, *[b"x"] * MAX_WAITING)
    for _ in range(MAX_WAITING - 1):
        link.read(1, 1.0)
    assert len(text(path)) == 1
    link.read(1, 1.0)
    assert len(text(path)) == 1 + MAX_WAITING


@pytest.mark.parametrize("write", [False, True])
def test_a_dying_link_is_in_the_log_at_once_with_what_led_to_it(tmp_path, write, monkeypatch):
    path = tmp_path / "wire.log"
    link = logged(path, LinkError("the cable\nwas pulled"))
    link.write(b"name%")
    if write:
        monkeypatch.setattr(Wire, "write", lambda *_: link.read(1, 1.0))
    with pytest.raises(LinkError):
        link.write(b"x") if write else link.read(1, 1.0)
    written = text(path)
    assert written[1] == "0.000000 > name%"
    assert written[-1] == r"# 0.000000 the cable\nwas pulled"
    assert next(event.data for event in events(path)) == b"name%"


class FullDisk:
    def __init__(self, file):
        self._file = file

    def write(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    flush = write

    def close(self):
        self._file.close()


def test_a_full_disk_is_told_once_and_the_link_goes_on(tmp_path):
    path, told = tmp_path / "wire.log", []
    link = logged(path, *[b"x"] * 5, tell=told.append)
    link._log._file = FullDisk(link._log._file)
    for _ in range(2):
        assert link.read(1, 1.0) == b"x"
        link._log.flush()
    assert link.read(1, 1.0) == b"x"
    link.close()
    (said,) = told
    assert "No space left on device" in said
    assert str(path) in said
    assert link._log.waiting == []


def test_closing_closes_both_and_may_be_repeated(tmp_path):
    link = logged(tmp_path / "wire.log", b"x")
    link.read(1, 1.0)
    link.close()
    link.close()
    assert link._inner.closed == 2
    assert len(events(tmp_path / "wire.log")) == 1


def test_a_log_that_is_there_is_continued_behind_a_new_beginning(tmp_path):
    path = tmp_path / "wire.log"
    for said in (b"one", b"two"):
        link = logged(path, said)
        link.read(10, 1.0)
        link.close()
    kinds = [type(entry).__name__ for entry in WireLogReader(path)]
    assert kinds == ["WireLogBeginning", "WireEvent"] * 2
    assert [event.data for event in events(path)] == [b"one", b"two"]


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_that_was_cut_is_left_out_counted_and_harms_no_continuation(tmp_path, cut):
    path = tmp_path / "wire.log"
    link = logged(path, b"one", b"two\xff")
    link.read(10, 1.0)
    link.read(10, 1.0)
    link.close()
    path.write_bytes(path.read_bytes()[:-cut])
    reader = WireLogReader(path)
    assert [entry.data for entry in reader if isinstance(entry, WireEvent)] == [b"one"]
    assert reader.cut_lines == (cut < 19)
    link = logged(path, b"three")
    link.read(10, 1.0)
    link.close()
    reader = WireLogReader(path)
    came = [entry.data for entry in reader if isinstance(entry, WireEvent)]
    assert came == [b"one", b"three"]
    assert reader.cut_lines == (cut < 19)


@pytest.mark.parametrize("content", [b"precious", b"00086.889 session: x\n", b"# tinyrunner"])
def test_a_file_that_is_no_wire_log_is_not_touched(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(WireLogError, match="is no wire log"):
        logged(path)
    assert path.read_bytes() == content
    assert not is_wire_log(path)


def test_a_log_that_cannot_be_made_says_why(tmp_path):
    with pytest.raises(WireLogError, match=r"cannot write the wire log .*name another file"):
        logged(tmp_path / "absent" / "wire.log")


@pytest.mark.parametrize(
    "line",
    [b"12.5 > x", b"12.500000 ? x", b"nonsense", b"1.000000 < \\q", b"1.000000 < \\", b"",
     b"1.000000 < \\xf", b"1.000000 < \\u1234", b"1.000000 < \xff"],
)  # fmt: skip
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "wire.log"
    logged(path).close()
    with path.open("ab") as file:
        file.write(line + b"\n1.000000 > name%\n")
    with pytest.raises(WireLogError, match="line 2"):
        list(WireLogReader(path))


def test_a_log_of_a_later_format_and_an_empty_file_are_refused(tmp_path):
    path = tmp_path / "wire.log"
    logged(path).close()
    path.write_bytes(path.read_bytes().replace(b"format 2", b"format 3"))
    with pytest.raises(WireLogError, match="format 3"):
        list(WireLogReader(path))
    (tmp_path / "empty").touch()
    with pytest.raises(WireLogError, match="empty"):
        list(WireLogReader(tmp_path / "empty"))


def test_a_log_with_crlf_ends_reads_the_same(tmp_path):
    path = tmp_path / "wire.log"
    link = logged(path, b"m-ready\r\n")
    link.read(10, 1.0)
    link.close()
    before = list(WireLogReader(path))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert list(WireLogReader(path)) == before


@given(st.binary())
def test_no_file_makes_the_reader_fail_in_another_way(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("log") / "wire.log"
    logged(path).close()
    with path.open("ab") as file:
        file.write(content)
    reader = WireLogReader(path)
    with suppress(WireLogError):
        list(reader)
    assert reader.line >= 1
