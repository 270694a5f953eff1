"""GUIDE.md's way from nothing to a result: six commands, typed as they stand there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.firmware.build import CHECKOUT, FIRMWARE, need, run
from support.firmware.qemu_board import free_port
from tinyrunner.runner.commands.prepare.boards import BOARDS

TOLD_PORT = "5000"


def commands() -> list[str]:
    """The block that ends in a result, a command a line."""
    text = (FIRMWARE / "GUIDE.md").read_text("utf-8")
    (block,) = re.findall(r"^```sh\n(sudo apt-get install .*?)^```", text, re.S | re.M)
    return block.splitlines()


def test_the_way_is_of_six_commands_and_installs_what_ci_does():
    install, *others = commands()
    assert len(others) == 5
    packages = set(install.removeprefix("sudo apt-get install -y ").split())
    ours = (CHECKOUT / ".ci" / "run").read_text("utf-8").replace("\\\n", " ")
    (installed,) = re.findall(r"apt-get install -y -qq (gcc g\+\+ .*?) >/dev/null", ours)
    assert packages <= set(installed.split())


def test_an_engine_of_ones_own_takes_the_place_of_the_model(tmp_path: Path):
    """The block of the guide, and `make`; what is missing then is the engine's two functions."""
    need("cc")
    text = (FIRMWARE / "GUIDE.md").read_text("utf-8")
    (block,) = re.findall(r"An inference engine of yours.*?^```sh\n(.*?)^```", text, re.S | re.M)
    ours = f'tinyrunner() {{ {shlex.quote(sys.executable)} -m tinyrunner "$@"; }}'
    run(["bash", "-ec", "\n".join((ours, block, "make -C mine"))], tmp_path)
    undefined = run([need("nm"), "-u", tmp_path / "mine/build/runtime_model.o"])
    assert {"runtime_start", "runtime_invoke"} <= set(undefined.split())


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the block is for a POSIX shell")
def test_the_commands_lead_from_an_empty_folder_to_a_result(tmp_path: Path):
    """Without the first: the packages are there, or the test is skipped."""
    for tool in (*BOARDS["stm32f405"].tools, "make"):
        need(tool)
    program = tmp_path / "bin" / "tinyrunner"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tinyrunner "$@"\n')
    program.chmod(0o755)
    port = str(free_port())
    _, *typed = [command.replace(f":{TOLD_PORT}", f":{port}") for command in commands()]
    folder = tmp_path / "here"
    folder.mkdir()
    began_s = time.monotonic()
    done = subprocess.run(
        ["bash", "-em", "-c", "\n".join([*typed, "kill %1"])],
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
            "PORT": port,
            "TINYRUNNER_CACHE": str(tmp_path / "cache"),
        },
        capture_output=True, encoding="utf-8", timeout=280, check=False,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "conforms: " in done.stdout, told
    assert "20 of 120 inputs: Top-1 95.0%" in done.stdout, told
    print(f"from an empty folder to a result: {time.monotonic() - began_s:.0f} s")
