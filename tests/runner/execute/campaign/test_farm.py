"""A campaign takes places and tags for addresses; `farm/` runs one on real places."""

from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.devices.recorded_labgrid.lab import RecordedLab, needs_scripts
from support.sessions.campaigns import written_campaign

pytestmark = needs_scripts


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Plan a campaign of boards with these addresses."""
    lab = RecordedLab(tmp_path, monkeypatch)

    def planned(*options: str, **addresses: str):
        boards = {name: {"settings": {"dut": {"address": at}}} for name, at in addresses.items()}
        settings = {"datasets": "demo", "limit": 1}
        lab.play("unknown")  # what is asked of all places is the same in each scenario
        file = written_campaign(
            tmp_path, boards=boards, settings=settings, tasks=["kws", "ic"], modes=["accuracy"]
        )
        return tinyrunner("campaign", "plan", file, *options)

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
    assert "no place with board=h8; there are: energy (board=u5 site=lab), h7-1" in refused.err


@pytest.mark.parametrize("jobs", ["0", "many", "-1"])
def test_a_number_of_jobs_that_is_none_is_refused(plan, jobs):
    assert plan(f"--jobs={jobs}", a="labgrid:h7-1").status == 2
