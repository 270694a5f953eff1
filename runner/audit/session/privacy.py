"""User names in what is to be published: home folders in the paths of logs and scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..findings import AuditFinding, Rule, warning

_SHARED = frozenset({b"shared", b"public", b"default", b"all users"})
"""Folders beside the users' that are nobody's."""


@dataclass(slots=True)
class _Kind:
    """One way to write a home folder, and what of it was found."""

    needle: bytes
    pattern: re.Pattern[bytes]
    of_users: bool
    """The needle holds `Users`: one look for both."""
    home: bytes | None = None
    line: int = 0
    count: int = 0

    def scan(self, block: bytes, before: int) -> None:
        if self.home is not None:
            self.count += block.count(self.home)
            return
        at = block.find(self.needle)
        while at >= 0:
            match = self.pattern.search(block, max(0, at - 4), at + 100)
            if match is not None and match[1].lower() not in _SHARED:
                self.home = match[0]
                self.line = before + block.count(b"\n", 0, match.start()) + 1
                self.count = block.count(self.home, match.start())
                return
            at = block.find(self.needle, at + len(self.needle))


class PrivacyScan:
    """Sees a file's lines block by block, as a log's reader hands them out."""

    def __init__(self) -> None:
        self._kinds = (
            _Kind(b"/home/", re.compile(rb"/home/([^/\s\"'\\\]]{1,64})/"), False),
            _Kind(b"/Users/", re.compile(rb"/Users/([^/\s\"'\\\]]{1,64})/"), True),
            _Kind(
                b"Users\\",
                re.compile(rb"[A-Za-z]:\\{1,2}Users\\{1,2}([^\\/:\"'\r\n]{1,64})\\"),
                True,
            ),
        )

    def __call__(self, block: bytes, before: int) -> None:
        """Look at whole lines; ``before`` lines came in front of them."""
        users = b"Users" in block
        for kind in self._kinds:
            if users or not kind.of_users:
                kind.scan(block, before)

    def findings(self, path: str) -> Iterator[AuditFinding]:
        """A warning for each kind of home folder that the file at ``path`` holds."""
        for kind in self._kinds:
            if kind.home is not None:
                home = kind.home.decode("utf-8", "replace")
                yield warning(
                    Rule.PRIVACY,
                    path,
                    f"a user's home folder, {home} ({kind.count} times)",
                    "no user names; write ~ in its place",
                    kind.line,
                )
