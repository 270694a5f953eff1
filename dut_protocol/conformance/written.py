"""Writes a report for others: Markdown, JUnit XML, a page of HTML. Texts only; nothing is opened.

What a device says may hold anything; here it is text, whatever it looks like.
"""

from __future__ import annotations

import re
from html import escape
from xml.etree import ElementTree

from ..host.dut import Identity
from .report import ConformanceReport, Item, MeasuredFacts, Verdict

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What a document of XML 1.0 cannot hold, not even as a reference."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|<>~&])")

_COLOURS = {
    Verdict.PASS: "#2b7a3f",
    Verdict.WARN: "#8a6100",
    Verdict.FAIL: "#b3261e",
    Verdict.SKIPPED: "#666",
    Verdict.NOT_RUN: "#b3261e",
}
_STYLE = (
    "body{font:16px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;"
    "color:#1b1b1f;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid #ddd}"
    "td{overflow-wrap:anywhere}td:first-child{white-space:nowrap;font-weight:600}"
    "small{color:#555;display:block}"
)


def named(identity: Identity, address: str, baud_rate: int) -> str:
    """Return whom a check is about."""
    who = f"{identity.vendor or 'a device without a name'}, {identity.model_id or 'no model id'}"
    return f"{who} on {address} at {baud_rate} baud"


def verdict(report: ConformanceReport) -> str:
    """Return the verdict with the number of items of each kind."""
    counts = [f"{count} {kind.value}" for kind in Verdict if (count := report.count(kind)) > 0]
    return f"{'conforms' if report.passed else 'does not conform'}: {', '.join(counts)}"


def figures(facts: MeasuredFacts) -> list[str]:
    """Say what a run can be told, in the words of its options."""
    lines = []
    if facts.data_bytes_per_db is not None:
        lines.append(f"takes --data-bytes-per-db {facts.data_bytes_per_db}")
    if facts.pipeline_chars:
        lines.append(f"takes {facts.pipeline_chars} characters in flight")
    if facts.inference_time_s is not None:
        lines.append(f"an inference takes about {facts.inference_time_s * 1e3:.3g} ms")
    return lines


def markdown(report: ConformanceReport) -> str:
    """Return a table for a pull request, an issue or a job's summary."""
    lines = [
        f"### {_marked(_title(report))}", "", f"**{verdict(report)}**", "",
        "| | item | found | expected, what to do |", "| --- | --- | --- | --- |",
    ]  # fmt: skip
    for item in report.items:
        help_ = "<br>".join(map(_marked, _help(item)))
        lines.append(
            f"| {item.verdict.value} | {_marked(item.title)} | {_marked(item.found)} | {help_} |"
        )
    return "\n".join([*lines, "", *(f"- {_marked(line)}" for line in figures(report.facts)), ""])


def junit(report: ConformanceReport, when: str) -> str:
    """Return JUnit XML as Jenkins, GitLab and others read it; ``when`` is ISO 8601.

    An item is a test case, a warning a passed one with words. The elements and attributes are those
    of `junit-10.xsd`, by which Jenkins' xUnit plugin judges.
    """
    root = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name="tinyrunner check",
        tests=str(len(report.items)),
        failures=str(report.count(Verdict.FAIL)),
        errors=str(report.count(Verdict.NOT_RUN)),
        skipped=str(report.count(Verdict.SKIPPED)),
        time=f"{sum(item.seconds for item in report.items):.3f}",
        timestamp=when,
    )
    properties = ElementTree.SubElement(suite, "properties")
    identity, facts = report.identity, report.facts
    for name, value in (
        ("address", report.address),
        ("baud_rate", report.baud_rate),
        ("vendor", identity.vendor),
        ("profile", identity.profile),
        ("model_id", identity.model_id),
        ("mode", facts.mode and facts.mode.value),
        ("data_bytes_per_db", facts.data_bytes_per_db),
        ("pipeline_chars", facts.pipeline_chars),
        ("timer_ppm", facts.timer_ppm),
        ("inference_time_s", facts.inference_time_s),
    ):
        if value is not None:
            ElementTree.SubElement(properties, "property", name=name, value=_xml(str(value)))
    for item in report.items:
        _case(suite, item)
    ElementTree.indent(root)
    text: str = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: ElementTree.Element, item: Item) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname="tinyrunner.check", name=item.title, time=f"{item.seconds:.3f}"
    )
    words = "\n".join([item.found, *_help(item)])
    match item.verdict:
        case Verdict.FAIL | Verdict.NOT_RUN | Verdict.SKIPPED:
            kinds = {Verdict.FAIL: "failure", Verdict.NOT_RUN: "error", Verdict.SKIPPED: "skipped"}
            told = ElementTree.SubElement(
                case, kinds[item.verdict], type=item.verdict.value, message=_xml(item.found)
            )
            if item.verdict is Verdict.FAIL:
                told.text = _xml(words)
        case Verdict.WARN | Verdict.PASS:
            ElementTree.SubElement(case, "system-out").text = _xml(
                f"warning: {words}" if item.verdict is Verdict.WARN else item.found
            )


def page(report: ConformanceReport, when: str) -> str:
    """Return a page of HTML that needs nothing beside it; ``when`` is ISO 8601."""
    rows = "".join(
        f'<tr><td style="color:{_COLOURS[item.verdict]}">{item.verdict.value}</td>'
        f"<td>{escape(item.title)}</td><td>{escape(item.found)}"
        + "".join(f"<small>{escape(line)}</small>" for line in _help(item))
        + "</td></tr>\n"
        for item in report.items
    )
    listed = "".join(f"<li>{escape(line)}</li>" for line in figures(report.facts))
    title = escape(_title(report))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>\n"
        f"<h1>{title}</h1>\n<p><strong>{escape(verdict(report))}</strong></p>\n"
        f"<ul>{listed}</ul>\n<table><thead><tr><th>verdict</th><th>item</th><th>found</th></tr>"
        f"</thead><tbody>\n{rows}</tbody></table>\n<p>tinyrunner check, {escape(when)}</p>\n"
        "</body></html>\n"
    )


def _title(report: ConformanceReport) -> str:
    return named(report.identity, report.address, report.baud_rate)


def _help(item: Item) -> list[str]:
    """Return what was expected and what to do, where something is to be done."""
    if item.verdict not in (Verdict.WARN, Verdict.FAIL):
        return []
    return [f"expected: {item.expected}", *([f"→ {item.advice}"] if item.advice else [])]


def _marked(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _xml(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
