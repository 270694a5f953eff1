"""What a user of the C library sets and asks: its version, its settings in a header of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import tinyrunner
from support.firmware.build import (
    C99,
    FIRMWARE,
    LIBRARY,
    build,
    host_sources,
    library_sources,
    need,
    run,
)
from support.firmware.device import DeviceProcess

CONFIG = """\
#define TR_RING_BYTES 256
#define TR_BIN_BLOCK_BYTES 32
#define TR_BIN_TIMEOUT_MS 250
"""
PRINT_VERSION = """\
#include <stdio.h>
#include "tinyrunner_dut.h"
int main(void)
{
    printf("%d.%d.%d", TR_VERSION_MAJOR, TR_VERSION_MINOR, TR_VERSION_PATCH);
    return 0;
}
"""


def test_the_library_has_the_programs_version(tmp_path: Path):
    source = tmp_path / "version.c"
    source.write_text(PRINT_VERSION, encoding="utf-8")
    run([need("gcc"), *C99, "-I", LIBRARY, source, "-o", tmp_path / "version"])
    assert run([tmp_path / "version"]) == tinyrunner.__version__


def test_the_arduino_library_has_the_programs_version():
    lines = (FIRMWARE / "library.properties").read_text("utf-8").splitlines()
    assert f"version={tinyrunner.__version__}" in lines


@pytest.mark.parametrize("extension", [0, 1], ids=["plain", "extension"])
def test_settings_come_from_the_users_header(tmp_path: Path, extension: int):
    config = tmp_path / "my_config.h"
    config.write_text(f"{CONFIG}#define TR_WIRE_EXTENSION {extension}\n", encoding="utf-8")
    flags = [*C99, "-I", tmp_path, '-DTR_CONFIG="my_config.h"']
    program = build("gcc", flags, host_sources(), "host_dut", [config])
    with DeviceProcess(program) as device:
        device.answer(1)
        offer = b"x-tinyrunner-1 bin=32 b64 shift timeout-ms=250\r\n"
        assert (offer in device.ask(b"help%")) == bool(extension)
    with DeviceProcess(program, "--at-once", "65536") as device:
        device.answer(1)
        assert b"e-[Receive buffer overflow" in device.ask(b" " * 256 + b"name%")


def test_a_setting_in_the_users_header_is_checked_as_on_the_command_line(tmp_path: Path):
    (tmp_path / "my_config.h").write_text("#define TR_RING_BYTES 1000\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"#error .*TR_RING_BYTES"):
        run(
            [need("gcc"), *C99, "-I", tmp_path, '-DTR_CONFIG="my_config.h"', "-c",
             library_sources()[0]],
            cwd=tmp_path,
        )  # fmt: skip
