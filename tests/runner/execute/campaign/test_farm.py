"""A campaign takes places and tags for addresses; `farm/` runs one on real places."""

from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.devices.recorded_labgrid.lab import RecordedLab, needs_scripts
from support.sessions.campaigns import written_campaign

pytestmark = needs_scripts


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordedLab:
    return RecordedLab(tmp_path, monkeypatch)


def written(place: Path, **addresses: str) -> Path:
    boards = {name: {"settings": {"dut": {"address": at}}} for name, at in addresses.items()}
    settings = {"datasets": "demo", "limit": 1}
    return written_campaign(
        place, boards=boards, settings=settings, tasks=["kws", "ic"], modes=["accuracy"]
    )


@pytest.fixture
def plan(lab: RecordedLab, tmp_path: Path):
    """Plan a campaign of boards with these addresses."""

    def planned(*options: str, **addresses: str):
        lab.play("unknown")  # what is asked of all places is the same in each scenario
        return tinyrunner("campaign", "plan", written(tmp_path, **addresses), *options)

    return planned


def test_boards_with_the_same_tags_share_the_places_that_there_are(plan):
    same = {"a": "labgrid:?board=h7", "b": "labgrid:/dut?board=h7"}
    assert "lane 1\n  a/kws/accuracy" in plan(**same).out
    assert "lane 1, 2 boards side by side\n  a/kws/accuracy" in plan("--jobs", "auto", **same).out


def test_a_place_is_one_lane_whichever_of_its_ports_is_used(plan):
    named = plan("--jobs", "4", a="labgrid:h7-1/dut", b="labgrid:h7-1", c="labgrid:h7-2").out
    assert "lane 1\n  a/kws" in named
    assert "lane 2\n  c/kws" in named


def test_places_and_tags_that_there_are_not_are_named_before_anything_is_run(plan):
    refused = plan(a="labgrid:h7-3", b="labgrid:?board=h8", c="labgrid:?board=h7")
    assert refused.status == 2
    assert "no place 'h7-3'; did you mean h7-" in refused.err
    assert "\nb/kws/accuracy, b/ic/accuracy: labgrid at " in refused.err
    assert "no place with board=h8; there are: energy (board=u5 site=lab), h7-1" in refused.err


def test_an_address_that_names_no_place_is_told_with_the_runs_that_have_it(plan):
    refused = plan(a="labgrid:", b="labgrid:h7-1")
    assert "\na/kws/accuracy, a/ic/accuracy: labgrid:: it names no place" in refused.err


@pytest.mark.parametrize("jobs", ["0", "many", "-1", "10001"])
def test_a_number_of_jobs_that_is_none_is_refused(plan, jobs):
    assert plan(f"--jobs={jobs}", a="labgrid:h7-1").status == 2


def test_when_there_is_no_board_left_each_run_says_so(lab, tmp_path):
    lab.play("all_dead")
    file = written(tmp_path, a="labgrid:?board=h7")
    failed = tinyrunner("campaign", file)
    assert failed.status == 1
    for cell in ("a/kws/accuracy", "a/ic/accuracy"):
        assert f"failed: {cell}: no place with board=h7 can be used: " in failed.out
    assert "has no matching remote resource; is its exporter running?" in failed.out
    assert not any(lab.marks.iterdir())
