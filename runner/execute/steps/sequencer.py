"""Writes each step of a script into the journal as the published logs have it, and executes it.

What all scripts have is here; what is measured by a step, those who build on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .... import __version__
from ....dut_protocol.host.dut import REPLY_TIMEOUT_S
from ...bench.bench import Bench
from ...errors import shortened
from ...journal.journal import Journal, LogWriter
from ...script.script import NO_TIMEOUT_MS, NumberedStep, Step
from ...script.verbs import BmCfg, Echo, Mount, Umount, Version, parse_verb
from .board_steps import BoardSteps
from .energy_steps import BenchPerformer, EnergySteps

VERSION_TEXT = f"tinyrunner {__version__}"


class JournalListener:
    """Writes what the device says, and what the host does about it, into the journal."""

    def __init__(
        self, journal: LogWriter, on_note: Callable[[str], None], source: str = "dut"
    ) -> None:
        self._journal = journal
        self._on_note = on_note
        self._source = source

    def line(self, text: str) -> None:
        self._journal.write(self._source, text)

    def note(self, text: str) -> None:
        text = shortened(text)
        self._journal.write("parser", f"m-note[{text}]")
        self._journal.flush()
        self._on_note(text)


PASSED_THROUGH = "io: [dut]"
"""The source of a device's lines that came through the IO manager, as the logs have it."""

PASSED_BY_BOARD = "ib: [dut]"
"""The same, of one behind an interface board."""


def listen(bench: Bench, journal: LogWriter, on_note: Callable[[str], None]) -> None:
    """Let what the devices of a bench say go into ``journal`` from now on."""
    source = "dut"
    if bench.energy_parts is not None:
        bench.energy_parts.io_manager.listener = JournalListener(journal, on_note, "io")
        source = PASSED_THROUGH
    if bench.streaming_parts is not None:
        bench.streaming.board.listener = JournalListener(journal, on_note, "ib")
        source = PASSED_BY_BOARD if bench.streaming.device_behind else source
    bench.dut.listener = JournalListener(journal, on_note, source)


class Sequencer(BenchPerformer):
    """Executes the numbered steps of a script."""

    def __init__(
        self,
        bench: Bench,
        journal: Journal,
        benchmark_config: Mapping[str, str],
        energy: EnergySteps | None = None,
        board: BoardSteps | None = None,
    ) -> None:
        """Execute on ``bench``, with what it has of energy monitor and interface board."""
        super().__init__(energy, board)
        self._bench = bench
        self._journal = journal
        self._benchmark_config = benchmark_config
        self.timeout_s = REPLY_TIMEOUT_S
        """Seconds that the present step's answer is waited for."""

    def step(self, numbered: NumberedStep) -> None:
        step = numbered.step
        write = self._journal.write
        write(
            "sequencer",
            f"m-sequencing-i[{numbered.index}]-command[{step.command}]"
            f"-ack[/{step.effective_ack}/]-ms[{step.effective_ms}]-acc[{numbered.acc_ms}]"
            f"-total_ms[{numbered.total_ms}]",
        )
        write("parser", f'Command "{step.command}"')
        self.timeout_s = reply_timeout_s(step)
        self.perform(parse_verb(step.command))

    def finished(self, verb: str) -> None:
        self._journal.write("parser", f"m-ready-finished[{verb}]")

    def umount(self, _: Umount) -> None:
        self.finished("umount")

    def mount(self, _: Mount) -> None:
        self.finished("mountc")

    def version(self, _: Version) -> None:
        self._journal.write("parser", f"m-version[{VERSION_TEXT}]")
        self.finished("version")

    def configure(self, verb: BmCfg) -> None:
        for key, value in self._benchmark_config.items():
            self._journal.write("parser", f"m-bm-cfg-name[{verb.code}]-key[{key}]-val[{value}]")
        self.finished("bm")

    def echo(self, verb: Echo) -> None:
        self._journal.write("parser", f"Echoing message in {verb.milliseconds} ms...")
        self.finished("echo")
        self._bench.pause(verb.milliseconds / 1000.0)
        self._journal.write("parser", f"m-echo-message[{verb.text}]")


def reply_timeout_s(step: Step) -> float:
    """Return how long a step's answer is waited for; the protocol's own where none is set."""
    ms = step.effective_ms
    return REPLY_TIMEOUT_S if ms == NO_TIMEOUT_MS else max(ms / 1000.0, REPLY_TIMEOUT_S)
