"""The words of MLCommons' interface board, which plays recordings to a streaming device.

Source: mlcommons/tiny at 1afd2c9, ``benchmark/interface``; the lists are as a published session
holds them (v1.3, syntiant). A board's line ends in CR LF, or in LF alone::

    host     play long_wav.wav%
    board    Attempting to play long_wav.wav | succeeded. | m-ready
    host     print_dutycycle%
    board    Duty cycle start times (s) | 6718, 9924, 13132, … | … | 324232,
             Duty cycle stop times (s) | 6787, 9994, … | 314683, 317889, 321095, 324302, m-ready

The heads of the duty cycle say seconds; the numbers are ticks of 10 us since `record_detections`.
"""

from __future__ import annotations

import re
from enum import Enum

BOARD_NAME = "tinyML Enhanced Interface Board"
ATTEMPTING = "Attempting to play"
SUCCEEDED = "succeeded."
REFUSED = "Error playing file"
RECORDING = "Now recording detections"

MOST_DETECTIONS = 10_000
"""As many as the board keeps; of edges it keeps 100 of each kind."""

_LONGEST_NUMBER = 12
LONGEST_LIST_CHARS = MOST_DETECTIONS * _LONGEST_NUMBER
"""The most characters that a list comes to, line ends included."""

_NUMBERS = re.compile(rb"(?:\d{1,15}, ?)*(?:\d{1,15})?")


class BoardList(Enum):
    """Names the lists that the board prints, by their heads."""

    DETECTIONS = "Detection Timestamps (ms)"
    RISES = "Duty cycle start times (s)"
    FALLS = "Duty cycle stop times (s)"


HEADS = {one.value.encode(): one for one in BoardList}


def numbers_in(text: bytes) -> list[int] | None:
    """Return whole numbers with commas between them; None where it is something else."""
    if len(text) > LONGEST_LIST_CHARS or not _NUMBERS.fullmatch(text):
        return None
    return [int(one) for one in text.replace(b",", b" ").split()]
