"""A report for others: JUnit XML by Jenkins' schema, Markdown, a page; whatever a device says."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from tinyrunner.dut_protocol.conformance.report import (
    ConformanceReport,
    Item,
    MeasuredFacts,
    Verdict,
)
from tinyrunner.dut_protocol.conformance.written import junit, markdown, page
from tinyrunner.dut_protocol.host.dut import Identity

WHEN = "2026-01-02T03:04:05+00:00"
NASTY = 'a|b <script>alert("x")</script> \x00\x1b[31m\ud800 & ]]> `c`'


@pytest.fixture
def report() -> ConformanceReport:
    items = [
        Item(f"k{n}", f"item {n}", verdict, NASTY, "this", "do that", 1234.5)
        for n, verdict in enumerate(Verdict)
    ]
    facts = MeasuredFacts(None, 38, 4096, None, True, None, None, None, 0.005)
    return ConformanceReport(
        "sim:", 115200, Identity(NASTY, None, "kws01", None), tuple(items), facts
    )


ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {
        "name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname",
        "id", "package", "file", "log", "url",
    },
    "testcase": {"name", "time", "classname", "group"},
    "property": {"name", "value"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"type", "message"},
}  # fmt: skip
"""Of junit-10.xsd of jenkinsci/xunit-plugin (commit 031e285e); other elements have none."""
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure", "system-out", "system-err"},
}
REQUIRED = {
    "testsuite": {"name", "tests", "failures", "errors"},
    "testcase": {"name"},
    "property": {"name", "value"},
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def test_the_junit_xml_keeps_to_the_schema_of_jenkins(report):
    root = ElementTree.fromstring(junit(report, WHEN).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set())
        assert set(element.attrib) >= REQUIRED.get(element.tag, set())
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    suite = root[0]
    assert TIME.fullmatch(suite.attrib["time"])
    numbers = [suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")]
    assert numbers == ["5", "1", "1", "1"]
    kinds = [case[0].tag for case in suite.iter("testcase")]
    assert kinds == ["system-out", "system-out", "failure", "skipped", "error"]
    failure = next(suite.iter("failure"))
    assert failure.text.endswith("expected: this\n→ do that")
    assert '<script>alert("x")</script>' in failure.attrib["message"], "a text, not an element"


def test_a_table_of_markdown_has_a_row_for_each_item_whatever_is_in_it(report):
    rows = [line for line in markdown(report).splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 5  # with the head
    for row in rows[2:]:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "<script>" not in markdown(report)


def test_the_page_shows_every_item_as_text(report):
    text = page(report, WHEN)
    assert text.count("<tr>") == 1 + 5
    assert "<script>" not in text
    assert "does not conform: 1 pass, 1 warn, 1 fail, 1 skipped, 1 not run" in text
    assert text.count("→ do that") == 2, "of what warns and what fails"
