"""A run for development: good where it went well, and nothing of it for submission, ever."""

from __future__ import annotations

import json
import shutil

import pytest
from support.cli import document, only_session, sessions_in, tinyrunner
from support.inputs import write_inputs
from support.sessions.altered import pointed_to
from support.sessions.submission_trees import write_description
from tinyrunner.models.suite import KWS
from tinyrunner.runner.terms import Mode

NOTED = {"simulated device", "synthetic data"}


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 6)


@pytest.fixture
def run(data, tmp_path):
    def run(*arguments: object, purpose: str = "development"):
        windows = () if "accuracy" in arguments else ("--iterations", 600)
        return tinyrunner(
            "run", "kws", "--dut", "sim:", "--datasets", data, "--sessions", tmp_path / "sessions",
            "--for", purpose, *windows, *arguments,
        )  # fmt: skip

    return run


@pytest.fixture
def session(run, tmp_path):
    """A good run for development."""
    ran = run("--mode", "performance")
    assert ran.status == 0, ran
    return only_session(tmp_path / "sessions")


def kinds(result: dict, severity: str) -> set[str]:
    return {one["kind"] for one in result["findings"] if one["severity"] == severity}


def test_what_it_is_by_intent_is_noted_and_the_exit_status_is_0(session):
    told = document(session)
    assert told["provenance"]["for"] == "development"
    result = told["result"]
    assert (result["for"], result["good"], result["valid"]) == ("development", True, False)
    assert kinds(result, "note") == NOTED
    assert kinds(result, "violation") == set()


def test_it_is_never_called_valid(session):
    ran = tinyrunner("score", session)
    assert ran.status == 0, ran
    assert ran.out.splitlines()[-1].strip() == (
        "good as a run for development; nothing of it is for submission"
    )
    assert "valid for v" not in ran.out


@pytest.mark.parametrize("mode", ["accuracy", "performance"])
def test_a_limit_is_noted_with_all_that_follows_from_it(run, mode, tmp_path):
    ran = run("--mode", mode, "--limit", 4)
    assert ran.status == 0, ran
    result = document(only_session(tmp_path / "sessions"))["result"]
    missing = {"accuracy": {"input missing"}, "performance": {"window count"}}[mode]
    assert kinds(result, "note") - {"target missed"} == NOTED | missing


def test_what_went_wrong_is_no_note(run, tmp_path):
    ran = run("--mode", "performance", "--iterations", 10)
    assert ran.status == 3, ran
    assert "not good as a run for development" in ran.out
    result = document(only_session(tmp_path / "sessions"))["result"]
    assert kinds(result, "violation") == {"window too short"}
    assert result["good"] is False


def test_several_are_one_table_with_what_they_have_in_common(run):
    ran = run("--mode", "performance", "--mode", "accuracy")
    assert ran.status == 0, ran
    table = ran.out.split("\n\n")[-1].splitlines()
    said = "for development, nothing of it for submission"
    assert all(line.startswith(said) for line in table[2:])
    assert "not valid" not in "".join(table)


def test_a_file_says_it_as_well(data, tmp_path):
    (tmp_path / "b.yaml").write_text(
        f"dut: {{address: 'sim:'}}\ndatasets: {data}\niterations: 600\nfor: development\n"
        f"sessions: {tmp_path / 'sessions'}\n"
    )
    ran = tinyrunner("run", "kws", "--mode", "performance", "--config", tmp_path / "b.yaml")
    assert ran.status == 0, ran
    (tmp_path / "b.yaml").write_text("for: devlopment\n")
    ran = tinyrunner("run", "kws", "--mode", "performance", "--config", tmp_path / "b.yaml")
    assert ran.status == 2
    assert "b.yaml:1: for: expected submission or development, got 'devlopment'" in ran.err


def test_its_session_is_continued_as_what_it_is(session):
    ran = tinyrunner("run", "--resume", session)
    assert ran.status == 0, ran
    ran = tinyrunner("run", "--resume", session, "--for", "submission")
    assert ran.status == 2, ran
    assert "what it is for: the session has 'development'" in ran.err


def test_a_lost_document_is_restored_as_one_for_development_by_its_log(session, data):
    (session / "session.json").unlink()
    ran = tinyrunner("sessions", "repair", session, "--datasets", data, "--dut", "sim:")
    assert ran.status == 0, ran
    assert document(session)["provenance"]["for"] == "development"


def test_any_session_can_be_judged_for_either(run, session, tmp_path):
    run("--mode", "performance", purpose="submission")
    (other,) = set(sessions_in(tmp_path / "sessions")) - {session}
    assert tinyrunner("score", other).status == 3
    ran = tinyrunner("score", other, "--for", "development")
    assert ran.status == 0, ran
    assert "good as a run for development; not judged for submission" in ran.out
    ran = tinyrunner("score", session, "--for", "submission", "--json")
    assert ran.status == 3, ran
    assert kinds(ran.json, "violation") == NOTED | {"for development"}
    assert tinyrunner("score", other, "--for", "fun").status == 2


def test_a_report_says_it_of_each(session, tmp_path):
    ran = tinyrunner("report", session, "--out", tmp_path / "page.html")
    assert ran.status == 0, ran
    page = (tmp_path / "page.html").read_text("utf-8")
    assert '<span class="badge development">for development</span>' in page
    assert "0 of 1 session valid, 1 for development alone" in page


# --- nothing of it is submitted ------------------------------------------------------------------


def edited(session, *places: str) -> None:
    """Take out of session.json what it says on what the session is for."""
    told = document(session)
    for place in places:
        del (told["provenance"]["config"] if place == "config" else told["provenance"])["for"]
    (session / "session.json").write_text(json.dumps(told))


@pytest.mark.parametrize("places", [(), ("",), ("config",), ("", "config")])
def test_no_submission_is_built_from_it_whatever_became_of_its_document(
    session, demo_sessions, tmp_path, places
):
    edited(session, *places)
    place = ("kws", Mode.PERFORMANCE)
    file = write_description(tmp_path / "d", {place: demo_sessions[place]}, code=False)
    file.write_text(pointed_to(file.read_text("utf-8"), "performance", session), "utf-8")
    ran = tinyrunner("submission", "build", file, "--out", tmp_path / "out")
    assert ran.status == 2, ran
    assert "run for development, which is never valid for submission" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_description_leaves_it_out(session, demo_sessions, tmp_path):
    init = ("submission", "init", "--yes", "--organization", "Acme", "--division", "closed",
            "--round", "v1.2", "--system", "b", "--board", "B")  # fmt: skip
    ran = tinyrunner(*init, tmp_path / "s.yaml", "--session", session)
    assert ran.status == 2, ran
    assert f"{session} was run for development; leave it out" in ran.err
    ran = tinyrunner(*init, tmp_path / "s.yaml", "--session", tmp_path / "sessions")
    assert ran.status == 2, ran
    assert "can be submitted: one was run for development" in ran.err
    shutil.copytree(demo_sessions["kws", Mode.ACCURACY], tmp_path / "sessions" / "a")
    ran = tinyrunner(*init, tmp_path / "s.yaml", "--session", tmp_path / "sessions")
    assert ran.status == 0, ran
    assert f"left out: {session}, which was run for development" in ran.err
    assert "1 session(s) of kws" in ran.out
