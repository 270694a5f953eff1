"""The C library compiles without a word for every processor, and is small.

`pytest -s` shows the sizes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.firmware.build import (
    C99,
    CPP,
    FIRMWARE,
    LIBRARY,
    STREAM_FLAGS,
    SYNTAX_ONLY,
    build,
    host_sources,
    library_sources,
    need,
    object_sizes,
    run,
    streaming_sources,
)

ARM = ("-mthumb", "-Os", "-ffunction-sections", "-fdata-sections")
M4 = ("-mcpu=cortex-m4", *ARM)
COMPILERS = {
    "gcc": ("gcc", C99),
    "clang": ("clang", (*C99, SYNTAX_ONLY)),
    "g++": ("g++", CPP),
    "clang++": ("clang++", CPP),
    "Cortex-M0": ("arm-none-eabi-gcc", (*C99, "-mcpu=cortex-m0", *ARM)),
    "Cortex-M55": ("arm-none-eabi-gcc", (*C99, "-mcpu=cortex-m55", "-mfloat-abi=hard", *ARM)),
    "Cortex-M4, C++": ("arm-none-eabi-g++", (*CPP, *M4)),
}
"""A Cortex-M4 is not among them: its objects, compiled without a warning, are measured below."""

MOST_TEXT_BYTES = 3200
MOST_TEXT_WITH_EXTENSION_BYTES = 4500
MOST_RAM_BYTES = 256
MOST_STREAMING_TEXT_BYTES = 3584
MOST_STREAMING_TABLE_BYTES = 5632


# Without the extension there is less to compile: the Cortex-M4's is held to its size below.
@pytest.mark.parametrize(
    ("target", "ring_bytes", "extension"),
    [
        *((target, 1024, 1) for target in COMPILERS),
        ("Cortex-M0", 256, 1),  # its ring counts in bytes
        *((target, 1024, 0) for target in ("gcc", "clang", "g++", "clang++")),
    ],
)
def test_the_library_compiles_without_a_warning(
    tmp_path: Path, target: str, ring_bytes: int, extension: int
):
    compiler, flags = COMPILERS[target]
    run(
        [
            need(compiler), *flags, f"-DTR_RING_BYTES={ring_bytes}",
            f"-DTR_WIRE_EXTENSION={extension}", "-c", *library_sources(),
        ],
        cwd=tmp_path,
    )  # fmt: skip
    objects = 0 if SYNTAX_ONLY in flags else len(library_sources())
    assert len(list(tmp_path.glob("*.o"))) == objects


@pytest.mark.parametrize("target", COMPILERS)
def test_the_streaming_module_compiles_without_a_warning(tmp_path: Path, target: str):
    compiler, flags = COMPILERS[target]
    more = ["-I", LIBRARY, *STREAM_FLAGS, "-DTR_ECHO=1", "-DTR_COMMAND_BYTES=1028"]
    sources = [*streaming_sources(), *(LIBRARY / name for name in ("tr_commands.c", "tr_db.c"))]
    run([need(compiler), *flags, *more, "-c", *sources], cwd=tmp_path)


@pytest.mark.parametrize(
    "flag",
    [
        "TR_RING_BYTES=1000", "TR_RING_BYTES=8", "TR_RING_BYTES=65536", "TR_LINE_BYTES=0",
        "TR_LINE_BYTES=256", "TR_BIN_BLOCK_BYTES=1020", "TR_BIN_BLOCK_BYTES=0",
        "TR_BIN_TIMEOUT_MS=99", "TR_BIN_TIMEOUT_MS=1001", "TR_COMMAND_BYTES=7",
        "TR_CRC_TABLE_ENTRIES=8",
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_does_not_compile(tmp_path: Path, flag: str):
    with pytest.raises(AssertionError, match=f"#error .*{flag.split('=')[0]}"):
        run([need("gcc"), "-std=c99", f"-D{flag}", "-c", LIBRARY / "tr_ring.c"], cwd=tmp_path)


def test_the_example_ports_compile_without_a_warning(tmp_path: Path):
    build("gcc", [*C99, "-O2"], host_sources(), "host_dut")
    run([need("clang"), *C99, SYNTAX_ONLY, "-I", LIBRARY, *host_sources()])
    ports = sorted((FIRMWARE / "ports" / "generic").glob("*.c"))
    for target in ("gcc", "Cortex-M0", "Cortex-M4, C++"):
        compiler, flags = COMPILERS[target]
        run([need(compiler), *flags, "-I", LIBRARY, "-c", *ports], cwd=tmp_path)


def test_the_arduino_sketch_compiles_against_arduinos_names(tmp_path: Path):
    (sketch,) = (FIRMWARE / "examples").rglob("*.ino")
    (tmp_path / "Arduino.h").write_text(ARDUINO, encoding="utf-8")
    run(
        [
            need("g++"), "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", tmp_path, "-I", LIBRARY,
            "-include", tmp_path / "Arduino.h", "-x", "c++", "-c", sketch,
        ],
        cwd=tmp_path,
    )  # fmt: skip


ARDUINO = """
#pragma once
#include <stddef.h>
#include <stdint.h>
struct Port {
    void begin(unsigned long);
    int available();
    int read();
    size_t write(const uint8_t *, size_t);
    operator bool();
};
extern Port Serial;
unsigned long micros();
void delayMicroseconds(unsigned int);
void pinMode(uint8_t, uint8_t);
void digitalWrite(uint8_t, uint8_t);
enum { INPUT, OUTPUT, LOW = 0, HIGH = 1 };
"""


# ---- sizes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class M4Objects:
    """The library compiled for a Cortex-M4, with the wire extension or without."""

    extension: bool
    files: list[Path]


@pytest.fixture(scope="module", params=[0, 1], ids=["plain", "extension"])
def m4(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> M4Objects:
    folder = tmp_path_factory.mktemp("m4")
    flags = [*C99, *M4, f"-DTR_WIRE_EXTENSION={request.param}", "-c"]
    run([need("arm-none-eabi-gcc"), *flags, *library_sources()], cwd=folder)
    return M4Objects(request.param == 1, sorted(folder.glob("*.o")))


def test_the_library_is_small_on_a_cortex_m4(m4: M4Objects):
    sizes = object_sizes("arm-none-eabi-size", m4.files)
    text, data, bss = (sum(column) for column in zip(*sizes.values(), strict=True))
    for name, row in sizes.items():
        print(f"{name:20} {row[0]:5}")
    print(f"{'with' if m4.extension else 'without'} the wire extension: {text} bytes of text")
    assert (data, bss) == (0, 0), "the library keeps nothing of its own"
    assert 2000 < text < (MOST_TEXT_WITH_EXTENSION_BYTES if m4.extension else MOST_TEXT_BYTES)


def test_the_streaming_module_is_small_on_a_cortex_m4(tmp_path: Path):
    flags = [*C99, *M4, "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", *STREAM_FLAGS, "-I", LIBRARY]
    run([need("arm-none-eabi-gcc"), *flags, "-c", *streaming_sources()], cwd=tmp_path)
    sizes = object_sizes("arm-none-eabi-size", sorted(tmp_path.glob("*.o")))
    tables, _, _ = sizes.pop("tr_front_end_tables.o")
    text, data, bss = (sum(column) for column in zip(*sizes.values(), strict=True))
    print(f"the streaming module: {text} bytes of text, {tables} of tables")
    assert (data, bss) == (0, 0), "the module keeps nothing of its own"
    assert 1500 < text < MOST_STREAMING_TEXT_BYTES
    assert tables < MOST_STREAMING_TABLE_BYTES
    symbols = run([need("arm-none-eabi-nm"), *sorted(tmp_path.glob("*.o"))])
    missing = {name for name in re.findall(r" U (\w+)", symbols) if not name.startswith("tr_")}
    assert missing <= {"memcpy", "memmove", "memset"}, "no mathematics of libc"


@pytest.mark.parametrize("extension", [0, 1], ids=["plain", "extension"])
def test_a_device_takes_little_memory(tmp_path: Path, extension: int):
    source = tmp_path / "device.c"
    source.write_text('#include "tinyrunner_dut.h"\ntr_dut dut;\n', encoding="utf-8")
    flags = [*C99, *M4, f"-DTR_WIRE_EXTENSION={extension}", "-DTR_RING_BYTES=1024"]
    run([need("arm-none-eabi-gcc"), *flags, "-I", LIBRARY, "-c", source], cwd=tmp_path)
    (size,) = object_sizes("arm-none-eabi-size", [tmp_path / "device.o"]).values()
    ram = sum(size) - 1024
    print(f"{ram} bytes of RAM beside the ring")
    assert 100 < ram < MOST_RAM_BYTES


def test_of_libc_it_needs_four_functions(m4: M4Objects):
    """What else is undefined comes from the library itself or from the compiler's own."""
    symbols = run([need("arm-none-eabi-nm"), *m4.files])
    defined = set(re.findall(r" [TDBRd] (\w+)", symbols))
    missing = set(re.findall(r" U (\w+)", symbols)) - defined
    from_libc = {name for name in missing if not name.startswith("__aeabi_")}
    assert from_libc <= {"memcmp", "memcpy", "memmove", "memset"}
    assert not {name for name in missing if re.match(r"__aeabi_(u?ldiv|[fd])", name)}
