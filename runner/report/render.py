"""Renders a page as one HTML file: styles, scripts and data inside, nothing fetched.

The content security policy of the page names the hash of its script, so that markup from a hostile
name could not run even if it were not escaped.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from ... import __version__
from ..score.rules import Severity
from .audit_view import overview_of
from .budget import MAX_FINDINGS, Budget
from .page import PageFinding, ReportPage, SessionStatus
from .plots.layer_chart import layers_view
from .plots.packed_data import packed, packed_bytes
from .plots.published_field import field_with
from .plots.scatter import scatters_of
from .plots.traces import Plot
from .summary import cards, points_of
from .views import CapturePage, view_of

GENERATOR = "tinyrunner report"
"""The name in a page's generator mark, by which it is known again."""

_HERE = Path(__file__).resolve().parent / "template"
PLOTS, _TABLE = "plots.js", "table.js"
"""The scripts: one draws plots and unfolds sessions, one sorts and filters an audit's table."""
_LONGEST_TEXT = 2000
MOST_UNFOLDED = 24
"""Sessions of a page that stand in it open; of more each is unpacked when somebody opens it."""


def render_report(page: ReportPage) -> str:
    """Return the HTML of a page."""
    budget = Budget.of(page.sessions)
    views = [
        view_of(session, f"s{number}", budget) for number, session in enumerate(page.sessions, 1)
    ]
    field = page.field or field_with(points_of(page.sessions))
    overview = None if page.digest is None else overview_of(page, page.digest)
    folded = len(views) > MOST_UNFOLDED
    scripts = [PLOTS] if overview is not None or folded or any(v.plots for v in views) else []
    scripts += [_TABLE] if overview is not None else []
    anchored = [(view.anchor, view.session) for view in views]
    profiles = [
        layers_view(profile, f"p{number}", anchored)
        for number, profile in enumerate(page.profiles, 1)
    ]
    return rendered(
        "page.html",
        scripts,
        overview=overview,
        folded=folded,
        field=field,
        scatters=[] if field is None else scatters_of(field.points),
        page=page,
        views=views,
        profiles=profiles,
        unmeasured=sorted({view.mark for view in profiles} - {""}, reverse=True),
        unmeasured_layers=sum(view.mark != "" for view in profiles),
        cards=[] if overview is not None else cards(page.sessions),
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
    return rendered("capture.html", [PLOTS], capture=capture)


def rendered(template: str, scripts: Iterable[str], **values: object) -> str:
    """Fill in a template of this folder; the page holds these scripts."""
    import jinja2  # here, because it takes a while that other commands need not wait

    script = "".join(map(_read, scripts))
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: blob:; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE, encoding="utf-8"),
        autoescape=True,
        finalize=_shown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["block"] = _block
    environment.filters["folded"] = _folded
    environment.filters["tally"] = _tally
    return environment.get_template(template).render(
        **values,
        generator=f"{GENERATOR} {__version__}",
        created=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        policy=policy,
        style=Markup(_read("report.css")),
        script=Markup(script),
    )


def is_ours(path: Path) -> bool:
    """Tell whether a file is a page that this program wrote."""
    try:
        with path.open("rb") as file:
            head = file.read(2000)
    except OSError:
        return False
    return f'<meta name="generator" content="{GENERATOR} '.encode() in head


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8").replace("\r\n", "\n")


def _source(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"'sha256-{digest}'" if script else "'none'"


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


def _block(plot: Plot) -> Markup:
    """Return the data of a plot as they stand in the page: base64, so no markup."""
    return Markup(packed(plot.data, plot.arrays))


def _folded(text: Markup) -> Markup:
    """Return a session's part of the page, packed until somebody opens it."""
    return Markup(packed_bytes(text.encode()))


def _tally(findings: tuple[PageFinding, ...]) -> str:
    """Write `2 violations, 1 warning`."""
    parts = []
    for severity in Severity:
        count = sum(finding.severity is severity for finding in findings)
        if count:
            several = count > 1 and severity is not Severity.NOT_JUDGED
            parts.append(f"{count} {severity.value}{'s' if several else ''}")
    return ", ".join(parts) or "nothing found"
