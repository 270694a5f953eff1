"""Renders a page as one HTML file: styles, scripts and data inside, nothing fetched.

The content security policy of the page names the hashes of its two scripts, so that markup from a
hostile name could not run even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from datetime import UTC, datetime
from importlib import import_module
from math import isfinite
from pathlib import Path

from markupsafe import Markup

from ... import __version__
from ..score.rules import Severity
from .budget import MAX_FINDINGS, Budget
from .page import PageFinding, ReportPage, SessionStatus
from .summary import cards
from .views import CapturePage, view_of

GENERATOR = "tinyrunner report"
"""The name in a page's generator mark, by which it is known again."""

_HERE = Path(__file__).resolve().parent / "template"
_LONGEST_TEXT = 2000


def render_report(page: ReportPage) -> str:
    """Return the HTML of a page."""
    budget = Budget.of(page.sessions)
    views = [
        view_of(session, f"s{number}", budget) for number, session in enumerate(page.sessions, 1)
    ]
    return _rendered(
        "page.html",
        draws=any(view.plots for view in views),
        page=page,
        views=views,
        cards=cards(page.sessions),
        valid=sum(view.line.outcome is SessionStatus.VALID for view in views),
        development=sum(view.line.outcome is SessionStatus.DEVELOPMENT for view in views),
        simulated=sum(view.session.simulated for view in views),
        SessionStatus=SessionStatus,
        Severity=Severity,
        max_findings=MAX_FINDINGS,
        budget=budget,
    )


def render_capture(capture: CapturePage) -> str:
    """Return the HTML of a recording by itself: its figures, its windows, its plot."""
    return _rendered("capture.html", draws=True, capture=capture)


def _rendered(template: str, *, draws: bool, **values: object) -> str:
    """Fill in a template; the scripts of plots are in the page where it ``draws`` any."""
    import jinja2  # here, because it takes a while that other commands need not wait

    script = _read("report.js") if draws else ""
    plotly = _plotly() if draws else ""
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
        f"script-src {_sources(plotly, script)}; base-uri 'none'; form-action 'none'"
    )
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE, encoding="utf-8"),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data"] = _data
    environment.filters["tally"] = _tally
    return environment.get_template(template).render(
        **values,
        generator=f"{GENERATOR} {__version__}",
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        policy=policy,
        style=Markup(_read("report.css")),
        script=Markup(script),
        plotly=Markup(plotly),
    )


def is_ours(path: Path) -> bool:
    """Tell whether a file is a page that this program wrote."""
    try:
        with path.open("rb") as file:
            head = file.read(2000)
    except OSError:
        return False
    return f'<meta name="generator" content="{GENERATOR} '.encode() in head


def _plotly() -> str:
    # By name: it has no type information, and takes a while that other commands need not wait.
    text: str = import_module("plotly.offline").get_plotlyjs()
    return text


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _sources(*scripts: str) -> str:
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in scripts
        if text
    ]
    return " ".join(f"'sha256-{each}'" for each in hashes) or "'none'"


def _shown(value: object) -> object:
    """Return a text fit for a page: no control characters, none that turn the reading order."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if len(value) > _LONGEST_TEXT:
        value = value[:_LONGEST_TEXT] + "…"
    if value.isascii() and value.isprintable():
        return value
    return "".join(
        char if char == "\n" or unicodedata.category(char) not in _UNSEEN else f"\\u{ord(char):04x}"
        for char in value
    )


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def _data(value: object) -> Markup:
    """Return JSON that can stand in a script element: no markup, no number unknown to JSON."""
    from jinja2.utils import htmlsafe_json_dumps

    return htmlsafe_json_dumps(_finite(value), separators=(",", ":"))


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value


def _tally(findings: tuple[PageFinding, ...]) -> str:
    """Write `2 violations, 1 warning`."""
    parts = []
    for severity in Severity:
        count = sum(finding.severity is severity for finding in findings)
        if count:
            several = count > 1 and severity is not Severity.NOT_JUDGED
            parts.append(f"{count} {severity.value}{'s' if several else ''}")
    return ", ".join(parts) or "nothing found"
