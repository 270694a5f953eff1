"""However an energy run ends early, the supply is off, and journal and trace are kept."""

from __future__ import annotations

import random
import shutil
import sys

import pytest
from support.cli import Ran, only_session, tinyrunner
from support.energy.bench import Moments, Watched, soon_given_up
from support.inputs import write_inputs
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.energy.drivers import visa_link
from tinyrunner.energy.errors import MonitorError
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.models.suite import KWS
from tinyrunner.runner.journal.journal import Journal

OTHER_MONITORS = ("stlinkv3pwr", "otii")


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS)


@pytest.fixture
def watched(monkeypatch):
    return Watched(monkeypatch)


def run(data, root, *more):
    return tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", "sim:", "--supply-v", "3.0", "--datasets", data,
        "--sessions", root, *more,
    )  # fmt: skip


def check_kept(root, ran: Ran, said: str) -> None:
    """What must be true of whatever a stopped run leaves."""
    assert ran.status == (130 if said == "m-session-interrupted" else 1), ran
    assert "Traceback" not in ran.err
    if not root.exists():
        return
    session = only_session(root)
    log = session / "log.txt"
    text = log.read_text() if log.exists() else ""
    assert str(session) in ran.err
    if "m-session-stop-id" in text:
        assert f"tinyrunner run --resume {session}" in ran.err
        assert tinyrunner("run", "--resume", session).status == 3
        assert (session / "result.txt").exists()
    elif text:
        assert "--resume" not in ran.err
        assert text.splitlines()[-1].partition("session: ")[2].startswith(said)
        begun = (session / "session.json").exists()
        told = "An energy run is begun again, not continued" in ran.err
        assert (told, "The run itself had not begun" in ran.err) == (begun, not begun)
        if begun and (session / "calibration.txt").exists():
            assert (session / "calibration.txt").read_text().endswith("io: m-ready\n")
    if "m-trace[on]" in text:
        assert (session / "trace1-energy.bin").read_bytes()[:1] == b"\xf1"


@pytest.mark.parametrize("times", [8, pytest.param(40, marks=pytest.mark.slow)])
def test_an_interrupt_at_random_moments_leaves_the_supply_off(
    times, data, watched, monkeypatch, tmp_path
):
    moments = Moments(monkeypatch, watched)
    assert run(data, tmp_path / "whole").status == 3
    counts = dict(moments.counts)
    assert min(counts["serial"], counts["visa"]) > 100
    chance = random.Random(4)
    on = 0
    for number in range(times):
        kind = ("serial", "visa")[number % 2]
        root = tmp_path / f"s{number}"
        moments.hit(kind, chance.randrange(1, counts[kind] + 1), KeyboardInterrupt())
        ran = run(data, root)
        assert watched.off, (kind, number)
        check_kept(root, ran, "m-session-interrupted")
        on += "OUTP ON,(@1)" in watched.bench.monitor.received
    assert on > times / 2  # else the test would prove little


@pytest.mark.parametrize("kind", OTHER_MONITORS)
def test_an_interrupt_in_an_exchange_with_another_monitor_leaves_the_supply_off(
    kind, data, watched, monkeypatch, tmp_path
):
    moments = Moments(monkeypatch, watched)
    settings = ("--monitor", f"sim:{kind}", "--iterations", 20)
    assert run(data, tmp_path / "whole", *settings).status == 3
    count = moments.counts["monitor"]
    assert count > 100
    chance = random.Random(8)
    for number in [chance.randrange(1, count + 1) for _ in range(2)]:
        root = tmp_path / f"s{number}"
        moments.hit("monitor", number, KeyboardInterrupt())
        ran = run(data, root, *settings)
        assert watched.off, number
        if ran.status != 3:
            check_kept(root, ran, "m-session-interrupted")


def test_an_interrupt_behind_the_last_line_of_the_log_is_told_that_all_was_measured(
    data, watched, monkeypatch, tmp_path
):
    write = Journal.write

    def interrupted_at_the_end(journal, source, text):
        write(journal, source, text)
        if text.startswith("m-session-stop-id"):
            raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "write", interrupted_at_the_end)
    ran = run(data, tmp_path / "s", "--iterations", 20)
    assert watched.off
    check_kept(tmp_path / "s", ran, "m-session-interrupted")


@pytest.mark.parametrize(
    "error", [LinkError("the wire fell off"), MonitorError("it fell over"), OSError("disk gone")]
)
def test_an_error_at_random_moments_leaves_the_supply_off(
    error, data, watched, monkeypatch, tmp_path
):
    moments = Moments(monkeypatch, watched)
    moments.hit("serial", 10**9, error)
    assert run(data, tmp_path / "whole").status == 3
    counts = dict(moments.counts)
    chance = random.Random(str(error))
    for number in range(2):
        root = tmp_path / f"s{number}"
        moments.hit("serial", chance.randrange(50, counts["serial"] + 1), error)
        ran = run(data, root)
        assert watched.off
        assert str(error) in ran.err
        check_kept(root, ran, f"m-session-error[{error}")


def test_a_fault_of_the_program_leaves_the_supply_off_too(data, watched, monkeypatch, tmp_path):
    moments = Moments(monkeypatch, watched)
    moments.hit("serial", 200, ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        run(data, tmp_path / "s")
    assert "OUTP ON,(@1)" in watched.bench.monitor.received
    assert watched.off


def test_a_monitor_that_takes_no_connection_any_more_is_shouted_about(
    data, watched, monkeypatch, tmp_path
):
    from tinyrunner.energy.simulated.scpi import Fault

    def dead(bench):
        bench.monitor.fault, bench.monitor.fault_at_s = Fault.DEAD, 40.0

    watched.prepare = dead
    soon_given_up(monkeypatch)
    monkeypatch.setattr(
        visa_link, "visa_resources", lambda _: ()
    )  # calls for instruments for seconds
    ran = run(data, tmp_path / "s")
    assert ran.status == 4, ran
    assert ran.err.splitlines()[-1].startswith("THE SUPPLY MAY BE ON")
    assert "COULD NOT BE SWITCHED OFF and may still power the device" in ran.err
    session = only_session(tmp_path / "s")
    assert "m-session-error[" in (session / "log.txt").read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
@pytest.mark.parametrize("at", [0.35, 0.9])
def test_a_folder_that_is_removed_in_mid_run_ends_it_within_a_step(
    at, data, watched, monkeypatch, tmp_path
):
    moments = Moments(monkeypatch, watched)
    assert run(data, tmp_path / "whole").status == 3
    total = moments.counts["serial"]
    root = tmp_path / "s"
    left: list[int] = []

    def removed() -> None:
        shutil.rmtree(only_session(root))
        left.append(len(watched.bench.monitor.received))

    moments.hit("serial", round(at * total), removed)
    ran = run(data, root)
    assert left
    assert watched.off
    assert ran.status == 1, ran
    assert "was removed while the run wrote it" in ran.err
    assert "is gone: where it was moved, move it back" in ran.err
    assert moments.counts["serial"] < at * total + 250  # an input is loaded in some 100
    assert not list(root.iterdir())


@pytest.mark.parametrize("kind", ["lpm01a", "ppk2", "stlinkv3pwr"])
def test_a_dead_link_to_a_monitor_on_a_port_is_told_in_capitals(kind, data, monkeypatch, tmp_path):
    write, read = SimulatedMonitorLink.write, SimulatedMonitorLink.read
    clock_s = 60.0  # the windows have begun

    def written(link, sent):
        if link._clock.now_s() > clock_s:
            raise LinkError("nothing goes out any more")
        write(link, sent)

    def received(link, *arguments):
        if link._clock.now_s() > clock_s:
            return b""
        return read(link, *arguments)

    monkeypatch.setattr(SimulatedMonitorLink, "write", written)
    monkeypatch.setattr(SimulatedMonitorLink, "read", received)
    ran = run(data, tmp_path / "s", "--monitor", f"sim:{kind}")
    assert ran.status == 4, ran
    assert "may still supply the device" in ran.err
    assert ran.err.splitlines()[-1].startswith("THE SUPPLY MAY BE ON")
