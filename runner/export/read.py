"""Reads sessions as rows, each judged by the code of `score`, `report` and `submission verify`.

A session that cannot be judged has a row too, with the reason in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any

from ..journal.claimed_provenance import ClaimedProvenance
from ..journal.layer_log import LayerProfile
from ..report.gather import Asked, gather
from ..report.page import ReportSession, SessionStatus
from ..score.assess import Assessment
from ..score.layer_figures import layers_of
from ..score.median import median_of
from ..score.results import MeasuredWindow, TimedWindow
from ..score.rules import Severity
from .rows import InputRow, LayerRow, SessionRow, WindowRow

_REASONS = 5
"""The most violations that a reason tells; the rest is counted."""


def read_sessions(paths: Sequence[Path], asked: Asked | None = None) -> tuple[ReportSession, ...]:
    """Judge these sessions, those inside these folders, or those of one tree.

    SetupError where a path holds none.
    """
    return gather(paths, asked or Asked()).sessions


def session_row(session: ReportSession) -> SessionRow:
    """Return what a session amounts to."""
    told, assessment = session.provenance, session.assessment
    values = _identity(session) | _verdict(session) | _origin(session)
    if assessment is not None:
        values |= _rates(assessment) | _accuracy(session, assessment) | _stream(assessment)
    for name, value in (("iterations", told.iterations), ("warmups", told.warmups)):
        values[name] = values.get(name) or (value if type(value) is int else None)
    return SessionRow(**_OF_NOTHING | values)


_OF_NOTHING: dict[str, Any] = dict.fromkeys(SessionRow.__dataclass_fields__)


def layer_rows(profile: LayerProfile) -> Iterator[LayerRow]:
    """Yield what each layer took, in the order in which they run."""
    times = profile.times
    try:
        created = datetime.fromisoformat(profile.begun).astimezone(UTC).isoformat()
    except ValueError:
        created = None
    for layer, figures in zip(times.layers, layers_of(times), strict=True):
        yield LayerRow(
            log="" if profile.log is None else profile.log.name,
            log_sha256=profile.log_sha256,
            task=profile.task_key,
            created_utc=created,
            tool_version=profile.tool_version,
            address=profile.address,
            device=profile.vendor,
            profile=profile.profile,
            model_id=profile.model_id,
            simulated=profile.simulated,
            counter_kind=times.kind.value,
            counter=times.counter,
            layer=layer.number,
            operator=figures.operator,
            output=figures.output or None,
            macs=figures.macs,
            cycles=figures.cycles,
            cycles_per_mac=figures.cycles_per_mac,
            elapsed_s=figures.us / 1e6,
            share=figures.share,
            inference_cycles=times.cycles,
            inference_s=times.us / 1e6,
        )


def window_rows(session: ReportSession) -> Iterator[WindowRow]:
    """Yield the windows of a performance or energy session; of any other there are none."""
    assessment = session.assessment
    if assessment is None:
        return
    common = _identity(session)
    if assessment.energy is not None:
        # A recording is one window and no inference, whatever it is counted as.
        rates = {} if assessment.streaming is None else _NO_RATE
        for measured in assessment.energy.windows:
            yield WindowRow(**common | _timed(measured.timing) | _measured(measured) | rates)
    elif assessment.performance is not None:
        for window in assessment.performance.windows:
            yield WindowRow(**common | _timed(window) | _NO_ENERGY)


def input_rows(session: ReportSession) -> Iterator[InputRow]:
    """Yield the scored inputs of an accuracy session; of any other there are none.

    Its log is read once more. NoAnswersError where it, or its label list, is not at hand.
    """
    assessment = session.assessment
    if assessment is None or assessment.accuracy is None:
        return
    common = _identity(session)
    names = () if session.task is None else session.task.class_names
    if assessment.accuracy.file_scores:
        for each in assessment.accuracy.file_scores:
            yield InputRow(
                **common,
                file=each.file,
                label=each.label,
                label_name=_name(names, each.label),
                predicted=None,
                predicted_name=None,
                right=None,
                score=each.score,
                label_score=None,
            )
        return
    from ..report.plots.curves import read_answers

    answers = read_answers(session)
    rows = zip(
        answers.files, answers.labels.tolist(), answers.firsts.tolist(), answers.scores.tolist(),
        strict=True,
    )  # fmt: skip
    for file, label, first, scores in rows:
        yield InputRow(
            **common,
            file=file,
            label=label,
            label_name=_name(names, label),
            predicted=first,
            predicted_name=_name(names, first),
            right=first == label,
            score=scores[first],
            label_score=scores[label],
        )


def _name(names: Sequence[str], number: int) -> str | None:
    return names[number] if 0 <= number < len(names) else None


def _identity(session: ReportSession) -> dict[str, Any]:
    facts = None if session.assessment is None else session.assessment.facts
    numbers = () if facts is None else facts.session_ids
    return {
        "session": session.title,
        "session_id": _text(session.provenance.session_id) or next(iter(numbers), None),
        "log_sha256": _sha256(session),
        "task": session.benchmark,
        "mode": None if session.mode is None else session.mode.value,
    }


def _sha256(session: ReportSession) -> str | None:
    try:
        return session.sha256_of(session.log_name)
    except OSError:
        return None  # and the log's own reader has said so, as a finding


def _verdict(session: ReportSession) -> dict[str, Any]:
    against = [one for one in session.findings if one.severity is Severity.VIOLATION]
    reasons = [f"{one.title}: {one.text}" for one in against]
    if session.outcome is SessionStatus.UNSCORED and not reasons:
        reasons = [f"{one.title}: {one.text}" for one in session.findings] or ["nothing to score"]
    more = [] if len(reasons) <= _REASONS else [f"and {len(reasons) - _REASONS} more"]
    assessment = session.assessment
    return {
        "round": session.round.name,
        "purpose": None if assessment is None else assessment.purpose.value,
        "verdict": session.outcome.value,
        "reason": "; ".join([*reasons[:_REASONS], *more]) or None,
        "violations": len(against),
        "warnings": sum(one.severity is Severity.WARNING for one in session.findings),
        "simulated": _simulated(session),
    }


def _simulated(session: ReportSession) -> bool | None:
    """Tell what log or session.json tell; None of a session of which neither can be read."""
    if session.assessment is not None:
        return session.assessment.simulated
    return session.provenance.is_simulated if session.provenance else None


def _origin(session: ReportSession) -> dict[str, Any]:
    told: ClaimedProvenance = session.provenance
    facts = None if session.assessment is None else session.assessment.facts
    created = session.created
    makers = map(_text, (told.monitor.maker, told.monitor.model))
    volts = told.monitor.supply_v
    return {
        "created_utc": None if created is None else created.astimezone(UTC).isoformat(),
        "tool": _text(told.tool.name),
        "tool_version": _text(told.tool.version),
        "dialect": None if facts is None else facts.dialect.value,
        "system": session.system,
        "board": _text(told.config.board),
        "device": _first(told.device.vendor, [] if facts is None else facts.names),
        "profile": _first(told.device.profile, [] if facts is None else facts.profiles),
        "model_id": _first(told.device.model_id, [] if facts is None else facts.model_ids),
        "model_sha256": None if told.simulated is None else _text(told.simulated.model_sha256),
        "inputs_list": _text(told.dataset.official_list),
        "inputs_sha256": _text(told.dataset.content_sha256),
        "monitor": " ".join(filter(None, makers)) or None,
        "monitor_serial": _text(told.monitor.serial),
        "supply_v": float(volts) if isinstance(volts, int | float) else None,
    }


def _first(said: object, logged: Sequence[str]) -> str | None:
    """Return what the log has, which is the device's own word; else what session.json says."""
    return next(iter(logged), None) or _text(said)


def _rates(assessment: Assessment) -> dict[str, Any]:
    """Return the medians over windows, of a performance or energy session."""
    energy = assessment.energy
    timed = assessment.performance if energy is None else energy.performance
    if timed is None or assessment.streaming is not None:
        return {} if energy is None else _joules(assessment)
    rate = timed.median_throughput
    first = next(iter(timed.windows), None)
    return _joules(assessment) | {
        "iterations": None if first is None else first.iterations,
        "windows": len(timed.throughputs),
        "throughput_per_s": rate,
        "throughput_variation": timed.coefficient_of_variation,
        "latency_s": 1 / rate if rate else None,
    }


def _joules(assessment: Assessment) -> dict[str, Any]:
    energy = assessment.energy
    if energy is None:
        return {}
    powers = [each.window.power_w for each in energy.windows if each.invalid is None]
    return {
        "energy_per_inference_j": energy.median_energy_j,
        "energy_variation": energy.coefficient_of_variation,
        "power_w": median_of(tuple(watts for watts in powers if watts is not None)),
    }


def _accuracy(session: ReportSession, assessment: Assessment) -> dict[str, Any]:
    accuracy = assessment.accuracy
    if accuracy is None:
        return {}
    return {
        "accuracy": accuracy.figure,
        "accuracy_target": None if session.task is None else session.round.target(session.task),
        "top1": accuracy.top1,
        "auc": accuracy.auc,
        "inputs": accuracy.inputs,
        "inputs_listed": accuracy.listed,
    }


def _stream(assessment: Assessment) -> dict[str, Any]:
    stream = assessment.streaming
    if stream is None:
        return {}
    found: dict[str, Any] = {}
    if (words := stream.sure_words) is not None:
        counts = ("true_positives", "false_negatives", "false_positives")
        found = dict(zip(counts, words.counts, strict=True)) | {"accuracy": words.f1}
    if (duty := stream.sure_duty) is not None:
        found |= {
            "duty_cycle": duty.duty_cycle,
            "throughput_per_s": duty.throughput,
            "latency_s": duty.inference_s,
        }
    if stream.drift is not None:
        found["audio_drift_ppm"] = stream.drift.ppm
    return found


def _timed(window: TimedWindow) -> dict[str, Any]:
    rate = window.throughput
    return {
        "window": window.number,
        "file": window.file,
        "offset_bytes": window.offset,
        "iterations": window.iterations,
        "elapsed_s": window.elapsed_s,
        "host_elapsed_s": window.host_elapsed_s,
        "throughput_per_s": rate,
        "latency_s": 1 / rate if rate else None,
        "invalid": window.invalid,
    }


def _measured(measured: MeasuredWindow) -> dict[str, Any]:
    window = measured.window
    return {
        "start_s": window.start_s,
        "end_s": window.end_s,
        "energy_j": window.energy_j,
        "energy_per_inference_j": measured.energy_per_inference_j,
        "power_w": window.power_w,
    }


_NO_RATE: dict[str, Any] = {"throughput_per_s": None, "latency_s": None}
_NO_ENERGY: dict[str, Any] = dict.fromkeys(
    ("start_s", "end_s", "energy_j", "energy_per_inference_j", "power_w")
)


def _text(value: object) -> str | None:
    """Return a text, or a number as one, of anybody's session.json; None of anything else."""
    if isinstance(value, str):
        return value or None
    number = type(value) is int or (isinstance(value, float) and isfinite(value))
    return str(value) if number else None
