"""The firmware's fuzzer finds nothing: shortly here, ten minutes by hand with ``--slow``."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.firmware.build import (
    C99,
    CHECKOUT,
    STREAM_FLAGS,
    build,
    library_sources,
    streaming_sources,
)
from support.firmware.seeds import write_seeds
from tinyrunner.dut_protocol.wire.extension import Encoding, begin_load, encode_block

TARGET = CHECKOUT / "tests" / "fuzz" / "firmware_fuzz.c"
SANITIZED = (
    "-gline-tables-only", "-O1",
    "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all",
)  # fmt: skip


def fuzz(folder: Path, ring_bytes: int, streaming: bool, *arguments: str) -> int:
    """How many inputs were tried; AssertionError with the fuzzer's report when one was bad."""
    flags = [*C99, *SANITIZED, f"-DTR_RING_BYTES={ring_bytes}"]
    sources = [TARGET, *library_sources()]
    if streaming:
        flags += [*STREAM_FLAGS, "-DTR_ECHO=1", "-DTR_LAYERS=3"]
        sources += streaming_sources()
    program = build("clang", flags, sources, "firmware_fuzz")
    assert write_seeds(folder / "seeds") > 100
    (folder / "corpus").mkdir()
    done = subprocess.run(
        [program, "-print_final_stats=1", *arguments, "corpus", "seeds"],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert done.returncode == 0, done.stderr[-4000:]
    tried = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert tried is not None
    return int(tried[1])


@pytest.mark.parametrize(("ring_bytes", "streaming"), [(64, False), (1024, True)])
def test_a_short_run_finds_nothing(tmp_path: Path, ring_bytes: int, streaming: bool):
    tried = fuzz(tmp_path, ring_bytes, streaming, "-seed=7", "-runs=2000", "-max_len=4096")
    assert tried >= 2000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ring_bytes", "seconds", "streaming"),
    [(64, 240, False), (1024, 180, False), (1024, 180, True)],
)
def test_ten_minutes_find_nothing(tmp_path: Path, ring_bytes: int, seconds: int, streaming: bool):
    tried = fuzz(tmp_path, ring_bytes, streaming, f"-max_total_time={seconds}", "-max_len=4096")
    print(f"{tried} inputs")
    assert tried > 10_000


def test_the_fuzzer_sees_a_byte_too_many(tmp_path: Path):
    """A library that forgets the end of the buffer, and an input that goes beyond it."""
    broken = []
    for source in library_sources():
        text = source.read_text("utf-8")
        if source.name == "tr_extension.c":
            check = "if (count > dut->expected - dut->received) {"
            assert check in text
            text = text.replace(check, "if (count > 4096) {")
        broken.append(tmp_path / source.name)
        broken[-1].write_text(text, encoding="utf-8")
    program = build("clang", [*C99, *SANITIZED, "-O0"], [TARGET, *broken], "firmware_fuzz")
    begin = begin_load(1, 0, Encoding.B64).encode() + b"%"
    blocks = encode_block(bytes(53), Encoding.B64) * 10  # 530 bytes into 490
    (tmp_path / "input").write_bytes(b"\x02\xfe\xff" + begin + blocks)
    done = subprocess.run([program, tmp_path / "input"], capture_output=True, timeout=60)
    assert b"AddressSanitizer: heap-buffer-overflow" in done.stderr
