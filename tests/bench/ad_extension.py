"""(k) The complete ad accuracy plan by `db` and by the wire extension: wire time, and the scores.

Simulated at 115200 baud with inferences that take no time, so that the virtual clock at the end is
what the wire took. Takes minutes; `ad_extension.py FILES` takes fewer files.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.benches.data import OFFICIAL_AD_FILES, ad_model, ad_root
from support.benches.timed_session import accuracy_session
from support.benches.timing import print_table
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import AD
from tinyrunner.runner.config.config import DutConfig
from tinyrunner.runner.journal.journal import last_stamp_s
from tinyrunner.runner.journal.open_log import open_log

TARGET = 8.0
"""Times less wire time."""


@dataclass(frozen=True, slots=True)
class AdRun:
    windows: int
    wire_s: float
    cpu_s: float
    scores_sha256: str


def measure(files: int = OFFICIAL_AD_FILES) -> tuple[AdRun, AdRun]:
    """By `db` and by the extension."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = ad_root(folder / "datasets", files)
        plain, extended = (_run(root, folder / how, how == "xdb") for how in ("db", "xdb"))
        return plain, extended


def _run(root: Path, sessions: Path, extension: bool) -> AdRun:
    dut = DutConfig(
        address=f"sim:{AD.model_id}?inference_ms=0&extension={extension:d}",
        extension=extension,
        data_bytes_per_db=30,
    )
    model = ad_model() or demo_model_path(AD)
    ran = accuracy_session(AD, root, sessions, model, timed=False, dut=dut)
    log = ran.outcome.session.log
    digest, windows = hashlib.sha256(), 0
    for text in _scores(log):
        digest.update(text.encode())
        windows += 1
    return AdRun(windows, last_stamp_s(log), ran.cpu_s, digest.hexdigest())


def _scores(log: Path) -> Iterator[str]:
    with open_log(log) as reader:
        for record in reader:
            yield f"{record.file} {record.offset} {record.scores}\n"


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else OFFICIAL_AD_FILES
    plain, extended = measure(files)
    rows = [
        (name, f"{ran.windows}", f"{ran.wire_s:.1f}", f"{plain.wire_s / ran.wire_s:.2f}",
         f"{ran.cpu_s:.0f}", ran.scores_sha256[:16])
        for name, ran in (("db, n = 30", plain), ("extension", extended))
    ]  # fmt: skip
    print_table(
        f"(k) ad accuracy of {files} files at 115200 baud; target {TARGET:.0f} times less wire "
        "time, the same scores",
        ("", "windows", "wire s", "x", "CPU s", "scores"),
        rows,
    )
    if plain.scores_sha256 != extended.scores_sha256:
        raise SystemExit("the scores differ")
