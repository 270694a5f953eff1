"""Writes JUnit XML as Jenkins, GitLab and others read it: for sessions and for every check.

The elements and attributes are those of ``junit-10.xsd``, by which Jenkins' xUnit plugin judges:
there a suite has properties and a case has none. Whatever a device said is text here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from xml.etree import ElementTree

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a document of XML 1.0 cannot hold, not even as a reference."""


class CaseStatus(Enum):
    """Says how a case went, by the element that it gets."""

    PASSED = "passed"
    FAILED = "failure"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class JunitCase:
    """Is one item."""

    name: str
    group: str
    """What it belongs to, with dots: CI shows cases by it."""
    status: CaseStatus = CaseStatus.PASSED
    kind: str = ""
    """What became of it, in a word of ours."""
    message: str = ""
    """In one line, why it did not pass."""
    text: str = ""
    """The whole; of a case that passed, what there is to tell."""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class JunitSuite:
    """Is what belongs together, with what was measured."""

    name: str
    cases: Sequence[JunitCase]
    properties: Mapping[str, object] = field(default_factory=dict)
    """Those that are None are left out."""
    timestamp: str | None = None
    """ISO 8601."""

    def count(self, status: CaseStatus) -> int:
        return sum(case.status is status for case in self.cases)


def junit_text(suites: Iterable[JunitSuite]) -> str:
    """Return the document."""
    root = ElementTree.Element("testsuites")
    for suite in suites:
        _add_suite(root, suite)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_suite(root: ElementTree.Element, suite: JunitSuite) -> None:
    times_s = [case.seconds for case in suite.cases if case.seconds is not None]
    given = {
        "name": suite.name,
        "tests": str(len(suite.cases)),
        "failures": str(suite.count(CaseStatus.FAILED)),
        "errors": str(suite.count(CaseStatus.ERROR)),
        "skipped": str(suite.count(CaseStatus.SKIPPED)),
        "time": f"{sum(times_s):.3f}" if times_s else None,
        "timestamp": suite.timestamp,
    }
    element = _element(root, "testsuite", given)
    properties = {name: value for name, value in suite.properties.items() if value is not None}
    if properties:
        below = ElementTree.SubElement(element, "properties")
        for name, value in properties.items():
            _element(below, "property", {"name": name, "value": str(value)})
    for case in suite.cases:
        _add_case(element, case)


def _add_case(suite: ElementTree.Element, case: JunitCase) -> None:
    time = None if case.seconds is None else f"{case.seconds:.3f}"
    element = _element(
        suite, "testcase", {"classname": case.group, "name": case.name, "time": time}
    )
    if case.status is CaseStatus.PASSED:
        if case.text:
            ElementTree.SubElement(element, "system-out").text = _xml(case.text)
        return
    told = _element(element, case.status.value, {"type": case.kind, "message": case.message})
    if case.text and case.status is not CaseStatus.SKIPPED:
        told.text = _xml(case.text)


def _element(
    parent: ElementTree.Element, tag: str, given: Mapping[str, str | None]
) -> ElementTree.Element:
    attributes = {name: _xml(value) for name, value in given.items() if value is not None}
    return ElementTree.SubElement(parent, tag, attributes)


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
