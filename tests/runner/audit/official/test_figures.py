"""What the official checker would publish is held against the sessions, however it came by it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.reference import reference_path
from support.sessions.audited import ST_V13, one_session, published_session, violations
from support.sessions.submission_trees import copied_tree
from support.sessions.tree_mutations import RESULTS, appended, linked_copy, subbed
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.audit_result import OfficialRow
from tinyrunner.runner.audit.evidence.findings import Level, Rule
from tinyrunner.runner.audit.official.figures import check_against_official
from tinyrunner.runner.score.rules import Severity
from tinyrunner.runner.write.printed_results import parse_results

PS = "kws/performance/results.txt"
SMUGGLED = {
    "behind the requirements": appended(
        PS, "1 x: Runtime requirements have been met. Median throughput is 99999.000 inf./sec.\n"
    ),
    "behind a window": appended(
        PS, "1 x: Energy data for trial 1 Median throughput is 99999.000 inf./sec.\n"
    ),
    "behind the first on its line": subbed(
        PS, r"(Median throughput is \S+ inf./sec\.)", r"\1 Median throughput is 99999.0 inf./sec."
    ),
    "far behind": appended(PS, "x" * 600 + " Median throughput is 99999.000 inf./sec.\n"),
    "behind a lone carriage return": appended(
        PS, "Median energy\r Median throughput is 99999.000 inf./sec.\n"
    ),
}


def row_with(official, **values: str):
    """A report whose first row says something else."""
    first = tuple((name, values.get(name, text)) for name, text in official.rows[0].values)
    return replace(official, rows=(OfficialRow(first), *official.rows[1:]))


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_second_median_is_found_wherever_it_is_put(name, built_tree, tmp_path):
    spoilt = linked_copy(built_tree("v1.2"), tmp_path)
    SMUGGLED[name](spoilt)
    result = audit(spoilt.root, round_name="v1.2")
    (row,) = result.official.rows
    assert dict(row.values)["Result"] == "99999.0"  # it is what the official checker takes
    said = [f for f in result.against(Level.SOUND) if f.rule is Rule.RESULT_LINE]
    assert any("99999" in f.found for f in said)
    against = list(check_against_official(result.sessions, result.official))
    assert ["throughput" in f.found and f.severity is Severity.VIOLATION for f in against] == [True]


def test_a_figure_between_two_starts_of_a_median_is_seen():
    (found,) = parse_results(
        [" Median throughput is  Median throughput is 7.0 inf./sec."]
    ).headlines[-1:]
    assert found.text == "7.0"


@pytest.mark.parametrize("round_name", ["v1.2", "v1.3"])
def test_the_official_figures_of_a_good_tree_are_those_of_its_sessions(round_name, built_tree):
    result = audit(built_tree(round_name), round_name=round_name)
    assert len(result.official.rows) == 4
    assert list(check_against_official(result.sessions, result.official)) == []


@pytest.mark.parametrize(
    ("column", "value", "mode"),
    [
        ("Result", "99999.0", "performance"),
        ("Power", "1.0", "energy"),
        ("Accuracy", "99.9", "accuracy"),
    ],
)
def test_each_official_figure_has_to_be_its_sessions(column, value, mode, built_tree):
    result = audit(built_tree("v1.2"), round_name="v1.2")
    spoilt = row_with(result.official, **{column: value})
    (found,) = check_against_official(result.sessions, spoilt)
    assert (found.rule, found.severity) == (Rule.RESULT_LINE, Severity.VIOLATION)
    assert found.path.endswith(f"/{mode}/results.txt")


def test_a_row_of_which_there_is_no_session_is_a_violation(built_tree):
    result = audit(built_tree("v1.2"), round_name="v1.2")
    spoilt = row_with(result.official, SystemDesc="another")
    assert {f.rule for f in check_against_official(result.sessions, spoilt)} == {Rule.RESULT_LINE}


def mapped(tree, tmp_path, mapping: object, division: str = "open"):
    """A tree whose kws is called mykws, with such a model_mapping.json."""
    copied_tree(tree, tmp_path / "tree")
    folder = tmp_path / "tree" / division / "Acme"
    if division != "closed":
        folder.parent.mkdir()
        (tmp_path / "tree/closed/Acme").rename(folder)
        (tmp_path / "tree/closed").rmdir()
    (folder / "SHA256SUMS").unlink()
    (folder / RESULTS / "kws").rename(folder / RESULTS / "mykws")
    text = mapping if isinstance(mapping, str) else json.dumps(mapping)
    (folder / "model_mapping.json").write_text(text, encoding="utf-8")
    return tmp_path / "tree", folder


def test_a_benchmark_under_a_mapped_name_is_judged_as_its_task(built_tree, tmp_path):
    root, folder = mapped(built_tree("v1.2"), tmp_path, {"mykws": "kws"})

    def found():
        result = audit(root, round_name="v1.2")
        own = [one for one in result.sessions if one.place.benchmark == "mykws"]
        assert [one.assessment is not None for one in own] == [True] * 3
        assert list(check_against_official(result.sessions, result.official)) == []
        told = (Rule.OFFICIAL_LIST, Rule.DEVICE)
        return [f for one in own for f in violations(one) if f.rule not in told]

    assert found() == []
    for name in ("results.txt", "result.txt"):
        path = folder / RESULTS / "mykws/accuracy" / name
        path.write_text(path.read_text("utf-8").replace("95.8%", "99.9%"), encoding="utf-8")
    result = audit(root, round_name="v1.2")
    assert any(f.rule is Rule.RESULT_LINE and "99.9" in f.found for f in result.findings)
    told = list(check_against_official(result.sessions, result.official))
    assert [("99.9" in f.found) for f in told] == [True]


@pytest.mark.parametrize(
    "mapping", [{}, [], "no JSON", "[" * 100_000, {"mykws": ["kws"]}, {"mykws": "sww"}]
)
def test_what_is_mapped_to_no_task_is_judged_by_its_log_and_fails_the_official_checker(
    mapping, built_tree, tmp_path
):
    root, folder = mapped(built_tree("v1.2"), tmp_path, mapping)
    result = audit(root, round_name="v1.2")
    named = [one for one in result.sessions if one.place.benchmark == "mykws"]
    assert {one.place.task_key for one in named} == {"kws"}
    assert all(one.assessment is not None for one in named)
    (found,) = (f for f in result.findings if f.rule is Rule.BENCHMARK)
    assert (root / found.path) == folder / RESULTS / "mykws"
    assert not result.official.ok


def test_the_closed_division_has_no_mapping(built_tree, tmp_path):
    root, _ = mapped(built_tree("v1.2"), tmp_path, {"mykws": "kws"}, division="closed")
    result = audit(root, round_name="v1.2")
    (found,) = (f for f in result.findings if f.rule is Rule.BENCHMARK)
    assert found.severity is Severity.VIOLATION
    assert not result.official.ok


def test_of_the_published_wake_word_every_listed_figure_is_borne_out(tmp_path):
    one = published_session(tmp_path, ST_V13, "sww", "performance")
    result = audit(one.root, round_name="v1.3")
    assert list(check_against_official(result.sessions, result.official)) == []
    assert violations(result.sessions[0]) == []


def test_of_a_wake_word_with_energy_alone_no_performance_is_asked_for(tmp_path):
    source = reference_path(
        "record/v1.3/closed/syntiant/results/syntiant_9120_1v0_49mhz/sww/energy"
    )
    one = one_session(source, tmp_path, "sww", "energy", "v1.3")
    result = audit(one.root, round_name="v1.3")
    assert list(check_against_official(result.sessions, result.official)) == []
    assert not any(f.rule is Rule.MODE_FOLDER for f in result.findings)


def test_a_log_of_another_benchmark_does_not_go_unjudged_under_a_tasks_name(tmp_path):
    one = published_session(tmp_path, ST_V13, "sww", "energy")
    one.folder.parent.rename(one.folder.parent.with_name("kws"))
    (session,) = audit(one.root, round_name="v1.3").sessions
    assert [f.rule for f in violations(session) if f.found.startswith("not scored")] == [Rule.LOG]
