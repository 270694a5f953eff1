"""The published trees of the reference data, each audited once for all tests of a process."""

from __future__ import annotations

from functools import cache

from support.reference import reference_path
from support.sessions.audited import official_lists
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.audit_result import TreeAudit

TREES = [
    *(f"published/{name}" for name in ("v1.1", "v1.2", "v1.3")),
    *(f"record/{name}" for name in ("v0.5", "v0.7", "v1.0", "v1.1", "v1.2", "v1.3")),
]


@cache
def audited(tree: str) -> TreeAudit:
    return audit(reference_path(*tree.split("/")), datasets=official_lists(), parallel=False)
