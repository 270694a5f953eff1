"""What a device told of its layers, read back from the wire log in which the answer stands.

`tinyrunner profile` leaves such a log behind, and any other that holds the question does as well::

    # tinyrunner 0.2.0 wire log, format 2, clock monotonic, 115200 baud, begun …Z, at /dev/ttyACM0
    0.010000 > name%
    0.012000 < m-name-dut-[Acme]\\r\\nm-ready\\r\\n
    …
    3.200000 > profile layers%
    3.210000 < x-layers-[measured: DWT CYCCNT]\\r\\nx-layer-0-[…]-1846213-10989\\r\\n…m-ready\\r\\n

Of several answers in a log the last whole one counts. A log of the wire to an IO manager is read
for nothing: the firmware behind one tells no times.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from ...dut_protocol.errors import DutError, DutProtocolError
from ...dut_protocol.host.layers import LayerTimes, layer_times
from ...dut_protocol.link.wire_log import WireLogBeginning, WireLogError
from ...dut_protocol.link.wire_log_reader import (
    Direction,
    LayerName,
    WireEvent,
    WireLogReader,
    is_wire_log,
)
from ...dut_protocol.wire.commands import Infer, parse_command
from ...dut_protocol.wire.framing import CommandReader, LineReader
from ...dut_protocol.wire.layers import ASK_LAYERS, CounterKind
from ...dut_protocol.wire.messages import (
    DeviceError,
    LapTime,
    Message,
    Model,
    Name,
    Profile,
    Ready,
    parse_line,
)
from ...dut_protocol.wire.simulation import is_simulated_name
from ...dut_protocol.wire.timer import WRAP_US
from ...models.suite import TASKS_BY_MODEL_ID
from ..config.sim_address import names_simulated
from ..errors import SetupError

ENDING = ".layers.log"
"""The end of such a log's name, by which it is found among sessions."""

_LONGEST_COMMAND = 1 << 10
"""Characters of a command that matter; a longer one is a load's."""


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """Is what a device told of one inference's layers, and who it was."""

    address: str
    vendor: str | None
    profile: str | None
    """The profile that the device names, with its version."""
    model_id: str | None
    begun: str
    """When it was asked: UTC, ISO 8601."""
    tool_version: str
    times: LayerTimes
    lap_us: int | None = None
    """Microseconds between the time stamps of the inference."""
    log: Path | None = None
    """The wire log that it was read from; None where none was kept."""
    log_sha256: str | None = None

    @property
    def simulated(self) -> bool:
        """Tell whether no board was measured, however that comes to light."""
        return (
            self.times.kind is CounterKind.SIMULATED
            or names_simulated(self.address)
            or is_simulated_name(self.vendor or "")
        )

    @property
    def task_key(self) -> str:
        """Return the task whose model the device names; ? where it is none of the suite's."""
        known = TASKS_BY_MODEL_ID.get(self.model_id or "")
        return "?" if known is None else known.key


def is_layer_log(path: Path) -> bool:
    """Tell whether a path is a wire log, which may hold layers; SetupError where that fails."""
    try:
        return path.is_file() and is_wire_log(path)
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror or error}") from error


def read_layer_log(path: Path) -> LayerProfile:
    """Read the last answer to `profile layers` in a wire log; SetupError says why there is none."""
    conversation = _Conversation(f"`{ASK_LAYERS}` in {path}")
    try:
        for entry in WireLogReader(path):
            match entry:
                case WireLogBeginning():
                    conversation.begin(entry)
                case LayerName(number, name):
                    conversation.name_layer(number, name)
                case WireEvent(direction=Direction.TO_DEVICE, data=data, wire=""):
                    conversation.sent(data)
                case WireEvent(direction=Direction.FROM_DEVICE, data=data, wire=""):
                    conversation.came(data)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror or error}") from error
    except WireLogError as error:
        raise SetupError(f"cannot read what layers take: {error}") from error
    except DutProtocolError as error:
        raise SetupError(f"cannot read what layers take in {path}: {error}") from error
    found = conversation.found
    if found is not None:
        return replace(found, log=path, log_sha256=digest)
    if conversation.trouble is not None:
        raise SetupError(str(conversation.trouble)) from conversation.trouble
    if conversation.breaks_off:
        raise SetupError(f"{path} breaks off within the answer to `{ASK_LAYERS}`")
    raise SetupError(
        f"{path} holds no answer to `{ASK_LAYERS}`: `tinyrunner profile --out FILE` keeps one"
    )


class _Conversation:
    """Follows both directions, as far as layers and who tells them are concerned."""

    def __init__(self, where: str) -> None:
        self.found: LayerProfile | None = None
        self.trouble: DutError | None = None
        """Why an answer could not be read, where none could."""
        self._where = where

    def begin(self, beginning: WireLogBeginning) -> None:
        """Begin anew: the port was opened."""
        self._opened = beginning
        self._commands = CommandReader(_LONGEST_COMMAND)
        self._lines = LineReader()
        self._asked = ""
        """The command that was sent last."""
        self._reply: list[Message] = []
        self._laps: list[int] = []
        self._vendor: str | None = None
        self._profile: str | None = None
        self._model_id: str | None = None

    def sent(self, data: bytes) -> None:
        for _, text in self._commands.feed(data):
            self._asked = text.decode("latin-1")
            self._reply.clear()  # what is late is no answer to this

    def came(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            for message in parse_line(line):
                self._heard(message)

    @property
    def breaks_off(self) -> bool:
        """Tell whether the log ends within an answer."""
        return self._asked == ASK_LAYERS and bool(self._reply)

    def name_layer(self, number: int, name: str) -> None:
        """Call a layer of the last answer as its model file does."""
        if self.found is None or number >= len(self.found.times.layers):
            return
        layers = [*self.found.times.layers]
        layers[number] = replace(layers[number], name=name)
        times = replace(self.found.times, layers=tuple(layers))
        self.found = replace(self.found, times=times)

    def _heard(self, message: Message) -> None:
        match message:
            case Name(vendor):
                self._vendor = vendor
            case Profile(text):
                self._profile = text
            case Model(model_id):
                self._model_id = model_id
            case Ready():
                self._answered(self._asked)
                return
        self._reply.append(message)

    def _answered(self, command: str) -> None:
        reply, self._reply = self._reply, []
        if isinstance(parse_command(command), Infer):
            self._laps = [each.us for each in reply if isinstance(each, LapTime)]
        if command != ASK_LAYERS:
            return
        refused = [each.text for each in reply if isinstance(each, DeviceError)]
        try:
            if refused:
                raise DutProtocolError(f"{self._where}: the device refused it: {refused[0]}")
            times = layer_times(reply, self._where)
        except DutError as error:
            self.trouble = error
            return
        self._asked = ""
        opened, laps = self._opened, self._laps
        self.found = LayerProfile(
            address=opened.address,
            vendor=self._vendor,
            profile=self._profile,
            model_id=self._model_id,
            begun=opened.begun,
            tool_version=opened.version,
            times=times,
            lap_us=(laps[1] - laps[0]) % WRAP_US if len(laps) == 2 else None,
        )
