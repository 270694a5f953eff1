"""The campaign file that tests of campaigns begin with."""

from __future__ import annotations

import json
from pathlib import Path

SETTINGS = {"datasets": "demo", "model": "demo", "limit": 3, "iterations": 20}


def written_campaign(place: Path, **changes: object) -> Path:
    """A campaign of one simulated board, kws in two modes, but for what is changed."""
    content = {
        "folder": "night",
        "tasks": ["kws"],
        "modes": ["performance", "accuracy"],
        "check": "off",
        "retries": 0,
        "settings": SETTINGS | {"dut": {"address": "sim:"}},
        "boards": {"nucleo": None},
    }
    path = place / "campaign.yaml"
    path.write_text(json.dumps(content | changes))
    return path
