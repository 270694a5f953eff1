"""What each layer takes: of this computer's port to the nanosecond, of an emulated Cortex-M4."""

from __future__ import annotations

import re

import pytest
from support.cli import tinyrunner
from support.devices.device_dialogues import R
from support.firmware.build import C99, FIRMWARE, LIBRARY, host_dut, need, run
from support.firmware.device import DeviceProcess
from support.firmware.qemu_board import BoardTalk, EmulatedBoard, firmware_image
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.export.footprint import footprint_of
from tinyrunner.models.export.read_network import read_network
from tinyrunner.models.suite import KWS

PROFILE = b"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n" + R
TOLERANCE = 0.001
"""Of the whole inference: what lies between layers, and the time stamps' microseconds."""


def device(*flags: str) -> DeviceProcess:
    return DeviceProcess(host_dut(*flags), "--inference-us", "1000")


def test_the_last_inference_is_told_layer_by_layer():
    """Its layers are what the whole inference is, by the modelled clock to the nanosecond."""
    with device("-DTR_LAYERS=2") as dut:
        dut.answer(1)
        assert dut.ask(b"profile layers%") == b"e-[Layers: no inference yet]\r\n" + R
        dut.ask(b"infer 3 1%")
        assert dut.ask(b"profile layers%") == (
            b"x-layers-[simulated: nanoseconds of the modelled clock]\r\n"
            b"x-layer-0-[weighted sums]-750000-750\r\n"
            b"x-layer-1-[shares]-250000-250\r\n"
            b"x-layers-done-2-1000000-1000\r\n" + R
        )
        assert dut.ask(b"profile%") == PROFILE
        assert dut.ask(b"profile layer%") == PROFILE
        assert b"\r\nprofile layers\r\n" in dut.ask(b"help%")


def test_more_layers_than_there_is_room_for_are_refused():
    with device("-DTR_LAYERS=1") as dut:
        dut.answer(1)
        dut.ask(b"infer 1 0%")
        assert dut.ask(b"profile layers%") == (b"e-[Layers: there are more than TR_LAYERS]\r\n" + R)


def test_without_the_setting_nothing_of_it_is_there(tmp_path):
    with device() as dut:
        dut.answer(1)
        dut.ask(b"infer 1 0%")
        assert dut.ask(b"profile layers%") == PROFILE
        assert b"layers" not in dut.ask(b"help%")
    flags = ["-std=c99", "-Os", "-I", LIBRARY, "-c"]
    run(
        [need("gcc"), *flags, *(LIBRARY / f"tr_{name}.c" for name in ("infer", "commands"))],
        tmp_path,
    )
    assert not any(b"layer" in path.read_bytes() for path in tmp_path.glob("*.o"))


@pytest.mark.parametrize("count", ["-1", "256"])
def test_a_number_of_layers_that_cannot_be_does_not_compile(tmp_path, count: str):
    with pytest.raises(AssertionError, match=r"#error .*TR_LAYERS"):
        run([need("gcc"), f"-DTR_LAYERS={count}", "-c", LIBRARY / "tr_ring.c"], cwd=tmp_path)


ARM = ("arm-none-eabi-gcc", "-mthumb")
COUNTED = {
    "Cortex-M4": ((*ARM, "-mcpu=cortex-m4"), "cortex_m.c", b"measured: DWT CYCCNT"),
    "Cortex-M0": ((*ARM, "-mcpu=cortex-m0"), "cortex_m.c", b"timer: microseconds"),
    "Cortex-M4 in QEMU": (
        (*ARM, "-mcpu=cortex-m4", "-DBOARD_EMULATED=1"),
        "cortex_m.c",
        b"emulated: microseconds of QEMU's clock",
    ),
    "RISC-V": (
        ("riscv64-unknown-elf-gcc", "-march=rv32imac", "-misa-spec=2.2", "-mabi=ilp32",
         "--specs=picolibc.specs"),
        "risc_v.c",
        b"measured: mcycle",
    ),
}  # fmt: skip


@pytest.mark.parametrize("target", COUNTED)
def test_a_bare_port_says_what_it_counts(tmp_path, target: str):
    (compiler, *flags), processor, said = COUNTED[target]
    ports = FIRMWARE / "ports"
    folders = [f"-I{folder}" for folder in (LIBRARY, ports / "generic", ports / "bare")]
    settings = ['-DTR_CONFIG="tr_config.h"', "-DTR_LAYERS=4"]
    sources = [ports / "generic" / "port.c", ports / "bare" / processor]
    run([need(compiler), *C99, *flags, *settings, *folders, "-c", *sources], tmp_path)
    assert said in (tmp_path / "port.o").read_bytes()
    own = b"board_cycles\0" in (tmp_path / processor.replace(".c", ".o")).read_bytes()
    assert own != said.startswith(b"timer")


# ---- an exported network on a board --------------------------------------------------------------


def test_layers_shapes_and_products_are_the_models_and_their_sum_is_the_inference(tmp_path):
    model = demo_model_path(KWS)
    log, page = tmp_path / "kws.layers.log", tmp_path / "kws.html"
    with EmulatedBoard(firmware_image(KWS, model, "LAYERS=16")) as board:
        ran = tinyrunner(
            "profile", "kws", "--dut", board.address, "--model", model, "--json", "--out", log,
            "--html", page,
        )  # fmt: skip
        assert ran.status == 0, ran
    said = ran.json
    assert tinyrunner("profile", "--from", log, "--json").json == said
    assert said["simulated"]  # by its name; the word beside its figures says more
    assert "EMULATED, no chip" in page.read_text("utf-8")
    assert said["counter_kind"] == "emulated"
    told = [(row["operator"], row["output"], row["macs"]) for row in said["layers"]]
    layers = footprint_of(read_network(model)).layers
    assert told == [(one.operator, "x".join(map(str, one.shape)), one.macs) for one in layers]
    total = sum(row["cycles"] for row in said["layers"])
    assert total == said["cycles"] - said["between_layers"]["cycles"]
    assert total == pytest.approx(said["cycles"], rel=TOLERANCE)
    assert sum(row["share"] for row in said["layers"]) == pytest.approx(1, abs=TOLERANCE)
    # The time stamps are another way to the same: they come before and after the hook's call.
    assert said["us"] == pytest.approx(said["us_between_stamps"], rel=TOLERANCE)


def test_a_network_without_the_setting_takes_no_longer_and_says_nothing():
    model = demo_model_path(KWS)
    took = {}
    for layers in ("", "16"):
        make = (f"LAYERS={layers}",) if layers else ()
        with EmulatedBoard(firmware_image(KWS, model, *make)) as board, BoardTalk(board) as device:
            device.answer(1)
            stamps = re.findall(rb"m-lap-us-(\d+)", device.ask(b"infer 4 0%"))
            took[layers] = int(stamps[1]) - int(stamps[0])
            told = device.ask(b"profile layers%").startswith(b"x-layers-")
            assert told is bool(layers)
    assert took["16"] == pytest.approx(took[""], rel=TOLERANCE)
