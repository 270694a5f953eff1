"""A session that has lost a file gets back what follows from its log and the inputs."""

from __future__ import annotations

import json
import shutil

import pytest
from support.cli import document, only_session, tinyrunner
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS

PARTS = ("session.json", "script.async", "y_labels.csv")


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 6)


@pytest.fixture
def told(data):
    return "--dut", "sim:", "--datasets", data


@pytest.fixture
def session(told, tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", *told, "--sessions", tmp_path / "s", "--limit", 4
    )
    assert ran.status == 3, ran
    return only_session(tmp_path / "s")


def without(session, *names):
    for name in names:
        (session / name).unlink()
    return session


def figures(session):
    ran = tinyrunner("score", session, "--json")
    assert ran.status == 3, ran
    return ran.json["accuracy"]


def test_nothing_is_done_where_nothing_is_missing(session):
    before = {path: path.read_bytes() for path in session.iterdir()}
    ran = tinyrunner("sessions", "repair", session)
    assert (ran.status, ran.out) == (0, "")
    assert "nothing is missing" in ran.err
    assert {path: path.read_bytes() for path in session.iterdir()} == before


@pytest.mark.parametrize("name", ["script.async", "y_labels.csv"])
def test_a_part_is_restored_to_the_byte_by_its_hash_and_the_provenance_says_so(name, session):
    whole, told = (session / name).read_bytes(), document(session)
    ran = tinyrunner("sessions", "repair", without(session, name))
    assert ran.status == 0, ran
    assert ran.out.startswith(f"{name}: restored from ")
    assert (session / name).read_bytes() == whole
    after = document(session)
    (mark,) = after["provenance"].pop("restored")
    assert list(mark["parts"]) == [name]
    assert after == told


def test_session_json_is_restored_from_the_log_and_scored_and_continued_alike(session, told):
    before, was = figures(session), document(session)["provenance"]
    without(session, *PARTS, "result.txt")
    assert "sessions repair" in tinyrunner("run", "--resume", session).err
    ran = tinyrunner("sessions", "repair", session, *told, "--limit", 4)
    assert ran.status == 0, ran
    assert [line.partition(":")[0] for line in ran.out.splitlines()] == [
        "y_labels.csv", "script.async", "session.json",
    ]  # fmt: skip
    assert figures(session) == before
    now = document(session)["provenance"]
    for key in ("session_id", "task", "mode", "script_sha256", "limit", "device", "simulated"):
        assert now[key] == was[key]
    assert now["tool"]["python"] == "unknown"
    resumed = tinyrunner("run", "--resume", session, "--json")
    assert resumed.status == 3, resumed
    assert resumed.json["accuracy"] == before
    assert "session restored" in {finding["kind"] for finding in resumed.json["findings"]}


def test_a_run_that_was_stopped_goes_on_after_its_session_json_was_lost(session, told):
    whole = figures(session)
    log = session / "log.txt"
    log.write_bytes(log.read_bytes()[: 3 * log.stat().st_size // 4])
    without(session, "session.json", "result.txt")
    assert tinyrunner("sessions", "repair", session, *told).status == 0
    resumed = tinyrunner("run", "--resume", session, "--json")
    assert resumed.status == 3, resumed
    assert resumed.json["accuracy"] == whole


def test_how_many_inputs_were_meant_follows_from_the_script(session, told):
    without(session, "session.json")
    assert tinyrunner("sessions", "repair", session, *told).status == 0
    assert document(session)["provenance"]["limit"] == 4


def test_inputs_that_are_not_the_sessions_restore_nothing(session, tmp_path):
    other = write_inputs(tmp_path / "other", KWS, 3)
    ran = tinyrunner("sessions", "repair", without(session, "y_labels.csv"), "--datasets", other)
    assert ran.status == 2
    assert "is not the session's list" in ran.err
    without(session, "session.json", "script.async")
    ran = tinyrunner("sessions", "repair", session, "--dut", "sim:", "--datasets", other)
    assert ran.status == 2
    assert "is not what was run: step " in ran.err
    assert sorted(path.name for path in session.iterdir()) == ["log.txt", "result.txt"]


def test_a_simulated_device_is_not_taken_for_a_real_one(session, data):
    without(session, "session.json")
    ran = tinyrunner("sessions", "repair", session, "--datasets", data, "--dut", "/dev/ttyACM0")
    assert ran.status == 2
    assert "which is simulated: say which one with --dut sim:" in ran.err


def test_what_was_damaged_is_kept(session, told):
    spoilt = (session / "session.json").read_bytes()[:500]
    (session / "session.json").write_bytes(spoilt)
    ran = tinyrunner("sessions", "repair", session, *told)
    assert ran.status == 0, ran
    assert "what stood there is in session-damaged.json" in ran.out
    assert (session / "session-damaged.json").read_bytes() == spoilt


def test_a_session_json_that_says_something_else_is_not_replaced(session, told):
    """Of a later version, say: it is readable, so nothing was lost."""
    path = session / "session.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 2}))
    ran = tinyrunner("sessions", "repair", session, *told)
    assert ran.status == 2
    assert "schema version 2" in ran.err


def test_without_a_log_there_is_nothing_to_restore(session, told):
    ran = tinyrunner("sessions", "repair", without(session, "log.txt"), *told)
    assert ran.status == 2
    assert "there is nothing to restore; start a new run" in ran.err


def test_an_energy_session_gets_its_script_back_and_its_session_json_does_not(tmp_path, told):
    run = ("run", "kws", "--mode", "energy", *told, "--supply-v", 3, "--iterations", 500)
    assert tinyrunner(*run, "--sessions", tmp_path / "e").status == 3
    session = only_session(tmp_path / "e")
    script = (session / "script.async").read_bytes()
    assert tinyrunner("sessions", "repair", without(session, "script.async")).status == 0
    assert (session / "script.async").read_bytes() == script
    ran = tinyrunner("sessions", "repair", without(session, "session.json"), *told)
    assert ran.status == 2
    assert "it does not name the monitor" in ran.err
    assert tinyrunner("score", session).status == 3


def test_a_published_script_is_restored_from_its_own_file(session, told, tmp_path):
    published = tmp_path / "published.async"
    shutil.copy(session / "script.async", published)
    run = ("run", "kws", "--mode", "accuracy", *told, "--script", published)
    assert tinyrunner(*run, "--sessions", tmp_path / "p").status == 3
    again = without(only_session(tmp_path / "p"), "script.async")
    moved = published.rename(tmp_path / "moved.async")
    assert tinyrunner("sessions", "repair", again).status != 0
    assert tinyrunner("sessions", "repair", again, "--script", moved).status == 0
    assert tinyrunner("run", "--resume", again).status == 3
