"""The product's verdict of the official checker against an independent restatement of its rules."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from random import Random

import pytest
from support.reference import reference_path
from support.sessions.official_restatement import restate
from support.sessions.random_submissions import BENCHMARKS, make_repository
from tinyrunner.runner.audit.evidence.tree import find_layout, read_tree
from tinyrunner.runner.audit.official.checker import official_report
from tinyrunner.runner.config.rounds import load_rounds

ROUNDS = ("v1.1", "v1.2", "v1.3", "v1.4")
TREES = 40
"""Of each round."""


def number(text: str) -> str:
    """Figures are compared as numbers: 0 is 0.0."""
    try:
        return repr(float(text))
    except ValueError:
        return text


def shown(rows) -> list[dict[str, str]]:
    """Without the columns that are empty, in an order of their own."""
    plain = [{key: number(str(value)) for key, value in row.items() if value != ""} for row in rows]
    return sorted(plain, key=lambda row: sorted(row.items()))


def product(root: Path, round_name: str) -> tuple[bool, bool, list[dict[str, str]]]:
    tree = read_tree(root)
    report = official_report(tree, load_rounds().get(round_name), find_layout(tree).submitters)
    crashed = report.crashed is not None
    return report.ok, crashed, [] if crashed else shown(dict(row.values) for row in report.rows)


def independent(root: Path, round_name: str) -> tuple[bool, bool, list[dict[str, str]]]:
    restated = restate(root, load_rounds().get(round_name).checker, round_name)
    return restated.ok, restated.crashed, shown(restated.rows)


@pytest.mark.parametrize("round_name", ROUNDS)
@pytest.mark.parametrize("published", ["v1.1", "v1.2", "v1.3"])
def test_both_say_the_same_of_the_published_trees(published, round_name):
    root = reference_path("published", published)
    assert product(root, round_name) == independent(root, round_name)


@pytest.mark.parametrize("seed", range(TREES))
@pytest.mark.parametrize("round_name", ROUNDS)
def test_both_say_the_same_of_a_mutated_tree(round_name, seed, tmp_path):
    more = ("ic2",) if round_name == "v1.4" else ()
    random = Random(f"{round_name} {seed}")  # text: the same on every Python
    done = make_repository(tmp_path, random, BENCHMARKS + more)
    assert product(tmp_path, round_name) == independent(tmp_path, round_name), done


WAKE_WORD = "v1.3/closed/STMicroelectronics"
COUNTS = r"44 True positives, 6 False negatives, 4 False"


@pytest.mark.parametrize("round_name", ["v1.3", "v1.4"])
@pytest.mark.parametrize("division", ["closed", "open"])
@pytest.mark.parametrize(
    ("change", "ok"),
    [
        pytest.param(None, (True, True), id="as it was published"),
        pytest.param("42 True positives, 8 False negatives, 8 False", (True, True), id="8 and 8"),
        pytest.param("43 True positives, 6 False negatives, 4 False", (False, False), id="49"),
        pytest.param("44 True positives, 6 False negatives, 9 False", (False, True), id="9 false"),
        pytest.param("41 True positives, 9 False negatives, 4 False", (False, True), id="9 missed"),
        pytest.param("performance", (True, True), id="energy alone"),
        pytest.param("energy", (True, True), id="performance alone"),
    ],
)
def test_both_say_the_same_of_the_wake_word(change, ok, division, round_name, tmp_path):
    published = reference_path("published", *WAKE_WORD.split("/"))
    submitter = tmp_path / division / "ST"
    board = next((published / "results").iterdir()).name
    sww = submitter / "results" / board / "sww"
    for folder in ("systems", f"results/{board}/sww"):
        for path in (published / folder).rglob("*.*"):
            copy = submitter / path.relative_to(published)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    for path in sww.rglob("results.txt"):
        if change and change[0].isdigit():
            path.write_text(re.sub(COUNTS, change, path.read_text()))
    if change in ("performance", "energy"):
        shutil.rmtree(sww / change)
    expected = product(tmp_path, round_name)
    assert expected == independent(tmp_path, round_name)
    assert expected[0] is ok[division == "open"]


def test_the_trees_are_of_every_kind(tmp_path):
    """Else agreement would say little."""
    ends = set()
    for seed in range(30):
        root = tmp_path / str(seed)
        make_repository(root, Random(f"v1.2 {seed}"), BENCHMARKS)
        ok, crashed, rows = independent(root, "v1.2")
        ends.add(("crashed" if crashed else "ok" if ok else "failed", bool(rows)))
    assert ends >= {("crashed", False), ("ok", True), ("failed", True)}
