"""`tinyrunner compare` of two logs of layers: table, JSON, threshold and exit statuses."""

from __future__ import annotations

import json
import sys

import pytest
from support.cli import Terminal, tinyrunner
from support.report.layer_logs import layer_log

BEFORE = [(f"depthwise convolution 25x5x24 {n}000 MACs", 200_000 + n, 2000) for n in range(5)]
AFTER = [*BEFORE[:3], (BEFORE[3][0], 260_000, 2600), BEFORE[4]]


@pytest.fixture
def logs(tmp_path):
    return layer_log(tmp_path / "a.log", BEFORE), layer_log(tmp_path / "b.log", AFTER)


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_the_layer_that_became_slower_is_named_within_80_columns(logs):
    terminal = Terminal("compare", *logs, NO_COLOR="1")
    assert terminal.end() == 0
    shown = terminal.shown.replace("\r", "")
    assert "slowed most: 3 depthwise convolution, +59 997 cycles" in shown
    table = shown.split("\n\n")[1].splitlines()
    assert max(map(len, table)) <= 80
    assert table[4].split()[-3:] == ["997", "+30.0%", "+6.0%"]
    assert table[1].split()[-1] == "0"


def test_a_threshold_ends_with_3_where_a_layer_is_worse_by_more(logs):
    ran = tinyrunner("compare", *logs, "--threshold", "5%")
    assert ran.status == 3
    assert "3 depthwise convolution: slower by more than 5% of the whole inference" in ran.out
    assert "whole inference: worse by more than 5%" in ran.out
    ran = tinyrunner("compare", *logs, "--threshold", "7%")
    assert ran.status == 0
    assert "all within the threshold" in ran.out


def test_as_json_all_is_told(logs):
    ran = tinyrunner("compare", *logs, "--threshold", "5%", "--json")
    assert ran.status == 3
    said = json.loads(ran.out)
    assert (said["unit"], said["passed"]) == ("cycles", False)
    assert said["exceeding"] == ["3 depthwise convolution", "whole inference"]
    assert said["layers"][3]["difference"] == said["whole_inference"]["difference"] == 59_997


def test_require_all_ends_with_3_where_a_layer_has_no_counterpart(logs, tmp_path):
    fewer = layer_log(tmp_path / "c.log", BEFORE[:4])
    assert tinyrunner("compare", logs[0], fewer).status == 0
    assert tinyrunner("compare", logs[0], fewer, "--require-all").status == 3


def test_what_is_of_sessions_is_refused(logs, tmp_path):
    for words, says in (
        ((*logs, "--junit", tmp_path / "x.xml"), "--junit goes with sessions"),
        ((logs[0], tmp_path), "one is a log of layers"),
        ((*logs, "--threshold", "energy=2%"), "of the whole inference"),
    ):
        ran = tinyrunner("compare", *words)
        assert ran.status == 2, words
        assert says in ran.err
