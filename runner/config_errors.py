"""From pydantic's errors to sentences: where, which key, what was expected, what came instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .config_values import closest, shown
from .yaml_source import Place


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
    section: type[BaseModel] | None = root
    for part in loc:
        place.append(part)
        field = section.model_fields.get(str(part)) if section is not None else None
        if field is None:
            break
        section = _model_in(field.annotation)
        if section is None and get_origin(field.annotation) is not dict:
            break
    return tuple(place)


def _section(place: Place, root: type[BaseModel]) -> type[BaseModel]:
    section = root
    for part in place:
        section = _model_in(section.model_fields[str(part)].annotation) or section
    return section


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The section that a field is, or may be (`CustomConfig | None`)."""
    for kind in (annotation, *get_args(annotation)):
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None
