"""(c) The complete ad accuracy plan on the in-process bench: what it costs beside its inferences.

248 files of 196 windows are 48,608 loads of 86 `db` commands each. Takes minutes. The files are
generated, in a temporary folder; the log is scored at the end as `tinyrunner score` would.
"""

from __future__ import annotations

import binascii
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from support.benches.data import OFFICIAL_AD_FILES, ad_model, ad_root
from support.benches.timed_session import Ran, accuracy_session
from support.benches.timing import Cost, cost_of, interleaved, print_table
from tinyrunner.models.suite import AD
from tinyrunner.runner.score.judge import judge_any

TARGET_S = 60.0
"""CPU seconds of the whole plan beside its inferences."""

MEMORY_TARGET_BYTES = 20_000_000
"""Growth from a tenth of the run to its end: a few numbers a window, never the windows."""


@dataclass(frozen=True, slots=True)
class AdCosts:
    real: Ran | None
    """None without the reference model."""
    null: Ran
    score: Cost
    """Of reading and scoring the whole log again."""
    log_bytes: int


def measure(files: int = OFFICIAL_AD_FILES) -> AdCosts:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = ad_root(folder / "datasets", files)
        model = ad_model()
        real = None if model is None else accuracy_session(AD, root, folder / "real", model)
        null = accuracy_session(AD, root, folder / "null", None)
        session = (real or null).outcome.session
        score = cost_of(lambda: judge_any(session.folder))
        return AdCosts(real, null, score, session.log.stat().st_size)


def window_ratio(files: int = 2, blocks: int = 3) -> Cost:
    """What a window costs without its inference, in times of :func:`bare_window`.

    The cheapest of ``blocks`` blocks of each; the null model, so that the bench alone is seen.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = ad_root(folder / "datasets", files)
        inputs = [path.read_bytes() for path in sorted((root / AD.model_id).glob("*.bin"))]

        def floor() -> None:
            with (folder / "floor.txt").open("w", encoding="utf-8", newline="\n") as log:
                for data in inputs:
                    for index in range(AD.windows_per_file):
                        start = index * (AD.stride_bytes or 0)
                        bare_window(data[start : start + AD.input_bytes], log)

        costs = interleaved(
            {"floor": floor, "session": lambda: accuracy_session(AD, root, folder / "s", None)},
            blocks,
            percent=0.0,
        )
    return costs["session"].ratio(costs["floor"])


LOG_LINES = 23
"""Of a window: two sequencing lines, two commands, eleven of the load, eight of the device."""


def bare_window(data: bytes, log: TextIO) -> None:
    """The least that both ends of a simulated link do for a window, without any of the protocol.

    Each block put into hex and a command, out of it again and behind the others; the log's lines
    formatted and written, and flushed twice. No clock, no checks, no messages, no inference.
    """
    received = bytearray()
    for start in range(0, len(data), 30):
        command = b"db %b%%" % data[start : start + 30].hex().encode()
        received += binascii.unhexlify(command[3:-1])
    if received != data:
        raise RuntimeError("the floor itself is wrong")
    for number in range(LOG_LINES):
        log.write(f"{number:09.3f} dut: m-bload-done of some sixty characters, as most lines\n")
        if number in (10, LOG_LINES - 1):
            log.flush()


def main() -> None:
    costs = measure()
    windows = OFFICIAL_AD_FILES * AD.windows_per_file
    commands = windows * (1 + -(-AD.input_bytes // 30))  # `db load`, then the blocks
    rows, memory = [], []
    for name, ran in (("reference model", costs.real), ("null model", costs.null)):
        if ran is None:
            continue
        rows.append(
            (name, f"{ran.cpu_s:.1f}", f"{ran.infer_s:.1f}", f"{ran.own_s:.1f}",
             f"{ran.own_s / windows * 1e6:.0f}", f"{ran.own_s / commands * 1e6:.2f}")
        )  # fmt: skip
        first, *_, last = ran.rss_bytes.values()
        rss = (f"{value / 1e6:.1f}" for value in ran.rss_bytes.values())
        memory.append((name, *rss, f"{(last - first) / 1e6:+.1f}"))
    print_table(
        f"(c) ad accuracy, {windows} windows, {commands} db commands; target {TARGET_S:.0f} CPU s "
        "beside the inferences",
        ("", "CPU s", "in infer", "own", "own us/window", "own us/command"),
        rows,
    )
    print_table(
        "    resident memory in MB; target: flat",
        ("", "at 10 %", "at 50 %", "at 100 %", "growth"),
        memory,
    )
    ratio = window_ratio(files=8)
    print_table(
        "    a window without its inference, in times of its bytes and log lines alone",
        ("", "x wall", "x CPU"),
        [("null model over the floor", f"{ratio.wall_s:.2f}", f"{ratio.cpu_s:.2f}")],
    )
    megabytes = costs.log_bytes / 1e6
    print_table(
        f"    `score` of its log, {megabytes:.1f} MB",
        ("", "wall s", "CPU s", "MB/CPU s"),
        [("judge_any", f"{costs.score.wall_s:.2f}", f"{costs.score.cpu_s:.2f}",
          f"{megabytes / costs.score.cpu_s:.0f}")],
    )  # fmt: skip
