"""The pytest plugin ``tinyrunner``: a board, or a simulated one, for the tests of a firmware.

pytest finds it by its entry point, in every run in an environment where tinyrunner is installed:
it imports nothing of tinyrunner before a fixture is used. Its fixtures are ``dut``, ``bench``,
``measure`` and ``assert_throughput``; docs/pytest.md tells how to use them.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Unpack

import pytest

if TYPE_CHECKING:
    from .measure import Settings
    from .session import ModeName, Result, Session, StrPath

VARIABLE = "TINYRUNNER_DUT"
"""The environment's word for ``--dut``; several addresses have blanks between them."""
SIMULATED = "sim:"
"""The address where none is given: a device in this process, on a virtual clock."""
TOLERANCE = "2%"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the keys of the ini file."""
    group = parser.getgroup("tinyrunner", "MLPerf Tiny benchmarks (tinyrunner)")
    group.addoption(
        "--dut",
        action="append",
        dest="tinyrunner_dut",
        metavar="ADDRESS",
        help="the board to measure: a port, a URL, auto or sim:; repeat it, and each test that "
        f"uses a board runs on each (default: {VARIABLE}, the ini file's tinyrunner_dut, sim:)",
    )
    group.addoption(
        "--dut-config",
        dest="tinyrunner_config",
        metavar="FILE",
        help="tinyrunner's YAML configuration: inputs, energy monitor, baud rate",
    )
    group.addoption(
        "--dut-sessions",
        dest="tinyrunner_sessions",
        metavar="DIR",
        help="where sessions are kept (default: pytest's temporary folder)",
    )
    parser.addini("tinyrunner_dut", "addresses of boards, one a line", type="linelist")
    parser.addini("tinyrunner_config", "tinyrunner's YAML configuration")
    parser.addini("tinyrunner_sessions", "the folder where sessions are kept")


def addresses(config: pytest.Config) -> list[str]:
    """Return the boards' addresses: of the option, else of the environment, the ini file, or sim:.

    One that is named twice is one.
    """
    given = config.getoption("tinyrunner_dut") or os.environ.get(VARIABLE, "").split()
    found = given or config.getini("tinyrunner_dut") or [SIMULATED]
    return list(dict.fromkeys(found))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a board on each of several."""
    if "_tinyrunner_address" in metafunc.fixturenames:
        several = addresses(metafunc.config)
        if len(several) > 1:
            metafunc.parametrize("_tinyrunner_address", several, ids=several, scope="session")


@pytest.fixture(scope="session")
def _tinyrunner_address(pytestconfig: pytest.Config) -> str:
    """The board's address, where there is only one."""
    return addresses(pytestconfig)[0]


@pytest.fixture(scope="session")
def dut(_tinyrunner_address: str) -> str:
    """The address of the board to measure, or ``sim:``."""
    return _tinyrunner_address


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench is a board with what is known of it, to measure on as often as a test likes."""

    address: str
    sessions: Path
    """Where sessions are kept."""
    config: Path | None
    """tinyrunner's YAML configuration."""

    @property
    def simulated(self) -> bool:
        """Tell whether the board is simulated in this process."""
        from ..runner.config.sim_address import names_simulated

        return names_simulated(self.address)

    def measure(self, task: str, mode: ModeName, **settings: Unpack[Settings]) -> Session:
        """Measure a task in a mode, as ``tinyrunner.run`` does, for development unless told.

        On a simulated board without a configuration, the inputs are the generated ones, and energy
        is measured by a simulated monitor at 3 V. Raises as ``run`` does; Ctrl-C ends pytest.
        """
        from ..errors import TinyrunnerError
        from ..runner.errors import RunStopped
        from .measure import Settings as AllSettings
        from .measure import run

        __tracebackhide__ = True
        asked = AllSettings(purpose="development", sessions=self.sessions)
        if self.simulated and self.config is None:
            asked["datasets"] = "demo"
            if mode == "energy":
                asked |= AllSettings(monitor=SIMULATED, supply_v=3.0)
        try:
            return run(task, mode, self.address, config=self.config, **(asked | settings))
        except RunStopped as stopped:
            if stopped.interrupted:  # which ends pytest, and not this test alone
                raise KeyboardInterrupt(str(stopped)) from stopped
            raise stopped.with_traceback(None) from None
        except TinyrunnerError as error:
            # pytest shows the line that asked, and the reason, which says it all.
            error.args = (_in_pytest(str(error), task, mode),)
            raise error.with_traceback(None) from None


@pytest.fixture(scope="session")
def bench(dut: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """The board and what is known of it; its ``measure`` may be called in a fixture of yours."""
    kept = _path(pytestconfig, "tinyrunner_sessions")
    return Bench(
        address=dut,
        sessions=kept or tmp_path_factory.mktemp("sessions"),
        config=_path(pytestconfig, "tinyrunner_config"),
    )


def _in_pytest(text: str, task: str, mode: str) -> str:
    """Say with the words of a test what an error says with the flags of ``tinyrunner run``."""
    from ..runner.config.settings import SETTINGS

    # The plugin has an option for the board; a command to be typed stays as it is.
    told = {each.flag: each for each in SETTINGS.values() if each.flag != "--dut"}
    named = dict[str, str]()

    def in_a_test(match: re.Match[str]) -> str:
        setting = told.get(match["quoted"] or match["bare"] or "")
        if setting is None:
            return match[0]
        named[setting.name] = f"{': '.join(setting.place)}:"
        if match["value"]:
            return f'`{setting.name}="{match["value"]}"`'
        return f"`{setting.name}={match['number'] or ''}`"

    said = _FLAGS.sub(in_a_test, text)
    if not named:
        return text
    asked = ", ".join(f"{name}=…" for name in named)
    places = ", ".join(f"`{place}`" for place in named.values())
    return (
        f'{said}\nIn a test: measure("{task}", "{mode}", {asked}). For all tests: {places} in a '
        "configuration, which `pytest --dut-config FILE` names, or `tinyrunner_config = FILE` in "
        "the ini file"
    )


_FLAGS = re.compile(
    r"tinyrunner [^`\n]*|`(?P<quoted>--[a-z][a-z0-9-]*) (?P<value>[^`]+)`"
    r"|(?P<bare>--[a-z][a-z0-9-]*)(?: (?P<number>[0-9.]+)\b)?"
)
"""A command, a flag with its value in quotes, or a flag, which a number may follow."""


def _path(config: pytest.Config, name: str) -> Path | None:
    """Return a path of the command line, else one of the ini file, from its folder."""
    given: str | None = config.getoption(name)
    if given:
        return Path(config.invocation_params.dir, given)
    told: str = config.getini(name)
    return Path(config.inipath.parent, told) if told and config.inipath else None


class Measure(Protocol):
    """Measures as ``Bench.measure`` does."""

    def __call__(self, task: str, mode: ModeName, **settings: Unpack[Settings]) -> Session: ...


@pytest.fixture
def measure(bench: Bench, request: pytest.FixtureRequest) -> Measure:
    """Measures on the bench, ``measure("kws", "performance")``; JUnit gets what came of it.

    What cannot be measured fails the test, with the reason.
    """

    def measured(task: str, mode: ModeName, **settings: Unpack[Settings]) -> Session:
        from ..errors import TinyrunnerError
        from .tree import columns

        try:
            session = bench.measure(task, mode, **settings)
        except TinyrunnerError as error:
            said = f"{task} {mode} on {bench.address}: {error}"
            raise pytest.fail.Exception(said, pytrace=False) from None  # pytest shows a cause, too
        for name, (cell,) in columns(session).items():
            if cell is not None:
                _record(request, f"{session.task}.{mode}.{name}", cell)
        return session

    return measured


def _record(request: pytest.FixtureRequest, name: str, value: object) -> None:
    """Do what ``record_property`` does, which warns where pytest writes its usual JUnit family."""
    request.node.user_properties.append((name, value))


class AssertThroughput(Protocol):
    """Fails a test whose board is too slow."""

    def __call__(
        self,
        result: Session | Result,
        *,
        min: float | None = None,
        baseline: Session | StrPath | None = None,
        tolerance: str = TOLERANCE,
    ) -> None: ...


@pytest.fixture
def assert_throughput(request: pytest.FixtureRequest) -> AssertThroughput:
    """Fails a test whose board is slower than ``min``, or than ``baseline`` by ``tolerance``.

    ``min`` is in inferences a second. ``baseline`` is a session, or a folder with one of the same
    task and mode; slower is what ``tinyrunner compare`` calls worse by more than the tolerance: by
    the means of the windows, and not by chance.
    """

    def check(
        result: Session | Result,
        *,
        min: float | None = None,
        baseline: Session | StrPath | None = None,
        tolerance: str = TOLERANCE,
    ) -> None:
        from .session import Result

        __tracebackhide__ = True
        if min is None and baseline is None:
            raise TypeError("assert_throughput: give min=, baseline= or both")
        rate = (result if isinstance(result, Result) else result.result).median_throughput
        assert rate is not None, "there is no throughput: no window counts"
        if min is not None:
            assert rate >= min, f"{rate:.3f} inferences per second are less than {min}"
        if baseline is not None:
            said, slower = _compared(result, baseline, tolerance)
            _record(request, "compared with the baseline", said)
            assert not slower, f"{said} than the baseline, which is more than {tolerance}"

    return check


def _compared(
    result: Session | Result, baseline: Session | StrPath, tolerance: str
) -> tuple[str, bool]:
    """Return what ``tinyrunner compare`` says of the throughput, and whether it is too low."""
    from ..runner.report.compare.comparison import compare_sessions, parse_thresholds, verdict
    from ..runner.report.compare.measures import Measure as Measured
    from ..runner.report.gather import Asked, gather
    from .session import Session

    if not isinstance(result, Session):
        raise TypeError("assert_throughput: a baseline is compared with a session")
    before = baseline.folder if isinstance(baseline, Session) else Path(baseline)
    asked = Asked(parallel=False)
    a, b = (gather([folder], asked).sessions for folder in (before, result.folder))
    thresholds = parse_thresholds([f"throughput={tolerance}"])
    (pair,) = compare_sessions(a, b).pairs
    for each in pair.differences:
        if each.measure is Measured.THROUGHPUT:
            assert each.significant is not None, f"too few windows to compare with {before}"
            return verdict(each).removeprefix("B "), thresholds.exceeded(each)
    raise AssertionError(f"no throughput was measured on both sides: {before}, {result.folder}")
