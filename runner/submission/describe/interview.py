"""Asks the questions of `submission init`, in order: answers come from flags, else a prompt.

Where neither says, what would be proposed is taken. Whoever is asked may go back to the question
before; every answer is handed over to be kept. Nothing is printed here: the command gives a
function that puts one prompt to somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from pathlib import Path

from ....errors import closest
from ...config.rounds import load_rounds
from ...errors import SetupError
from ...terms import Division
from .names import as_folder_name, check_folder_name
from .placing import PlacedSessions
from .questions import ASKED
from .system_template import STATUSES, TEMPLATE, TEMPLATE_NAMES, template_name

NONE = "-"
"""An answer that an empty one cannot be, for that takes what is proposed."""

Answers = Mapping[str, str]
"""What was answered, by the questions' keys."""


class Step(Enum):
    """Is what may be done instead of answering."""

    BACK = "back"
    """Return to the question before."""


def collect(
    flags: Flags,
    placed: PlacedSessions,
    ask: Ask | None,
    known: Answers | None = None,
    keep: Callable[[Answers], None] = lambda _: None,
) -> DraftAnswers:
    """Collect the answers: from flags, else asked, else (``ask`` is None) as proposed.

    ``known`` are answers of an earlier time, which are not asked for again unless somebody goes
    back to them. ``keep`` is told all answers whenever there is one more.
    """
    questions = tuple(_questions(flags, placed))
    answers = dict(_answered(questions, known or {}))
    if ask is None:
        for question in questions:
            answers.setdefault(question.key, question.proposed(answers))
    else:
        _ask_all([one for one in questions if one.said is None], answers, ask, keep)
    return _draft(flags, placed, answers)


def _answered(questions: Iterable[_Question], known: Answers) -> Iterator[tuple[str, str]]:
    """Yield what flags say, and what is known and still will do; SetupError for a wrong flag."""
    for question in questions:
        if question.said is not None:
            try:
                yield question.key, question.check(question.said)
            except ValueError as error:
                raise SetupError(f"{question.label}: {error}") from error
        elif question.key in known:
            try:
                yield question.key, question.check(known[question.key] or NONE)
            except ValueError:
                continue  # a folder that is gone, say


def _ask_all(
    asked: Sequence[_Question],
    answers: dict[str, str],
    ask: Ask,
    keep: Callable[[Answers], None],
) -> None:
    """Ask from the first question without an answer on."""
    index = next((at for at, one in enumerate(asked) if one.key not in answers), len(asked))
    while index < len(asked):
        question = asked[index]
        default = answers.get(question.key, question.proposed(answers))
        reply = ask(question.prompt(default, index + 1, len(asked)))
        if isinstance(reply, Step):
            index = max(0, index - 1)
            continue
        answers[question.key] = reply
        keep(answers)
        index += 1


@dataclass(frozen=True, slots=True)
class _Question:
    """Is one thing that has to be known."""

    key: str
    section: str
    label: str
    hint: str
    check: Callable[[str], str]
    said: str | None = None
    """What a flag says; then it is not asked."""
    proposed: Callable[[Answers], str] = lambda _: ""
    """What an empty answer means, by the answers before."""

    def prompt(self, default: str, number: int, total: int) -> Prompt:
        return Prompt(self.section, self.label, self.hint, default, self.check, number, total)


def _questions(flags: Flags, placed: PlacedSessions) -> Iterator[_Question]:
    settings = dict(flags.settings)
    if flags.board is not None:
        settings.setdefault("Board Name", flags.board)
    yield from _of_the_submission(flags, settings.get("Board Name"), placed)
    yield from _of_the_system(settings, placed)
    yield _Question(
        CODE_IMPLEMENTATION,
        "Code",
        "Implementation",
        "the name of the folder code/<benchmark>/<implementation>",
        check_folder_name,
        settings.get(CODE_IMPLEMENTATION),
        lambda answers: answers["system"],
    )
    before = ""
    for task in placed.tasks:
        yield _Question(
            f"{CODE_FOLDER}.{task}",
            "Code",
            f"Sources of {task}",
            f"the folder to copy; {NONE} for none",
            _folder,
            settings.get(CODE_FOLDER),
            partial(_answer_of, f"{CODE_FOLDER}.{before}"),
        )
        before = task
    if placed.has_energy:
        title, hint = "Picture of the wiring", "a PNG or JPEG file; empty: told in words"
        said = settings.get(HOOKUP_PICTURE)
        yield _Question(HOOKUP_PICTURE, "Energy hook-up", title, hint, _file, said)
        title, hint = "The wiring in words", "or the picture's caption"
        said = settings.get(HOOKUP_TEXT)
        yield _Question(HOOKUP_TEXT, "Energy hook-up", title, hint, _text, said)
    if placed.of_mlcommons:
        title, hint = "Commit", "of mlcommons/tiny, whose benchmark/runner was run"
        said = settings.get(RUNNER_COMMIT)
        yield _Question(RUNNER_COMMIT, "MLCommons' runner", title, hint, _text, said)
    if placed.lack_words:
        hint = f"the folder whose sww01/ holds sww_long_test.json; {NONE}: as fetched"
        said = settings.get(DATASETS)
        yield _Question(DATASETS, "Streaming wake word", "Words", hint, _folder, said)
    for one in ASKED:
        key = CHECKLIST + one.key
        yield _Question(key, "Checklist", one.text, one.hint, _text, settings.get(key))


def _answer_of(key: str, answers: Answers) -> str:
    return answers.get(key, NONE)


def _of_the_submission(
    flags: Flags, board: str | None, placed: PlacedSessions
) -> Iterator[_Question]:
    sessions, rounds, section = placed.sessions, load_rounds(), "Submission"
    division = _same(one.division for one in sessions) or Division.CLOSED.value
    having = rounds.buildable[-1] if placed.of_mlcommons else rounds.having(*placed.tasks).name
    round_name = _same(one.round_name for one in sessions) or having
    system = as_folder_name(board or sessions[0].vendor)
    yield _Question(
        "organization",
        section,
        "Organization",
        "also the name of its folder",
        check_folder_name,
        flags.organization,
    )
    yield _Question(
        "division",
        section,
        "Division",
        "closed: the reference model as it is; open: anything declared",
        _one_of(*(division.value for division in Division)),
        flags.division,
        lambda _: division,
    )
    yield _Question(
        "round",
        section,
        "Round",
        ", ".join(rounds.buildable),
        _one_of(*rounds.buildable),
        flags.round_name,
        lambda _: round_name,
    )
    yield _Question(
        "system",
        section,
        "System id",
        "the name of its JSON file and of its results",
        check_folder_name,
        flags.system,
        lambda _: system,
    )


_ASKED_BEFORE = {"Submitter": "organization", "Division": "division"}
"""The template's keys that say again what the submission says."""


def _of_the_system(settings: Answers, placed: PlacedSessions) -> Iterator[_Question]:
    """Yield the questions of the template's keys, but for the two that were asked already."""
    simulated = placed.simulated
    proposed = {
        "Status": "rdi" if simulated else "available",
        "Board Name": "simulated" if simulated else "",
        "Software Notes": _same(session.firmware for session in placed.sessions) or "",
    }
    for key in TEMPLATE:
        if key.name in _ASKED_BEFORE:
            continue
        yield _Question(
            key.name,
            f"System description: {key.group.value}",
            key.name,
            key.hint,
            _one_of(*STATUSES) if key.name == "Status" else _text,
            settings.get(key.name),
            partial(lambda text, _: text, proposed.get(key.name, "")),
        )


def _draft(flags: Flags, placed: PlacedSessions, answers: Answers) -> DraftAnswers:
    picture, words = answers.get(HOOKUP_PICTURE), answers.get(DATASETS) or NONE
    folders = {task: answers[f"{CODE_FOLDER}.{task}"] for task in placed.tasks}
    again = {
        name: flags.settings.get(name, answers[key]).strip() for name, key in _ASKED_BEFORE.items()
    }
    return DraftAnswers(
        organization=answers["organization"],
        division=answers["division"],
        round_name=answers["round"],
        system=answers["system"],
        system_values=again | {name: answers[name] for name in TEMPLATE_NAMES if name not in again},
        checklist={one.key: answers[CHECKLIST + one.key] for one in ASKED},
        implementation=answers[CODE_IMPLEMENTATION],
        code_folders={task: Path(path) for task, path in folders.items() if path != NONE},
        hookup_picture=Path(picture) if picture else None,
        hookup_text=answers.get(HOOKUP_TEXT, ""),
        runner_commit=answers.get(RUNNER_COMMIT, ""),
        datasets=Path(words) if words != NONE else None,
    )


def _same(texts: Iterable[str | None]) -> str | None:
    """Return what they all are, None where they differ."""
    found = set(texts)
    return found.pop() if len(found) == 1 else None


def _one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        word = text.strip().lower()
        if word not in words:
            raise ValueError(f"expected {', '.join(words[:-1])} or {words[-1]}, got {text!r}")
        return word

    return check


def _folder(text: str) -> str:
    path = text.strip()
    if path not in ("", NONE) and not Path(path).expanduser().is_dir():
        raise ValueError(f"there is no folder {path!r}")
    return str(Path(path).expanduser()) if path not in ("", NONE) else NONE


def _text(text: str) -> str:
    said = text.strip()
    return "" if said == NONE else said


def _file(text: str) -> str:
    path = _text(text)
    if path and not Path(path).expanduser().is_file():
        raise ValueError(f"there is no file {path!r}")
    return str(Path(path).expanduser()) if path else ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Is one thing to ask."""

    section: str
    """The heading that it belongs under."""
    label: str
    hint: str
    default: str
    check: Callable[[str], str]
    """What gives the answer as it is kept; ValueError says what is wrong with it."""
    number: int = 1
    """Which of the questions it is, from 1."""
    total: int = 1


Ask = Callable[[Prompt], str | Step]


@dataclass(frozen=True, slots=True)
class Flags:
    """Holds what the command line said; None or absent: to be asked, or proposed."""

    organization: str | None = None
    division: str | None = None
    round_name: str | None = None
    system: str | None = None
    board: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """The values of --set: keys of the system description, `checklist.KEY`, `code.…`, `hookup.…`.
    """


@dataclass(frozen=True, slots=True)
class DraftAnswers:
    """Holds everything that goes into a draft beside the sessions."""

    organization: str
    division: str
    round_name: str
    system: str
    system_values: Mapping[str, str] = field(default_factory=dict)
    checklist: Mapping[str, str] = field(default_factory=dict)
    implementation: str = ""
    """The name of the implementation; empty: called after the system."""
    code_folders: Mapping[str, Path] = field(default_factory=dict)
    """The folders of the sources, by task key."""
    hookup_picture: Path | None = None
    hookup_text: str = ""
    runner_commit: str = ""
    """The commit of MLCommons' runner, where sessions of it are among them."""
    datasets: Path | None = None
    """The folder with the words of the recording, where sessions lack them."""


CODE_IMPLEMENTATION, CODE_FOLDER = "code.implementation", "code.folder"


HOOKUP_TEXT, HOOKUP_PICTURE = "hookup.text", "hookup.picture"


CHECKLIST = "checklist."


RUNNER_COMMIT = "runner.commit"


DATASETS = "datasets"


_SETTABLE = (
    *TEMPLATE_NAMES,
    *(CHECKLIST + question.key for question in ASKED),
    CODE_IMPLEMENTATION,
    CODE_FOLDER,
    HOOKUP_TEXT,
    HOOKUP_PICTURE,
    RUNNER_COMMIT,
    DATASETS,
)


def parse_settings(words: Sequence[str]) -> dict[str, str]:
    """Parse `--set "Key=Value"` into a mapping; SetupError names a key that there is not."""
    settings = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = template_name(key.strip()) if equals else word
        if not equals or key not in _SETTABLE:
            raise SetupError(
                f'--set {word!r}: expected "Key=Value", the key one of the system description '
                f"(such as Board Name), checklist.KEY, code.implementation, code.folder, "
                f"hookup.text, hookup.picture, runner.commit or datasets{closest(key, _SETTABLE)}"
            )
        settings[key] = value.strip()
    return settings


def required_flags(
    flags: Flags, placed: PlacedSessions | None, known: Answers | None = None
) -> list[str]:
    """Name the flags without which nothing can be written where nobody is asked."""
    answers = known or {}
    needed = {
        "--organization": flags.organization or answers.get("organization"),
        "--session": placed,
        "--system (or --board)": flags.system or flags.board or answers.get("system"),
    }
    return [name for name, value in needed.items() if value is None]
