"""Damaged .tflite files, each by its seed, and what the program makes of many of them.

Nothing here is the program's: the file is taken as words. Where a word is smaller than the file is
long it is taken for an offset, a length, an index or a type, and these are what is damaged.

By hand, from the folder `tests` (2000 take about ten minutes):

    python -m hostile.model_mutants 2000 [models…]
"""

from __future__ import annotations

import random
import re
import struct
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

WORDS = (0, 1, 2, 3, 4, 7, 8, 32, 127, 128, 255, 256, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1)
FLOATS = (0.0, -1.0, float("nan"), float("inf"), 3e38, 1e-45)
NEAR = (-8, -4, -2, -1, 1, 2, 4, 8, 256)


def mutant(model: bytes, seed: int) -> bytes:
    """The model with one to sixteen places damaged in one of eight ways."""
    chance = random.Random(seed)
    data = bytearray(model)
    small = [at for at in range(8, len(data) - 3, 4) if word(data, at) < len(data)]
    kind = chance.choice(KINDS)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        kind(data, chance.choice([at for at in small if at + 4 <= len(data)]), chance)
    return bytes(data)


def word(data: bytearray, at: int) -> int:
    return int(struct.unpack_from("<I", data, at)[0])


def another_word(data, at, chance):
    struct.pack_into("<I", data, at, chance.choice(WORDS))


def another_byte(data, at, chance):
    data[at + chance.randrange(4)] = chance.choice((0, 1, 255, chance.randrange(256)))


def near_word(data, at, chance):
    struct.pack_into("<I", data, at, (word(data, at) + chance.choice(NEAR)) % 2**32)


def another_float(data, at, chance):
    struct.pack_into("<f", data, at, chance.choice(FLOATS))


def swap(data, at, chance):
    other = chance.randrange(8, len(data) - 3) & ~3
    data[at : at + 4], data[other : other + 4] = data[other : other + 4], data[at : at + 4]


def zeros(data, at, chance):
    length = len(data[at : at + chance.choice((4, 16, 64))])
    data[at : at + length] = bytes(length)


def lost(data, at, chance):
    del data[at : at + chance.choice((1, 4, 64))]


def doubled(data, at, chance):
    data[at:at] = data[at : at + chance.choice((1, 4, 64))]


KINDS = (another_word, another_byte, near_word, another_float, swap, zeros, lost, doubled)


# --- what becomes of them -------------------------------------------------------------------------


def loaded(path: Path, task) -> str:
    """Loads and infers twice; what came of it, without its numbers."""
    from tinyrunner.errors import TinyrunnerError
    from tinyrunner.models.engine import Engine

    try:
        engine = Engine.load(path, task)
        for byte in (0, 127):
            engine.infer(bytes([byte]) * task.input_bytes)
    except TinyrunnerError as error:
        return f"refused: {_kind(error, path)}"
    return "runs"


def exported(path: Path, folder: Path) -> str:
    """Exports as C; what came of it."""
    from tinyrunner.models.export.export_c import export_model
    from tinyrunner.models.export.int8_network import ExportError

    try:
        export_model(path, folder, "net")
    except ExportError as error:
        _kind(error, path)
        return "refused"
    return "exported"


def _kind(error: Exception, path: Path) -> str:
    assert str(path) in str(error)
    said = str(error).replace(str(path), "")
    for known in (r"crashed \(signal \d+, \w+\)", "wanted more memory", "without an answer",
                  "no TFLite model, or part", "cannot load this model", r"ended \(",
                  "is no model for", "no scale"):  # fmt: skip
        if found := re.search(known, said):
            return found[0]
    return said


def main(count: int, models: list[Path]) -> None:
    from tinyrunner.models.demo_models import demo_model_path
    from tinyrunner.models.suite import TASKS

    known = [(task, demo_model_path(task)) for task in TASKS.values()]
    named = [(task, path) for path in models for task in TASKS.values() if task.key in path.name]
    table: Counter[str] = Counter()
    slowest_s = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            task, source = (known + named)[seed % len(known + named)]
            path = Path(folder, f"{seed}.tflite")
            path.write_bytes(mutant(source.read_bytes(), seed))
            since_s = time.monotonic()
            table["run: " + loaded(path, task)] += 1
            table["export: " + exported(path, Path(folder, f"c{seed}"))] += 1
            slowest_s = max(slowest_s, time.monotonic() - since_s)
            path.unlink()
    for what, how_often in sorted(table.items(), key=lambda row: (row[0].split()[0], -row[1])):
        print(f"{how_often:6} {what}")
    print(f"slowest: {slowest_s:.1f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
