"""What `submission init` takes: flags and answers, and the prompts by which they are asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...config.values import closest
from ...errors import SetupError
from ..checklist import ASKED
from .placing import PlacedSessions
from .system_template import TEMPLATE_NAMES, template_name


@dataclass(frozen=True, slots=True)
class Prompt:
    """One thing to ask."""

    section: str
    """What it belongs to, for a heading where that changes."""
    label: str
    hint: str
    default: str
    check: Callable[[str], str]
    """Gives the answer as it is kept; ValueError says what is wrong with it."""


Ask = Callable[[Prompt], str]


@dataclass(frozen=True, slots=True)
class Flags:
    """What the command line said; None or absent: to be asked, or proposed."""

    organization: str | None = None
    division: str | None = None
    round_name: str | None = None
    system: str | None = None
    board: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """From --set: keys of the system description, `checklist.KEY`, `code.…`, `hookup.…`."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that goes into a draft beside the sessions."""

    organization: str
    division: str
    round_name: str
    system: str
    system_values: Mapping[str, str] = field(default_factory=dict)
    checklist: Mapping[str, str] = field(default_factory=dict)
    implementation: str = ""
    """Empty: called after the system."""
    code_folders: Mapping[str, Path] = field(default_factory=dict)
    """By task key."""
    hookup_picture: Path | None = None
    hookup_text: str = ""

    def with_code(self, tasks: Sequence[str], implementation: str, folder: Path) -> Answers:
        """The same with one folder of sources for all tasks."""
        folders = dict.fromkeys(tasks, folder)
        return replace(self, implementation=implementation, code_folders=folders)


CODE_IMPLEMENTATION, CODE_FOLDER = "code.implementation", "code.folder"
HOOKUP_TEXT, HOOKUP_PICTURE = "hookup.text", "hookup.picture"
CHECKLIST = "checklist."

_SETTABLE = (
    *TEMPLATE_NAMES,
    *(CHECKLIST + question.key for question in ASKED),
    CODE_IMPLEMENTATION,
    CODE_FOLDER,
    HOOKUP_TEXT,
    HOOKUP_PICTURE,
)


def parse_settings(words: Sequence[str]) -> dict[str, str]:
    """`--set "Key=Value"` as a mapping; SetupError names a key that there is not."""
    settings = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = template_name(key.strip()) if equals else word
        if not equals or key not in _SETTABLE:
            raise SetupError(
                f'--set {word!r}: expected "Key=Value", the key one of the system description '
                f"(such as Board Name), checklist.KEY, code.implementation, code.folder, "
                f"hookup.text or hookup.picture{closest(key, _SETTABLE)}"
            )
        settings[key] = value.strip()
    return settings


def required_flags(flags: Flags, placed: PlacedSessions | None) -> list[str]:
    """The flags without which nothing can be written where nobody is asked."""
    needed = {
        "--organization": flags.organization,
        "--session": placed,
        "--system (or --board)": flags.system or flags.board,
    }
    return [name for name, value in needed.items() if value is None]
