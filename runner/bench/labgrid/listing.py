"""Reads what `labgrid-client` prints of places and of what they consist of.

The forms are those of labgrid 26.0 (labgrid/remote/client.py: print_places, print_place; common.py:
Place.show), which prints no JSON of them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

SERIAL = "NetworkSerialPort"
"""Labgrid's class of serial ports as a client sees them, whatever the exporter has."""


@dataclass(frozen=True, slots=True)
class Place:
    """Is a place as `labgrid-client -v places` tells of it."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    acquired: str = ""
    """Who has acquired it, as ``HOST/USER``; empty where nobody has."""
    allowed: frozenset[str] = frozenset()
    """Who else may use it while it is acquired."""
    reservation: str = ""
    """The token of the reservation that it is kept for; empty where there is none."""

    def has(self, tags: Mapping[str, str]) -> bool:
        """Tell whether it would be reserved by these tags; its name counts as one."""
        own = {"name": self.name, **self.tags}
        return all(own.get(key) == value for key, value in tags.items())

    def __str__(self) -> str:
        tags = " ".join(f"{key}={value}" for key, value in sorted(self.tags.items()))
        return f"{self.name} ({tags})" if tags else self.name


@dataclass(frozen=True, slots=True)
class Part:
    """Is a resource of an acquired place."""

    name: str
    path: str
    """Exporter, group, class and name, with slashes."""
    data: Mapping[str, Any] | None
    """Its class, availability and parameters; None where its exporter is gone."""

    @property
    def is_serial(self) -> bool:
        """Tell whether it is a serial port."""
        return self.path.split("/")[2:3] == [SERIAL]

    @property
    def available(self) -> bool:
        """Tell whether it can be used at the moment."""
        return self.data is not None and self.data.get("avail") is True

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Return what a client connects by."""
        return {} if self.data is None else self.data.get("params", {})


def read_places(text: str) -> dict[str, Place]:
    """Read the output of `labgrid-client -v places`, by the places' names."""
    blocks = re.finditer(r"^Place '(.*)':\n((?:  .*\n?)*)", text, re.MULTILINE)
    return {block[1]: _place(block[1], block[2]) for block in blocks}


def _place(name: str, text: str) -> Place:
    said = dict(re.findall(r"^  (\w+): (.*)$", text, re.MULTILINE))
    tags = dict(pair.split("=", 1) for pair in said.get("tags", "").split(", ") if "=" in pair)
    acquired = said.get("acquired", "None")
    return Place(
        name,
        tags,
        "" if acquired == "None" else acquired,
        frozenset(filter(None, said.get("allowed", "").split(", "))),
        said.get("reservation", ""),
    )


def read_parts(text: str) -> list[Part]:
    """Read the resources out of `labgrid-client -p PLACE show` of an acquired place."""
    found = re.finditer(
        r"^(?:Acquired|Orphaned) resource '(.*)' \((.*)\):?\n?((?:  .*\n?)*)", text, re.MULTILINE
    )
    return [Part(match[1], match[2], _literal(match[3])) for match in found]


def _literal(text: str) -> Mapping[str, Any] | None:
    """Return the dictionary that Python's pprint has printed; None where there is none."""
    try:
        value = ast.literal_eval(dedent(text).strip())
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, dict) else None
