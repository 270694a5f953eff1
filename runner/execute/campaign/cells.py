"""What a campaign file comes to: its cells, checked, and the lanes that may run side by side.

A cell is one task in one mode on one board. Boards that share a port or an instrument are one lane,
whose cells are run one after the other.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ....dut_protocol.errors import PortAbsent
from ....errors import TinyrunnerError, in_words
from ....models.suite import Benchmark, StreamingTask
from ...bench.labgrid.client import LabgridError
from ...bench.labgrid.lease import count_places
from ...bench.monitors import described
from ...config.config import Config, absolute
from ...config.explain import ConfigError
from ...config.instruments import SCPI
from ...config.labgrid_address import LABGRID, Wanted, labgrid_addresses, used_sections
from ...config.name_lookup import benchmark_named
from ...config.sim_address import is_simulated, names_simulated
from ...config.strict_yaml import Place, YamlSource
from ...errors import SetupError
from ...terms import Mode, Purpose
from ..host import check_disk, expected_duration_s
from ..progress import QuietReporter
from ..run import Prepared, PreparedRun, in_a_round, prepare_run
from .campaign_file import CampaignFile, CheckPolicy, Hooks, board_config, load_campaign, where_in
from .hooks import check_hook, filled_in, refuse_misspelt
from .several_runs import modes_for

Jobs: TypeAlias = 'int | Literal["auto"] | None'
"""How many boards of one kind are used at once: as many as there are, or one where None."""

OVERHEAD_S = 30.0
"""Seconds allowed for a cell beside its run: flashing, booting, the check."""


@dataclass(frozen=True, slots=True)
class CampaignCell:
    """Is one task in one mode on one board."""

    board: str
    task: Benchmark
    mode: Mode
    config: Config
    hooks: Hooks

    @property
    def key(self) -> str:
        """Return what the journal calls the cell."""
        return f"{self.board}/{self.task.key}/{self.mode.value}"

    @property
    def needs(self) -> dict[str, bool]:
        """Return what kind of bench it is run on."""
        return {
            "energy": self.mode is Mode.ENERGY,
            "streaming": isinstance(self.task, StreamingTask),
        }

    @property
    def places(self) -> tuple[Wanted, ...]:
        """Return the places of labgrid's that it is run on."""
        found = labgrid_addresses(self.config, **self.needs)
        return tuple(dict.fromkeys(address.wanted for address in found))

    @property
    def movable(self) -> bool:
        """Tell whether any board with the right tags will do: all that it uses is one's."""
        found = labgrid_addresses(self.config, **self.needs)
        sections = (getattr(self.config, name) for name in used_sections(**self.needs))
        used = sum(section.address is not None for section in sections)
        return 0 < len(found) == used and all(one.wanted.tags for one in found)

    @property
    def words(self) -> dict[str, str]:
        """Return what may stand in braces in a hook."""
        return {
            "board": self.board,
            "task": self.task.key,
            "mode": self.mode.value,
            "model": self.task.model_id,
            **({"place": self.places[0].place or "PLACE"} if self.places else {}),
        }


@dataclass(frozen=True, slots=True)
class Campaign:
    """Is a campaign file, checked as far as that needs no device."""

    path: Path
    folder: Path
    cells: tuple[CampaignCell, ...]
    check: CheckPolicy
    retries: int
    duration_s: dict[str, float]
    """At least so many seconds each cell takes, by its key; 0 where nobody knows."""
    steps: dict[str, int]
    """The steps of each cell's script, by its key; a log has a line or two for each."""
    absent: dict[str, str]
    """What is not plugged in at the moment, by board: it may be until its turn comes."""
    submission: Path | None
    """The description of the submission that is built at the end."""
    systems: dict[str, str]
    """The ids of the boards' systems in it; a board that has none is not submitted."""
    counted: dict[Wanted, int]
    """How many places of labgrid's there are for each that is wanted."""

    def workers(self, lane: Sequence[CampaignCell], jobs: Jobs) -> int:
        """Return how many boards a lane's cells may be spread over."""
        if jobs is None or not all(cell.movable for cell in lane):
            return 1
        boards = min(max(self.counted[one] for one in cell.places) for cell in lane)
        return min(len(lane), boards, len(lane) if jobs == "auto" else jobs)

    def lanes(self) -> list[list[CampaignCell]]:
        """Return the cells by the boards that share nothing with those of another lane."""
        lanes: list[tuple[set[str], list[CampaignCell]]] = []
        for board in dict.fromkeys(cell.board for cell in self.cells):
            own = [cell for cell in self.cells if cell.board == board]
            used = {address for cell in own for address in _addresses(cell.config)}
            sharing = [lane for lane in lanes if lane[0] & used]
            merged = [cell for lane in sharing for cell in lane[1]] + own
            lanes = [lane for lane in lanes if lane not in sharing]
            lanes.append((used.union(*(lane[0] for lane in sharing)), merged))
        return [lane for _, lane in lanes]

    def check_disk(self, done: Container[str]) -> None:
        """Refuse (SetupError) what is left to run where all its logs may not fit."""
        check_disk(self.folder, sum(n for key, n in self.steps.items() if key not in done))

    def shortest_s(self, done: Container[str] = (), jobs: Jobs = None) -> float:
        """Return how long what is left to run takes at least: the longest lane."""
        return max(
            sum(self.duration_s[cell.key] for cell in lane if cell.key not in done)
            / self.workers(lane, jobs)
            for lane in self.lanes()
        )


def read_campaign(path: Path) -> Campaign:
    """Read a campaign file and check all of it that needs no device.

    ConfigError for the file; SetupError names every cell that cannot be run, and why.
    """
    file, source = load_campaign(path)
    systems = _systems(path, source, file)
    cells = [
        _cell(file, name, key, mode, absolute(board_config(path, source, file, name, mode)))
        for name, board in file.boards.items()
        for key in file.tasks_of(board)
        for mode in modes_for(key, file.modes_of(board))
    ]
    for cell in cells:
        if cell.board in systems and cell.config.purpose is Purpose.DEVELOPMENT:
            raise ConfigError(
                f"{where_in(path, source, ('boards', cell.board, 'system'))}: what is run `for: "
                "development` is not submitted; leave one of them out"
            )
    problems: dict[str, list[str]] = {}
    absent: dict[str, str] = {}
    counted = _places(cells, problems)
    durations = {}
    steps = {}
    for cell in cells:
        try:
            _check_hooks(cell, path.absolute().parent)
            prepared = prepare_run(cell.task, cell.mode, cell.config, QuietReporter())
            durations[cell.key] = _duration_s(cell, prepared)
            steps[cell.key] = len(prepared.script.steps)
        except (TinyrunnerError, OSError) as error:
            if isinstance(error.__cause__, PortAbsent):
                durations[cell.key] = 0.0
                absent[cell.board] = str(error)
                continue
            problems.setdefault(in_words(error), []).append(cell.key)
    if problems:
        raise SetupError(
            f"{path}: nothing was run.\n"
            + "\n".join(
                f"{_some([*dict.fromkeys(keys)])}: {problem}" for problem, keys in problems.items()
            )
        )
    return Campaign(
        path, file.folder.absolute(), tuple(cells), file.check, file.retries, durations, steps,
        absent, file.submission, systems, counted,
    )  # fmt: skip


def _places(cells: Iterable[CampaignCell], problems: dict[str, list[str]]) -> dict[Wanted, int]:
    """Return how many places of labgrid's there are for each; note why there is none."""
    wanted: dict[Wanted, list[str]] = {}
    for cell in cells:
        try:
            for one in cell.places:
                wanted.setdefault(one, []).append(cell.key)
        except SetupError as error:  # an address that names nothing
            problems.setdefault(str(error), []).append(cell.key)
    counted = {}
    try:
        for one, number in count_places(wanted).items():
            if isinstance(number, LabgridError):
                problems.setdefault(str(number), []).extend(wanted[one])
            else:
                counted[one] = number
    except LabgridError as error:
        keys = dict.fromkeys(key for these in wanted.values() for key in these)
        problems.setdefault(str(error), []).extend(keys)
    return counted


def _systems(path: Path, source: YamlSource, file: CampaignFile) -> dict[str, str]:
    """Return the boards' systems; ConfigError where a submission could not be made of them."""
    systems = {name: board.system for name, board in file.boards.items() if board.system}
    if file.submission is None and systems:
        at: Place = ("boards", next(iter(systems)), "system")
        raise ConfigError(
            f"{where_in(path, source, at)}: a system of which submission? Name its description by "
            "`submission:`, or leave this out"
        )
    if file.submission is not None and not systems:
        raise ConfigError(
            f"{where_in(path, source, ('submission',))}: no board is of it; give a "
            "board `system:`, the id of its system in that file"
        )
    places: dict[tuple[str, str, Mode], str] = {}
    for name, system in systems.items():
        board = file.boards[name]
        for key in file.tasks_of(board):
            for mode in modes_for(key, file.modes_of(board)):
                if (first := places.setdefault((system, key, mode), name)) != name:
                    raise ConfigError(
                        f"{where_in(path, source, ('boards', name, 'system'))}: {first} "
                        f"measures {key} {mode.value} for {system} already; one session of each is "
                        "submitted"
                    )
    return systems


def _cell(
    file: CampaignFile, board: str, task_key: str, mode: Mode, config: Config
) -> CampaignCell:
    task = benchmark_named(task_key, config)
    # Said here, for a cell's process takes everything for asked for.
    return CampaignCell(
        board, task, mode, in_a_round(config, task), file.hooks_of(file.boards[board])
    )


def _some(keys: list[str]) -> str:
    shown = ", ".join(keys[:3])
    return f"{shown} and {len(keys) - 3} more" if len(keys) > 3 else shown


def _check_hooks(cell: CampaignCell, folder: Path) -> None:
    for name in ("flash", "before", "after", "reset"):
        line = getattr(cell.hooks, name)
        if line is not None:
            refuse_misspelt(name, line, cell.words)
            check_hook(name, filled_in(line, cell.words), folder)


def _duration_s(cell: CampaignCell, prepared: Prepared) -> float:
    """Return how long a run takes at least; 0 where nobody knows."""
    if is_simulated(cell.config):
        return 0.0
    if not isinstance(prepared, PreparedRun):
        return prepared.length_s + OVERHEAD_S
    link = cell.config.dut.link
    seconds = expected_duration_s(
        prepared.script, prepared.task.input_bytes, link, link.expected_inference_s
    )
    if cell.mode is not Mode.ACCURACY:  # windows of ten seconds, and as long to find N
        seconds += 12.0 * prepared.run.round.windows + 20.0
    return seconds + OVERHEAD_S


def _addresses(config: Config) -> Iterable[str]:
    """Return what only one run at a time can use; what is simulated is made anew for each."""
    for address in (
        config.dut.address,
        config.io_manager.address,
        config.interface_board.address,
        config.monitor.address,
    ):
        if address is not None and not names_simulated(address) and LABGRID not in address:
            yield described(address)[1] if address.startswith(SCPI) else address
    for streaming in (False, True):  # between them they use all sections
        for place in labgrid_addresses(config, energy=True, streaming=streaming):
            yield str(place.wanted)
