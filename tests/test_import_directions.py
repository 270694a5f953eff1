"""The order of the layers, and the few places where one thing may be done: read from the sources.

Nothing is imported: every module's text is parsed, relative imports are resolved, imports inside
functions count as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = "tinyrunner"
OUTSIDE = ("tests", "firmware", "build", "dist")
"""Folders of the checkout whose sources are no part of the package."""

TFLITE = ("tflite_runtime", "ai_edge_litert", "tensorflow")
POSIX_ONLY = ("termios", "tty", "pty", "fcntl")
MAY_PRINT = ("runner/cli.py", "runner/progress.py", "runner/show.py", "runner/commands/")
MAY_SLEEP = ("dut_protocol/transport.py", "dut_protocol/serve.py", "dut_protocol/clock.py")
MAY_BE_POSIX = ("dut_protocol/transport.py", "dut_protocol/serve.py")
MAY_KNOW_TFLITE = ("models/engine.py",)
ENERGY_MAY_USE = ("dut_protocol/transport.py", "dut_protocol/clock.py", "dut_protocol/errors.py")


@dataclass(frozen=True)
class Source:
    """A module: where it stands in the checkout (`runner/cli.py`), and what it says."""

    path: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        return cls(path, ast.parse(text, path))

    @property
    def layer(self) -> str:
        """The sub-package; for a module at the root, its file's name."""
        return self.path.partition("/")[0]

    @property
    def is_training_script(self) -> bool:
        return self.path.rpartition("/")[2].startswith("train_")

    @property
    def package(self) -> tuple[str, ...]:
        """The package that its relative imports start from."""
        return (PACKAGE, *self.path.split("/")[:-1])

    def imports(self) -> Iterator[Import]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(self.path, node.lineno, tuple(alias.name.split(".")))
            elif isinstance(node, ast.ImportFrom):
                named = tuple(node.module.split(".")) if node.module else ()
                base = self.package[: len(self.package) - node.level + 1] if node.level else ()
                for alias in node.names:
                    yield Import(self.path, node.lineno, (*base, *named, alias.name))
            elif isinstance(node, ast.Call) and _is_import_call(node):
                yield Import(self.path, node.lineno, tuple(node.args[0].value.split(".")))


@dataclass(frozen=True)
class Import:
    """One name that a module imports, in full: ``tinyrunner.models.suite.Task``."""

    importer: str
    line: int
    name: tuple[str, ...]

    @property
    def layer(self) -> str | None:
        """Of ours, the sub-package that it is from; None for somebody else's module."""
        return self.name[1] if self.name[0] == PACKAGE and len(self.name) > 1 else None

    def is_from(self, path: str) -> bool:
        """Whether it is the module at ``path`` of the checkout, or something in it."""
        module = (PACKAGE, *path.removesuffix(".py").split("/"))
        return self.name[: len(module)] == module

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {'.'.join(self.name)}"


def _is_import_call(node: ast.Call) -> bool:
    """`importlib.import_module("…")` and the like."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else None
    called = node.func.id if isinstance(node.func, ast.Name) else called
    first = node.args[0] if node.args else None
    return (
        called in ("import_module", "__import__")
        and isinstance(first, ast.Constant)
        and isinstance(first.value, str)
    )


@cache
def sources() -> tuple[Source, ...]:
    """Every module of the package."""
    paths = sorted(CHECKOUT.glob("*.py")) + sorted(
        path
        for folder in CHECKOUT.iterdir()
        if folder.is_dir() and folder.name not in OUTSIDE and not folder.name.startswith(".")
        for path in folder.rglob("*.py")
    )
    return tuple(
        Source.of(path.relative_to(CHECKOUT).as_posix(), path.read_text("utf-8")) for path in paths
    )


# ---- the rules: each gives what breaks it -------------------------------------------------------


def against_the_direction(module: Source) -> Iterator[str]:
    """`runner → datasets → models`, `runner → dut_protocol → models`, `runner → energy → …`."""
    if not module.is_training_script:
        for imported in module.imports():
            if imported.layer is not None and not _is_allowed(module, imported):
                yield str(imported)


def _is_allowed(module: Source, imported: Import) -> bool:
    if imported.layer == module.layer:
        return True
    if imported.layer == "__version__":  # the root holds nothing else to import
        return module.layer == "runner"
    match module.layer:
        case "models":
            return False
        case "datasets":
            return imported.layer == "models"
        case "dut_protocol":
            if imported.is_from("models/engine.py"):
                return module.path == "dut_protocol/tflite_model.py"
            return imported.is_from("models/suite.py")
        case "energy":
            return any(imported.is_from(path) for path in ENERGY_MAY_USE)
        case "runner":
            return imported.layer not in ("__main__", "tests")
        case "__main__.py":
            return imported.layer == "runner"
        case _:
            return False


def root_imports(module: Source) -> Iterator[str]:
    """The root `__init__` imports nothing: pytest would make every class exist twice."""
    if module.path == "__init__.py":
        yield from map(str, module.imports())


def tflite_elsewhere(module: Source) -> Iterator[str]:
    """TFLite is known to one module; training scripts have TensorFlow's."""
    if not module.is_training_script:
        yield from _imports_elsewhere(module, TFLITE, MAY_KNOW_TFLITE)
        for node in ast.walk(module.tree):  # the engine imports by a name out of a table
            if (
                module.path not in MAY_KNOW_TFLITE
                and isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and node.value.partition(".")[0] in TFLITE
            ):
                yield f"{module.path}:{node.lineno} names {node.value}"


def posix_elsewhere(module: Source) -> Iterator[str]:
    """Modules that Windows lacks are imported where a port is opened, nowhere else."""
    yield from _imports_elsewhere(module, POSIX_ONLY, MAY_BE_POSIX)


def _imports_elsewhere(
    module: Source, names: tuple[str, ...], places: tuple[str, ...]
) -> Iterator[str]:
    if module.path not in places:
        for imported in module.imports():
            if imported.name[0] in names:
                yield str(imported)


def prints_elsewhere(module: Source) -> Iterator[str]:
    """Library code never prints."""
    if not module.is_training_script and not module.path.startswith(MAY_PRINT):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id == "print":
                yield f"{module.path}:{node.lineno} prints"


def sleeps_elsewhere(module: Source) -> Iterator[str]:
    """A settle is quiet for some time, not a guess; a pause is the clock's."""
    if module.path not in MAY_SLEEP:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and node.attr == "sleep":
                yield f"{module.path}:{node.lineno} sleeps"
        for imported in module.imports():
            if imported.name == ("time", "sleep"):
                yield str(imported)


def problems(rule: object, modules: Iterable[Source]) -> list[str]:
    return [problem for module in modules for problem in rule(module)]  # type: ignore[operator]


# ---- our own sources ----------------------------------------------------------------------------

RULES = (
    against_the_direction,
    root_imports,
    tflite_elsewhere,
    posix_elsewhere,
    prints_elsewhere,
    sleeps_elsewhere,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_module_breaks_the_rule(rule: object) -> None:
    assert problems(rule, sources()) == []


def test_every_layer_is_looked_at() -> None:
    """Else the rules would hold of an empty set of modules."""
    layers = {module.layer for module in sources()}
    assert layers >= {"__init__.py", "__main__.py", "models", "datasets", "dut_protocol", "energy"}
    assert sum(module.layer == "runner" for module in sources()) > 30


def test_relative_imports_of_our_own_sources_are_seen() -> None:
    found = {str(imported).split(":")[0] for module in sources() for imported in module.imports()}
    assert "runner/bench.py" in found
    bench = next(module for module in sources() if module.path == "runner/bench.py")
    assert {imported.layer for imported in bench.imports()} >= {"dut_protocol", "energy", "models"}


# ---- each rule can fail -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/suite.py", "from ..datasets.inputs import Dataset"),
        ("models/suite.py", "import tinyrunner.runner.cli"),
        ("datasets/inputs.py", "from ..dut_protocol import dut"),
        ("datasets/inputs.py", "from ..runner.errors import SetupError"),
        ("datasets/deep/builder.py", "from ...energy.monitor import EnergyMonitor"),
        ("dut_protocol/dut.py", "from ..models.engine import Engine"),
        ("dut_protocol/dut.py", "from ..models import engine"),
        ("dut_protocol/dut.py", "from ..models.demo import demo_model_path"),
        ("dut_protocol/dut.py", "from ..datasets import inputs"),
        ("dut_protocol/dut.py", "def late():\n    from ..runner import bench"),
        ("dut_protocol/dut.py", "if TYPE_CHECKING:\n    from ..energy import monitor"),
        ("energy/monitor.py", "from ..dut_protocol.dut import Dut"),
        ("energy/monitor.py", "from ..dut_protocol import *"),
        ("energy/monitor.py", "from ..models.suite import Task"),
        ("energy/monitor.py", "import importlib\nimportlib.import_module('tinyrunner.runner')"),
        ("energy/__init__.py", "from .. import runner"),
        ("configs/__init__.py", "from ..runner import config"),
        ("__main__.py", "from .dut_protocol import dut"),
    ],
)
def test_an_import_against_the_direction_is_found(path: str, text: str) -> None:
    assert len(problems(against_the_direction, [Source.of(path, text)])) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/engine.py", "from .suite import Task\nimport numpy"),
        ("datasets/inputs.py", "from ..models.suite import Task\nfrom . import errors"),
        ("dut_protocol/simulated.py", "from ..models import suite"),
        ("dut_protocol/tflite_model.py", "from ..models.engine import Engine"),
        ("energy/monitor.py", "from ..dut_protocol.clock import Clock"),
        ("energy/monitor.py", "from ..dut_protocol import errors, transport"),
        ("runner/session.py", "from .. import __version__\nfrom ..energy import monitor"),
        ("runner/commands/run.py", "from ...datasets import inputs\nfrom ..config import Config"),
        ("__main__.py", "from .runner.cli import main"),
        ("models/training/train_demo.py", "from ..datasets import demo"),
    ],
)
def test_an_import_along_the_direction_is_allowed(path: str, text: str) -> None:
    assert problems(against_the_direction, [Source.of(path, text)]) == []


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (root_imports, "__init__.py", "from .runner.cli import main"),
        (root_imports, "__init__.py", "import os"),
        (tflite_elsewhere, "dut_protocol/tflite_model.py", "import tflite_runtime.interpreter"),
        (tflite_elsewhere, "models/demo.py", "from ai_edge_litert.interpreter import Interpreter"),
        (tflite_elsewhere, "models/demo.py", "NAMES = ('ai_edge_litert.interpreter',)"),
        (posix_elsewhere, "runner/host.py", "import fcntl"),
        (posix_elsewhere, "runner/host.py", "def f():\n    from termios import tcgetattr"),
        (prints_elsewhere, "runner/score.py", "print('done')"),
        (prints_elsewhere, "dut_protocol/dut.py", "show = print"),
        (sleeps_elsewhere, "dut_protocol/dut.py", "import time\ntime.sleep(1)"),
        (sleeps_elsewhere, "runner/run.py", "from time import sleep as wait"),
    ],
)
def test_a_thing_done_in_the_wrong_place_is_found(rule: object, path: str, text: str) -> None:
    assert len(problems(rule, [Source.of(path, text)])) == 1


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        (root_imports, "runner/__init__.py", "import os"),
        (tflite_elsewhere, "models/engine.py", "NAMES = ('ai_edge_litert.interpreter',)"),
        (tflite_elsewhere, "models/training/train_demo.py", "import tensorflow as tf"),
        (posix_elsewhere, "dut_protocol/serve.py", "import pty, tty"),
        (prints_elsewhere, "runner/commands/score.py", "print('done')"),
        (prints_elsewhere, "models/training/train_demo.py", "print('done')"),
        (prints_elsewhere, "runner/score.py", "console.print('done')"),
        (sleeps_elsewhere, "dut_protocol/clock.py", "import time\ntime.sleep(1)"),
    ],
)
def test_a_thing_done_in_its_own_place_is_allowed(rule: object, path: str, text: str) -> None:
    assert problems(rule, [Source.of(path, text)]) == []
