"""How the suite runs: the option for the slow tests, property tests that do not time the machine,
what is a run's own, and how its work is spread over processes."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import tempfile
import warnings
from importlib.util import find_spec

import platformdirs
import psutil
import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "steady", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=60
)
settings.load_profile("steady")


CACHE = "TINYRUNNER_CACHE"


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """`-n` with pytest-xdist: whoever has done its share takes over from who has not."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """`-n auto`: two more than there are cores, since many tests wait for a port or a process."""
    return (os.cpu_count() or 1) + 2


def pytest_configure(config):
    """A cache of this run's own: what a user's checks found of a device must not steer tests.

    A shell starts its background jobs deaf to SIGINT, and children inherit that; tests that send
    one to a child mean it to be heard.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()
    if not hasattr(config, "workerinput"):  # pytest-xdist's workers inherit the variables
        config.stash[_MADE] = tempfile.mkdtemp(prefix="tinyrunner-cache-")
        os.environ[CACHE] = config.stash[_MADE]
        keep_bytecode()


def pytest_collection_finish():
    """Thousands of tests are objects that stay: no collection of garbage walks over them again,
    which took a tenth of the whole run."""
    gc.collect()
    gc.freeze()
    gc.enable()


def keep_bytecode():
    """Where no bytecode is wanted beside the sources, children keep theirs in the user's cache:
    else each of the many that are started compiles the whole program anew."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        folder = platformdirs.user_cache_path("tinyrunner-tests") / "bytecode"
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(folder))


def pytest_unconfigure(config):
    if _MADE in config.stash:
        shutil.rmtree(config.stash[_MADE], ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def nobody_left_behind():
    """Ends what a test started and left running, and names it; a run leaves no process behind."""
    yield
    imported = sys.modules.get("support.imported.processes")
    left = [] if imported is None else imported.end_importing_process()
    for child in [*left, *psutil.Process().children()]:
        try:
            words = child.cmdline()
        except psutil.Error:  # it has just ended
            continue
        if not any("multiprocessing" in word for word in words):  # its tracker ends by itself
            warnings.warn(f"left running by a test: {' '.join(words)}", stacklevel=1)
            child.kill()


@pytest.fixture(autouse=True)
def handlers_of_signals():
    """The program takes them for itself, for it expects to end with its command."""
    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if os.name == "posix" else [])]
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        if signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="session")
def _drawing():
    """Leaves the pictures of energy runs undrawn: they are most of what such a run costs, and
    tests/runner/write/test_energy_plots.py is about them."""
    if find_spec("matplotlib") is None:  # where only an engine or a driver is tested
        yield None
        return
    from tinyrunner.runner.write import energy_plots

    drawing, energy_plots.plot_energy = energy_plots.plot_energy, lambda *_: []
    yield drawing
    energy_plots.plot_energy = drawing


@pytest.fixture
def pictures(_drawing, monkeypatch):
    """Draws the pictures of the energy runs of a test that is about all files of a session."""
    monkeypatch.setattr("tinyrunner.runner.write.energy_plots.plot_energy", _drawing)


_MADE = pytest.StashKey[str]()


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests that take minutes as well")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="takes minutes: run it with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)
