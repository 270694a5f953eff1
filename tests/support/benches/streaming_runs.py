"""Runs of the streaming wake word on its simulated bench: ten seconds of silence, three words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.cli import Ran, only_session, tinyrunner

WORDS_S = [[1.0, 1.6], [4.0, 4.7], [7.0, 7.3]]
WAV = "ten_s.wav"


def recordings(root: Path, **changed: object) -> Path:
    """A data set's root that tells the words of one recording; ``changed`` keys of its entry."""
    entry = {"wav_file": WAV, "length_sec": 10.0, "sample_rate": 16000,
             "detection_windows": WORDS_S} | changed  # fmt: skip
    folder = root / "sww01"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sww_ten_test.json").write_text(json.dumps([entry]), encoding="utf-8")
    return root


def run_sww(root: Path, *arguments: object, options: str = "", mode: str = "performance") -> Ran:
    """`tinyrunner run sww` on a simulated bench, into ``root/sessions``."""
    address = f"sim:sww01?{options}" if options else "sim:"
    datasets = root / "datasets"
    if not datasets.exists():
        recordings(datasets)
    return tinyrunner(
        "run", "sww", "--mode", mode, "--dut", address, "--datasets", datasets, "--round", "v1.3",
        "--sessions", root / "sessions", "-q", *arguments,
    )  # fmt: skip


def session_of(root: Path) -> Path:
    return only_session(root / "sessions")


def figures(ran: Ran) -> dict[str, Any]:
    """What `--json` says of the stream, but for where it lies."""
    told = json.loads(ran.out)
    stream = told["streaming"]
    del stream["truth"]
    return stream | {"energy": told["energy"]}
