"""A simulated bench of the streaming wake word, and a host that types commands to its board."""

from __future__ import annotations

from pathlib import Path

from tinyrunner.dut_protocol.link.transport import Transport
from tinyrunner.dut_protocol.simulated.streaming.card import Card, CardFile
from tinyrunner.dut_protocol.simulated.streaming.device import StreamingDevice, StreamingSettings
from tinyrunner.dut_protocol.simulated.streaming.interface_board import (
    BoardSettings,
    SimulatedInterfaceBoard,
)
from tinyrunner.dut_protocol.simulated.streaming.words import ListedWords, WordHabits
from tinyrunner.runner.bench.simulated.streaming.wiring import SimulatedStreamingBench
from tinyrunner.runner.config.config import Config, override

READY = b"m-ready\r\n"
WORDS_S = {"a.wav": ((1.0, 1.6), (4.0, 4.7), (7.0, 7.3))}


def streaming_bench(
    address: str, root: Path, model: Path | None = None, *, energy: bool = False
) -> SimulatedStreamingBench:
    """Return the simulated bench of an address, with the recordings under ``root``."""
    config = override(Config(), dut=address, datasets=root, model=model)
    return SimulatedStreamingBench(config, energy=energy)


def board_with(
    device: StreamingSettings | None = None,
    board: BoardSettings | None = None,
    *,
    card: bool = True,
    dut_baud_rate: int | None = None,
) -> SimulatedInterfaceBoard:
    """Return a board whose card has 10 s of silence with three words, ``a.wav``."""
    listening = StreamingDevice(ListedWords(WORDS_S, WordHabits()), device)
    files = Card({"a.wav": CardFile(None, 10.0), "mono.wav": CardFile(None, 1.0, 1)})
    made = SimulatedInterfaceBoard(listening, files if card else None, board, dut_baud_rate)
    listening.pins.detected = made.detected
    listening.pins.processing_rises = made.processing_rises
    listening.pins.processing_falls = made.processing_falls
    listening.boot(0.0)
    return made


def ask(bench: SimulatedStreamingBench, command: str, timeout_s: float = 30.0) -> bytes:
    """Send a command to a bench's board, and return what came until it was done or silent."""
    return ask_link(bench.link, command, timeout_s, 2 if command.startswith("dut") else 1)


def ask_link(link: Transport, command: str, timeout_s: float, readies: int = 1) -> bytes:
    """Send a command; return what came, up to so many `m-ready` or a silence of ``timeout_s``."""
    link.write(command.encode() + b"%")
    said = b""
    while said.count(READY) < readies and (data := link.read(1 << 16, timeout_s)):
        said += data
    return said


def typed(board: SimulatedInterfaceBoard, command: str, at_s: float) -> bytes:
    """Send a command to a board that stands alone, wait an hour, and return what it said."""
    board.receive(command.encode() + b"%", at_s)
    board.live(at_s + 3600)
    said = b"".join(data for _, data in board.outgoing)
    board.outgoing.clear()
    return said
