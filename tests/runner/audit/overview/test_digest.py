"""An audit in short: each session's standing, findings by rule and submitter, within one screen."""

from __future__ import annotations

import os
import re
import shutil
from io import StringIO

import pytest
from rich.console import Console
from support.reference import reference_path
from support.sessions.audited import ST_V13, published_session
from support.sessions.tree_mutations import linked_copy
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level, Rule
from tinyrunner.runner.audit.overview.digest import Standing, digest
from tinyrunner.runner.audit.overview.rule_guide import GUIDES
from tinyrunner.runner.audit.overview.standings import Unit
from tinyrunner.runner.commands.show.audit import Detail, show_audit
from tinyrunner.runner.score.rules import Severity

BOSCH = "record/v1.2/closed/bosch"
SYNTIANT = "record/v1.2/closed/syntiant"
WITHOUT_WORDS = (
    "the words of long_wav.wav are not at hand, so that hits and misses cannot be counted"
)


def shown(found, detail: Detail, width: int = 100) -> str:
    text = StringIO()
    show_audit(Console(file=text, width=width), found, Level.SUBMITTABLE, detail)
    return text.getvalue()


def copied(tmp_path, source: str):
    """A tree of v1.2 with one published submitter that may be changed."""
    target = tmp_path / "v1.2/closed" / source.rpartition("/")[2]
    shutil.copytree(reference_path(*source.split("/")), target)
    for path in target.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return target


def test_each_session_has_one_standing_and_a_reason():
    short = digest(audit(reference_path("record", "v0.7")))
    assert len(short.of(Standing.REPRODUCED)) == 3
    assert short.of(Standing.DISAGREES) == ()
    assert {one.why for one in short.of(Standing.NOT_JUDGED)} == {
        "the label list is not at hand, so that the accuracy cannot be recomputed"
    }
    (wake_word,) = digest(audit(reference_path("record", "v1.3"))).sessions
    assert (wake_word.standing, wake_word.why) == (Standing.NOT_JUDGED, WITHOUT_WORDS)
    lists = reference_path("datasets")
    (wake_word,) = digest(audit(reference_path("record", "v1.3"), datasets=lists)).sessions
    assert wake_word.standing is Standing.BY_WORDS
    assert wake_word.why.startswith("no samples are at hand, so that power")
    assert (wake_word.printed, wake_word.unit) == ("46 TP, 4 FN, 4 FP", Unit.F1)
    assert wake_word.recomputed == 0.92


def test_a_figure_that_was_changed_disagrees_and_says_by_how_much(tmp_path):
    folder = copied(tmp_path, SYNTIANT)
    (results,) = folder.rglob("results.txt")
    before = results.read_text("utf-8")
    (printed,) = {one.printed for one in digest(audit(tmp_path / "v1.2")).sessions}
    changed = f"{float(printed) * 1.02:.3f}"
    results.write_text(before.replace(printed, changed), encoding="utf-8")
    found = audit(tmp_path / "v1.2")
    (one,) = digest(found).of(Standing.DISAGREES)
    assert one.printed == changed
    assert one.why == "+2 %"
    assert f"printed {changed}, recomputed {float(printed):.6g} inf/s (+2 %)" in shown(
        found, Detail.SUMMARY, 160
    )
    assert "✗ kws performance" in shown(found, Detail.GROUPS)


def test_a_power_that_was_changed_stands_beside_the_one_recomputed_not_the_equal_energies(tmp_path):
    one = published_session(tmp_path, ST_V13, "kws", "energy")
    one.replace("results.txt", "32.8730 mW", "30.8730 mW")
    found = audit(tmp_path, round_name="v1.3")
    (told,) = digest(found).of(Standing.DISAGREES)
    said = (
        "power in mW of energy of trial 0 is printed 30.8730 mW, expected 32.87300 mW, as it is "
        "recomputed (1 line of its results)"
    )
    assert told.against == said
    assert f"kws energy, {said}" in shown(found, Detail.SUMMARY, 240)
    (row,) = [line for line in shown(found, Detail.GROUPS, 160).splitlines() if "✗" in line]
    assert "1430.6681 µJ/inf (1 line of its results)" in row


def test_a_wake_words_power_that_was_changed_stands_beside_the_one_that_its_energy_gives(tmp_path):
    target = tmp_path / "v1.3/closed/syntiant"
    shutil.copytree(reference_path("record", "v1.3", "closed", "syntiant"), target)
    (results,) = target.rglob("results.txt")
    results.chmod(0o644)
    text, many = re.subn(r"(Power +: +)[\d.]+", r"\g<1>9.8765", results.read_text("utf-8"))
    assert many == 1
    results.write_text(text, encoding="utf-8")
    found = audit(tmp_path / "v1.3", datasets=reference_path("datasets"))
    (told,) = digest(found).of(Standing.DISAGREES)
    assert re.match(
        r"power in mW is printed 9\.8765, expected \d\.\d{4}, by the energy", told.against
    )


def test_several_of_a_kind_in_one_session_are_one_and_each_place_is_shown_on_request(
    built_tree, tmp_path
):
    tree = linked_copy(built_tree("v1.2"), tmp_path / "tree")
    results = tree.folder / "results/simulated_board/kws/performance"
    for path in results.glob("result*.txt"):
        text = path.read_text("utf-8")
        path.unlink()
        path.write_text(text.replace("# Inferences :", "# Inferences : 1"), encoding="utf-8")
    found = audit(tree.root, round_name="v1.2")
    (group,) = [one for one in digest(found).groups if one.rule is Rule.RESULT_LINE]
    assert len(group.findings) >= 5
    short, whole = shown(found, Detail.GROUPS), shown(found, Detail.ALL)
    assert len(short.splitlines()) < len(whole.splitlines())
    assert whole.count("results.txt:") > short.count("results.txt:")


def test_findings_of_a_rule_at_a_submitter_are_one_group_the_gravest_first(tmp_path):
    copied(tmp_path, BOSCH)
    short = digest(audit(tmp_path / "v1.2"))
    keys = [(one.rule, one.severity, one.submitter) for one in short.groups]
    assert len(keys) == len(set(keys))
    severities = [one.severity for one in short.groups]
    assert severities == sorted(severities, key=list(Severity).index)


def test_the_digest_of_a_round_fits_a_screen(tmp_path):
    root = tmp_path / "v1.2"
    sources = [reference_path(*name.split("/")) for name in (BOSCH, SYNTIANT)]
    for number in range(80):
        for source in sources:
            target = root / "closed" / f"{source.name}{number:02d}"
            shutil.copytree(source, target, copy_function=os.link)
    found = audit(root)
    assert len(found.sessions) == 160
    text = shown(found, Detail.SUMMARY)
    lines = text.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 130  # the names of the submitters wrap, nothing else is longer
    assert "160 sessions: 160 reproduced, 0 disagree" in text


def test_every_rule_is_explained():
    assert set(GUIDES) == set(Rule)
    assert all(guide.source and guide.remedy for guide in GUIDES.values())


def test_the_ids_of_the_rules_stay():
    assert {rule.id for rule in Rule} >= {
        "division", "submitter-folders", "system-json", "system-keys", "result-line", "log",
        "trace", "input-order", "official-list", "official-checker", "round-rule", "timer",
        "privacy",
    }  # fmt: skip


@pytest.mark.parametrize("rule", list(Rule), ids=lambda rule: rule.id)
def test_an_id_is_one_word(rule):
    assert rule.id.replace("-", "").isalpha()
    assert rule.id == rule.id.lower()


def test_in_a_narrow_terminal_words_are_counts_and_each_mode_is_named():
    published, words = reference_path("published", "v1.3"), reference_path("datasets")
    found = audit(published, round_name="v1.3", datasets=words)
    lines = shown(found, Detail.GROUPS, width=80).splitlines()
    (energy,) = [line for line in lines if line.startswith("  sww energy ")]
    (performance,) = [line for line in lines if line.startswith("  sww performance ")]
    assert "44/6/4" in energy
    assert performance.split() == [
        "sww", "performance", "44/6/4,", "55.908", "inf/s", "44/6/4,", "55.908", "inf/s", "sww01",
        "board",
    ]  # fmt: skip
    assert "a/b/c of sww: TP, FN and FP" in lines
    assert "44 TP, 6 FN, 4 FP, 55.908 inf/s" in shown(found, Detail.GROUPS, width=120)
