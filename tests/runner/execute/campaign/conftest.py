"""What the tests of campaigns share."""

from __future__ import annotations

from support.imported.processes import quick_lanes

__all__ = ["quick_lanes"]
