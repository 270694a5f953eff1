"""Compares two profiles of layers for `tinyrunner compare`, and shows which layer got slower."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ...errors import SetupError
from .. import options
from ..options import spaced

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from ...journal.layer_log import LayerProfile
    from ...report.compare.layer_comparison import LayerComparison, LayerDifference

_ONE_EACH = (
    "One inference of each: profile twice to see what repeats. Of whole: of A's whole inference."
)


def compare_logs(
    a: Path,
    b: Path,
    threshold: Sequence[str],
    others: Mapping[str, object],
    *,
    require_all: bool,
    as_json: bool,
) -> None:
    """Compare the layers in two logs; ``others`` are options that are of sessions alone."""
    from ...journal.layer_log import read_layer_log
    from ...report.compare.layer_comparison import compare_layers, parse_bound

    given = [name for name, value in others.items() if value]
    if given:
        raise SetupError(f"{a} and {b} are logs of layers; {', '.join(given)} goes with sessions")
    bound = parse_bound(threshold)
    sides = [read_layer_log(path) for path in (a, b)]
    compared = compare_layers(*sides)
    exceeding = [] if bound is None else compared.exceeding(bound)
    failed = bool(exceeding) or (require_all and bool(compared.unpaired))
    if as_json:
        import json

        plain = {"a": str(a), "b": str(b)} | compared.to_json()
        plain |= {"exceeding": [each.name for each in exceeding], "passed": not failed}
        typer.echo(json.dumps(plain, indent=2))
    else:
        _show(options.result_console(), sides, compared, threshold, exceeding)
    if failed:
        raise typer.Exit(options.EXIT_INVALID)


def _show(
    console: Console,
    sides: Sequence[LayerProfile],
    compared: LayerComparison,
    threshold: Sequence[str],
    exceeding: Sequence[LayerDifference],
) -> None:
    from rich.text import Text

    from ...score.layer_figures import what_is_counted
    from ..show.fitted_table import print_fitted

    def say(text: str = "", style: str = "") -> None:
        console.print(Text(text, style=style))

    for name, side in zip("AB", sides, strict=True):
        log = "" if side.log is None else str(side.log)
        who = ", ".join(filter(None, (log, side.vendor, side.model_id)))
        say(f"{name}: {who}; {what_is_counted(side)}")
    say()
    rows = [*compared.layers, compared.between, compared.whole]
    cells = [_row(each, compared.unit) for each in rows]
    left = {"operator"}
    print_fitted(console, cells, name="operator", first_to_go=("output", "#"), left=left)
    say()
    slowed = compared.slowed_most
    if slowed is not None:
        took = f"{_difference(slowed)} {compared.unit}"
        say(f"  slowed most: {slowed.name}, {took}")
    for text in compared.warnings:
        console.print(Text("  warning: ", style="yellow").append(text, style="default"))
    say(f"  {_ONE_EACH}", "dim")
    for each in exceeding:
        what = "worse by more than" if each is compared.whole else "slower by more than"
        of = "" if each is compared.whole else " of the whole inference"
        say(f"  {each.name}: {what} {threshold[0]}{of}", "bold red")
    if threshold and not exceeding:
        say("  all within the threshold", "green")


def _difference(each: LayerDifference) -> str:
    from ...score.minus_sign import signed

    return signed(each.difference, ",.0f").replace(",", " ") if each.difference else "0"


def _row(each: LayerDifference, unit: str) -> dict[str, Text]:
    from rich.text import Text

    from ...report.plots.dots import NONE
    from ...score.minus_sign import signed

    known = each.b or each.a
    assert known is not None
    style = "" if not each.difference else "yellow" if each.difference > 0 else "green"
    paired = each.took_a is not None and each.took_b is not None
    relative = NONE if each.relative is None or not paired else signed(each.relative, ".1%")
    of_whole = NONE if each.of_whole is None else signed(each.of_whole, ".1%")
    if not each.difference:  # what changed is to be seen
        relative = of_whole = ""
    return {
        "#": Text("" if known.layer is None else str(known.layer)),
        "operator": Text(known.operator),
        "output": Text(known.output),
        f"A ({unit})": Text(NONE if each.took_a is None else spaced(each.took_a)),
        "B": Text(NONE if each.took_b is None else spaced(each.took_b)),
        "difference": Text(_difference(each), style=style),
        "relative": Text(relative, style=style),
        "of whole": Text(of_whole),
    }
