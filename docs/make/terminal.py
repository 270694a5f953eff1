"""Draws what a terminal shows while a program runs in it, as an SVG; on Linux and macOS."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import textwrap
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

COLUMNS, ROWS = 80, 60
_CHAR_W, _LINE_H, _EDGE = 8.4, 18, 14
_COLOURS = {
    "default": "#d4d4d4", "black": "#5c6370", "red": "#f07178", "green": "#98c379",
    "brown": "#e5c07b", "blue": "#61afef", "magenta": "#c678dd", "cyan": "#56b6c2",
    "white": "#ffffff",
}  # fmt: skip


def recorded(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[pyte.Screen]:
    """Run a command in a terminal of 80 columns; yield the screen after each thing it writes."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**environment, "TERM": "xterm-256color"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdin=its, stdout=its, stderr=its):
        os.close(its)
        while True:
            try:
                said = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not said:
                break
            stream.feed(said)
            yield screen
    os.close(ours)


def svg(screen: pyte.Screen, typed: str, folder: str) -> str:
    """Draw a screen below the line that was typed, without the name of the folder it is in."""
    lines = [line.rstrip() for line in screen.display]
    last = max((number for number, line in enumerate(lines) if line), default=0)
    head = textwrap.wrap(f"$ {typed}", COLUMNS - 2, break_on_hyphens=False)
    height = 2 * _EDGE + _LINE_H * (last + 1 + len(head))
    width = 2 * _EDGE + _CHAR_W * COLUMNS
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height}" '
        f'width="{width:g}" height="{height}">',
        f'<rect width="{width:g}" height="{height}" rx="8" fill="#1e2127"/>',
        '<g font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14">',
    ]
    for row, line in enumerate(head):
        more = " \\" if line is not head[-1] else ""
        parts.append(_text(row, 2 if row else 0, line + more, "#98c379", bold=False))
    for row in range(last + 1):
        cells = [screen.buffer[row][column] for column in range(COLUMNS)]
        for look, group in groupby(enumerate(cells), lambda at: (at[1].fg, at[1].bold)):
            places = list(group)
            said = "".join(cell.data for _, cell in places).replace(folder, "")
            if said.strip():
                colour = _COLOURS.get(look[0], f"#{look[0]}")
                parts.append(_text(row + len(head), places[0][0], said, colour, bold=look[1]))
    return "\n".join([*parts, "</g>", "</svg>"]) + "\n"


def _text(row: int, column: int, said: str, colour: str, *, bold: bool) -> str:
    """Place a text by the grid: its first blanks as a distance, its length whatever the font."""
    shown = said.strip().replace(" ", "\xa0")  # blanks in a row would be one
    x = _EDGE + _CHAR_W * (column + len(said) - len(said.lstrip()))
    y = _EDGE + _LINE_H * (row + 0.75)
    return (
        f'<text x="{x:g}" y="{y:g}" fill="{colour}" textLength="{_CHAR_W * len(shown):g}"'
        + (' font-weight="bold"' if bold else "")
        + f">{escape(shown)}</text>"
    )
