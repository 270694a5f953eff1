"""What Jenkins' and GitLab's readers of JUnit XML ask of a file, as checks.

The rules are those of ``junit-10.xsd`` of jenkinsci/xunit-plugin (commit 031e285e), restated.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

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
"""Other elements have none."""
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
COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def read_junit(text: str) -> ElementTree.Element:
    """The root of a document that keeps to the schema, and counts what it holds."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) <= ATTRIBUTES.get(element.tag, set())
        assert set(element.attrib) >= REQUIRED.get(element.tag, set())
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
    for suite in root:
        assert TIME.fullmatch(suite.get("time", ""))
        cases = suite.findall("testcase")
        assert suite.get("tests") == str(len(cases))
        for attribute, tag in COUNTED.items():
            assert suite.get(attribute) == str(len(suite.findall(f"testcase/{tag}")))
    return root


def properties(suite: ElementTree.Element) -> dict[str, str]:
    return {each.get("name"): each.get("value") for each in suite.iter("property")}
