"""Damaged session folders: continued to what was measured, or refused with what to do (also see
``damaged_sessions``, for more of them by hand)."""

from __future__ import annotations

import pytest
from hostile.damaged_sessions import bases, damage, outcome


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    return bases(tmp_path_factory.mktemp("measured"), small=True)


@pytest.mark.parametrize("seed", range(24))
def test_a_damaged_session_is_continued_to_what_was_measured_or_refused(seed, measured, tmp_path):
    known, others = measured
    folder = tmp_path / "damaged"
    damage(known[seed % 2], folder, seed, others[seed % 2])
    outcome(known[seed % 2], folder)
