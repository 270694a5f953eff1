"""``tinyrunner score``: recompute a session's figures from its log, whoever wrote it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import options


def score(
    session: Annotated[Path, typer.Argument(help="A session's folder, or a log.txt.")],
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="The task of a log that does not name its model.",
            show_default="the one that the log names",
            metavar="TASK",
        ),
    ] = None,
    round_name: options.RoundOption = None,
    division: options.DivisionOption = None,
    purpose: options.PurposeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Recompute the results of a session from its log: ours, EEMBC's or MLCommons'."""
    from ...score.judge import judge_any

    judged = judge_any(
        session, labels, datasets, round_name, division, task_name=task, purpose=purpose
    )
    if as_json:
        import json

        from ..show.session import assessment_json

        plain = assessment_json(str(session), judged.assessment) | {
            "task": judged.task.key,
            "mode": judged.mode.value,
            "round": judged.round.name,
            "labels": judged.labels,
        }
        typer.echo(json.dumps(plain, indent=2))
    else:
        from ..show.session import show_assessment

        title = f"{judged.task.key} {judged.mode.value}: {session}"
        if judged.labels:
            title += f" (labels: {judged.labels})"
        show_assessment(
            options.result_console(), title, judged.assessment, judged.task, judged.round
        )
    if not judged.assessment.good:
        raise typer.Exit(options.EXIT_INVALID)
