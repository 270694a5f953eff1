"""The VISA link over real pyvisa-py on loopback, and the block reader on its own."""

from __future__ import annotations

import gc
import socket
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.energy.drivers import visa_link
from tinyrunner.energy.drivers.visa_link import BlockError, BlockReader, VisaLink, visa_resources
from tinyrunner.energy.errors import MonitorError, MonitorTimeout
from tinyrunner.energy.simulated.scpi import Fault, ScpiServer

TIMEOUT_S = 0.2


def block(payload: bytes) -> bytes:
    length = str(len(payload)).encode()
    return b"#%d%s%s" % (len(length), length, payload)


class Scripted:
    """Answers lines from a table; a late answer is a number of seconds before it."""

    def __init__(self, answers):
        self.answers = answers
        self.heard = []
        self.fault_now = Fault.NONE

    def handle(self, line):
        self.heard.append(line)
        answer = self.answers.get(line, [])
        if isinstance(answer, tuple):
            late_s, answer = answer
            time.sleep(late_s)
        return [answer] if isinstance(answer, bytes) else answer

    def cut_once(self):
        self.fault_now = Fault.NONE


@pytest.fixture
def serve():
    servers = []

    def start(answers):
        instrument = Scripted(answers)
        server = ScpiServer(instrument, "127.0.0.1", 0)
        servers.append(server)
        instrument.address = f"TCPIP0::127.0.0.1::{server.bound[1]}::SOCKET"
        return instrument

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


# ---- the block reader ---------------------------------------------------------------------------


@given(st.binary(max_size=300), st.lists(st.integers(1, 40)), st.sampled_from([b"", b"\n", b"x"]))
def test_a_block_is_read_in_whatever_pieces_it_comes(payload, sizes, rest):
    reader = BlockReader(300)
    data = block(payload) + rest
    sizes = iter(sizes)
    while data:
        size = next(sizes, 1)
        reader.feed(data[:size])
        data = data[size:]
    assert reader.complete
    assert reader.payload == payload
    assert reader.rest == rest


@given(st.binary(max_size=1200))
def test_what_a_block_needs_never_reaches_beyond_it(payload):
    reader = BlockReader(1200)
    data = block(payload)
    while not reader.complete:
        count = reader.needed
        assert 0 < count <= len(data)
        reader.feed(data[:count])
        data = data[count:]
    assert data == b""


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff\xfe", "expected a data block"),
        (b'-113,"Undefined header"\n', "expected a data block"),
        (b"#0abc", "stated length"),
        (b"#x", "stated length"),
        (b"#2x1", "no number"),
        (b"#3-12", "no number"),
        (b"#9999999999", "999999999 bytes"),
        (b"#211", "11 bytes"),
    ],
)
def test_what_is_no_block_is_refused(data, why):
    with pytest.raises(BlockError, match=why):
        BlockReader(10).feed(data)


# ---- lines and blocks over TCP ------------------------------------------------------------------


def test_a_question_gets_its_line(serve):
    instrument = serve({"*IDN?": b"A,B,C,D\n"})
    with VisaLink.open(instrument.address, TIMEOUT_S) as link:
        link.write("*CLS")
        assert link.query("*IDN?") == "A,B,C,D"
        assert link.query("*IDN?", after="*RST") == "A,B,C,D"
    assert instrument.heard == ["*CLS", "*IDN?", "*RST", "*IDN?"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1000, 100_000])
def test_a_block_full_of_line_ends_is_read_across_segments(serve, size):
    payload = (b"\n\x00#\r" * 40_000)[: 300 if size < 8 else 150_000]
    answer = block(payload) + b"\n"
    pieces = [answer[start : start + size] for start in range(0, len(answer), size)]
    instrument = serve({"DATA?": pieces, "*IDN?": b"still here\n", "NONE?": b"#10\n"})
    with VisaLink.open(instrument.address, 5.0) as link:
        assert link.query_binary("DATA?", 150_000) == payload
        assert link.query_binary("NONE?", 10) == b""
        assert link.query("*IDN?") == "still here"


def test_silence_is_a_timeout_that_says_what_was_asked(serve):
    instrument = serve({})
    with (
        VisaLink.open(instrument.address, TIMEOUT_S) as link,
        pytest.raises(MonitorTimeout, match=r"\*IDN\?.*nothing for 0.2 s"),
    ):
        link.query("*IDN?")


def test_a_late_answer_is_not_taken_for_the_next_one(serve):
    instrument = serve({"SLOW?": (0.3, b"too late\n"), "NEXT?": b"next\n"})
    with VisaLink.open(instrument.address, TIMEOUT_S) as link:
        with pytest.raises(MonitorTimeout):
            link.query("SLOW?")
        assert link.query("NEXT?") == "next"


def test_garbage_is_reported_and_drained(serve):
    instrument = serve({"*IDN?": b"\xff\xfe\n", "DATA?": b"\x80" * 9000, "NEXT?": b"next\n"})
    with VisaLink.open(instrument.address, TIMEOUT_S) as link:
        with pytest.raises(MonitorError, match="unreadable"):
            link.query("*IDN?")
        with pytest.raises(MonitorError, match="something else"):
            link.query_binary("DATA?", 100)
        assert link.query("NEXT?") == "next"


def test_a_line_that_never_ends_is_given_up(serve):
    instrument = serve({"*IDN?": b"x" * 200_000})
    with (
        VisaLink.open(instrument.address, TIMEOUT_S) as link,
        pytest.raises(MonitorError, match="unreadable"),
    ):
        link.query("*IDN?")


def test_a_peer_that_hangs_up_in_a_block_is_an_error_and_not_a_hang(serve):
    instrument = serve({"DATA?": block(bytes(1000)) + b"\n"})
    with VisaLink.open(instrument.address, TIMEOUT_S) as link:
        instrument.fault_now = Fault.DEAD
        began_s = time.monotonic()
        for _ in range(2):
            with pytest.raises(MonitorError):
                link.query_binary("DATA?", 1000)
        assert time.monotonic() - began_s < 5.0


def test_a_closed_link_says_so(serve):
    link = VisaLink.open(serve({}).address, TIMEOUT_S)
    link.close()
    link.close()
    with pytest.raises(MonitorError, match="is closed"):
        link.write("*CLS")


# ---- resources that are not there ---------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["TCPIP0::no-such-host.invalid::5025::SOCKET", "nonsense", "TCPIP0::127.0.0.1::x::SOCKET"],
)
def test_a_resource_that_does_not_exist_lists_those_that_do(monkeypatch, address):
    monkeypatch.setattr(visa_link, "visa_resources", lambda library: ("TCPIP::10.0.0.7::INSTR",))
    with pytest.raises(MonitorError, match=r"cannot open.*10\.0\.0\.7"):
        VisaLink.open(address, TIMEOUT_S)


def test_a_port_where_nobody_listens_lists_what_exists(monkeypatch, free_port):
    monkeypatch.setattr(visa_link, "visa_resources", lambda library=None: ())
    with (
        VisaLink.open(f"TCPIP0::127.0.0.1::{free_port}::SOCKET", TIMEOUT_S) as link,
        pytest.raises(MonitorError, match=r"cannot open.*refused.*that answer: none"),
    ):
        link.query("*IDN?")


def test_an_interrupt_of_the_connecting_is_none_of_the_instruments_errors(monkeypatch):
    """Where pyvisa-py is interrupted before it has its socket, its clean-up fails of that."""

    class Interrupted:
        def __getattr__(self, _):
            raise KeyboardInterrupt

    monkeypatch.setattr(visa_link, "visa_resources", lambda _: ())
    monkeypatch.setattr("pyvisa_py.tcpip.socket", Interrupted())
    with pytest.raises(KeyboardInterrupt):
        VisaLink.open("TCPIP0::127.0.0.1::5025::SOCKET")


def test_an_interrupt_in_the_making_of_a_resource_shows_no_traceback_of_it(monkeypatch):
    def interrupted(*_) -> None:
        raise KeyboardInterrupt

    shown = []
    monkeypatch.setattr(sys, "unraisablehook", shown.append)
    monkeypatch.setattr("pyvisa.resources.Resource.__init__", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        VisaLink.open("TCPIP0::127.0.0.1::5025::SOCKET")
    del raised  # and with it the last that holds what was made
    gc.collect()
    assert shown == []


def test_an_error_of_connecting_anew_is_one_also_while_an_interrupt_is_handled(monkeypatch):
    monkeypatch.setattr(visa_link, "visa_resources", lambda _: ())

    def interrupted() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            VisaLink.open("TCPIP0::no-such-host.invalid::5025::SOCKET")

    with pytest.raises(MonitorError, match="cannot open the VISA resource"):
        interrupted()


def test_a_kind_of_resource_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setattr(visa_link, "visa_resources", lambda library: ())
    with pytest.raises(MonitorError, match="GPIB0::5::INSTR"):
        VisaLink.open("GPIB0::5::INSTR", TIMEOUT_S)


def test_a_visa_library_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(visa_link, "visa_resources", lambda library: ())
    with pytest.raises(MonitorError, match="cannot open"):
        VisaLink.open("TCPIP0::127.0.0.1::5025::SOCKET", TIMEOUT_S, "/no/such/libvisa.so")


def test_searching_for_resources_never_fails():
    assert isinstance(visa_resources(), tuple)
    assert visa_resources("/no/such/libvisa.so") == ()


# ---- resources with an end-of-message mark (VXI-11, USB): as pyvisa's read_bytes behaves --------


class Messages:
    """Every read returns at most one message, as a resource that knows where one ends."""

    def __init__(self, *messages):
        self.messages = list(messages)
        self.sent = []
        self.cleared = 0

    def write(self, text):
        self.sent.append(text)

    def read_bytes(self, count, chunk_size=None, break_on_termchar=False):
        assert break_on_termchar, "would wait for more than the message has"
        assert count >= len(self.messages[0])
        return self.messages.pop(0)

    def clear(self):
        self.cleared += 1

    def close(self):
        pass


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 8, 1000])
def test_a_block_in_one_message_is_read_with_any_line_end(end, size):
    resource = Messages(block(bytes(size)) + end, b"next\n")
    link = VisaLink(resource, "TCPIP0::10.0.0.7::inst0::INSTR", 1.0)
    assert link.query_binary("DATA?", 1000) == bytes(size)
    assert link.query("*IDN?", after="*CLS") == "next"
    assert resource.sent == ["DATA?", "*CLS", "*IDN?"]
    assert resource.cleared == 0


def test_a_message_that_ends_within_its_block_is_an_error_and_cleared():
    resource = Messages(block(bytes(100))[:50], b"next\n")
    link = VisaLink(resource, "TCPIP0::10.0.0.7::inst0::INSTR", 1.0)
    with pytest.raises(MonitorError, match="unreadable"):
        link.query_binary("DATA?", 1000)
    assert link.query("*IDN?") == "next"
    assert resource.cleared == 1


def test_a_raw_socket_whose_other_end_reads_nothing_is_told():
    """pyvisa-py waits for room without end."""
    command = "x" * 4000
    told = None
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"TCPIP0::127.0.0.1::{server.getsockname()[1]}::SOCKET"
        with VisaLink.open(address, TIMEOUT_S) as link:
            while not isinstance(told, MonitorTimeout):
                try:
                    link.write(command)
                except MonitorError as error:  # also where a part was taken: pyvisa-py's own
                    told = error
    assert "took nothing of 'xxx" in str(told)
