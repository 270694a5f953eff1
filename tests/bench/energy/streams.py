"""(e) Decoding energy monitors' streams: samples a CPU second, in pieces as a port gives them.

At least 5 million of the LPM01A's ASCII samples and 50 million of the PPK2's are asked for.
"""

from __future__ import annotations

import numpy as np
from support.benches.timing import Cost, interleaved, print_table
from support.energy.ppk2_text import metadata
from tinyrunner.energy.drivers.joulescope.stream import PowerStream
from tinyrunner.energy.drivers.lpm01a.stream import Lpm01aStream
from tinyrunner.energy.drivers.ppk2.stream import Ppk2Stream, parse_calibration

PIECE_BYTES = 65536
LPM01A_SAMPLES = 500_000
PPK2_SAMPLES = 5_000_000
JOULESCOPE_SAMPLES = 5_000_000


def lpm01a_data(samples: int = LPM01A_SAMPLES) -> bytes:
    """With a TimeStamp every 1000 samples, as the board sends it."""
    values = np.random.default_rng(1).integers(1000, 10000, samples).tolist()
    lines = []
    for number, value in enumerate(values, 1):
        lines.append(b"%04d-07\r\n" % value)
        if number % 1000 == 0:
            lines.append(b"TimeStamp: %03ds 000ms, buff 03%%\r\n" % (number // 1000))
    return b"".join(lines)


def ppk2_data(samples: int = PPK2_SAMPLES) -> bytes:
    """Every range and value equally often: the worst for the table's place in the cache."""
    random = np.random.default_rng(1)
    words = random.integers(0, 5 << 14, samples).astype(np.uint32)
    words |= (np.arange(samples, dtype=np.uint32) & np.uint32(63)) << np.uint32(18)
    return (words | np.uint32(1 << 24)).astype("<u4").tobytes()


def decode_lpm01a(data: bytes, piece: int = PIECE_BYTES) -> int:
    stream = Lpm01aStream()
    for start in range(0, len(data), piece):
        stream.feed(data[start : start + piece])
    return stream.count


def decode_ppk2(data: bytes, piece: int = PIECE_BYTES) -> int:
    stream = Ppk2Stream(parse_calibration(metadata()), 3.0)
    for start in range(0, len(data), piece):
        stream.feed(data[start : start + piece])
    return stream.count


def decode_joulescope(values: np.ndarray, size: int = 2000) -> int:
    stream = PowerStream(1e6)
    for start in range(0, len(values), size):
        message = {
            "sample_id": 2 * start,
            "sample_rate": 2_000_000,
            "decimate_factor": 2,
            "data": values[start : start + size],
        }
        stream.current(message)
        stream.voltage(message)
        stream.take()
    return stream.count


def measure(blocks: int = 7) -> dict[str, Cost]:
    """Seconds a sample, the cheapest of the blocks."""
    lpm01a, ppk2 = lpm01a_data(), ppk2_data()
    values = np.random.default_rng(1).random(JOULESCOPE_SAMPLES, np.float32)
    costs = interleaved(
        {
            "LPM01A, ASCII": lambda: decode_lpm01a(lpm01a),
            "PPK2": lambda: decode_ppk2(ppk2),
            "Joulescope, i x v": lambda: decode_joulescope(values),
        },
        blocks,
        percent=0.0,
    )
    counts = (LPM01A_SAMPLES, PPK2_SAMPLES, JOULESCOPE_SAMPLES)
    return {
        name: cost.per(count) for (name, cost), count in zip(costs.items(), counts, strict=True)
    }


def main() -> None:
    rows = [
        (name, f"{1e-6 / cost.cpu_s:.1f}", f"{1e-6 / cost.wall_s:.1f}", asked)
        for (name, cost), asked in zip(measure().items(), ("5", "50", "-"), strict=True)
    ]
    print_table(
        f"(e) decoding streams, {PIECE_BYTES} bytes at a time, in million samples a second",
        ("", "CPU", "wall", "asked for"),
        rows,
    )
