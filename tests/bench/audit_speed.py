"""(i) Auditing sessions in EEMBC's dialect, in MB of log a second and core.

The whole of `audit_session`: one pass over the log with privacy, stamps and the script beside it,
scoring, input order. Against two floors on the same log in the same run: counting the line ends
of its chunks, and a loop that looks at each line once (a bare scan in Python).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.benches.data import ad_root, demo_kws_root
from support.benches.timed_session import accuracy_session
from support.benches.timing import Cost, interleaved, print_table
from tinyrunner.models.suite import AD, KWS, Task
from tinyrunner.runner.audit.evidence.tree import ModeFolder, find_layout, read_tree
from tinyrunner.runner.audit.session.label_lists import LabelLists
from tinyrunner.runner.audit.session.session_audit import AuditContext, audit_session
from tinyrunner.runner.config.rounds import load_rounds

_CHUNK_BYTES = 1 << 18
_TAKEN = ("log.txt", "script.async", "y_labels.csv")
"""Of a session: what published trees hold (beside results), and the list to judge it by."""


@dataclass(frozen=True, slots=True)
class AuditCosts:
    audit: Cost
    each_line: Cost
    count_lines: Cost
    log_bytes: int


def measure(root: Path, blocks: int = 5) -> AuditCosts:
    """The cheapest of ``blocks`` blocks of each, of the one session of a tree."""
    (place,) = find_layout(read_tree(root)).sessions
    context = AuditContext(root, load_rounds().get("v1.2"), LabelLists())
    log = root.joinpath(place.path, "log.txt")
    costs = interleaved(
        {
            "audit": lambda: _audit(place, context),
            "each": lambda: _look_at_each_line(log),
            "count": lambda: _count_lines(log),
        },
        blocks,
        percent=0.0,
    )
    return AuditCosts(costs["audit"], costs["each"], costs["count"], log.stat().st_size)


def _audit(place: ModeFolder, context: AuditContext) -> None:
    audited = audit_session(place, context)
    assert audited.assessment is not None
    assert audited.assessment.accuracy is not None


def _look_at_each_line(log: Path) -> int:
    results = 0
    with log.open("rb") as stream:
        for line in stream:
            results += line[14:24] == b"m-results-"
    return results


def _count_lines(log: Path) -> int:
    count = 0
    with log.open("rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            count += chunk.count(b"\n")
    return count


@contextmanager
def accuracy_tree(task: Task, files: int) -> Iterator[Path]:
    """A tree with one accuracy session over ``files`` files, run without a model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = ad_root if task is AD else demo_kws_root
        ran = accuracy_session(task, make(folder / "datasets", files), folder / "s", None)
        inside = folder / "tree" / "closed" / "bench" / "results" / "board" / task.key / "accuracy"
        inside.mkdir(parents=True)
        for each in _TAKEN:
            shutil.copy(ran.outcome.session.folder / each, inside)
        yield folder / "tree"


def main() -> None:
    rows = []
    for title, task, files in (("ad accuracy", AD, 96), ("kws accuracy", KWS, 1000)):
        with accuracy_tree(task, files) as root:
            costs = measure(root)
        megabytes = costs.log_bytes / 1e6
        all_costs = (costs.audit, costs.each_line, costs.count_lines)
        rows.append(
            (
                title,
                f"{megabytes:.1f}",
                *(
                    f"{megabytes / cost.wall_s:.0f} / {megabytes / cost.cpu_s:.0f}"
                    for cost in all_costs
                ),
                f"{costs.audit.ratio(costs.each_line).cpu_s:.1f}",
                f"{costs.audit.ratio(costs.count_lines).cpu_s:.1f}",
            )
        )
    print_table(
        "(i) auditing a session, in MB of log a second: wall / CPU",
        ("", "MB", "audit", "each line", "line count", "x each line", "x line count"),
        rows,
    )
