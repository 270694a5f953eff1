"""Tells in what a campaign's file differs from what its finished cells were measured with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import SetupError
from ...journal.session_document import read_document
from .cells import Campaign, CampaignCell

_SHOWN = 3
"""Settings of a cell that are named; of more, their number."""


def drifted(campaign: Campaign, done: Mapping[str, Path]) -> Iterator[str]:
    """Yield a sentence for each finished cell whose settings, or which itself, is another now."""
    for cell in campaign.cells:
        session = done.get(cell.key)
        if session is None:
            continue
        try:
            before = read_document(session).provenance.config
        except SetupError as error:
            yield f"{cell.key}: {error}"
            continue
        if before is not None and (changed := list(_changed(before, cell))):
            shown = ", ".join(changed[:_SHOWN])
            more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
            yield (
                f"{cell.key}: the file's settings have changed since it was measured: {shown}"
                f"{more}; it stays as it is (remove {session} to have it measured anew)"
            )
    if gone := sorted(set(done) - {cell.key for cell in campaign.cells}):
        yield f"measured earlier and no longer in the file, left out: {', '.join(gone)}"


def _changed(before: dict[str, Any], cell: CampaignCell) -> Iterator[str]:
    was, now = _flat(before), _flat(cell.config.to_json())
    for name in {**was, **now}:
        if was.get(name) != now.get(name):
            yield f"{name} was {was.get(name)}, now is {now.get(name)}"


def _flat(tree: dict[str, Any], within: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{within}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat
