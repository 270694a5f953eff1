"""Parses the address `sim:`, which chooses a simulated device or energy monitor.

What is simulated says so here and nowhere else: ``sim:kws01`` is a device, ``sim:ppk2`` an energy
monitor, ``sim:`` alone whatever fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from urllib.parse import parse_qsl

from ...dut_protocol.wire.boot_banner import TimestampMode
from ...errors import closest
from ...models.runtimes.engine_kind import ENGINE_NAMES, EngineKind
from ...models.suite import STREAMING_TASKS
from ..errors import SetupError
from .config import Config
from .values import MAX_BAUD_RATE

SIMULATED = "sim:"
AUTO = "auto"

_SHOWN = 200
"""Characters of an address that an error repeats."""
_STREAMING_IDS = frozenset(task.model_id for task in STREAMING_TASKS.values())


def names_simulated(address: str | None) -> bool:
    """Tell whether an address stands for something simulated in this process."""
    return address is not None and (address == "sim" or address.startswith(SIMULATED))


def is_simulated(config: Config) -> bool:
    """Tell whether the device's address stands for one simulated in this process."""
    return names_simulated(config.dut.address)


def simulated_model_id(config: Config) -> str:
    """Return the model id in a simulated device's address; empty without one, or if real."""
    return parse_simulated(config.dut.address or "")[0] if is_simulated(config) else ""


class MonitorKind(Enum):
    """Names the energy monitors that can be simulated, for ``--kind`` and ``sim:KIND``."""

    N6705 = "n6705"
    LPM01A = "lpm01a"
    PPK2 = "ppk2"
    JS110 = "js110"
    JS220 = "js220"
    JS320 = "js320"
    STLINKV3PWR = "stlinkv3pwr"
    OTII = "otii"
    SCPI = "scpi"
    """Is followed by the file that describes it: ``scpi:FILE``."""
    REPLAY = "replay"
    """Is followed by the wire log that it answers from: ``replay:FILE``."""

    @property
    def is_joulescope(self) -> bool:
        """Tell whether it is reached through its vendor's driver, and so cannot be served."""
        return self in (MonitorKind.JS110, MonitorKind.JS220, MonitorKind.JS320)

    @property
    def is_on_tcp(self) -> bool:
        """Tell whether it is served on TCP rather than on a serial port."""
        return self in (MonitorKind.N6705, MonitorKind.OTII, MonitorKind.SCPI)


def kind_named(name: str) -> MonitorKind:
    """Return the kind of this name; SetupError names those that there are."""
    try:
        return MonitorKind(name.partition(":")[0])
    except ValueError as error:
        near = closest(name, (kind.value for kind in MonitorKind))
        raise SetupError(
            f"no energy monitor {name!r} to simulate{near}; there are {_kinds()}"
        ) from error


def _kinds() -> str:
    said = {kind: f"{kind.value}:FILE" for kind in (MonitorKind.SCPI, MonitorKind.REPLAY)}
    return ", ".join(said.get(kind, kind.value) for kind in MonitorKind)


def recorded_kind(address: str) -> str:
    """Return the name of the kind of monitor that a wire log has under this address.

    ``lpm01a`` of ``lpm01a:/dev/ttyACM1`` or ``sim:lpm01a``; of a described one, with its file.
    """
    name = address.removeprefix(SIMULATED)
    if name.startswith(f"{MonitorKind.SCPI.value}:"):
        file, at, resource = name.rpartition("@")
        return file if at and "::" in resource else name
    if name in ("", "sim") or "::" in name:
        return MonitorKind.N6705.value
    return kind_named(name).value


def described_file(name: str) -> str:
    """Return the file that describes the simulated instrument ``scpi:FILE``."""
    file = name.partition(":")[2]
    if not file:
        raise SetupError(
            f"{name}: which instrument? Name the file that describes it, or one that comes with "
            "the program: scpi:dmm7510, say"
        )
    return file


def simulated_name(address: str | None) -> str:
    """Read ``--monitor`` on a simulated bench: the NAME of ``sim:NAME``; n6705 unless told."""
    if address is None or address in ("sim", SIMULATED):
        return MonitorKind.N6705.value
    if not names_simulated(address):
        raise SetupError(
            f"{address} cannot measure a simulated device: give --monitor sim:KIND, where KIND is "
            f"one of {_kinds()}; or a real device with --dut"
        )
    return address.removeprefix(SIMULATED)


@dataclass(frozen=True, slots=True)
class SimulatedOptions:
    """Holds the part of a ``sim:`` address behind the question mark."""

    baud_rate: int | None = None
    inference_time_s: float | None = None
    mode: TimestampMode = TimestampMode.PERFORMANCE
    extension: bool = False
    """Whether the device offers the wire extension."""
    replay: Path | None = None
    """The log that the device answers from."""
    engine: EngineKind | None = None
    """What runs its model; None: what the configuration says."""


def engine_named(name: str) -> EngineKind:
    """Return the engine of this name; ValueError names those that there are."""
    try:
        return EngineKind(name)
    except ValueError as error:
        near = closest(name, (kind.value for kind in EngineKind))
        raise ValueError(f"no engine of this name{near}; there are {ENGINE_NAMES}") from error


def parse_simulated(address: str) -> tuple[str, SimulatedOptions]:
    """Parse a ``sim:`` address into model id (may be empty) and options; or SetupError.

    A streaming task's device has options of its own, which are left to its simulated bench.
    """
    model_id, _, query = address.removeprefix("sim").removeprefix(":").partition("?")
    options = SimulatedOptions()
    if model_id in _STREAMING_IDS:
        return model_id, options
    for key, value in parse_qsl(query, keep_blank_values=True):
        try:
            match key:
                case "baud":
                    baud_rate = int(value)
                    if not 0 <= baud_rate <= MAX_BAUD_RATE:
                        raise ValueError("out of range")
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
                case "engine":
                    options = replace(options, engine=engine_named(value))
                case _:
                    raise SetupError(
                        f"{address[:_SHOWN]}: unknown option {key!r}; known are baud, engine, "
                        "extension, inference_ms, mode and replay"
                    )
        except ValueError as error:
            raise SetupError(
                f"{address[:_SHOWN]}: {key}={value[:_SHOWN]!r} cannot be: {str(error)[:_SHOWN]}"
            ) from error
    return model_id, options
