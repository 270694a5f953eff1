"""The commands by name: each is imported when it is asked for, and `--help` imports none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.cli import only_session, tinyrunner
from support.devices.boards import board, use_board
from support.inputs import write_inputs
from tinyrunner import __version__
from tinyrunner.models.suite import KWS
from tinyrunner.runner.commands.app import COMMANDS, command_of

HEAVY = {
    "numpy", "pydantic", "yaml", "serial", "pyvisa", "matplotlib", "jinja2", "fpdf",
    "PIL", "filelock", "wakepy", "pooch", "ijson", "prompt_toolkit", "tflite_runtime",
    "ai_edge_litert", "rich.progress", "rich.markdown", "rich.traceback", "markdown_it", "pygments",
}  # fmt: skip
"""What some command needs, and what Typer would import for nothing."""


LIGHT = ("commands.cli", "commands", "commands.app", "commands.interrupts", "commands.streams")


def imported(*arguments: object, again: Sequence[Sequence[str]] = ()) -> set[str]:
    """The modules that a process of `tinyrunner ARGUMENTS…` has imported when it ends.

    ``again``: the arguments of those that run before it, in the same process.
    """
    code = f"""import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from tinyrunner.runner.commands.cli import main
for words in {again!r}:
    sys.argv = ["tinyrunner", *words]
    try:
        main()
    except SystemExit as ended:
        assert ended.code == 0, words
"""
    ran = program(*arguments, before=code)
    assert ran.returncode in (0, 3), ran.stderr
    return set(ran.stderr.splitlines()[-1].split())


def program(*arguments: object, before: str = "", **environment: str):
    """As pip's script starts it."""
    code = f"""{before}
import sys
sys.argv = ["tinyrunner", *{[str(each) for each in arguments]!r}]
from tinyrunner.runner.commands.cli import main
main()
"""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@pytest.fixture
def published_log(tmp_path, monkeypatch) -> Path:
    """The log of a performance session, alone as in a published tree."""
    data = write_inputs(tmp_path / "data", KWS, 5)
    use_board(monkeypatch, board())
    made = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "sessions", "--iterations", 10,
    )  # fmt: skip
    assert made.status == 3, made  # its label list is nobody's
    (tmp_path / "published").mkdir()
    return shutil.copy(only_session(tmp_path / "sessions") / "log.txt", tmp_path / "published")


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_the_program_itself_imports_no_command(arguments):
    modules = imported(*arguments)
    assert modules & HEAVY == set()
    ours = {name for name in modules if name.startswith("tinyrunner.runner.")}
    pages = ("commands.help_pages", "commands.help_text") if "--help" in arguments else ()
    assert ours == {f"tinyrunner.runner.{name}" for name in (*LIGHT, *pages)}


def test_the_help_of_run_imports_nothing_that_measures_or_draws():
    modules = imported("run", "--help")
    assert "rich.console" not in modules
    assert "tinyrunner.runner.commands.measure.run" in modules
    assert modules & HEAVY == set()
    assert {name for name in modules if name.startswith("tinyrunner.runner.execute")} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_no_help_imports_what_the_command_works_with(name):
    """Of a group, that of each command in it: their options stand in the same module, or not."""
    below = getattr(command_of(name), "commands", {})
    asked = [[name, "--help"], *([name, each, "--help"] for each in below)]
    modules = imported(*asked[0], again=asked[1:])
    assert f"tinyrunner.runner.commands.{COMMANDS[name].module}" in modules
    assert modules & HEAVY == set()
    assert {each for each in modules if each.startswith("tinyrunner.runner.execute")} == set()


def test_scoring_a_performance_session_imports_neither_numpy_nor_what_runs(
    published_log,
):
    modules = imported("score", published_log)
    assert modules & HEAVY == {"yaml"}  # the rounds are a YAML file
    assert {name for name in modules if name.startswith("tinyrunner.runner.execute")} == set()


def test_the_version_is_that_of_the_package():
    ran = tinyrunner("--version")
    assert (ran.status, ran.out) == (0, f"tinyrunner {__version__}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_help_is_the_first_of_the_command_s_own(name):
    assert command_of(name).help.split("\n\n")[0].replace("\n", " ") == COMMANDS[name].help


@pytest.mark.parametrize(
    ("words", "expected"),
    [("mod", "models"), ("simulate m", "monitor"), ("run --sup", "--supply-v")],
)
def test_a_shell_completes_commands_and_their_options(words, expected):
    ran = program(
        _TINYRUNNER_COMPLETE="complete_bash",
        COMP_WORDS=f"tinyrunner {words}",
        COMP_CWORD=str(1 + words.count(" ")),
    )
    assert ran.stdout.split() == [expected], ran.stderr
