"""Turns results into JSON: each class names what stands in its form, one walker writes it."""

from __future__ import annotations

from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar


class JsonForm:
    """Is a dataclass with a form in JSON; the keys keep the order in which they are named."""

    __slots__ = ()

    JSON: ClassVar[str]
    """The attributes and properties, with spaces between them; `key=window.start_s` for a value
    that stands deeper, or under another name."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values by their keys."""
        names = (word.partition("=") for word in self.JSON.split())
        return {key: _plain(attrgetter(path or key)(self)) for key, _, path in names}


def _plain(value: object) -> object:
    match value:
        case JsonForm():
            return value.to_json()
        case Enum():
            return value.value
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value
