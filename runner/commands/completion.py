"""Lets a shell complete commands and options: prints the script for it, or sets it up.

The scripts are Typer's. Where they go is decided here: one file of ours, and one line in the file
that the shell reads at its start; no policy and no other setting of a shell is touched.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from ...errors import TinyrunnerError, closest
from ...models.cache import state_root
from ..errors import SetupError
from .app import COMPLETION_VARIABLE

SHELLS = ("bash", "zsh", "fish", "powershell")
_PROGRAM = "tinyrunner"
_ZSH_FIRST = "(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }\n"
"""Without it zsh knows no completion, unless the user has set that up."""


def script_for(shell: str) -> str:
    """Return what a shell has to read; SetupError names the shells that there are."""
    from typer._completion_shared import get_completion_script

    if shell not in SHELLS:
        raise SetupError(f"no shell {shell!r}{closest(shell, SHELLS)}; there are {_shells()}")
    script = get_completion_script(
        prog_name=_PROGRAM, complete_var=COMPLETION_VARIABLE, shell=shell
    )
    return (_ZSH_FIRST if shell == "zsh" else "") + script + "\n"


def install_for(shell: str) -> str:
    """Set a shell up; return what was done, in a sentence.

    TinyrunnerError where PowerShell does not say where it reads its settings.
    """
    script = script_for(shell)
    if shell == "fish":
        path = _config_folder() / "fish" / "completions" / f"{_PROGRAM}.fish"
        _write(path, script)
        return f"{path} is written; a new fish completes {_PROGRAM}"
    path = state_root() / f"completion.{_ENDINGS[shell]}"
    _write(path, script)
    settings = _profile() if shell == "powershell" else Path.home() / f".{shell}rc"
    quoted = str(path).replace("'", "''") if shell == "powershell" else None
    line = f". {shlex.quote(str(path))}" if quoted is None else f". '{quoted}'"
    before = settings.read_text(encoding="utf-8") if settings.is_file() else ""
    if line not in before.splitlines():
        end = "" if before.endswith("\n") or not before else "\n"
        _write(settings, f"{before}{end}{line}\n")
    return f"{path} is written, and {settings} reads it; a new {shell} completes {_PROGRAM}"


_ENDINGS = {"bash": "bash", "zsh": "zsh", "powershell": "ps1"}


def _shells() -> str:
    return f"{', '.join(SHELLS[:-1])} and {SHELLS[-1]}"


def _config_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _profile() -> Path:
    """Ask PowerShell which file it reads when it starts."""
    program = shutil.which("pwsh") or shutil.which("powershell")
    advice = (
        f"write `{_PROGRAM} --show-completion powershell` to a file and let your profile read it"
    )
    if program is None:
        raise TinyrunnerError(f"there is no pwsh and no powershell here; {advice}")
    try:
        asked = subprocess.run(
            [program, "-NoProfile", "-Command", "$PROFILE"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise TinyrunnerError(f"{program} does not say where its profile is; {advice}") from error
    path = Path(asked.stdout.strip())
    if asked.returncode != 0 or not path.is_absolute():
        raise TinyrunnerError(f"{program} does not say where its profile is; {advice}")
    return path
