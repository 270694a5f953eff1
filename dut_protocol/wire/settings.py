"""The settings of a link to a device: what may be set, checked once, on construction."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

COMMAND_BUFFER_BYTES = 80
"""The reference firmware keeps the first 80 characters of a command and drops the rest silently."""

MAX_DATA_BYTES_PER_DB = (COMMAND_BUFFER_BYTES - len("db ")) // 2
"""38: two hex digits a byte beside `db ` in the 80-character buffer. One more and the device
would lose data without a word."""

DEFAULT_DATA_BYTES_PER_DB = 30
"""What EEMBC's runner sent at most: `db `, 60 digits and `%` make 64 characters."""

IO_MANAGER_COMMAND_CHARS = 64
"""What EEMBC's IO manager keeps of a command, `dut ` included; a longer one it passes on cut, and
what lies behind it in memory follows."""

DATA_BYTES_BEHIND_IO_MANAGER = 28
"""What such a command has room for: `dut db ` and 56 digits make 63 characters."""

DEFAULT_BAUD_RATE = 115200

ENERGY_BAUD_RATE = 9600
"""The rate of energy firmware behind an IO manager; MLCommons' streaming set-up runs it at 115200.
"""

ENERGY_BOOT_TIMEOUT_S = 20.0
"""Seconds from power on to the device's `m-ready`: a setting. EEMBC's runner waits 5 s; published
boards take up to 18 s."""

MAX_INPUT_BYTES = 27648
"""The reference firmware's input buffer: one vww image."""


class VerifyLoad(Enum):
    """Says which loads are read back with `db print` and compared."""

    FIRST = "first"
    ALL = "all"
    NEVER = "never"


class ConfirmResults(Enum):
    """Says which scores (and names) are asked for once more, and must come the same again.

    The protocol has no checksum: a digit of a score that was flipped on its way is as often as
    not another digit, and nothing else tells.
    """

    NEVER = "never"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Holds the settings of one link; an illegal one cannot exist (ValueError)."""

    baud_rate: int = DEFAULT_BAUD_RATE
    data_bytes_per_db: int = DEFAULT_DATA_BYTES_PER_DB
    verify_load: VerifyLoad = VerifyLoad.FIRST
    boot_wait_s: float = 2.0
    """How long a late boot banner may take."""
    expected_inference_s: float | None = None
    """Seconds an inference takes, for the deadline of `infer`; None where nobody knows yet."""
    confirm_results: ConfirmResults = ConfirmResults.NEVER
    pipeline_chars: int = 0
    """Most characters of `db` commands that may be unanswered; 0: each waits for the one before.
    Only for firmware that was shown to buffer its input."""

    def __post_init__(self) -> None:
        if self.baud_rate < 1:
            raise ValueError(f"a baud rate is at least 1, not {self.baud_rate}")
        check_data_bytes_per_db(self.data_bytes_per_db)
        if self.pipeline_chars < 0:
            raise ValueError(f"pipeline_chars is 0 or more, not {self.pipeline_chars}")
        if not (math.isfinite(self.boot_wait_s) and self.boot_wait_s >= 0):
            raise ValueError(f"boot_wait_s is a number of seconds, not {self.boot_wait_s}")
        expected = self.expected_inference_s
        if expected is not None and not (math.isfinite(expected) and expected > 0):
            raise ValueError(f"expected_inference_s is more than 0 seconds, not {expected}")


def check_data_bytes_per_db(count: int) -> None:
    """Refuse (ValueError) more bytes in a `db` than the device's command buffer can hold."""
    if not 1 <= count <= MAX_DATA_BYTES_PER_DB:
        raise ValueError(
            f"expected 1 to {MAX_DATA_BYTES_PER_DB} data bytes per db, got {count}: the device's "
            f"command buffer holds {COMMAND_BUFFER_BYTES} characters and drops the rest silently"
        )


@dataclass(frozen=True, slots=True)
class LinkWishes:
    """Says what was asked for beyond the plain, handshaken link."""

    largest_block: bool = False
    """Whether to take the largest `db` that the device is known to take."""
    pipelining: bool = False
    extension: bool = False


NO_WISHES = LinkWishes()
