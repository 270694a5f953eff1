"""Checks session.json of our own sessions against the files beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isclose
from pathlib import Path

from ....datasets.labels import LabelList
from ...config.strict_json import read_json
from ...journal.claimed_provenance import ClaimedProvenance
from ...journal.records import LogFacts
from ...journal.results_json import TwoValuesError, one_value_a_key
from ...journal.session_document import SCHEMA_VERSION
from ...score.assess import Assessment
from ...terms import Dialect, Purpose
from ..evidence.findings import AuditFinding, Rule, violation, warning
from ..evidence.tree import ModeFolder
from .script_check import MAX_SCRIPT_BYTES

MAX_BYTES = 4 << 20
"""The largest session.json that is read: an ad session's, with its 248 files' scores, has 40 kB."""
_TOLERANCE = 1e-6
"""What figures may differ by, as a fraction; energies that went through MLCommons' form agree to
1e-8."""


@dataclass(frozen=True, slots=True)
class ClaimedDocument:
    """Is a session.json that somebody wrote."""

    provenance: ClaimedProvenance
    result: object


def read_document(path: Path) -> ClaimedDocument | str:
    """Read the document, or say what is wrong with it. OSError where it cannot be read."""
    if path.stat().st_size > MAX_BYTES:
        return f"more than {MAX_BYTES >> 20} MB, which is not read"
    try:
        document = read_json(path.read_bytes(), one_value_a_key)
    except TwoValuesError as error:
        return str(error)
    except ValueError as error:
        return f"no JSON: {str(error)[:200]}"
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version != SCHEMA_VERSION or not isinstance(document.get("provenance"), dict):
        shown = str(version)[:60]
        return (
            f"schema version {shown} where this tinyrunner reads {SCHEMA_VERSION}, or no provenance"
        )
    return ClaimedDocument(
        ClaimedProvenance.model_validate(document["provenance"]), document.get("result")
    )


def check_document(
    provenance: ClaimedProvenance, place: ModeFolder, folder: Path, path: str
) -> Iterator[AuditFinding]:
    """Check task, mode and script; log and labels have checks of their own."""
    task = place.task
    for name, told, wanted in (
        ("task", provenance.task, place.task_key if task is None else task.key),
        ("mode", provenance.mode, place.mode.value),
    ):
        if told != wanted:
            yield _wrong(path, name, told, f"{wanted}, as its folder says")
    if provenance.limit is not None:
        text = f"the run was limited to the first {_shown(provenance.limit)} inputs"
        yield warning(Rule.SESSION_JSON, path, text, "the whole list")
    if place.script is not None and provenance.script_sha256 is not None:
        found = _script_hashes(folder / place.script)
        if found and provenance.script_sha256 not in found:
            text = f"script_sha256 is {_shown(provenance.script_sha256)}"
            expected = f"{found[0]}, the hash of {place.script}"
            yield violation(Rule.SESSION_JSON, path, text, expected)


def check_log(provenance: ClaimedProvenance, facts: LogFacts, path: str) -> Iterator[AuditFinding]:
    """Check the session's id and the device against the log."""
    session_id, device = provenance.session_id, provenance.device
    if facts.session_ids and session_id != facts.session_ids[0]:
        yield _wrong(path, "session_id", session_id, f"{facts.session_ids[0]}, as in the log")
    for name, told, seen in (
        ("device.vendor", device.vendor, facts.names),
        ("device.profile", device.profile, facts.profiles),
        ("device.model_id", device.model_id, facts.model_ids),
    ):
        if seen and told is not None and told not in seen:
            yield _wrong(path, name, told, f"{seen[0]}, as in the log")
    noted = facts.development_line is not None
    purpose = Purpose.DEVELOPMENT if noted else Purpose.SUBMISSION
    if provenance.purpose is not purpose and facts.dialect is Dialect.EEMBC:
        # MLCommons' form has no such note; the journal beside it has.
        yield _wrong(path, "for", provenance.purpose.value, f"{purpose.value}, as in the log")
    extension = provenance.link.extension
    if extension and facts.wire_extension is None:  # a log that tells of it has its own finding
        text = f"the inputs were loaded by the wire extension {_shown(extension)}"
        yield violation(Rule.ROUND_RULE, path, text, "loads by the published protocol")


def check_labels(
    provenance: ClaimedProvenance, labels: LabelList, path: str
) -> Iterator[AuditFinding]:
    """Check the label list that the session says it used."""
    said = provenance.dataset.labels_sha256
    if said != labels.sha256:
        text = f"dataset.labels_sha256 is {_shown(said)}"
        yield violation(
            Rule.SESSION_JSON, path, text, f"{labels.sha256}, that of y_labels.csv beside it"
        )


def check_words(
    provenance: ClaimedProvenance, words_sha256: str, path: str
) -> Iterator[AuditFinding]:
    """Check the words that a streaming session says it was scored by."""
    said = provenance.dataset.labels_sha256
    if said != words_sha256:
        text = f"dataset.labels_sha256 is {_shown(said)}"
        expected = f"{words_sha256}, that of truth.json beside it"
        yield violation(Rule.SESSION_JSON, path, text, expected)


def check_result(result: object, assessment: Assessment, path: str) -> Iterator[AuditFinding]:
    """Check the figures under ``result`` against the recomputed ones."""
    if not isinstance(result, dict):
        text = f"result is {_shown(result)}"
        yield violation(Rule.SESSION_JSON, path, text, "the figures of a finished session")
        return
    recomputed = assessment.to_json()
    for part in (*_PARTS, "streaming"):
        if part in recomputed:
            yield from _compare(result.get(part), recomputed[part], f"result.{part}", path)


def check_journal_facts(
    journal: LogFacts, log: LogFacts, path: str, log_name: str
) -> Iterator[AuditFinding]:
    """Check that journal and log name one session and one device."""
    for what, ours, theirs in (
        ("session", journal.session_ids, log.session_ids),
        ("device's name", journal.names, log.names),
        ("device's profile", journal.profiles, log.profiles),
        ("device's model", journal.model_ids, log.model_ids),
    ):
        if theirs and set(ours) != set(theirs):
            said = _shown(" and ".join(ours[:3])) if ours else "not told"
            text = f"the {what} is {said}"
            expected = f"{_shown(' and '.join(theirs[:3]))}, as in {log_name}"
            yield violation(Rule.LOG, path, text, expected)


_PARTS = ("performance", "accuracy", "energy")


def check_journal(
    journal: Assessment, log: Assessment, path: str, log_name: str, parts: Sequence[str] = _PARTS
) -> Iterator[AuditFinding]:
    """Check that the journal behind a rendered log has the log's figures."""
    ours, theirs = journal.to_json(), log.to_json()
    for part in parts:
        for found in _compare(ours[part], theirs[part], part, path):
            expected = found.expected.replace("as it is recomputed", f"as in {log_name}")
            yield replace(found, rule=Rule.LOG, expected=expected)


_COMPARED = frozenset(
    {
        "median_throughput", "median_energy_per_inference_j", "windows", "file", "offset",
        "iterations", "elapsed_s", "energy_j", "power_w", "energy_per_inference_j", "throughput",
        "top1", "auc", "precision_recall", "listed", "inputs", "correct", "confusion",
        "file_scores", "label", "score", "wav_file", "length_s", "detections", "marker_ms", "words",
        "true_positives", "false_negatives", "false_positives", "f1", "missed_s", "false_s", "duty",
        "duty_cycle", "period_s", "inference_s", "drift", "ppm", "corrected_words",
    }
)  # fmt: skip
"""The parts of a result that are compared; times on a trace's own axis, lists of names, and the
numbers of windows, which each dialect counts its own way, are not."""


def _compare(said: object, found: object, name: str, path: str) -> Iterator[AuditFinding]:
    """Return the first difference in each part; both are JSON, ``said`` of any shape."""
    if isinstance(found, dict):
        if not isinstance(said, dict):
            yield _wrong(path, name, said, "an object with the recomputed figures")
            return
        for key, value in found.items():
            if key in _COMPARED:
                yield from _compare(said.get(key), value, f"{name}.{key}", path)
    elif isinstance(found, list):
        if not isinstance(said, list) or len(said) != len(found):
            length = len(said) if isinstance(said, list) else _shown(said)
            yield _wrong(path, name, length, f"{len(found)} entries")
            return
        for place, (one, other) in enumerate(zip(said, found, strict=True)):
            problem = next(_compare(one, other, f"{name}[{place}]", path), None)
            if problem is not None:
                yield problem
                return
    elif not _equal(said, found):
        yield _wrong(path, name, said, f"{found}, as it is recomputed")


def _equal(said: object, found: object) -> bool:
    if isinstance(found, float) and isinstance(said, (int, float)) and not isinstance(said, bool):
        try:
            return isclose(said, found, rel_tol=_TOLERANCE, abs_tol=1e-12)
        except OverflowError:
            return False
    return said == found


def _script_hashes(path: Path) -> tuple[str, ...]:
    """Hash the script as it was written, whatever became of its line ends.

    Git may have changed its line ends, and an editor or a commit hook its last one. Nothing for a
    file that is too long to be a script.
    """
    if path.stat().st_size > MAX_SCRIPT_BYTES:
        return ()
    text = path.read_bytes().replace(b"\r\n", b"\n")
    return tuple(hashlib.sha256(one).hexdigest() for one in (text, text.rstrip(b"\n")))


def _wrong(path: str, name: str, said: object, expected: str) -> AuditFinding:
    return violation(Rule.SESSION_JSON, path, f"{name} is {_shown(said)}", expected)


def _shown(value: object) -> str:
    if isinstance(value, int) and abs(value) >= 1 << 63:
        return "a number of many digits"
    text = repr(value) if not isinstance(value, (dict, list)) else f"a {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "…"
