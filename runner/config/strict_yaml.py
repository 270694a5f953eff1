"""Strict YAML: plain values only, each with the line it came from.

`yaml.safe_load` forgets lines and lets a repeated key win silently; this reads the same safe
subset (SafeLoader's types), refuses repeated keys, aliases, tags and deep nesting, and remembers
where each key stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Protocol

import yaml

from ...errors import TinyrunnerError

Place = tuple[str | int, ...]
"""The way to a value: ('dut', 'baud_rate')."""

MAX_DEPTH = 8
"""The deepest YAML that is read. Ours are three deep; PyYAML recurses, so what is deeper is refused
before it composes."""

MAX_CHARACTERS = 1_000_000

_MAX_TEXT = 20_000
"""Characters of one value."""

_MAX_NUMBER = 40
"""Characters of a number or date: YAML has hexadecimal and base 60, of any length."""

_HALF = re.compile("[\ud800-\udfff]")
"""Of a pair that stands for one character: YAML can escape it alone, and no file can hold it."""

_TEXT_TAG = "tag:yaml.org,2002:str"


class YamlError(TinyrunnerError):
    """Says that the text is not the YAML that is wanted here; ``line`` says where."""


@dataclass(slots=True)
class YamlSource:
    """Holds the values of a text, and the line of each key in it."""

    values: object
    lines: dict[Place, int] = field(default_factory=dict)

    def line_of(self, place: Place) -> int:
        """Return the line of the value there, or of the nearest one around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_yaml(text: str) -> YamlSource:
    """Read the one document in ``text``; None is its value where there is none."""
    if len(text) > MAX_CHARACTERS:
        raise YamlError(f"longer than {MAX_CHARACTERS} characters", 1)
    try:
        _check_shape(text)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        source = YamlSource(None)
        if node is not None:
            source.values = _value(loader, node, (), source.lines)
        return source
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark or error.context_mark)
        raise YamlError((error.problem or "not YAML") + _advice(error), line) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlError(f"the character {chr(error.character)!r} is not allowed", line) from error


def _check_shape(text: str) -> None:
    """Refuse aliases (they can multiply without end) and depth, without recursion."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = _line(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            raise YamlError("expected the value itself, found an alias (*name)", line)
        if getattr(event, "tag", None) is not None:
            raise YamlError("expected a plain value, found a tag (!name)", line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise YamlError(f"nested deeper than {MAX_DEPTH} levels", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _advice(error: yaml.MarkedYAMLError) -> str:
    if error.problem == "mapping values are not allowed here":
        return '; a value with a colon in it stands in quotes: address: "sim:"'
    return ""


class _Mark(Protocol):
    """Is either of PyYAML's two classes of marks, with and without its C part."""

    @property
    def line(self) -> int: ...


def _line(mark: _Mark | None) -> int:
    return 1 if mark is None else mark.line + 1


def _value(
    loader: yaml.SafeLoader, node: yaml.Node, place: Place, lines: dict[Place, int]
) -> object:
    lines.setdefault(place, _line(node.start_mark))
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, place, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_value(loader, item, (*place, i), lines) for i, item in enumerate(node.value)]
    most = _MAX_TEXT if node.tag == _TEXT_TAG else _MAX_NUMBER
    if len(node.value) > most:
        raise YamlError(
            f"a value of {len(node.value)} characters, where {most} are the most: "
            f"{node.value[:40]}…",
            _line(node.start_mark),
        )
    try:
        value: object = loader.construct_object(node)
    except (ValueError, ArithmeticError) as error:  # `2023-99-99` looks like a date and is none
        raise YamlError(f"unreadable value {node.value!r}", _line(node.start_mark)) from error
    if isinstance(value, str) and _HALF.search(value):
        raise YamlError(f"half a character in {value[:40]!r}", _line(node.start_mark))
    if isinstance(value, int) and abs(value) >= 1 << 63:
        raise YamlError(f"a number beyond 64 bits, {node.value}", _line(node.start_mark))
    return value


def _mapping(
    loader: yaml.SafeLoader, node: yaml.MappingNode, place: Place, lines: dict[Place, int]
) -> dict[str, object]:
    values: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = _line(key_node.start_mark)
        if not isinstance(key_node, yaml.ScalarNode):
            raise YamlError("expected a word as key", line)
        key = key_node.value  # as written: a task or round is never a boolean or a number
        if key == "<<":
            raise YamlError("expected a key, found << (merging is not supported)", line)
        if key in values:
            first = lines[(*place, key)]
            raise YamlError(f"key {key} stands on line {first} already", line)
        lines[(*place, key)] = line
        values[key] = _value(loader, value_node, (*place, key), lines)
    return values
