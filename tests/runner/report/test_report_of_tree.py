"""Reports and comparisons of submission trees, audited on the way."""

from __future__ import annotations

import json
import shutil

import pytest
from support.reference import reference_path
from support.report.cli import command
from tinyrunner.runner.report.gather import Asked, gather, is_tree
from tinyrunner.runner.report.page import SessionStatus
from tinyrunner.runner.report.render import render_report

SYSTEM = "NUCLEO_L4R5ZI"


@pytest.fixture
def tree(tmp_path):
    """A copy of a published v1.2 tree, whose ad accuracy has no log."""
    root = tmp_path / "v1.2"
    shutil.copytree(reference_path("published", "v1.2"), root)
    return root


def test_what_is_a_tree(tree, tmp_path):
    submitter = tree / "closed" / "STMicroelectronics"
    assert all(map(is_tree, (tree, tree / "closed", submitter)))
    session = submitter / "results" / SYSTEM / "ic" / "performance"
    assert not any(map(is_tree, (session, session.parent, tmp_path / "nothing")))


def test_a_tree_has_verdicts_and_each_session_its_findings(tree):
    page = gather([tree], Asked(datasets=reference_path("datasets")))
    verdicts = {verdict.name: verdict.holds for verdict in page.verdicts}
    assert list(verdicts) == ["official", "sound", "official data", "submittable"]
    assert verdicts["submittable"] is False  # a log and the checklist are missing
    found = {(each.benchmark, each.mode.value): each for each in page.sessions}
    assert list(found) == [
        (task, mode) for task in ("ic", "ad") for mode in ("performance", "accuracy", "energy")
    ]
    assert found["ad", "accuracy"].outcome is SessionStatus.UNSCORED
    assert any("log.txt" in finding.text for finding in found["ad", "accuracy"].findings)
    assert found["ic", "energy"].assessment.energy.median_energy_j > 0
    places = [finding.place for finding in page.findings]
    assert not any(place.startswith(each.title) for place in places for each in page.sessions)


def test_a_tree_is_drawn_with_its_traces_and_roc_curves(tree):
    text = render_report(gather([tree], Asked(datasets=reference_path("datasets"))))
    assert text.count('data-kind="trace"') == 2
    assert text.count('data-kind="roc"') == 1
    assert "does not hold" in text
    assert SYSTEM in text


def test_nothing_outside_the_tree_is_read(tree, tmp_path):
    """A trace that is a link to somebody's file is not drawn."""
    energy = tree / "closed" / "STMicroelectronics" / "results" / SYSTEM / "ic" / "energy"
    secret = tmp_path / "secret.bin"
    shutil.move(energy / "trace1-energy.bin", secret)
    try:
        (energy / "trace1-energy.bin").symlink_to(secret)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    text = render_report(gather([tree], Asked(datasets=reference_path("datasets"))))
    assert text.count('data-kind="trace"') == 1


def test_a_tree_goes_alone(tree):
    session = tree / "closed" / "STMicroelectronics" / "results" / SYSTEM / "ic" / "performance"
    ran = command("report", tree, session, "--out", tree.parent / "r.html")
    assert ran.status == 2
    assert "give it alone" in ran.error


def test_trees_with_several_systems_are_paired_by_system(tree):
    results = tree / "closed" / "STMicroelectronics" / "results"
    systems = results.parent / "systems"
    shutil.copytree(results / SYSTEM, results / "OTHER")
    shutil.copy(systems / f"{SYSTEM}.json", systems / "OTHER.json")
    words = ("compare", tree, tree, "--datasets", reference_path("datasets"), "--json")
    names = [pair["name"] for pair in json.loads(command(*words).out)["pairs"]]
    assert "ic performance (OTHER)" in names
    assert f"ic performance ({SYSTEM})" in names
    assert len(names) == 12


def test_a_tree_is_compared_with_itself_without_a_difference(tree):
    datasets = reference_path("datasets")
    ran = command("compare", tree, tree, "--datasets", datasets, "--json", "--threshold", "0%")
    assert ran.status == 0
    found = [line for pair in json.loads(ran.out)["pairs"] for line in pair["lines"]]
    assert len(found) == 11  # twice 2 of performance and 3 of energy, and one accuracy
    assert not any(line["significant"] for line in found)
