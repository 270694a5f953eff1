"""Says what a run measures (mode), under which rules (division), and in whose words (dialect)."""

from __future__ import annotations

from enum import Enum


class Mode(Enum):
    """Says what a run measures."""

    PERFORMANCE = "performance"
    ACCURACY = "accuracy"
    ENERGY = "energy"


class Division(Enum):
    """Says what a submission may change: nothing of the reference model, or what it declares."""

    CLOSED = "closed"
    OPEN = "open"


class Dialect(Enum):
    """Says whose way of writing a log it is."""

    EEMBC = "EEMBC"
    MLCOMMONS = "MLCommons"
