"""What is never built, what is built only when overruled, and what a failure leaves: nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.sessions.altered import altered, pointed_to, write_labels
from support.sessions.submission_trees import IMPLEMENTATION, write_description
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.submission import build as build_module
from tinyrunner.runner.submission import documents
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.terms import Mode

P, A, E = ("kws", Mode.PERFORMANCE), ("kws", Mode.ACCURACY), ("kws", Mode.ENERGY)


@pytest.fixture
def kws(demo_sessions):
    return {place: demo_sessions[place] for place in (P, A, E)}


def described(tmp_path: Path, sessions, **options):
    return load_description(write_description(tmp_path / "described", sessions, **options))


def refusal(tmp_path: Path, description, **options) -> str:
    """Why it was not built; nothing may be left of the attempt."""
    out = tmp_path / "deep" / "out"
    with pytest.raises(SetupError) as caught:
        build(description, out, **options)
    assert not (tmp_path / "deep").exists()
    return str(caught.value)


@pytest.mark.parametrize(
    ("place", "changes", "told"),
    [
        (A, {"device.vendor": "other"}, "the firmware's name differs: 'tinyrunner-simulated' in"),
        (E, {"device.profile": "V9"}, "the firmware's profile differs"),
        (A, {"device.model_id": "kws02"}, "kws: the model id differs: 'kws01' in"),
        (P, {"tool.version": "9.9.9"}, "'tinyrunner 9.9.9' in simulated_board/kws/performance"),
        (E, {"simulated.model_sha256": "0" * 64}, "simulated device's model (sha256) differs"),
        (P, {"dataset.content_sha256": "2" * 64}, "the inputs' content (sha256) differs"),
        (P, {"division": "open"}, "run for the open division, the submission is of the closed"),
    ],
)
def test_sessions_that_were_not_made_alike_are_built_only_when_overruled(
    kws, tmp_path, place, changes, told
):
    sessions = kws | {place: altered(kws[place], tmp_path / "changed", changes)}
    description = described(tmp_path, sessions)
    why = refusal(tmp_path, description)
    assert told in why
    assert "--allow-mixed" in why
    built = build(description, tmp_path / "mixed", allow_mixed=True)
    assert any(told in note for note in built.notes)
    readme = built.root / "code" / "keyword_spotting" / IMPLEMENTATION / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert "--allow-mixed" in text
    assert told in text


def test_sessions_by_different_label_lists_are_not_built(kws, tmp_path):
    other = altered(kws[E], tmp_path / "changed", {})
    write_labels(other, (other / "y_labels.csv").read_text().partition("\n")[2])
    assert "the label list (sha256) differs" in refusal(
        tmp_path, described(tmp_path, kws | {E: other})
    )


def test_every_difference_is_told(kws, tmp_path):
    changes = {"device.vendor": "x", "tool.version": "y", "dataset.content_sha256": "z"}
    sessions = kws | {A: altered(kws[A], tmp_path / "changed", changes)}
    why = refusal(tmp_path, described(tmp_path, sessions))
    for told in ("firmware's name", "tool differs", "inputs' content"):
        assert told in why


def test_sessions_of_different_tasks_may_have_different_models_and_data(demo_sessions, tmp_path):
    sessions = {p: s for p, s in demo_sessions.items() if p[0] in ("kws", "ad")}
    built = build(described(tmp_path, sessions, round_name="v1.3"), tmp_path / "out")
    assert built.notes == ()


def _cut(session: Path, target: Path, name: str, text: str, new: str) -> Path:
    shutil.copytree(session, target)
    path = target / name
    content = path.read_text(encoding="utf-8")
    assert text in content
    path.write_text(content.replace(text, new), encoding="utf-8")
    return target


def _without_result(session: Path, target: Path) -> Path:
    shutil.copytree(session, target)
    (target / "result.txt").unlink()
    return target


NEVER = {
    "another mode": (lambda kws, to: {P: kws[E]}, "is a session of kws energy"),
    "no result": (lambda kws, to: {A: _without_result(kws[A], to)}, "no result.txt"),
    "no end": (
        lambda kws, to: {A: _cut(kws[A], to, "log.txt", "session: m-session-stop", "dut: m-x")},
        "does not hold the end",
    ),
    "not there": (lambda kws, to: {A: to}, "is no folder"),
    "damaged": (
        lambda kws, to: {A: _cut(kws[A], to, "session.json", '"task"', '"tusk"')},
        "damaged",
    ),
    "a figure changed": (
        lambda kws, to: {
            P: _cut(kws[P], to, "result.txt", "Median throughput is ", "Median throughput is 9")
        },
        "median_throughput",
    ),
    "a window changed": (
        lambda kws, to: {E: _cut(kws[E], to, "result.txt", "          55", "          65")},
        "window 2 inferences",
    ),
}


@pytest.mark.parametrize("case", NEVER)
def test_what_is_no_session_of_its_place_is_never_built(kws, tmp_path, case):
    change, told = NEVER[case]
    sessions = kws | change(kws, tmp_path / "changed")
    path = write_description(tmp_path / "described", kws)
    text = path.read_text(encoding="utf-8")
    for (_, mode), folder in sessions.items():
        text = pointed_to(text, mode.value, folder)
    path.write_text(text, encoding="utf-8")
    assert told in refusal(tmp_path, load_description(path), allow_mixed=True)


def test_one_folder_given_twice_is_refused(kws, tmp_path):
    path = write_description(tmp_path / "described", kws)
    text = pointed_to(path.read_text(encoding="utf-8"), "accuracy", kws[P])
    path.write_text(text, encoding="utf-8")
    why = refusal(tmp_path, load_description(path))
    assert "is the session of simulated_board/kws/performance already" in why


def test_energy_needs_its_hookup(kws, tmp_path):
    path = write_description(tmp_path / "described", kws)
    text = path.read_text(encoding="utf-8")
    start = text.index("      text: ")
    path.write_text(text[:start] + "      text: ''\n" + text[text.index("\n", start) :], "utf-8")
    assert "hookup" in refusal(tmp_path, load_description(path))


def test_an_unreadable_picture_leaves_nothing(kws, tmp_path):
    picture = tmp_path / "wires.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    path = write_description(tmp_path / "described", kws)
    text = path.read_text(encoding="utf-8").replace("picture: null", f"picture: {picture}")
    path.write_text(text, encoding="utf-8")
    assert "wires.png cannot be put into a PDF" in refusal(tmp_path, load_description(path))


def test_what_exists_is_never_overwritten(kws, tmp_path):
    description = described(tmp_path, {P: kws[P]})
    place = tmp_path / "out" / "closed" / "Acme"
    place.mkdir(parents=True)
    (place / "mine.txt").write_text("mine")
    with pytest.raises(SetupError, match="is not overwritten"):
        build(description, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "closed").iterdir()] == ["Acme"]
    assert (place / "mine.txt").read_text() == "mine"
    shutil.rmtree(place)
    place.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SetupError, match="is not overwritten"):
        build(description, tmp_path / "out")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
@pytest.mark.parametrize(
    ("module", "step"),
    [
        (build_module, "write_session"),
        (build_module, "copy_code"),
        (documents, "write_checklist"),
        (build_module, "render_sums"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_build_that_is_stopped_leaves_nothing(kws, tmp_path, monkeypatch, error, module, step):
    description = described(tmp_path, {P: kws[P]})
    real, calls = getattr(module, step), []

    def stopped(*arguments):
        calls.append(list((tmp_path / "out" / "closed").iterdir()))
        real(*arguments)
        raise error

    monkeypatch.setattr(module, step, stopped)
    (tmp_path / "out").mkdir()
    with pytest.raises(type(error)):
        build(description, tmp_path / "out")
    assert calls  # it was under way
    assert calls[0]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_neighbours_tree_stays(kws, tmp_path):
    theirs = tmp_path / "out" / "closed" / "Other" / "results"
    theirs.mkdir(parents=True)
    build(described(tmp_path, {P: kws[P]}), tmp_path / "out")
    assert theirs.is_dir()
    assert {path.name for path in (tmp_path / "out" / "closed").iterdir()} == {"Acme", "Other"}


def test_a_place_that_cannot_be_written_is_told(kws, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SetupError, match="--out"):
        build(described(tmp_path, {P: kws[P]}), tmp_path / "file")


def test_one_name_for_two_implementations_is_refused(kws, tmp_path):
    path = write_description(tmp_path / "described", {P: kws[P]})
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  - id:"), text.index("# The submission checklist")
    other = shutil.copytree(kws[P], tmp_path / "other")
    second = text[start:end].replace("id: simulated_board", "id: b2")
    second = pointed_to(second.replace("folder: firmware", "folder: null"), "performance", other)
    path.write_text(text[:end] + second + text[end:], encoding="utf-8")
    assert "two names" in refusal(tmp_path, load_description(path))
