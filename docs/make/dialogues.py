"""Writes what instruments say, byte for byte, from the transcripts that the tests are held to."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

TRANSCRIPTS = Path(__file__).resolve().parents[2] / "tests" / "energy" / "transcripts"
_SHOWN = 300
"""Characters of an answer: a PPK2's calibration is longer."""


def dialogues(instrument: str) -> str:
    """Return an instrument's dialogues as tables, folded away, with what its file begins with."""
    text = (TRANSCRIPTS / f"{instrument}.yaml").read_text("utf-8")
    head = re.match(r"(?:#.*\n|instrument: .*\n)*", text)
    comment = [] if head is None else re.findall(r"^# ?(.*)$", head[0], re.M)
    parts = ['<details markdown="1"><summary>Word for word</summary>', "\n".join(comment)]
    for dialogue in yaml.safe_load(text)["dialogues"]:
        rows, before = [], ""
        for line in dialogue["lines"]:
            source = _source(line.get("source", dialogue.get("source", "")))
            said = "as above" if source == before else source
            rows.append(f"| {_bytes(line['send'])} | {_bytes(line['answer'])} | {said} |")
            before = source
        parts.append(f"**{dialogue['name']}**")
        parts.append("| sent | answered | seen in |\n|---|---|---|\n" + "\n".join(rows))
    return "\n\n".join([*parts, "</details>"])


def _bytes(text: str) -> str:
    """Show bytes as in a program's text; a backtick cannot stand in code."""
    shown = "".join(
        one if one.isprintable() and one.isascii() and one not in "`|" else _escaped(one)
        for one in text
    )
    if len(shown) > _SHOWN:
        shown = shown[:_SHOWN] + " …"
    return f"`{shown}`" if shown else ""


def _escaped(one: str) -> str:
    return {"\r": "\\r", "\n": "\\n", "\t": "\\t"}.get(one, f"\\x{ord(one):02x}")


def _source(text: str) -> str:
    words = " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
    return re.sub(r"([*_])", r"\\\1", words)
