"""The interface board's driver against a published session, and against what its firmware says."""

from __future__ import annotations

import pytest
from support.devices.dialogue import CUTS, READY, Listener, ScriptedTransport
from support.devices.interface_board import (
    BOARD,
    FILES,
    NO_STEREO,
    PLAYED,
    echoed,
    published_dialogue,
)
from tinyrunner.dut_protocol.errors import DutProtocolError, DutReportedError, DutTimeout
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.interface_board import InterfaceBoard
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.wire.settings import LinkSettings

NAME, SILENT = (b"name%", BOARD), b""


def board_on(pairs, cut=CUTS["whole"]):
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs, cut=cut)
    return InterfaceBoard(transport, clock, LinkSettings(), Listener()), transport, clock


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_published_session_is_understood(cut):
    pairs = published_dialogue()
    pairs.insert(1, NAME)  # by which the driver sees that the board is back from its reset
    board, transport, clock = board_on(pairs, cut)
    dut = Dut(board.dut, clock, LinkSettings(baud_rate=9600), Listener())
    board.set_baud_rate(9600)
    dut.raw("name")
    assert dut.profile() == ("ULPMark for tinyML Firmware V0.0.1", "sww01")
    dut.raw("stop")
    dut.raw("start")
    board.record_detections()
    told = []
    board.play("long_wav.wav", 1210.0, told.append)
    assert told[-1] == pytest.approx(1200, abs=2)
    dut.raw("stop")
    detections, edges = board.detections(), board.edges()
    transport.finish()
    assert (len(detections), detections[:2], detections[-1]) == (57, (35, 9945), 983231)
    assert (edges.rises[:2], edges.rises[-1], len(edges.rises)) == ((6718, 9924), 324232, 100)
    assert (edges.falls[:2], edges.falls[-1], len(edges.falls)) == ((6787, 9994), 324302, 100)
    assert "Polling for keyword until stop command" in dut.listener.lines
    assert "succeeded." in board.listener.lines
    assert not dut.listener.notes + board.listener.notes


def test_its_card_and_its_rate_are_told():
    board, transport, _ = board_on([(b"ls%", FILES), (b"checkbaud%", b"baud is: 9600\n" + READY)])
    assert board.files() == ("long_wav.wav", "short.wav")
    assert board.baud_rate() == 9600
    transport.finish()


def test_without_a_card_there_is_no_answer_but_to_the_name():
    board, _, _ = board_on([NAME, (b"ls%", SILENT)])
    board.identify()
    with pytest.raises(DutTimeout, match="answered `name`, and not `ls`: no card is in its slot"):
        board.files()


def test_a_board_that_is_off_is_not_said_to_lack_a_card():
    board, _, _ = board_on([(b"ls%", SILENT)])
    with pytest.raises(DutTimeout) as told:
        board.files()
    assert "slot" not in str(told.value)


def test_another_device_on_its_port_is_recognised():
    board, _, _ = board_on([(b"name%", b"m-name-io\r\n" + READY)])
    with pytest.raises(DutProtocolError, match=r"answered 'm-name-io'; .* Is it the right port"):
        board.identify()


def test_a_device_that_never_ends_its_answer_blocks_the_board():
    board, transport, clock = board_on(
        [(b"dut stop%", echoed("stop") + b"[dut]: Streaming stopped.\r\n")]
    )
    dut = Dut(board.dut, clock, LinkSettings(), Listener())
    with pytest.raises(DutTimeout):
        dut.raw("stop")
    assert board.waits_for_device
    with pytest.raises(DutTimeout, match=r"until it does the board waits .* black reset button"):
        dut.raw("name")
    transport.finish()


def test_a_board_that_is_not_back_from_its_reset_is_told():
    pairs = [(b"setbaud 9600%", b"set baud to: 9600\n" + READY), *[(b"name%", SILENT)] * 5]
    board, _, _ = board_on(pairs)
    with pytest.raises(DutTimeout, match="answered `setbaud 9600`, and is not back from the reset"):
        board.set_baud_rate(9600)


def test_a_late_answer_of_the_device_is_waited_for():
    answer = [(0.0, echoed("stop")), (4.0, b"[dut]: m-ready\r\n")]
    again = echoed("name") + b"[dut]: m-name-dut-[acme]\r\n[dut]: m-ready\r\n"
    board, transport, clock = board_on([(b"dut stop%", answer), (b"dut name%", again)])
    dut = Dut(board.dut, clock, LinkSettings(), Listener())
    with pytest.raises(DutTimeout):
        dut.raw("stop")
    dut.raw("name")
    transport.finish()


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (NO_STEREO, DutReportedError, "is it a stereo wav"),
        (b"Attempting to play short.wav\n" + READY, DutProtocolError, "without 'succeeded.'"),
        (b"Attempting to play short.wav\n", DutTimeout, "no answer in 13.0 s.*should have ended"),
    ],
)
def test_a_recording_that_is_not_played_is_told(answer, error, text):
    board, _, _ = board_on([(b"play short.wav%", answer)])
    with pytest.raises(error, match=text):
        board.play("short.wav", 13.0)


def test_a_play_that_does_not_begin_is_not_waited_for():
    board, _, clock = board_on([(b"play short.wav%", SILENT)])
    with pytest.raises(DutTimeout, match=r"no answer in 3\.0 s"):
        board.play("short.wav", 1210.0)
    assert clock.now_s() < 10


def test_a_damaged_list_is_asked_for_again():
    head = b"Detection Timestamps (ms)\r\n"
    damaged, whole = head + b"35,\r\n99\x009,\r\n" + READY, head + b"35,\r\n999,\r\n" + READY
    board, _, _ = board_on([(b"print_detections%", damaged), (b"print_detections%", whole)])
    assert board.detections() == (35, 999)
    assert "asked again" in board.listener.notes[0]
    board, _, _ = board_on([(b"print_detections%", damaged)] * 3)
    with pytest.raises(DutProtocolError, match="3 times; check the cable"):
        board.detections()


def test_a_rate_it_did_not_take_is_told():
    board, _, _ = board_on([(b"setbaud 115200%", b"set baud to: 9600\n" + READY)])
    with pytest.raises(DutProtocolError, match="answered `set baud to: 9600`"):
        board.set_baud_rate(115200)


def test_what_was_recorded_before_counts_no_more():
    board, transport, _ = board_on(
        [
            (b"record_detections%", b"Now recording detections\r\n" + READY),
            (b"play short.wav%", PLAYED),
        ]
    )
    board.record_detections()
    board.play("short.wav", 13.0)
    transport.finish()
