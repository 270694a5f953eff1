"""The interactive console: the scripts' verbs, one at a time, errors shown and survived."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..dut_protocol.errors import CommandError, DutError, LinkError
from ..models.suite import TASKS_BY_MODEL_ID, Task
from .bench import Bench
from .errors import SetupError
from .execute import VERSION_TEXT
from .plan import parse_infer
from .script import ScriptError
from .verbs import DutCommand, Echo, Load, Umount, Verb, Version, parse_verb

HELP = """\
dut COMMAND                        send it to the device: dut name, dut profile, dut help
bload dut "FILE" [OFFSET LENGTH]   load an input
dut infer N W                      N inferences after W warm-ups, and their throughput
echo TEXT MS                       pause
help, quit"""


class Interactive:
    """Executes lines that a person types; what the device says is shown as it comes."""

    def __init__(self, bench: Bench, show: Callable[[str], None], folder: Path) -> None:
        self._bench = bench
        self._show = show
        self._folder = folder
        self._task: Task | None = None
        self.ended = False
        self.failed = False
        """A command did not succeed."""
        bench.dut.listener = self

    def line(self, text: str) -> None:
        self._show(f"dut: {text}")

    def note(self, text: str) -> None:
        self._show(f"note: {text}")

    def greet(self) -> None:
        """Find the device awake and say who it is."""
        identity = self._bench.dut.identify()
        self._task = TASKS_BY_MODEL_ID.get(identity.model_id or "")

    def execute(self, text: str) -> None:
        """One line; an error is shown, and only a dead link ends the console."""
        match text.casefold():
            case "":
                return
            case "quit" | "exit":
                self.ended = True
                return
            case "help":
                self._show(HELP)
                return
        try:
            self._run(parse_verb(text))
        except LinkError:
            raise
        except (DutError, CommandError, ScriptError, SetupError, OSError) as error:
            self.failed = True
            self._show(f"error: {error}")

    def _run(self, verb: Verb) -> None:
        bench = self._bench
        match verb:
            case DutCommand(text):
                counts = parse_infer(text)
                if counts is None:
                    bench.dut.raw(text)
                    return
                score_count = None if self._task is None else self._task.score_count
                inference = bench.timer.infer(*counts, score_count)
                if inference.host_elapsed_s > 0:
                    rate = inference.iterations / inference.host_elapsed_s
                    self._show(f"{inference.host_elapsed_s:.3f} s, {rate:.3f} inf/s by the host")
            case Load(path, offset, length, through_io=False):
                data = (self._folder / path).read_bytes()
                window = data[offset:] if length is None else data[offset : offset + length]
                if not window or (length is not None and len(window) < length):
                    raise SetupError(f"{path} has {len(data)} bytes, no window at {offset}")
                bench.loader.load(window)
                self._show(f"{len(window)} bytes loaded")
            case Version():
                self._show(VERSION_TEXT)
            case Echo(text, milliseconds):
                bench.clock.pause(milliseconds / 1000.0)
                self._show(text)
            case Umount():
                self.ended = True
            case _:
                raise SetupError("this bench has no IO manager, no monitor and nothing to mount")
