"""What a network is said to take is what the linker makes of it, to 1 %."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.firmware.build import C99, FIRMWARE, need, run
from support.reference import reference_path
from tinyrunner.models.export.arena import arena_of
from tinyrunner.models.export.export_c import export_model
from tinyrunner.models.export.footprint import footprint_of
from tinyrunner.models.export.read_network import read_network

MODELS = (
    "ad01_int8.tflite",
    "kws_ref_model.tflite",
    "pretrainedResnet_large_int8.tflite",
    "pretrainedResnet_quant.tflite",
    "str_ww_ref_model.tflite",
    "vww_96_int8.tflite",
)
M4F = ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
SECTIONS = ("-O2", "-ffp-contract=off", "-ffunction-sections", "-fdata-sections")
KERNELS = FIRMWARE / "kernels"


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("kernels")
    compiler = need("arm-none-eabi-gcc")
    run([compiler, *C99, *SECTIONS, *M4F, "-c", *sorted(KERNELS.glob("*.c"))], cwd=folder)
    return sorted(folder.glob("*.o"))


@pytest.mark.parametrize("model", MODELS)
def test_the_linked_sizes_are_those_that_were_said(model: str, kernels: list[Path], tmp_path: Path):
    """All that `net_infer` needs, linked; what it does not call is left out."""
    exported = export_model(reference_path("models", model), tmp_path, "net")
    said = footprint_of(exported.network)
    linked = tmp_path / "linked.elf"
    options = ["-nostartfiles", "--specs=nano.specs", "-Wl,--gc-sections,--entry=net_infer"]
    run(
        [
            need("arm-none-eabi-gcc"), *C99, *SECTIONS, *M4F, *options, "-I", KERNELS,
            exported.source, *kernels, "-o", linked,
        ]
    )  # fmt: skip
    sizes = re.search(r"^\s*(\d+)\s+(\d+)\s+(\d+)", run(["arm-none-eabi-size", linked]), re.M)
    assert sizes is not None
    text, data, bss = map(int, sizes.groups())
    print(f"{model}: flash {text} ({said.flash_bytes} said), arena {bss} ({said.arena_bytes} said)")
    assert said.flash_bytes == pytest.approx(text + data, rel=0.01)
    assert said.arena_bytes == pytest.approx(bss, rel=0.01, abs=4)
    assert said.arena_bytes == arena_of(exported.network).size


def test_products_are_counted_layer_by_layer():
    """The first layer of kws: 25 x 5 positions, a kernel of 10 x 4, 64 channels; then 3 x 3."""
    said = footprint_of(read_network(reference_path("models", "kws_ref_model.tflite")))
    assert [layer.macs for layer in said.layers[:3]] == [
        25 * 5 * 10 * 4 * 64, 25 * 5 * 3 * 3 * 64, 25 * 5 * 64 * 64,
    ]  # fmt: skip
    assert said.macs == sum(layer.macs for layer in said.layers)
