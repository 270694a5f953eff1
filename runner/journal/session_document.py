"""session.json, typed: what a session was made of, and what it measured.

The provenance is written before the first step and never changed; the result is put beside it at
the end. A document is read as strictly as it is written: a key too many, one too few, or a value
of another type is an error that names its place. Reading is for sessions of one's own; what
anybody's session.json says is read by ``claimed_provenance``.

History of the schema: 1 is the first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...dut_protocol.wire.settings import VerifyLoad
from ...dut_protocol.wire.simulation import is_simulated_name
from ...models.custom_task import CUSTOM_KEY
from ...models.demo_models import DEMO_NOTE
from ...models.other_inputs import InputKind, with_inputs
from ...models.suite import ALL_TASKS, BENCHMARKS, STREAMING_TASKS, Benchmark, Task
from ..config.strict_json import read_json
from ..errors import SetupError
from ..terms import Division, Mode, Purpose
from .journal import has_a_step
from .session_folder import DOCUMENT_NAME, SessionFolder, write_atomically

SCHEMA_VERSION: Literal[1] = 1

Json = dict[str, Any]
"""A tree of plain values."""

Number = int | float
"""A number that is written as it came: 100000 does not become 100000.0."""


class _DocumentPart(BaseModel):
    """Is a part of the document; a key that was not given is not written."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=lambda name: name.rstrip("_"),  # `from` is a word of Python
        populate_by_name=True,
    )


class Tool(_DocumentPart):
    """Names the program that made the session, and what it ran on."""

    name: str
    version: str
    python: str
    platform: str


class IterationsSaid(_DocumentPart):
    """Says that N was given: by the mode itself, by a setting, or by a published script.

    ``log``: N is the log's, and how it was found is lost.
    """

    by: Literal["mode", "setting", "script", "log"]


class IterationsCalibrated(_DocumentPart):
    """Says how N was measured, by the device's clock or the host's."""

    by: Literal["calibration"]
    iterations: int
    inference_s: Number
    measured_iterations: int
    measured_s: Number
    clock: Literal["device", "host"]


class IterationsCalibratedByEdges(_DocumentPart):
    """Says how N was measured between the edges of the timestamp pin."""

    by: Literal["calibration"]
    inference_s: Number
    measured_iterations: int
    iterations: int
    clock: str
    """The clock that the edges were timed by, in words."""


IterationsFound = IterationsSaid | IterationsCalibrated | IterationsCalibratedByEdges


class Link(_DocumentPart):
    """Says how the inputs go over the link."""

    data_bytes_per_db: int
    verify_load: VerifyLoad = Field(strict=False)
    extension: str | None = None
    """The wire extension that was asked for; an energy session has none."""
    pipeline_chars: int = 0
    extension_offer: str = ""
    """What the device offered, in its own words."""
    lap_resolution_s: Number | None = None
    """How exactly each lap time is compared with the host's, where answers are confirmed."""


class DatasetFacts(_DocumentPart):
    """Names the inputs, and what identifies them."""

    folder: str
    labels: str
    labels_sha256: str
    official_list: str | None
    content_sha256: str
    files: int
    windows: int
    synthetic: bool
    note: str | None
    input_format: str | None = None
    """The kind of inputs, such as `float32:1960`, where it is not the official one."""


class Device(_DocumentPart):
    """Says who was measured."""

    address: str
    baud_rate: int
    vendor: str
    profile: str | None
    model_id: str | None


class Simulated(_DocumentPart):
    """Says what a simulated device ran."""

    model: str
    model_sha256: str
    runtime: str
    note: str | None
    """A remark where the model is a demonstration only, or a log."""
    baud_rate: int
    inference_time_s: Number


class Monitor(_DocumentPart):
    """Says what powered the device and measured its energy."""

    address: str
    maker: str
    model: str
    serial: str
    firmware: str
    supply_v: Number
    sample_rate_hz: Number
    sample: str
    event_input: bool
    max_current_a: Number
    powers_device: bool = True
    """Whether it powered the device; else somebody else did, and nothing switched it."""


class IoManagerFacts(_DocumentPart):
    """Describes the board between host and device, in its own messages."""

    address: str
    baud_rate: int
    name: str
    version: str


class EdgeFacts(_DocumentPart):
    """Says what the ends of the windows were taken from."""

    from_: str
    hold_s: Number


class Restored(_DocumentPart):
    """Says what `tinyrunner sessions repair` restored."""

    parts: dict[str, str]
    """The files that were missing or damaged, each with what it was restored from."""
    at: str
    """When that was: ISO 8601, UTC."""
    by: str
    """The program that did it, with its version."""


class SessionFacts(_DocumentPart):
    """Says which program made the session and when, and how it came to its N."""

    tool: Tool
    session_id: str
    """Its number in the log: the time when it was begun."""
    created: str
    """When the session was begun: ISO 8601, UTC; where it was restored from the log, as the clock
    of the computer showed it."""
    iterations_found: IterationsFound
    """How N was found: said (by the mode, a setting, a script), or measured."""


class SetupFacts(_DocumentPart):
    """Says what is asked of a run, and of which inputs: all that is known without a device."""

    task: str
    """The key of the task, such as kws."""
    mode: Mode = Field(strict=False)
    """performance, accuracy or energy."""
    round: str
    """Whose rules apply."""
    division: Division = Field(strict=False)
    """closed or open."""
    limit: int | None
    """How many files of the list were run, where not all."""
    for_: Literal["development"] | None = None
    """What the run is for, where that is no submission."""
    link: Link
    dataset: DatasetFacts
    script_file: str | None
    """The published script that was run, where it was one."""
    script_sha256: str
    """The SHA-256 of script.async."""
    iterations: int
    """N: the inferences of a window."""
    warmups: int
    """W: inferences before each window that do not count."""
    config: Json | None = None
    """The whole configuration, read by ``config_from_json``. A session whose configuration was
    taken out can be scored, not continued."""


class DeviceFacts(_DocumentPart):
    """Says who is measured, and what it is where it is simulated."""

    device: Device
    simulated: Simulated | None


class EnergyFacts(_DocumentPart):
    """Says who measures the energy, at which supply, and whose edges are the windows' ends."""

    link: Link
    monitor: Monitor
    io_manager: IoManagerFacts
    edges: EdgeFacts


class InterfaceBoardFacts(_DocumentPart):
    """Describes the board that plays a recording to the device."""

    address: str
    baud_rate: int
    name: str
    dut_baud_rate: int | None
    """Its rate to the device behind it; None where that has a port of its own."""


class StreamingFacts(_DocumentPart):
    """Says which board plays the recording, and who measures the energy, if anybody does."""

    interface_board: InterfaceBoardFacts
    monitor: Monitor | None = None
    edges: EdgeFacts | None = None


class Provenance(DeviceFacts, SetupFacts, SessionFacts):
    """Says how a session came about; its keys are written in the bases' order, last first."""

    monitor: Monitor | None = None
    """The monitor of an energy session, which alone has an IO manager and edges too."""
    io_manager: IoManagerFacts | None = None
    edges: EdgeFacts | None = None
    interface_board: InterfaceBoardFacts | None = None
    """The board of a streaming task's session, whatever its mode."""
    restored: list[Restored] | None = None
    """What was restored later, in order; absent where nothing was."""

    @classmethod
    def of(
        cls,
        session: SessionFacts,
        setup: SetupFacts,
        device: DeviceFacts,
        *,
        link: Link | None = None,
        energy: EnergyFacts | StreamingFacts | None = None,
    ) -> Provenance:
        """Put the parts together; ``link`` is the link as it turned out, where that is known."""
        parts = [session, setup, device, *([] if energy is None else [energy])]
        values = {name: getattr(part, name) for part in parts for name in part.model_fields_set}
        return cls(**(values if link is None else values | {"link": link}))

    @property
    def is_restored(self) -> bool:
        """Tell whether this provenance itself was lost, and restored from the log."""
        return any(DOCUMENT_NAME in part.parts for part in self.restored or ())

    @property
    def is_demonstration(self) -> bool:
        """Tell whether a demonstration model ran on a simulated device, whatever the inputs."""
        return self.simulated is not None and self.simulated.note == DEMO_NOTE

    @property
    def purpose(self) -> Purpose:
        """Return what the run is for, by the session and by its configuration."""
        asked = "" if self.config is None else self.config.get("for")
        development = Purpose.DEVELOPMENT.value in (self.for_, asked)
        return Purpose.DEVELOPMENT if development else Purpose.SUBMISSION

    @property
    def is_simulated(self) -> bool:
        """Tell whether the device was a simulated one, in the same process or reached by a port."""
        return self.simulated is not None or is_simulated_name(self.device.vendor)

    def to_json(self) -> Json:
        """Return plain values; what was not given is left out."""
        return self.model_dump(mode="json", exclude_unset=True, by_alias=True)


class SessionDocument(_DocumentPart):
    """Is the whole of session.json."""

    schema_version: Literal[1]
    provenance: Provenance
    result: Json | None = None
    """The result; None until the session is finished."""

    def to_json(self) -> Json:
        """Return plain values, in the order in which they are written."""
        return {
            "schema_version": SCHEMA_VERSION,
            "provenance": self.provenance.to_json(),
            "result": self.result,
        }


def write_document(
    session: SessionFolder, provenance: Provenance, result: Json | None = None
) -> None:
    """Write session.json whole or not at all."""
    document = SessionDocument(
        schema_version=SCHEMA_VERSION, provenance=provenance, result=result
    ).to_json()
    write_atomically(session.document, json.dumps(document, indent=2) + "\n")


def read_document(folder: Path) -> SessionDocument:
    """Read a folder's session.json; SetupError where there is none of a known version."""
    path = folder / "session.json"
    if not folder.is_dir():
        why = "is a file" if folder.exists() else "is not there"
        raise SetupError(f"{folder} {why}; give a session's folder")
    try:
        tree = read_json(path.read_bytes())
    except FileNotFoundError as error:
        why = "it is no session of tinyrunner, or it was stopped before its first step"
        advice = "start a new run"
        if has_a_step(folder / "log.txt"):
            why, advice = "it was lost, or this is no session of tinyrunner", _repair(folder)
        raise SetupError(f"{folder} holds no session.json: {why}; {advice}") from error
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):  # nothing is known to be wrong with what stands there
            raise SetupError(f"{path} cannot be read: {error.strerror or error}") from error
        raise SetupError(f"{path} cannot be read: {error}; {_repair(folder)}") from error
    version = tree.get("schema_version") if isinstance(tree, dict) else None
    if version != SCHEMA_VERSION or not isinstance(tree.get("provenance"), dict):
        raise SetupError(
            f"{path} has schema version {version!r}, this tinyrunner reads {SCHEMA_VERSION}"
        )
    task, mode = (tree["provenance"].get(key) for key in ("task", "mode"))
    if task not in (*BENCHMARKS, CUSTOM_KEY) or mode not in [known.value for known in Mode]:
        raise _of_no_task(path, task, mode)
    try:
        return SessionDocument.model_validate(tree)
    except ValidationError as error:
        from ..config.explain import explain  # only a damaged document needs it

        problems = explain(error, SessionDocument, lambda place: ".".join(map(str, place)))
        raise SetupError(f"{path} is damaged: " + problems.replace("\n", "; ")) from error


def _repair(folder: Path) -> str:
    return f"`tinyrunner sessions repair {folder}` restores what follows from the log"


def benchmark_and_mode(provenance: Provenance, folder: Path) -> tuple[Benchmark, Mode]:
    """Return what a session measures, a streaming task's too; SetupError as `task_and_mode`."""
    streaming = STREAMING_TASKS.get(provenance.task)
    return task_and_mode(provenance, folder) if streaming is None else (streaming, provenance.mode)


def task_and_mode(provenance: Provenance, folder: Path) -> tuple[Task, Mode]:
    """Return what a session measures; SetupError where a user's own task is not described."""
    path = folder / "session.json"
    if provenance.task in STREAMING_TASKS:
        raise SetupError(
            f"{folder} is a session of {provenance.task}, whose device listens to a recording: "
            "this is for sessions with inputs and labels"
        )
    task = ALL_TASKS.get(provenance.task)
    other = provenance.dataset.input_format
    if task is not None and other is not None:
        try:
            return with_inputs(task, InputKind.parse(other)), provenance.mode
        except ValueError as error:
            raise SetupError(f"{path} is damaged: dataset.input_format: {error}") from error
    if task is None:
        from ..config.config import config_from_json  # only a task of one's own needs it

        task = config_from_json(provenance.config, str(path)).custom_task
    if task is None:
        raise _of_no_task(path, provenance.task, provenance.mode.value)
    return task, provenance.mode


def _of_no_task(path: Path, task: object, mode: object) -> SetupError:
    return SetupError(f"{path} is damaged: its task is {task!r} and its mode {mode!r}")
