"""Reads the addresses that choose a device: a port, a pyserial URL, `auto`, or `sim:`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl

from ...dut_protocol.wire.messages import TimestampMode
from ..errors import SetupError
from .config import Config

SIMULATED = "sim:"


AUTO = "auto"


def is_simulated(config: Config) -> bool:
    """The device's address stands for one simulated in this process."""
    address = config.dut.address or ""
    return address == "sim" or address.startswith(SIMULATED)


@dataclass(frozen=True, slots=True)
class SimulatedOptions:
    """The part of a ``sim:`` address behind the question mark."""

    baud_rate: int | None = None
    inference_time_s: float | None = None
    mode: TimestampMode = TimestampMode.PERFORMANCE
    extension: bool = False
    """It offers the wire extension."""
    replay: Path | None = None
    """A log that it answers from."""


def parse_simulated(address: str) -> tuple[str, SimulatedOptions]:
    """Model id (may be empty) and options of a ``sim:`` address; SetupError names what is wrong."""
    model_id, _, query = address.removeprefix("sim").removeprefix(":").partition("?")
    options = SimulatedOptions()
    for key, value in parse_qsl(query, keep_blank_values=True):
        try:
            match key:
                case "baud":
                    baud_rate = int(value)
                    if baud_rate < 0:
                        raise ValueError("negative")
                    options = replace(options, baud_rate=baud_rate)
                case "inference_ms":
                    inference_time_s = float(value) / 1000.0
                    if not 0 <= inference_time_s < 1e6:
                        raise ValueError("out of range")
                    options = replace(options, inference_time_s=inference_time_s)
                case "mode":
                    options = replace(options, mode=TimestampMode(value))
                case "extension":
                    if value not in ("0", "1"):
                        raise ValueError("expected 0 or 1")
                    options = replace(options, extension=value == "1")
                case "replay":
                    options = replace(options, replay=Path(value))
                case _:
                    raise SetupError(
                        f"{address}: unknown option {key!r}; known are baud, extension, "
                        "inference_ms, mode and replay"
                    )
        except ValueError as error:
            raise SetupError(f"{address}: {key}={value!r} cannot be: {error}") from error
    return model_id, options
