"""Addresses become devices."""

from __future__ import annotations

import pytest
from support.devices.boards import board, served
from support.reference import reference_path
from tinyrunner.dut_protocol.link.clock import MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.models.suite import KWS, VWW
from tinyrunner.runner.bench import opening
from tinyrunner.runner.bench.opening import open_bench
from tinyrunner.runner.bench.simulated.device import simulated_device
from tinyrunner.runner.bench.simulated.wiring import SimulatedBench
from tinyrunner.runner.config.config import Config, ConfigError, override
from tinyrunner.runner.config.sim_address import parse_simulated
from tinyrunner.runner.errors import SetupError


@pytest.mark.parametrize(
    ("address", "model_id"),
    [("sim", ""), ("sim:", ""), ("sim:kws01", "kws01"), ("sim:?baud=0", "")],
)
def test_a_simulated_address_may_name_its_model(address, model_id):
    assert parse_simulated(address)[0] == model_id


def test_the_options_of_a_simulated_address_are_taken_in_si_units():
    _, options = parse_simulated("sim:kws01?baud=921600&inference_ms=12.5&mode=energy")
    assert options.baud_rate == 921600
    assert options.inference_time_s == pytest.approx(0.0125)
    assert options.mode is TimestampMode.ENERGY


def test_the_address_wins_over_the_configuration_and_the_task_over_nothing():
    config = override(Config(), dut="sim:?inference_ms=7", inference_time_s=0.5, baud_rate=9600)
    device = simulated_device(config, KWS)
    assert device.device.settings.inference_time_s == pytest.approx(0.007)
    assert device.device.settings.baud_rate == 9600
    assert device.model.inference_time_s == pytest.approx(0.007)
    with pytest.raises(SetupError, match="which model to simulate"):
        simulated_device(override(Config(), dut="sim:"), None)


def test_the_engine_is_the_addresses_or_else_the_configurations():
    config = override(Config(), dut="sim:kws01", engine="litert-reference")
    assert simulated_device(config, None).model.runtime.endswith(", reference kernels")
    config = override(config, dut="sim:kws01?engine=litert")
    assert not simulated_device(config, None).model.runtime.endswith(", reference kernels")


def test_an_engine_that_is_none_is_refused_with_those_that_there_are():
    with pytest.raises(
        SetupError, match=r"engine='tflmm' cannot be: .* did you mean tflm\?.*, tfl"
    ):
        parse_simulated("sim:kws01?engine=tflmm")
    with pytest.raises(ConfigError, match=r"--engine: expected litert, litert-reference or"):
        override(Config(), engine="tflmm")


def test_where_no_model_runs_an_engine_is_refused(tmp_path):
    log = tmp_path / "log.txt"
    with pytest.raises(SetupError, match="leave engine= out"):
        simulated_device(override(Config(), dut=f"sim:?replay={log}&engine=tflm"), KWS)


def test_a_model_file_is_named_in_the_provenance_with_its_hash():
    path = reference_path("models", "vww_96_int8.tflite")
    config = override(Config(), dut="sim:vww01", model=str(path))
    model = simulated_device(config, VWW).model
    assert model.model == str(path.resolve())
    assert model.model_sha256.startswith("597a384c8c2c")
    assert model.note is None


def test_a_simulated_bench_has_a_virtual_clock_and_a_real_one_the_real_time():
    with open_bench(override(Config(), dut="sim:", model="demo"), KWS) as simulated:
        assert isinstance(simulated.clock, VirtualClock)
        assert simulated.dut.identify().model_id == "kws01"
    with served(board()) as address, open_bench(override(Config(), dut=address), KWS) as real:
        assert isinstance(real.clock, MonotonicClock)
        assert real.simulated is None
        assert real.energy_parts is None
        assert real.dut.identify().boot_mode is TimestampMode.PERFORMANCE


@pytest.mark.parametrize("address", ["sim:", "sim:kws01?baud=0&mode=energy&extension=1", "replay"])
def test_whatever_the_program_simulates_says_so_in_banner_profile_and_name(address):
    if address == "replay":
        published = reference_path("published/v1.3/closed/STMicroelectronics/results")
        address = f"sim:?replay={published}/NUCLEO_L4R5ZI-P/kws/performance/log.txt"
    device = simulated_device(override(Config(), dut=address, inference_time_s=1.0), KWS).device
    device.boot(0.0)
    device.receive(b"name%", 0.0)
    device.receive(b"profile%", 0.0)
    said = b"".join(data for _, data in device.outgoing).split(b"m-ready\r\n")
    banner, name, profile = said[:3]
    assert b"this is no board: tinyrunner " in banner
    assert b"this is no board: tinyrunner " in profile
    assert name.startswith(b"m-name-dut-[tinyrunner-simulated")


def test_the_board_of_a_simulated_energy_bench_says_so_through_the_io_manager():
    bench = SimulatedBench(override(Config(), dut="sim:", model="demo"), KWS)
    bench.on_power(True, 0.0)
    said = b"".join(data for _, data in bench.io_manager.outgoing)
    assert b"[dut]: this is no board: tinyrunner simulates it\r\n" in said
    assert b"m-name-dut-[tinyrunner-simulated]" in answered(bench, b"dut name%")
    assert b"[dut]: this is no board: tinyrunner simulates it" in answered(bench, b"dut profile%")


def answered(bench: SimulatedBench, command: bytes) -> bytes:
    bench.io_manager.outgoing.clear()
    bench.io_manager.receive(command, 10.0)
    return b"".join(data for _, data in bench.io_manager.outgoing)


def test_the_port_is_closed_when_a_run_fails(monkeypatch):
    closed = []

    class Port:
        address = "x"

        def close(self):
            closed.append(True)

    monkeypatch.setattr(opening, "open_transport", lambda *_: Port())
    with pytest.raises(RuntimeError), open_bench(override(Config(), dut="x"), KWS):
        raise RuntimeError
    assert closed == [True]


def test_auto_takes_the_port_and_the_rate_that_were_found(monkeypatch):
    with served(board()) as address:
        asked = []
        monkeypatch.setattr(
            opening, "find_dut", lambda *args: asked.append(args) or (address, 921600)
        )
        with open_bench(override(Config(), dut="auto"), KWS) as found:
            assert found.dut.address == address
            assert found.dut.settings.baud_rate == 921600
        assert asked == [(Config().dut.link, "kws01")]
