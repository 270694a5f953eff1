"""The constants of the firmware's front end, computed; ``python front_end_tables.py`` writes them.

Of the definition alone: a symmetric Hamming window, 40 triangles equally wide in mel
(1127 ln(1 + f / 700)) from 0 to 8 kHz over the bins of a spectrum of 1024 samples at 16 kHz.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

_WINDOW, _FEATURES, _RATE_HZ = 1024, 40, 16_000
_WIDTH = 98
_HEAD = """\
/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tests/support/firmware/front_end_tables.py; do not edit. */
#include "tr_front_end_tables.h"

/* clang-format off */
"""


def cosines() -> np.ndarray:
    return np.cos(2 * np.pi * np.arange(_WINDOW // 4 + 1) / _WINDOW)


def hamming() -> np.ndarray:
    turns = np.arange(_WINDOW // 2) / (_WINDOW - 1)
    return (0.54 - 0.46 * np.cos(2 * np.pi * turns)) / 32768


def rising() -> np.ndarray:
    def mel(frequency_hz):
        return 1127 * np.log1p(frequency_hz / 700)

    bins_hz = np.arange(1, _WINDOW // 2 + 1) * _RATE_HZ / _WINDOW
    place = mel(bins_hz) / mel(_RATE_HZ / 2) * (_FEATURES + 1)
    return place % 1


def tables_source() -> str:
    return "\n".join(
        [
            _HEAD,
            _array("tr_cosines[TR_QUARTER + 1]", cosines()),
            _array("tr_hamming[TR_WINDOW_SAMPLES / 2]", hamming()),
            _array("tr_rising[TR_BINS]", rising()),
        ]
    )


def _array(name: str, values: Iterable[float]) -> str:
    lines, line = [], "   "
    for value in values:
        text = f"{np.float32(value):.9g}"
        text = f" {text}F," if "." in text or "e" in text else f" {text}.0F,"
        if len(line) + len(text) > _WIDTH:
            lines.append(line)
            line = "   "
        line += text
    body = "\n".join([*lines, line])
    return f"const float {name} = {{\n{body}\n}};\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(tables_source(), "ascii")
