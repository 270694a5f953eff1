"""What a streaming session prints, tampered with: found wherever it stands, and nothing else."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from pathlib import Path

import pytest
from support.reference import reference_path
from support.sessions.audited import ST_V13, OneSession, of_rule, one_session, violations
from support.sessions.streaming import Played
from tinyrunner.runner.audit.evidence.findings import Rule
from tinyrunner.runner.audit.session.label_lists import LabelLists
from tinyrunner.runner.score.rules import Severity

SYNTIANT = "record/v1.3/closed/syntiant/results/syntiant_9120_1v0_49mhz/sww/energy"
PUBLISHED = (f"published/{ST_V13}/sww/performance", f"published/{ST_V13}/sww/energy", SYNTIANT)
LINES = re.compile(
    r"^ *(?:Elapsed|Inferences|Power  |Total Energy|Energy/Inf|Median energy|Accuracy|Average"
    r"|Estimated|Duty cycle = )"
)
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
SHORT = [2.5e-05 + 1e-9 * (number % 97) for number in range(12_600)]
WORDS = [(1.0, 1.6), (4.0, 4.8), (7.0, 7.4)]


def lists() -> Path:
    return reference_path("datasets")


def published(tmp_path: Path, place: str) -> OneSession:
    mode = place.rpartition("/")[2]
    return one_session(reference_path(*place.split("/")), tmp_path, "sww", mode, "v1.3")


def made(tmp_path: Path, played: Played) -> OneSession:
    mode = "performance" if played.samples_j is None else "energy"
    return one_session(played.write(tmp_path / "made"), tmp_path / "tree", "sww", mode, "v1.3")


def changes(text: str, path: str) -> list[tuple[str, str]]:
    """Each figure of the text with its last digit one up and one down: (what, the whole text)."""
    lines = text.split("\n")
    found = []
    for at, line in enumerate(lines):
        if not LINES.match(line):
            continue
        for number in NUMBER.finditer(line):
            if line[number.end() :].startswith(" at "):
                continue
            for by in (1, -1):
                exponent = Decimal(number[0]).as_tuple().exponent
                value = str(Decimal(number[0]) + by * Decimal(1).scaleb(exponent))
                if float(value) == float(number[0]):
                    continue
                changed = line[: number.start()] + value + line[number.end() :]
                whole = "\n".join([*lines[:at], changed, *lines[at + 1 :]])
                found.append((f"{path}: {changed.strip()}", whole))
    return found


def assert_each_change_is_found(one: OneSession, names: tuple[str, ...]) -> None:
    gathered = LabelLists.gather(lists())
    before = one.audit(lists=gathered)
    assert [f for f in violations(before) if f.rule is not Rule.OFFICIAL_LIST] == []
    tried, missed = 0, []
    for name in names:
        path = one.folder / name
        text = path.read_bytes().decode()
        for what, changed in changes(text.replace("\r\n", "\n"), name):
            path.write_bytes(changed.encode())
            found = of_rule(one.audit(lists=gathered), Rule.RESULT_LINE)
            tried += 1
            if not any(f.path.endswith(name) for f in found):
                missed.append(what)
        path.write_bytes(text.encode())
    assert tried > 10
    assert missed == []


@pytest.mark.parametrize("place", PUBLISHED)
def test_each_figure_of_a_published_session_changed_by_its_last_digit_is_found(tmp_path, place):
    """In results.txt, whose figures the log prints again."""
    assert_each_change_is_found(published(tmp_path, place), ("results.txt",))


def test_where_all_can_be_recomputed_each_figure_changed_in_the_log_alone_is_found(tmp_path):
    played = Played(words=WORDS, length_s=10.0, samples_j=SHORT, wav_file="ten.wav")
    one = made(tmp_path, played)
    assert_each_change_is_found(one, ("results.txt", "log.txt"))


@pytest.mark.parametrize("clock", [0.9977, 1.0, 1.0004])
def test_in_a_made_up_session_nothing_is_found(tmp_path, clock):
    """One that the same formulas did not write."""
    played = Played(clock=clock, missed=(9, 17), false_s=(614.0, 717.0))
    assert made(tmp_path, played).audit(lists()).findings == ()


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("44 True positives, 6 False negatives", "50 True positives, 0 False negatives",
         Rule.RESULT_LINE),
        ("Average duty cycle: 0.55914", "Average duty cycle: 0.35914", Rule.RESULT_LINE),
        ("Estimated throughput: 55.908", "Estimated throughput: fast", Rule.RESULT_LINE),
        ("False negatives: [127.87707248408691, ", "False negatives: [", Rule.RESULT_LINE),
        ("False positives: [612.585 ", "False positives: [", Rule.RESULT_LINE),
    ],
)  # fmt: skip
def test_what_is_changed_in_log_and_results_alike_is_found_in_both(tmp_path, old, new, rule):
    one = published(tmp_path, PUBLISHED[0])
    changed = [name for name in ("log.txt", "results.txt") if old in text_of(one, name)]
    for name in changed:
        one.replace(name, old, new)
    found = violations(one.audit(lists()))
    assert {f.rule for f in found} == {rule}
    assert {f.path.rpartition("/")[2] for f in found} == set(changed)
    assert all(f.line is not None for f in found)


def test_a_power_that_does_not_follow_from_energy_and_time_is_found_without_samples(tmp_path):
    one = published(tmp_path, SYNTIANT)
    for name in ("log.txt", "results.txt"):
        one.replace(name, "0.5067 mW", "0.4067 mW")
    found = of_rule(one.audit(lists()), Rule.RESULT_LINE)
    assert [f.path.rpartition("/")[2] for f in found] == ["log.txt", "results.txt"]
    assert "by the energy and the time beside it" in found[0].expected


def test_a_window_of_more_time_than_there_are_samples_is_found(tmp_path):
    one = published(tmp_path, SYNTIANT)
    one.replace("log.txt", "samples:1209558", "samples:1109558")
    found = [(each.rule, each.line) for each in violations(one.audit(lists()))]
    assert (Rule.TRACE, 154) in found
    assert {line for _, line in found} == {154}


def test_detections_that_were_changed_in_log_and_results_json_give_another_score(tmp_path):
    one = published(tmp_path, PUBLISHED[0])
    one.replace("log.txt", "[85, 9937, ", "[85, 11, ")  # no word's
    (found,) = violations(one.audit(lists()))
    assert found.rule is Rule.LOG
    assert "are both of the same session?" in found.found
    one = published(tmp_path / "both", PUBLISHED[0])
    for name in ("log.txt", "results.json"):
        one.sub(name, r"\[85, [\d, ]*?30345, ", "[85, 30345, ")
    texts = [f.expected for f in violations(one.audit(lists()))]
    assert any(text.startswith("42, as it is recomputed") for text in texts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"period": 0.03198', '"period": 0.03298'),
        ('"duty_cycle": 0.559', '"duty_cycle": 0.359'),
        ('"processing_time": 0.0178', '"processing_time": 0.0108'),
        ('"iterations": 1', '"iterations": 2'),
        ('"warmups": 0', '"warmups": "x"'),
    ],
)
def test_what_results_json_says_of_its_own_numbers_is_checked(tmp_path, old, new):
    one = published(tmp_path, PUBLISHED[0])
    one.replace("results.json", old, new)
    (found,) = violations(one.audit(lists()))
    assert found.rule is Rule.RESULT_LINE
    assert found.path.endswith("performance/results.json")
    assert found.found.startswith(old.partition('": ')[0][1:])


def test_a_results_json_that_is_a_link_is_not_followed(tmp_path):
    one = published(tmp_path, PUBLISHED[0])
    (one.folder / "results.json").rename(tmp_path / "elsewhere.json")
    (one.folder / "results.json").symlink_to(tmp_path / "elsewhere.json")
    found = one.audit(lists())
    assert found.assessment.streaming.duty is None
    assert [(f.rule, f.severity) for f in found.findings] == [(Rule.LOG, Severity.NOT_JUDGED)]


def test_results_without_a_line_that_the_runner_prints_are_found(tmp_path):
    one = published(tmp_path, PUBLISHED[0])
    one.sub("results.txt", r"Average period: .*\n", "")
    (found,) = violations(one.audit(lists()))
    assert found.found == "no average period"


def test_another_tasks_log_under_its_name_is_found(tmp_path):
    source = reference_path(*f"published/{ST_V13}/kws/performance".split("/"))
    (found,) = violations(one_session(source, tmp_path, "sww", "performance", "v1.3").audit())
    assert found.rule is Rule.LOG
    assert found.expected == "m-model-[sww01]"


def test_without_the_words_nothing_is_accused(tmp_path):
    one = published(tmp_path, SYNTIANT)
    assert {f.severity for f in one.audit().findings} == {Severity.NOT_JUDGED}


def text_of(one: OneSession, name: str) -> str:
    return (one.folder / name).read_bytes().decode()


@pytest.mark.parametrize("change", [("cycle = 0.", "cycle = 0.1"), ("Period = 3", "Period = 4")])
def test_a_short_figure_that_is_not_its_average_is_found_without_edges(tmp_path, change):
    one = published(tmp_path, PUBLISHED[1])
    one.replace("log.txt", *change)
    (found,) = violations(one.audit(lists()))
    assert found.rule is Rule.RESULT_LINE
    assert found.expected.endswith("as the average behind it")


def test_a_sum_of_very_many_samples_may_be_off_by_its_roundings(tmp_path):
    """That of sww's energy has 1.2 million: added up one after the other, as here, it is off."""
    samples = [2.5e-5] * 450_000
    inside = samples[1000:-500]
    assert f"{1e6 * sum(inside):.4f}" != f"{1e6 * math.fsum(inside):.4f}"
    one = made(tmp_path, Played(samples_j=samples, words=WORDS, wav_file="own.wav", length_s=449.0))
    assert of_rule(one.audit(lists()), Rule.RESULT_LINE) == []
    (energy,) = re.findall(r"Total Energy  : (\d+)", text_of(one, "results.txt"))
    one.replace("results.txt", energy, str(int(energy) + 1))
    assert of_rule(one.audit(lists()), Rule.RESULT_LINE)
