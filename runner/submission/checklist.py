"""The submission checklist: a round's questions, answered by the submitter or by the sessions.

Nothing is answered for the submitter: a question that nobody answered says so in the PDF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...models.suite import Metric, StreamingTask
from ..config.rounds import Round
from ..score.streaming.results import WordScore
from ..terms import Mode
from .describe.description import Description
from .describe.questions import ASKED
from .gather import Gathered, GatheredSession

NOT_ANSWERED = "(not answered)"


_BY_KEY = {question.key: question for question in ASKED}


@dataclass(frozen=True, slots=True)
class AnsweredQuestion:
    """Is a question with its answer, as the PDF shows them."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """Is one line of the table of accuracies."""

    system: str
    benchmark: str
    figure: str
    target: str
    met: bool | None
    """Whether the target was met; None where nothing was measured, or nothing is asked."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """Holds everything that the PDF says."""

    round: Round
    answers: tuple[AnsweredQuestion, ...]
    table: tuple[AccuracyRow, ...]
    unanswered: tuple[str, ...]
    """Keys of the description's checklist that are empty."""


def fill_checklist(description: Description, gathered: Gathered, round_: Round) -> Checklist:
    """Fill in the submitter's answers, and those that follow from the sessions."""
    told = description.checklist.model_dump()
    table = tuple(_accuracies(description, gathered, round_))

    def asked(key: str) -> AnsweredQuestion:
        return AnsweredQuestion(_BY_KEY[key].text, told[key] or NOT_ANSWERED)

    keys = [key for key in (*gathered_tasks(gathered),)]
    statuses = {
        system.description["Status"].strip().lower(): system for system in description.systems
    }
    answers = (
        asked("engineers"),
        asked("emails"),
        AnsweredQuestion(
            "System(s) under test", _lines(system.id for system in description.systems)
        ),
        AnsweredQuestion("Division", description.division.value),
        AnsweredQuestion("Category", ", ".join(_CATEGORIES[status] for status in statuses)),
        AnsweredQuestion("Benchmarks", ", ".join(keys)),
        AnsweredQuestion("Is the accuracy target met for every benchmark?", _target_met(table)),
        AnsweredQuestion(
            "Was accuracy mode run on the whole validation set?", _whole_set(gathered)
        ),
        AnsweredQuestion("Does the submission use the EEMBC runner?", _runner(gathered)),
        asked("same_code_in_both_modes"),
        asked("calibrated_outside_official_set"),
        asked("numerics"),
        asked("backend"),
        asked("caching_techniques"),
        asked("disallowed_techniques"),
        asked("congruent_with_rules"),
        AnsweredQuestion(
            "Is a system description (JSON) filled in for each system?", _filled(description)
        ),
        asked("reflects_real_world_performance"),
        AnsweredQuestion("The submission includes", _included(gathered)),
    )
    unanswered = tuple(question.key for question in ASKED if not told[question.key])
    return Checklist(round_, answers, table, unanswered)


_CATEGORIES = {"available": "Available", "preview": "Preview", "rdi": "RDI"}


def gathered_tasks(gathered: Gathered) -> tuple[str, ...]:
    """Return the benchmarks that there are, in the suite's order within each system."""
    return tuple(dict.fromkeys(session.task.key for session in gathered.sessions))


def _accuracies(
    description: Description, gathered: Gathered, round_: Round
) -> Iterator[AccuracyRow]:
    for system in description.systems:
        for key in dict.fromkeys(session.task.key for session in gathered.of(system.id)):
            of_task = gathered.of(system.id, key)
            task = of_task[0].task
            if isinstance(task, StreamingTask):
                yield _words_row(system.id, task, of_task)
                continue
            measured = next((s for s in of_task if s.mode is Mode.ACCURACY), None)
            figure = None if measured is None else _figure(measured)
            target = round_.target(task)
            yield AccuracyRow(
                system.id,
                key,
                "not measured" if figure is None else _printed(figure, task.metric),
                "none" if target is None else _printed(target, task.metric),
                None if figure is None or target is None else figure >= target,
            )


def _words_row(system: str, task: StreamingTask, of_task: Sequence[GatheredSession]) -> AccuracyRow:
    """Return the words of the session that counts: with energy, as the official checker has it."""
    target = f"at most {task.max_false} FN, {task.max_false} FP"
    words = _words_of(counted_session(of_task))
    if words is None:
        return AccuracyRow(system, task.key, "not measured", target, None)
    met = words.most_false <= task.max_false
    return AccuracyRow(system, task.key, str(words), target, met)


def counted_session(of_task: Sequence[GatheredSession]) -> GatheredSession:
    """Return the session of a streaming task that the official checker reads."""
    return next((one for one in of_task if one.mode is Mode.ENERGY), of_task[0])


def _words_of(session: GatheredSession) -> WordScore | None:
    result = session.judged.assessment.streaming
    return None if result is None else result.words


def _figure(session: GatheredSession) -> float | None:
    accuracy = session.judged.assessment.accuracy
    return None if accuracy is None else accuracy.figure


def _printed(figure: float, metric: Metric) -> str:
    """Print an AUC with a digit more than results have: 0.846 must not look like 0.85."""
    return f"{figure:.4f} AUC" if metric is Metric.AUC else f"{figure:.2%} Top-1"


def _target_met(table: tuple[AccuracyRow, ...]) -> str:
    missed = [row for row in table if not row.met]
    if not missed:
        return "Yes, for every combination of system and benchmark"
    rows = (f"{row.system}, {row.benchmark}: {row.figure}, target {row.target}" for row in missed)
    return "No, for some combination:\n" + _lines(rows)


def _whole_set(gathered: Gathered) -> str:
    partial = []
    sessions = gathered.of(mode=Mode.ACCURACY)
    streams = [one for one in gathered.sessions if isinstance(one.task, StreamingTask)]
    for session in sessions:
        accuracy = session.judged.assessment.accuracy
        listed, inputs = (0, 0) if accuracy is None else (accuracy.listed, accuracy.inputs)
        told = session.provenance
        if told is not None and told.dataset.synthetic:
            partial.append(f"{session.place}: {inputs} generated inputs, no validation set")
        elif inputs < listed or (told is not None and told.limit is not None):
            partial.append(f"{session.place}: {inputs} of {listed} inputs")
        elif session.official_list is None:
            partial.append(f"{session.place}: all {inputs} inputs of a list that is not official")
    for session in streams:
        words = _words_of(session)
        if not session.official_words:
            count = 0 if words is None else words.words
            partial.append(f"{session.place}: {count} words of a recording that is not official")
    if not (sessions or streams):
        return "No: there is no accuracy session"
    if partial:
        return "No:\n" + _lines(partial)
    if not streams:
        return "Yes"
    whole = "the whole official recording of sww was played"
    return f"Yes; {whole}" if sessions else f"No accuracy mode: {whole}"


def _runner(gathered: Gathered) -> str:
    tools = dict.fromkeys(session.tool for session in gathered.sessions)
    text = f"No: measured with {', '.join(tools)}"
    return text + ", on a simulated device" if any(s.simulated for s in gathered.sessions) else text


def _filled(description: Description) -> str:
    lines = []
    for system in description.systems:
        empty = sum(not value.strip() for value in system.description.values())
        lines.append(
            f"{system.id}: {len(system.description) - empty} keys filled in, {empty} left empty"
        )
    return "Yes:\n" + _lines(lines)


def _included(gathered: Gathered) -> str:
    modes = dict.fromkeys(session.mode.value for session in gathered.sessions)
    parts = ["system descriptions", "this checklist"]
    if gathered.of(mode=Mode.ENERGY):
        parts.append("energy hook-up")
    parts += [f"{mode} results with logs" for mode in modes]
    parts += ["code with instructions to reproduce", "SHA-256 of every file"]
    return ", ".join(parts)


def _lines(texts: Iterator[str] | list[str]) -> str:
    return "\n".join(texts)
