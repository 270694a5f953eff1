"""Compares the files of a tree with the hashes that SHA256SUMS records."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..submission.sums import SUMS_NAME, file_sha256
from .evidence.findings import AuditFinding, Rule, violation, warning
from .evidence.tree import EntryKind, Submitter, Tree

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")


_MAX_BYTES = 64_000_000


_MOST_WRONG = 100
"""The most findings of lines that name no file: a hostile list has a million."""


def check_sums(tree: Tree, submitters: Iterable[Submitter]) -> Iterator[AuditFinding]:
    """Compare the files with what was recorded; line ends that a checkout changed do not count."""
    for submitter in submitters:
        path = submitter.inside(SUMS_NAME)
        if not tree.has_file(path):
            continue
        if tree.entries[path].size > _MAX_BYTES:
            yield violation(Rule.HASH, path, f"larger than {_MAX_BYTES} bytes", "a list of hashes")
            continue
        try:
            text = tree.locate(path).read_text(encoding="utf-8", errors="replace")
            yield from _check(tree, submitter, path, text)
        except OSError as error:
            yield violation(Rule.HASH, path, f"cannot be read: {error.strerror or error}")


def _check(tree: Tree, submitter: Submitter, path: str, text: str) -> Iterator[AuditFinding]:
    wrong = 0
    listed: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        match = _LINE.fullmatch(line)
        if match is None:
            problem = f"{line[:80]!r}", "64 hexadecimal digits, two spaces, a path"
        elif not tree.has_file(submitter.inside(match[2])):  # outside the tree is not looked at
            problem = f"{match[2][:200]} is recorded", "a file in the tree"
        elif match[2] in listed:  # hashing a file again for each line could take years
            problem = f"{match[2][:200]} again", "each file once"
        else:
            listed.add(match[2])
            yield from _compare(tree, submitter.inside(match[2]), match[1].lower(), path, number)
            continue
        wrong += 1
        if wrong > _MOST_WRONG:
            found = f"more than {_MOST_WRONG} lines of no file; the rest was not looked at"
            yield violation(Rule.HASH, path, found, "a line for each file of the tree", number)
            return
        yield violation(Rule.HASH, path, *problem, number)
    own = {entry.path for entry in tree.under(submitter.path) if entry.kind is EntryKind.FILE}
    new = sorted(own - {submitter.inside(name) for name in listed} - {path})
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        yield warning(Rule.HASH, path, f"no line for {new[0][:200]}{more}", "a line for each file")


def _compare(
    tree: Tree, file: str, recorded: str, path: str, number: int
) -> Iterator[AuditFinding]:
    real = tree.locate(file)
    if file_sha256(real) == recorded:
        return
    if file_sha256(real, unix_lines=True) == recorded:
        yield warning(Rule.HASH, file, "its line ends were changed since the build", "LF")
    else:
        yield violation(
            Rule.HASH, file, "changed since the build", f"as recorded in {path}:{number}"
        )
