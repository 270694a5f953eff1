"""Wires a simulated bench of the streaming wake word on one clock.

The board's audio goes to the device, whose pins go to the board, and its timestamp pin to the
monitor, which powers it, where there is one. On a virtual clock the bench is a part of this
process; on a real one it is served to anybody.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from .....dut_protocol.link.clock import Clock, VirtualClock
from .....dut_protocol.link.wire_log import WireLog
from .....dut_protocol.simulated.device import Activity
from .....dut_protocol.simulated.streaming.device import (
    Manner,
    Pins,
    StreamingDevice,
)
from .....dut_protocol.simulated.streaming.interface_board import SimulatedInterfaceBoard
from .....dut_protocol.simulated.streaming.live import LiveLink
from .....dut_protocol.simulated.streaming.words import Detector, ListedWords
from .....dut_protocol.wire.boot_banner import TimestampMode
from .....energy.monitor import EnergyMonitor
from .....energy.simulated.n6705 import SimulatedN6705
from .....energy.simulated.power_model import PowerModel
from .....models.demo_models import DEMO_NOTE
from .....models.runtimes.engine_kind import EngineKind
from .....models.suite import SWW_INFERENCE
from ....config.config import Config, MonitorConfig
from ....config.name_lookup import model_file
from ....config.sim_address import SIMULATED
from ....errors import SetupError
from ..device import SimulatedModel
from ..monitors import simulated_monitor
from ..wiring import POWER_STATE
from .address import StreamingBenchOptions, parse_streaming
from .folder import Recordings, recordings_in
from .model import HearingModel

USUAL_MONITOR = f"{SIMULATED}lpm01a"
LIST_NOTE = "detections of a truth list, by no model"


class StreamingWiring:
    """Joins board, device and card; without a monitor the device has power from the beginning.

    ``lock`` is for a bench whose ends are served by a thread each.
    """

    def __init__(self, config: Config, clock: Clock, *, energy: bool) -> None:
        """Make what the address ``sim:sww01?…``, the data sets and the model of ``config`` say."""
        self.clock = clock
        options = parse_streaming(config.dut.address or SIMULATED)
        recordings = recordings_in(config.datasets)
        model = _model(config, recordings, options.engine or config.simulate.engine)
        self.lock = threading.RLock()
        self.power = PowerModel()
        self.options = options
        self.device = _device(options, _detector(options, recordings, model), model, energy=energy)
        self.board = SimulatedInterfaceBoard(
            self.device,
            recordings.card(options.card),
            replace(options.board, baud_rate=config.interface_board.baud_rate),
            options.dut_baud_rate,
        )
        pins = self.device.pins
        pins.detected = self.board.detected
        pins.processing_rises = self.board.processing_rises
        pins.processing_falls = self.board.processing_falls
        if energy:
            pins.timestamp = self.power.edge
            pins.activity = self._on_activity
            self.power.before_asked = self.live
            self.device.power_off(0.0)
        else:
            self.device.boot(0.0)
        self.model = _described(self.device, model, recordings)

    def live(self, until_s: float) -> None:
        """Let the bench's time pass up to ``until_s``: the board plays, the device listens."""
        with self.lock:
            self.board.live(until_s)

    def on_power(self, on: bool, at_s: float) -> None:
        """Switch the device's supply, as the monitor did; the board has its own, by USB."""
        with self.lock:
            self.board.live(at_s)
            if on:
                self.device.boot(at_s)
            else:
                self.device.power_off(at_s)

    def _on_activity(self, at_s: float, activity: Activity) -> None:
        self.power.change(at_s, POWER_STATE[activity])


class SimulatedStreamingBench(StreamingWiring):
    """Is the bench in this process, on a virtual clock.

    ``link`` is the interface board's wire, ``dut_link`` the device's own, by which it can be given
    sound without a board (`db`, `extract_uart_stream`).
    """

    def __init__(self, config: Config, *, energy: bool) -> None:
        self.virtual = VirtualClock()
        super().__init__(config, self.virtual, energy=energy)
        address = config.dut.address or SIMULATED
        self.link = LiveLink(self.board, self.virtual, address, self.live)
        self._dut_baud_rate = self.options.dut_baud_rate or config.dut.baud_rate

    @cached_property
    def dut_link(self) -> LiveLink:
        """Return the device's own wire; from then on it talks at that wire's rate."""
        self.device.set_baud_rate(self._dut_baud_rate)
        return LiveLink(self.device, self.virtual, self.link.address, self.live)

    @cached_property
    def monitor(self) -> SimulatedN6705:
        """Return the instrument that measures it where that kind is asked for."""
        return SimulatedN6705(self.power, self.virtual, on_power=self.on_power)

    @contextmanager
    def open_monitor(
        self, config: MonitorConfig, log: WireLog | None = None
    ) -> Iterator[EnergyMonitor]:
        """Open its monitor by the real one's driver; the supply is off afterwards.

        ``log`` takes what goes both ways. Unless another kind is asked for it is one with an input
        for the timestamp pin, as an interface board wants it.
        """
        if config.address in (None, "sim", SIMULATED):
            config = config.model_copy(update={"address": USUAL_MONITOR})
        with simulated_monitor(
            self.virtual, self.power, self.on_power, config, log, lambda: self.monitor
        ) as monitor:
            yield monitor


def _model(config: Config, recordings: Recordings, engine: EngineKind) -> HearingModel | None:
    """Load the model that the device is to hear by; None: it goes by the lists of the words.

    Unless told it is the demo's for the demo's recording, of which it knows the words.
    """
    if config.model is None and not recordings.is_demo:
        if engine is not EngineKind.LITERT:
            raise SetupError(
                f"the simulated device goes by the lists of the words, so there is nothing for the "
                f"engine {engine.value} to run: name a model (--model reference, say)"
            )
        return None
    named = config.model or "demo"
    note = DEMO_NOTE if named == "demo" else None
    return HearingModel(model_file(named, SWW_INFERENCE), note, engine)


def _detector(
    options: StreamingBenchOptions, recordings: Recordings, model: HearingModel | None
) -> Detector:
    return ListedWords(recordings.words_s, options.habits) if model is None else model


def _device(
    options: StreamingBenchOptions,
    detector: Detector,
    model: HearingModel | None,
    *,
    energy: bool,
) -> StreamingDevice:
    mode = options.mode or (TimestampMode.ENERGY if energy else TimestampMode.PERFORMANCE)
    settings = replace(
        options.device,
        prints_stamps=options.device.manner is Manner.ST and mode is TimestampMode.PERFORMANCE,
    )
    return StreamingDevice(detector, settings, Pins(), model)


def _described(
    device: StreamingDevice, model: HearingModel | None, recordings: Recordings
) -> SimulatedModel:
    """Return what a session's provenance says of the device."""
    where = (recordings.folder or Path()) if model is None else model.path
    by_list = hashlib.sha256("".join(one.sha256 for one in recordings.truths.values()).encode())
    return SimulatedModel(
        model=str(where.resolve()),
        model_sha256=by_list.hexdigest() if model is None else model.sha256,
        runtime="truth list" if model is None else model.runtime,
        note=LIST_NOTE if model is None else model.note,
        baud_rate=device.settings.baud_rate,
        inference_time_s=device.settings.inference_time_s,
    )
