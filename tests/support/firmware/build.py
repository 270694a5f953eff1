"""Compiling the firmware library, each thing once: a cache keyed by sources and command.

`TINYRUNNER_NEEDS_TOOLS=1`, as CI sets it, makes a missing compiler or emulator a failure.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from filelock import FileLock

CHECKOUT = Path(__file__).resolve().parents[3]
FIRMWARE = CHECKOUT / "dut_protocol" / "firmware"
LIBRARY = FIRMWARE / "src"
STREAMING = FIRMWARE / "streaming"
HOST_PORT = FIRMWARE / "ports" / "host"

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
C99 = ("-std=c99", *WARNINGS)
SYNTAX_ONLY = "-fsyntax-only"
"""Enough for Clang, whose warnings all come before its optimiser; for C++ beside the same as C."""
CPP = ("-x", "c++", "-std=c++17", *WARNINGS, SYNTAX_ONLY)


def need(tool: str) -> str:
    """The path of ``tool``; skips the test where it is not installed, fails in CI."""
    path = shutil.which(tool)
    if path is None:
        lack(tool)
    return path


def lack(tool: str) -> NoReturn:
    """Skip the test for want of ``tool``; fail it in CI."""
    if os.environ.get("TINYRUNNER_NEEDS_TOOLS"):
        pytest.fail(f"{tool} is not installed, and here it must be")
    pytest.skip(f"{tool} is not installed")


def library_sources() -> list[Path]:
    return sorted(LIBRARY.glob("*.c"))


def streaming_sources() -> list[Path]:
    return sorted(STREAMING.glob("*.c"))


STREAM_FLAGS = ("-DTR_OWN_COMMANDS=1", "-DTR_STREAM_UART_FRAMES=1", "-I", str(STREAMING))
"""What a port of the streaming wake word without a sound input is compiled with."""


def host_sources() -> list[Path]:
    return [*library_sources(), *sorted(HOST_PORT.glob("*.c"))]


def run(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    """What the command prints; AssertionError with its complaints where it fails."""
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stderr}{done.stdout}"
    return done.stdout


def build(
    compiler: str,
    flags: Sequence[str | Path],
    sources: Sequence[Path],
    name: str,
    inputs: Sequence[Path] = (),
) -> Path:
    """``name``, made of ``sources`` by one command; from the cache where nothing has changed.

    ``inputs`` are further files that it depends on (linker scripts); headers in the firmware's
    folders are always among them.
    """
    command = [need(compiler), *map(str, flags), "-I", str(LIBRARY), *map(str, sources)]
    digest = hashlib.sha256(run([command[0], "--version"]).encode())
    digest.update("\0".join(command).encode())
    for path in [*sources, *inputs, *sorted(FIRMWARE.rglob("*.h"))]:
        digest.update(path.read_bytes())
    folder = cache_folder() / digest.hexdigest()[:32]
    built = folder / name
    with FileLock(cache_folder() / f"{folder.name}.lock", timeout=300):
        if not built.exists():
            folder.mkdir(exist_ok=True)
            partial = folder / f"{name}.partial"
            run([*command, "-o", partial])
            partial.replace(built)
    return built


def host_dut(*flags: str) -> Path:
    """The host port. It is compiled in many variants: what optimising warns of, test_sizes asks."""
    return build("gcc", [*C99, "-O0", *flags], host_sources(), "host_dut")


def streaming_host_dut(*flags: str, more: Sequence[Path] = (), compiler: str = "gcc") -> Path:
    """The host port with the streaming wake word; ``more`` is a network and the kernels."""
    sources = [*host_sources(), *streaming_sources(), *more]
    every = [*C99, "-O0", "-ffp-contract=off", *STREAM_FLAGS, *flags]
    return build(compiler, every, sources, "host_dut")


def cmake_build(source: Path, folder: Path, *settings: str) -> str:
    """Configure the project in ``source`` and build it in ``folder``; what the build prints."""
    need("make")
    cmake = need("cmake")
    run([cmake, "-S", source, "-B", folder, *settings])
    return run([cmake, "--build", folder])


def object_sizes(size_tool: str, objects: Sequence[Path]) -> dict[str, tuple[int, int, int]]:
    """(text, data, bss) in bytes of each object file, by its name."""
    sizes = {}
    for line in run([need(size_tool), *objects]).splitlines()[1:]:
        if match := re.match(r"\s*(\d+)\s+(\d+)\s+(\d+)\s+\d+\s+\S+\s+(\S+)", line):
            sizes[Path(match[4]).name] = (int(match[1]), int(match[2]), int(match[3]))
    return sizes


def cache_folder() -> Path:
    """Where compiled things stay from one run of the suite to the next."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"tinyrunner-firmware-{user}"
    folder.mkdir(exist_ok=True)
    return folder
