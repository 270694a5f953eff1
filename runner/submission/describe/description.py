"""`submission.yaml`: everything that a submission says beside what its sessions measured.

Read strictly, as a bench's configuration is: an error names the file, the line and the key. Paths
are relative to the file. `tinyrunner submission init` writes one to fill in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
)

from ....errors import closest
from ....models.suite import BENCHMARKS, STREAMING_TASKS
from ...config import values
from ...config.config import ConfigPath, read_source
from ...config.explain import ConfigError, explain
from ...config.rounds import RoundsError, load_rounds
from ...config.strict_yaml import Place
from ...terms import Division, Mode
from .names import check_folder_name
from .system_template import STATUSES, TEMPLATE_NAMES, template_name


def _to_answer(value: object) -> object:
    """Return a text; YAML reads a bare yes or no as true or false."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, str):
        return (value or "").strip()
    raise ValueError(f"expected text, yes or no, got {values.shown(value)}")


def _to_benchmark(value: object) -> object:
    if value in BENCHMARKS:
        return value
    raise ValueError(
        f"no such benchmark{closest(str(value), BENCHMARKS)}; there are {', '.join(BENCHMARKS)}"
    )


def _to_round(value: object) -> object:
    try:
        return load_rounds().get(value).name if isinstance(value, str) else value
    except RoundsError as error:
        raise ValueError(str(error)) from error


def _to_system_key(value: object) -> object:
    key = template_name(value) if isinstance(value, str) else value
    if key in TEMPLATE_NAMES:
        return key
    near = closest(str(key), TEMPLATE_NAMES)
    raise ValueError(f"no key of the official system description{near}")


def _to_system_text(value: object) -> object:
    if value is None or isinstance(value, str):
        return value or ""
    raise ValueError(f"expected text, got {values.shown(value)}; put it in quotes")


def _to_systems(value: object) -> object:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"expected a list of systems (- id: …), got {values.shown(value)}")
    return tuple(value)


FolderName = Annotated[str, AfterValidator(check_folder_name)]
Benchmark = Annotated[str, BeforeValidator(_to_benchmark)]
SystemKey = Annotated[str, BeforeValidator(_to_system_key)]
SystemText = Annotated[str, BeforeValidator(_to_system_text)]
Answer = Annotated[str, BeforeValidator(_to_answer)]
"""An answer's text; empty where nobody has answered yet."""


class SessionsConfig(values.StrictSection):
    """Names the session folders of one benchmark."""

    performance: ConfigPath | None = None
    accuracy: ConfigPath | None = None
    energy: ConfigPath | None = None

    def by_mode(self) -> dict[Mode, Path]:
        """Return the folders that are named."""
        named = {
            Mode.PERFORMANCE: self.performance,
            Mode.ACCURACY: self.accuracy,
            Mode.ENERGY: self.energy,
        }
        return {mode: path for mode, path in named.items() if path is not None}


class CodeConfig(values.StrictSection):
    """Says what goes to `code/<benchmark>/<implementation>`."""

    implementation: FolderName
    folder: ConfigPath | None = None
    """The folder of the firmware's sources; None: only the README that is written."""


class HookupConfig(values.StrictSection):
    """Says how the energy bench is wired."""

    picture: ConfigPath | None = None
    text: Answer = ""

    @property
    def told(self) -> bool:
        return self.picture is not None or bool(self.text)


class ChecklistConfig(values.StrictSection):
    """Holds the submitter's answers; what the sessions can tell is not asked."""

    engineers: Answer = ""
    emails: Answer = ""
    same_code_in_both_modes: Answer = ""
    calibrated_outside_official_set: Answer = ""
    numerics: Answer = ""
    backend: Answer = ""
    caching_techniques: Answer = ""
    disallowed_techniques: Answer = ""
    congruent_with_rules: Answer = ""
    reflects_real_world_performance: Answer = ""


class RunnerConfig(values.StrictSection):
    """Says of MLCommons' runner what its sessions do not."""

    commit: Answer = ""
    """The commit of mlcommons/tiny that it was run from."""


class SystemConfig(values.StrictSection):
    """Describes one system under test."""

    id: FolderName
    """The name of its JSON file and of its folder under results."""
    description: dict[SystemKey, SystemText]
    """Every key of the official template; either spelling of Operating System is read."""
    sessions: Annotated[dict[Benchmark, SessionsConfig], Field(min_length=1)]
    code: dict[Benchmark, CodeConfig] = Field(default_factory=dict)
    hookup: HookupConfig = HookupConfig()

    @property
    def places(self) -> dict[tuple[str, Mode], Path]:
        """Return the session folders by task key and mode, in the tasks' order."""
        return {
            (key, mode): path
            for key in BENCHMARKS
            if key in self.sessions
            for mode, path in self.sessions[key].by_mode().items()
        }


class Description(values.StrictSection):
    """Describes a whole submission of one organization in one division."""

    round: Annotated[str, BeforeValidator(_to_round)]
    division: Division = Field(strict=False)
    organization: FolderName
    output: ConfigPath | None = None
    """The folder that the tree is built in unless --out says; None: it must."""
    datasets: ConfigPath | None = None
    """The folder with the words of sww's recording, for sessions that do not tell them."""
    systems: Annotated[tuple[SystemConfig, ...], BeforeValidator(_to_systems)]
    runner: RunnerConfig = RunnerConfig()
    checklist: ChecklistConfig = ChecklistConfig()


def load_description(
    path: Path, measured: Mapping[str, Mapping[str, Mapping[str, Path]]] | None = None
) -> Description:
    """Read a description from a file; ConfigError names every mistake by file, line, key.

    ``measured`` gives session folders by system id, task and mode, which stand for those in the
    file.
    """
    source = read_source(path, "`tinyrunner submission init` writes one to fill in")
    if not isinstance(source.values, dict):
        raise ConfigError(f"{path}:{source.line_of(())}: expected keys and values")

    for system_id, sessions in (measured or {}).items():
        _put_sessions(path, source.values, system_id, sessions)

    def where(place: Place) -> str:
        at = f"{path}:{source.line_of(place)}"
        return f"{at}: {'.'.join(map(str, place))}" if place else at

    try:
        description = Description.model_validate(
            source.values, context=values.PathBase(path.parent)
        )
    except ValidationError as error:
        raise ConfigError(explain(error, Description, where)) from error
    if problems := [f"{where(place)}: {text}" for place, text in _problems(description)]:
        raise ConfigError("\n".join(problems))
    return description


def _put_sessions(
    path: Path, tree: dict[str, Any], system_id: str, sessions: Mapping[str, Mapping[str, Path]]
) -> None:
    listed = tree.get("systems")
    systems = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    system = next((one for one in systems if one.get("id") == system_id), None)
    if system is None:
        ids = [str(one.get("id")) for one in systems]
        raise ConfigError(
            f"{path}: systems: none is called {system_id!r}{closest(system_id, ids)}; there "
            f"are {', '.join(ids) or 'none'}"
        )
    named = system.setdefault("sessions", {})
    if named is None:
        named = system["sessions"] = {}
    if isinstance(named, dict):  # else its reader says what is wrong
        for key, by_mode in sessions.items():
            before = named.get(key)
            named[key] = (before if isinstance(before, dict) else {}) | dict(by_mode)


_BOTH = "performance and accuracy"


def _problems(description: Description) -> Iterator[tuple[Place, str]]:
    """Return what is wrong between keys, each with its place."""
    ids: set[str] = set()
    for index, system in enumerate(description.systems):
        place: Place = ("systems", index)
        if system.id.casefold() in ids:  # one folder where case does not count
            yield (*place, "id"), f"another system is called {system.id!r} already"
        ids.add(system.id.casefold())
        told, at = system.description, (*place, "description")
        if missing := [name for name in TEMPLATE_NAMES if name not in told]:
            yield at, f"missing: {'; '.join(missing)} (where there is nothing to say: '')"
        status, division = told.get("Status"), told.get("Division")
        if status is not None and status.strip().lower() not in STATUSES:
            yield (*at, "Status"), f"expected {', '.join(STATUSES)}, got {values.shown(status)}"
        if division is not None and division.strip().lower() != description.division.value:
            yield (
                (*at, "Division"),
                f"expected {description.division.value}, as the submission's division is, got "
                f"{values.shown(division)}",
            )
        for key, named in system.sessions.items():
            if not named.by_mode():
                wanted = "energy or performance" if key in STREAMING_TASKS else _BOTH
                yield (*place, "sessions", key), f"no session; expected {wanted}"
            if key in STREAMING_TASKS and named.accuracy is not None:
                yield (
                    (*place, "sessions", key, "accuracy"),
                    f"{key} has no accuracy mode: its words are counted in energy or performance",
                )
            if key not in system.code:
                yield (
                    (*place, "code"),
                    f"{key} is missing; name its implementation: {key}: {{implementation: …}}",
                )
