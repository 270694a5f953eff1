"""Turns pydantic's errors into sentences: where, which key, what was expected, what came instead.

A field whose description is given is explained by it: ``Field(description="a list of names")``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ...errors import UsageError, closest
from .strict_yaml import Place
from .values import shown


class ConfigError(UsageError):
    """Says why a configuration file or flag cannot be used; names file, line and key."""


def explain(error: ValidationError, root: type[BaseModel], where: Callable[[Place], str]) -> str:
    """Say one line per problem; ``where`` turns a key's place into file, line and name."""
    lines: dict[str, None] = {}
    for detail in error.errors(include_url=False):
        place = _key_place(detail["loc"], root)
        lines[f"{where(place)}: {_sentence(detail, place, root)}"] = None
    return "\n".join(lines)


def _sentence(detail: ErrorDetails, place: Place, root: type[BaseModel]) -> str:
    value = shown(detail["input"])
    context = detail.get("ctx", {})
    expected = _description(place, root)
    match detail["type"]:
        case "extra_forbidden":
            known = _fields(_section(place[:-1], root))
            near = closest(str(place[-1]), known)
            return f"unknown key{near}" + ("" if near else f"; known are {', '.join(known)}")
        case "missing":
            return "this key is missing"
        case "value_error":
            return str(context["error"])
        case "model_type" | "dict_type" | "mapping_type" | "model_attributes_type":
            return f"expected keys and values, got {value}"
        case "string_type" | "int_type" if expected and len(detail["loc"]) > len(place):
            return f"expected {expected}, got {value} in it"
        case _ if expected:
            return f"expected {expected}, got {value}"
        case "enum":
            words = re.findall("'([^']*)'", context["expected"])
            near = closest(detail["input"], words) if isinstance(detail["input"], str) else ""
            return f"expected {', '.join(words[:-1])} or {words[-1]}, got {value}{near}"
        case "greater_than_equal":
            return f"expected at least {context['ge']:g}, got {value}"
        case "greater_than":
            return f"expected more than {context['gt']:g}, got {value}"
        case "less_than_equal":
            return f"expected at most {context['le']:.10g}, got {value}"
        case "int_type" | "int_from_float":
            return f"expected a whole number, got {value}"
        case "float_type" | "finite_number":
            return f"expected a number, got {value}"
        case "string_type" | "string_too_short":
            return f"expected text, got {value}"
        case _:
            return f"{detail['msg']}, got {value}"


def _key_place(loc: tuple[int | str, ...], root: type[BaseModel]) -> Place:
    """Return pydantic's location without the names of union members, which are no keys."""
    place: list[str | int] = []
    kind: object = root
    for part in loc:
        if kind is None or part == "[key]":  # of a mapping: the key itself is wrong
            break
        place.append(part)
        kind = _part_of(kind, part)
    return tuple(place)


def _fields(section: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return a section's fields by the keys that a file has."""
    return {field.alias or name: field for name, field in section.model_fields.items()}


def _section(place: Place, root: type[BaseModel]) -> type[BaseModel]:
    kind: object = root
    for part in place:
        kind = _part_of(kind, part)
    return _model_in(kind) or root


def _description(place: Place, root: type[BaseModel]) -> str | None:
    """Say what is expected of a key, by its field or the mapping that it is in."""
    fields = [
        _fields(_section(place[:end], root)).get(str(place[end])) for end in range(len(place))
    ]
    return next((field.description for field in reversed(fields) if field is not None), None)


def _part_of(kind: object, part: str | int) -> object:
    """Return what stands at a key of a section, list or mapping; None where nothing does."""
    if get_origin(kind) in (dict, Mapping):
        return _container_in(get_args(kind)[1])
    if get_origin(kind) in (list, tuple):
        return _container_in(get_args(kind)[0])
    section = _model_in(kind)
    field = None if section is None else _fields(section).get(str(part))
    return None if field is None else _container_in(field.annotation)


def _container_in(annotation: object) -> object:
    """Return a field's own kind where it has parts, optional or annotated; else None."""
    if get_origin(annotation) in (dict, Mapping, list, tuple):
        return annotation
    return _model_in(annotation)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the section that a field is, or may be (`CustomConfig

    None`).
    """
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
