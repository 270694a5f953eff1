"""Sessions of the streaming wake word, published and ours, become trees of v1.3 and of v1.4."""

from __future__ import annotations

import filecmp
import re
import shutil
from pathlib import Path

import pytest
from support.benches.streaming_runs import recordings, run_sww
from support.cli import document, sessions_in, tinyrunner
from support.made_once import made_once
from support.reference import reference_path
from support.sessions.of_mlcommons import INIT, PUBLISHED_SWW, described, published_sessions
from support.sessions.submission_trees import (
    SYSTEM,
    SessionsByPlace,
    copied_tree,
    larger_task_sessions,
    write_description,
)
from tinyrunner.models.suite import BENCHMARKS, TASKS
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level, Severity
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.checklist import fill_checklist
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.describe.placing import place_sessions
from tinyrunner.runner.submission.gather import BuildError, gather
from tinyrunner.runner.terms import Mode


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return published_sessions(tmp_path / "sessions", "sww")


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
    assert answers["Benchmarks"] == "sww"
    assert answers["Is the accuracy target met for every benchmark?"].startswith("Yes")
    whole = answers["Was accuracy mode run on the whole validation set?"]
    assert whole == "No accuracy mode: the whole official recording of sww was played"


def test_a_session_that_does_not_tell_its_words_asks_for_them_or_takes_fetched_ones(
    sessions, tmp_path, monkeypatch
) -> None:
    file = described(tmp_path, sessions)
    text = file.read_text(encoding="utf-8")
    assert "datasets: null" in text
    with pytest.raises(BuildError, match=r"sww/energy: .* no results\.json .* `datasets`"):
        build(load_description(file), tmp_path / "out")
    nowhere = tmp_path / "nowhere.yaml"
    nowhere.write_text(text.replace("datasets: null", "datasets: /nowhere"), encoding="utf-8")
    with pytest.raises(BuildError, match=r"datasets: .*nowhere is no folder"):
        gather(load_description(nowhere))
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


# --- ours ----------------------------------------------------------------------------------------

FIFTY = [[3.5 * n + 2, 3.5 * n + 2.6] for n in range(50)]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of sww in both modes: three minutes of fifty words, one of which is missed."""

    def run(folder: Path) -> None:
        recordings(folder / "datasets", wav_file="long_wav.wav", length_sec=180.0,
                   detection_windows=FIFTY)  # fmt: skip
        ran = run_sww(
            folder, "--mode", "energy", "--monitor", "sim:lpm01a", "--supply-v", "3",
            options="miss=7&audio_ppm=-2300&manner=st",
        )  # fmt: skip
        assert ran.status == 3, ran

    return made_once(tmp_path_factory, "sww-sessions", run) / "sessions"


def placed(sessions: Path) -> SessionsByPlace:
    """Task and mode to the session of a run."""
    return {
        ("sww", Mode(document(one)["provenance"]["mode"])): one for one in sessions_in(sessions)
    }


@pytest.fixture(scope="module")
def own_tree(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        described = write_description(folder / "d", placed(ours), round_name="v1.3")
        build(load_description(described), folder / "tree")

    return made_once(tmp_path_factory, "sww-tree", make) / "tree"


def test_sessions_of_ours_are_rendered_beside_their_journal_and_sound(ours, own_tree) -> None:
    found = audit(own_tree, round_name="v1.3")
    assert found.official.ok
    assert found.holds(Level.SOUND)
    assert len(found.sessions) == 2
    for one in found.sessions:
        folder, session = own_tree / one.place.path, placed(ours)["sww", one.place.mode]
        assert filecmp.cmp(folder / "journal.txt", session / "log.txt", shallow=False)
        assert "rendered from journal.txt" in (folder / "log.txt").read_text("utf-8")
        rendered, own = one.assessment, judge_any(session).assessment
        assert rendered.streaming.words.counts == own.streaming.words.counts == (49, 1, 0)
        assert rendered.streaming.words.false_s == own.streaming.words.false_s
        assert rendered.streaming.duty.duty_cycle == own.streaming.duty.duty_cycle
        assert rendered.streaming.drift.ppm == own.streaming.drift.ppm
        if own.power_w is not None:
            assert rendered.power_w == pytest.approx(own.power_w, rel=1e-6)


def test_the_readme_says_how_to_run_them_again(own_tree) -> None:
    (readme,) = own_tree.rglob("README.md")
    text = readme.read_text(encoding="utf-8")
    assert "tinyrunner run sww --mode energy" in text
    assert "| words | 49 TP, 1 FN, 0 FP |" in text
    assert "| interface board | tinyML Enhanced Interface Board" in text
    assert "| IO manager" not in text


@pytest.mark.parametrize(
    ("name", "pattern", "new", "told"),
    [
        ("journal.txt", r"^(\d+\.\d+ ib: )53,", r"\g<1>63,", "streaming.marker_ms is 63"),
        ("session.json", r'"false_negatives": 1', '"false_negatives": 0', "false_negatives is 0"),
        ("session.json", r'("labels_sha256": ")....', r"\1abcd", "dataset.labels_sha256 is 'abcd"),
        ("truth.json", r"\[2.0, ", "[1.9, ", "words that are not"),
        ("results.txt", "49 True", "50 True", "true positives is printed 50"),
        ("results.json", '"duty_cycle": 0.', '"duty_cycle": 0.1', "duty_cycle is 0.1"),
    ],
)
def test_what_was_changed_in_one_of_the_files_is_found(
    own_tree, tmp_path, name, pattern, new, told
) -> None:
    copied = copied_tree(own_tree, tmp_path / "tree")
    path = copied / "results" / SYSTEM / "sww" / "performance" / name
    text, count = re.subn(pattern, new, path.read_text("utf-8"), count=1, flags=re.M)
    assert count
    path.write_text(text, encoding="utf-8")
    found = audit(copied, round_name="v1.3").findings
    assert [one for one in found if told in one.found and one.severity is Severity.VIOLATION]


def test_results_of_ours_that_are_not_their_logs_are_not_built_from(ours, tmp_path) -> None:
    chosen = {place: shutil.copytree(path, tmp_path / place[1].value)
              for place, path in placed(ours).items()}  # fmt: skip
    path = tmp_path / "performance" / "result.txt"
    path.write_text(path.read_text("utf-8").replace("49 True", "50 True"), "utf-8")
    with pytest.raises(BuildError, match=r"says 'Accuracy: 50.*log gives 'Accuracy: 49"):
        gather(load_description(write_description(tmp_path / "d", chosen, round_name="v1.3")))


def test_one_without_a_board_is_no_session_to_submit(ours, tmp_path) -> None:
    copied = shutil.copytree(placed(ours)["sww", Mode.PERFORMANCE], tmp_path / "s")
    path = copied / "session.json"
    text = path.read_text("utf-8").replace('"mode": "performance"', '"mode": "accuracy"', 1)
    path.write_text(text, "utf-8")
    with pytest.raises(SetupError, match="in accuracy mode, which no submission has; leave it out"):
        place_sessions([copied])


def test_the_sessions_are_listed_with_power_or_throughput(ours) -> None:
    listed = tinyrunner("sessions", "list", ours, "--json").json
    figures = {one["mode"]: (round(one["figure"]["value"], 1), one["figure"]["unit"])
               for one in listed}  # fmt: skip
    assert figures["performance"] == (87.0, "inf/s")
    assert figures["energy"][1] == "mW"
    shown = tinyrunner("sessions", "show", placed(ours)["sww", Mode.PERFORMANCE]).out
    assert "49 true positives, 1 false negatives, 0 false positives" in shown


@pytest.mark.parametrize("round_name", ["v1.3", "v1.4"])
def test_five_tasks_make_a_sound_tree_of_v13_and_six_one_of_v14(
    demo_sessions, ours, tmp_path, tmp_path_factory, round_name
) -> None:
    """For the time it takes each of the others has the two modes that the rounds ask for."""
    chosen = {place: path for place, path in demo_sessions.items() if place[1] is not Mode.ENERGY}
    chosen |= placed(ours)
    if round_name == "v1.4":
        chosen |= larger_task_sessions(tmp_path_factory)
    told = load_description(write_description(tmp_path / "d", chosen, round_name=round_name))
    built = build(told, tmp_path / "out")
    found = audit(built.root, round_name=round_name)
    tasks = {*TASKS, "sww"} if round_name == "v1.3" else BENCHMARKS.keys()
    assert {one.place.task_key for one in found.sessions} == tasks
    assert {dict(row.values)["Model"] for row in found.official.rows} == tasks
    assert found.official.ok
    assert found.holds(Level.SOUND)
