"""A small ad session: 24 files of four windows each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.sessions.altered import write_labels
from support.sessions.for_reports import write_session
from support.sessions.logs import Inference
from tinyrunner.models.suite import AD

_STRIDE = 512


def anomalies(folder: Path, seed: int) -> Path:
    """Errors around 10 for what is normal and 12 for what is not, drawn anew for each seed."""
    random = np.random.default_rng(seed)
    inferences, rows = [], []
    for number in range(24):
        label = number % 2
        file = f"{'anomaly' if label else 'normal'}_id_01_{number:08d}_hist_librosa.bin"
        rows.append(f"{file},2,{label},2560,{_STRIDE}\n")
        level = random.normal(12.0 if label else 10.0, 1.5)
        inferences += [
            Inference(file, (level + window / 10,), offset=window * _STRIDE) for window in range(4)
        ]
    write_session(folder, inferences, "accuracy", task="ad")
    write_labels(folder, "".join(rows), AD)
    return folder
