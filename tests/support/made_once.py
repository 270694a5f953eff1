"""Folders that are made once for all tests of a run, by whichever process comes first."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """The folder ``name``, which ``make`` has filled; pytest-xdist's other processes wait for it.

    It is everybody's: who wants to change something copies it first.
    """
    base = factory.getbasetemp()
    root = base.parent if base.name.startswith("popen-") else base
    folder = root / name
    with FileLock(root / f"{name}.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            content = folder / "content"
            content.mkdir(parents=True)
            make(content)
            (folder / "done").touch()
    return folder / "content"
