"""`tinyrunner check` on the host port, over its pty, as on a board."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.firmware.build import host_dut
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.extended_load import ask_for_offer
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.dut_protocol.link.transport import open_transport
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.commands.app import app
from typer.testing import CliRunner

EXPECTED_SKIPS = {"boot banner", "timestamp pin", "commands of the IO manager"}


@contextmanager
def on_a_pty(*arguments: str) -> Iterator[str]:
    """The host port; yields the pty's name."""
    pytest.importorskip("termios", reason="this platform has no pseudo-terminals")
    process = subprocess.Popen(
        [host_dut("-O2"), *arguments], stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_the_library_conforms(tmp_path, monkeypatch):
    """With the input and the scores of ad; those of kws are checked on the emulated board."""
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    with on_a_pty("--task", "ad", "--inference-us", "2000") as address:
        arguments = ["--dut", address, "--task", "ad", "--quick", "--risky", "--no-save", "--json"]
        done = CliRunner().invoke(app, ["check", *arguments])
    report = json.loads(done.stdout)
    verdicts = {item["title"]: item["verdict"] for item in report["items"]}
    assert {title for title, verdict in verdicts.items() if verdict != "pass"} <= EXPECTED_SKIPS
    assert len(verdicts) > 30
    assert done.exit_code == 0


@contextmanager
def hosted(address: str) -> Iterator[Dut]:
    settings = LinkSettings(baud_rate=115200, verify_load=VerifyLoad.ALL)
    transport = open_transport(address, 115200)
    try:
        dut = Dut(transport, MonotonicClock(), settings)
        dut.identify()
        yield dut
    finally:
        transport.close()


def counting(size: int) -> bytes:
    return bytes((7 * i + i // 256) % 256 for i in range(size))


@pytest.mark.parametrize("task", ["kws", "vww"])
def test_our_host_loads_and_reads_back_an_input(task: str):
    with on_a_pty("--task", task) as address, hosted(address) as dut:
        Loader(dut).load(counting(TASKS[task].input_bytes))


def test_our_host_loads_by_the_wire_extension_and_shifts():
    """Windows of ad, each 512 bytes further on; each is read back and compared."""
    task = TASKS["ad"]
    stride = task.stride_bytes
    assert stride is not None
    sound = counting(task.input_bytes + 3 * stride)
    with on_a_pty("--task", "ad") as address, hosted(address) as dut:
        offer = ask_for_offer(dut)
        assert offer is not None
        loader = Loader(dut)
        loader.extend(offer, stride)
        for start in range(0, 4 * stride, stride):
            loader.load(sound[start : start + task.input_bytes])
            assert dut.print_buffer(task.input_bytes) == sound[start : start + task.input_bytes]
        assert loader.extended
        assert loader.failed_loads == 0
