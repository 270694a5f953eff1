"""Writes differences for people to read: one minus sign, U+2212, wherever a sign is shown."""

from __future__ import annotations

MINUS = "\u2212"


def signed(value: float, form: str) -> str:
    """Write a number with its sign; ``form`` is what formats one without: ``.2f``, ``.1%``.

    What rounds to nothing has a plus.
    """
    text = format(value, f"+z{form}")
    return MINUS + text[1:] if text.startswith("-") else text
