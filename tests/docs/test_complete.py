"""What the documentation has to hold whole: errors, findings, settings, commands, wirings."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from tinyrunner import errors
from tinyrunner.runner.audit.evidence.findings import Rule
from tinyrunner.runner.commands.app import COMMANDS, command_of
from tinyrunner.runner.config.settings import SETTINGS
from tinyrunner.runner.config.sim_address import MonitorKind
from tinyrunner.runner.score.rules import FindingKind

DOCS = Path(__file__).resolve().parents[2] / "docs"
MESSAGES = (DOCS / "reference" / "messages.md").read_text("utf-8")


@pytest.fixture(scope="module")
def reference():
    sys.path.insert(0, str(DOCS / "make"))
    import reference

    yield reference
    sys.path.remove(str(DOCS / "make"))


def test_every_error_is_explained_or_named_as_one_that_nobody_meets():
    family = set(re.findall(r"── (\w+)", errors.__doc__))
    _, _, apart = MESSAGES.partition("<!-- not on this page: ")
    apart = set(re.findall(r"\w+", apart.partition(":")[0]))
    explained = set(re.findall(r"`(\w+)`", MESSAGES)) & family
    assert len(family) > 50
    assert family - explained == apart


def test_an_errors_exit_status_is_the_one_that_is_told():
    told = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| (\d+)", MESSAGES, re.M)
    status = {name: int(number) for names, number in told for name in re.findall(r"\w+", names)}
    assert len(status) > 35
    above = [1]  # of the root, and of each branch down to the line
    for before, name, number in re.findall(r"(.*)── (\w+)(?: (\d+))?", errors.__doc__):
        above = above[: len(before) // 4 + 1]
        above.append(int(number) if number else above[-1])
        assert status.get(name, above[-1]) == above[-1], name


def test_every_finding_is_explained_and_no_other():
    part = MESSAGES.partition("## What is found in a session")[2].partition("\n## ")[0]
    explained = re.findall(r"`([^`]+)`", "".join(re.findall(r"^\| (`.*?`) \|", part, re.M)))
    assert sorted(explained) == sorted(kind.value for kind in FindingKind)


def test_the_pages_made_from_the_program_have_all_of_it(reference):
    page = reference.command_line()
    for name in COMMANDS:
        assert f"\n## {name}\n" in page
        for word in getattr(command_of(name), "commands", {}):
            assert f"\n### {name} {word}\n" in page
    page = reference.configuration()
    assert [row.flag for row in SETTINGS.values() if row.help and f"`{row.flag}`" not in page] == []
    page = reference.TABLES["audit rules"]()
    assert [rule.id for rule in Rule if f"| `{rule.id}`<br>" not in page] == []


def test_every_key_of_configuration_and_provenance_has_a_meaning(reference):
    rows = re.findall(r"^\| `\w+` \|.*\| (.*) \|$", reference.configuration(), re.M)
    assert len(rows) > 40
    assert all(len(meaning) > 8 for meaning in rows)
    rows = re.findall(r"^\| `\w+` \| (.*?) \|", reference.TABLES["provenance"](), re.M)
    assert len(rows) > 20
    assert all(rows)


def test_every_monitor_has_a_wiring():
    asked = re.findall(r"<!-- wiring: (\S+) -->", (DOCS / "guide" / "energy.md").read_text("utf-8"))
    drawn = " ".join(asked).replace("joulescope", "js110 js220 js320")
    wired = [kind.value for kind in MonitorKind if kind is not MonitorKind.REPLAY]
    assert [kind for kind in wired if kind not in drawn] == []


def test_what_every_instrument_says_is_shown():
    page = (DOCS / "reference" / "instruments.md").read_text("utf-8")
    shown = re.findall(r"<!-- program: dialogues (\w+) -->", page)
    transcripts = DOCS.parent / "tests" / "energy" / "transcripts"
    assert sorted(shown) == sorted(path.stem for path in transcripts.glob("*.yaml"))
