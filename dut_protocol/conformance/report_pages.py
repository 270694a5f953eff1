"""Writes a report for others: Markdown, a page of HTML. Texts only; nothing is opened.

What a device says may hold anything; here it is text, whatever it looks like.
"""

from __future__ import annotations

import re
from html import escape

from ..host.dut import Identity
from .report import ConformanceReport, MeasuredFacts, Verdict

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
        help_ = "<br>".join(map(_marked, item.help_lines))
        lines.append(
            f"| {item.verdict.value} | {_marked(item.title)} | {_marked(item.found)} | {help_} |"
        )
    return "\n".join([*lines, "", *(f"- {_marked(line)}" for line in figures(report.facts)), ""])


def page(report: ConformanceReport, when: str) -> str:
    """Return a page of HTML that needs nothing beside it; ``when`` is ISO 8601."""
    rows = "".join(
        f'<tr><td style="color:{_COLOURS[item.verdict]}">{item.verdict.value}</td>'
        f"<td>{escape(item.title)}</td><td>{escape(item.found)}"
        + "".join(f"<small>{escape(line)}</small>" for line in item.help_lines)
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


def _marked(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
