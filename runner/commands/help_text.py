"""Writes the help of a command as plain text: no word is cut at any width, and nothing is imported.

Typer's own is drawn in boxes by rich, which takes as long to import as all the rest, and cuts what
does not fit.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias, get_args

from .help_pages import page_of

_Command: TypeAlias = Any
_Context: TypeAlias = Any
_Param: TypeAlias = Any

_LEFT = 26
"""Columns of a name; what is said of a longer one begins on the next line."""
_MOST_COLUMNS = 100
_LEAST_COLUMNS = 40
_KINDS = {int: "N", float: "NUMBER", Path: "PATH"}


def help_text(command: _Command, context: _Context) -> str:
    """Return usage, what the command does, its arguments, options, commands, and its page."""
    columns = min(max(shutil.get_terminal_size().columns, _LEAST_COLUMNS), _MOST_COLUMNS)
    shown = [one for one in command.get_params(context) if not getattr(one, "hidden", False)]
    arguments = [one for one in shown if one.param_type_name == "argument"]
    options = [one for one in shown if one.param_type_name != "argument"]
    below = [one for one in getattr(command, "commands", {}).values() if not one.hidden]
    words = [context.command_path, "[OPTIONS]", *map(argument_word, arguments)]
    words += ["COMMAND …"] if below else []
    parts = [f"Usage: {' '.join(words)}", *_prose(command.help or "", columns)]
    rows = {
        "Arguments:": [(argument_word(one), said_of(one)) for one in arguments],
        "Options:": [(option_word(one), said_of(one)) for one in options],
        "Commands:": [(one.name, first_line(one.help or "")) for one in below],
    }
    for head, lines in rows.items():
        if lines:
            parts.append("\n".join([head, *(_row(*line, columns) for line in lines)]))
    return "\n\n".join([*parts, page_of(name_of(context)).text()])


def name_of(context: _Context) -> str:
    """Return a command's words behind the program's own."""
    words: list[str] = []
    while context.parent is not None:
        words.insert(0, context.info_name)
        context = context.parent
    return " ".join(words)


def argument_word(param: _Param) -> str:
    """Return an argument as usages show it: `SESSION`, `[FOLDER]`, `TASK…`."""
    name: str = param.metavar or param.name.upper()
    if param.nargs == -1 and not name.endswith("…") and not name.startswith("["):
        name += "…"
    return name if param.required or name.startswith("[") else f"[{name}]"


def option_word(param: _Param) -> str:
    """Return an option with what it takes: `--baud-rate BAUD`, `--pipelining/--no-pipelining`."""
    flags = [*sorted(param.opts, key=len)]
    if getattr(param, "is_flag", False):
        return "/".join([", ".join(flags), *param.secondary_opts])
    inner = [one for one in get_args(_annotation(param)) if one is not type(None)]
    kind = inner[0] if inner else _annotation(param)
    choices = [str(one.value) for one in kind] if hasattr(kind, "__members__") else []
    word = param.metavar or "|".join(choices) or _KINDS.get(kind, "TEXT")
    return f"{', '.join(flags)} {word}"


def _annotation(param: _Param) -> Any:  # noqa: ANN401, whatever an option is declared with
    return getattr(getattr(param, "type_descriptor", None), "annotation", None)


def default_of(param: _Param) -> str:
    """Return what holds where nothing is said; `required` where something has to be."""
    if isinstance(param.show_default, str):
        return param.show_default
    if param.required:
        return "required"
    value = getattr(param.default, "value", param.default)
    if value is None or value == () or not param.show_default:
        return ""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def said_of(param: _Param) -> str:
    """Return what is said of an argument or an option, its default at the end."""
    default, help_ = default_of(param), param.help or ""
    if not default or param.name == "help":
        return str(help_)
    told = default if default.startswith("required") else f"default: {default}"
    return f"{help_} [{told}]"


def first_line(text: str) -> str:
    return " ".join(text.split("\n\n")[0].split())


def _prose(text: str, columns: int) -> Iterator[str]:
    for part in text.split("\n\n"):
        if re.search(r"^ {2,}", part, re.M):  # laid out by hand
            yield part.replace("\b\n", "").rstrip()
        elif part.strip():
            yield _wrapped(" ".join(part.split()), columns, "")


def _row(left: str, text: str, columns: int) -> str:
    indent = " " * min(_LEFT, columns // 3)
    wrapped = _wrapped(text, columns, indent)
    if len(left) + 4 > len(indent):
        return f"  {left}\n{wrapped}"
    return f"  {left}".ljust(len(indent)) + wrapped[len(indent) :]


def _wrapped(text: str, columns: int, indent: str) -> str:
    return textwrap.fill(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
