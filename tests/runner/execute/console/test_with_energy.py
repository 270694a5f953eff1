"""The console with an IO manager and an energy monitor; whatever ends it, the supply is off."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.cli import ended, process, tinyrunner
from support.inputs import write_inputs
from tinyrunner.energy.errors import SamplesLost
from tinyrunner.energy.simulated.n6705 import SimulatedN6705
from tinyrunner.models.suite import KWS
from tinyrunner.runner.bench.bench import Bench
from tinyrunner.runner.execute.console import Interactive


@pytest.fixture
def supply(monkeypatch, tmp_path):
    """The simulated instruments' outputs as they were switched; traces go to a folder."""
    switched: list[bool] = []
    switch = SimulatedN6705._switch_output

    def noted(self, channel, on):
        if channel is self.channels[0] and channel.on != on:
            switched.append(on)
        switch(self, channel, on)

    monkeypatch.setattr(SimulatedN6705, "_switch_output", noted)
    monkeypatch.chdir(tmp_path)
    return switched


def talk(*lines, dut="sim:kws01?inference_ms=10", more=()):
    stdin = "".join(f"{line}\n" for line in lines)
    return tinyrunner("console", "--dut", dut, "--monitor", "sim:", *more, stdin=stdin)


POWERED = ("emon voltage 3000", "emon power on")


def test_a_voltage_that_is_a_slip_is_refused_and_one_that_is_meant_is_not(supply):
    ran = talk("emon voltage 12000", "emon power on", "quit")
    assert ran.status == 1
    assert "12 V is above the configuration's max_voltage_v of 3.6 V" in ran.out + ran.err
    assert supply == []
    ran = talk("emon voltage 12000", "quit", more=("--max-v", "12"))
    assert ran.status == 0, ran
    assert "emon: m-voltage-mv[12000]" in ran.out


def test_the_verbs_of_an_energy_script_measure_a_window(supply, tmp_path):
    data = write_inputs(tmp_path, KWS, 1)
    file = data / "kws01" / "tst_000000_Down_0.bin"
    ran = talk(
        *POWERED,
        "io tm 0",
        "io enable-timer",
        "emon timer on",
        "emon trace on mine",
        "io dut timestamp",
        "echo head 1000",
        f'bloadp "{file}"',
        "io dut infer 60 1",
        "echo tail 1000",
        "emon trace off",
        "emon timer off",
        "io disable-timer",
        "emon voltage",
        "emon power off",
        "quit",
    )
    assert ran.status == 0, ran
    for line in (
        "emon: Keysight Technologies N6705C",
        "emon: m-voltage-mv[3000]",
        "emon: m-power[on]",
        "io: [dut]: m-timestamp-mode-energy",
        "io: m-timestmp-mode-FALLING",
        "io: m-timer-enabled",
        "note: the IO manager keeps 64 characters of a command: 28 data bytes per db pass",
        "490 bytes loaded",
        "io: [dut]: m-infer-done",
        "emon: m-trace[off]",
        "io: m-timer-disabled",
        "emon: m-power[off]",
    ):
        assert line in ran.out, ran
    assert ran.out.count("io: m-lap-us-") == 3
    assert (tmp_path / "mine-energy.bin").stat().st_size > 0
    assert (tmp_path / "mine-timestamps.json").exists()
    assert supply == [True, False]


@pytest.mark.parametrize("leave", [["quit"], ["umount"], []])
def test_leaving_the_console_switches_the_supply_off(supply, leave):
    ran = talk(*POWERED, *leave)
    assert ran.status == 0, ran
    assert supply == [True, False]


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_ends_the_console_the_supply_is_off(supply, monkeypatch, error):
    execute = Interactive.execute

    def interrupted(self, text):
        if text == "now":
            raise error
        execute(self, text)

    monkeypatch.setattr(Interactive, "execute", interrupted)
    with contextlib.suppress(error):
        assert talk(*POWERED, "now").status != 0
    assert supply == [True, False]


def test_a_refused_voltage_and_other_errors_are_shown_and_survived(supply):
    ran = talk(
        "emon power on",
        "emon voltage 99000",
        "emon trace off",
        "io frobnicate",
        "mountc io ioman",
        *POWERED,
        "io dut name",
    )
    assert ran.status == 1, ran
    assert "error: the supply of" in ran.out
    assert "error: 99 V is outside" in ran.out
    assert "is not recording" in ran.out
    assert "frobnicate" in ran.out
    assert "nothing to mount" in ran.out
    assert "io: [dut]: m-name-dut-[tinyrunner-simulated]" in ran.out
    assert supply == [True, False]


def test_what_was_recorded_is_kept_when_the_console_is_left_in_the_middle(supply, tmp_path):
    talk(*POWERED, "emon trace on torn", "echo wait 3000")
    assert (tmp_path / "torn-energy.bin").stat().st_size > 0
    assert supply == [True, False]


class Recording:
    """A recorder at work."""

    recording = True
    interval_s = 0.002

    def __init__(self, fails_at: int | None = None) -> None:
        self.served = 0
        self.enough = threading.Event()
        self._fails_at = fails_at

    def serve(self) -> None:
        self.served += 1
        if self.served == 3:
            self.enough.set()
        if self.served == self._fails_at:
            raise SamplesLost("the monitor lost samples")


def console_with(recorder, shown):
    parts = SimpleNamespace(recorder=recorder)
    bench = Bench(None, SimpleNamespace(), None, None, energy_parts=parts)
    return Interactive(bench, shown.append, Path())


def test_a_recording_monitor_is_served_while_a_person_thinks_and_not_otherwise():
    recorder = Recording()
    console = console_with(recorder, [])
    with console.waiting():
        assert recorder.enough.wait(5)
    served = recorder.served
    threading.Event().wait(0.02)
    assert recorder.served == served
    assert not console.failed


def test_samples_lost_while_a_person_thinks_are_told():
    recorder, shown = Recording(fails_at=3), []
    console = console_with(recorder, shown)
    with console.waiting():
        assert recorder.enough.wait(5)
    assert shown == ["error: the monitor lost samples"]
    assert console.failed


def test_help_names_the_energy_verbs_only_where_they_work(supply):
    assert "emon voltage" in talk("help").out
    ran = tinyrunner("console", "--dut", "sim:kws01", stdin="help\nemon power on\nio dut name\n")
    assert "emon voltage" not in ran.out
    assert ran.out.count("error: this bench has no IO manager and no monitor: give --io") == 2


def test_an_io_manager_without_a_monitor_is_asked_for_one():
    ran = tinyrunner("console", "--io", "/dev/ttyNOT0")
    assert ran.status == 2
    assert "/dev/ttyNOT0" in ran.err


def test_ctrl_c_in_a_console_on_a_served_bench_switches_its_supply_off():
    bench = process("simulate", "bench", "--inference-ms", "1")
    try:
        io = bench.stdout.readline().strip()
        monitor = bench.stdout.readline().strip()
        typing = process("console", "--io", io, "--monitor", monitor, stdin=subprocess.PIPE)
        typing.stdin.write("emon voltage 3000\nemon power on\n")
        typing.stdin.flush()
        for line in typing.stdout:
            if "[dut]: m-ready" in line:
                break
        else:
            pytest.fail("the console ended: " + typing.stderr.read())
        host, port = monitor.split("::")[1:3]
        with socket.create_connection((host, int(port))) as scpi:
            assert _asked(scpi, b"OUTP? (@1)\n") == b"1\n"
            typing.send_signal(signal.SIGINT)
            ended(typing)
            assert _asked(scpi, b"OUTP? (@1)\n") == b"0\n"
    finally:
        bench.send_signal(signal.SIGINT)
        ended(bench)


def _asked(scpi, question):
    scpi.sendall(question)
    return scpi.recv(100)
