"""The published record as a table: ours from the trees is the independent script's, row for row."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from support.reference import reference_path
from tinyrunner.runner.audit.overview.standings import (
    COLUMNS,
    Status,
    published_standings,
    read_standings,
    standings_csv,
    standings_of,
)
from tinyrunner.runner.errors import SetupError

ST = "v1.2/closed/STMicroelectronics"


@pytest.fixture(scope="module")
def held_here():
    """The rows of all trees that are held beside the project."""
    return standings_of(
        [reference_path("published"), reference_path("record")], reference_path("datasets")
    )


def test_the_rows_of_the_trees_are_those_of_the_independent_script(held_here):
    published = set(published_standings())
    assert len(held_here) == 31
    more = [row for row in held_here if row not in published]
    # That script computes no figure of sww; its throughput is printed, and follows from the edges.
    assert [(row.task, row.mode, row.printed, row.status) for row in more] == [
        ("sww", "performance", "55.908", Status.REPRODUCED.value)
    ]
    nothing = replace(more[0], printed="", recomputed="", status=Status.NONE.value)
    assert nothing in published


def test_the_shipped_table_is_the_one_that_was_computed():
    text = reference_path("standings.csv").read_text("utf-8")
    assert published_standings() == read_standings(text)
    assert len(published_standings()) == 875
    assert standings_csv(published_standings()) == text


def test_a_printed_figure_that_is_off_by_its_last_digit_disagrees(tmp_path):
    tree = tmp_path / "v1.2"
    shutil.copytree(reference_path("published", "v1.2"), tree)
    (results,) = (tree / "closed/STMicroelectronics/results").glob("*/ic/energy/results.txt")
    text = results.read_text("utf-8")
    (row,) = [r for r in standings_of([tree]) if (r.task, r.mode) == ("ic", "energy")]
    assert row.status == Status.REPRODUCED.value
    changed = f"{row.printed[:-1]}{(int(row.printed[-1]) + 1) % 10}"
    for path in results.parent.glob("result*.txt"):
        path.chmod(0o644)
        path.write_text(text.replace(row.printed, changed), encoding="utf-8")
    (again,) = [r for r in standings_of([tree]) if (r.task, r.mode) == ("ic", "energy")]
    assert again == replace(row, printed=changed, status=Status.DISAGREES.value)


def test_a_table_of_other_columns_is_refused():
    with pytest.raises(SetupError, match="no table of standings"):
        read_standings("a,b\n1,2\n")
    with pytest.raises(SetupError, match="no table of standings"):
        read_standings("")


def test_a_short_line_of_a_table_has_empty_columns():
    (row,) = read_standings(",".join(COLUMNS) + "\nv1.2,closed\n")
    assert (row.round, row.status, row.figure) == ("v1.2", "", None)
