"""Bytes may come in an interrupt at any moment of the main loop's work."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.firmware.build import C99, CHECKOUT, LIBRARY, library_sources, need, run

PROGRAM = CHECKOUT / "tests" / "support" / "firmware" / "programs" / "interrupts.c"


@pytest.mark.parametrize(("optimised", "ring_bytes"), [("-O0", 4096), ("-O2", 1024)])
def test_no_byte_is_lost_or_taken_twice(tmp_path: Path, optimised: str, ring_bytes: int):
    program = tmp_path / "interrupts"
    flags = [*C99, optimised, f"-DTR_RING_BYTES={ring_bytes}", "-I", LIBRARY]
    run([need("gcc"), *flags, PROGRAM, *library_sources(), "-o", program])
    assert run([program]) == ""
