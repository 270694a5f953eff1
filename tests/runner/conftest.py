"""Fixtures that all tests of submissions share."""

from __future__ import annotations

from support.sessions.submission_trees import built_tree, demo, demo_sessions

__all__ = ["built_tree", "demo", "demo_sessions"]
