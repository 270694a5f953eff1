"""Logs of layers as `tinyrunner profile --out` keeps them, written line by line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LAYERS = (("convolution 25x5x64 320000 MACs", 1600, 16), ("softmax 12 0 MACs", 300, 3))
"""Name, cycles and microseconds of each."""


def layer_log(
    path: Path,
    layers: Sequence[tuple[str, int, int]] = LAYERS,
    *,
    counter: str = "measured: DWT CYCCNT",
    vendor: str = "acme-board",
    address: str = "/dev/ttyACM0",
    between: int = 100,
    begun: str = "2026-01-31T12:00:00Z",
) -> Path:
    """What a device told: the layers, and cycles between them, a hundred to a microsecond."""
    cycles = sum(each[1] for each in layers) + between
    us = sum(each[2] for each in layers) + between // 100
    lines = [
        f"# tinyrunner 0.2.0 wire log, format 2, clock monotonic, 115200 baud, begun {begun}, "
        f"at {address}",
        "0.000100 < m-timestamp-mode-performance\\r\\nm-init-done\\r\\nm-ready\\r\\n",
        "0.010000 > name%",
        "0.110000 > name%",  # the first was lost
        f"0.120000 < m-name-dut-[{vendor}]\\r\\nm-rea",
        "0.130000 < dy\\r\\n",
        "0.200000 > profile%",
        "0.210000 < m-profile-[Firmware V1]\\r\\nm-model-[kws01]\\r\\nm-ready\\r\\n",
        "0.300000 > infer 1 1%",
        "0.310000 < m-lap-us-4294967290\\r\\nm-infer-done\\r\\n",
        "0.320000 < m-lap-us-44\\r\\nm-results-[1.000]\\r\\nm-ready\\r\\n",
        "0.400000 > profile layers%",
        f"0.410000 < x-layers-[{counter}]\\r\\n",
        *(
            f"0.42{number:04d} < x-layer-{number}-[{name}]-{took}-{took_us}\\r\\n"
            for number, (name, took, took_us) in enumerate(layers)
        ),
        f"0.430000 < x-layers-done-{len(layers)}-{cycles}-{us}\\r\\nm-ready\\r\\n",
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
