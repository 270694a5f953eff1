"""Writes the pages that follow from the program: commands, configuration, examples."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel
from tinyrunner.dut_protocol.conformance.checks import CHECKS
from tinyrunner.runner.audit.evidence.findings import Rule
from tinyrunner.runner.audit.overview.rule_guide import GUIDES
from tinyrunner.runner.commands.app import COMMANDS, command_of
from tinyrunner.runner.commands.help_pages import page_of
from tinyrunner.runner.commands.help_text import argument_word, default_of, option_word
from tinyrunner.runner.config.config import Config
from tinyrunner.runner.config.settings import SETTINGS, Setting
from tinyrunner.runner.execute.campaign.campaign_file import CampaignFile
from tinyrunner.runner.export.rows import InputRow, LayerRow, Row, SessionRow, WindowRow, columns_of
from tinyrunner.runner.journal.session_document import Provenance

_Command: TypeAlias = Any
_Param: TypeAlias = Any
_Schema: TypeAlias = dict[str, Any]
_Flags: TypeAlias = dict[tuple[str, ...], Setting]

_WHOLE = "{ .whole }"
"""Behind a word that is not to be broken."""
_FROM_THE_PROGRAM = "*Written from the program when this site was made.*"


def command_line() -> str:
    """Return the page of all commands with their options."""
    parts = [
        "# The command line",
        f"{_FROM_THE_PROGRAM} `tinyrunner COMMAND --help` says the same.",
        "| command | what it does |\n|---|---|\n"
        + "\n".join(f"| [`{name}`](#{name}) | {_cell(COMMANDS[name].help)} |" for name in COMMANDS),
    ]
    for name in COMMANDS:
        parts += _command(name, command_of(name))
    return "\n\n".join(parts) + "\n"


def _command(name: str, command: _Command, depth: int = 2) -> Iterator[str]:
    yield f"{'#' * depth} {name}"
    yield _prose(command.help or "")
    below = getattr(command, "commands", None)
    if below:
        for word, each in below.items():
            if not each.hidden:
                yield from _command(f"{name} {word}", each, depth + 1)
        return
    shown = [param for param in command.params if not getattr(param, "hidden", False)]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options = [param for param in shown if param.param_type_name != "argument"]
    words = [argument_word(param) for param in arguments]
    yield "```text\n" + " ".join(["tinyrunner", name, "[OPTIONS]", *words]) + "\n```"
    rows = [(f"`{argument_word(param)}`", param) for param in arguments]
    rows += [(_option(param), param) for param in options]
    if rows:
        yield "| option | what | default |\n|---|---|---|\n" + "\n".join(
            f"| {left} | {_cell(param.help or '')} | {_cell(default_of(param))} |"
            for left, param in rows
        )
    yield f"```text\n{page_of(name).text()}```"


def _option(param: _Param) -> str:
    return f"`{option_word(param)}`" + (", several times" if param.multiple else "")


def _prose(text: str) -> str:
    """Return a help as Markdown: paragraphs as they are, what is laid out by hand as a block."""
    parts = [part.replace("\b\n", "").strip("\n") for part in text.split("\n\n")]
    return "\n\n".join(
        f"```text\n{textwrap.dedent(part)}\n```"
        if re.search(r"^ {2,}", part, re.M)
        else _escaped(part)
        for part in parts
        if part.strip()
    )


def _cell(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """Return what Markdown shows as this text; between backticks it shows all as it is."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"[*|]", r"\\\g<0>", part).replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts)


def configuration() -> str:
    """Return the page of all keys of a configuration, and of a campaign's file."""
    flags = {row.place: row for row in SETTINGS.values() if row.help}
    return "\n\n".join(
        [
            "# The configuration",
            f"{_FROM_THE_PROGRAM} `--config FILE` reads a YAML file of these keys; a flag that is "
            "given goes before it. Unknown keys, repeated keys and values of another kind are "
            "errors with file, line and key. Paths start from the file's folder. `tinyrunner "
            "config example` prints [examples](../../configs/index.md), `tinyrunner config check "
            "FILE` judges a file.",
            "## A run: `--config FILE`",
            *_sections(Config, flags),
            "## A campaign: `tinyrunner campaign FILE`",
            "`settings`, and `performance`, `accuracy`, `energy` of a board, hold keys of a run. "
            "What stands nearer to the board and the mode goes before what holds for all.",
            *_sections(CampaignFile, {}),
        ]
    ) + "\n"  # fmt: skip


def _sections(model: type[BaseModel], flags: _Flags) -> Iterator[str]:
    """Yield a table of a model's keys, then one of each section in it."""
    schema = model.model_json_schema()
    yield from _section(model, (), schema, schema.get("$defs", {}), flags)


def _section(
    model: type[BaseModel], place: tuple[str, ...], schema: _Schema, defs: _Schema, flags: _Flags
) -> Iterator[str]:
    rows, below = [], []
    fields = {each.alias or name: name for name, each in model.model_fields.items()}
    for name, field in schema["properties"].items():
        within = _model_in(model.model_fields[fields[name]].annotation)
        if within is not None:
            below.append((name, within, defs[within.__name__]))
            if not isinstance(field.get("additionalProperties"), dict):
                continue
        row = flags.get((*place, name))
        meaning = _docs(model).get(fields[name]) or (row.help if row else "")
        flag = f"`{row.flag}`{_WHOLE}" if row else ""
        kind = _kind(field, defs)
        if name in schema.get("required", ()):
            kind += "; required"
        default = field.get("default")
        shown = (
            "" if default is None or isinstance(default, dict) else f"`{_yaml(default)}`{_WHOLE}"
        )
        rows.append(f"| `{name}` | {_cell(kind)} | {shown} | {flag} | {_cell(meaning)} |")
    if place:
        yield f"### `{'.'.join(place)}`\n\n{inspect.getdoc(model)}"
    yield "| key | value | default | flag | what |\n|---|---|---|---|---|\n" + "\n".join(rows)
    for name, within, part in below:
        yield from _section(within, (*place, name), part, defs, flags)


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(one) for one in get_args(annotation))
    return next((one for one in found if one is not None), None)


def _kind(field: _Schema, defs: _Schema) -> str:
    """Say in words what a value may be."""
    if "$ref" in field:
        return _kind(defs[field["$ref"].rpartition("/")[2]], defs)
    if "enum" in field:
        return ", ".join(_yaml(one) for one in field["enum"])
    if "const" in field:
        return _yaml(field["const"])
    if "anyOf" in field:
        if "description" in field:
            return str(field["description"])
        return " or ".join(_kind(one, defs) for one in field["anyOf"] if one != {"type": "null"})
    if field.get("type") == "array":
        return f"list of {_kind(field['items'], defs)}"
    if field.get("type") == "object" and "properties" not in field:
        return "keys of a run" if field.get("additionalProperties") is True else "by name"
    words = {"integer": "whole number", "string": "text", "boolean": "true, false"}
    said = "path" if field.get("format") == "path" else words.get(field["type"], "number")
    limits = [
        f"{sign} {_yaml(field[key])}"
        for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"))
        if key in field and field[key] < 1e6
    ]
    said = str(field["description"]) if "description" in field and "pattern" in field else said
    return " ".join([said, ", ".join(limits)]).strip()


def _yaml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _docs(model: type[BaseModel]) -> dict[str, str]:
    """Return what stands in the source below each field."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model)))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found = {}
    for field, doc in pairwise(body):
        match field, doc:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(said))):
                found[name] = " ".join(said.split())
    return found


def examples(configs: Path) -> str:
    """Return the page that shows the examples of configurations as they are."""
    parts = [
        "# Examples of configurations",
        f"{_FROM_THE_PROGRAM} `tinyrunner config example NAME > mine.yaml` writes one of the "
        "benches and campaigns; `scpi:NAME` is one of the instruments.",
    ]
    for folder, title in (
        (configs, "Benches and campaigns"),
        (configs / "instruments", "Instruments"),
    ):
        parts.append(f"## {title}")
        for path in sorted(folder.glob("*.yaml")):
            if path.name != "rounds.yaml":
                parts.append(f"### {path.stem}\n\n```yaml\n{path.read_text('utf-8')}```")
    parts.append(
        "## The rounds\n\nWhat each round of MLPerf Tiny asks for, as `--round` knows it.\n\n"
        "```yaml\n" + (configs / "rounds.yaml").read_text("utf-8") + "```"
    )
    return "\n\n".join(parts) + "\n"


def _provenance() -> str:
    rows = []
    for name, field in Provenance.model_fields.items():
        part = _model_in(field.annotation)
        keys = (
            "" if part is None else ", ".join(f"`{key.rstrip('_')}`" for key in part.model_fields)
        )
        said = _docs_of_all(Provenance).get(name) or (part and inspect.getdoc(part)) or ""
        key = name.rstrip("_")  # `for` and `from` are words of Python
        rows.append(f"| `{key}` | {_cell(said.partition(chr(10) * 2)[0])} | {keys} |")
    return "| key | what | in it |\n|---|---|---|\n" + "\n".join(rows)


def _docs_of_all(model: type[BaseModel]) -> dict[str, str]:
    return {
        name: said
        for kind in model.__mro__
        if issubclass(kind, BaseModel) and kind is not BaseModel
        for name, said in _docs(kind).items()
    }


def _rules() -> str:
    rows = [
        f"| `{rule.id}`<br>{rule.level.value} | {_cell(rule.demand)}.<br>*Asked by:* "
        f"{_cell(GUIDES[rule].source)} | {_cell(GUIDES[rule].remedy)} |"
        for rule in Rule
    ]
    return "| rule, verdict | what is demanded | remedy |\n|---|---|---|\n" + "\n".join(rows)


def _checks() -> str:
    rows = [
        f"| `{each.title}` | {_cell(each.expected)} | {_cell(each.advice)} |" for each in CHECKS
    ]
    return "| item | wanted | where it fails |\n|---|---|---|\n" + "\n".join(rows)


def _columns(kind: type[Row]) -> str:
    words = {str: "text", int: "whole number", float: "number", bool: "true, false"}
    rows = [
        f"| `{each.name}` | {words[each.kind]} | {_cell(each.text)} |" for each in columns_of(kind)
    ]
    return "| column | cell | what |\n|---|---|---|\n" + "\n".join(rows)


TABLES = {
    "provenance": _provenance,
    "audit rules": _rules,
    "check items": _checks,
    "session columns": partial(_columns, SessionRow),
    "window columns": partial(_columns, WindowRow),
    "input columns": partial(_columns, InputRow),
    "layer columns": partial(_columns, LayerRow),
}
"""What a page asks for by `<!-- program: NAME -->`."""
