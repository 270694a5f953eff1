"""(e) Decoding energy monitors' streams: samples a CPU second, in pieces as a port gives them.

At least 5 million of the LPM01A's ASCII samples, and 50 million of the PPK2's and of the
STLINK-V3PWR's binary ones are asked for. The floor of the last is a look-up of each of its samples
in a table, which is the least that reading them can be.
"""

from __future__ import annotations

import numpy as np
from support.benches.timing import Cost, interleaved, print_table
from support.energy.ppk2_text import metadata
from tinyrunner.energy.drivers.joulescope.stream import PowerStream
from tinyrunner.energy.drivers.lpm01a.stream import Lpm01aStream
from tinyrunner.energy.drivers.ppk2.stream import Ppk2Stream, parse_calibration
from tinyrunner.energy.drivers.stlinkv3pwr.stream import BinaryStream

PIECE_BYTES = 65536
FLOOR = "its floor: a look-up each"
LPM01A_SAMPLES = 500_000
PPK2_SAMPLES = 5_000_000
JOULESCOPE_SAMPLES = 5_000_000
STLINK_SAMPLES = 5_000_000
SAMPLES_A_TIMESTAMP = 1000


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


def stlink_words(samples: int = STLINK_SAMPLES) -> np.ndarray:
    """From microamperes to half an ampere."""
    random = np.random.default_rng(1)
    exponents = random.integers(3, 8, samples)
    return (exponents << 12 | random.integers(256, 2048, samples)).astype(">u2")


def stlink_data(words: np.ndarray) -> bytes:
    """With a TimeStamp in front of every 1000 samples, as an LPM01A sends it."""
    pieces = []
    for number in range(0, len(words), SAMPLES_A_TIMESTAMP):
        milliseconds = (number // 100).to_bytes(4, "big")
        pieces.append(b"\xf0\xf3" + milliseconds + b"\x03\xff\xff")
        pieces.append(words[number : number + SAMPLES_A_TIMESTAMP].tobytes())
    return b"".join(pieces)


def decode_stlink(data: bytes, piece: int = PIECE_BYTES) -> int:
    stream = BinaryStream(3.0 / 100_000)
    for start in range(0, len(data), piece):
        stream.feed(data[start : start + piece])
    return stream.count


def look_up(words: np.ndarray, piece: int = PIECE_BYTES // 2) -> None:
    table = np.arange(1 << 16, dtype=np.float64)
    words = words.view("<u2")
    for start in range(0, len(words), piece):
        np.take(table, words[start : start + piece], mode="clip")


def stlink_ratio(samples: int = STLINK_SAMPLES, blocks: int = 7) -> Cost:
    """What decoding costs in look-ups of each sample in a table."""
    words = stlink_words(samples)
    data = stlink_data(words)
    candidates = {"decoded": lambda: decode_stlink(data), "floor": lambda: look_up(words)}
    costs = interleaved(candidates, blocks)
    return costs["decoded"].ratio(costs["floor"])


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
    words = stlink_words()
    stlink = stlink_data(words)
    values = np.random.default_rng(1).random(JOULESCOPE_SAMPLES, np.float32)
    costs = interleaved(
        {
            "LPM01A, ASCII": lambda: decode_lpm01a(lpm01a),
            "PPK2": lambda: decode_ppk2(ppk2),
            "STLINK-V3PWR, binary": lambda: decode_stlink(stlink),
            FLOOR: lambda: look_up(words),
            "Joulescope, i x v": lambda: decode_joulescope(values),
        },
        blocks,
        percent=0.0,
    )
    counts = (LPM01A_SAMPLES, PPK2_SAMPLES, STLINK_SAMPLES, STLINK_SAMPLES, JOULESCOPE_SAMPLES)
    return {
        name: cost.per(count) for (name, cost), count in zip(costs.items(), counts, strict=True)
    }


def main() -> None:
    costs = measure()
    rows = [
        (name, f"{1e-6 / cost.cpu_s:.1f}", f"{1e-6 / cost.wall_s:.1f}", asked)
        for (name, cost), asked in zip(costs.items(), ("5", "50", "50", "-", "-"), strict=True)
    ]
    print_table(
        f"(e) decoding streams, {PIECE_BYTES} bytes at a time, in million samples a second",
        ("", "CPU", "wall", "asked for"),
        rows,
    )
    ratio = costs["STLINK-V3PWR, binary"].ratio(costs[FLOOR])
    print(f"  the STLINK-V3PWR's: {ratio.cpu_s:.1f} times its floor")
