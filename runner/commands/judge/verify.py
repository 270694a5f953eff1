"""``tinyrunner submission verify``: audit a submission, a division, or a results repository."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options

if TYPE_CHECKING:
    from ...audit.evidence.findings import Level


class LevelName(Enum):
    """Names the verdict that sets the exit status."""

    OFFICIAL = "official"
    SOUND = "sound"
    OFFICIAL_DATA = "official-data"
    SUBMITTABLE = "submittable"


def verify(
    path: Annotated[
        Path, typer.Argument(help="One submitter's folder, a division, or a results repository.")
    ],
    level: Annotated[
        LevelName, typer.Option("--level", help="Which verdict sets the exit status.")
    ] = LevelName.SUBMITTABLE,
    round_name: Annotated[
        str | None,
        typer.Option(
            "--round",
            help="Whose rules apply: v0.5 … v1.4.",
            show_default="by the folder's or checklist's name",
            metavar="ROUND",
        ),
    ] = None,
    datasets: options.ListsOption = None,
    as_json: options.JsonOption = False,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write the audit as a page too.",
            show_default="none is written",
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write the official checker's summary.csv.",
            show_default="none is written",
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help="Write verdicts and findings as JUnit XML for CI.",
            show_default="none is written",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Write over the files of --html, --csv and --junit.")
    ] = False,
    summary: Annotated[
        bool, typer.Option("--summary", help="Show the digest alone, which fits a screen.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Show each place of each finding.")] = False,
) -> None:
    """Audit a submission: what the official checker would say, and all that it does not look at."""
    from ...audit.audit import audit

    for target in (html, csv, junit):
        options.refuse_existing(target, force=force)
    if html is not None:
        from ...report.report_file import refuse_overwriting

        refuse_overwriting(html, force=force)
    found = audit(path, round_name=round_name, datasets=datasets)
    if csv is not None:
        from ...audit.official.summary_csv import write_summary_csv

        options.write_file(csv, write_summary_csv(found.official))
    if html is not None:
        from ...report.from_audit import page_of_audit
        from ...report.report_file import write_report

        write_report(page_of_audit(found), html, force=force)
    asked = _verdicts(level)
    if junit is not None:
        from ...export.junit import junit_text
        from ...export.suites import suite_of_audit

        options.write_file(junit, junit_text([suite_of_audit(found, asked)]))
    if as_json:
        import json

        from ..show.audit import audit_json

        typer.echo(json.dumps(audit_json(found), indent=2))
    else:
        from ..show.audit import Detail, show_audit

        detail = Detail.SUMMARY if summary else Detail.ALL if every else Detail.GROUPS
        show_audit(options.result_console(), found, asked[-1], detail)
    if not all(found.holds(each) for each in asked):
        raise typer.Exit(options.EXIT_INVALID)


def _verdicts(level: LevelName) -> tuple[Level, ...]:
    """Return the verdicts that must hold."""
    from ...audit.evidence.findings import Level

    return {
        LevelName.OFFICIAL: (Level.OFFICIAL,),
        LevelName.SOUND: (Level.SOUND,),
        LevelName.OFFICIAL_DATA: (Level.SOUND, Level.OFFICIAL_DATA),
        LevelName.SUBMITTABLE: (Level.SUBMITTABLE,),
    }[level]
