"""Makes random integers that are the same everywhere: SplitMix64, sums, products and shifts.

No float and no library generator: what is made of these is bit-identical on every platform and
with every numpy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

_GAMMA = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def stream(key: int, count: int) -> npt.NDArray[np.uint64]:
    """Returns the first ``count`` numbers of SplitMix64 seeded with ``key``."""
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(_GAMMA)
    return _mix(steps + np.uint64(key & _MASK))


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Applies the output function of SplitMix64 (Steele, Lea and Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def key_of(*parts: int) -> int:
    """Returns a stream key from a path of numbers, such as (seed, purpose, index)."""
    key = 0
    for part in parts:
        key = int(stream(key ^ part, 1)[0])
    return key


def below(numbers: npt.NDArray[np.uint64], bound: int) -> Integers:
    """Returns each number brought into 0..bound-1 (the bias, under 2^-50, does not matter here)."""
    return (numbers % np.uint64(bound)).astype(np.int64)


def permutation(key: int, count: int) -> list[int]:
    """Returns 0..count-1 in an order that follows from ``key``."""
    return [int(index) for index in np.argsort(stream(key, count), kind="stable")]


def noise(key: int, shape: tuple[int, ...]) -> Integers:
    """Returns bell-shaped noise about 0, its standard deviation 148: four summed bytes each."""
    words = stream(key, int(np.prod(shape)))
    total = np.zeros(words.shape, np.int64)
    for shift in (0, 16, 32, 48):
        total += ((words >> np.uint64(shift)) & np.uint64(0xFF)).astype(np.int64)
    return (total - 510).reshape(shape)


class Draw:
    """Draws numbers one after the other from the stream of a key."""

    __slots__ = ("_ahead", "_key")

    _BLOCK = 32

    def __init__(self, key: int) -> None:
        """Begins at the first number of ``stream(key, …)``."""
        self._key = key
        self._ahead: list[int] = []

    def pick(self, low: int, high: int) -> int:
        """Returns the next number, brought into low..high, both included."""
        if not self._ahead:
            self._ahead = stream(self._key, self._BLOCK).tolist()[::-1]
            self._key = (self._key + self._BLOCK * _GAMMA) & _MASK
        return low + self._ahead.pop() % (high - low + 1)

    def chance(self, percent: int) -> bool:
        """Is true in so many of a hundred cases."""
        return self.pick(0, 99) < percent
