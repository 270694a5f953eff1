"""The words by which a simulated device says what it is, on the wire and so in every log.

They are its name, and a line of chatter in its boot banner and in its reply to `profile`::

    m-name-dut-[tinyrunner-simulated]
    this is no board: tinyrunner simulates it

Neither alone would do. A banner is missed where the port is opened after it; MLCommons' runner logs
a device's name, profile and model and nothing else that it says; EEMBC's logs seldom hold the name,
and always the reply to `profile`. A vendor is free to choose his name, and every runner passes over
chatter: MLCommons' looks in a reply for `m-name-dut-[…]`, `m-profile-[…]` and `m-model-[…]`
(mlcommons/tiny at 1af53ff, benchmark/runner/device_under_test.py), and published logs of EEMBC's
hold 117,000 lines of it. The profile itself stays what every published board answers.
"""

from __future__ import annotations

SIMULATED_NAME = "tinyrunner-simulated"
"""The name of a simulated device; that of one that replays a board's log has the board's with it.
"""

NO_BOARD = "this is no board: tinyrunner"
"""The beginning of the line of chatter."""

SIMULATION_NOTE = f"{NO_BOARD} simulates it"
REPLAY_NOTE = f"{NO_BOARD} replays"
"""The line of one that answers from a log; the log's name follows."""


def replayed_name(board: str) -> str:
    """Return the name of a device that answers as a board of this name did."""
    return board if is_simulated_name(board) else f"{SIMULATED_NAME} ({board})"


def is_simulated_name(name: str) -> bool:
    """Tell whether a device of this name is a simulated one."""
    return SIMULATED_NAME in name


def says_simulated(line: bytes) -> bool:
    """Tell whether a line of a device says that it is a simulated one."""
    return _NAME in line or _NOTE in line


_NAME, _NOTE = SIMULATED_NAME.encode(), NO_BOARD.encode()
