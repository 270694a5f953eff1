"""Published sessions of the streaming wake word become a submission, of v1.3 and of v1.4."""

from __future__ import annotations

import filecmp
import re
import shutil
from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.reference import reference_path
from support.sessions.of_mlcommons import INIT, PUBLISHED_SWW, described, published_sessions
from support.sessions.submission_trees import larger_task_sessions, write_description
from tinyrunner.models.suite import BENCHMARKS, TASKS
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level, Severity
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.checklist import fill_checklist
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.gather import BuildError, gather
from tinyrunner.runner.terms import Mode


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return published_sessions(tmp_path / "sessions", streaming=True)


@pytest.fixture
def datasets() -> Path:
    return reference_path("datasets")


def test_they_stand_in_a_tree_as_the_runner_left_them(sessions, datasets, tmp_path) -> None:
    """That of energy was published without its samples: what they would tell is not judged."""
    file = described(tmp_path, sessions, "--round", "v1.3", "--set", f"datasets={datasets}")
    built = build(load_description(file), tmp_path / "out")
    for mode, name in PUBLISHED_SWW.items():
        there, here = built.root / "results" / "board" / "sww" / mode, sessions / name
        names = sorted(path.name for path in here.iterdir())
        assert sorted(path.name for path in there.iterdir()) == names
        assert all(filecmp.cmp(there / one, here / one, shallow=False) for one in names)
    assert not [note for note in built.notes if "sww" in note]
    found = audit(built.root, round_name="v1.3", datasets=datasets)
    assert [f.found for f in found.findings if f.severity is Severity.VIOLATION] == []
    unjudged = [f.path for f in found.findings if f.severity is Severity.NOT_JUDGED]
    assert unjudged == ["results/board/sww/energy/log.txt"] * 2
    assert found.official.ok
    (row,) = [dict(one.values) for one in found.official.rows if dict(one.values)["Model"] == "sww"]
    assert (row["Power"], row["FalseNegatives"], row["FalsePositives"]) == ("25.622", "6", "4")
    readme = (built.root / "code/streaming_wakeword/board/README.md").read_text(encoding="utf-8")
    assert "python main.py --mode e" in readme
    assert "| words | 44 TP, 6 FN, 4 FP |" in readme
    assert "| recording | long_wav.wav, 1200 s; the official words of long_wav.wav |" in readme


def test_with_performance_alone_a_tree_of_v14_is_submittable(sessions, datasets, tmp_path) -> None:
    shutil.rmtree(sessions / PUBLISHED_SWW["energy"])
    built = build(load_description(described(tmp_path, sessions)), tmp_path / "out")
    found = audit(built.root, round_name="v1.4", datasets=datasets)
    assert found.holds(Level.SUBMITTABLE)
    assert found.official.ok


def test_the_checklist_tells_words_and_their_limits(sessions, datasets, tmp_path) -> None:
    told = load_description(described(tmp_path, sessions, "--set", f"datasets={datasets}"))
    filled = fill_checklist(told, gather(told), load_rounds().get("v1.4"))
    (row,) = [one for one in filled.table if one.benchmark == "sww"]
    assert (row.figure, row.target, row.met) == ("44 TP, 6 FN, 4 FP", "at most 8 FN, 8 FP", True)
    answers = {one.question: one.answer for one in filled.answers}
    assert answers["Benchmarks"] == "kws, sww"
    assert answers["Is the accuracy target met for every benchmark?"].startswith("Yes")
    whole = answers["Was accuracy mode run on the whole validation set?"]
    assert whole == "Yes; the whole official recording of sww was played"


def test_a_session_that_does_not_tell_its_words_asks_for_them_or_takes_fetched_ones(
    sessions, tmp_path, monkeypatch
) -> None:
    file = described(tmp_path, sessions)
    text = file.read_text(encoding="utf-8")
    assert "datasets: null" in text
    with pytest.raises(BuildError, match=r"sww/energy: .* no results\.json .* `datasets`"):
        build(load_description(file), tmp_path / "out")
    cache = tmp_path / "cache" / "labels" / "sww01"
    cache.mkdir(parents=True)
    shutil.copy(reference_path("datasets", "sww01", "sww_long_test.json"), cache)
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))
    assert gather(load_description(file)).sessions[-1].official_words
    ran = tinyrunner("score", sessions / PUBLISHED_SWW["energy"])
    assert "44 true positives, 6 false negatives, 4 false positives" in ran.out
    shutil.rmtree(sessions / PUBLISHED_SWW["energy"])
    other = tmp_path / "other.yaml"
    assert tinyrunner(*INIT, other, "--session", sessions).status == 0
    assert "datasets:" not in other.read_text(encoding="utf-8")


def test_a_round_without_it_does_not_take_it(sessions, tmp_path) -> None:
    file = described(tmp_path, sessions / PUBLISHED_SWW["performance"], "--round", "v1.2")
    with pytest.raises(BuildError, match=r"v1\.2 does not take"):
        build(load_description(file), tmp_path / "out")


def test_it_has_no_accuracy_mode(sessions, tmp_path) -> None:
    file = described(tmp_path, sessions / PUBLISHED_SWW["performance"])
    text = file.read_text(encoding="utf-8")
    at = text.index("sww:")
    file.write_text(text[:at] + text[at:].replace("performance:", "accuracy:", 1), "utf-8")
    with pytest.raises(Exception, match="sww has no accuracy mode: its words are counted in"):
        load_description(file)


@pytest.mark.parametrize(
    ("mode", "pattern", "new", "told"),
    [
        ("performance", "44 True", "45 True", "says 45 for true positives"),
        ("performance", "55.908 inf", "56.908 inf", "says 56.908 for throughput"),
        ("performance", "Average duty cycle.*\n", "", "says nothing for duty cycle"),
        ("energy", "4 False positives", "3 False positives", "says 3 for false positives"),
        ("energy", "duty cycle: 0.", "duty cycle: 0.1", "for duty cycle, its log gives"),
        ("energy", "25.6220 mW", "24.6220 mW", "says 24.6220 for energy of trial 0 power in mW"),
    ],
)
def test_results_that_are_not_their_logs_are_not_built_from(
    sessions, datasets, tmp_path, mode, pattern, new, told
) -> None:
    session = sessions / PUBLISHED_SWW[mode]
    file = described(tmp_path, session, "--set", f"datasets={datasets}")
    path = session / "results.txt"
    text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"), count=1)
    assert count
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BuildError, match=re.escape(told)):
        gather(load_description(file))


@pytest.mark.parametrize("round_name", ["v1.3", "v1.4"])
def test_five_tasks_make_a_sound_tree_of_v13_and_six_one_of_v14(
    demo_sessions, sessions, tmp_path, tmp_path_factory, round_name
) -> None:
    """The others are of simulated devices and sww of a board: mixed, which is said and is no fault.

    For the time it takes each of them has the two modes that the rounds ask for.
    """
    chosen = {place: path for place, path in demo_sessions.items() if place[1] is not Mode.ENERGY}
    chosen["sww", Mode.PERFORMANCE] = sessions / PUBLISHED_SWW["performance"]
    if round_name == "v1.4":
        chosen |= larger_task_sessions(tmp_path_factory)
    told = load_description(write_description(tmp_path / "d", chosen, round_name=round_name))
    built = build(told, tmp_path / "out", allow_mixed=True)
    found = audit(built.root, round_name=round_name)
    tasks = {*TASKS, "sww"} if round_name == "v1.3" else BENCHMARKS.keys()
    assert {one.place.task_key for one in found.sessions} == tasks
    assert {dict(row.values)["Model"] for row in found.official.rows} == tasks
    assert found.official.ok
    assert found.holds(Level.SOUND)
