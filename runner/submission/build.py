"""Builds a submission: `<out>/<division>/<organization>/{systems,code,results}`.

The tree is made in a temporary folder beside its place and then renamed: it is there whole or not
at all. Nothing that exists is overwritten but, on request, a tree that was built there and that
nobody has touched since.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ..config.rounds import Round, load_rounds
from ..errors import SetupError
from .checklist import fill_checklist
from .code_folder import REFERENCE_NAMES, CopiedCode, copy_code
from .describe.description import CodeConfig, Description
from .describe.system_json import system_json_bytes
from .documents import HOOKUP_NAME, check_hookup, write_hookup
from .gather import BuildError, Gathered, GatheredSession, gather
from .readme import OTHER_README_NAME, README_NAME, render_readme
from .session_files import result_names, write_session
from .sums import SUMS_NAME, not_as_built, render_sums


@dataclass(frozen=True, slots=True)
class BuiltTree:
    """Is a submission that was built."""

    root: Path
    """The folder `<out>/<division>/<organization>`."""
    round: Round
    notes: tuple[str, ...]
    """Remarks for its builder: questions not answered, files left behind, what was mixed."""


def build(
    description: Description,
    out: Path,
    *,
    results_name: str | None = None,
    allow_mixed: bool = False,
    replace: bool = False,
) -> BuiltTree:
    """Make the tree; SetupError (BuildError) lists what speaks against it, and nothing is left.

    ``replace``: in the place of what an earlier build made, if each file in it is as that left it;
    it stays where the build fails. ``results_name`` picks one of the round's two names of the
    results file (v1.1, v1.2).
    """
    rounds = load_rounds()
    round_ = rounds.get(description.round)
    if not round_.checker:
        raise BuildError(
            f"no tree is built for {round_.name}, which ended before there was a checker; there "
            f"are {', '.join(rounds.buildable)}"
        )
    names = result_names(round_, results_name)
    root = tree_root(description, out)
    refuse_existing(root, replace=replace)
    gathered = gather(description, allow_mixed=allow_mixed)
    check_hookup(description, gathered)
    plan = _Plan(description, gathered, round_, names)
    with _beside(root) as folder:
        notes = [*gathered.notes, *(f"mixed: {text}" for text in gathered.mixed)]
        notes += plan.write_systems(folder / "systems")
        notes += plan.write_results(folder / "results")
        notes += plan.write_code(folder / "code", avoid=out)
        files = [
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        ]
        sums = render_sums(folder, files)
        (folder / SUMS_NAME).write_text(sums, encoding="utf-8", newline="\n")
        refuse_existing(root, replace=replace)
        _put_in_place(folder, root)
    return BuiltTree(root, round_, tuple(notes))


def tree_root(description: Description, out: Path) -> Path:
    """Return the folder that the tree has when it is built into ``out``."""
    return out / description.division.value / description.organization


def refuse_existing(root: Path, *, replace: bool = False) -> None:
    """Refuse (BuildError) a place where something is; with ``replace``, but for a build's own."""
    if not (root.exists() or root.is_symlink()):
        return
    if not replace:
        raise BuildError(
            f"{root} exists, and is not overwritten; --force replaces what an earlier build made "
            "there; or build into another folder with --out, or move it away"
        )
    if others := not_as_built(root):
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        raise BuildError(
            f"{root} is not as a build left it, and stays: {', '.join(others[:_SHOWN])}{more}; "
            "move it away, or build into another folder with --out"
        )


_SHOWN = 5


def _put_in_place(folder: Path, root: Path) -> None:
    """Let the built folder be ``root``; what was there goes with the temporary folder."""
    if not root.exists():
        folder.rename(root)
        return
    before = folder.with_name(f"{folder.name}.before")
    try:
        root.rename(before)
        folder.rename(root)
    except BaseException:
        if before.exists() and not root.exists():
            before.rename(root)
        raise


@contextmanager
def _beside(root: Path) -> Iterator[Path]:
    """Give a folder to build in, on one file system; whatever is left of it in the end goes."""
    made = [folder for folder in root.parents if not folder.exists()]
    temporary: Path | None = None
    try:
        try:
            root.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(prefix=f".{root.name[:40]}.", dir=root.parent))
        except OSError as error:
            raise SetupError(
                f"cannot build in {root.parent}: {error.strerror or error}; name another folder "
                "with --out"
            ) from error
        # One deeper: mkdtemp's own folder is closed to others, and a tree is for sharing.
        folder = temporary / root.name
        folder.mkdir()
        yield folder
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        if not root.exists():
            for folder in made:  # the deepest first
                _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # somebody else's by now


@dataclass(frozen=True, slots=True)
class _Plan:
    """Says what is built from what."""

    description: Description
    gathered: Gathered
    round: Round
    result_names: tuple[str, ...]

    def write_systems(self, folder: Path) -> list[str]:
        # What makes a PDF takes long to import, and no other command needs it.
        from .documents import write_checklist

        folder.mkdir()
        for system in self.description.systems:
            path = folder / f"{system.id}.json"
            path.write_bytes(system_json_bytes(system.description))
        checklist = fill_checklist(self.description, self.gathered, self.round)
        when = _newest(self.gathered.sessions)
        name = self.round.checklists[0]
        write_checklist(checklist, self.description.organization, folder / name, when)
        write_hookup(self.description, self.gathered, folder / HOOKUP_NAME, when)
        if not checklist.unanswered:
            return []
        return [f"{name}: not answered: {', '.join(checklist.unanswered)}"]

    def write_results(self, folder: Path) -> list[str]:
        notes = []
        for session in self.gathered.sessions:
            target = folder / session.system / session.task.key / session.mode.value
            left = write_session(session, target, self.round, self.result_names)
            if left:
                notes.append(f"{session.place}: left in the session's folder: {', '.join(left)}")
        return notes

    def write_code(self, folder: Path, avoid: Path) -> list[str]:
        notes = []
        for (key, implementation), code in self._implementations().items():
            target = folder / REFERENCE_NAMES[key] / implementation
            target.mkdir(parents=True)
            copied = None if code.folder is None else copy_code(code.folder, target, avoid)
            notes += self._write_readme(target, key, implementation, copied)
        return notes

    def _implementations(self) -> dict[tuple[str, str], CodeConfig]:
        """Map task key and name to code; BuildError where one name means two folders."""
        found: dict[tuple[str, str], CodeConfig] = {}
        for system in self.description.systems:
            for key in system.sessions:
                code = system.code[key]
                first = found.setdefault((key, code.implementation), code)
                if first.folder != code.folder:
                    raise BuildError(
                        f"code: {key}: {code.implementation} is {first.folder} and {code.folder}; "
                        "give two implementations two names"
                    )
        return found

    def _write_readme(
        self, target: Path, key: str, implementation: str, copied: CopiedCode | None
    ) -> list[str]:
        systems = [
            system.id
            for system in self.description.systems
            if key in system.code and system.code[key].implementation == implementation
        ]
        sessions = tuple(session for system in systems for session in self.gathered.of(system, key))
        mixed = tuple(
            text for text in self.gathered.mixed if text.partition(":")[0].split("/")[0] in systems
        )
        title = f"{self.description.organization}: {sessions[0].task.title}, {implementation}"
        text = render_readme(title, sessions, copied, mixed, Path.home())
        theirs = copied is not None and any(
            name.lower() == README_NAME.lower() for name in copied.files
        )
        name = OTHER_README_NAME if theirs else README_NAME
        path = target / name
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        place = f"code/{target.parent.name}/{target.name}"
        notes = [f"{place}: how to reproduce is in {name}"] if theirs else []
        if copied is None:
            notes.append(
                f"{place}: no sources; the rules ask for the code that talks to the runner"
            )
        elif copied.left_out:
            notes.append(f"{place}: left out: {'; '.join(copied.left_out[:5])}")
        return notes


def _newest(sessions: tuple[GatheredSession, ...]) -> datetime:
    """Return when the newest session was begun: the date of what is written about them all."""
    moments = []
    for session in sessions:
        try:
            moment = datetime.fromisoformat(session.created)
        except ValueError:
            continue
        moments.append(moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC))
    return max(moments, default=datetime(2000, 1, 1, tzinfo=UTC))
