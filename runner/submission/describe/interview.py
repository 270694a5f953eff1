"""Asks the questions of `submission init`, in order: answers come from flags, else a prompt.

Where neither says, what would be proposed is taken. Nothing is printed here: the command gives a
function that puts one prompt to somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ....errors import closest
from ...config.rounds import load_rounds
from ...errors import SetupError
from ...terms import Division
from .names import as_folder_name, check_folder_name
from .placing import PlacedSessions
from .questions import ASKED
from .system_template import STATUSES, TEMPLATE, TEMPLATE_NAMES, template_name

NONE = "-"
"""An answer that an empty one cannot be, for that takes what is proposed."""


def collect(flags: Flags, placed: PlacedSessions, ask: Ask | None) -> DraftAnswers:
    """Collect the answers: from flags, else asked, else (``ask`` is None) as proposed."""
    return _Interview(flags, placed, ask).run()


class _Interview:
    """Goes through the questions once."""

    def __init__(self, flags: Flags, placed: PlacedSessions, ask: Ask | None) -> None:
        self._flags = flags
        self._settings = flags.settings
        self._placed = placed
        self._ask = ask
        self._section = ""

    def run(self) -> DraftAnswers:
        organization, division, round_name, system = self._submission()
        values = self._description(organization, division)
        self._section = "Code"
        implementation = self._answer(
            "Implementation",
            "the name of the folder code/<benchmark>/<implementation>",
            said=self._settings.get(CODE_IMPLEMENTATION),
            default=system,
            check=check_folder_name,
        )
        folders = self._code_folders()
        picture, text = self._hookup() if self._placed.has_energy else (None, "")
        return DraftAnswers(
            organization=organization,
            division=division,
            round_name=round_name,
            system=system,
            system_values=values,
            checklist=self._checklist(),
            implementation=implementation,
            code_folders=folders,
            hookup_picture=picture,
            hookup_text=text,
        )

    def _submission(self) -> tuple[str, str, str, str]:
        flags, sessions, rounds = self._flags, self._placed.sessions, load_rounds()
        self._section = "Submission"
        organization = self._answer(
            "Organization",
            "also the name of its folder",
            said=flags.organization,
            check=check_folder_name,
        )
        division = self._answer(
            "Division",
            "closed: the reference model as it is; open: anything declared",
            said=flags.division,
            default=_same(session.division for session in sessions) or Division.CLOSED.value,
            check=_one_of(*(division.value for division in Division)),
        )
        round_name = self._answer(
            "Round",
            ", ".join(rounds.buildable),
            said=flags.round_name,
            default=_same(session.round_name for session in sessions) or rounds.default,
            check=_one_of(*rounds.buildable),
        )
        system = self._answer(
            "System id",
            "the name of its JSON file and of its results",
            said=flags.system,
            default=as_folder_name(self._board or sessions[0].vendor),
            check=check_folder_name,
        )
        return organization, division, round_name, system

    @property
    def _board(self) -> str | None:
        return self._settings.get("Board Name", self._flags.board)

    def _description(self, organization: str, division: str) -> dict[str, str]:
        """Ask for the template's keys; two of them were asked already."""
        simulated = self._placed.simulated
        said = {"Submitter": organization, "Division": division} | dict(self._settings)
        if self._board is not None:
            said["Board Name"] = self._board
        proposed = {
            "Status": "rdi" if simulated else "available",
            "Board Name": "simulated" if simulated else "",
            "Software Notes": _same(session.firmware for session in self._placed.sessions) or "",
        }
        values = {}
        for key in TEMPLATE:
            self._section = f"System description: {key.group.value}"
            values[key.name] = self._answer(
                key.name,
                key.hint,
                said=said.get(key.name),
                default=proposed.get(key.name, ""),
                check=_one_of(*STATUSES) if key.name == "Status" else str.strip,
            )
        return values

    def _code_folders(self) -> dict[str, Path]:
        folders, last = {}, NONE
        for task in self._placed.tasks:
            last = self._answer(
                f"Sources of {task}",
                f"the folder to copy; {NONE} for none",
                said=self._settings.get(CODE_FOLDER),
                default=last,
                check=_folder,
            )
            if last != NONE:
                folders[task] = Path(last)
        return folders

    def _hookup(self) -> tuple[Path | None, str]:
        self._section = "Energy hook-up"
        picture = self._answer(
            "Picture of the wiring",
            "a PNG or JPEG file; empty: told in words",
            said=self._settings.get(HOOKUP_PICTURE),
            check=_file,
        )
        text = self._answer(
            "The wiring in words",
            "or the picture's caption",
            said=self._settings.get(HOOKUP_TEXT),
        )
        return (Path(picture) if picture else None), text

    def _checklist(self) -> dict[str, str]:
        self._section = "Checklist"
        return {
            question.key: self._answer(
                question.text, question.hint, said=self._settings.get(CHECKLIST + question.key)
            )
            for question in ASKED
        }

    def _answer(
        self,
        label: str,
        hint: str,
        *,
        said: str | None,
        default: str = "",
        check: Callable[[str], str] = str.strip,
    ) -> str:
        if said is not None:
            try:
                return check(said)
            except ValueError as error:
                raise SetupError(f"{label}: {error}") from error
        if self._ask is None:
            return default
        return self._ask(Prompt(self._section, label, hint, default, check))


def _same(texts: Iterable[str | None]) -> str | None:
    """Return what they all are, None where they differ."""
    found = set(texts)
    return found.pop() if len(found) == 1 else None


def _one_of(*words: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        word = text.strip().lower()
        if word not in words:
            raise ValueError(f"expected {', '.join(words[:-1])} or {words[-1]}, got {text!r}")
        return word

    return check


def _folder(text: str) -> str:
    path = text.strip()
    if path not in ("", NONE) and not Path(path).expanduser().is_dir():
        raise ValueError(f"there is no folder {path!r}")
    return str(Path(path).expanduser()) if path not in ("", NONE) else NONE


def _file(text: str) -> str:
    path = text.strip()
    if path and not Path(path).expanduser().is_file():
        raise ValueError(f"there is no file {path!r}")
    return str(Path(path).expanduser()) if path else ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Is one thing to ask."""

    section: str
    """The heading that it belongs under."""
    label: str
    hint: str
    default: str
    check: Callable[[str], str]
    """What gives the answer as it is kept; ValueError says what is wrong with it."""


Ask = Callable[[Prompt], str]


@dataclass(frozen=True, slots=True)
class Flags:
    """Holds what the command line said; None or absent: to be asked, or proposed."""

    organization: str | None = None
    division: str | None = None
    round_name: str | None = None
    system: str | None = None
    board: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    """The values of --set: keys of the system description, `checklist.KEY`, `code.…`, `hookup.…`.
    """


@dataclass(frozen=True, slots=True)
class DraftAnswers:
    """Holds everything that goes into a draft beside the sessions."""

    organization: str
    division: str
    round_name: str
    system: str
    system_values: Mapping[str, str] = field(default_factory=dict)
    checklist: Mapping[str, str] = field(default_factory=dict)
    implementation: str = ""
    """The name of the implementation; empty: called after the system."""
    code_folders: Mapping[str, Path] = field(default_factory=dict)
    """The folders of the sources, by task key."""
    hookup_picture: Path | None = None
    hookup_text: str = ""


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
    """Parse `--set "Key=Value"` into a mapping; SetupError names a key that there is not."""
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
    """Name the flags without which nothing can be written where nobody is asked."""
    needed = {
        "--organization": flags.organization,
        "--session": placed,
        "--system (or --board)": flags.system or flags.board,
    }
    return [name for name, value in needed.items() if value is None]
