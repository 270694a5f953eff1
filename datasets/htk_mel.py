"""Weighs the bins of a spectrum into bands that are triangles in HTK's mel, 1127 ln(1 + f/700).

The references of kws and of sww both do, with limits and spectra of their own; that of ad has
Slaney's mel.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]


def htk_mel_weights(lowest_hz: float, highest_hz: float, bands: int, bins_hz: Weights) -> Weights:
    """Returns (bin of the spectrum, band): triangles linear in mel; the DC bin is in none."""
    lowest, highest = _mel(np.array([lowest_hz, highest_hz]))
    edges = np.linspace(lowest, highest, bands + 2)
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    bins = _mel(bins_hz)[:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    weights: Weights = np.minimum(rising, falling).clip(0.0, None)
    weights[0] = 0.0
    return weights


def _mel(frequency_hz: Weights) -> Weights:
    mel: Weights = 1127.0 * np.log(1.0 + frequency_hz / 700.0)
    return mel
