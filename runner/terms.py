"""Says what a run measures (mode), under which rules (division), and in whose words (dialect)."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """What a run measures."""

    PERFORMANCE = "performance"
    ACCURACY = "accuracy"
    ENERGY = "energy"


class Division(Enum):
    """Which rules a submission is under: the reference model as it is, or anything declared."""

    CLOSED = "closed"
    OPEN = "open"


class Dialect(Enum):
    """Whose way of writing a log it is."""

    EEMBC = "EEMBC"
    MLCOMMONS = "MLCommons"
