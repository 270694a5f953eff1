"""Compares the results of a session with its log: figures that do not agree are never built from.

What a streaming session's files do not let anybody recompute, as the energy of one without its
samples, has to stand in the log as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from ...models.suite import Metric, Task
from ..journal.session_folder import SessionFolder
from ..score.assess import Assessment
from ..score.streaming.printed import IN_RESULTS, expected_texts, streaming_figures
from ..write.eembc_results import render_result
from ..write.mlcommons_results import result_lines
from ..write.mlcommons_streaming import streaming_result_lines
from ..write.printed_results import parse_results

if TYPE_CHECKING:
    from .gather import GatheredSession

RESULTS_NAME = "results.txt"
"""The name of the results of MLCommons' runner."""


def disagreements(session: GatheredSession) -> Iterator[str]:
    """Return figures of the results that are not what log and trace give."""
    task, assessment = session.task, session.judged.assessment
    if not isinstance(task, Task):
        of_runner = session.provenance is None
        return (_of_stream if of_runner else _of_own_stream)(session, assessment)
    if session.provenance is None:
        return _of_mlcommons(session, assessment, task)
    path = SessionFolder(session.folder, "").result
    again = render_result(assessment, task, session.judged.round, time_s=0.0)
    return _unequal(path, _figures(_text(path)), _figures(again))


def _unequal(path: Path, told: dict[str, str], again: dict[str, str]) -> Iterator[str]:
    for name in sorted(told.keys() | again.keys()):
        held, right = told.get(name, "nothing"), again.get(name, "nothing")
        if held != right:
            yield f"{path} says {held} for {name}, its log gives {right}"


def _of_mlcommons(session: GatheredSession, assessment: Assessment, task: Task) -> Iterator[str]:
    """Compare the results of MLCommons' runner with what would be written, figure by figure.

    Sums that are added up in another order may differ in the last digit that is printed.
    """
    path = session.folder / RESULTS_NAME
    result = assessment.energy or assessment.performance or assessment.accuracy
    if result is None:
        yield f"{path}: nothing was measured"
        return
    told = _figures(_text(path))
    again = _figures("\n".join(result_lines(result, session.judged.round, "")))
    # No target is set in ad's Top-1, and each runner takes it its own way.
    informative = {"top1"} if task.metric is Metric.AUC else set()
    yield from _unlike(path, told, again, informative)


def _unlike(
    path: Path, told: dict[str, str], again: dict[str, str], informative: set[str]
) -> Iterator[str]:
    for name in sorted((told.keys() | again.keys()) - informative):
        held, right = told.get(name, "nothing"), again.get(name, "nothing")
        if not _alike(held, right):
            yield f"{path} says {held} for {name}, its log and results.json give {right}"


def _of_own_stream(session: GatheredSession, assessment: Assessment) -> Iterator[str]:
    """Compare the results of a streaming session of ours, line by line, with its log's."""
    path = SessionFolder(session.folder, "").result
    told = _text(path).splitlines()
    again = list(streaming_result_lines(assessment, session.judged.round))
    for number, (held, right) in enumerate(zip_longest(told, again, fillvalue="nothing"), 1):
        if held != right:
            yield f"{path}, line {number}, says {held[:120]!r}, its log gives {right!r}"


def _of_stream(session: GatheredSession, assessment: Assessment) -> Iterator[str]:
    """Compare words and rates with what is recomputed, the rest with the log's own copy."""
    path = session.folder / RESULTS_NAME
    text, record, result = _text(path), assessment.facts.streaming, assessment.streaming
    printed = [] if record is None else record.printed
    told = {one.name: one.text for one in streaming_figures(enumerate(text.splitlines(), 1))}
    again = {one.name: one.text for one in streaming_figures(printed)}
    if result is not None:
        for name, right in expected_texts(result.words, result.duty).items():
            again[name] = told[name] if told.get(name) in right else right[0]
    both = [{name: each[name] for name in IN_RESULTS if name in each} for each in (told, again)]
    yield from _unequal(path, *both)
    own = "\n".join(line for _, line in printed)
    if assessment.energy is not None:
        own = "\n".join(result_lines(assessment.energy, session.judged.round, ""))
    yield from _unlike(path, _figures(text), _figures(own), set())


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


_SUM_NOISE = Decimal("1e-9")
"""How far sums of the same numbers may be apart, as a fraction."""


def _alike(one: str, other: str) -> bool:
    try:
        apart = abs(Decimal(one) - Decimal(other))
    except InvalidOperation:
        return one == other
    digits = min(len(text.partition(".")[2]) for text in (one, other))
    noise = _SUM_NOISE * abs(Decimal(other))
    return apart <= max(Decimal(1).scaleb(-digits), noise) if digits else apart == 0


def _figures(text: str) -> dict[str, str]:
    """Return every printed figure by a name for a person; both texts of one printed twice."""
    printed = parse_results(text.splitlines())
    named = [(figure.name, figure.text) for figure in (*printed.headlines, *printed.stray)]
    for block in printed.blocks:
        place = f"{block.kind.value} {block.number}"
        named += ((f"{place} {figure.name}", figure.text) for figure in block.figures)
    texts: dict[str, list[str]] = {}
    for name, figure in named:
        if figure not in texts.setdefault(name, []):
            texts[name].append(figure)
    return {name: " and ".join(found) for name, found in texts.items()}
