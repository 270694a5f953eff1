"""`tinyrunner compare`: pairs, verdicts, thresholds and exit statuses."""

from __future__ import annotations

import json
import re
import shutil
from statistics import fmean

import pytest
from scipy import stats
from support.reference import reference_path
from support.report.cli import command
from support.sessions.altered import write_labels
from support.sessions.for_reports import accuracy, energy, performance

KRAI = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws"
ST_V13 = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws"

STEADY = [10.0, 10.002, 10.001, 10.0, 10.003]
SLOWER = [time_s * 1.03 for time_s in STEADY]


def lines(ran, pair=0):
    return {line["measure"]: line for line in json.loads(ran.out)["pairs"][pair]["lines"]}


@pytest.fixture
def steady(tmp_path):
    return performance(tmp_path / "steady", STEADY)


@pytest.fixture
def slower(tmp_path):
    return performance(tmp_path / "slower", SLOWER)


def test_a_slower_session_is_told_with_its_uncertainty(steady, slower):
    ran = command("compare", steady, slower, "--json")
    assert ran.status == 0  # no threshold, no judgement
    line = lines(ran)["throughput"]
    a, b = ([800 / round(t, 6) for t in times] for times in (STEADY, SLOWER))
    reference = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert line["a"] == pytest.approx(fmean(a))
    assert line["difference"] == pytest.approx(fmean(b) - fmean(a))
    assert line["interval_95"] == pytest.approx([reference.low, reference.high], rel=1e-6)
    assert line["significant"] is True
    assert line["verdict"].startswith("B slower by 2.91 % ± 0.0")
    assert lines(ran)["latency"]["verdict"].startswith("B slower by 3.00 % ± 0.0")


def test_a_person_sees_the_same(steady, slower):
    ran = command("compare", steady, slower)
    assert "B slower by 2.91 %" in ran.out
    assert "kws performance" in ran.out
    back = command("compare", slower, steady)
    assert "B faster by 3.00 %" in back.out


def test_each_difference_has_the_same_minus_whatever_it_is_of(tmp_path, steady, slower):
    assert "−2.91%" in command("compare", steady, slower).out
    better, worse = accuracy(tmp_path / "better"), accuracy(tmp_path / "worse", wrong=range(6))
    shown = command("compare", better, worse).out
    assert "−10.0 pp" in shown
    assert "−10.00%" in shown
    assert not re.search(r"(?<!Top)-\d", shown)


def test_noise_is_no_difference(tmp_path, steady):
    noisy = performance(tmp_path / "noisy", [9.9, 10.2, 10.0, 10.1, 9.95])
    ran = command("compare", steady, noisy, "--json", "--threshold", "0.1%")
    assert ran.status == 0
    assert lines(ran)["throughput"]["verdict"] == "no significant difference"
    assert json.loads(ran.out)["passed"] is True


def test_a_difference_that_no_timer_resolves_is_none(tmp_path):
    a = performance(tmp_path / "a", [10.0] * 5)
    b = performance(tmp_path / "b", [10.000001] * 5)
    assert lines(command("compare", a, b, "--json"))["throughput"]["significant"] is False


def test_one_window_is_too_little_to_tell(tmp_path, steady):
    short = performance(tmp_path / "short", [12.0])
    ran = command("compare", steady, short, "--json", "--threshold", "2%")
    assert ran.status == 3  # a gate must not be passed by measuring less
    assert command("compare", steady, short, "--json").status == 0
    assert lines(ran)["throughput"]["verdict"] == "too little to tell"
    assert lines(ran)["throughput"]["interval_95"] is None


@pytest.mark.parametrize(
    ("threshold", "status"),
    [
        ("2%", 3),
        ("2.95%", 3),
        ("3.1%", 0),
        ("throughput=2.95%", 0),
        ("latency=2.95%", 3),
        ("2%,throughput=5%,latency=5%", 0),
    ],
)
def test_the_threshold_sets_the_exit_status(steady, slower, threshold, status):
    ran = command("compare", steady, slower, "--threshold", threshold)
    assert ran.status == status
    assert ("worse by more than" in ran.out) == (status == 3)
    assert command("compare", slower, steady, "--threshold", threshold).status == 0  # better


def test_a_gate_that_measured_nothing_does_not_look_shut(tmp_path, steady, slower):
    ran = command("compare", steady, slower, "--threshold", "energy=1%,accuracy=1pp")
    assert ran.status == 3
    assert "--threshold energy: nothing of it was measured" in ran.out
    assert "--threshold accuracy: nothing of it was measured" in ran.out
    assert "all within" not in ran.out
    short = performance(tmp_path / "short", [12.0])
    words = ("--threshold", "1%")
    assert "too few windows" in command("compare", steady, short, *words).out
    assert command("compare", steady, short, *words).status == 3


@pytest.mark.parametrize("threshold", ["two", "2", "speed=2%", "throughput=1pp", "1pp", "-2%", ""])
def test_a_threshold_that_makes_no_sense_is_refused(steady, slower, threshold):
    ran = command("compare", steady, slower, f"--threshold={threshold}")
    assert ran.status == 2
    assert "--threshold" in ran.error


def test_other_tasks_and_modes_are_nothing_to_compare(tmp_path, steady):
    ran = command("compare", steady, accuracy(tmp_path / "a"))
    assert ran.status == 2
    assert "A holds kws performance, B kws accuracy" in ran.error


def test_two_sessions_of_one_kind_on_a_side_are_refused(tmp_path, steady):
    shutil.copytree(steady, tmp_path / "both" / "one")
    shutil.copytree(steady, tmp_path / "both" / "two")
    ran = command("compare", tmp_path / "both", steady)
    assert ran.status == 2
    assert "two sessions of kws performance: one and two" in ran.error


def test_what_has_no_counterpart_is_shown_and_judged_only_when_asked(tmp_path):
    for side in "ab":
        performance(tmp_path / side / "p", STEADY)
    accuracy(tmp_path / "b" / "a")
    ran = command("compare", tmp_path / "a", tmp_path / "b")
    assert ran.status == 0
    assert "only in B: kws accuracy" in ran.out
    assert command("compare", tmp_path / "a", tmp_path / "b", "--require-all").status == 3


def test_a_pair_that_cannot_be_measured_is_shown_and_judged_only_when_asked(tmp_path):
    a, b = (energy(tmp_path / side, samples=2000) for side in "ab")
    (b / "trace1-energy.bin").unlink()
    ran = command("compare", a, b)
    assert ran.status == 0
    assert "not measured" in ran.out
    assert "B: could not be scored" in ran.out
    assert command("compare", a, b, "--require-all").status == 3


def test_energy_is_compared_by_its_windows(tmp_path):
    a = energy(tmp_path / "a", samples=65_000, power_mw=(10.0, 10.1, 10.0, 9.9, 10.0))
    b = energy(tmp_path / "b", samples=65_000, power_mw=(11.0, 11.1, 11.0, 10.9, 11.0))
    ran = command("compare", a, b, "--json", "--threshold", "energy=3%")
    assert ran.status == 3
    line = lines(ran)["energy"]
    assert line["a"] == pytest.approx(10.0e-3 * 10.4 / 800, rel=2e-3)
    assert line["relative"] == pytest.approx(0.10, abs=2e-3)
    assert line["verdict"].startswith("B uses more energy by 10.0 %")
    assert lines(ran)["throughput"]["significant"] is False


def test_top1_is_paired_by_input(tmp_path):
    a, b = accuracy(tmp_path / "a", wrong=[0]), accuracy(tmp_path / "b", wrong=range(1, 11))
    ran = command("compare", a, b, "--json", "--threshold", "accuracy=5pp")
    assert ran.status == 3
    line = lines(ran)["top1"]
    assert line["difference"] == pytest.approx(-9 / 60)
    assert line["p"] == pytest.approx(stats.binomtest(1, 11, 0.5).pvalue)
    assert line["method"] == "exact McNemar: of 60 inputs 10 right in A only, 1 in B only"
    assert command("compare", a, b, "--threshold", "top1=16pp").status == 0


def test_the_same_score_by_other_inputs_is_no_difference(tmp_path):
    a, b = accuracy(tmp_path / "a", wrong=[0, 1]), accuracy(tmp_path / "b", wrong=[2, 3])
    line = lines(command("compare", a, b, "--json"))["top1"]
    assert (line["difference"], line["p"], line["significant"]) == (0.0, 1.0, False)


def test_other_inputs_are_compared_unpaired_and_said_to_be(tmp_path):
    a, b = accuracy(tmp_path / "a"), accuracy(tmp_path / "b", count=40)
    line = lines(command("compare", a, b, "--json"))["top1"]
    assert "unpaired" in line["method"]
    assert line["p"] is None


def test_what_else_is_different_is_warned_of(tmp_path):
    a = performance(tmp_path / "a", STEADY)
    b = performance(tmp_path / "b", STEADY, n=900, round="v1.3")
    (warnings,) = [
        pair["warnings"] for pair in json.loads(command("compare", a, b, "--json").out)["pairs"]
    ]
    text = "\n".join(warnings)
    assert "N (inferences a window): A has 800, B has 900" in text
    assert "round: A has v1.2, B has v1.3" in text
    write_labels(b, "x.bin,12,0\n")
    log = (b / "log.txt").read_text(encoding="utf-8").replace("V0.0.1", "V0.0.2")
    (b / "log.txt").write_text(log, encoding="utf-8")
    out = command("compare", a, b).out
    assert "label list: A has" in out
    assert "firmware profile: A has" in out


def test_published_sessions_of_both_dialects_are_compared():
    a, b = reference_path("published", KRAI), reference_path("published", ST_V13)
    ran = command("compare", a, b, "--datasets", reference_path("datasets"), "--json")
    assert ran.status == 0
    pairs = {pair["name"]: pair for pair in json.loads(ran.out)["pairs"]}
    assert list(pairs) == ["kws performance", "kws accuracy", "kws energy"]
    found = {line["measure"]: line for line in pairs["kws energy"]["lines"]}
    assert found["energy"]["a_published"] * 1e6 == pytest.approx(2367.474, abs=0.001)
    assert found["energy"]["b_published"] * 1e6 == pytest.approx(1430.6681, abs=0.001)
    assert found["energy"]["significant"] is True
    (top1,) = pairs["kws accuracy"]["lines"]
    assert "exact McNemar: of 1000 inputs" in top1["method"]


def test_an_auc_is_compared_by_delong(tmp_path):
    from support.sessions.ad_anomalies import anomalies

    a, b = anomalies(tmp_path / "a", seed=1), anomalies(tmp_path / "b", seed=2)
    line = lines(command("compare", a, b, "--json"))["auc"]
    assert line["method"] == "DeLong, of the same files"
    low, high = line["interval_95"]
    assert low < line["difference"] < high


def test_sessions_are_found_at_any_depth_and_not_again_in_a_tree(tmp_path, steady, slower):
    for side, session in (("a", steady), ("b", slower)):
        shutil.copytree(session, tmp_path / side / "night" / "board" / "one")
        copy = tmp_path / side / "submission" / "closed" / "me" / "results" / "s" / "kws"
        shutil.copytree(session, copy / "performance")
    ran = command("compare", tmp_path / "a", tmp_path / "b", "--json")
    assert [pair["a"] for pair in json.loads(ran.out)["pairs"]] == ["night/board/one"]
    shutil.rmtree(tmp_path / "a" / "night")
    refused = command("compare", tmp_path / "a", tmp_path / "b")
    assert refused.status == 2
    assert "submission in it is one: give that" in refused.error


_DEVICE = {"address": "x", "baud_rate": 1, "profile": None, "model_id": None}


def _boards(folder, *vendors):
    for vendor in vendors:
        device = {
            "address": "x",
            "baud_rate": 1,
            "vendor": vendor,
            "profile": None,
            "model_id": None,
        }
        performance(folder / vendor, STEADY, device=device)
    return folder


def test_systems_of_two_names_are_paired_when_asked(tmp_path):
    a, b = _boards(tmp_path / "a", "old", "same", "gone"), _boards(tmp_path / "b", "new=1", "same")
    ran = command("compare", a, b, "--pair", "old=new=1")
    assert "kws performance (old = new=1)" in ran.out
    assert "kws performance (same)" in ran.out
    assert "only in A: kws performance (gone)" in ran.out
    crossed = json.loads(command("compare", a, b, "--pair", "old=same", "--json").out)
    assert [pair["name"] for pair in crossed["pairs"]] == ["kws performance (old = same)"]
    assert sorted(crossed["only_a"]) == ["kws performance (gone)", "kws performance (same)"]
    assert crossed["only_b"] == ["kws performance (new=1)"]


def test_a_pair_that_names_no_system_is_refused(tmp_path):
    a, b = _boards(tmp_path / "a", "old", "same"), _boards(tmp_path / "b", "new", "same")
    for words, told in ((["old:new"], "(old, same)"), (["old=new", "same=new"], "paired already")):
        ran = command("compare", a, b, *(each for word in words for each in ("--pair", word)))
        assert ran.status == 2
        assert told in ran.error


def test_what_cannot_be_judged_is_called_by_its_name(tmp_path, steady):
    for side in "ab":
        shutil.copytree(steady, tmp_path / side / "whole")
        for name in ("broken", "broken too"):
            (tmp_path / side / name).mkdir()
            (tmp_path / side / name / "session.json").write_text("{")
    ran = command("compare", tmp_path / "a", tmp_path / "b", "--json")
    names = [pair["name"] for pair in json.loads(ran.out)["pairs"]]
    assert names == ["kws performance", "broken", "broken too"]
    short = performance(tmp_path / "short", [12.0])
    told = command("compare", steady, short, "--threshold", "1%").out
    assert "kws performance has too few windows or files to tell of throughput" in " ".join(
        told.split()
    )


def test_no_difference_is_less_than_nothing(tmp_path):
    a = performance(tmp_path / "a", [10.0] * 5)
    b = performance(tmp_path / "b", [10.000001] * 5)
    assert "-0.000" not in command("compare", a, b).out
