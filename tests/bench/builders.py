"""How fast the builders make input files from public data sets: whole builds, disk and all.

The kws builder must make at least 200 files a second.
"""

from __future__ import annotations

import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from support.benches.timing import Cost, cost_of, print_table
from support.clips import labels_of, sawtooth, write_wav
from tinyrunner.datasets.build.build_dataset import build_dataset, open_builder
from tinyrunner.models.suite import AD, IC, KWS, Task

TARGET_KWS_PER_S = 200.0


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one whole build."""

    task: str
    files: int
    cost: Cost


def measure(files: int = 400) -> list[Speed]:
    """The best of three builds of each task that needs no extra package."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            _best(KWS, _clips(Path(folder, "kws"), files, 16000), "{:05d}.bin", files),
            _best(AD, _clips(Path(folder, "ad"), files // 10, 160000), "{:05d}.bin", files // 10),
            _best(IC, _batch(Path(folder, "test_batch"), files), "{:05d}.bin", files),
        ]


def _best(task: Task, source: Path, name: str, files: int) -> Speed:
    labels = labels_of(task, [name.format(number) for number in range(files)])

    def build() -> None:
        with tempfile.TemporaryDirectory() as out:
            build_dataset(open_builder(task, source), labels, Path(out))

    costs = [cost_of(build) for _ in range(3)]
    best = Cost(min(cost.wall_s for cost in costs), min(cost.cpu_s for cost in costs))
    return Speed(task.key, files, best)


def _clips(folder: Path, count: int, samples: int) -> Path:
    for number in range(count):
        write_wav(folder / f"{number:05d}.wav", sawtooth(samples - number, number))
    return folder


def _batch(path: Path, count: int) -> Path:
    names = [f"{number:05d}.png".encode() for number in range(count)]
    data = np.zeros((count, 3072), np.uint8)
    path.write_bytes(pickle.dumps({b"data": data, b"filenames": names, b"labels": [0] * count}))
    return path


def main() -> None:
    rows = [
        (
            speed.task,
            str(speed.files),
            f"{speed.files / speed.cost.wall_s:.0f}",
            f"{speed.files / speed.cost.cpu_s:.0f}",
        )
        for speed in measure()
    ]
    print_table(
        f"building inputs; target of kws {TARGET_KWS_PER_S:.0f} files/s",
        ("task", "files", "files/s", "files/CPU s"),
        rows,
    )
