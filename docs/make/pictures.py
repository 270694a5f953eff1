"""Makes what README.md and the guide show of the program: `python docs/make/pictures.py`.

`docs/pictures/report.png` is a report of what `tinyrunner demo` leaves, in a headless Chromium;
`run.svg` is a terminal in the middle of a run on a simulated device, which is served at its real
pace; the transcript in README.md is what its command prints. A test compares the latter with the
program of the day. It needs the extra `docs`, a Chromium, and Linux or macOS.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import terminal
from PIL import Image
from tinyrunner import simulated_device

CHECKOUT = Path(__file__).resolve().parents[2]
BENCH = {"/dev/ttyACM0": "sim:", "~/datasets": "demo"}
SIZE = "1280,1120"


def tinyrunner(folder: Path, words: list[str]) -> str:
    """Run the program in a folder, and return what it prints."""
    command = [sys.executable, "-m", "tinyrunner", *words]
    ran = subprocess.run(
        command, cwd=folder, env=_own_cache(folder), capture_output=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    if ran.returncode not in (0, 3):
        sys.exit(ran.stderr)
    return ran.stdout.replace(f"{folder}{os.sep}", "")


def _own_cache(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing is known of earlier runs."""
    return {**os.environ, "TINYRUNNER_CACHE": str(folder / "cache")}


def live(folder: Path, picture: Path) -> None:
    """Draw the terminal when two thirds of the inputs are through."""
    words = ["run", "kws", "--mode", "accuracy", "--datasets", "demo", "--for", "development"]
    with simulated_device("kws", pty=True) as address:
        words += ["--board", "my-board", "--dut", address]
        command = [sys.executable, "-m", "tinyrunner", *words]
        for screen in terminal.recorded(command, folder, _own_cache(folder)):
            if re.search(r" 8\d/120 ", "\n".join(screen.display)):
                typed = "tinyrunner " + " ".join(words)
                picture.write_text(terminal.svg(screen, typed, str(folder) + os.sep), "utf-8")


def report(folder: Path, picture: Path) -> None:
    """Draw the head of a report of the demonstration's sessions."""
    tinyrunner(folder, ["demo"])
    tinyrunner(folder, ["report", "tinyrunner-demo", "--out", "report.html"])
    page = (folder / "report.html").as_uri()
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    flags += [f"--window-size={SIZE}", "--virtual-time-budget=8000", f"--screenshot={picture}"]
    subprocess.run(["chromium", *flags, page], check=True, stderr=subprocess.DEVNULL)
    few = Image.open(picture).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)  # a third of its size, and no difference to the eye


def transcript(folder: Path, readme: Path) -> None:
    """Put what the README's run prints behind it."""
    text = readme.read_text("utf-8")
    (typed,) = re.findall(r"^tinyrunner (run .*\n.*)$", text, re.M)
    for told, bench in BENCH.items():
        typed = typed.replace(told, bench)
    printed = "\n".join(
        map(str.rstrip, tinyrunner(folder, typed.replace("\\\n", "").split()).strip().splitlines())
    )
    block = re.compile(r"(^tinyrunner run .*\n.*\n```\n\n```text\n).*?(^```$)", re.M | re.S)
    told = re.sub(r"\d{8}_\d{6}", "…", printed)
    readme.write_text(block.sub(lambda found: f"{found[1]}{told}\n{found[2]}", text), "utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        transcript(Path(made), CHECKOUT / "README.md")
        live(Path(made), CHECKOUT / "docs" / "pictures" / "run.svg")
        report(Path(made), CHECKOUT / "docs" / "pictures" / "report.png")
