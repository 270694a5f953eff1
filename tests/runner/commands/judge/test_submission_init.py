"""`submission init`: what it asks, what it writes, what it refuses."""

from __future__ import annotations

import re
import shutil
import signal
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cli import Terminal
from tinyrunner.runner.commands.judge import submission as command
from tinyrunner.runner.config.strict_yaml import read_yaml
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.describe.draft import scalar
from tinyrunner.runner.submission.describe.interview import Flags, collect, parse_settings
from tinyrunner.runner.submission.describe.kept_answers import KeptAnswers
from tinyrunner.runner.submission.describe.placing import place_sessions
from tinyrunner.runner.submission.describe.system_template import TEMPLATE, TEMPLATE_NAMES
from tinyrunner.runner.terms import Mode
from typer.testing import CliRunner


def init(*arguments: object, stdin: str = ""):
    """`submission init …`; an error of ours is raised as it is."""
    ran = CliRunner().invoke(command.app, ["init", *map(str, arguments)], input=stdin)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran


@pytest.fixture
def at_a_terminal(monkeypatch):
    """CliRunner's stdin says that it is none."""
    monkeypatch.setattr(command, "_is_terminal", lambda: True)


@pytest.fixture
def kws(demo_sessions):
    return [path for (key, _), path in demo_sessions.items() if key == "kws"]


BASICS = ("--yes", "--organization", "Acme", "--system", "board")


def sessions_flags(paths):
    return [word for path in paths for word in ("--session", path)]


def test_flags_alone_give_a_description_that_loads(kws, tmp_path):
    file = tmp_path / "mine.yaml"
    ran = init(
        file, *BASICS, *sessions_flags(kws), "--round", "v1.1", "--board", "Nucleo",
        "--set", "Operating System=Zephyr = 3", "--set", "checklist.numerics=INT8",
        "--set", "hookup.text=wired: so", "--division", "open",
    )  # fmt: skip
    assert ran.exit_code == 0
    assert "mine.yaml is written" in ran.output
    told = load_description(file)
    (system,) = told.systems
    assert (told.round, told.division.value, told.organization) == ("v1.1", "open", "Acme")
    assert system.id == "board"
    assert list(system.description) == list(TEMPLATE_NAMES)
    assert system.description["Operating System"] == "Zephyr = 3"
    assert system.description["Board Name"] == "Nucleo"
    assert system.description["Status"] == "rdi"  # simulated
    assert "tinyrunner-simulated" in system.description["Software Notes"]
    assert told.checklist.numerics == "INT8"
    assert told.checklist.backend == ""
    assert system.hookup.text == "wired: so"
    places = {key: path.resolve() for key, path in system.places.items()}
    assert places == {("kws", mode): next(p for p in kws if mode.value in p.name) for mode in Mode}


def test_every_key_stands_there_with_its_hint_in_the_templates_order(kws, tmp_path):
    file = tmp_path / "s.yaml"
    init(file, *BASICS, *sessions_flags(kws))
    lines = file.read_text(encoding="utf-8").splitlines()
    found = [line.strip() for line in lines if line[:6].isspace() and line[6:7].isupper()]
    assert [line.partition(":")[0] for line in found] == list(TEMPLATE_NAMES)
    for line, key in zip(found, TEMPLATE, strict=True):
        assert line.endswith(f"  # {key.hint}")


def test_a_folder_of_sessions_is_looked_through(demo_sessions, tmp_path):
    file = tmp_path / "s.yaml"
    root = next(iter(demo_sessions.values())).parent
    init(file, *BASICS, "--session", root)
    (system,) = load_description(file).systems
    assert len(system.places) == 14  # three modes of four tasks, two of sww


def test_paths_are_relative_to_the_file(demo_sessions, tmp_path):
    shutil.copytree(demo_sessions["kws", Mode.ACCURACY], tmp_path / "runs" / "a b")
    (tmp_path / "sub").mkdir()
    file = tmp_path / "sub" / "s.yaml"
    init(file, *BASICS, "--session", tmp_path / "runs" / "a b")
    assert "accuracy: ../runs/a b" in file.read_text(encoding="utf-8")
    (system,) = load_description(file).systems
    assert (system.places["kws", Mode.ACCURACY] / "log.txt").is_file()


def test_nothing_is_overwritten(kws, tmp_path):
    file = tmp_path / "s.yaml"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(SetupError, match="exists; name another file, or remove it"):
        init(file, *BASICS, *sessions_flags(kws))
    assert file.read_text(encoding="utf-8") == "mine"


def test_two_sessions_for_one_place_are_both_named(kws, tmp_path):
    other = shutil.copytree(kws[0], tmp_path / "other")
    with pytest.raises(SetupError) as caught:
        init(tmp_path / "s.yaml", *BASICS, *sessions_flags([*kws, other]))
    assert str(kws[0]) in str(caught.value)
    assert str(other) in str(caught.value)
    assert not (tmp_path / "s.yaml").exists()


def test_one_session_named_twice_is_one(kws):
    assert len(place_sessions([kws[0], kws[0]]).sessions) == 1


@pytest.mark.parametrize("given_flags", [(), ("--yes",)])
def test_without_anybody_to_ask_the_missing_flags_are_named(tmp_path, given_flags):
    with pytest.raises(SetupError, match=r"--organization, --session, --system \(or --board\)"):
        init(tmp_path / "s.yaml", *given_flags)
    with pytest.raises(SetupError) as caught:
        init(tmp_path / "s.yaml", "--organization", "A", "--board", "b", *given_flags)
    assert "--session" in str(caught.value)
    assert "--organization" not in str(caught.value)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--organization", "../x"), "'/' in it"),
        (("--system", "NUL"), "Windows"),
        (("--round", "v9"), "v1.1, v1.2, v1.3 or v1.4"),
        (("--division", "both"), "closed or open"),
        (("--set", "Statos=rdi"), "did you mean Status"),
        (("--set", "Status"), "Key=Value"),
        (("--set", "Status=great"), "available, preview or rdi"),
        (("--set", "code.folder=/nowhere"), "no folder"),
        (("--set", "hookup.picture=/nowhere.png"), "no file"),
        (("--session", "/nowhere"), "no folder"),
    ],
)
def test_a_wrong_flag_is_told_and_nothing_written(kws, tmp_path, flags, told):
    with pytest.raises(SetupError, match=told.replace("(", r"\(")):
        init(tmp_path / "s.yaml", *BASICS, *sessions_flags(kws), *flags)
    assert not (tmp_path / "s.yaml").exists()


def test_an_unfinished_or_strange_session_folder_is_told(tmp_path):
    (tmp_path / "x").mkdir()
    with pytest.raises(SetupError, match="holds none"):
        place_sessions([tmp_path / "x"])
    (tmp_path / "x" / "session.json").write_text("{}")
    with pytest.raises(SetupError, match="schema version"):
        place_sessions([tmp_path / "x"])


@pytest.mark.usefixtures("at_a_terminal")
def test_everything_is_asked_at_a_terminal(kws, tmp_path):
    file = tmp_path / "s.yaml"
    typed = ["/nowhere", str(kws[0]), str(kws[1]), str(kws[2]), ""]
    typed += ["a/b", "Äcme", "", "v9", "v1.3", "board"]
    typed += ["Rubbish", "preview"]
    typed += [f"value {n}" for n in range(len(TEMPLATE_NAMES) - 3)]
    typed += ["", str(tmp_path), "", "wires", *(f"answer {n}" for n in range(10))]
    ran = init(file, stdin="\n".join(typed) + "\n")
    assert ran.exit_code == 0, ran.output
    told = load_description(file)
    (system,) = told.systems
    assert (told.organization, told.division.value, told.round) == ("Äcme", "closed", "v1.3")
    assert system.id == "board"
    assert system.description["Submitter"] == "Äcme"
    assert system.description["Status"] == "preview"
    assert list(system.description.values())[3:] == [
        f"value {n}" for n in range(len(TEMPLATE_NAMES) - 3)
    ]
    assert system.code["kws"].implementation == "board"
    assert system.code["kws"].folder.resolve() == tmp_path.resolve()
    assert system.hookup.text == "wires"
    assert list(told.checklist.model_dump().values()) == [f"answer {n}" for n in range(10)]
    for key in TEMPLATE[2:]:
        assert key.hint in " ".join(ran.output.split())


def asked(ran) -> list[str]:
    """The counters of the questions that were put, in order."""
    return re.findall(r"  ([0-9]+ of [0-9]+)  ", ran.output)


@pytest.mark.usefixtures("at_a_terminal")
def test_leaving_in_the_middle_keeps_the_answers_and_the_same_command_goes_on(kws, tmp_path):
    file, kept = tmp_path / "s.yaml", tmp_path / "s.yaml.answers"
    ran = init(file, *sessions_flags(kws), stdin="Acme\nopen\n")
    assert ran.exit_code == 1
    assert f"kept in {kept}" in " ".join(ran.output.split())
    assert list(tmp_path.iterdir()) == [kept]
    total = int(asked(ran)[0].split()[-1])
    assert asked(ran) == [f"{n} of {total}" for n in (1, 2, 3)]
    ran = init(file, stdin="\n" * (total - 2))
    assert ran.exit_code == 0, ran.output
    assert asked(ran) == [f"{n} of {total}" for n in range(3, total + 1)]
    told = load_description(file)
    assert (told.organization, told.division.value) == ("Acme", "open")
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.usefixtures("at_a_terminal")
def test_sessions_that_were_named_before_it_was_left_are_there_and_more_can_be_named(kws, tmp_path):
    file = tmp_path / "s.yaml"
    assert init(file, stdin=f"{kws[0]}\n").exit_code == 1
    ran = init(file, stdin=f"{kws[1]}\n\nAcme\n")
    before, more = re.findall(r"so far: (.*)", ran.output)
    assert more.startswith(f"{before}, ")
    sessions, answers = KeptAnswers.of(file).read()
    assert sessions == kws[:2]
    assert answers == {"organization": "Acme"}


@pytest.mark.usefixtures("at_a_terminal")
def test_back_returns_to_the_question_before_whose_answer_is_proposed(kws, tmp_path):
    file = tmp_path / "s.yaml"
    typed = ["Acne", "back", "Acme", "open", "back", "back", "back", "", "closed", "", "board"]
    typed += ["", "Nucleo", "back", "-"]
    ran = init(file, *sessions_flags(kws), stdin="\n".join(typed) + "\n" * 50)
    assert ran.exit_code == 0, ran.output
    numbers = [int(counted.split()[0]) for counted in asked(ran)]
    assert numbers[:16] == [1, 2, 1, 2, 3, 2, 1, 1, 2, 3, 4, 5, 6, 7, 6, 7]
    assert "[Acne]" in ran.output
    told = load_description(file)
    assert (told.organization, told.division.value, told.systems[0].id) == (
        "Acme", "closed", "board",
    )  # fmt: skip
    assert told.systems[0].description["Board Name"] == ""


def test_what_was_answered_once_is_taken_where_nobody_is_asked(kws, tmp_path):
    file = tmp_path / "s.yaml"
    KeptAnswers.of(file).write(kws, {"organization": "Acme", "system": "b", "SoC Name": "x"})
    assert init(file, "--yes", "--set", "SoC Name=y").exit_code == 0
    told = load_description(file)
    assert (told.organization, told.systems[0].id) == ("Acme", "b")
    assert told.systems[0].description["SoC Name"] == "y"


@pytest.mark.usefixtures("at_a_terminal")
def test_an_answer_that_will_not_do_any_more_is_asked_for_again(kws, tmp_path):
    file, key = tmp_path / "s.yaml", "code.folder.kws"
    KeptAnswers.of(file).write(kws, {"organization": "Acme", key: str(tmp_path / "gone")})
    ran = init(file, stdin="\n" * 60)
    assert ran.exit_code == 0, ran.output
    assert load_description(file).systems[0].code["kws"].folder is None


@pytest.mark.parametrize("text", ["{", "[]", '{"answers_version": 1, "sessions": [1]}'])
def test_kept_answers_that_are_none_are_told_and_not_touched(tmp_path, text):
    kept = tmp_path / "s.yaml.answers"
    kept.write_text(text)
    with pytest.raises(SetupError, match="remove it to begin anew"):
        init(tmp_path / "s.yaml", *BASICS)
    assert kept.read_text() == text


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_loses_no_answer(kws, tmp_path, number):
    asking = Terminal("submission", "init", *sessions_flags(kws), cwd=tmp_path)
    try:
        asking.until("1 of")
        asking.type("Acme\r")
        asking.until("2 of")
        asking.until("[closed]>")
        asking.running.send_signal(number)
        assert asking.end() == (130 if number == signal.SIGINT else -number)
    finally:
        asking.kill()
    assert "Traceback" not in asking.shown
    _, answers = KeptAnswers.of(tmp_path / "submission.yaml").read()
    assert answers == {"organization": "Acme"}


@pytest.mark.usefixtures("at_a_terminal")
def test_what_a_flag_said_is_not_asked(kws):
    asked = []

    def ask(prompt):
        asked.append(prompt.label)
        return prompt.check(prompt.default)

    flags = Flags("Acme", "closed", "v1.2", "b", "Nucleo", parse_settings(["SoC Name=x"]))
    answers = collect(flags, place_sessions(kws), ask)
    assert not {"Organization", "Division", "Round", "System id", "Board Name", "SoC Name"} & {
        *asked
    }
    assert "Status" in asked
    assert answers.system_values["SoC Name"] == "x"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_any_text_is_written_on_one_line_and_read_back(text):
    line = f"key: {scalar(text)}  # hint\n"
    assert line.count("\n") == 1
    assert read_yaml(line).values == {"key": text}
