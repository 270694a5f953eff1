"""CMake builds the firmware's targets, alone and in a project of somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.devices.device_dialogues import SHARED
from support.firmware.build import FIRMWARE, cmake_build, run
from support.firmware.device import DeviceProcess, hold
from support.firmware.dialogues import STRICT
from support.firmware.streaming_dialogues import STREAMING_DIALOGUES
from tinyrunner import __version__
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.export.export_c import export_model
from tinyrunner.models.suite import AD

STRICT_FLAGS = "-DCMAKE_C_FLAGS=-Wall -Wextra -Wpedantic -Wconversion -Werror"

PROJECT = """\
cmake_minimum_required(VERSION 3.13)
project(mine C)
add_subdirectory("${FIRMWARE}" tinyrunner)
target_include_directories(tinyrunner_dut PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(tinyrunner_dut PUBLIC TR_CONFIG="my_config.h")
add_executable(mine main.c net_model.c)
target_link_libraries(mine PRIVATE tinyrunner_dut tinyrunner_nn)
"""
MAIN = """\
#include <stdio.h>
#include "net_model.h"
#include "tinyrunner_dut.h"

static int8_t input[NET_INPUT_COUNT];
static int8_t output[NET_OUTPUT_COUNT];

int main(void)
{
    static tr_dut dut;

    net_infer(input, output);
    printf("%u %u", (unsigned)sizeof dut.ring, (unsigned)tr_dut_room(&dut));
    return 0;
}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cmake")
    cmake_build(FIRMWARE, folder, STRICT_FLAGS, "-DTINYRUNNER_STREAMING=ON")
    return folder


def test_the_targets_are_built(built: Path):
    assert (built / "src/libtinyrunner_dut.a").is_file()
    assert (built / "kernels/libtinyrunner_nn.a").is_file()
    assert (built / "streaming/libtinyrunner_stream.a").is_file()


def test_the_host_example_speaks_as_the_library_and_as_the_streaming_module(built: Path):
    """A dialogue of every sort; test_dialogues and test_streaming hold the same sources to all."""
    for table, task in ((SHARED, "kws"), (STRICT, "kws"), (STREAMING_DIALOGUES, "sww")):
        for dialogue in table[::5]:
            with DeviceProcess(built / "ports/host/host_dut", "--task", task) as device:
                device.answer(1)
                hold(device, dialogue)


def test_the_project_has_the_programs_version(built: Path):
    cache = (built / "CMakeCache.txt").read_text("utf-8").splitlines()
    assert f"CMAKE_PROJECT_VERSION:STATIC={__version__}" in cache


def test_another_project_links_the_targets_with_its_own_settings(tmp_path: Path):
    export_model(demo_model_path(AD), tmp_path, "net")
    (tmp_path / "my_config.h").write_text("#define TR_RING_BYTES 128\n", encoding="utf-8")
    (tmp_path / "main.c").write_text(MAIN, encoding="utf-8")
    (tmp_path / "CMakeLists.txt").write_text(PROJECT, encoding="utf-8")
    cmake_build(tmp_path, tmp_path / "build", STRICT_FLAGS, f"-DFIRMWARE={FIRMWARE}")
    assert run([tmp_path / "build/mine"]) == "128 127"
    assert not list((tmp_path / "build").rglob("host_dut"))
