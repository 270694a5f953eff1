"""Session folders as MLCommons' runner leaves them: published ones, and ours made to look so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from support.reference import reference_path
from tinyrunner.runner.score.judge import judge_session
from tinyrunner.runner.write.mlcommons_session import render_session

PUBLISHED = {
    "performance": "20250726_010147",
    "accuracy": "20250726_005923",
    "energy": "20250726_102344",
}
"""The modes of the published kws sessions, and what the runner called their folders."""
_KWS = ("published", "v1.3", "closed", "STMicroelectronics", "results", "NUCLEO_L4R5ZI-P", "kws")


def published_sessions(target: Path) -> Path:
    """A copy of the three published sessions, in folders called as the runner calls them."""
    for mode, name in PUBLISHED.items():
        shutil.copytree(reference_path(*_KWS, mode), target / name)
    return target


def as_of_mlcommons(session: Path, target: Path) -> Path:
    """A session of ours, in the runner's files, without what says that we have rendered them."""
    target.mkdir(parents=True)
    for name, content in render_session(session, judge_session(session)):
        data = content if isinstance(content, bytes) else b"".join(content)
        text = data.decode()
        if name == "log.txt":
            text = text.replace(text.partition("\n")[0], f"Logging initialized. Writing output to "
                                f"sessions\\{target.name}\\log.txt", 1)  # fmt: skip
        if name == "results.json":
            entries = json.loads(text)
            for entry in entries:
                entry.pop("tinyrunner", None)
            text = json.dumps(entries)
        (target / name).write_text(text, encoding="utf-8")
    return target
