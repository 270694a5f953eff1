"""Folders in folders, deeper than any path can name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def nested_folders(root: Path, depth: int) -> Iterator[None]:
    """``depth`` folders `d` in one another below ``root``, removed at the end."""
    with _inside(root):
        for _ in range(depth):  # no path that long can be named, but it can be walked to
            os.mkdir("d")
            os.chdir("d")
    try:
        yield
    finally:
        _remove(root)


def _remove(root: Path) -> None:
    """rmtree of this Python would recurse as deeply."""
    with _inside(root):
        depth = 0
        while os.path.isdir("d"):
            os.chdir("d")
            depth += 1
        for _ in range(depth):
            os.chdir("..")
            os.rmdir("d")


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    here = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
