"""Lays out what layers give to layers in one block of memory, each only as long as it is needed."""

from __future__ import annotations

from dataclasses import dataclass

from .int8_network import Network


@dataclass(frozen=True, slots=True)
class Arena:
    """An arena says where each layer's output lies, but the last one's, which is the caller's."""

    offsets: tuple[int, ...]
    """In bytes from its beginning."""
    size: int
    """In bytes."""


def arena_of(network: Network) -> Arena:
    """Returns a layout in which no two outputs overlap that are needed at the same time.

    The largest are placed first, each as low as those before it leave room.
    """
    last = len(network.layers) - 1
    ends = list(range(last))
    for index, sources in enumerate(network.sources):
        for source in sources:
            if source >= 0:
                ends[source] = index
    placed: dict[int, int] = {}
    for index in sorted(range(last), key=lambda index: (-network.counts[index], index)):
        rivals = sorted(
            (placed[other], placed[other] + network.counts[other])
            for other in placed
            if other <= ends[index] and index <= ends[other]
        )
        offset = 0
        for begin, end in rivals:
            if offset + network.counts[index] <= begin:
                break
            offset = max(offset, end)
        placed[index] = offset
    size = max((placed[index] + network.counts[index] for index in placed), default=0)
    return Arena(tuple(placed[index] for index in range(last)), size)
