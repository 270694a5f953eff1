"""Says what went wrong, and what is left of a run that ended early."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from rich.console import Console

from .... import __version__
from ....errors import closest, in_words, may_be_on
from ...errors import RunStopped


def show_failure(console: Console, error: Exception, *, what: str = "") -> None:
    """Print an error, of ``what`` where several things were done, and how to go on."""
    console.print("[bold red]error:[/] ", end="")
    said = in_words(error) + _cache_advice(error)
    said = f"{what}: {said}" if what else said
    console.print(said, markup=False, highlight=False)
    if isinstance(error, RunStopped):
        console.print(_what_now(error), markup=False, highlight=False)
    if may_be_on(error):
        warn_of_the_supply(console)


def _cache_advice(error: Exception) -> str:
    """Return how to have another cache, where a file of it is what the system refused."""
    if not isinstance(error, OSError) or not isinstance(error.filename, str):
        return ""
    from ....models.cache import CACHE_VARIABLE, cache_root

    inside = Path(error.filename).is_relative_to(cache_root())
    return f" (${CACHE_VARIABLE} names the folder of what the program keeps)" if inside else ""


def warn_of_the_supply(console: Console) -> None:
    """Print, as the last line, that a person has to look after the supply."""
    console.print("THE SUPPLY MAY BE ON: switch it off by hand, or unplug it", style="bold red")


def is_of_the_parser(error: Exception) -> bool:
    """Tell whether the option parser refuses what was typed.

    Its classes are click's, or Typer's own copy of them, which depends on Typer's version.
    """
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def show_usage(console: Console, error: Exception) -> None:
    """Print what the option parser refuses, as every other error is told."""
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())  # type: ignore[attr-defined]
        return
    console.print("[bold red]error:[/] ", end="")
    console.print(usage_in_words(error), markup=False, highlight=False)
    path = getattr(getattr(error, "ctx", None), "command_path", "tinyrunner")
    console.print(f"`{path} --help` shows what there is", markup=False, highlight=False)


def usage_in_words(error: Exception) -> str:
    """Return what the option parser says in our words: one sentence, and what may be meant."""
    said = str(error.format_message()).strip()  # type: ignore[attr-defined]
    option = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and option:
        known = getattr(error, "possibilities", None) or ()
        return f"no such option {option}{closest(option, known)}"
    if found := _NO_COMMAND.match(said):
        commands = getattr(getattr(getattr(error, "ctx", None), "command", None), "commands", ())
        near = closest(found[1], commands)
        return f"no such command {found[1]!r}{near}; there are {', '.join(commands)}"
    for theirs, ours in _IN_PLAIN_WORDS.items():
        said = re.sub(theirs, ours, said)
    if found := _NO_CHOICE.search(said):
        said = f"{said.rstrip('.')}{closest(found[1], re.findall(_QUOTED, found[2]))}"
    return said[:1].lower() + said[1:].rstrip(".")


_NO_COMMAND = re.compile(r"No such command '([^']*)'")
_NO_CHOICE = re.compile(r"'([^']*)' is not one of (.*)", re.DOTALL)
_IN_PLAIN_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer.*": "expected a whole number",
    "Input should be a valid number.*": "expected a number",
}
"""What pydantic says, by which Typer reads numbers since its version 0.29."""
_QUOTED = re.compile(r"'([^']*)'")


def show_defect(console: Console, error: Exception) -> None:
    """Print one line on an error that nobody has thought of; its traceback goes to a file."""
    if isinstance(error, MemoryError):
        console.print("[bold red]error:[/] this computer's memory does not suffice")
        return
    what = " ".join(f"{type(error).__name__}: {error}".split())[:_SHOWN_CHARS]
    console.print("[bold red]error:[/] ", end="")
    said = f"this is a defect of tinyrunner, please report it ({what})"
    console.print(f"{said}; {_traceback_kept(error)}", markup=False, highlight=False)


_SHOWN_CHARS = 300


def _traceback_kept(error: Exception) -> str:
    """Write the traceback to a file and say where it is; or hand it over where that fails."""
    text = "".join(traceback.format_exception(error))
    head = f"tinyrunner {__version__}, Python {sys.version}, {sys.platform}\n{sys.argv}\n\n"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="tinyrunner-defect-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(head + text)
    except OSError:
        return f"no file can be written for its traceback:\n{head}{text}"
    return f"the traceback is in {file.name}"


def _what_now(stopped: RunStopped) -> str:
    if stopped.hopeless:
        said = f" What was said so far is in {stopped.session}" if stopped.session else ""
        return (
            "It would end in the same place again: change the firmware, then begin a new run."
            + said
        )
    if stopped.session is None:
        return "Nothing was measured yet; run it again."
    if not stopped.session.is_dir():
        return (
            f"{stopped.session} is gone: where it was moved, move it back and give it to "
            "`tinyrunner run --resume`; else run it again."
        )
    if stopped.begin_again is not None:
        return f"{stopped.begin_again} What was measured so far is in {stopped.session}"
    if not stopped.resumable:
        return (
            "The run itself had not begun; run it again. What was said so far is in "
            f"{stopped.session}, which can be removed"
        )
    return (
        f"What was measured is in {stopped.session}. Continue with:\n"
        f"  tinyrunner run --resume {_quoted(stopped.session)}"
    )


def _quoted(path: Path) -> str:
    """Quote a path as a shell of this platform takes it."""
    if sys.platform == "win32":
        return subprocess.list2cmdline([str(path)])
    return shlex.quote(str(path))
