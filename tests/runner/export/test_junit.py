"""JUnit XML: sessions, checks, audits and comparisons, each by the schema that Jenkins holds."""

from __future__ import annotations

import pytest
from support.reference import reference_path
from support.report.cli import command
from support.report.junit_rules import properties, read_junit
from support.report.odd_check import odd_report
from support.sessions import for_reports
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level
from tinyrunner.runner.export.junit import junit_text
from tinyrunner.runner.export.suites import suite_of_audit, suite_of_check

WHEN = "2026-01-02T03:04:05+00:00"


def outcomes(suite):
    """What became of each case, by its name."""
    told = {}
    for case in suite.iter("testcase"):
        kinds = [each.tag for each in case if each.tag != "system-out"]
        told[case.get("name")] = kinds[0] if kinds else "passed"
    return told


def test_a_check_is_a_case_an_item_whatever_the_device_says():
    (suite,) = read_junit(junit_text([suite_of_check(odd_report(), WHEN)]))
    assert (suite.get("timestamp"), suite.get("time")) == (WHEN, "6172.500")
    assert list(outcomes(suite).values()) == ["passed", "passed", "failure", "skipped", "error"]
    failure = next(suite.iter("failure"))
    assert failure.text.endswith("expected: this\n→ do that")
    assert '<script>alert("x")</script>' in failure.get("message"), "a text, not an element"
    assert properties(suite)["inference_time_s"] == "0.005"


def test_sessions_are_suites_with_their_columns_as_properties(tmp_path):
    for_reports.performance(tmp_path / "good", [10.0] * 5, **{"for": "development"})
    for_reports.accuracy(tmp_path / "listed by nobody")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "log.txt").write_text("nothing\n")
    file = tmp_path / "junit.xml"
    assert command("export", tmp_path, "--out", file).status == 0
    root = read_junit(file.read_text("utf-8"))
    by_name = {next(suite.iter("testcase")).get("name"): suite for suite in root}
    assert {name: outcomes(suite)[name] for name, suite in by_name.items()} == {
        "good": "passed",
        "listed by nobody": "failure",
        "broken": "error",
    }
    assert properties(by_name["good"])["throughput_per_s"] == "80.0"
    assert by_name["good"].get("name") == "kws performance on acme-board"
    assert by_name["broken"].get("name") == "broken"
    assert "is no session log" in next(by_name["broken"].iter("error")).get("message")


@pytest.fixture(scope="module")
def audited():
    return audit(reference_path("published", "v1.2"), datasets=reference_path("datasets"))


def test_an_audit_is_its_verdicts_and_a_case_a_rule(audited):
    (suite,) = read_junit(junit_text([suite_of_audit(audited, [Level.SUBMITTABLE])]))
    told = outcomes(suite)
    verdicts = [told[f"verdict: {level.value}"] for level in Level]
    assert verdicts == ["skipped", "skipped", "skipped", "failure"]
    assert told["required file: violation"] == "failure"
    assert len(told) == len(list(suite.iter("testcase"))), "each has a name of its own"
    assert properties(suite)["round"] == "v1.2"


def test_what_speaks_against_another_verdict_fails_nothing(audited):
    (suite,) = read_junit(junit_text([suite_of_audit(audited, [Level.OFFICIAL])]))
    told = outcomes(suite)
    assert told["verdict: official"] == ("passed" if audited.holds(Level.OFFICIAL) else "failure")
    assert told["required file: violation"] == "skipped"
    case = next(each for each in suite.iter("testcase") if "required file" in each.get("name"))
    assert "speaks against 'sound', which was not asked for" in case[0].get("message")


def test_a_comparison_is_a_case_a_measure(tmp_path):
    before = for_reports.performance(tmp_path / "before", [10.0, 10.1, 10.0, 10.1, 10.0])
    after = for_reports.performance(tmp_path / "after", [11.0, 11.1, 11.0, 11.1, 11.0])
    file = tmp_path / "junit.xml"
    told = command("compare", before, after, "--threshold", "throughput=2%", "--junit", file)
    assert told.status == 3
    (suite,) = read_junit(file.read_text("utf-8"))
    assert suite.get("name") == "kws performance"
    assert outcomes(suite) == {"throughput": "failure", "latency": "passed"}
    assert "more than 2 %" in next(suite.iter("failure")).get("message")
    measured = properties(suite)
    assert float(measured["throughput.relative"]) == pytest.approx(-0.09, abs=2e-3)
    assert (measured["a"], measured["b"]) == ("before", "after")


def test_what_has_no_counterpart_is_skipped_or_fails_as_the_command_does(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    for_reports.performance(a / "p", [10.0] * 5)
    for_reports.accuracy(a / "x")
    for_reports.performance(b / "p", [10.0] * 5)
    for number, (words, status, kind) in enumerate(
        [((), 0, "skipped"), (("--require-all",), 3, "failure")]
    ):
        file = tmp_path / f"{number}.xml"
        assert command("compare", a, b, "--junit", file, *words).status == status
        suites = {suite.get("name"): suite for suite in read_junit(file.read_text("utf-8"))}
        assert outcomes(suites["not compared"]) == {"kws accuracy": kind}
