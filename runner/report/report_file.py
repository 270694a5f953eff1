"""Writes a report's file: whole or not at all, and never over what is no report."""

from __future__ import annotations

from pathlib import Path

from ..errors import SetupError
from ..journal.session_folder import write_atomically
from .page import ReportPage
from .render import is_ours, render_capture, render_report
from .views import CapturePage


def write_report(page: ReportPage, out: Path, *, force: bool) -> int:
    """Write a page to ``out``; its size in bytes. SetupError where that cannot be."""
    return write_page(render_report(page), out, force)


def write_capture(page: CapturePage, out: Path, *, force: bool) -> int:
    """Write the page of a recording to ``out``; its size in bytes. SetupError as above."""
    return write_page(render_capture(page), out, force)


def write_page(text: str, out: Path, force: bool) -> int:
    """Write a page's HTML to ``out``; its size in bytes. SetupError as above."""
    refuse_overwriting(out, force=force)
    try:
        write_atomically(out, text)
    except OSError as error:
        raise SetupError(
            f"cannot write the report {out}: {error.strerror or error}; name another file"
        ) from error
    return len(text.encode())


def refuse_overwriting(out: Path, *, force: bool) -> None:
    """Refuse (SetupError) to overwrite ``out``: ``force`` is for reports, nothing else."""
    if not out.exists() and not out.is_symlink():
        if not out.parent.is_dir():
            raise SetupError(f"cannot write {out}: there is no folder {out.parent}")
        return
    if not is_ours(out):
        raise SetupError(f"{out} is there and is no report of tinyrunner; name another file")
    if not force:
        raise SetupError(f"{out} is there already; give --force to replace it, or another --out")
