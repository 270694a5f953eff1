"""SHA256SUMS: what `submission build` records of its files, in the form of `sha256sum -c`.

9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  results/…/log.txt
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

SUMS_NAME = "SHA256SUMS"

_CHUNK_BYTES = 1 << 20


def file_sha256(path: Path, *, unix_lines: bool = False) -> str:
    """Hash a file's bytes, or those with LF for each CR LF."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        held = b""
        while chunk := stream.read(_CHUNK_BYTES):
            if unix_lines:
                chunk = held + chunk
                held = b"\r" if chunk.endswith(b"\r") else b""
                chunk = chunk.removesuffix(b"\r").replace(b"\r\n", b"\n")
            digest.update(chunk)
        digest.update(held)
    return digest.hexdigest()


def render_sums(folder: Path, files: Iterable[str]) -> str:
    """Return the text for a folder's files, named by their paths in it with forward slashes."""
    return "".join(f"{file_sha256(folder / name)}  {name}\n" for name in sorted(files))


def not_as_built(root: Path) -> list[str]:
    """Return what in a tree is not as its SHA256SUMS says, each with how it differs."""
    sums = root / SUMS_NAME
    if root.is_symlink() or not sums.is_file():
        return [f"no {SUMS_NAME} says that it was built"]
    rows = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    listed = {name: digest for digest, _, name in (row.partition("  ") for row in rows)}
    there = {
        path.relative_to(root).as_posix(): path
        for path in root.rglob("*")
        if path != sums and (path.is_symlink() or not path.is_dir() or not any(path.iterdir()))
    }
    return [
        *(f"{name} is not of it" for name in sorted(there.keys() - listed.keys())),
        *(f"{name} is missing" for name in sorted(listed.keys() - there.keys())),
        *(
            f"{name} was changed"
            for name in sorted(there.keys() & listed.keys())
            if not there[name].is_file()
            or there[name].is_symlink()
            or file_sha256(there[name]) != listed[name]
        ),
    ]
