"""A report for others: Markdown, a page; whatever a device says."""

from __future__ import annotations

import re

import pytest
from support.report.odd_check import odd_report
from tinyrunner.dut_protocol.conformance.report import ConformanceReport
from tinyrunner.dut_protocol.conformance.report_pages import markdown, page

WHEN = "2026-01-02T03:04:05+00:00"


@pytest.fixture
def report() -> ConformanceReport:
    return odd_report()


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
