"""A campaign over a real labgrid: six boards, an exporter that dies, a second user."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import psutil
import pytest
from support.cli import document, ended, process, tinyrunner
from support.report.postgres import PASSWORD, server
from tinyrunner.models.suite import ALL_TASKS

BOARDS = [f"b{number}" for number in range(1, 7)]
PLACED = {"first": "b1", "second": "b2"}
TASKS, MODES = ("vww", "ic", "kws", "ic2"), ("performance", "accuracy")


class Night:
    """A campaign's file, and what its journal tells."""

    def __init__(self, lab, place: Path, **changes: object) -> None:
        self._lab = lab
        self.file, self.folder = place / "night.yaml", place / "night"
        content = {
            "folder": "night",
            "tasks": list(TASKS),
            "modes": list(MODES),
            "check": "off",
            "retries": 2,
            "settings": {
                "datasets": "demo",
                "for": "development",
                "iterations": 20,
                "limit": 1,
                "dut": {"address": "labgrid:?board=h7", "boot_wait_s": 0.1, "extension": True},
            },
            "hooks": {"flash": lab.hook},
            "boards": dict.fromkeys(BOARDS),
        }
        self.file.write_text(json.dumps(content | changes))

    def start(self, *options: str, **environment: str):
        return process("campaign", self.file, *options, env=self._lab.environment | environment)

    def events(self, *kinds: str) -> list[dict]:
        journal = self.folder / "campaign.jsonl"
        lines = journal.read_text().splitlines() if journal.exists() else []
        return [event for event in map(json.loads, lines) if event["event"] in kinds]

    def sessions(self) -> list[Path]:
        """The sessions that can be gone on with."""
        return sorted(one.parent for one in self.folder.glob("*/*/session.json"))


def test_six_boards_four_tasks_two_modes_and_a_host_that_dies(lab, tmp_path):
    night = Night(lab, tmp_path)
    running = night.start("--jobs", "auto")
    lab.eventually(lambda: lab.client("who").count("ada") == 6, "six boards at work")
    # Somebody else comes while all boards are taken.
    (tmp_path / "bobs").mkdir()
    of_bob = Night(lab, tmp_path / "bobs", tasks=["kws"], modes=["accuracy"], boards={"b": None})
    second = of_bob.start(LG_USERNAME="bob")
    try:
        lab.eventually(lambda: len(night.events("finished")) >= 8, "the first runs")
        lab.kill("far")
    finally:
        ran, served = ended(running, 300), ended(second)
    assert ran.status == 3, ran  # all ran; windows of 40 ms are not good
    finished = night.events("finished")
    assert Counter(event["cell"] for event in finished) == dict.fromkeys(
        (f"{board}/{task}/{mode}" for board in BOARDS for task in TASKS for mode in MODES), 1
    )
    sessions = {event["cell"]: night.folder / event["session"] for event in finished}
    said = {cell: document(session)["provenance"] for cell, session in sessions.items()}
    places = Counter(one["device"]["address"] for one in said.values())
    assert {"labgrid:b1/dut", "labgrid:b2/dut", "labgrid:b3/dut"} <= set(places)
    assert set(places) <= {f"labgrid:{board}/dut" for board in BOARDS}
    lost = night.events("returned")
    assert 1 <= len(lost) <= 6
    for event in lost:  # what a dead board had is another's
        assert said[event["cell"]]["device"]["address"] in {f"labgrid:{b}/dut" for b in BOARDS[:3]}
    for cell, one in said.items():
        assert one["task"] == cell.split("/")[1]
        assert one["device"]["model_id"] == ALL_TASKS[one["task"]].model_id

    assert served.status == 0, served
    assert "b: waiting for a place with board=h7: b1 is held by desk/ada" in served.err
    assert lab.client("who").split() == ["User", "Host", "Place", "Changed"]
    assert lab.client("reservations") == ""
    in_postgres_as_in_sqlite(sorted(sessions.values()), tmp_path)


def in_postgres_as_in_sqlite(sessions: list[Path], tmp_path: Path) -> None:
    """The campaign's sessions in either history: equal rows."""
    listed = []
    with server() as running, pytest.MonkeyPatch.context() as environment:
        environment.setenv("TINYRUNNER_HISTORY_PASSWORD", PASSWORD)
        for url in (running.url, str(tmp_path / "history.db")):
            added = tinyrunner("history", "add", *sessions, "--db", url, "--tag", "commit=c0ffee")
            assert f"{len(sessions)} added" in added.out, added
            rows = tinyrunner("history", "list", "--db", url, "--last", len(sessions), "--json")
            listed.append(rows.json)
    assert listed[0] == listed[1]
    assert len(listed[0]) == len(sessions)


def test_a_worker_that_crashes_and_a_host_that_dies_cost_what_resume_makes_up_for(lab, tmp_path):
    at = {name: {"dut": {"address": f"labgrid:{place}"}} for name, place in PLACED.items()}
    night = Night(
        lab, tmp_path, tasks=["kws"], modes=["accuracy"], retries=0,
        settings={"datasets": "demo", "for": "development", "dut": {"boot_wait_s": 0.1}},
        boards={name: {"settings": settings} for name, settings in at.items()},
        hooks={"flash": lab.hook, "before": lab.power_cycle},
    )  # fmt: skip
    running = night.start()
    try:
        lab.eventually(lambda: len(night.sessions()) == 2, "both runs")
        psutil.Process(running.pid).children()[0].kill()
        lab.eventually(lambda: night.events("failed"), "the news of the crash")
        assert lab.client("who").count("ada") == 1
        lab.kill("near")
    finally:
        ran = ended(running)
    assert ran.status == 1, ran
    crashed, lost = night.events("failed")
    assert "its process ended with status -9" in crashed["error"]
    place = PLACED[lost["cell"].split("/")[0]]
    assert f"the link died while reading from labgrid:{place}/dut" in lost["error"]
    begun = night.sessions()

    lab.start("near")
    lab.eventually(lambda: lab.client("resources").count("near/b"), "the ports")
    ran = ended(night.start("--resume"))
    assert ran.status == 0, ran
    assert night.sessions() == begun  # both went on where they were
    for session in begun:
        assert "m-session-resume-id" in (session / "log.txt").read_text()
    assert Counter(lab.switched) == {f"{place} {on}": 2 for place in PLACED.values() for on in "01"}
    assert lab.client("who").split() == ["User", "Host", "Place", "Changed"]


def test_a_run_goes_on_at_its_place_and_an_interrupted_one_gives_it_back(lab, tmp_path):
    def run(*more: object, user: str = "ada"):
        words = ("--mode", "accuracy", "--for", "development", "--datasets", "demo")
        environment = lab.environment | {"LG_USERNAME": user}
        return process("run", *words, *more, env=environment, cwd=tmp_path)

    lab.client("-p", "b2", "acquire", user="bob")  # what is left of the near ones: b1 and b3
    begun = lambda: [one.parent for one in tmp_path.glob("sessions/*/session.json")]  # noqa: E731
    running = run("kws", "--dut", "labgrid:?host=near")
    lab.eventually(begun, "the run")
    lab.kill("near")
    stopped = ended(running)
    assert stopped.status == 1, stopped
    assert "labgrid:b1/dut" in stopped.err
    (session,) = begun()

    lab.start("near")
    lab.eventually(lambda: lab.client("resources").count("near/b1"), "its port")
    went_on = ended(run("--resume", session))
    assert went_on.status == 0, went_on
    assert "m-session-resume-id" in (session / "log.txt").read_text()
    assert document(session)["provenance"]["device"]["address"] == "labgrid:b1/dut"

    lab.client("-p", "b3", "acquire", user="bob")
    first = run("kws", "--dut", "labgrid:?host=near")
    lab.eventually(lambda: len(begun()) == 2, "another run")
    second = run("kws", "--dut", "labgrid:?host=near", user="carla")
    lab.eventually(lambda: "carla" in lab.client("reservations"), "a third user in the queue")
    second.send_signal(signal.SIGTERM)
    assert ended(second).status == 130
    first.send_signal(signal.SIGINT)
    assert ended(first).status == 130
    assert lab.client("reservations") == ""
    assert "ada" not in lab.client("who")
    for place in ("b2", "b3"):
        lab.client("-p", place, "release", user="bob")


def test_a_campaign_whose_last_run_failed_waits_for_no_other_board(lab, tmp_path):
    night = Night(
        lab, tmp_path, tasks=["kws"], modes=["accuracy"], retries=0, boards={"b": None},
        settings={"datasets": "demo", "dut": {"address": "labgrid:?name=b1"}},
        hooks={"flash": "sleep 4; false"},
    )  # fmt: skip
    running = night.start("--jobs", "auto")
    try:
        lab.eventually(lambda: "ada" in lab.client("who"), "its board")
        token = lab.client("reserve", "--shell", "name=b1", user="bob").partition("=")[2].strip()
    finally:
        ran = ended(running)
    assert ran.status == 1, ran  # though b1 is kept for somebody else by now
    lab.client("cancel-reservation", token, user="bob")
