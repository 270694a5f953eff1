"""Reads what instruments say, byte for byte, from `tests/energy/transcripts`, a file for each.

A transcript is held against the driver and against the simulator, each alone, so that neither can
agree with the other in a misreading. Its form::

    instrument: X-NUCLEO-LPM01A
    dialogues:
      - name: the voltage comes as mantissa and exponent
        source: where these bytes were read, or "none: …" where nothing supports them
        lines:
          - send: "volt get\\r\\n"
            answer: "\\r\\nPowerShield > ack volt get 3300-03\\r\\n\\r\\n"
            source: another one than the dialogue's (optional)

Texts stand in double quotes, with YAML's escapes: `\\x00` to `\\xff` are single bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FOLDER = Path(__file__).parents[2] / "energy" / "transcripts"


@dataclass(frozen=True, slots=True)
class Line:
    """Is one thing that is sent, and all that comes back before the next."""

    send: bytes
    answer: bytes
    source: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Is a piece of conversation that has one source, or several."""

    name: str
    lines: tuple[Line, ...]

    @property
    def pairs(self) -> list[tuple[bytes, bytes]]:
        """What `support.devices.dialogue.ScriptedTransport` takes."""
        return [(line.send, line.answer) for line in self.lines]


def dialogues(instrument: str) -> dict[str, Dialogue]:
    """Reads the transcript of an instrument, its dialogues by their names."""
    path = FOLDER / f"{instrument}.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {one["name"]: _dialogue(one) for one in document["dialogues"]}


def _dialogue(document: dict) -> Dialogue:
    default = document.get("source", "")
    lines = []
    for line in document["lines"]:
        source = line.get("source", default)
        assert source, f"{document['name']}: {line['send']!r} names no source"
        lines.append(Line(_bytes(line["send"]), _bytes(line["answer"]), source))
    return Dialogue(document["name"], tuple(lines))


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")
