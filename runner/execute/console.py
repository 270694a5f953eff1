"""The interactive console: the scripts' verbs, one at a time, errors shown and survived."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ...dut_protocol.errors import LinkError
from ...energy.errors import MonitorError
from ...errors import TinyrunnerError
from ...models.suite import TASKS_BY_MODEL_ID, Task
from ..bench.bench import Bench
from ..bench.link import fit_to_io_manager
from ..bench.recorder import Recorder
from ..errors import JournalError, SetupError
from ..script.plan import parse_infer
from ..script.verbs import (
    BmCfg,
    DutCommand,
    Echo,
    IoDutCommand,
    Load,
    Mount,
    Umount,
    Version,
    parse_verb,
)
from .energy_steps import BenchPerformer, EnergySteps
from .executor import PASSED_THROUGH, VERSION_TEXT

HELP = """\
dut COMMAND                        send it to the device: dut name, dut profile, dut help
bload dut "FILE" [OFFSET LENGTH]   load an input
dut infer N W                      N inferences after W warm-ups, and their throughput
echo TEXT MS                       pause
help, quit"""

ENERGY_HELP = """\
emon voltage [MILLIVOLTS]          set the supply, or say what it is
emon power on|off                  switch it; leaving the console switches it off
emon trace on NAME, emon trace off record into this folder
io COMMAND                         to the IO manager: io tm 0, io enable-timer, io disable-timer
io dut COMMAND                     to the device behind it: io dut name, io dut infer 10 1
bloadp "FILE" [OFFSET LENGTH]      load an input through the IO manager
"""


class _Shown:
    """Shows what one of the devices says as the logs have it: ``io: m-ready``."""

    def __init__(self, show: Callable[[str], None], source: str) -> None:
        self._show = show
        self._source = source

    def line(self, text: str) -> None:
        self._show(f"{self._source}: {text}")

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
    ) -> None:
        """Talk on ``bench``; ``boot_timeout_s`` is for one whose monitor powers the device."""
        super().__init__(None)
        self._bench = bench
        self._show = show
        self._folder = folder
        self._task: Task | None = None
        self.help = HELP
        self.ended = False
        self.failed = False
        """Whether a command did not succeed."""
        bench.dut.listener = _Shown(show, "dut")
        parts = bench.energy_parts
        if parts is not None and boot_timeout_s is not None:
            self.help = ENERGY_HELP + HELP
            parts.io_manager.listener = _Shown(show, "io")
            bench.dut.listener = _Shown(show, PASSED_THROUGH)
            self.energy = EnergySteps(
                bench.dut,
                parts.io_manager,
                parts.recorder,
                _ShownJournal(show),
                folder,
                boot_timeout_s,
            )

    def close(self) -> None:
        """Keep what was recorded of a trace that was not ended."""
        if self.energy is not None:
            self.energy.close()

    def greet(self) -> None:
        """Find the device awake and say who it is; behind a monitor it has no power yet."""
        if self.energy is None:
            identity = self._bench.dut.identify()
            self._task = TASKS_BY_MODEL_ID.get(identity.model_id or "")
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
        parts = self._bench.energy_parts
        if parts is None or not parts.recorder.recording:
            yield
            return
        server = _Server(parts.recorder)
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
            self.perform(parse_verb(text))
            if self.energy is not None:
                self._bench.energy.io_manager.drain()  # show the edges that it has reported
        except (LinkError, JournalError):
            raise
        except (TinyrunnerError, OSError) as error:
            self._error(error)

    def _error(self, error: Exception) -> None:
        self.failed = True
        self._show(f"error: {error}")

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

    def command(self, verb: DutCommand | IoDutCommand) -> None:
        bench = self._bench
        counts = parse_infer(verb.text)
        if counts is None:
            bench.dut.raw(verb.text)
            return
        score_count = None if self._task is None else self._task.score_count
        inference = bench.timer.infer(*counts, score_count)
        if inference.host_elapsed_s > 0:
            rate = inference.iterations / inference.host_elapsed_s
            self._show(f"{inference.host_elapsed_s:.3f} s, {rate:.3f} inf/s by the host")

    def load(self, load: Load) -> None:
        data = (self._folder / load.path).read_bytes()
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
