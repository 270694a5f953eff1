"""Says what is measured (mode), what for (purpose), by which rules (division), in whose words."""

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


class Purpose(Enum):
    """Says what a run is for, and so what it has to satisfy."""

    SUBMISSION = "submission"
    DEVELOPMENT = "development"
    """What would keep it from being submitted by its nature (a part of the list, other inputs, a
    simulated device) is a note; nothing of it is ever submitted."""


class Dialect(Enum):
    """Says whose way of writing a log it is."""

    EEMBC = "EEMBC"
    MLCOMMONS = "MLCommons"
