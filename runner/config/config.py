"""The configuration of a bench and a run: a strict YAML file, with command-line flags on top.

An unknown key, a repeated one or a wrong value is an error that names the file, the line and
the key. ``configs/`` holds a commented example per kind of set-up.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, ValidationInfo, field_validator

from ...dut_protocol.wire.settings import (
    DATA_BYTES_BEHIND_IO_MANAGER,
    DEFAULT_BAUD_RATE,
    DEFAULT_DATA_BYTES_PER_DB,
    ENERGY_BAUD_RATE,
    ENERGY_BOOT_TIMEOUT_S,
    ConfirmResults,
    LinkSettings,
    LinkWishes,
    VerifyLoad,
)
from ...models.custom_task import CUSTOM_KEY
from ...models.other_inputs import InputKind, with_inputs
from ...models.runtimes.engine_kind import EngineKind
from ...models.suite import ALL_TASKS, STREAMING_TASKS, Task
from ..terms import Division, Purpose
from . import values
from .custom import CustomConfig
from .explain import ConfigError, explain
from .instruments import rebased
from .settings import SETTINGS
from .strict_yaml import Place, YamlError, YamlSource, read_yaml

__all__ = ["Config", "ConfigError", "DutConfig", "SimulateConfig", "load_config", "override"]

Demo = Literal["demo"]
_MOST = (1 << 31) - 1
"""Of anything that is counted: the firmware's `infer` takes no more."""
_MOST_S = 1e6
"""Eleven days; where a system waits for one thing, it counts no further than to some hundred."""

Seconds = Annotated[float, Field(ge=0, le=_MOST_S, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=_MOST_S, allow_inf_nan=False)]
BaudRate = Annotated[int, Field(ge=1, le=values.MAX_BAUD_RATE)]
ConfigPath = Annotated[Path, BeforeValidator(values.to_path)]
TaskKey = Annotated[str, BeforeValidator(values.to_task_key)]
InputText = Annotated[str, BeforeValidator(values.to_input_kind)]
PathOrDemo = Annotated[Path | Demo, BeforeValidator(values.to_path_or_demo)]
Model = Annotated[Path | Demo | Literal["reference"], BeforeValidator(values.to_model)]


BOARD_NAME = r"^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$"
"""A board's name stands in names of folders."""


class DutConfig(values.StrictSection):
    """Says which device is under test and how to talk to it."""

    address: Annotated[str, Field(min_length=1)] | None = None
    """A port, a pyserial URL, `labgrid:PLACE`, `auto` or `sim:…`; None until a flag says."""
    baud_rate: BaudRate = DEFAULT_BAUD_RATE
    data_bytes_per_db: Annotated[
        Literal["auto"] | int, BeforeValidator(values.to_data_bytes_per_db)
    ] = "auto"
    """Data bytes of a `db`. `auto`: the most that `tinyrunner check` has found the device to take,
    else 30; behind an IO manager 28. Never more than an IO manager passes on."""
    pipelining: bool = False
    """Whether several `db` are in flight; only where `tinyrunner check` has found that input is
    buffered."""
    extension: bool = False
    """Whether to load by the wire extension, which the device must offer."""
    verify_load: VerifyLoad = Field(default=VerifyLoad.FIRST, strict=False)
    confirm_results: ConfirmResults = Field(default=ConfirmResults.NEVER, strict=False)
    """Whether every answer is asked for twice; for bad links."""
    boot_wait_s: Seconds = 2.0
    """The most seconds that a boot banner is listened to once the port is open."""
    expected_inference_s: PositiveSeconds | None = None
    wire_log: ConfigPath | None = None
    """The file that every byte both ways goes into; a log that is there already is continued."""

    @property
    def link(self) -> LinkSettings:
        """Return the settings of a link."""
        return LinkSettings(
            baud_rate=self.baud_rate,
            data_bytes_per_db=(
                DEFAULT_DATA_BYTES_PER_DB
                if self.data_bytes_per_db == "auto"
                else self.data_bytes_per_db
            ),
            verify_load=self.verify_load,
            boot_wait_s=self.boot_wait_s,
            expected_inference_s=self.expected_inference_s,
            confirm_results=self.confirm_results,
        )

    def link_behind(self, io_manager: IoManagerConfig) -> LinkSettings:
        """Return the settings of a link that goes through an IO manager."""
        link = replace(self.link, baud_rate=io_manager.dut_baud_rate)
        if self.data_bytes_per_db == "auto":
            link = replace(link, data_bytes_per_db=DATA_BYTES_BEHIND_IO_MANAGER)
        return link

    @property
    def wishes(self) -> LinkWishes:
        """Return what the link should do beyond its settings."""
        return LinkWishes(
            largest_block=self.data_bytes_per_db == "auto",
            pipelining=self.pipelining,
            extension=self.extension,
        )


class IoManagerConfig(values.StrictSection):
    """Says which board is between host and energy firmware."""

    address: Annotated[str, Field(min_length=1)] | None = None
    """A port or URL; a simulated device brings its own, which `sim:?command_chars=40` describes."""
    baud_rate: BaudRate = DEFAULT_BAUD_RATE
    """The rate between the host and the IO manager."""
    dut_baud_rate: BaudRate = ENERGY_BAUD_RATE
    """The rate of the device behind the IO manager."""


class InterfaceBoardConfig(values.StrictSection):
    """Says which board plays recordings to the device, for a streaming task."""

    address: Annotated[str, Field(min_length=1)] | None = None
    """A port or URL; a simulated device brings its own, `sim:`."""
    baud_rate: BaudRate = DEFAULT_BAUD_RATE
    """The rate between the host and the board."""
    dut_baud_rate: BaudRate | None = None
    """The rate between the board and the device; None: 115200, in energy mode 9600."""

    def device_rate(self, *, energy: bool) -> int:
        """Return the rate between board and device."""
        usual = ENERGY_BAUD_RATE if energy else DEFAULT_BAUD_RATE
        return usual if self.dut_baud_rate is None else self.dut_baud_rate


class MonitorConfig(values.StrictSection):
    """Says what powers the device and measures its energy."""

    address: Annotated[str, Field(min_length=1)] | None = None
    """A VISA resource, `lpm01a:PORT`, `ppk2:PORT`, `stlinkv3pwr:PORT`, `otii:`, `joulescope:`,
    `scpi:FILE`; simulated: `sim:`."""
    supply_v: PositiveSeconds | None = None
    """The supply. There is no default: too much destroys a board."""
    max_voltage_v: Annotated[PositiveSeconds, BeforeValidator(values.to_max_voltage)] = (
        values.MAX_VOLTAGE_V
    )
    """The voltage above which any supply is refused, before a port is opened."""
    current_limit_a: PositiveSeconds | None = None
    """The most current, in amperes, that the monitor lets through, where it can be told so."""
    ppk2_default_calibration: bool = False
    """Whether a PPK2 that tells no calibration is taken with Nordic's default constants."""
    soft_markers: bool = False
    """Whether the host's own stamps stand for the timestamp pin's edges; never valid for
    submission."""
    boot_timeout_s: PositiveSeconds = ENERGY_BOOT_TIMEOUT_S
    """Seconds from power on to the device's m-ready."""

    @field_validator("address")
    @classmethod
    def _address(cls, value: str | None, info: ValidationInfo) -> str | None:
        folder = info.context.folder if isinstance(info.context, values.PathBase) else None
        return value if value is None or folder is None else rebased(value, folder)


class SimulateConfig(values.StrictSection):
    """Says what a simulated device is like."""

    inference_time_s: Seconds | None = None
    """Seconds that an inference takes by its clock; None: a usual time of the task."""
    engine: EngineKind = Field(default=EngineKind.LITERT, strict=False)
    """What runs the model: `litert`, `litert-reference` or `tflm`."""


class Config(values.StrictSection):
    """Holds everything that a configuration may say; ``Config()`` is what holds without a file."""

    dut: DutConfig = DutConfig()
    io_manager: IoManagerConfig = IoManagerConfig()
    interface_board: InterfaceBoardConfig = InterfaceBoardConfig()
    """The board of a streaming task."""
    monitor: MonitorConfig = MonitorConfig()
    model: Model | None = None
    """The model of a `sim:` device: a file, `demo`, or `reference` (tinyrunner models fetch)."""
    simulate: SimulateConfig = SimulateConfig()
    datasets: PathOrDemo | None = None
    labels: dict[TaskKey, ConfigPath] = Field(default_factory=dict)
    """Label lists to use instead of the data set's own, by task key."""
    input_formats: dict[TaskKey, InputText] = Field(default_factory=dict)
    """Kinds of inputs to take instead of the official ones, by task key; for the open division."""
    no_board: bool = False
    """Whether a streaming task's recording goes over the device's UART; never valid."""
    recording: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")] | None = Field(
        default=None, description="the name of a wav file"
    )
    """The recording that a streaming task is run with; None: the round's, long_wav.wav."""
    board: Annotated[str, Field(pattern=BOARD_NAME)] | None = Field(
        default=None, description="letters, digits, dots, dashes; at most 40"
    )
    """What its owner calls the board under test; session folders carry it."""
    sessions: ConfigPath = Path("sessions")
    """The folder of the sessions: the current one, unless a file or a flag says otherwise."""
    division: Division = Field(default=Division.CLOSED, strict=False)
    round: str = Field(
        default="v1.2", pattern=r"^v[0-9]{1,3}\.[0-9]{1,3}$", description="a round such as v1.2"
    )
    iterations: Annotated[
        Literal["auto"] | Annotated[int, Field(ge=1, le=_MOST)],
        BeforeValidator(values.to_iterations),
    ] = "auto"
    warmups: Annotated[int, Field(ge=0, le=_MOST)] = 1
    limit: Annotated[int, Field(ge=1, le=_MOST)] | None = None
    purpose: Purpose = Field(default=Purpose.SUBMISSION, alias="for", strict=False)
    """What the run is judged for."""
    custom: CustomConfig | None = None
    """The description of the task `custom`."""

    @field_validator("input_formats")
    @classmethod
    def _input_formats(cls, value: dict[str, str]) -> dict[str, str]:
        for key, text in value.items():
            if key == CUSTOM_KEY:
                raise ValueError("what the inputs of `custom` are stands in its section: input")
            if key in STREAMING_TASKS:
                raise ValueError(f"{key} has no inputs: a recording is played to its device")
            with_inputs(ALL_TASKS[key], InputKind.parse(text))
        return value

    def task(self, key: str) -> Task:
        """Return one of the suite's tasks, with the inputs that the configuration gives it."""
        text = self.input_formats.get(key)
        return (
            ALL_TASKS[key] if text is None else with_inputs(ALL_TASKS[key], InputKind.parse(text))
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values by the keys that a file has; `config_from_json` reads them."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def custom_task(self) -> Task | None:
        """Return a user's own task, None where the configuration describes none."""
        return None if self.custom is None else self.custom.task


def absolute(config: Config) -> Config:
    """Return the configuration with every path absolute, so that it holds in any folder."""

    def whole(path: Path | str | None) -> Path | str | None:
        return path.absolute() if isinstance(path, Path) else path

    address = config.monitor.address
    return config.model_copy(
        update={
            "model": whole(config.model),
            "datasets": whole(config.datasets),
            "labels": {key: path.absolute() for key, path in config.labels.items()},
            "sessions": config.sessions.absolute(),
            "monitor": config.monitor.model_copy(
                update={"address": address and rebased(address, Path.cwd())}
            ),
        }
    )


def load_config(path: Path) -> Config:
    """Read the configuration in a file; its relative paths start from the file's folder."""
    source = read_file(path)

    def where(place: Place) -> str:
        return f"{path}:{source.line_of(place)}: {'.'.join(map(str, place))}"

    try:
        return Config.model_validate(source.values, context=values.PathBase(path.parent))
    except ValidationError as error:
        raise ConfigError(explain(error, Config, where)) from error


def read_file(path: Path, made_by: str = "tinyrunner config example") -> YamlSource:
    """Read a YAML file of keys and values; ConfigError where it is none.

    ``made_by`` is the command that writes such a file, for who has none yet.
    """
    source = read_source(path, f"`{made_by}` gives one")
    if source.values is None:
        source.values = {}
    if not isinstance(source.values, dict):
        raise ConfigError(f"{path}:{source.line_of(())}: expected keys and values")
    return source


def read_source(path: Path, advice: str) -> YamlSource:
    """Read a YAML file, whatever it holds; ConfigError where it cannot be read.

    ``advice`` is for who has no such file yet.
    """
    try:
        return read_yaml(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is none; {advice}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot read it: {error.strerror or error}") from error
    except YamlError as error:
        raise ConfigError(f"{path}:{error.line}: {error}", error.line, path) from error


def config_from_json(tree: object, source: str) -> Config:
    """Read the configuration that a session.json (``source``) holds."""
    try:
        return Config.model_validate(tree, context=values.PathBase(None))
    except ValidationError as error:
        raise ConfigError(
            explain(error, Config, lambda place: f"{source}: config.{'.'.join(map(str, place))}")
        ) from error


def override(config: Config, **flags: object) -> Config:
    """Return the configuration with the flags that were given in place of its values.

    A flag that was not given is None. Known flags are the names of :data:`SETTINGS`. ``labels`` is
    a mapping that adds to the file's. Relative paths stay relative to the current folder.
    """
    tree = config.model_dump(by_alias=True, exclude_unset=True)  # what nobody said stays unsaid
    given = {flag: value for flag, value in flags.items() if value is not None}
    for flag, value in given.items():
        if flag not in SETTINGS:
            raise TypeError(f"no such flag: {flag}")
        place = SETTINGS[flag].place
        section = tree.setdefault(place[0], {}) if len(place) == 2 else tree
        if isinstance(value, dict) and isinstance(said := section.get(place[-1]), dict):
            value = said | value
        section[place[-1]] = value

    def where(place: Place) -> str:
        at = (SETTINGS[name] for name in given)
        setting = next((one for one in at if one.place == place[: len(one.place)]), None)
        return ".".join(map(str, place)) if setting is None else setting.flag

    try:
        return Config.model_validate(tree, context=values.PathBase(None))
    except ValidationError as error:
        raise ConfigError(explain(error, Config, where)) from error
