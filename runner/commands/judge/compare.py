"""``tinyrunner compare``: two sessions or trees side by side, differences with uncertainty."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ...report.compare.comparison import ComparedPair, Comparison, Thresholds
    from ...report.compare.measures import Difference

_MEANS = "A and B are means over the windows (the published medians are in --json), "
_INTERVAL = "± half of the 95 % interval of the difference."


def compare(
    a: Annotated[
        Path,
        typer.Argument(
            help="A session, a folder of sessions, a tree, or a log that `profile --out` kept."
        ),
    ],
    b: Annotated[Path, typer.Argument(help="The same, to be compared with A.")],
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            "--threshold",
            help="Exit 3 where B is worse by more than this and the 95 % interval of the "
            "difference excludes zero, or where that cannot be told: 2%, or "
            "throughput=2%,energy=3%,accuracy=0.5pp. Of layers: 2% of the whole inference.",
            show_default="none: it only tells",
            metavar="LIMITS",
        ),
    ] = None,
    paired: Annotated[
        list[str] | None,
        typer.Option(
            "--pair",
            help="Pair system A of the first with system B of the second.",
            show_default="systems of one name",
            metavar="A=B",
        ),
    ] = None,
    require_all: Annotated[
        bool,
        typer.Option(
            "--require-all", help="Exit 3 where something has no counterpart or was not measured."
        ),
    ] = False,
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    round_name: options.RoundOption = None,
    division: options.DivisionOption = None,
    as_json: options.JsonOption = False,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help="Write a case a measure as JUnit XML for CI.",
            show_default="none is written",
        ),
    ] = None,
) -> None:
    """Compare two sessions or trees: B against A, with the uncertainty of each difference."""
    from ...journal.layer_log import is_layer_log
    from ...report.compare.comparison import compare_sessions, parse_thresholds
    from ...report.gather import Asked, gather

    options.refuse_existing(junit)
    of_layers = [is_layer_log(path) for path in (a, b)]
    if all(of_layers):
        from .layer_differences import compare_logs

        others = {"--pair": paired, "--labels": labels, "--datasets": datasets,
                  "--round": round_name, "--division": division, "--junit": junit}  # fmt: skip
        compare_logs(a, b, threshold or [], others, require_all=require_all, as_json=as_json)
        return
    if any(of_layers):
        raise SetupError(f"of {a} and {b} one is a log of layers; compare it with another of them")
    thresholds = parse_thresholds(threshold or [])
    asked = Asked(labels, datasets, round_name, division)
    sides = [gather([path], asked).sessions for path in (a, b)]
    compared = compare_sessions(sides[0], sides[1], paired or [])
    failures = compared.failures(thresholds)
    unpaired = bool(compared.only_a or compared.only_b)
    unmeasured = any(not pair.differences for pair in compared.pairs)
    unjudged = thresholds.unjudged(compared.pairs)
    # A gate that measured nothing must not look shut; what has no counterpart may be meant.
    failed = bool(failures or unjudged) or (require_all and (unpaired or unmeasured))
    if junit is not None:
        from ...export.junit import junit_text
        from ...export.suites import suites_of_comparison

        suites = suites_of_comparison(compared, thresholds, require_all=require_all)
        options.write_file(junit, junit_text(suites))
    if as_json:
        import json

        plain = {"a": str(a), "b": str(b)} | compared.to_json(thresholds)
        plain |= {"unjudged": unjudged, "passed": not failed}
        typer.echo(json.dumps(plain, indent=2))
    else:
        _show(options.result_console(), compared, thresholds, failures, unjudged)
    if failed:
        raise typer.Exit(options.EXIT_INVALID)


def _show(
    console: Console,
    compared: Comparison,
    thresholds: Thresholds,
    failures: list[tuple[ComparedPair, Difference]],
    unjudged: list[str],
) -> None:
    from rich.table import Table
    from rich.text import Text

    from ...report.plots.dots import NONE

    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column("session")
    table.add_column("measure")
    for name in ("A", "B", "difference", "relative"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict")
    for pair in compared.pairs:
        if not pair.differences:
            table.add_row(Text(pair.name), NONE, NONE, NONE, NONE, NONE, Text("not measured"))
        for place, each in enumerate(pair.differences):
            name = "" if place else pair.name
            table.add_row(Text(name), *_cells(each), _verdict(each, thresholds))
    console.print(table)
    for side, unpaired in (("A", compared.only_a), ("B", compared.only_b)):
        for missing in unpaired:
            console.print(Text(f"  only in {side}: {missing}"))
    for text, names in _grouped(compared).items():
        line = Text("  warning: ", style="yellow")
        console.print(line.append(f"{text}: {', '.join(names)}", style="default"))
    windows = any(pair.a.streaming_task is None for pair in compared.pairs)
    console.print(Text(f"  {_MEANS if windows else ''}{_INTERVAL}", style="dim"))
    for pair, each in failures:
        bound = thresholds.by_measure[each.measure]
        text = f"{pair.name}, {each.measure.title}: worse by more than {bound}"
        console.print(Text(f"  {text}", style="bold red"))
    for text in unjudged:
        console.print(Text(f"  not judged: {text}", style="bold red"))
    if thresholds.by_measure and not failures and not unjudged:
        console.print(Text("  all within the thresholds", style="green"))


def _grouped(compared: Comparison) -> dict[str, list[str]]:
    """Group each warning with the pairs that it is about."""
    found: dict[str, list[str]] = {}
    for pair in compared.pairs:
        for text in pair.warnings:
            found.setdefault(text, []).append(pair.name)
    return found


def _cells(each: Difference) -> tuple[Text, Text, Text, Text, Text]:
    from rich.text import Text

    from ...report.plots.dots import NONE, fixed, points
    from ...score.minus_sign import signed

    measure = each.measure
    decimals = _DECIMALS.get(measure.title, 3)
    unit = f" ({measure.unit})" if measure.unit else ""
    difference = signed(each.absolute * measure.factor, f".{decimals}f")
    if measure.unit == "%":
        difference = points(each.absolute)
    if each.interval is not None:
        difference += f" ± {each.interval.half_width * measure.factor:.{decimals}f}"
    relative = NONE if each.relative is None else signed(each.relative, ".2%")
    return (
        Text(measure.title + unit),
        Text(fixed(each.a, decimals, measure.factor)),
        Text(fixed(each.b, decimals, measure.factor)),
        Text(difference),
        Text(relative),
    )


_DECIMALS = {
    "Top-1": 1, "AUC": 4, "words heard": 1, "false detections": 0, "duty cycle": 1,
}  # fmt: skip


def _verdict(each: Difference, thresholds: Thresholds) -> Text:
    from rich.text import Text

    from ...report.compare.comparison import verdict

    style = ""
    if each.significant:
        style = "green" if each.worsening < 0 else "yellow"
    if thresholds.exceeded(each):
        style = "bold red"
    return Text(verdict(each), style=style)
