"""How much of the C library the dialogues reach, by gcov, and what they cannot reach."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.devices.device_dialogues import INPUT, SHARED
from support.devices.extension_dialogues import EXTENSION_DIALOGUES, begun
from support.firmware.build import (
    C99,
    CHECKOUT,
    LIBRARY,
    STREAM_FLAGS,
    STREAMING,
    host_sources,
    library_sources,
    need,
    run,
    streaming_sources,
)
from support.firmware.device import DeviceProcess, hold
from support.firmware.dialogues import OVERFLOWS, STRICT, load_commands
from support.firmware.streaming_dialogues import LOUD, NOISE, START, STREAMING_DIALOGUES
from support.firmware.timeouts import TIMED, hold_timed
from tinyrunner.dut_protocol.wire.extension import Encoding

LEAST_BRANCHES = 0.97
UNIT = CHECKOUT / "tests" / "support" / "firmware" / "programs" / "unit.c"
SCORES = (0x7FC00000, 0x7F800000, 0xFF800000, 0, 1, 0x3F7FFFFF, 0x3D800000, 0x3E400000, 0x7F7FFFFF)


@pytest.mark.parametrize(
    ("ring_bytes", "extension"),
    [(16, 1), (256, 0), (1024, 1)],
    ids=["16, extension", "256, plain", "1024, extension"],
)
def test_what_no_dialogue_reaches(tmp_path: Path, ring_bytes: int, extension: int):
    program = tmp_path / "unit"
    flags = [f"-DTR_WIRE_EXTENSION={extension}", f"-DTR_RING_BYTES={ring_bytes}"]
    flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [UNIT, *library_sources()]
    run([need("gcc"), *C99, *flags, "-I", LIBRARY, *sources, "-o", program])
    assert run([program]) == ""


def test_the_dialogues_take_nearly_every_branch(tmp_path: Path):
    covered = tmp_path / "covered"
    covered.mkdir()
    flags = ["-std=c99", "-O0", "--coverage", "-I", LIBRARY, *STREAM_FLAGS]
    host, unit = [*host_sources(), *streaming_sources()], [UNIT, *library_sources()]
    run([need("gcc"), *flags, *host, "-o", covered / "host_dut"], cwd=covered)
    run([need("gcc"), *flags, *unit, *streaming_sources(), "-o", covered / "unit"], cwd=covered)
    say_all(covered / "host_dut")
    run([covered / "unit"])
    reports = gcov(covered)
    branches = {(file, line, n): taken for file, line, n, taken in taken_branches(reports)}
    missed = sorted(f"{file}:{line}" for (file, line, _), taken in branches.items() if not taken)
    share = 1 - len(missed) / len(branches)
    print(f"{share:.1%} of {len(branches)} branches; not taken: {', '.join(missed)}")
    assert len(branches) > 200
    assert share >= LEAST_BRANCHES, missed


def say_all(program: Path) -> None:
    for dialogue in SHARED + STRICT + EXTENSION_DIALOGUES:
        with DeviceProcess(program) as device:
            device.answer(1)
            hold(device, dialogue)
    with DeviceProcess(program) as device:  # what does not fit into a load by the extension
        device.answer(1)
        for command in (begun(INPUT, Encoding.B64)[0], b"db ffff%", b"xdb%"):
            device.ask(command)
        device.end()
    for dialogue in STREAMING_DIALOGUES:
        with DeviceProcess(program, "--task", "sww") as device:
            device.answer(1)
            hold(device, dialogue)
    with DeviceProcess(program, "--task", "sww") as device:
        device.answer(1)
        for command in [
            START[0],
            *(c for d in (NOISE, LOUD) for c in (*load_commands(d), b"frame%")),
        ]:
            device.ask(command)
        device.ask(b"stop%extract_uart_stream%")
        device.end()
    for dialogue in OVERFLOWS:
        with DeviceProcess(program, "--at-once", "65536") as device:
            device.answer(1)
            hold(device, dialogue)
    for timed in TIMED:
        with DeviceProcess(program, *timed.arguments) as device:
            device.answer(1)
            hold_timed(device, timed)
            device.end()
    scores = struct.pack(f"={len(SCORES)}I", *SCORES)
    for arguments in (["--energy"], ["--echo"]):
        with DeviceProcess(program, *arguments) as device:
            device.answer(1)
            device.send(b"".join(load_commands((scores + INPUT)[:490])) + b"infer 1 0%")
            device.end()


def gcov(folder: Path) -> list[dict[str, object]]:
    """gcov's reports of both programs, unpacked."""
    run([need("gcov"), "-b", "--json-format", *sorted(folder.glob("*.gcda"))], cwd=folder)
    return [
        json.loads(gzip.decompress(path.read_bytes()))
        for path in sorted(folder.glob("*.gcov.json.gz"))
    ]


def taken_branches(reports: list[dict[str, object]]) -> Iterator[tuple[str, int, int, bool]]:
    """(file, line, number of the branch, taken by one of the programs) of the library."""
    counts: dict[tuple[str, int, int], int] = {}
    for report in reports:
        for file in report["files"]:
            path = Path(file["file"])
            if path.parent.name in (LIBRARY.name, STREAMING.name) and path.suffix == ".c":
                for line in file["lines"]:
                    for number, branch in enumerate(line["branches"]):
                        key = (path.name, line["line_number"], number)
                        counts[key] = counts.get(key, 0) + branch["count"]
    for (name, line, number), count in counts.items():
        yield name, line, number, count > 0
