"""Completion is set up for a shell, which then completes; nothing else of its settings changes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest
from support.cli import program_in, tinyrunner
from tinyrunner.runner.commands.completion import SHELLS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells of POSIX")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home, a place for what is kept, and a `tinyrunner` that a shell finds."""
    program = program_in(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TINYRUNNER_STATE", str(tmp_path / "it's kept"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def asked_of(shell, script):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    ran = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


def install(shell):
    ran = tinyrunner("--install-completion", shell)
    assert ran.status == 0, ran
    return ran.out


def test_bash_completes_once_it_is_set_up_and_its_settings_stay(home):
    (home / ".bashrc").write_text("alias mine=ls")
    for _ in range(2):
        assert str(home / ".bashrc") in install("bash")
    first, line = (home / ".bashrc").read_text().splitlines()
    assert first == "alias mine=ls"
    assert line.startswith(". ")
    script = f"""
. {home}/.bashrc
COMP_WORDS=(tinyrunner sessions pr) COMP_CWORD=2
_tinyrunner_completion tinyrunner
echo "${{COMPREPLY[@]}}"
"""
    assert asked_of("bash", script) == ["prune"]


def test_zsh_reads_it_without_a_complaint(home):
    install("zsh")
    script = f". {home}/.zshrc && echo $_comps[tinyrunner]"
    assert asked_of("zsh", script) == ["_tinyrunner_completion"]


def test_fish_completes(home):
    install("fish")
    assert (home / ".config" / "fish" / "completions" / "tinyrunner.fish").is_file()
    assert "prune" in asked_of("fish", "complete -C 'tinyrunner sessions pr'")


def test_powershell_is_asked_where_its_profile_is(home, monkeypatch):
    profile = home / "Documents" / "profile.ps1"
    pwsh = home.parent / "bin" / "pwsh"
    pwsh.write_text(f"#!/bin/sh\necho '{profile}'\n")
    pwsh.chmod(0o755)
    assert str(profile) in install("powershell")
    assert profile.read_text() == f". '{home.parent}/it''s kept/completion.ps1'\n"
    monkeypatch.setenv("PATH", "")
    ran = tinyrunner("--install-completion", "powershell")
    assert ran.status == 1, ran
    assert "--show-completion powershell" in ran.err


@pytest.mark.parametrize("shell", SHELLS)
def test_what_a_shell_reads_can_be_shown(shell):
    ran = tinyrunner("--show-completion", shell)
    assert ran.status == 0, ran
    assert "_TINYRUNNER_COMPLETE" in ran.out


def test_an_unknown_shell_is_told(home):
    ran = tinyrunner("--install-completion", "fsh")
    assert ran.status == 2, ran
    assert "no shell 'fsh'; did you mean fish?" in ran.err
    assert list(home.iterdir()) == []
