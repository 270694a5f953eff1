"""Computes what a session's windows come to: the published median, and how much they vary."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median, stdev


def median_of(figures: Sequence[float]) -> float | None:
    """Return the median of the valid windows' figures; None where there is none."""
    return median(figures) if figures else None


def coefficient_of_variation(figures: Sequence[float]) -> float | None:
    """Return the sample standard deviation over the mean; None where it says nothing."""
    if len(figures) < 2 or not (mean := fmean(figures)):
        return None
    return stdev(figures) / abs(mean)
