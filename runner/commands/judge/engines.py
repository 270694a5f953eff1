"""``tinyrunner engines``: one model by several engines and a board, and where they differ."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from ....models.suite import Task
    from ...config.config import Config
    from ...report.compare.engines.answer import Answering, OutputScale
    from ...report.compare.engines.boards import RecordedBoard
    from ...report.compare.engines.comparison import EngineComparison, Respondent
    from ...report.compare.engines.inputs import AskedInputs
    from ...report.compare.engines.tally import DifferingInput, Tally
    from ...score.judge import Judged

_WITH_A_BOARD = 50
"""Inferences that a board is asked for unless told: some minutes of vww at 115200 baud."""
_MOST_SHOWN = 5
_LETTERS = "ABCDEF"
"""What those are called by whose answers are equal: there are at most as many as can be asked."""


@options.with_settings(
    "task dut session model datasets labels inputs config baud_rate as_json",
    dut=("A board to ask as well: port, usb:SERIAL, URL, labgrid:PLACE, sim:.", "none"),
    model=(
        "The .tflite file that all run, reference or demo.",
        "reference; what a simulated board ran or runs",
    ),
    datasets=("Folder holding kws01/, vww01/, …; or demo.", "the session's; $TINYRUNNER_DATASETS"),
)
def engines(
    flags: dict[str, Any],
    task: Annotated[
        str | None,
        typer.Argument(
            help="vww, ic, kws, ad, ic2, sww or custom.",
            show_default="required, but for --session",
            metavar="TASK",
        ),
    ] = None,
    session: Annotated[
        Path | None,
        typer.Option(
            "--session",
            help="An accuracy session, or its log: what its board answered is compared.",
            show_default="none",
            metavar="SESSION",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            help="Another label list.",
            show_default="the session's; else the inputs' own y_labels.csv",
            metavar="FILE",
        ),
    ] = None,
    inputs: Annotated[
        int | None,
        typer.Option(
            "--inputs",
            help="So many files, or frames of sww, from all over the list.",
            show_default=f"all; with --dut {_WITH_A_BOARD}, or one of ad",
            metavar="N",
            min=1,
        ),
    ] = None,
    config: options.ConfigOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Run a model by every engine here, and ask a board: where do they differ, does it matter?"""
    from hashlib import sha256

    from ....models.engine import EngineUnavailable
    from ....models.model_file import read_model
    from ...config.config import override
    from ...config.name_lookup import model_file
    from ...report.compare.engines.comparison import compare_engines
    from ...report.compare.engines.host_engines import host_engines, output_scale

    settings = override(options.base_config(config), **flags)
    judged = None if session is None else _judged(session, labels, settings, task)
    chosen = _task(task, settings, judged)
    path = model_file(settings.model or _usual_model(judged, settings), chosen)
    found, lacking = host_engines(path, chosen)
    scale = output_scale(path)
    asked: list[Answering] = [*found]
    recorded = None if judged is None else _recorded(str(session), judged, scale)
    if recorded is not None:
        asked.append(recorded)
    questions = _inputs(chosen, settings, judged, recorded, labels or _copied_list(session), inputs)
    with ExitStack() as stack:
        if settings.dut.address is not None:
            asked.append(stack.enter_context(_board(settings, chosen, scale)))
        if len(asked) < 2:
            why = "\n".join(f"  {one.name}: {one.why}" for one in lacking)
            raise EngineUnavailable(f"there are no two to compare:\n{why}")
        progress = stack.enter_context(_progress(chosen, questions, as_json=as_json))
        compared = compare_engines(
            chosen, str(path), sha256(read_model(path)).hexdigest(), scale, questions, asked,
            lacking, progress,
        )  # fmt: skip
    if as_json:
        import json

        typer.echo(json.dumps(compared.to_json(), indent=2))
    else:
        _show(options.result_console(), compared)


def _judged(session: Path, labels: Path | None, settings: Config, task: str | None) -> Judged:
    from ...score.judge import Judged, judge_any

    folder = settings.datasets if isinstance(settings.datasets, Path) else None
    judged = judge_any(session, labels, folder, task_name=task, labels_needed=False)
    if not isinstance(judged, Judged):
        raise SetupError(
            f"{session} is a session of the streaming wake word, which has no scores of inputs"
        )
    if not any(record.scores for record in judged.records):
        raise SetupError(f"{session} holds no scores to compare; an accuracy session does")
    return judged


def _recorded(where: str, judged: Judged, scale: OutputScale) -> RecordedBoard:
    from ...report.compare.engines.boards import RecordedBoard

    simulated = " (simulated)" * judged.assessment.simulated
    return RecordedBoard.of(f"{where}{simulated}", judged.task, scale, judged.records)


def _inputs(
    task: Task,
    settings: Config,
    judged: Judged | None,
    recorded: RecordedBoard | None,
    labels: Path | None,
    most: int | None,
) -> AskedInputs:
    """Open what is asked: of a session what its board answered, of sww the frames of recordings."""
    from ....datasets.inputs import Dataset
    from ....datasets.streaming.truth import truths_folder
    from ....models.suite import SWW
    from ...config.sim_address import is_simulated
    from ...execute.prepare import dataset_root, streaming_root
    from ...report.compare.engines.inputs import DatasetInputs, RecordedFrames

    asked = settings.datasets
    if task.key == SWW.key:
        root = streaming_root(asked, SWW, simulated=False)
        return RecordedFrames.of(truths_folder(root, SWW), most)
    if asked is None and judged is not None and judged.provenance is not None:
        asked = Path(judged.provenance.dataset.folder).expanduser()
    root = dataset_root(asked, task, simulated=is_simulated(settings))
    questions = DatasetInputs(Dataset.open(root, task, labels))
    if recorded is not None:
        questions = questions.only(recorded.files)
        windows = ((window.file, window.offset) for window in questions.dataset.windows())
        if recorded.answers.keys().isdisjoint(windows):
            raise SetupError(
                f"no input of {recorded.where} is in {questions.folder}: give the folder that it "
                "was measured with (--datasets)"
            )
    if most is None and settings.dut.address is not None:
        most = max(1, _WITH_A_BOARD * questions.files // questions.windows)
    return questions.spread(most)


def _task(named: str | None, settings: Config, judged: Judged | None) -> Task:
    from ....models.suite import SWW, SWW_INFERENCE
    from ...config.name_lookup import task_named

    if judged is not None:
        return judged.task
    if named == SWW.key:
        if settings.dut.address is not None:
            raise SetupError("a device of sww hears sound, and tells no scores: leave out --dut")
        return SWW_INFERENCE
    if named is None:
        raise SetupError(
            "which task? Name one (vww, ic, kws, ad, ic2, sww, custom), or give --session"
        )
    return task_named(named, settings)


def _usual_model(judged: Judged | None, settings: Config) -> str | Path:
    """Return the model that a simulated board ran or runs; of a real one, the reference."""
    from hashlib import sha256

    from ....models.model_file import read_model
    from ...config.sim_address import is_simulated

    told = None if judged is None or judged.provenance is None else judged.provenance.simulated
    if told is not None and told.model.endswith(".tflite"):
        path = Path(told.model).expanduser()
        if sha256(read_model(path)).hexdigest() != told.model_sha256:
            raise SetupError(
                f"{path} is another file than the session's device ran (SHA-256 "
                f"{told.model_sha256[:12]}…); name that with --model FILE"
            )
        return path
    return "demo" if is_simulated(settings) else "reference"


def _copied_list(session: Path | None) -> Path | None:
    """Return a session's own copy of its label list, where it has one."""
    from ...journal.session_folder import SessionFolder

    if session is None:
        return None
    copied = SessionFolder(session if session.is_dir() else session.parent, "").labels
    return copied if copied.is_file() else None


@contextmanager
def _board(settings: Config, task: Task, scale: OutputScale) -> Iterator[Answering]:
    from ...bench.labgrid.lease import held_places
    from ...bench.opening import open_bench
    from ...execute.prepare import connect
    from ...report.compare.engines.boards import AskedBoard

    with (
        held_places(settings, options.tell_on_stderr, energy=False),
        open_bench(settings, task) as bench,
    ):
        identity = connect(bench, task)
        yield AskedBoard(bench, task, scale, identity.vendor)


@contextmanager
def _progress(task: Task, inputs: AskedInputs, *, as_json: bool) -> Iterator[Callable[[int], None]]:
    """Show how far it is on a terminal, and nothing elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if as_json or not console.is_terminal:
        yield lambda done: None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        row = bar.add_task(f"{task.key}: inputs", total=inputs.windows)
        yield lambda done: bar.update(row, completed=done)


# ---- what is shown -------------------------------------------------------------------------------


def _show(console: Console, compared: EngineComparison) -> None:
    from rich.text import Text

    from ...report.compare.engines.boards import BOARD, SESSION
    from ..show.fitted_table import print_fitted

    def say(text: str = "", style: str = "") -> None:
        console.print(Text(text, style=style))

    task, inputs = compared.task, compared.inputs
    in_parts = inputs.windows != inputs.files
    windows = f", {options.spaced(inputs.windows)} windows" if in_parts else ""
    plural = "" if inputs.files == 1 else "s"
    say(f"{task.key} by {compared.model} ({compared.model_sha256[:12]}…)")
    say(f"{options.spaced(inputs.files)} input{plural}{windows} of {inputs.folder}")
    say()
    groups = dict(zip(_LETTERS, compared.groups, strict=False))
    letter_of = {name: letter for letter, group in groups.items() for name in group}
    rows = [
        {
            "who": Text(one.name),
            task.metric.value: Text(_figure(one, task) if inputs.rows else ""),
            "answers": Text(letter_of[one.name]),
            "runs as": Text(one.runs_as),
        }
        for one in compared.asked
    ]
    print_fitted(console, rows, name="runs as", first_to_go=(), left={"who", "answers", "runs as"})
    say()
    pairs = [
        (f"{a}, {b}", compared.pair(groups[a][0], groups[b][0])) for a, b in combinations(groups, 2)
    ]
    counted = [
        {
            "answers": Text(name),
            "differ": Text(f"{options.spaced(pair.differing)} of {options.spaced(pair.compared)}"),
            "by at most": Text(_largest(pair)),
            "other class": Text(str(pair.other_class) if task.score_count > 1 else ""),
        }
        for name, pair in pairs
    ]
    if counted:
        print_fitted(console, counted, name="answers", first_to_go=(), left={"answers"})
        say()
    for name, pair in pairs:
        if pair.differing:
            say(f"{name}: {_named(pair, task, in_parts)}")
    if compared.equal:
        say("all answers are equal", "green")
    for name in (BOARD, SESSION):
        if (nearest := _nearest(name, compared.pairs)) is not None:
            say(nearest, "bold")
    for lacking in compared.unavailable:
        say(f"not asked: {lacking.name}: {lacking.why}", "yellow")


def _figure(one: Respondent, task: Task) -> str:
    from ....models.suite import Metric

    scored = one.accuracy
    if scored is None or scored.figure is None:
        return "none"
    if task.metric is Metric.AUC:
        return f"{scored.figure:.4f}"
    return f"{100 * scored.figure:.1f} % ({scored.correct} right)"


def _largest(pair: Tally) -> str:
    if not pair.compared:
        return "not compared"
    if not pair.differing:  # as a board's printed scores may be from those of both groups
        return "equal"
    steps = "" if pair.largest_steps is None else _steps(pair.largest_steps)
    score = "" if pair.scores_are_outputs and steps else f"{pair.largest_difference:.3g} of a score"
    return ", ".join(filter(None, (steps, score)))


def _steps(steps: int) -> str:
    return f"{steps} step" if steps == 1 else f"{steps} steps"


def _named(pair: Tally, task: Task, in_parts: bool) -> str:
    names = [_input(each, task, in_parts) for each in pair.named(_MOST_SHOWN)]
    more = pair.differing - len(names)
    return ", ".join(names) + (f", and {options.spaced(more)} more" if more else "")


def _input(each: DifferingInput, task: Task, in_parts: bool) -> str:
    where = f"{each.file} at {each.offset}" if in_parts else each.file
    if each.steps is not None:
        by = _steps(each.steps)
    else:
        by = "no number" if each.difference is None else f"{each.difference:.3g}"
    if each.classes is None:
        return f"{where} ({by})"
    return f"{where} ({by}: {' against '.join(_class(number, task) for number in each.classes)})"


def _class(number: int, task: Task) -> str:
    return task.class_names[number] if number < len(task.class_names) else f"class {number}"


def _nearest(name: str, pairs: tuple[Tally, ...]) -> str | None:
    """Say whose answers a board's are most like."""
    from ...report.compare.engines.boards import BOARD, SESSION

    to_it = [
        pair
        for pair in pairs
        if name in (pair.a, pair.b) and {pair.a, pair.b} != {BOARD, SESSION} and pair.compared
    ]
    if not to_it:
        return None
    best = min(to_it, key=lambda pair: pair.differing)
    like = [
        pair.a if pair.b == name else pair.b for pair in to_it if pair.differing == best.differing
    ]
    if best.differing and len(like) == len(to_it):
        return None  # as far from all: the table says how far
    how = f"nearest ({best.differing} differ) to" if best.differing else "equal to"
    return f"the {name}'s answers are {how} those of {', '.join(like)}"
