"""Session folders as MLCommons' runner leaves them: published ones, and ours made to look so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from support.cli import tinyrunner
from support.reference import reference_path
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.write.mlcommons_session import render_session

PUBLISHED = {
    "performance": "20250726_010147",
    "accuracy": "20250726_005923",
    "energy": "20250726_102344",
}
"""The modes of the published kws sessions, and what the runner called their folders."""
PUBLISHED_SWW = {"performance": "20250729_144404", "energy": "20250729_132607"}
"""The same of the streaming wake word; that of energy has no results.json."""
_SYSTEM = ("published", "v1.3", "closed", "STMicroelectronics", "results", "NUCLEO_L4R5ZI-P")


INIT = ("submission", "init", "--yes", "--organization", "Acme", "--system", "board")
COMPLETE = {
    "Status": "available",
    "Processor(s) Name": "Arm Cortex-M4",
    "Processor(s) Frequencies": "120 MHz",
    "hookup.text": "LPM01A in the supply",
    "runner.commit": "1afd2c9",
    **dict.fromkeys(
        (
            "checklist.engineers",
            "checklist.emails",
            "checklist.same_code_in_both_modes",
            "checklist.calibrated_outside_official_set",
            "checklist.numerics",
            "checklist.backend",
            "checklist.caching_techniques",
            "checklist.disallowed_techniques",
            "checklist.congruent_with_rules",
            "checklist.reflects_real_world_performance",
        ),
        "yes",
    ),
}
"""Of a description, all that no session tells."""


def published_sessions(target: Path, key: str = "kws") -> Path:
    """A copy of a task's published sessions, in folders called as the runner calls them."""
    for mode, name in {"kws": PUBLISHED, "sww": PUBLISHED_SWW}[key].items():
        shutil.copytree(reference_path(*_SYSTEM, key, mode), target / name)
    return target


def as_of_mlcommons(session: Path, target: Path) -> Path:
    """A session of ours, in the runner's files, without what says that we have rendered them."""
    target.mkdir(parents=True)
    for name, content in render_session(session, judge_any(session)):
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


def described(folder: Path, sessions: Path, *flags: str) -> Path:
    """The description that `submission init` writes of sessions, nothing of it left open."""
    firmware = folder / "firmware"
    firmware.mkdir(exist_ok=True)
    (firmware / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
    told = COMPLETE | {"code.folder": str(firmware)}
    words = [word for item in told.items() for word in ("--set", "=".join(item))]
    file = folder / "submission.yaml"
    ran = tinyrunner(*INIT, file, "--session", sessions, *words, *flags)
    assert ran.status == 0, ran
    return file
