"""From pydantic's errors to sentences: where, which key, what was expected, what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .strict_yaml import Place
from .values import closest, shown


class ConfigError(Exception):
    """A configuration file or flag cannot be used; names the file, the line and the key."""


def explain(error: ValidationError, root: type[BaseModel], where: Callable[[Place], str]) -> str:
    """One line per problem; ``where`` turns a key's place into file, line and name."""
    lines: dict[str, None] = {}
    for detail in error.errors(include_url=False):
        place = _key_place(detail["loc"], root)
        lines[f"{where(place)}: {_sentence(detail, place, root)}"] = None
    return "\n".join(lines)


def _sentence(detail: ErrorDetails, place: Place, root: type[BaseModel]) -> str:
    value = shown(detail["input"])
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            known = _section(place[:-1], root).model_fields
            near = closest(str(place[-1]), known)
            return f"unknown key{near}" + ("" if near else f"; known are {', '.join(known)}")
        case "missing":
            return "this key is missing"
        case "value_error":
            return str(context["error"])
        case "greater_than_equal":
            return f"expected at least {context['ge']:g}, got {value}"
        case "greater_than":
            return f"expected more than {context['gt']:g}, got {value}"
        case "int_type" | "int_from_float":
            return f"expected a whole number, got {value}"
        case "float_type" | "finite_number":
            return f"expected a number, got {value}"
        case "string_type" | "string_pattern_mismatch" if place == ("round",):
            return f"expected a round such as v1.2, got {value}"
        case "string_type" | "string_too_short":
            return f"expected text, got {value}"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"expected keys and values, got {value}"
        case _:
            return f"{detail['msg']}, got {value}"


def _key_place(loc: tuple[int | str, ...], root: type[BaseModel]) -> Place:
    """pydantic's location without the names of union members, which are no keys."""
    place: list[str | int] = []
    kind: object = root
    for part in loc:
        if kind is None or part == "[key]":  # of a mapping: the key itself is wrong
            break
        place.append(part)
        kind = _part_of(kind, part)
    return tuple(place)


def _section(place: Place, root: type[BaseModel]) -> type[BaseModel]:
    kind: object = root
    for part in place:
        kind = _part_of(kind, part)
    return _model_in(kind) or root


def _part_of(kind: object, part: str | int) -> object:
    """What stands at a key of a section, or in a list or mapping; None where nothing does."""
    if get_origin(kind) is dict:
        return _container_in(get_args(kind)[1])
    if get_origin(kind) in (list, tuple):
        return _container_in(get_args(kind)[0])
    section = _model_in(kind)
    field = None if section is None else section.model_fields.get(str(part))
    return None if field is None else _container_in(field.annotation)


def _container_in(annotation: object) -> object:
    """A field's own kind where it has parts, be it optional or annotated; else None."""
    if get_origin(annotation) in (dict, list, tuple):
        return annotation
    return _model_in(annotation)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The section that a field is, or may be (`CustomConfig | None`)."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
