"""Any bytes, cut in any way: nothing that reads them fails otherwise than its module says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz_targets import TARGETS, layer_log_seed, ppk2_seed

_SPOKEN = st.sampled_from(
    (
        b"m-ready\r\n", b"m-results-[0.1,0.9]\r\n", b"m-lap-us-", b"m-infer-start-", b"e-[", b"]",
        b"m-timestamp-mode-performance\r\n", b"m-init-done\r\n", b"m-name-dut-[x]\r\n", b"m-[",
        b"Expecting 3 bytes]\r\n", b"m-load-done", b"m-buffer-00-7f-ff\n", b"Input db has ", b"\0",
        b"db ", b"db load ", b"490", b"%", b"name%", b"infer 1 0%", b"db print%", b"results%",
        b"00010.000 dut: ", b"00011.000 sequencer: m-sequencing-i[5]-command[x]\n", b"io: [dut]: ",
        b'00012.000 parser: Command "bload dut "a.bin" 0 5"\n', b"00013.000 parser: m-bload-done\n",
        b"00014.000 session: m-session-retry-step[5]\n", b'00015.000 parser: Command "dut infer 1',
        b"00016.000 session: m-session-resume-id[1]-step[", b"Logging initialized.\n", b"\n", b"\r",
        b"[\n    {\n        cmd: '", b"',\n        ms: 5\n    }\n]", b"{", b"}", b"// x\n", b"\\",
        b'[{"file": "a.bin", "infer": {"results": [', b"1e999", b"-1", b"0.000001 > name%\n",
        b"# tinyrunner 1 wire log, format 1, clock x, 1 baud, begun 1, at sim:\n", b"0.1 < \\x8",
    )
)  # fmt: skip
_ANYTHING = st.lists(_SPOKEN | st.binary(max_size=60), max_size=40).map(b"".join)


@pytest.mark.parametrize("name", TARGETS)
@given(data=_ANYTHING)
def test_any_bytes_are_survived_by(name, data):
    TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_a_megabyte_of_one_thing_is_survived_by(name):
    for piece in (
        b"\0",
        b"\xff",
        b"m-",
        b"m-ready\n",
        b"[",
        b"%",
        b"m-results-[0",
        b"\\",
        b"db 0%",
    ):
        TARGETS[name](piece * ((1 << 17) // len(piece)))


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4))
def test_a_damaged_ppk2_file_is_read_or_named(changes):
    """Any bytes are seldom a zip archive; a whole one with a few bytes changed often is."""
    data = bytearray(ppk2_seed())
    for place, value in changes:
        data[place % len(data)] = value
    TARGETS["ppk2"](bytes(data))


@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=4))
def test_a_damaged_log_of_layers_is_read_or_named(changes):
    data = bytearray(layer_log_seed())
    for place, value in changes:
        data[place % len(data)] = value
    TARGETS["layer_log"](bytes(data))
