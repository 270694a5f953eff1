"""The family of errors: one root, drawn as it is, each with what a program wants to know of it."""

from __future__ import annotations

import errno
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import tinyrunner
from tinyrunner import errors
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.errors import InterruptingError, TinyrunnerError, UsageError, in_words
from tinyrunner.runner.config.config import load_config
from tinyrunner.runner.script.parser import read_script

NOT_THE_PROGRAM = ("tinyrunner.__main__", "tinyrunner.tests", "tinyrunner.models.training")


@pytest.fixture(scope="module")
def modules() -> list[ModuleType]:
    """The whole program; its package is this checkout, which holds more."""
    found = pkgutil.walk_packages(tinyrunner.__path__, "tinyrunner.")
    names = [module.name for module in found if not module.name.startswith(NOT_THE_PROGRAM)]
    assert len(names) > 100
    return [import_module(name) for name in names]


def drawn(parent: type[TinyrunnerError], before: str = "") -> Iterator[str]:
    """The lines below a class, as `tree` draws folders."""
    children = sorted(
        (kind for kind in parent.__subclasses__() if not kind.__name__.startswith("_")),
        key=lambda kind: kind.__name__,
    )
    for child in children:
        status = "" if child.exit_status == parent.exit_status else f" {child.exit_status}"
        last = child is children[-1]
        yield f"{before}{'└' if last else '├'}── {child.__name__}{status}"
        yield from drawn(child, before + ("    " if last else "│   "))


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes(modules):
    root = f"{TinyrunnerError.__name__} {TinyrunnerError.exit_status}"
    told = errors.__doc__.strip().splitlines()
    assert told[told.index(root) :] == [root, *drawn(TinyrunnerError)]


def test_every_exception_of_the_program_is_of_the_family(modules):
    own = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseException) and kind.__module__.startswith("tinyrunner.")
    }
    assert len(own) > 40
    assert {kind for kind in own if not issubclass(kind, TinyrunnerError)} == set()


def test_an_error_can_be_sent_to_another_process_with_its_line_and_file():
    sent = pickle.loads(pickle.dumps(UsageError("a text", 7, "some/file.yaml")))
    assert (str(sent), sent.line, sent.file) == ("a text", 7, Path("some/file.yaml"))
    assert sent.exit_status == 2


def test_an_error_in_a_file_says_which_and_where(tmp_path):
    config, script = tmp_path / "bench.yaml", tmp_path / "script.async"
    config.write_text("dut: {}\nno such thing: [\n")
    script.write_text("[\n  {cmd: nonsense}\n]")
    for read, path in ((load_config, config), (read_script, script)):
        with pytest.raises(TinyrunnerError) as caught:
            read(path)
        assert caught.value.file == path
        assert caught.value.line == (3 if path is config else 2)


def test_what_ends_a_run_in_its_middle_may_be_a_matter_of_usage_too():
    assert issubclass(DatasetError, InterruptingError)
    assert DatasetError("x").exit_status == UsageError("x").exit_status == 2


def test_what_the_system_refuses_is_said_with_its_file_and_what_to_try():
    full = OSError(errno.ENOSPC, "No space left on device")
    assert in_words(full).startswith("No space left on device; free some space")
    full.filename = "/a/b"
    assert in_words(full).startswith("/a/b: No space left on device; free some space")
    assert in_words(OSError("words of a library")) == "words of a library"
    assert "; " not in in_words(OSError(errno.EPIPE, "Broken pipe")), "no advice, none made up"
