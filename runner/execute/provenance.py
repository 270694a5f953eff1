"""The provenance of a session: written before its first step, compared before it is continued."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ... import __version__
from ...datasets.inputs import Dataset
from ...datasets.labels import FILE_PREFIX, LabelList
from ...datasets.official_lists import identify
from ...dut_protocol.host.dut import Identity
from ...dut_protocol.wire.extension import NAME
from ...dut_protocol.wire.settings import VerifyLoad
from ...energy.monitor import EnergyMonitor
from ...energy.windows import TIMESTAMP_HOLD_S
from ...models.demo_models import DEMO_NOTE
from ...models.other_inputs import InputKind
from ...models.suite import Benchmark
from ..bench.bench import Bench
from ..config.config import Config, config_from_json
from ..config.labgrid_address import place_named
from ..errors import ResumeError
from ..journal.session_document import (
    DatasetFacts,
    Device,
    DeviceFacts,
    EdgeFacts,
    EnergyFacts,
    InterfaceBoardFacts,
    IoManagerFacts,
    IterationsFound,
    Link,
    Monitor,
    SessionFacts,
    SetupFacts,
    Simulated,
    StreamingFacts,
    Tool,
    benchmark_and_mode,
    read_document,
)
from ..journal.session_folder import SessionFolder
from ..script.publishable_path import written_path
from ..script.script import Script, print_script
from ..terms import Mode, Purpose


def asked_before(folder: Path) -> tuple[Benchmark, Mode, Config]:
    """Return what a session measures, and with which settings; SetupError where there is none."""
    provenance = read_document(folder).provenance
    task, mode = benchmark_and_mode(provenance, folder)
    return task, mode, config_from_json(provenance.config, str(folder / "session.json"))


@dataclass(frozen=True, slots=True)
class Source:
    """Holds the inputs of a run with what identifies them."""

    dataset: Dataset
    """The inputs that are run: the whole list, or its first files where a limit was set."""
    labels: LabelList
    """The whole list, by which a limited run is judged, too."""
    content_sha256: str
    official_list: str | None
    synthetic: bool

    @classmethod
    def of(cls, dataset: Dataset, limit: int | None) -> Source:
        """Hash the inputs; ``limit`` keeps only the first files of the list (a smoke test)."""
        labels = dataset.labels
        official = identify(labels)
        if limit is not None and limit < dataset.file_count:
            dataset = dataset.limited(limit)
        return cls(
            dataset=dataset,
            labels=labels,
            content_sha256=dataset.content_sha256(),
            official_list=None if official is None else official.name,
            synthetic=any(row.file.startswith(FILE_PREFIX) for row in labels.rows),
        )

    @property
    def facts(self) -> DatasetFacts:
        """Return what session.json says of the inputs."""
        labels, task = self.labels, self.dataset.task
        other = {} if task.inputs_as_defined else {"input_format": str(InputKind.of(task))}
        return DatasetFacts(
            folder=written_path(self.dataset.folder),
            labels=written_path(Path(labels.source)),
            labels_sha256=labels.sha256,
            official_list=self.official_list,
            content_sha256=self.content_sha256,
            files=self.dataset.file_count,
            windows=self.dataset.window_count,
            synthetic=self.synthetic,
            note=DEMO_NOTE if self.synthetic else None,
            **other,
        )


def describe_setup(
    config: Config,
    mode: Mode,
    task_key: str,
    dataset: DatasetFacts,
    script: Script,
    counts: tuple[int, int],
    script_file: Path | None,
) -> SetupFacts:
    """Say what can be said without a device: what is asked of it, and of which inputs.

    ``counts`` are N and W, which are the same in all inferences of the script.
    """
    link = config.dut.link
    what_for: dict[str, Any] = {}
    if config.purpose is Purpose.DEVELOPMENT:
        what_for["for_"] = config.purpose.value
    return SetupFacts(
        task=task_key,
        mode=mode,
        round=config.round,
        division=config.division,
        limit=config.limit,
        link=Link(
            data_bytes_per_db=link.data_bytes_per_db,
            # behind an IO manager nothing is read back, whatever is asked for
            verify_load=VerifyLoad.NEVER if mode is Mode.ENERGY else link.verify_load,
            extension=NAME if config.dut.extension else None,
        ),
        dataset=dataset,
        script_file=None if script_file is None else written_path(script_file),
        script_sha256=text_sha256(print_script(script)),
        iterations=counts[0],
        warmups=counts[1],
        config=config.to_json(),
        **what_for,
    )


def describe_device(identity: Identity, bench: Bench) -> DeviceFacts:
    """Say who is measured, and over which link."""
    simulated = bench.simulated
    return DeviceFacts(
        device=Device(
            address=bench.dut.address,
            baud_rate=bench.dut.settings.baud_rate,
            vendor=identity.vendor,
            profile=identity.profile,
            model_id=identity.model_id,
        ),
        simulated=None if simulated is None else Simulated(**asdict(simulated)),
    )


def describe_link(setup: SetupFacts, bench: Bench) -> Link:
    """Say how inputs go over the link to the device; ``setup`` is what was asked."""
    loader, offer = bench.loader, bench.loader.offer
    used: dict[str, Any] = {
        "data_bytes_per_db": loader.data_bytes,
        "pipeline_chars": loader.pipeline_chars,
    }
    if offer is not None:
        used["extension_offer"] = offer.encode()
    if bench.timer.resolution_s is not None:
        used["lap_resolution_s"] = round(bench.timer.resolution_s, 6)
    return setup.link.model_copy(update=used)


def describe_energy_bench(
    bench: Bench, supply_v: float, manager_name: str, manager_version: str
) -> EnergyFacts:
    """Say who measures, at which supply, and whose edges are the windows' ends."""
    parts, can = bench.energy, bench.energy.monitor.capabilities
    timed = "the monitor's event input"
    if not can.event_input:
        timed = "the IO manager's m-lap-us, aligned to the steps in power"
    verify_load = bench.dut.settings.verify_load
    return EnergyFacts(
        link=Link(data_bytes_per_db=bench.loader.data_bytes, verify_load=verify_load),
        monitor=_describe_monitor(parts.monitor, supply_v),
        io_manager=IoManagerFacts(
            address=parts.io_manager.address,
            baud_rate=parts.io_manager.settings.baud_rate,
            name=manager_name,
            version=manager_version,
        ),
        edges=EdgeFacts(from_=timed, hold_s=TIMESTAMP_HOLD_S),
    )


def _describe_monitor(monitor: EnergyMonitor, supply_v: float) -> Monitor:
    can = monitor.capabilities
    return Monitor(
        address=monitor.address,
        **asdict(monitor.identify()),
        supply_v=supply_v,
        sample_rate_hz=can.default_rate_hz,
        sample=can.sample_kind.value,
        event_input=can.event_input,
        max_current_a=can.max_current_a,
        powers_device=can.powers_device,
    )


def describe_streaming_bench(bench: Bench, board_name: str, supply_v: float) -> StreamingFacts:
    """Say which board plays, and who measures the energy where somebody does."""
    parts = bench.streaming
    board = InterfaceBoardFacts(
        address=parts.board.address,
        baud_rate=parts.board.settings.baud_rate,
        name=board_name,
        dut_baud_rate=bench.dut.settings.baud_rate if parts.device_behind else None,
    )
    if parts.recorder is None:
        return StreamingFacts(interface_board=board)
    monitor = parts.recorder.monitor
    return StreamingFacts(
        interface_board=board,
        monitor=_describe_monitor(monitor, supply_v),
        edges=EdgeFacts(from_="the monitor's event input", hold_s=TIMESTAMP_HOLD_S),
    )


def describe_session(session: SessionFolder, iterations_found: IterationsFound) -> SessionFacts:
    """Say which program made the session and when, and how it came to its N."""
    return SessionFacts(
        tool=Tool(
            name="tinyrunner",
            version=__version__,
            python=platform.python_version(),
            platform=platform.platform(),
        ),
        session_id=session.session_id,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        iterations_found=iterations_found,
    )


def text_sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def refuse_other_setup(before: SetupFacts, now: SetupFacts, source: str) -> None:
    """Raise ResumeError naming every difference of a session's set-up from the present one.

    ``source`` is the session.json that ``before`` stands in.
    """
    _refuse(_setup_compared(before, source), _setup_compared(now, source))


def refuse_other_device(before: DeviceFacts, now: DeviceFacts) -> None:
    """Raise ResumeError naming every difference of a session's device from the one there."""
    places = [place_named(facts.device.address) for facts in (before, now)]
    if all(places) and places[0] != places[1]:
        raise ResumeError(
            f"this session began on the board at labgrid's place {places[0]}, and place "
            f"{places[1]} is another board; take that place again, or begin anew"
        )
    _refuse(_device_compared(before), _device_compared(now))


def _setup_compared(setup: SetupFacts, source: str) -> dict[str, object]:
    """Return what must be equal for a continued session to be one session.

    The port's name need not be: a board that was plugged in again often has another. Nor the
    folders: what lies in them is compared.
    """
    config = config_from_json(setup.config, source)
    return {
        "the task": setup.task,
        "the mode": setup.mode.value,
        "the round": setup.round,
        "the division": setup.division.value,
        "the limit": setup.limit,
        "what it is for": setup.for_ or Purpose.SUBMISSION.value,
        "the iterations": config.iterations,
        "the warm-ups": config.warmups,
        "the script": setup.script_sha256,
        "the input format": setup.dataset.input_format,
        "the label list": setup.dataset.labels_sha256,
        "the inputs' content": setup.dataset.content_sha256,
        "the data bytes per db": config.dut.data_bytes_per_db,
        "the wire extension": setup.link.extension,
        "verify_load": setup.link.verify_load.value,
    }


def _device_compared(facts: DeviceFacts) -> dict[str, object]:
    device, simulated = facts.device, facts.simulated
    return {
        "the firmware's name": device.vendor,
        "the firmware's profile": device.profile,
        "the firmware's model id": device.model_id,
        "the baud rate": device.baud_rate,
        "the simulated device's model": simulated and simulated.model_sha256,
        "the simulated device's engine": simulated and simulated.runtime,
        "the simulated device's baud rate": simulated and simulated.baud_rate,
        "the simulated device's inference time": simulated and simulated.inference_time_s,
    }


def _refuse(before: dict[str, object], now: dict[str, object]) -> None:
    different = [
        f"{what}: the session has {old!r}, now it is {now[what]!r}"
        for what, old in before.items()
        if old != now[what]
    ]
    if different:
        raise ResumeError(
            "this session cannot be continued, because the two parts would not be one run:\n  "
            + "\n  ".join(different)
            + "\nrestore what changed, or start a new run"
        )
