"""How a session came about: written before its first step, compared before it is continued."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from ..datasets.demo import FILE_PREFIX
from ..datasets.inputs import Dataset
from ..datasets.labels import LabelList
from ..datasets.official import identify
from ..dut_protocol.dut import Identity
from ..models.demo import DEMO_NOTE
from .bench import Bench
from .config import Config
from .errors import ResumeError
from .session import Session, tool_facts
from .session_log import Mode


@dataclass(frozen=True, slots=True)
class Source:
    """The inputs of a run with what identifies them."""

    dataset: Dataset
    """What is run: the whole list, or its first files where a limit was set."""
    labels: LabelList
    """The whole list: a limited run is judged by it."""
    content_sha256: str
    official_list: str | None
    synthetic: bool

    @classmethod
    def of(cls, dataset: Dataset, limit: int | None) -> Source:
        """Hash the inputs; ``limit`` keeps only the first files of the list (a smoke test)."""
        labels = dataset.labels
        official = identify(labels)
        if limit is not None and limit < dataset.file_count:
            dataset = dataset.limited(limit)
        return cls(
            dataset=dataset,
            labels=labels,
            content_sha256=dataset.content_sha256(),
            official_list=None if official is None else official.name,
            synthetic=any(row.file.startswith(FILE_PREFIX) for row in labels.rows),
        )

    def to_json(self) -> dict[str, Any]:
        labels = self.labels
        return {
            "folder": str(self.dataset.folder),
            "labels": labels.source,
            "labels_sha256": labels.sha256,
            "official_list": self.official_list,
            "content_sha256": self.content_sha256,
            "files": self.dataset.file_count,
            "windows": self.dataset.window_count,
            "synthetic": self.synthetic,
            "note": DEMO_NOTE if self.synthetic else None,
        }


def describe(
    *,
    config: Config,
    mode: Mode,
    session: Session,
    created: str,
    identity: Identity,
    bench: Bench,
    source: Source,
    script_text: str,
    iterations: int,
    iterations_found: dict[str, Any],
) -> dict[str, Any]:
    """The provenance part of session.json."""
    task = source.dataset.task
    simulated = bench.simulated
    link = config.dut.link
    return {
        "tool": tool_facts(),
        "session_id": session.session_id,
        "created": created,
        "task": task.key,
        "mode": mode.value,
        "round": config.round,
        "division": config.division.value,
        "limit": config.limit,
        "device": {
            "address": bench.dut.address,
            "vendor": identity.vendor,
            "profile": identity.profile,
            "model_id": identity.model_id,
        },
        "simulated": None
        if simulated is None
        else {
            "model": simulated.file,
            "model_sha256": simulated.sha256,
            "runtime": simulated.runtime,
            "note": simulated.note,
        },
        "link": {
            "baud_rate": bench.dut.settings.baud_rate,
            "data_bytes_per_db": link.data_bytes_per_db,
            "verify_load": link.verify_load.value,
        },
        "dataset": source.to_json(),
        "script_sha256": text_sha256(script_text),
        "iterations": iterations,
        "warmups": config.warmups,
        "iterations_found": iterations_found,
        "config": config.model_dump(mode="json"),
    }


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


_COMPARED = (
    ("task", "the task"),
    ("mode", "the mode"),
    ("round", "the round"),
    ("division", "the division"),
    ("limit", "the limit"),
    ("iterations", "the iterations"),
    ("warmups", "the warm-ups"),
    ("script_sha256", "the script"),
    ("dataset.labels_sha256", "the label list"),
    ("dataset.content_sha256", "the inputs' content"),
    ("device.vendor", "the firmware's name"),
    ("device.profile", "the firmware's profile"),
    ("device.model_id", "the firmware's model id"),
    ("simulated.model_sha256", "the simulated device's model"),
    ("link.baud_rate", "the baud rate"),
    ("link.data_bytes_per_db", "the data bytes per db"),
    ("link.verify_load", "verify_load"),
)
"""What must be the same for a continued session to be one session. Not the port's name: a board
that was plugged in again often has another."""


def refuse_differences(before: dict[str, Any], now: dict[str, Any]) -> None:
    """ResumeError naming everything that differs between a session and what would continue it."""
    different = [
        f"{what}: the session has {old!r}, now it is {new!r}"
        for key, what in _COMPARED
        if (old := _at(before, key)) != (new := _at(now, key))
    ]
    if different:
        raise ResumeError(
            "this session cannot be continued, because the two parts would not be one run:\n  "
            + "\n  ".join(different)
            + "\nrestore what changed, or start a new run"
        )


def _at(tree: dict[str, Any], key: str) -> object:
    value: Any = tree
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value
