"""How a simulated device says what it is: in a form that other runners log, and pass over."""

from __future__ import annotations

import re

import pytest
from tinyrunner.dut_protocol.wire.messages import Chatter, Name, parse_line
from tinyrunner.dut_protocol.wire.simulation import (
    REPLAY_NOTE,
    SIMULATED_NAME,
    SIMULATION_NOTE,
    is_simulated_name,
    replayed_name,
    says_simulated,
)

OTHERS_READ = re.compile(r"^m-(?:name-dut|model|profile)-\[([^]]+)]$")
"""The lines of a reply that MLCommons' runner looks at (mlcommons/tiny at 1af53ff,
benchmark/runner/device_under_test.py). It and EEMBC's end a reply at `m-ready`, and take a line
that begins with `e-[` for an error."""


@pytest.mark.parametrize("note", [SIMULATION_NOTE, f"{REPLAY_NOTE} log.txt"])
def test_the_note_is_chatter_to_every_runner(note):
    assert parse_line(note.encode()) == (Chatter(note),)
    assert note.isascii()
    assert OTHERS_READ.match(note) is None
    assert "m-ready" not in note
    assert "e-[" not in note
    assert len(note) < 80


@pytest.mark.parametrize("board", ["STMicroelectronics", "Acme, board 2", SIMULATED_NAME])
def test_a_replayed_boards_name_tells_both_and_is_a_name_to_every_runner(board):
    name = replayed_name(board)
    line = Name(name).encode()
    match = OTHERS_READ.match(line)
    assert match is not None
    assert match[1] == name
    assert board in name
    assert is_simulated_name(name)
    assert says_simulated(line.encode())
    assert replayed_name(name) == name


@pytest.mark.parametrize(
    "line",
    [
        b"m-name-dut-[tinyrunner]",
        b"m-name-dut-[simulated]",
        b"m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        b"this is no board",
        b"tinyrunner",
        b"",
    ],
)
def test_nothing_else_is_taken_for_it(line):
    assert not says_simulated(line)
