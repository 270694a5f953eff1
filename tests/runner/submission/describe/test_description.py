"""submission.yaml, read strictly: every mistake by file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyrunner.runner.config.config import ConfigError
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.describe.system_json import TEMPLATE_NAMES
from tinyrunner.runner.terms import Division, Mode

TOLD = {"Submitter": "Acme", "Division": "Closed", "Status": "Available", "SoC Name": "ACM32"}


def text_of(**changes: str) -> str:
    """A whole file, with some of its parts replaced."""
    keys = "".join(f"      {name}: '{TOLD.get(name, '')}'\n" for name in TEMPLATE_NAMES)
    parts = {
        "top": "round: v1.2\ndivision: closed\norganization: Acme\n",
        "id": "  - id: board\n",
        "description": f"    description:\n{keys}",
        "sessions": "    sessions:\n      kws:\n        performance: runs/p\n"
        "        accuracy: /a\n",
        "code": "    code:\n      kws: {implementation: tflm, folder: ../fw}\n",
        "hookup": "    hookup: {text: wires}\n",
        "checklist": "checklist:\n  numerics: INT8\n  disallowed_techniques: no\n",
    } | changes
    return (
        parts["top"]
        + "systems:\n"
        + "".join(parts[key] for key in ("id", "description", "sessions", "code", "hookup"))
        + parts["checklist"]
    )


def load(tmp_path: Path, text: str):
    path = tmp_path / "submission.yaml"
    path.write_text(text, encoding="utf-8")
    return load_description(path)


def test_a_whole_description_is_read(tmp_path):
    told = load(tmp_path, text_of())
    assert (told.round, told.division, told.organization) == ("v1.2", Division.CLOSED, "Acme")
    (system,) = told.systems
    assert system.places == {
        ("kws", Mode.PERFORMANCE): tmp_path / "runs" / "p",
        ("kws", Mode.ACCURACY): Path("/a"),
    }
    assert system.description["SoC Name"] == "ACM32"
    assert system.code["kws"].folder == tmp_path / ".." / "fw"
    assert system.hookup.told
    assert told.checklist.numerics == "INT8"
    assert told.checklist.disallowed_techniques == "no"  # YAML reads a bare no as false
    assert told.checklist.backend == ""


@pytest.mark.parametrize("sessions", [None, "    sessions:\n", ""], ids=["others", "empty", "none"])
def test_sessions_that_were_measured_stand_for_those_of_their_places_alone(sessions, tmp_path):
    path = tmp_path / "submission.yaml"
    path.write_text(text_of() if sessions is None else text_of(sessions=sessions), encoding="utf-8")
    measured = {"board": {"kws": {"accuracy": tmp_path / "now"}}}
    (system,) = load_description(path, measured).systems
    kept = {("kws", Mode.PERFORMANCE): tmp_path / "runs" / "p"} if sessions is None else {}
    assert system.places == kept | {("kws", Mode.ACCURACY): tmp_path / "now"}
    with pytest.raises(ConfigError, match="systems: none is called 'bord'; did you mean board"):
        load_description(path, {"bord": {}})


def test_either_spelling_and_an_empty_value_are_read(tmp_path):
    text = text_of().replace("      Operating System: ''", "      'Operating System ': Zephyr")
    text = text.replace("      Accelerator: ''", "      Accelerator:")
    (system,) = load(tmp_path, text).systems
    assert system.description["Operating System"] == "Zephyr"
    assert system.description["Accelerator"] == ""


LINE_OF_DESCRIPTION = 6
STATUS_LINE = LINE_OF_DESCRIPTION + 3


@pytest.mark.parametrize(
    ("text", "line", "key", "why"),
    [
        (text_of(top="round: v9.9\ndivision: closed\norganization: Acme\n"), 1, "round", "v9.9"),
        (text_of(top="round: v1.2\ndivision: both\norganization: Acme\n"), 2, "division", "both"),
        (text_of(top="round: v1.2\ndivision: closed\norganization: a/b\n"), 3, "organization",
         "/"),
        (text_of(top="round: v1.2\ndivision: closed\n"), 1, "organization", "missing"),
        (text_of(top="round: v1.2\ndivision: closed\norganization: A\nwho: me\n"), 4, "who",
         "unknown"),
        (text_of(id="  - id: CON\n"), 5, "systems.0.id", "Windows"),
        (text_of(id="  - idd: x\n"), 5, "systems.0.idd", "did you mean id"),
        (text_of(description="    description: {Statuz: x}\n"), 6, "systems.0.description.Statuz",
         "did you mean Status"),
        (text_of(description="    description: {Status: 7}\n"), 6, "systems.0.description.Status",
         "quotes"),
        (text_of(description="    description: {Status: rdi}\n"), 6, "systems.0.description",
         "missing: Submitter; Division; Board Name"),
        (text_of().replace("'Available'", "great"), STATUS_LINE, "systems.0.description.Status",
         "available, preview, rdi"),
        (text_of().replace("'Closed'", "open"), STATUS_LINE - 1, "systems.0.description.Division",
         "expected closed"),
        (text_of(sessions="    sessions:\n      kvs: {performance: x}\n"), 41,
         "systems.0.sessions.kvs", "did you mean kws"),
        (text_of(sessions="    sessions:\n      kws: {speed: x}\n"), 41,
         "systems.0.sessions.kws.speed", "performance, accuracy, energy"),
        (text_of(sessions="    sessions:\n      kws: {}\n"), 41, "systems.0.sessions.kws",
         "no session"),
        (text_of(sessions="    sessions: {}\n"), 40, "systems.0.sessions", "at least 1"),
        (text_of(code=""), 5, "systems.0.code", "kws is missing"),
        (text_of(code="    code:\n      kws: {implementation: a/b}\n"), 45,
         "systems.0.code.kws.implementation", "'/' in it"),
        (text_of(hookup="    hookup: {picture: 3}\n"), 46, "systems.0.hookup.picture", "a path"),
        (text_of(checklist="checklist:\n  numerics: [INT8]\n"), 48, "checklist.numerics", "text"),
        (text_of(checklist="checklist:\n  numeric: x\n"), 48, "checklist.numeric",
         "did you mean numerics"),
        ("round: v1.2\ndivision: closed\norganization: A\nsystems: board\n", 4, "systems",
         "a list of systems"),
        (text_of(top="round: v1.2\nround: v1.3\n"), 2, "", "key round stands on line 1 already"),
        ("[]\n", 1, "", "keys and values"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_line_and_key(tmp_path, text, line, key, why):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    told = str(caught.value).splitlines()
    place = f"{tmp_path / 'submission.yaml'}:{line}: {key}"
    assert any(one.startswith(place) and why in one for one in told), told


def test_two_systems_of_one_name_are_refused(tmp_path):
    text = text_of(checklist="")
    block = text[text.index("  - id:") :]
    with pytest.raises(ConfigError, match=r"submission.yaml:47: systems.1.id: .*'BOARD' already"):
        load(tmp_path, text + block.replace("id: board", "id: BOARD"))


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text_of(id="  - id: ..\n", top="round: v9\ndivision: x\n"))
    assert len(str(caught.value).splitlines()) >= 4


def test_without_a_file_init_is_named(tmp_path):
    with pytest.raises(ConfigError, match="submission init"):
        load_description(tmp_path / "none.yaml")


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "submission.yaml"
    path.write_bytes(b"round: \xff")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_description(path)
