"""The campaign file: which boards, tasks and modes, with what settings and hooks.

Settings are those of a run's configuration, in three layers: for all boards, for one board, and for
one mode on a board (`performance: {dut: {baud_rate: 921600}}`). Each layer only says what differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from ....models.suite import TASKS
from ...config import values
from ...config.config import BOARD_NAME, Config, ConfigPath, PositiveSeconds, TaskKey, read_file
from ...config.explain import ConfigError, explain
from ...config.strict_yaml import Place, YamlSource
from ...terms import Mode

Command = Annotated[str, Field(min_length=1)]
SystemId = Annotated[str, Field(min_length=1)]
ModeWord = Annotated[Mode, Field(strict=False)]
Settings = dict[str, Any]
"""A part of a configuration; it is checked where the layers are put together."""


class CheckPolicy(Enum):
    """Says what the short conformance check before a run is for."""

    OFF = "off"
    QUICK = "quick"
    """It is made, and what it finds is told; the run is tried in any case."""
    REQUIRED = "required"
    """A board that fails it is not run."""


class Hooks(values.StrictSection):
    """Holds command lines that a cell calls; {board}, {task}, {mode}, {model} are filled in."""

    flash: Command | None = None
    """Puts the firmware of a task and a mode onto the board, before each run of it."""
    before: Command | None = None
    """Comes before the flashing."""
    after: Command | None = None
    """Comes after a run, whatever became of it."""
    reset: Command | None = None
    """Comes before another try."""
    timeout_s: PositiveSeconds | None = None
    """Seconds after which a hook that still runs is ended; None: ten minutes."""
    port_timeout_s: PositiveSeconds | None = None
    """From the hooks' end until the board must be on its port (again)."""


class BoardSection(values.StrictSection):
    """Describes one board: what differs from the settings of all."""

    system: SystemId | None = None
    """The system of the submission that its sessions are of; None: they are not submitted."""
    settings: Settings = Field(default_factory=dict)
    """What this board has otherwise than all."""
    performance: Settings = Field(default_factory=dict)
    """What is otherwise in this mode."""
    accuracy: Settings = Field(default_factory=dict)
    """What is otherwise in this mode."""
    energy: Settings = Field(default_factory=dict)
    """What is otherwise in this mode."""
    hooks: Hooks = Hooks()
    tasks: Annotated[
        Literal["all"] | values.Listed[TaskKey] | None, Field(description="all, or a list of tasks")
    ] = None
    """Which tasks this board runs, where not those of all."""
    modes: Annotated[
        Literal["all"] | values.Listed[ModeWord] | None,
        Field(description="all, or a list of performance, accuracy, energy"),
    ] = None
    """Which modes this board is run in, where not those of all."""


def _check_policy(value: object) -> object:
    """Take what YAML makes of `off` without quotes for the word."""
    return CheckPolicy.OFF.value if value is False else value


def _boards(value: object) -> object:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("expected boards by their names, each with its settings")
    return {name: {} if board is None else board for name, board in value.items()}


class CampaignFile(values.StrictSection):
    """Holds what a campaign file says."""

    folder: ConfigPath
    """Where sessions, journal and report are made."""
    boards: Annotated[
        dict[Annotated[str, Field(pattern=BOARD_NAME)], BoardSection], BeforeValidator(_boards)
    ]
    tasks: Annotated[
        Literal["all"] | values.Listed[TaskKey], Field(description="all, or a list of tasks")
    ] = "all"
    """Which tasks are run."""
    modes: Annotated[
        Literal["all"] | values.Listed[ModeWord],
        Field(description="all, or a list of performance, accuracy, energy"),
    ] = "all"
    """Which modes each task is run in."""
    settings: Settings = Field(default_factory=dict)
    """What holds for every board."""
    hooks: Hooks = Hooks()
    check: Annotated[CheckPolicy, Field(strict=False), BeforeValidator(_check_policy)] = (
        CheckPolicy.QUICK
    )
    """A short `tinyrunner check` before each run; `required`: what fails it is not run."""
    retries: Annotated[int, Field(ge=0, le=100)] = 1
    """Times that a cell which failed is tried again."""
    submission: ConfigPath | None = None
    """The submission's description, built from the campaign's sessions at the end."""

    def tasks_of(self, board: BoardSection) -> tuple[str, ...]:
        """Return the keys of the tasks that a board runs."""
        chosen = self.tasks if board.tasks is None else board.tasks
        return tuple(TASKS) if chosen == "all" else tuple(dict.fromkeys(chosen))

    def modes_of(self, board: BoardSection) -> tuple[Mode, ...]:
        """Return the modes that a board is run in."""
        chosen = self.modes if board.modes is None else board.modes
        return tuple(Mode) if chosen == "all" else tuple(dict.fromkeys(chosen))

    def hooks_of(self, board: BoardSection) -> Hooks:
        """Return a board's own hooks, and those of all where it does not say (null: none)."""
        return self.hooks.model_copy(update=board.hooks.model_dump(exclude_unset=True))


def where_in(path: Path, source: YamlSource, place: Place) -> str:
    """Name a key of a campaign file as errors do: ``night.yaml:7: boards.h7.system``."""
    return f"{path}:{source.line_of(place)}: {'.'.join(map(str, place))}"


def load_campaign(path: Path) -> tuple[CampaignFile, YamlSource]:
    """Read a campaign file; ConfigError names file, line and key. Paths start from its folder."""
    source = read_file(path, "tinyrunner campaign init FILE")
    where = partial(where_in, path, source)
    try:
        read = CampaignFile.model_validate(source.values, context=values.PathBase(path.parent))
    except ValidationError as error:
        raise ConfigError(explain(error, CampaignFile, where)) from error
    return read, source


def board_config(
    path: Path, source: YamlSource, file: CampaignFile, name: str, mode: Mode
) -> Config:
    """Put a board's layers together for one mode; ConfigError points at the line at fault."""
    board = file.boards[name]
    layers: list[tuple[Place, Settings]] = [
        (("settings",), file.settings),
        (("boards", name, "settings"), board.settings),
        (("boards", name, mode.value), getattr(board, mode.value)),
    ]
    tree: Settings = {}
    for _, layer in layers:
        _merge(tree, layer)

    def where(place: Place) -> str:
        said = [begin + place for begin, layer in layers if _has(layer, place)]
        whole = said[-1] if said else ("boards", name)
        return where_in(path, source, whole)

    for key in ("sessions", "board"):
        if key in tree:
            raise ConfigError(f"{where((key,))}: a campaign decides this itself; leave it out")
    tree |= {"sessions": str((file.folder / name).absolute()), "board": name}
    try:
        return Config.model_validate(tree, context=values.PathBase(path.parent.absolute()))
    except ValidationError as error:
        raise ConfigError(explain(error, Config, where)) from error


def _merge(tree: Settings, layer: Settings) -> None:
    for key, value in layer.items():
        if isinstance(value, dict) and isinstance(tree.get(key), dict):
            tree[key] = dict(tree[key])
            _merge(tree[key], value)
        else:
            tree[key] = value


def _has(layer: object, place: Place) -> bool:
    for key in place:
        if not isinstance(layer, dict) or key not in layer:
            return False
        layer = layer[key]
    return True
