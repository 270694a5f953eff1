"""The bench: what a script runs on, assembled from addresses.

``sim:kws01`` stands for a simulated device in this process on a virtual clock; it speaks the same
bytes as a board. Options follow like a URL's: ``sim:kws01?baud=921600&inference_ms=12.5``. The
model may be a log: ``sim:?replay=log.txt``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl

from ...dut_protocol.discovery.ports import find_dut
from ...dut_protocol.errors import LinkError
from ...dut_protocol.host.dut import Dut
from ...dut_protocol.host.inference import InferenceTimer
from ...dut_protocol.host.io_manager import IoManager
from ...dut_protocol.host.load import Loader
from ...dut_protocol.link.clock import Clock, MonotonicClock, VirtualClock
from ...dut_protocol.link.latency import shorten_latency
from ...dut_protocol.link.transport import Transport, open_transport
from ...dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from ...dut_protocol.simulated.link import SimulatedLink
from ...dut_protocol.simulated.tflite_model import TfliteModel
from ...dut_protocol.wire.messages import TimestampMode
from ...dut_protocol.wire.settings import LinkSettings
from ...energy.monitor import EnergyMonitor
from ...models.demo import DEMO_NOTE, demo_model_path
from ...models.fetch import reference_model_path
from ...models.suite import TASKS_BY_MODEL_ID, Task
from ..config.config import Config
from ..errors import SetupError
from .link import NO_WISHES, LinkWishes
from .recorder import Recorder
from .simulated.replay import Replay
from .wire_logging import wire_logged

SIMULATED = "sim:"
AUTO = "auto"

PLAUSIBLE_INFERENCE_S = {"vww01": 0.12, "ic01": 0.16, "kws01": 0.02, "ad01": 0.005}
"""What a simulated device takes unless told: about a Cortex-M4 or M7 of the published results."""

_CUSTOM_INFERENCE_S = 0.02
"""The same for a model of which nothing is known."""


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """What a simulated device runs, for the session's provenance."""

    model: str
    model_sha256: str
    runtime: str
    note: str | None
    """Says so where the model is a demonstration only, or a log: never valid for submission."""
    baud_rate: int
    inference_time_s: float


@dataclass(frozen=True, slots=True)
class EnergyParts:
    """What energy mode needs beside the device."""

    io_manager: IoManager
    monitor: EnergyMonitor
    recorder: Recorder
    """Keeps the monitor served while the run waits for the device."""


@dataclass(slots=True)
class Bench:
    """A device under test with its clock; in energy mode also an IO manager and a monitor."""

    clock: Clock
    dut: Dut
    loader: Loader
    timer: InferenceTimer
    simulated: SimulatedModel | None = None
    energy_parts: EnergyParts | None = None
    wishes: LinkWishes = NO_WISHES
    """For the link, once it is known who is at its other end."""
    port_note: str | None = None
    """What there is to say about the port: an adapter that keeps answers back, say."""

    def pause(self, seconds: float) -> None:
        """Let time pass on the bench's clock; a monitor that records is served meanwhile."""
        if self.energy_parts is None:
            self.clock.pause(seconds)
        else:
            self.energy_parts.recorder.pause(seconds)

    @property
    def energy(self) -> EnergyParts:
        """The IO manager and the monitor; SetupError on a bench without."""
        if self.energy_parts is None:
            raise SetupError("this bench has no IO manager and no energy monitor")
        return self.energy_parts

    @classmethod
    def of(
        cls,
        transport: Transport,
        clock: Clock,
        link: LinkSettings,
        simulated: SimulatedModel | None = None,
        wishes: LinkWishes = NO_WISHES,
    ) -> Bench:
        dut = Dut(transport, clock, link)
        return cls(clock, dut, Loader(dut), InferenceTimer(dut), simulated, wishes=wishes)


def is_simulated(config: Config) -> bool:
    """The device's address stands for one simulated in this process."""
    address = config.dut.address or ""
    return address == "sim" or address.startswith(SIMULATED)


@contextmanager
def open_bench(config: Config, task: Task) -> Iterator[Bench]:
    """Open what the configuration's addresses name; the port is closed on every path."""
    address = config.dut.address
    if address is None:
        raise SetupError(
            "which device? Give --dut with a port (`tinyrunner devices` lists them), a URL, "
            "`auto`, or sim: for a simulated one"
        )
    link = config.dut.link
    if is_simulated(config):
        device = simulated_device(config, task)
        virtual = VirtualClock()
        device.device.boot(0.0)
        wire: Transport = SimulatedLink(device.device, virtual, address)
        with _bench_on(wire, virtual, config, link, device.model) as bench:
            yield bench
        return
    try:
        if address == AUTO:
            address, baud_rate = find_dut(link, task.model_id)
            link = replace(link, baud_rate=baud_rate)
        transport = open_transport(address, link.baud_rate)
    except LinkError as error:
        raise SetupError(str(error)) from error
    note = shorten_latency(transport, address)
    with _bench_on(transport, MonotonicClock(), config, link, port_note=note) as bench:
        yield bench


@contextmanager
def _bench_on(
    transport: Transport,
    clock: Clock,
    config: Config,
    link: LinkSettings,
    simulated: SimulatedModel | None = None,
    port_note: str | None = None,
) -> Iterator[Bench]:
    """A bench on an open transport, which is closed on every path."""

    def tell(text: str) -> None:
        bench.dut.listener.note(text)

    with closing(wire_logged(config, transport, clock, link.baud_rate, tell)) as wire:
        bench = Bench.of(wire, clock, link, simulated, config.dut.wishes)
        bench.port_note = port_note
        yield bench


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    device: SimulatedDut
    model: SimulatedModel


def simulated_device(config: Config, task: Task | None) -> SimulatedDevice:
    """The device that a ``sim:`` address and the configuration describe, not yet booted.

    ``task`` is what it runs where the address names no model id.
    """
    model_id, options = parse_simulated(config.dut.address or SIMULATED)
    if options.replay is not None:
        return _replayed_device(config, options.replay, options)
    if model_id:
        custom = config.custom_task
        known = TASKS_BY_MODEL_ID | ({} if custom is None else {custom.model_id: custom})
        task = known.get(model_id)
        if task is None:
            raise SetupError(f"no model id {model_id!r} to simulate; known are {', '.join(known)}")
    if task is None:
        raise SetupError(f"which model to simulate? Give e.g. {SIMULATED}kws01")
    path: Path
    if not task.official and not isinstance(config.model, Path):
        raise SetupError(
            f"there is no {config.model or 'demo'} model for {task.model_id}, which is your own; "
            "name its .tflite file with --model FILE"
        )
    if config.model is None or config.model == "demo":
        path, note = demo_model_path(task), DEMO_NOTE
    elif config.model == "reference":
        path, note = reference_model_path(task), None
    else:
        path, note = Path(config.model), None
    model = TfliteModel(path, task)
    inference_time_s = options.inference_time_s
    if inference_time_s is None:
        inference_time_s = config.simulate.inference_time_s
    settings = DeviceSettings(
        baud_rate=config.dut.baud_rate if options.baud_rate is None else options.baud_rate,
        extension=options.extension,
        inference_time_s=(
            PLAUSIBLE_INFERENCE_S.get(task.model_id, _CUSTOM_INFERENCE_S)
            if inference_time_s is None
            else inference_time_s
        ),
        mode=options.mode,
    )
    described = SimulatedModel(
        model=str(path.resolve()),
        model_sha256=model.sha256,
        runtime=model.runtime,
        note=note,
        baud_rate=settings.baud_rate,
        inference_time_s=settings.inference_time_s,
    )
    return SimulatedDevice(SimulatedDut(model, settings), described)


def _replayed_device(config: Config, log: Path, options: SimulatedOptions) -> SimulatedDevice:
    """The board in a log; its model id and mode are the log's, whatever the address says."""
    replay = Replay.open(log, config.datasets)
    inference_time_s = options.inference_time_s
    if inference_time_s is None:
        inference_time_s = config.simulate.inference_time_s
    device = replay.device(
        config.dut.baud_rate if options.baud_rate is None else options.baud_rate, inference_time_s
    )
    described = SimulatedModel(
        model=str(log.resolve()),
        model_sha256=hashlib.sha256(log.read_bytes()).hexdigest(),
        runtime="replay",
        note=f"a replay, not a measurement: {replay.description}",
        baud_rate=device.settings.baud_rate,
        inference_time_s=device.settings.inference_time_s,
    )
    return SimulatedDevice(device, described)


@dataclass(frozen=True, slots=True)
class SimulatedOptions:
    """The part of a ``sim:`` address behind the question mark."""

    baud_rate: int | None = None
    inference_time_s: float | None = None
    mode: TimestampMode = TimestampMode.PERFORMANCE
    extension: bool = False
    """It offers the wire extension."""
    replay: Path | None = None
    """A log that it answers from."""


def parse_simulated(address: str) -> tuple[str, SimulatedOptions]:
    """Model id (may be empty) and options of a ``sim:`` address; SetupError names what is wrong."""
    model_id, _, query = address.removeprefix("sim").removeprefix(":").partition("?")
    options = SimulatedOptions()
    for key, value in parse_qsl(query, keep_blank_values=True):
        try:
            match key:
                case "baud":
                    baud_rate = int(value)
                    if baud_rate < 0:
                        raise ValueError("negative")
                    options = replace(options, baud_rate=baud_rate)
                case "inference_ms":
                    inference_time_s = float(value) / 1000.0
                    if not 0 <= inference_time_s < 1e6:
                        raise ValueError("out of range")
                    options = replace(options, inference_time_s=inference_time_s)
                case "mode":
                    options = replace(options, mode=TimestampMode(value))
                case "extension":
                    if value not in ("0", "1"):
                        raise ValueError("expected 0 or 1")
                    options = replace(options, extension=value == "1")
                case "replay":
                    options = replace(options, replay=Path(value))
                case _:
                    raise SetupError(
                        f"{address}: unknown option {key!r}; known are baud, extension, "
                        "inference_ms, mode and replay"
                    )
        except ValueError as error:
            raise SetupError(f"{address}: {key}={value!r} cannot be: {error}") from error
    return model_id, options
