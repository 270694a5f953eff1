# mypy: ignore-errors
"""Trains the demo models on generated inputs and writes them to ``models/demo/``.

``python models/training/train_demo.py [TASK…]``, of vww, ic, kws, ad and sww; without one, all.
Needs TensorFlow 2.15, the ``train`` extra; see ``models/demo/README.md``. The scripts here stand
outside the import rule, for they learn from the data-set generators; the wheel leaves them out.

Each task is trained in a process of its own, on one thread: what becomes of it does not depend on
the ones before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TASKS = ("vww", "ic", "kws", "ad", "sww")

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}


def main(keys: list[str]) -> int:
    """Trains the models of these tasks; returns the exit status."""
    unknown = [key for key in keys if key not in TASKS]
    if unknown:
        print(f"no such task: {', '.join(unknown)}; there are {', '.join(TASKS)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        # The checkout is the package, whatever its folder is called.
        (Path(folder) / "tinyrunner").symlink_to(Path(__file__).resolve().parents[2])
        for key in keys or TASKS:
            print(f"--- {key}", flush=True)
            started = time.monotonic()
            module = f"tinyrunner.models.training.train_demo_{key}"
            environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": folder}
            status = subprocess.run([sys.executable, "-m", module], env=environment).returncode
            if status:
                return status
            print(f"{time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
