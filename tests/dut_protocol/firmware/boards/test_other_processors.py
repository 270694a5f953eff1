"""The C library with every other compiler, and its dialogues on 32 bits and on a big-endian one.

The wire is little-endian, and this computer has 64 bits and is little-endian, too: what depends on
either passes here unseen. qemu-user runs the PowerPC's program.
"""

from __future__ import annotations

import os
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.devices.device_dialogues import SHARED, Dialogue
from support.devices.extension_dialogues import LOADS, VOID
from support.firmware.build import (
    C99,
    CPP,
    FIRMWARE,
    LIBRARY,
    STREAM_FLAGS,
    SYNTAX_ONLY,
    lack,
    library_sources,
    need,
    run,
    streaming_host_dut,
    streaming_sources,
)
from support.firmware.device import DeviceProcess, hold
from support.firmware.dialogues import STRICT, load_commands
from support.firmware.streaming_dialogues import STREAMING_DIALOGUES

KERNELS = FIRMWARE / "kernels"
QUICK = ("--inference-us", "10")

# ---- compilers -----------------------------------------------------------------------------------

ARM = ("--target=armv7em-none-eabi", "-mcpu=cortex-m4", "-isystem", "/usr/include/newlib")
RISC_V = ("-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs")
RISC_V_HEADERS = "/usr/lib/picolibc/riscv64-unknown-elf/include"
CLANG_RISC_V = ("--target=riscv32-unknown-elf", "-march=rv32imac", "-isystem", RISC_V_HEADERS)

COMPILERS = {
    "RISC-V, gcc": ("riscv64-unknown-elf-gcc", (*C99, *RISC_V, "-O1", "-c")),
    "RISC-V, g++": ("riscv64-unknown-elf-g++", (*CPP, *RISC_V)),
    "RISC-V, clang": ("clang", (*C99, *CLANG_RISC_V, SYNTAX_ONLY)),
    "Arm, clang": ("clang", (*C99, *ARM, SYNTAX_ONLY)),
    "Arm, clang++": ("clang++", (*CPP, *ARM)),
}
"""Beside those of ../test_sizes.py. C++ is held to g++ for one processor, clang++ for the other."""


@pytest.mark.parametrize("target", COMPILERS)
def test_library_streaming_and_kernels_compile_without_a_warning(tmp_path: Path, target: str):
    compiler, flags = COMPILERS[target]
    sources = [*library_sources(), *streaming_sources(), *sorted(KERNELS.glob("*.c"))]
    folders = ["-I", LIBRARY, "-I", KERNELS, *STREAM_FLAGS]
    run([need(compiler), *flags, *folders, *sources], cwd=tmp_path)
    assert len(list(tmp_path.glob("*.o"))) == (0 if SYNTAX_ONLY in flags else len(sources))


# ---- dialogues -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Processor:
    """How programs for another processor are made, and what runs them here."""

    compiler: str
    flags: tuple[str, ...]
    runner: tuple[str, ...]
    packages: str

    def need(self) -> None:
        """Skip the test where a program cannot be made or run; fail it in CI."""
        if self.runner:
            need(self.runner[0])
        command = [
            need(self.compiler),
            *self.flags,
            "-include",
            "errno.h",
            "-x",
            "c",
            "-",
            "-o",
            os.devnull,
        ]
        empty = b"#include <errno.h>\nint main(void) { return 0; }"
        if subprocess.run(command, input=empty, capture_output=True).returncode != 0:
            lack(self.packages)


PROCESSORS = {
    "32 bits": Processor(
        "gcc",
        # gcc-multilib would link these headers to where they are found, but takes no cross compiler
        ("-m32", "-static", "-idirafter", "/usr/include/x86_64-linux-gnu"),
        (),
        "gcc-12-multilib (libc6-dev-i386)",
    ),
    "big-endian": Processor(
        "powerpc-linux-gnu-gcc", ("-static",), ("qemu-ppc-static",), "libc6-dev-powerpc-cross"
    ),
}


@pytest.fixture(params=PROCESSORS)
def processor(request: pytest.FixtureRequest) -> Processor:
    chosen = PROCESSORS[request.param]
    chosen.need()
    return chosen


def host_port(processor: Processor) -> Path:
    """With every task, the streaming one too."""
    return streaming_host_dut(*processor.flags, compiler=processor.compiler)


def test_it_passes_the_dialogues(processor: Processor):
    """All but refusals by the extension and lost input: those are of characters and counts."""
    program = host_port(processor)
    hold_all((*SHARED, *STRICT, *LOADS, *VOID), program, processor)


def test_it_passes_those_of_the_streaming_wake_word(processor: Processor):
    """Sound is 16 bits wide, the features are 8: their figures are the table's."""
    program = host_port(processor)
    hold_all(STREAMING_DIALOGUES, program, processor, "--task", "sww")


def hold_all(
    dialogues: tuple[Dialogue, ...], program: Path, processor: Processor, *arguments: str
) -> None:
    for dialogue in dialogues:
        with DeviceProcess(program, *QUICK, *arguments, runner=processor.runner) as device:
            assert device.answer(1), dialogue.name
            hold(device, dialogue)


def test_floats_come_little_endian_whatever_the_processor(processor: Processor):
    values = (0.5, -1.25, 0.0005, 3e38, 123.456, 2.0**-140)
    data = struct.pack("<12f", *values, *[0.0] * 6)
    program = host_port(processor)
    with DeviceProcess(program, *QUICK, "--echo", runner=processor.runner) as device:
        device.answer(1)
        for command in load_commands(data + bytes(490 - len(data))):
            device.ask(command)
        said = device.ask(b"infer 1 0%results%").decode()
    singles = struct.unpack("<6f", data[:24])
    assert said.split("m-results-[")[1].split(",")[:6] == [f"{value:.3f}" for value in singles]


READ_FLOATS = """\
#include <stdio.h>
#include "tinyrunner_nn.h"
int main(void)
{
    const uint8_t bytes[9] = {0, 0x00, 0x00, 0xA0, 0xBF, 0x79, 0xE9, 0xF6, 0x42};
    float values[2];
    tr_nn_read_floats(bytes + 1, 2, values);
    printf("%.3f %.3f", (double)values[0], (double)values[1]);
    return 0;
}
"""


def test_the_kernels_read_floats_so_too(processor: Processor, tmp_path: Path):
    source = tmp_path / "main.c"
    source.write_text(READ_FLOATS, encoding="utf-8")
    flags = [*C99, *processor.flags, "-I", KERNELS, "-o", tmp_path / "main"]
    run([need(processor.compiler), *flags, KERNELS / "tinyrunner_nn_floats.c", source])
    assert run([*processor.runner, tmp_path / "main"]) == "-1.250 123.456"
