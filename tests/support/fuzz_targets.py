"""Everything that reads bytes somebody else wrote, as functions that must survive any bytes.

Each takes one input and returns, or fails: an exception that its module does not name, an answer
that depends on how the bytes were cut into reads, memory beyond its bound. The property tests and
the coverage-guided fuzzer (tests/fuzz) share them.
"""

from __future__ import annotations

import io
import os
import random
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from support.devices.fake_model import FakeModel
from support.report.layer_logs import layer_log as written_log
from tinyrunner.dut_protocol.errors import DutError, DutProtocolError
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.link.wire_log import WireLogError
from tinyrunner.dut_protocol.link.wire_log_reader import WireLogReader
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.wire.commands import MAX_COMMAND_CHARS, parse_command
from tinyrunner.dut_protocol.wire.framing import MAX_LINE_BYTES, CommandReader, LineReader
from tinyrunner.dut_protocol.wire.messages import Ready, decode_line, parse_line
from tinyrunner.dut_protocol.wire.settings import ConfirmResults, LinkSettings, VerifyLoad
from tinyrunner.energy.captures.capture import Asked
from tinyrunner.energy.captures.ppk2_file import read_ppk2
from tinyrunner.energy.errors import TraceError
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.journal.layer_log import read_layer_log
from tinyrunner.runner.journal.open_log import open_log
from tinyrunner.runner.journal.reader import LogError
from tinyrunner.runner.journal.results_json import read_entries
from tinyrunner.runner.script.parser import parse_script
from tinyrunner.runner.script.script import ScriptError, print_script

Target = Callable[[bytes], None]


def pieces(data: bytes, longest: int = 40) -> Iterator[bytes]:
    """The same bytes in reads of many sizes, always the same ones for the same data."""
    chance = random.Random(data[:16])
    at = 0
    while at < len(data):
        size = chance.randrange(1, longest)
        yield data[at : at + size]
        at += size


def host_lines(data: bytes) -> None:
    """What a device says, into lines and messages."""
    whole, cut = LineReader(), LineReader()
    try:
        lines = whole.feed(data)
        again = [line for piece in pieces(data) for line in cut.feed(piece)]
    except DutProtocolError:
        return
    assert lines == again
    assert whole.pending == cut.pending
    assert len(cut.pending) <= MAX_LINE_BYTES
    for line in lines:
        messages = parse_line(line)
        assert len(messages) <= len(line)
        if messages != (Ready(),):
            assert len(decode_line(line)) <= 4 * len(line)
        for message in messages:
            message.encode()


def device_commands(data: bytes) -> None:
    """What a host says, into commands."""
    whole, cut = CommandReader(MAX_COMMAND_CHARS), CommandReader(MAX_COMMAND_CHARS)
    commands = [command for _, command in whole.feed(data)]
    assert commands == [command for piece in pieces(data) for _, command in cut.feed(piece)]
    for command in commands:
        assert len(command) <= MAX_COMMAND_CHARS
        parse_command(command.decode("latin-1"))


def device(data: bytes) -> None:
    """The simulated device says at most one `m-ready` a command and survives all of them."""
    dut = SimulatedDut(FakeModel(), DeviceSettings(inference_time_s=1e-6))
    for piece in pieces(data, 200):
        dut.receive(piece, 0.0)
        said = [line for _, line in dut.outgoing]
        dut.outgoing.clear()
        assert said.count(b"m-ready\r\n") <= piece.count(b"%")
        most = (piece.count(b"%") + 1) * 125_000  # a `db print` of 27648 bytes
        assert sum(map(len, said)) <= most
    dut.receive(b"%name%", 1.0)
    assert dut.outgoing[-1][1] == b"m-ready\r\n"


class _Says:
    """A device that says what it wants, whatever it is asked."""

    address = "fuzz:"

    def __init__(self, data: bytes, clock: VirtualClock) -> None:
        self._parts = iter(data.split(b"\0"))
        self._clock = clock
        self._coming = b""

    def write(self, data: bytes) -> None:
        assert data.strip(b" %"), "an empty command crashes the reference firmware"
        assert data.endswith(b"%")
        self._coming += next(self._parts, b"")

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        if not self._coming:
            self._clock.pause(timeout_s)
        data, self._coming = self._coming[:max_bytes], self._coming[max_bytes:]
        return data

    def close(self) -> None:
        pass


def host(data: bytes) -> None:
    """A whole conversation with a device that answers anything at all."""
    clock = VirtualClock()
    settings = LinkSettings(
        verify_load=VerifyLoad.ALL, confirm_results=ConfirmResults.ALL, boot_wait_s=0.1
    )
    dut = Dut(_Says(data, clock), clock, settings)
    timer = InferenceTimer(dut)
    for step in (
        dut.identify,
        lambda: Loader(dut).load(b"\x00\x7f\xff"),
        lambda: timer.infer(2, 1, None),
        dut.timestamp,
        dut.resync,
    ):
        with suppress(DutError):
            step()
    assert clock.now_s() < 600, "each operation has its deadline"


def script(data: bytes) -> None:
    """A published script.async."""
    try:
        parsed = parse_script(data.decode("utf-8", "replace"), "fuzz")
    except ScriptError:
        return
    assert parse_script(print_script(parsed), "printed") == parsed


def _file(name: str, data: bytes) -> Path:
    """Always the same one of a process: the fuzzer tidies nothing away when it ends."""
    folder = Path(tempfile.gettempdir(), "tinyrunner-fuzz")
    folder.mkdir(exist_ok=True)
    path = folder / f"{os.getpid()}-{name}"
    path.write_bytes(data)
    return path


def log(data: bytes) -> None:
    """A log in either dialect."""
    for resuming in (False, True):
        try:
            with open_log(_file("log.txt", data), resuming=resuming) as reader:
                count = sum(1 for _ in reader)
        except LogError:
            continue
        facts = reader.facts
        assert count <= data.count(b"\n") + 1
        assert max(len(facts.notes), len(facts.device_errors), len(facts.names)) <= 100


def wire_log(data: bytes) -> None:
    """A wire log."""
    try:
        assert sum(1 for _ in WireLogReader(_file("wire.log", data))) <= data.count(b"\n") + 1
    except WireLogError:
        return


def layer_log_seed() -> bytes:
    """A whole log of layers."""
    return written_log(_file("seed.layers.log", b"")).read_bytes()


def layer_log(data: bytes) -> None:
    """A log of layers."""
    try:
        read_layer_log(_file("kws.layers.log", data))
    except SetupError:
        return


def results_json(data: bytes) -> None:
    """The results.json of MLCommons' runner."""
    try:
        assert sum(1 for _ in read_entries(_file("results.json", data))) <= len(data)
    except LogError:
        return


def ppk2(data: bytes) -> None:
    """A .ppk2 file of nRF Connect Power Profiler."""
    target = _file("capture.bin", b"")
    target.unlink()
    try:
        trace = read_ppk2(_file("capture.ppk2", data), target, Asked(3.0)).trace
    except TraceError:
        return
    assert len(trace.samples_uj) + trace.lost_samples > 0


def ppk2_seed() -> bytes:
    """A whole file: ten samples, of which one is lost."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        inner = '{"metadata": {"samplesPerSecond": 100000}, "formatVersion": 2}'
        archive.writestr("metadata.json", inner)
        lost = bytes.fromhex("cdcc4c3e5555")
        archive.writestr("session.raw", bytes.fromhex("00007a445556") * 9 + lost)
    return made.getvalue()


TARGETS: dict[str, Target] = {
    "host_lines": host_lines,
    "device_commands": device_commands,
    "device": device,
    "host": host,
    "script": script,
    "log": log,
    "wire_log": wire_log,
    "layer_log": layer_log,
    "results_json": results_json,
    "ppk2": ppk2,
}
