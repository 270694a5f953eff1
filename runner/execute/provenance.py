"""How a session came about: written before its first step, compared before it is continued."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...datasets.demo.demo_dataset import FILE_PREFIX
from ...datasets.inputs import Dataset
from ...datasets.labels import LabelList
from ...datasets.official_lists import identify
from ...dut_protocol.host.dut import Identity
from ...dut_protocol.wire.extension import NAME
from ...models.demo_models import DEMO_NOTE
from ..bench.bench import Bench
from ..config.config import Config
from ..errors import ResumeError
from ..journal.session_folder import Session, tool_facts
from ..script.plan import PlannedInference
from ..script.script import Script, print_script
from ..script.written_path import written_path
from ..terms import Mode


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
            "folder": written_path(self.dataset.folder),
            "labels": written_path(Path(labels.source)),
            "labels_sha256": labels.sha256,
            "official_list": self.official_list,
            "content_sha256": self.content_sha256,
            "files": self.dataset.file_count,
            "windows": self.dataset.window_count,
            "synthetic": self.synthetic,
            "note": DEMO_NOTE if self.synthetic else None,
        }


def describe_setup(
    config: Config,
    mode: Mode,
    source: Source,
    script: Script,
    first: PlannedInference,
    script_file: Path | None,
) -> dict[str, Any]:
    """What can be said of a run without a device: what is asked of it, and of which inputs.

    ``first`` is the script's first inference: N and W are the same in all.
    """
    link = config.dut.link
    return {
        "task": source.dataset.task.key,
        "mode": mode.value,
        "round": config.round,
        "division": config.division.value,
        "limit": config.limit,
        "link": {
            "data_bytes_per_db": link.data_bytes_per_db,
            "verify_load": link.verify_load.value,
            "extension": NAME if config.dut.extension else None,
        },
        "dataset": source.to_json(),
        "script_file": None if script_file is None else written_path(script_file),
        "script_sha256": text_sha256(print_script(script)),
        "iterations": first.iterations,
        "warmups": first.warmups,
        "config": config.model_dump(mode="json"),
    }


def describe_device(identity: Identity, bench: Bench) -> dict[str, Any]:
    """Who is measured, and over which link."""
    return {
        "device": {
            "address": bench.dut.address,
            "baud_rate": bench.dut.settings.baud_rate,
            "vendor": identity.vendor,
            "profile": identity.profile,
            "model_id": identity.model_id,
        },
        "simulated": None if bench.simulated is None else asdict(bench.simulated),
    }


def describe_link(setup: dict[str, Any], bench: Bench) -> dict[str, Any]:
    """How inputs go over the link to the device that was found; ``setup`` is what was asked."""
    loader = bench.loader
    used: dict[str, Any] = {
        "data_bytes_per_db": loader.data_bytes,
        "pipeline_chars": loader.pipeline_chars,
    }
    offer = loader.offer
    if offer is not None:
        used["extension_offer"] = offer.encode()
    return {"link": setup["link"] | used}


def describe_session(session: Session, iterations_found: dict[str, Any]) -> dict[str, Any]:
    """Which program made the session and when, and how it came to its N."""
    return {
        "tool": tool_facts(),
        "session_id": session.session_id,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "iterations_found": iterations_found,
    }


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


_SETUP_COMPARED = (
    ("task", "the task"),
    ("mode", "the mode"),
    ("round", "the round"),
    ("division", "the division"),
    ("limit", "the limit"),
    ("config.iterations", "the iterations"),
    ("config.warmups", "the warm-ups"),
    ("script_sha256", "the script"),
    ("dataset.labels_sha256", "the label list"),
    ("dataset.content_sha256", "the inputs' content"),
    ("config.dut.data_bytes_per_db", "the data bytes per db"),
    ("link.extension", "the wire extension"),
    ("link.verify_load", "verify_load"),
)
_DEVICE_COMPARED = (
    ("device.vendor", "the firmware's name"),
    ("device.profile", "the firmware's profile"),
    ("device.model_id", "the firmware's model id"),
    ("device.baud_rate", "the baud rate"),
    ("simulated.model_sha256", "the simulated device's model"),
    ("simulated.baud_rate", "the simulated device's baud rate"),
    ("simulated.inference_time_s", "the simulated device's inference time"),
)
"""What must be the same for a continued session to be one session. Not the port's name: a board
that was plugged in again often has another. Nor the folders: what lies in them is compared."""


def refuse_other_setup(before: dict[str, Any], now: dict[str, Any]) -> None:
    """ResumeError naming every difference between a session's set-up and the present one."""
    _refuse(before, now, _SETUP_COMPARED)


def refuse_other_device(before: dict[str, Any], now: dict[str, Any]) -> None:
    """ResumeError naming every difference between the session's device and the one there now."""
    _refuse(before, now, _DEVICE_COMPARED)


def _refuse(
    before: dict[str, Any], now: dict[str, Any], compared: tuple[tuple[str, str], ...]
) -> None:
    different = [
        f"{what}: the session has {old!r}, now it is {new!r}"
        for key, what in compared
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
