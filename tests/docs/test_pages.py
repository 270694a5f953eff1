"""The pages of the documentation: what they tell to type is typed, and does what they say.

In a page every `sh` block is run by bash, one behind the other in one folder, on simulated devices
in the place of the ports that the page names. What a `text` block right behind it shows is what it
printed, `…` standing for anything. Comments before a block say what is different with it:

    <!-- not run: why -->       it is not; its commands and options are still known ones
    <!-- exits 3 -->            it ends with this status
    <!-- file: night.yaml -->   before a `yaml` block: it is written into that file
    <!-- demo -->               what `tinyrunner demo` leaves is there by then; or it is that
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.cli import check_words, program_in
from support.sessions.submission_trees import demo  # noqa: F401

CHECKOUT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(CHECKOUT).as_posix()
    for path in (CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md"))
)
ALSO_TYPED = [
    "dut_protocol/firmware/GUIDE.md",
    "dut_protocol/firmware/README.md",
    *(
        f"dut_protocol/firmware/ports/sdk/{kit}/README.md"
        for kit in ("zephyr", "esp_idf", "pico", "stm32_hal")
    ),
]
"""Pages whose commands are tried elsewhere: the firmware's tests build what the guide builds."""

ON_THE_BENCH = {
    "--io /dev/ttyACM0 --monitor lpm01a:/dev/ttyACM1": "--dut sim: --monitor sim:lpm01a",
    "/dev/ttyACM0": "sim:",
    "~/datasets": "demo",
}
"""What stands for the hardware and the data of a page, where its blocks are run."""


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text, the notes before it, and what it prints."""

    language: str
    text: str
    notes: dict[str, str]
    printed: str | None

    @property
    def is_run(self) -> bool:
        return self.language == "sh" and "not run" not in self.notes


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = (CHECKOUT / page).read_text("utf-8")
    found = re.findall(
        r"((?:^<!-- .*? -->\n)*)^```(sh|yaml)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?",
        text,
        re.S | re.M,
    )
    return [
        Block(language, body, notes_of(comments), printed or None)
        for comments, language, body, printed in found
    ]


def notes_of(comments: str) -> dict[str, str]:
    """What the comments before a block say."""
    notes = {}
    for said in re.findall(r"<!-- (.*?) -->", comments, re.S):
        word, colon, rest = said.partition(":")
        notes.update({word: " ".join(rest.split())} if colon else dict([[*said.split(), ""][:2]]))
    return notes


RUN = [page for page in PAGES if any(block.is_run for block in blocks(page))]


@pytest.mark.skipif(os.name == "nt", reason="the blocks are for a POSIX shell")
@pytest.mark.parametrize("page", RUN)
def test_what_a_page_tells_to_type_does_what_it_says(page, tmp_path, request):
    program = program_in(tmp_path / "bin")
    folder = tmp_path / "here"
    folder.mkdir()
    there = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "TINYRUNNER_CACHE": str(tmp_path / "cache"),  # what `check` keeps there changes a run
    }
    for block in blocks(page):
        if "demo" in block.notes:
            made = request.getfixturevalue("demo")
            shutil.copytree(made.folder, folder / "tinyrunner-demo", dirs_exist_ok=True)
            if not block.is_run:
                assert shows(block.printed, made.shown), made.shown
        if "file" in block.notes:
            (folder / block.notes["file"]).write_text(on_the_bench(block.text), "utf-8")
        if block.is_run:
            ran = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", on_the_bench(block.text)],
                cwd=folder,
                env={**os.environ, **there},
                capture_output=True,
                encoding="utf-8",
                check=False,
                timeout=120,
            )
            told = f"{page}:\n{block.text}\n{ran.stdout}\n{ran.stderr}"
            assert ran.returncode == int(block.notes.get("exits", 0)), told
            if block.printed is not None:
                assert shows(block.printed, ran.stdout.replace(f"{folder}{os.sep}", "")), told


def on_the_bench(text: str) -> str:
    for told, bench in ON_THE_BENCH.items():
        text = text.replace(told, bench)
    return text


def shows(told: str, printed: str) -> bool:
    """Whether a page shows what was printed, but for `…` and blanks."""
    parts = [re.escape(part) for part in tidy(told).split("…")]
    return re.fullmatch(".*?".join(parts), tidy(printed), re.S) is not None


def tidy(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.strip().splitlines())


def test_every_block_that_is_not_run_says_why():
    for page in PAGES:
        for block in blocks(page):
            assert len(block.notes.get("not run", "it is run")) > 8, (page, block.text)


@pytest.mark.parametrize("page", [*PAGES, *ALSO_TYPED])
def test_every_command_and_option_of_a_page_is_one(page):
    for block in blocks(page):
        for line in block.text.replace("\\\n", " ").splitlines() if block.language == "sh" else ():
            for typed in re.findall(r"(?:^|[ /])tinyrunner ((?:[^|;&#<>]|<[^ ])*)", line):
                check_words(shlex.split(typed.replace("'", "").replace('"', "")), f"{page}: {line}")
