"""The interactive console: the scripts' verbs, one at a time, errors shown and survived."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ...dut_protocol.errors import DutReportedError, LinkError
from ...dut_protocol.host.exchange import REPLY_TIMEOUT_S
from ...dut_protocol.wire.commands import COMMAND_WORDS
from ...dut_protocol.wire.messages import Model, Results, parse_line
from ...energy.errors import MonitorError
from ...errors import TinyrunnerError, closest, in_words
from ...models.suite import AD, TASKS_BY_MODEL_ID, Task
from ..bench.bench import Bench, StreamingParts
from ..bench.link import fit_to_io_manager
from ..bench.recorder import Recorder
from ..errors import JournalError, SetupError
from ..script.plan import parse_infer
from ..script.verbs import (
    FORMS,
    BmCfg,
    BoardDutCommand,
    DeviceVerb,
    DutCommand,
    Echo,
    IoDutCommand,
    Load,
    Mount,
    Needs,
    Umount,
    Version,
    parse_verb,
)
from .steps.board_steps import BoardSteps
from .steps.energy_steps import BenchPerformer, EnergySteps
from .steps.sequencer import PASSED_BY_BOARD, PASSED_THROUGH, VERSION_TEXT

HELP = """\
dut COMMAND                        send it to the device: dut name, dut profile, dut help; of what
                                   every firmware knows, `dut` may be left out: name, infer 10 1
bload dut "FILE" [OFFSET LENGTH]   load an input
dut infer N W                      N inferences after W warm-ups, and their throughput
echo TEXT MS                       pause
help, quit (or Ctrl-D)"""

ENERGY_HELP = """\
emon voltage [MILLIVOLTS]          set the supply, or say what it is
emon power on|off                  switch it; leaving the console switches it off
emon trace on NAME, emon trace off record into this folder
io COMMAND                         to the IO manager: io tm 0, io enable-timer, io disable-timer
io dut COMMAND                     to the device behind it: io dut name, io dut infer 10 1
bloadp "FILE" [OFFSET LENGTH]      load an input through the IO manager
"""


BOARD_HELP = """\
ib name, ib ls                     who the interface board is, and what its card holds
ib checkbaud                       the rate at which it talks to the device
ib setbaud BAUD                    set that rate; the board starts anew
ib record, ib play FILE            count time from now on, play a recording
ib detections, ib dutycycle        what was noted: milliseconds, ticks of 10 us
ib dut COMMAND                     to the device behind the board: ib dut name, ib dut start, …
"""


class _Shown:
    """Shows what one of the devices says as the logs have it: ``io: m-ready``."""

    def __init__(
        self,
        show: Callable[[str], None],
        source: str,
        explain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._show = show
        self._source = source
        self._explain = explain

    def line(self, text: str) -> None:
        self._show(f"{self._source}: {text}")
        self._explain(text)

    def note(self, text: str) -> None:
        self._show(f"note: {text}")


class _ShownJournal:
    """Shows what the energy steps would write into a log."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show

    def write(self, source: str, text: str) -> None:
        if source != "parser":
            self._show(f"{source}: {text}")

    def flush(self) -> None:
        """Do nothing, for nothing is kept back."""


class Interactive(BenchPerformer):
    """Executes lines that a person types; what the device says is shown as it comes."""

    def __init__(
        self,
        bench: Bench,
        show: Callable[[str], None],
        folder: Path,
        boot_timeout_s: float | None = None,
        task: Task | None = None,
    ) -> None:
        """Talk on ``bench``; ``boot_timeout_s`` is for one whose monitor powers the device.

        ``task`` is what the device runs; None: one of the suite's, if the device says so.
        """
        super().__init__(None)
        self._bench = bench
        self._show = show
        self._folder = folder
        self._task = task
        self.help = HELP
        self.ended = False
        self.failed = False
        """Whether a command did not succeed."""
        bench.dut.listener = _Shown(show, "dut", self._explain)
        parts = bench.energy_parts
        if parts is not None and boot_timeout_s is not None:
            self.help = ENERGY_HELP + HELP
            parts.io_manager.listener = _Shown(show, "io")
            bench.dut.listener = _Shown(show, PASSED_THROUGH, self._explain)
            self.energy = EnergySteps(
                bench.dut,
                parts.io_manager,
                parts.recorder,
                _ShownJournal(show),
                folder,
                boot_timeout_s,
            )
        if bench.streaming_parts is not None:
            self._with_board(bench.streaming_parts, boot_timeout_s)

    def _with_board(self, parts: StreamingParts, boot_timeout_s: float | None) -> None:
        """Talk to an interface board, and to the monitor where there is one."""
        self.help = BOARD_HELP + HELP
        parts.board.listener = _Shown(self._show, "ib")
        if parts.device_behind:
            self._bench.dut.listener = _Shown(self._show, PASSED_BY_BOARD, self._explain)
        journal = _ShownJournal(self._show)
        self.board_steps = BoardSteps(parts.board, journal)
        if parts.recorder is not None and boot_timeout_s is not None:
            self.help = BOARD_HELP + ENERGY_HELP + HELP
            self.energy = EnergySteps(
                self._bench.dut, None, parts.recorder, journal, self._folder, boot_timeout_s
            )

    def close(self) -> None:
        """Keep what was recorded of a trace that was not ended."""
        if self.energy is not None:
            self.energy.close()

    def greet(self) -> None:
        """Find the device awake and say who it is; behind a monitor it has no power yet."""
        streaming = self._bench.streaming_parts
        if streaming is not None:
            streaming.board.identify()
            if streaming.device_behind or streaming.recorder is not None:
                return  # a board waits for a device that does not answer, and hears nothing more
        if self.energy is None:
            self._bench.dut.identify()
            return
        self._bench.energy.io_manager.identify()
        monitor = self._bench.energy.monitor
        who = monitor.identify()
        powered = monitor.capabilities.powers_device
        self._show(
            f"emon: {who.maker} {who.model} {who.serial}, firmware {who.firmware}, on "
            f"{monitor.address}; the device is {'off' if powered else 'powered by somebody else'}"
        )

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Serve a monitor that records from a thread, while a person thinks.

        Nothing else touches the bench meanwhile.
        """
        recorder = self._bench.recorder
        if recorder is None or not recorder.recording:
            yield
            return
        server = _Server(recorder)
        try:
            yield
        finally:
            problem = server.end()
            if problem is not None:
                self._error(problem)

    def execute(self, text: str) -> None:
        """Execute one line; an error is shown, and only a dead link ends the console."""
        match text.casefold():
            case "":
                return
            case "quit" | "exit":
                self.ended = True
                return
            case "help":
                self._show(self.help)
                return
        try:
            self.perform(parse_verb(_as_verb(text)))
            if self._bench.energy_parts is not None:
                self._bench.energy.io_manager.drain()  # show the edges that it has reported
        except (LinkError, JournalError):
            raise
        except (TinyrunnerError, OSError) as error:
            self._error(error)

    def _error(self, error: Exception) -> None:
        self.failed = True
        if isinstance(error, DutReportedError) and not error.reported.startswith("e-"):
            self._show(f"error: {_refusal(error.reported)}")
        else:
            self._show(f"error: {in_words(error)}")

    def _explain(self, line: str) -> None:
        """Say in words what a line of the device means, where its digits do not."""
        for message in parse_line(line.encode()):
            if isinstance(message, Model):
                self._task = TASKS_BY_MODEL_ID.get(message.model_id, self._task)
            elif isinstance(message, Results) and self._task is not None:
                self._show(scores_in_words(message.scores, self._task))

    def version(self, _: Version) -> None:
        self._show(VERSION_TEXT)

    def echo(self, verb: Echo) -> None:
        self._bench.pause(verb.milliseconds / 1000.0)
        self._show(verb.text)

    def umount(self, _: Umount) -> None:
        self.ended = True

    def _needless(self, _: Mount | BmCfg) -> None:
        raise SetupError("there is nothing to mount or to configure in the console")

    mount = configure = _needless

    def command(self, verb: DeviceVerb) -> None:
        bench = self._bench
        counts = parse_infer(verb.text)
        if counts is None:
            if self.board_steps is not None:
                self.board_steps.ask_device(bench.dut, verb.text, REPLY_TIMEOUT_S)
            else:
                bench.dut.raw(verb.text)
            return
        score_count = None if self._task is None else self._task.score_count
        inference = bench.timer.infer(*counts, score_count)
        if inference.host_elapsed_s > 0:
            rate = inference.iterations / inference.host_elapsed_s
            self._show(f"{inference.host_elapsed_s:.3f} s, {rate:.3f} inf/s by the host")

    def load(self, load: Load) -> None:
        data = (self._folder / Path(load.path).expanduser()).read_bytes()
        offset, length = load.offset, load.length
        window = data[offset:] if length is None else data[offset : offset + length]
        if not window or (length is not None and len(window) < length):
            raise SetupError(f"{load.path} has {len(data)} bytes, no window at {offset}")
        bench = self._bench
        if bench.energy_parts is not None and bench.energy.io_manager.limit is None:
            fit_to_io_manager(bench.energy.io_manager, bench.dut, bench.loader)
        with self.muted():
            bench.loader.load(window)
        self._show(f"{len(window)} bytes loaded")


def _as_verb(text: str) -> str:
    """Return a bare command of the device as the verb that sends it."""
    word = text.split()[0]
    if word in COMMAND_WORDS:
        return f"dut {text}"
    if word not in _VERBS:
        near = closest(word, (*_VERBS, *COMMAND_WORDS))
        raise SetupError(
            f"there is no command {word[:60]!r}{near}; `help` lists those of the console, and "
            f"`dut {text[:60]}` sends it to the device as it is"
        )
    return text


_VERBS = {form.words.split()[0] for form in FORMS}


def _refusal(reported: str) -> str:
    """Say in words that the device does not take a command."""
    unknown = reported.removeprefix(_UNKNOWN)
    if unknown != reported:
        near = closest(unknown, COMMAND_WORDS)
        return f"the device does not know {unknown!r}{near}; `dut help` lists what it knows"
    return f"the device refuses that: {reported}"


_UNKNOWN = "Unknown command: "
"""How the reference firmware begins what it says to any other word."""
_STREAMING_WORDS = ("name", "profile", "start", "stop", "state", "help")
_MOST_CLASSES = 3


def scores_in_words(scores: Sequence[float], task: Task) -> str:
    """Name the classes of the best scores, the best first."""
    if len(scores) != task.score_count:
        return f"    {len(scores)} scores, where {task.key} has {task.score_count}"
    if len(scores) < len(task.class_names):  # ad's error, or one output of a task of one's own
        meaning = " (the higher, the more of an anomaly)" if task.key == AD.key else ""
        return f"    {task.title}: {scores[0]:g}{meaning}"
    if len(set(scores)) == 1:
        return f"    all {len(scores)} scores are {scores[0]:g}"
    best = sorted(zip(scores, task.class_names, strict=True), key=lambda one: -one[0])
    return "    " + ", ".join(f"{name} {score:g}" for score, name in best[:_MOST_CLASSES])


def next_words(typed: str, *, energy: bool, board: bool = False) -> list[str]:
    """Return what may stand where the last word of ``typed`` is begun, by verbs and commands."""
    *before, begun = typed.split(" ") if typed else [""]
    before = [word for word in before if word]
    choices = {
        words[len(before)]: None
        for words in _phrases(energy=energy, board=board)
        if words[: len(before)] == before and len(words) > len(before)
    }
    return [word for word in choices if word.startswith(begun)]


def _phrases(*, energy: bool, board: bool) -> Iterator[list[str]]:
    """Yield the words of each command, as far as they are always the same."""
    device = [*COMMAND_WORDS, "db load", "db print"]
    for form in FORMS:
        there = {Needs.NOTHING: True, Needs.BOARD: board, Needs.SOUND: False}
        if form.kind in (Mount, BmCfg) or not there.get(form.needs, energy):
            continue
        choices = [choice.split()[0] for choice in form.usage.split("|") if choice]
        words = [choice for choice in choices if choice.islower()]
        if form.kind in (DutCommand, IoDutCommand):
            words = device
        elif form.kind is BoardDutCommand:
            words = list(_STREAMING_WORDS)
        yield from ([*form.words.split(), *word.split()] for word in words or [""])
    yield from (word.split() for word in (*device, "help", "quit"))


class _Server:
    """Serves a recording monitor from a thread until it is told to end."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._stop = threading.Event()
        self._problem: MonitorError | None = None
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._thread.start()

    def end(self) -> MonitorError | None:
        """Wait for the thread; return what went wrong meanwhile, if anything did."""
        self._stop.set()
        self._thread.join()
        return self._problem

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._recorder.interval_s):
                self._recorder.serve()
        except MonitorError as error:
            self._problem = error
