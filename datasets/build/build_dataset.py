"""Makes a task's input files from a public data set: whole, checked, or not at all.

Everything is made in a temporary folder beside the place where it belongs and renamed into it at
the end, so that a build that fails or is killed leaves no half-written file behind. A folder that
is there already must hold what the build makes, byte for byte, or less of it.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import TinyrunnerError
from ...models.suite import AD, IC, KWS, VWW, Task
from ..errors import DatasetError, ProblemList
from ..inputs import LABELS_NAME
from ..labels import LabelList, LabelRow, read_labels
from .ad_toycar import AdBuilder
from .ic_cifar10 import IcBuilder
from .kws_speech_commands import KwsBuilder
from .source_files import Builder
from .vww_coco import VwwBuilder

Progress = Callable[[int, int], None]
"""Is told (files done, files of them that failed) after every file."""


class BuildFailed(TinyrunnerError):
    """Files of the list could not be made, and nothing was written; names each and its source."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Says what a build did; ``failures`` is empty unless it was told to keep going."""

    folder: Path
    labels: LabelList
    made: int
    """How many files were written."""
    unchanged: int
    """How many files were there already with the same bytes."""
    failures: tuple[str, ...]

    @property
    def complete(self) -> bool:
        return not self.failures


def open_builder(task: Task, source: Path, index: Path | None = None) -> Builder:
    """Returns the builder of a task on the user's copy of its public data set.

    ``index`` is a csv that says which source file makes which `.bin`.
    """
    openers: dict[str, Callable[[Path, Path | None], Builder]] = {
        VWW.key: VwwBuilder.open,
        IC.key: IcBuilder.open,
        KWS.key: KwsBuilder.open,
        AD.key: AdBuilder.open,
    }
    if task.key not in openers:
        raise DatasetError(f"no builder for {task.key}; there are some for {', '.join(openers)}")
    return openers[task.key](source, index)


def build_dataset(
    builder: Builder,
    labels: LabelList,
    out: Path,
    *,
    keep_going: bool = False,
    overwrite: bool = False,
    progress: Progress = lambda done, failed: None,
) -> BuildReport:
    """Makes the files that ``labels`` names, and the list beside them, in ``out/<model id>``.

    With ``keep_going`` the files that cannot be made are left out and reported. With
    ``overwrite`` a file that is there with other bytes, or another list, is replaced.
    """
    folder = out / builder.task.model_id
    _refuse_foreign(folder, builder.task, labels, overwrite)
    failures: list[str] = []
    rows = _located(builder, labels, failures)
    if failures and not keep_going:
        raise _failed(labels, failures)
    try:
        first_made = _first_missing(out)
        out.mkdir(parents=True, exist_ok=True)
        fresh = out / f".{builder.task.model_id}-{secrets.token_hex(4)}"
        fresh.mkdir()
        try:
            _make_files(builder, rows, fresh, failures, keep_going, progress, labels)
            made, unchanged = _put_in_place(fresh, folder, builder.task, labels, overwrite)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            _remove_empty(out, first_made)
    except OSError as error:
        raise DatasetError(
            f"{error.filename or out}: cannot write the inputs: {error.strerror or error}"
        ) from error
    return BuildReport(folder, labels, made, unchanged, tuple(failures))


def _located(builder: Builder, labels: LabelList, failures: list[str]) -> list[LabelRow]:
    rows = []
    for row in labels.rows:
        try:
            builder.locate(row)
        except DatasetError as error:
            failures.append(str(error))
        else:
            rows.append(row)
    return rows


def _make_files(
    builder: Builder,
    rows: Sequence[LabelRow],
    fresh: Path,
    failures: list[str],
    keep_going: bool,
    progress: Progress,
    labels: LabelList,
) -> None:
    done = failed = len(failures)
    for start in range(0, len(rows), builder.batch_size):
        batch = rows[start : start + builder.batch_size]
        for row, outcome in zip(batch, builder.convert(batch), strict=True):
            if isinstance(outcome, DatasetError):
                failures.append(f"{row.file}: {outcome}")
                failed += 1
            elif len(outcome) != builder.task.file_bytes:
                raise AssertionError(f"{row.file}: made {len(outcome)} bytes")
            else:
                (fresh / row.file).write_bytes(outcome)
            done += 1
            progress(done, failed)
        if failures and not keep_going:
            raise _failed(labels, failures)
    if failed == len(labels.rows):
        raise _failed(labels, failures)
    text = "".join(row.normalised for row in labels.rows)
    (fresh / LABELS_NAME).write_bytes(text.encode())


def _failed(labels: LabelList, failures: Sequence[str]) -> BuildFailed:
    problems = ProblemList()
    for failure in failures:
        problems.add(failure)
    try:
        problems.raise_if_any(f"files of {labels.source} cannot be made; nothing was written:")
    except DatasetError as error:
        return BuildFailed(str(error))
    raise AssertionError("no failures")


# --- the folder where they belong ---------------------------------------------------------------


def _refuse_foreign(folder: Path, task: Task, labels: LabelList, overwrite: bool) -> None:
    """Refuses, before any work, a folder that holds files of another list."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise DatasetError(f"{folder} is not a folder: name another place with --out")
    if overwrite:
        return
    listed = {row.file for row in labels.rows} | {LABELS_NAME}
    foreign = sorted(
        path.name
        for path in folder.iterdir()
        if path.name not in listed and not path.name.startswith(".")
    )
    if foreign:
        raise DatasetError(
            f"{folder} holds {foreign[0]}{_and_more(len(foreign) - 1)}, which {labels.source} does "
            "not name: name another place with --out, or mix them with --overwrite"
        )
    if not _has_list(folder, task, labels):
        raise DatasetError(
            f"{folder / LABELS_NAME} is another list than {labels.source}: name another place "
            "with --out, or replace it with --overwrite"
        )


def _has_list(folder: Path, task: Task, labels: LabelList) -> bool:
    """Tells whether the folder's list is this one, or there is none."""
    if not (folder / LABELS_NAME).exists():
        return True
    try:
        return read_labels(folder / LABELS_NAME, task).sha256 == labels.sha256
    except DatasetError:
        return False


def _put_in_place(
    fresh: Path, folder: Path, task: Task, labels: LabelList, overwrite: bool
) -> tuple[int, int]:
    """Moves the files to their place; returns how many were new, how many there already."""
    names = [row.file for row in labels.rows if (fresh / row.file).exists()]
    if not folder.exists():
        fresh.rename(folder)
        return len(names), 0
    same = {name for name in names if _is_same(fresh / name, folder / name)}
    differing = [name for name in names if name not in same and (folder / name).exists()]
    if differing and not overwrite:
        raise DatasetError(
            f"{folder / differing[0]}{_and_more(len(differing) - 1)}: other contents than the "
            "build made: name another place with --out, or replace them with --overwrite"
        )
    for name in names:
        if name not in same:
            (fresh / name).replace(folder / name)
    if not (folder / LABELS_NAME).exists() or not _has_list(folder, task, labels):
        (fresh / LABELS_NAME).replace(folder / LABELS_NAME)
    return len(names) - len(same), len(same)


def _is_same(fresh: Path, there: Path) -> bool:
    return there.is_file() and fresh.read_bytes() == there.read_bytes()


def _and_more(count: int) -> str:
    return f" and {count} more" if count else ""


def _first_missing(folder: Path) -> Path | None:
    """Returns the outermost folder that making this one will make."""
    missing = None
    for path in (folder, *folder.parents):
        if path.exists():
            break
        missing = path
    return missing


def _remove_empty(folder: Path, first_made: Path | None) -> None:
    """Undoes ``mkdir(parents=True)`` where nothing came of it."""
    while first_made is not None and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        if folder == first_made:
            return
        folder = folder.parent
