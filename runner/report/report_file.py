"""Writes a report's file: whole or not at all, and never over what is no report."""

from __future__ import annotations

from pathlib import Path

from ..errors import SetupError
from ..journal.session_folder import write_atomically
from .page import ReportPage
from .render import is_ours, render_report


def write_report(page: ReportPage, out: Path, *, force: bool) -> int:
    """Write a page to ``out``; its size in bytes. SetupError where that cannot be."""
    text = render_report(page)
    refuse_overwriting(out, force=force)
    try:
        write_atomically(out, text)
    except OSError as error:
        raise SetupError(
            f"cannot write the report {out}: {error.strerror or error}; name another with --out"
        ) from error
    return len(text.encode())


def refuse_overwriting(out: Path, *, force: bool) -> None:
    """Refuse (SetupError) to overwrite ``out``: ``force`` is for reports, nothing else."""
    if not out.exists() and not out.is_symlink():
        if not out.parent.is_dir():
            raise SetupError(f"cannot write {out}: there is no folder {out.parent}")
        return
    if not is_ours(out):
        raise SetupError(f"{out} is there and is no report of tinyrunner; name another with --out")
    if not force:
        raise SetupError(f"{out} is there already; give --force to replace it, or another --out")
