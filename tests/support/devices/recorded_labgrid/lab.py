"""A labgrid that is played from a recording: labgrid 26.0.1, a coordinator, two exporters.

Places `h7-1` and `h7-2` have the tags `board=h7 site=lab`, `energy` has `board=u5 site=lab` and two
serial ports. `calls.jsonl` has the scenarios; `client.py` plays them.
"""

import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from tinyrunner.runner.bench.labgrid.client import PROGRAM_VARIABLE

RECORDING = Path(__file__).with_name("calls.jsonl")

needs_scripts = pytest.mark.skipif(os.name != "posix", reason="labgrid-client is a shell script")


class RecordedLab:
    """Is a coordinator as it was recorded, in a cache of its own."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch
        self._cursor = tmp_path / "cursor"
        self.told: list[str] = []
        program = tmp_path / "labgrid-client"
        player = shlex.join([sys.executable, "-S", str(Path(__file__).with_name("client.py"))])
        program.write_text(f'#!/bin/sh\nexec {player} "$@"\n')
        program.chmod(0o755)
        self.marks = tmp_path / "cache" / "places"
        for name, value in {
            PROGRAM_VARIABLE: str(program),
            "LABGRID_RECORDING": str(RECORDING),
            "LABGRID_CURSOR": str(self._cursor),
            "TINYRUNNER_CACHE": str(tmp_path / "cache"),
            "LG_COORDINATOR": "127.0.0.1:20408",
            "LG_HOSTNAME": "desk",
            "LG_USERNAME": "ada",
        }.items():
            monkeypatch.setenv(name, value)

    def play(self, scenario: str) -> None:
        """Let the client play this scenario from its beginning."""
        self._patch.setenv("LABGRID_SCENARIO", scenario)
        self._cursor.unlink(missing_ok=True)

    def all_was_asked(self, scenario: str) -> bool:
        """Tell whether every recorded call was made: the last is that of the release."""
        calls = [json.loads(line)["scenario"] for line in RECORDING.read_text().splitlines()]
        return int(self._cursor.read_text()) == calls.count(scenario) and not any(
            self.marks.iterdir()
        )
