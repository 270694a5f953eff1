"""Session folders for reports: generated, small, and as large as a test asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from support.energy.traces import write_trace
from support.sessions.altered import write_labels
from support.sessions.logs import START as KWS_START
from support.sessions.logs import STOP, Inference, one_hot
from tinyrunner.energy.trace import EnergyTrace

FILES = tuple(f"tst_{i:06d}_Down_{i % 12}.bin" for i in range(60))


def provenance(mode: str, **changes: object) -> dict[str, object]:
    """Of a real device, with what a report shows."""
    return {
        "tool": {"name": "tinyrunner", "version": "0.1.0", "python": "3.11", "platform": "Linux"},
        "session_id": "20260101000000",
        "created": "2026-01-01T00:00:00+00:00",
        "iterations_found": {"by": "setting"},
        "task": "kws",
        "mode": mode,
        "round": "v1.2",
        "division": "closed",
        "limit": None,
        "link": {"data_bytes_per_db": 30, "verify_load": "first"},
        "dataset": {
            "folder": "/data/kws01",
            "labels": "/data/kws01/y_labels.csv",
            "labels_sha256": "ab" * 32,
            "official_list": None,
            "content_sha256": "cd" * 32,
            "files": 60,
            "windows": 60,
            "synthetic": False,
            "note": None,
        },
        "script_file": None,
        "script_sha256": "ef" * 32,
        "iterations": 800,
        "warmups": 1,
        "config": {},
        "device": {
            "address": "/dev/ttyACM0",
            "baud_rate": 115200,
            "vendor": "acme-board",
            "profile": None,
            "model_id": None,
        },
        "simulated": None,
    } | changes


def write_session(
    folder: Path,
    inferences: Sequence[Inference],
    mode: str = "performance",
    *,
    stop: bool = True,
    **changes: object,
) -> Path:
    """A session of kws as tinyrunner leaves it, as far as its figures need it."""
    folder.mkdir(parents=True)
    lines = list(KWS_START)
    for inference in inferences:
        lines += inference.lines()
    if stop:
        lines += STOP
    (folder / "log.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    document = {"schema_version": 1, "provenance": provenance(mode, **changes)}
    (folder / "session.json").write_text(json.dumps(document), encoding="utf-8")
    write_labels(folder, "".join(f"{file},12,{i % 12}\n" for i, file in enumerate(FILES)))
    return folder


def performance(folder: Path, runtimes_s: Sequence[float], n: int = 800, **more: object) -> Path:
    """One window for each time."""
    return write_session(folder, _windows(runtimes_s, n), "performance", **more)


def accuracy(
    folder: Path, wrong: Sequence[int] = (), count: int = len(FILES), **more: object
) -> Path:
    """The first ``count`` inputs answered, those of ``wrong`` with the next class."""
    inferences = [
        Inference(file, one_hot((i % 12 + (i in wrong)) % 12), step=5 + 2 * i)
        for i, file in enumerate(FILES[:count])
    ]
    return write_session(folder, inferences, "accuracy", **more)


def energy(
    folder: Path,
    *,
    samples: int,
    power_mw: Sequence[float] = (10, 10, 10, 10, 10),
    n: int = 800,
    **more: object,
) -> Path:
    """Five windows of 10.4 s in a trace of 65 s, each at its power; 1 mW and noise elsewhere."""
    write_session(folder, _windows([10.4] * 5, n), "energy", **more)
    rate_hz = samples / 65.0
    drawn_mw = np.random.default_rng(1).normal(1.0, 0.01, samples)
    events_s = [1.0]
    for index, level in enumerate(power_mw):
        begin_s = 2.0 + 12.5 * index
        events_s += [begin_s, begin_s + 10.4]
        drawn_mw[int(begin_s * rate_hz) : int((begin_s + 10.4) * rate_hz)] += level - 1.0
    drawn_mw[int(30.2 * rate_hz)] = 99.0  # one sample, to be seen at every zoom
    samples_uj = (drawn_mw * 1e3 / rate_hz).astype("<f4")
    rate_stored = float(np.float32(rate_hz))
    write_trace(EnergyTrace(rate_stored, samples_uj, tuple(events_s)), folder)
    return folder


def _windows(runtimes_s: Sequence[float], n: int) -> list[Inference]:
    return [
        Inference(
            FILES[i],
            one_hot(i),
            step=5 + 2 * i,
            iterations=n,
            warmups=1,
            start_us=1_000_000,
            end_us=1_000_000 + round(runtime_s * 1e6),
            start_s=20.0 + 15 * i,
            end_s=20.0 + 15 * i + runtime_s,
        )
        for i, runtime_s in enumerate(runtimes_s)
    ]
