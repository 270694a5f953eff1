"""System descriptions judged beside the folders that they describe."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.runner.audit.evidence.findings import Rule
from tinyrunner.runner.audit.evidence.tree import find_layout, read_tree
from tinyrunner.runner.audit.systems import check_systems
from tinyrunner.runner.score.rules import Severity
from tinyrunner.runner.submission.describe.system_json import TEMPLATE, system_json_bytes

GOOD = {key.name: "something" for key in TEMPLATE} | {"Division": "Closed", "Status": "Available"}
PATH = "closed/acme/systems/board.json"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for mode in ("performance", "accuracy"):
        (tmp_path / "closed/acme/results/board/kws" / mode).mkdir(parents=True)
        (tmp_path / "closed/acme/results/board/kws" / mode / "log.txt").write_text("x")
    (tmp_path / "closed/acme/systems").mkdir()
    (tmp_path / PATH).write_bytes(system_json_bytes(GOOD))
    return tmp_path


def found(root: Path) -> list[tuple[Rule, Severity, str, int | None]]:
    tree = read_tree(root)
    return [
        (one.rule, one.severity, one.path, one.line)
        for one in check_systems(tree, find_layout(tree))
    ]


def change(root: Path, old: str, new: str) -> None:
    text = (root / PATH).read_text(encoding="utf-8")
    assert old in text
    (root / PATH).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_whole_description_has_no_findings(root: Path) -> None:
    assert found(root) == []


KRAI = "closed/Krai/systems/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3.json"


@pytest.mark.parametrize(
    ("round_name", "expected"),
    [
        # The template's repeated block, left empty: readers of JSON take the last value.
        ("v1.1", [(Rule.SYSTEM_KEYS, Severity.VIOLATION, KRAI, 32)]),
        ("v1.2", []),
        ("v1.3", []),
    ],
)
def test_published_descriptions_have_the_violations_they_really_have(
    round_name: str, expected: list[tuple[Rule, Severity, str, int | None]]
) -> None:
    everything = found(reference_path("published", round_name))
    assert [one for one in everything if one[1] is Severity.VIOLATION] == expected


@pytest.mark.parametrize(
    ("old", "new", "rule", "severity", "line"),
    [
        ('"Available"', '"in the shops"', Rule.SYSTEM_STATUS, Severity.VIOLATION, 4),
        ('"Closed"', '"Open"', Rule.DIVISION_FIELD, Severity.VIOLATION, 3),
        ('"Closed"', '"CLOSED"', None, None, None),
        ('"Status": "Available",', "", Rule.SYSTEM_KEYS, Severity.VIOLATION, None),
        ('"Board Name": "something"', '"Board Name": ""', Rule.SYSTEM_KEYS, Severity.WARNING, 5),
        ('"Board Name": "something"', '"Board Name": 7', Rule.SYSTEM_KEYS, Severity.VIOLATION, 5),
        (
            '"Board Name": "something",',
            '"Board Name": "something",\n"Board Name": "something",',
            Rule.SYSTEM_KEYS,
            Severity.WARNING,
            6,
        ),
        (
            '"Board Name": "something",',
            '"Board Name": "something",\n"Board Name": "another",',
            Rule.SYSTEM_KEYS,
            Severity.VIOLATION,
            6,
        ),
        ('"Submitter"', '"system_type": "x",\n"Submitter"', Rule.SYSTEM_KEYS,
         Severity.VIOLATION, 2),
        ('"Submitter"', '"Colour": "x",\n"Submitter"', Rule.SYSTEM_KEYS, Severity.WARNING, 2),
        ('"Closed",', '"Closed"', Rule.SYSTEM_JSON, Severity.VIOLATION, 4),
        ('"Closed"', "NaN", Rule.SYSTEM_JSON, Severity.VIOLATION, None),
    ],
)  # fmt: skip
def test_what_is_wrong_in_it_is_named_with_its_line(
    root: Path, old: str, new: str, rule: Rule | None, severity: Severity, line: int | None
) -> None:
    change(root, old, new)
    expected = [] if rule is None else [(rule, severity, PATH, line)]
    assert found(root) == expected


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b" " * 1_000_001, b"1e999"],
    ids=["empty", "list", "latin", "nested", "nested-objects", "huge", "infinite"],
)
def test_what_is_no_description_is_one_finding(root: Path, data: bytes) -> None:
    (root / PATH).write_bytes(data)
    assert [one[:3] for one in found(root)] == [(Rule.SYSTEM_JSON, Severity.VIOLATION, PATH)]


def test_a_system_without_description_and_a_description_without_system_are_named(
    root: Path,
) -> None:
    (root / PATH).rename(root / "closed/acme/systems/other.json")
    assert [one[:3] for one in found(root)] == [
        (Rule.SYSTEM_JSON, Severity.VIOLATION, "closed/acme/systems"),
        (Rule.SYSTEM_JSON, Severity.WARNING, "closed/acme/systems/other.json"),
    ]


def test_the_template_with_its_repeated_block_is_read(root: Path) -> None:
    text = (root / PATH).read_text(encoding="utf-8")
    again = "".join(
        f'  {json.dumps(key)}: "something",\n'
        for key in ("Inference Framework", "Software Libraries", "Operating System",
                    "Other Software Stack", "Software Notes")
    )  # fmt: skip
    (root / PATH).write_text(text.replace('  "Quant', again + '  "Quant'), encoding="utf-8")
    assert [one[1] for one in found(root)] == [Severity.WARNING] * 5
