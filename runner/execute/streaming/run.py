"""Runs a session of a streaming task from end to end: prepare, connect, play, score, write.

On the same spine as any run: the script says what happens, the journal tells of it, and what is
scored is the journal alone. A recording plays once and whole, so there is nothing to calibrate, and
nothing to go on with after a stop: the run is begun again, and the old session stays.
"""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ....datasets.demo.demo_dataset import default_root
from ....dut_protocol.host.dut import Identity
from ....dut_protocol.link.clock import VirtualClock
from ....models.demo_models import DEMO_NOTE
from ....models.suite import STREAMING_TASKS, StreamingTask
from ...bench.bench import Bench
from ...bench.labgrid.lease import held_places
from ...bench.monitors import check_supply
from ...bench.opening import check_addresses
from ...bench.streaming import (
    check_streaming_addresses,
    device_baud_rate,
    is_device_behind,
    open_streaming_bench,
    open_uart_bench,
    with_simulated_board,
)
from ...config.config import Config
from ...config.rounds import load_rounds
from ...config.sim_address import is_simulated
from ...errors import ResumeError, SetupError
from ...journal.journal import Journal
from ...journal.session_document import (
    IterationsSaid,
    Provenance,
    read_document,
)
from ...journal.session_folder import (
    SessionFolder,
    alone_with,
    create_session,
)
from ...score.judge import judge_any
from ...score.streaming.assess import JudgedStream
from ...script.energy_plan import ENERGY_CODE
from ...script.parser import read_script
from ...script.plan import BENCHMARK_CODE
from ...script.publishable_path import written_path
from ...script.script import Script, numbered_steps, preliminary_steps
from ...script.streaming_plan import StreamedRecording, feeding_plan, streaming_plan
from ...script.verbs import (
    BoardCommand,
    BoardDutCommand,
    BoardPlay,
    BoardQuestion,
    DeviceVerb,
    DutCommand,
    EmonTrace,
    Verb,
    format_verb,
    parse_verb,
)
from ...terms import Mode
from ...write.mlcommons_streaming import streaming_result_lines
from ..host import check_disk, kept_awake
from ..outcome import (
    Outcome,
    UnfinishedRun,
    new_journal,
    write_beginnings,
    write_result,
)
from ..prepare import Opening, Unlogged, streaming_root
from ..progress import BegunRun, Reporter, running
from ..provenance import (
    describe_device,
    describe_session,
    describe_setup,
    describe_streaming_bench,
)
from ..resume.resume_point import SESSION_STOP, is_measured
from ..steps.board_steps import BoardSteps
from ..steps.energy_steps import EnergySteps
from ..steps.sequencer import listen
from ..steps.streaming_executor import StreamingExecutor
from .recording import PlayedRecording, find_recording

BEGIN_AGAIN = (
    "A run of the streaming wake word is begun again, not continued: its recording plays once, "
    "from beginning to end. What was logged stays where it is."
)
_COUNTS = (1, 0)
"""What MLCommons' runner says of a recording: one iteration, no warm-up."""


@dataclass(frozen=True, slots=True)
class PreparedStream:
    """Is a run of which everything is known and checked that needs no board and no device."""

    task: StreamingTask
    mode: Mode
    config: Config
    recording: PlayedRecording
    script: Script
    script_file: Path | None
    reporter: Reporter

    @property
    def energy(self) -> bool:
        return self.mode is Mode.ENERGY

    @property
    def length_s(self) -> float:
        """Return how long the run takes at least: the recording."""
        return self.recording.truth.length_s


def prepare_stream(
    task: StreamingTask,
    mode: Mode,
    config: Config,
    reporter: Reporter,
    script_file: Path | None = None,
) -> PreparedStream:
    """Check all that needs no device: settings, addresses, recording, script, room on the disk.

    SetupError or DatasetError says what is wrong; no port was opened.
    """
    if (mode is Mode.ACCURACY) is not config.no_board:
        raise SetupError(
            f"{task.key} has no accuracy mode: its words are counted in any run; give --mode "
            "performance, or --mode energy with a monitor"
            if mode is Mode.ACCURACY
            else "--no-board sends the sound over the UART: there are words to count, and nothing "
            "to time; give --mode accuracy with it"
        )
    energy = mode is Mode.ENERGY
    supply_v = check_supply(config.monitor) if energy else None
    config = with_simulated_board(config)
    root = streaming_root(config.datasets, task, simulated=is_simulated(config))
    demo = root == default_root()
    model = "demo" if demo and config.model is None and is_simulated(config) else config.model
    if config.limit is not None or config.iterations != "auto":
        reporter.note(
            f"{task.key}: a limit and iterations are for inputs; its recording is played once"
        )
    config = config.model_copy(update={"datasets": root, "model": model, "limit": None})
    recording = find_recording(config, task, root)
    truth = recording.truth
    rate = device_baud_rate(config, energy=energy)
    played = StreamedRecording(truth.wav_file, truth.length_s, rate, is_device_behind(config))
    if config.no_board:
        if script_file is not None:
            raise SetupError("--no-board has a script of its own; leave --script out")
        if not recording.sha256:
            raise SetupError(f"{recording.wav} is not there, and is what --no-board sends")
        script = feeding_plan(written_path(recording.wav))
    elif script_file is None:
        script = streaming_plan(played, supply_v)
    else:
        script = read_script(script_file)
        check_streaming_script(script, played, energy=energy)
    check_disk(config.sessions, len(script.steps))
    if config.no_board:
        check_addresses(config, energy=False)
    else:
        check_streaming_addresses(config, energy=energy)
    if recording.synthetic:
        reporter.note(f"{task.key}: {DEMO_NOTE}")
    if not (recording.sha256 or is_simulated(config)):
        reporter.note(
            f"{truth.wav_file} is not at hand here: that the board's card holds the recording "
            f"whose words are in {truth.source} is not checked"
        )
    load_rounds().get(config.round)  # one that nobody knows is told before anything is sent
    return PreparedStream(task, mode, config, recording, script, script_file, reporter)


_IN_ORDER = ("start", "ib record", "ib play", "stop", "ib detections", "ib dutycycle")


def check_streaming_script(script: Script, played: StreamedRecording, *, energy: bool) -> None:
    """Refuse (SetupError) a script that is not one of this recording and of this bench."""
    steps = [one.step.command for one in numbered_steps(script)]
    verbs = [parse_verb(command) for command in steps]
    found = [word for verb in verbs if (word := _milestone(verb)) in _IN_ORDER]
    while found[:1] == ["stop"]:  # before `start`, where the device may listen still
        found.pop(0)
    if tuple(found) != _IN_ORDER:
        raise SetupError(
            f"this is no script of a streaming task: expected {', '.join(_IN_ORDER)}, in this "
            f"order and once each, found {', '.join(found) or 'none of them'}"
        )
    other = next((v for v in verbs if isinstance(v, BoardPlay) and v.file != played.wav_file), None)
    if other is not None:
        raise SetupError(
            f"the script plays {other.file}, and the words are those of {played.wav_file}; name "
            "the script's recording with --recording"
        )
    if energy is not any(isinstance(verb, EmonTrace) for verb in verbs):
        has = "records no trace" if energy else "records a trace, for energy mode"
        raise SetupError(f"the script {has}; name the mode it is for")
    wrong = DutCommand if played.device_behind else BoardDutCommand
    before = [parse_verb(step.command) for step in preliminary_steps(script)]
    if any(isinstance(verb, wrong) for verb in (*before, *verbs)):
        raise SetupError(
            "the script reaches the device on another way than this bench: `ib dut …` is for one "
            "behind the interface board, `dut …` for one on its own port (--dut)"
        )
    if BoardCommand(BoardQuestion.FILES) not in before:
        raise SetupError("this script has no `ib ls` before `version`: the card would not be known")


def _milestone(verb: Verb) -> str:
    if isinstance(verb, DeviceVerb):
        return verb.text
    return "ib play" if isinstance(verb, BoardPlay) else format_verb(verb)


def run_stream(prepared: PreparedStream) -> Outcome:
    """Measure what was prepared, from the opening of the bench to the result."""
    left = UnfinishedRun()
    config, task = prepared.config, prepared.task
    outside, inside = (left.told, nullcontext) if prepared.energy else (nullcontext, left.told)
    note, energy = prepared.reporter.note, prepared.energy
    with held_places(config, note, energy=energy, streaming=True), outside():
        with _bench_of(prepared) as bench, inside():
            session = create_session(config.sessions, task.key, prepared.mode, config.board)
            left.folder = session.folder
            code = ENERGY_CODE if energy else BENCHMARK_CODE
            new = new_journal(session.log, session, bench.clock, code, config.purpose)
            with alone_with(session), new as journal:
                opening, board = _opened(prepared, bench, journal)
                provenance = _describe(prepared, session, bench, opening, board)
                words = prepared.recording.truth_file
                write_beginnings(session, prepared.script, provenance, copy=session.truth, of=words)
                left.begin_again = BEGIN_AGAIN
                _execute(prepared, session, bench, journal, opening, provenance)
        with inside():
            return conclude_stream(session, provenance, task)


def _bench_of(prepared: PreparedStream) -> AbstractContextManager[Bench]:
    if prepared.config.no_board:
        return open_uart_bench(prepared.config)
    return open_streaming_bench(prepared.config, energy=prepared.energy)


def score_again(folder: Path, reporter: Reporter) -> Outcome:
    """Write the result of a session that was measured whole; any other ends in ResumeError."""
    provenance = read_document(folder).provenance
    session = SessionFolder(folder, provenance.session_id)
    if not is_measured(session.log):
        raise ResumeError(f"{folder} cannot be continued. {BEGIN_AGAIN}")
    reporter.note(f"{folder} is complete; nothing is left to run, scoring it again")
    with alone_with(session), UnfinishedRun(folder, resumable=True).told():
        return conclude_stream(session, provenance, STREAMING_TASKS[provenance.task])


def _opened(
    prepared: PreparedStream, bench: Bench, journal: Journal
) -> tuple[Opening, BoardSteps | None]:
    """Make the bench ready by the script's steps before `version`, and know board and device."""
    truth = prepared.recording.truth
    parts, monitor = bench.streaming_parts, prepared.config.monitor
    energy = board = None
    if parts is not None and parts.recorder is not None:
        energy = EnergySteps(
            bench.dut, None, parts.recorder, Unlogged(), None, monitor.boot_timeout_s,
            soft_markers=monitor.soft_markers,
        )  # fmt: skip
    if parts is not None:
        board = BoardSteps(parts.board, Unlogged(), wav_file=truth.wav_file)
    opening = Opening(bench, lambda: connect_stream(bench, prepared.task), journal, energy, board)
    opening.prepare(prepared.script)
    opening.tell_if_simulated(prepared.reporter.note)
    return opening, board


def connect_stream(bench: Bench, task: StreamingTask) -> Identity:
    """Find the device awake and right for the task; SetupError says what is wrong with it."""
    identity = bench.dut.identify()
    model_id = identity.model_id or "nothing"
    if model_id.lower() not in task.model_ids:
        raise SetupError(
            f"{bench.dut.address}: the firmware's model is {model_id}, {task.key} needs "
            f"{task.model_id}; flash the firmware for {task.model_id}"
        )
    return identity


def _describe(
    prepared: PreparedStream,
    session: SessionFolder,
    bench: Bench,
    opening: Opening,
    board: BoardSteps | None,
) -> Provenance:
    by: IterationsSaid = IterationsSaid(by="mode" if prepared.script_file is None else "script")
    setup = describe_setup(
        prepared.config, prepared.mode, prepared.task.key, prepared.recording.facts,
        prepared.script, _COUNTS, prepared.script_file,
    )  # fmt: skip
    supply_v = 0.0 if opening.energy is None else opening.energy.supply_v
    return Provenance.of(
        describe_session(session, by),
        setup,
        describe_device(opening.identity, bench),
        energy=None if board is None else describe_streaming_bench(bench, board.name, supply_v),
    )


def _execute(
    prepared: PreparedStream,
    session: SessionFolder,
    bench: Bench,
    journal: Journal,
    opening: Opening,
    provenance: Provenance,
) -> None:
    """Run the script's numbered steps; keep the journal and a trace's file on every path."""
    reporter, truth = prepared.reporter, prepared.recording.truth
    simulated = isinstance(bench.clock, VirtualClock)
    journal.write("sequencer", "m-sequencer-start")
    journal.flush()
    listen(bench, journal, reporter.note)
    expected_s = None if simulated else truth.length_s
    reporter.run_begins(BegunRun(session.folder, provenance, expected_s, at_least=False))
    energy = opening.energy
    if energy is not None:
        energy = energy.for_session(journal, session.folder, 1)
    on_time = _Played(reporter, truth.length_s).show
    board = None
    if bench.streaming_parts is not None:
        board = BoardSteps(
            bench.streaming.board, journal, wav_file=truth.wav_file, length_s=truth.length_s,
            on_time=on_time,
        )  # fmt: skip
    executor = StreamingExecutor(
        bench, journal, prepared.task, _benchmark_config(prepared), board, energy,
        prepared.recording.wav, on_time,
    )  # fmt: skip
    title = f"{prepared.task.key} {prepared.mode.value}"
    with (
        nullcontext() if energy is None else closing(energy),
        kept_awake(not simulated),
        running(reporter, title, math.ceil(truth.length_s), 0),
    ):
        executor.run(prepared.script)
    journal.write("sequencer", "m-sequencer-stop")
    journal.write("session", f"{SESSION_STOP}[{session.session_id}]")


class _Played:
    """Tells the reporter how far a recording is."""

    def __init__(self, reporter: Reporter, length_s: float) -> None:
        self._reporter = reporter
        self._length_s = length_s

    def show(self, since_s: float) -> None:
        done = min(int(since_s), math.ceil(self._length_s))
        self._reporter.advance(done, f"{done} of {self._length_s:.0f} s")


def _benchmark_config(prepared: PreparedStream) -> dict[str, str]:
    return {
        "iterWarmup": str(_COUNTS[1]),
        "iterInfer": str(_COUNTS[0]),
        "runMode": "multi" if prepared.config.no_board else "bmark",
        "model": prepared.task.model_id,
        "sourceDir": written_path(prepared.recording.truth_file.parent),
        "singleInputFn": prepared.recording.truth.wav_file,
    }


def conclude_stream(session: SessionFolder, provenance: Provenance, task: StreamingTask) -> Outcome:
    """Score the journal by the same code as anybody's; write result.txt and the result."""
    judged = judge_any(session.folder)
    assert isinstance(judged, JudgedStream), "the log named a streaming model when it was opened"
    assessment, mode = judged.assessment, provenance.mode
    lines = streaming_result_lines(assessment, judged.round)
    trace = None
    if assessment.energy is not None and judged.stream is not None:
        trace = judged.stream.trace
    write_result(session, provenance, assessment, "".join(f"{line}\n" for line in lines), trace)
    return Outcome(session, task, mode, judged.round, assessment, provenance)
