"""Executes the steps of a script that concern the IO manager and the energy monitor.

What they write into the journal is what the published logs hold: ``emon: m-power[on]``, ``emon:
m-ready``, and the device's boot text as ``io: [dut]: …``. The trace gets its edges here: the
monitor's own, or the IO manager's brought onto the trace's axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from ....dut_protocol.errors import DutTimeout
from ....dut_protocol.host.dut import Dut
from ....dut_protocol.host.io_manager import IoManager, PinEdge
from ....dut_protocol.wire.messages import Chatter, Ready
from ....dut_protocol.wire.settings import ENERGY_BOOT_TIMEOUT_S
from ....energy.alignment import LapStamp, align_laps, merge_laps, unwrap_laps
from ....energy.alignment import soft_markers as host_markers
from ....energy.errors import MonitorError, TraceError
from ....energy.trace import EnergyTrace, TraceWriter
from ....energy.trace_files import energy_path, timestamps_path, write_events
from ....energy.windows import split_events
from ...bench.recorder import Recorder
from ...errors import SetupError
from ...journal.journal import LogWriter
from ...script.verbs import (
    INSTRUMENTS,
    BoardVerb,
    EmonPower,
    EmonTimer,
    EmonTrace,
    EmonVoltage,
    EnergyVerb,
    Feed,
    IoCommand,
    Needs,
    Performer,
    Verb,
    form_of,
)
from .board_steps import BoardSteps

POWER_CYCLE_S = 2.0
"""Off for this long, so that the board's capacitors are empty."""


class EnergySteps(Performer):
    """Executes these verbs on a bench."""

    def __init__(
        self,
        dut: Dut,
        io_manager: IoManager | None,
        recorder: Recorder,
        journal: LogWriter,
        folder: Path | None,
        boot_timeout_s: float = ENERGY_BOOT_TIMEOUT_S,
        *,
        supply_v: float = 0.0,
        windows: int | None = None,
        soft_markers: bool = False,
    ) -> None:
        """Write the trace into ``folder``: None before there is a session.

        ``io_manager`` is None on a bench whose monitor sees the timestamp pin itself, and whose
        device is waited for by another step. ``supply_v`` is what the monitor was set to;
        ``windows`` how many the trace will hold. ``soft_markers``: the host's stamps count instead
        of the timestamp pin's edges.
        """
        self._dut = dut
        self._io_manager = io_manager
        self._recorder = recorder
        self._journal = journal
        self._folder = folder
        self._boot_timeout_s = boot_timeout_s
        self._name = ""
        self._soft_markers = soft_markers
        self._markers_s: list[float] = []
        self.supply_v = supply_v
        self._windows = windows
        self._writer: TraceWriter | None = None
        self._recording = False
        self._earlier: EnergyTrace | None = None
        """What the monitor recorded before."""
        self.trace: EnergyTrace | None = None
        """The finished trace, once `emon trace off` was executed."""

    def for_session(self, journal: LogWriter, folder: Path, windows: int) -> EnergySteps:
        """Return steps on one bench with a session, its supply being what it was set to."""
        return EnergySteps(
            self._dut,
            self._io_manager,
            self._recorder,
            journal,
            folder,
            self._boot_timeout_s,
            supply_v=self.supply_v,
            windows=windows,
            soft_markers=self._soft_markers,
        )

    def execute(self, verb: EnergyVerb) -> None:
        self.perform(verb)

    def io_command(self, verb: IoCommand) -> None:
        self._journal.write("parser", "m-ready-finished[io]")
        if self._io_manager is None:
            raise SetupError(f"`io {verb.text}`: this bench has no IO manager")
        if verb.text == "enable-timer":
            self._io_manager.enable_timer()
        else:
            self._io_manager.command(verb.text)

    def voltage(self, verb: EmonVoltage) -> None:
        if verb.millivolts is not None:
            self.supply_v = self._recorder.monitor.set_supply(verb.millivolts / 1000)
        self._done(f"m-voltage-mv[{self.supply_v * 1000:.0f}]")

    def power(self, verb: EmonPower) -> None:
        monitor = self._recorder.monitor
        monitor.power(verb.on)
        if not monitor.capabilities.powers_device:
            self._done("m-power[external]")
            if verb.on and self._io_manager is not None:
                self._find_awake()
            return
        self._done(f"m-power[{'on' if verb.on else 'off'}]")
        if verb.on and self._io_manager is not None:
            self._wait_for_boot()

    def timer(self, verb: EmonTimer) -> None:
        self._done(f"m-timer[{'on' if verb.on else 'off'}]")

    def record(self, verb: EmonTrace) -> None:
        if self._folder is None:
            raise SetupError("there is no session yet that a trace could belong to")
        if verb.name is None:
            self._trace_off(self._folder)
        else:
            self._trace_on(self._folder, verb.name)

    def mark(self, *moments_s: float) -> None:
        """Note where the host thinks an edge was, on the bench's clock; for soft markers."""
        self._markers_s += moments_s

    def close(self) -> None:
        """Close the trace's file with what it has, whatever happened."""
        if self._writer is not None:
            self._writer.close()
        if self._recording:
            self._keep_events()

    def muted_manager(self) -> AbstractContextManager[None]:
        """Keep the echoes of a load's thousand commands out of the log, as published logs do."""
        manager = self._io_manager
        return nullcontext() if manager is None else manager.muting(Ready, Chatter)

    def _find_awake(self) -> None:
        """See that a device answers which the monitor does not power."""
        try:
            self._dut.find_awake()
        except DutTimeout as error:
            raise DutTimeout(
                f"{error}; the monitor does not power the device: is its own supply on?"
            ) from error

    def _wait_for_boot(self) -> None:
        """Wait; where the device does not boot, power-cycle it once.

        Only here: in the middle of a trace the supply's going would be measured.
        """
        try:
            self._dut.wait_for_boot(self._boot_timeout_s)
        except DutTimeout as error:
            if self._writer is not None:
                raise
            self._dut.listener.note(f"{error}; switching its supply off and on again")
            self._recorder.monitor.power(False)
            self._say("m-power[off]")
            self._dut.clock.pause(POWER_CYCLE_S)
            self._recorder.monitor.power(True)
            self._say("m-power[on]")
            self._dut.wait_for_boot(self._boot_timeout_s)

    def _trace_on(self, folder: Path, name: str) -> None:
        rate_hz = self._recorder.monitor.capabilities.default_rate_hz
        self._name = name
        self._writer = TraceWriter(energy_path(folder, name), rate_hz)
        self._markers_s.clear()
        self._recording, self._earlier = True, self._recorder.monitor.trace
        self._recorder.start(self._writer)
        self._done("m-trace[on]")

    def _trace_off(self, folder: Path) -> None:
        recorder = self._recorder
        try:
            recorded = recorder.stop()
        except MonitorError:
            self._keep_events()
            raise
        self._recording = False
        if self._soft_markers:
            trace = host_markers(self._markers_s, recorder.started_s).apply(recorded)
        else:
            trace = with_events(
                recorded,
                () if self._io_manager is None else self._io_manager.edges,
                recorder.started_s,
                event_input=recorder.monitor.capabilities.event_input,
                windows=self._windows,
            )
        write_events(trace, folder, self._name)
        model = recorder.monitor.identify().model.lower()
        for path, kind in (
            (energy_path(folder, self._name), "emon"),
            (timestamps_path(folder, self._name), "etime"),
        ):
            self._say(f"m-regfile-fn[{path.name}]-type[{kind}]-name[{model}]")
        self._done("m-trace[off]")
        self.trace = trace

    def _keep_events(self) -> None:
        """Write what the monitor kept of a recording that failed: its events, gaps and end."""
        self._recording = False
        kept = self._recorder.monitor.trace
        folder = self._folder
        if kept is None or kept is self._earlier or folder is None or not folder.is_dir():
            return  # a folder that was removed is told of by the journal
        write_events(kept, folder, self._name)

    def _say(self, text: str) -> None:
        self._journal.write("emon", text)

    def _done(self, text: str) -> None:
        self._say(text)
        self._say("m-ready")
        self._journal.write("parser", "m-ready-finished[emon]")


class BenchPerformer(Performer):
    """Leaves what concerns an instrument or a board between to the bench's own steps."""

    def __init__(self, energy: EnergySteps | None, board: BoardSteps | None = None) -> None:
        """Perform on a bench; what it does not have is None."""
        self.energy = energy
        self.board_steps = board

    def perform(self, verb: Verb) -> None:
        needs = form_of(verb).needs
        if needs is Needs.BOARD:
            if self.board_steps is None:
                raise SetupError("this bench has no interface board: give --interface-board")
        elif needs in INSTRUMENTS and self.energy is None:
            raise SetupError(
                "this bench has no IO manager and no monitor: give --io and --monitor (for a "
                "simulated device --monitor sim:)"
            )
        super().perform(verb)

    def feed(self, _: Feed) -> None:
        raise SetupError(f"this verb is for {Needs.SOUND.value}")

    def board(self, verb: BoardVerb) -> None:
        if self.board_steps is not None:  # else it was refused
            self.board_steps.perform(verb)

    def _energy_step(self, verb: EnergyVerb) -> None:
        if self.energy is not None:  # else it was refused
            self.energy.execute(verb)

    voltage = power = timer = record = _energy_step

    def io_command(self, verb: IoCommand) -> None:
        self._energy_step(verb)

    def muted(self) -> AbstractContextManager[object]:
        """Keep out of the log what a load's thousand commands are answered."""
        return nullcontext() if self.energy is None else self.energy.muted_manager()


def with_events(
    trace: EnergyTrace,
    edges: Sequence[PinEdge],
    started_host_s: tuple[float, float],
    *,
    event_input: bool,
    windows: int | None = None,
) -> EnergyTrace:
    """Return the trace with the timestamp pin's edges.

    A monitor with an event input has them already, on its own clock; for one without, the IO
    manager's are aligned by the steps in power. TraceError where they do not fit: by their number,
    where ``windows`` says how many windows there are, or by their times.
    """
    if event_input:
        return trace
    laps = [LapStamp(edge.us, edge.host_s) for edge in edges]
    if windows is not None:
        counted = split_events(_about_s(laps, started_host_s), windows)
        if counted.error is not None:
            raise TraceError(f"by the IO manager's timer: {counted.error}")
    return align_laps(trace, laps, started_host_s).apply(trace)


def _about_s(laps: Sequence[LapStamp], started_host_s: tuple[float, float]) -> list[float]:
    """Say about when on the trace's axis each lap was, for counting and for a person."""
    kept = merge_laps(laps)
    if not kept:
        return []
    first_s = kept[0].host_s - sum(started_host_s) / 2
    return [first_s + float(elapsed_s) for elapsed_s in unwrap_laps(kept)]
