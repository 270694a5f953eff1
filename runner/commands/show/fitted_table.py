"""Prints a table that fits its terminal: a name gets shorter first, then columns go.

Figures are never cut.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from rich.console import Console
from rich.text import Text

GAP = 2
"""Blanks between two columns."""
_SHORTEST_NAME = 6
"""Characters that are left of a name before a column goes."""


def print_fitted(
    console: Console,
    rows: Sequence[Mapping[str, Text]],
    *,
    name: str,
    first_to_go: Sequence[str],
    left: Collection[str],
    indent: int = 0,
) -> tuple[str, ...]:
    """Print rows, which map the columns' heads to texts; return the columns that were left out.

    ``name`` is the column that may be cut, ``first_to_go`` are those that a narrow terminal does
    without, in this order, and ``left`` those whose texts stand at their left. Columns in which
    nothing stands are no columns.
    """
    columns = [head for head in rows[0] if any(row[head].plain for row in rows)]
    widths = {head: max(len(head), *(row[head].cell_len for row in rows)) for head in columns}

    def total() -> int:
        return indent + sum(widths.values()) + GAP * (len(widths) - 1)

    def show(row: Mapping[str, Text], style: str = "") -> None:
        console.print(" " * indent, _line(row, widths, left, style), sep="", soft_wrap=True)

    for head in first_to_go:
        spared = max(0, widths.get(name, 0) - _SHORTEST_NAME)
        if total() - spared > console.width:
            widths.pop(head, None)
    if name in widths:
        too_much = max(0, total() - console.width)
        widths[name] = max(min(_SHORTEST_NAME, widths[name]), widths[name] - too_much)
    show({head: Text(head) for head in widths}, "dim")
    for row in rows:
        show(row)
    return tuple(head for head in columns if head not in widths)


def _line(
    row: Mapping[str, Text], widths: Mapping[str, int], left: Collection[str], style: str
) -> Text:
    cells = []
    for head, width in widths.items():
        text = row[head].copy()
        text.truncate(width, overflow="ellipsis")
        text.align("left" if head in left else "right", width)
        cells.append(text)
    line = Text(" " * GAP).join(cells)
    line.rstrip()
    line.stylize(style)
    return line
