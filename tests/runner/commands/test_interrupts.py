"""Ctrl-C at any moment: one line and 130 before there is anything to put in order.

What cannot be caught: until the interpreter has started and imported `runner/commands/cli.py`, a
Ctrl-C is Python's, which ends by the signal, with a traceback of its own start or with a fatal
error; or loses it, a bare CPython 3.11 4 of 1672 that came in its first 60 ms.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.cli import ended, process
from tinyrunner.runner.commands import cli

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

CONSOLE_SCRIPT = (sys.executable, "-c", "from tinyrunner.runner.commands.cli import main; main()")
"""What pip makes of `[project.scripts]`, less the naming of the program."""
MODULE = (sys.executable, "-m", "tinyrunner")

OFFSETS_S = [0.03, 0.06, 0.1, 0.16, 0.25, 0.4, 0.65, 1.0]


@contextmanager
def job(*, hears: bool) -> Iterator[None]:
    """Start processes as a terminal does, or deaf to Ctrl-C, as a shell what stands before `&`.

    Whichever of them started the tests: a process inherits what is ignored, and nothing else.
    """
    handler = signal.default_int_handler if hears else signal.SIG_IGN
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


OURS = str(Path(cli.__file__).parent)
"""A traceback that names a file in here could have been prevented."""


@pytest.mark.parametrize(
    ("entry", "arguments"),
    [
        (CONSOLE_SCRIPT, ("score", "/no/such/session")),
        (MODULE, ("--help",)),
        (MODULE, ("simulate", "dut", "--tcp", "127.0.0.1:0")),
    ],
    ids=["script-score", "module-help", "module-simulate"],
)
def test_ctrl_c_while_the_program_starts_never_shows_a_traceback_of_it(entry, arguments):
    seen, lost = [], []
    for offset_s in OFFSETS_S:
        with job(hears=True):
            running = subprocess.Popen(
                [*entry, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        time.sleep(offset_s)
        running.send_signal(signal.SIGINT)  # does nothing to one that has ended
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            lost.append(offset_s)
            running.send_signal(signal.SIGINT)
        ran = ended(running, 60)
        seen.append((offset_s, ran.status))
        assert OURS not in ran.err, (offset_s, ran)
        if ran.status == -signal.SIGINT or re.search(
            "(?m)^(Traceback|Fatal Python|Could not import)", ran.err
        ):
            assert "interrupted" not in ran.err, (offset_s, ran)  # Python's own start
        elif ran.status == 130:
            assert ran.err.splitlines()[-1:] == ["interrupted"], (offset_s, ran)
        else:  # it had ended, or was being served
            assert ran.status == (2 if "score" in arguments else 0), (offset_s, ran)
    assert 130 in dict(seen).values() or os.environ.get("CI"), seen
    assert len(lost) <= 1, lost


@pytest.mark.parametrize(
    ("module", "command", "hears"),
    [
        ("typer", ("score", "/no/such/session"), True),
        ("tinyrunner.runner.score.judge", ("score", "/no/such/session"), True),
        ("rich.console", ("score", "/no/such/session"), True),
        ("typer", ("simulate", "dut", "--tcp", ":0"), False),
        ("tinyrunner.runner.commands.measure.simulate", ("simulate", "monitor"), False),
    ],
)
def test_ctrl_c_in_the_middle_of_an_import_is_one_line_and_130(module, command, hears, tmp_path):
    """An import that waits stands for a slow one, of the command line and of a command.

    What is served hears it in a job that ignores it, too, and as early.
    """
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import sys, time
class Slow:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            print("importing", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
"""
    )
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    with job(hears=hears):
        running = subprocess.Popen(
            [*MODULE, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
        )
    assert running.stdout.readline() == "importing\n"
    running.send_signal(signal.SIGINT)
    ran = ended(running, 30)
    assert (ran.status, ran.err) == (130, "interrupted\n")


@pytest.mark.parametrize("what", [("dut", "--tcp", "127.0.0.1:0"), ("monitor",), ("bench",)])
def test_what_is_served_ends_on_ctrl_c_even_in_a_job_that_ignores_it(what):
    with job(hears=False):
        running = process("simulate", *what)
    assert running.stdout.readline()
    running.send_signal(signal.SIGINT)
    assert ended(running, 30).status == 0


def test_other_commands_stay_ignorant_of_ctrl_c_where_the_job_ignores_it():
    with job(hears=False):
        running = process("score", "/no/such/session")
    while running.poll() is None:
        running.send_signal(signal.SIGINT)
        time.sleep(0.05)
    assert ended(running).status == 2


def test_the_status_is_130_also_where_the_ctrl_c_came_in_a_text_that_is_executed(tmp_path):
    """A dataclass is made by `exec`; CPython's `-m` takes a Ctrl-C in there for one uncaught."""
    (tmp_path / "sitecustomize.py").write_text(
        """
import sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "tinyrunner.runner.score.judge":
            exec("raise KeyboardInterrupt")
sys.meta_path.insert(0, Interrupting())
"""
    )
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(
        [*MODULE, "score", "/no/such/session"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (130, "interrupted\n")


@pytest.mark.parametrize(
    "loses", ["import driver", "Finalised()", "finalize(Thing(), signal.raise_signal, SIGINT)"]
)
def test_a_ctrl_c_that_python_would_lose_comes_a_moment_later(loses, tmp_path):
    """The module does what pydantic does of an interrupt while it makes a class."""
    (tmp_path / "driver.py").write_text(
        """
import signal
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    raise SystemError("something else came of it") from None
"""
    )
    (tmp_path / "main.py").write_text(
        f"""
import signal, time
from signal import SIGINT
from weakref import finalize
from tinyrunner.runner.commands.interrupts import interrupt_the_work

class Thing:
    pass

class Finalised:
    def __del__(self):
        signal.raise_signal(SIGINT)

interrupt_the_work()
try:
    {loses}
    print("went on")
    time.sleep(30)
except KeyboardInterrupt:
    print("interrupted")
"""
    )
    command = [sys.executable, str(tmp_path / "main.py")]
    with job(hears=True):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (ran.stdout, ran.stderr) == ("went on\ninterrupted\n", "")


def with_an_import_that(does, tmp_path):
    """`score` of no session, in whose imports something happens."""
    (tmp_path / "sitecustomize.py").write_text(
        f"""
import sys
class Failing:
    def find_spec(self, name, path=None, target=None):
        if name == "tinyrunner.runner.score.judge":
            {does}
sys.meta_path.insert(0, Failing())
"""
    )
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [*MODULE, "score", "/no/such/session"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": paths, "TMPDIR": str(tmp_path)},
        timeout=60,
        check=False,
    )


def test_a_defect_of_ours_is_one_line_and_a_file(tmp_path):
    ran = with_an_import_that("1 / 0", tmp_path)
    assert ran.returncode == 1
    said = re.fullmatch(
        r"error: this is a defect of tinyrunner, please report it \(ZeroDivisionError: division by "
        r"zero\); the traceback is in (.*)\n",
        ran.stderr,
    )
    assert said, ran.stderr
    kept = Path(said[1]).read_text()
    assert "1 / 0" in kept
    assert "tinyrunner " in kept.splitlines()[0]


def test_a_memory_that_is_full_is_no_defect(tmp_path):
    ran = with_an_import_that("raise MemoryError", tmp_path)
    assert ran.stderr == "error: this computer's memory does not suffice\n"
    assert ran.returncode == 1
