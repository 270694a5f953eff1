"""SHA256SUMS: what `submission build` records of its files, in the form of `sha256sum -c`.

9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  results/…/log.txt
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

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


SUMS_NAME = "SHA256SUMS"
