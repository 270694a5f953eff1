"""A simulated device: the reference firmware's replies, byte for byte, on a modelled UART.

It is a state machine without I/O: bytes in with their time, lines out with theirs. The same object
stands behind an in-process link on a virtual clock and behind a pty or a TCP port in real time.

Modelled: 8N1 byte times in both directions, a ``printf`` that blocks while it sends, an interrupt
that buffers commands arriving meanwhile, the inference time, the microsecond counter and its wrap.
Safe where the reference is not: blocks after ``m-load-done`` are refused instead of overrunning
the buffer, an empty command is answered like an unknown one, and a load that was not finished is
not inferred although its bytes would be enough.

Firmware that misbehaves is a subclass of :class:`SimulatedDut` that overrides one of its steps.
"""

from __future__ import annotations

import binascii
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol, runtime_checkable

from ..wire.boot_banner import BootMode, InitDone, TimestampMode
from ..wire.commands import (
    MAX_COMMAND_CHARS,
    AskHelp,
    AskName,
    AskProfile,
    AskResults,
    DbData,
    DbLoad,
    DbPrint,
    Empty,
    Infer,
    Raw,
    Refused,
    Timestamp,
    parse_command,
)
from ..wire.framing import CommandReader
from ..wire.layers import ASK_LAYERS, CounterKind, LayerCounter, LayersDone, LayerTime
from ..wire.messages import (
    READY_LINE,
    Buffer,
    BufferTooSmall,
    DeviceError,
    Expecting,
    ExtensionOffer,
    InferDone,
    InferStart,
    InputSize,
    LapTime,
    LoadDone,
    Message,
    Model,
    Name,
    Profile,
    Ready,
    Results,
    WarmupDone,
    WarmupStart,
)
from ..wire.settings import MAX_INPUT_BYTES
from ..wire.simulation import SIMULATED_NAME
from ..wire.timer import WRAP_US
from .extension import SIMULATED_OFFER, ExtendedLoads, InputBuffer, RawWait

FIRMWARE_PROFILE = "ULPMark for tinyML Firmware V0.0.1"
"""What every published board answers to `profile`."""

_HELP = (
    FIRMWARE_PROFILE,
    "",
    "help         : this text",
    "name         : the device's name",
    "timestamp    : take a time stamp",
    "db load N    : expect N bytes",
    "db HH[HH]*   : the next bytes, in hex",
    "db print     : the bytes loaded",
    "infer N [W=10] : N inferences after W warm-ups",
    "results      : the last scores",
)


class DeviceModel(Protocol):
    """Is what the firmware was built around."""

    model_id: str
    input_bytes: int
    score_count: int

    def infer(self, data: bytes) -> tuple[float, ...]: ...


@runtime_checkable
class LayeredModel(DeviceModel, Protocol):
    """Is a model whose layers are known, so that the device can tell what they take."""

    def layer_steps(self) -> tuple[tuple[str, int], ...]:
        """Return each layer's name and how many steps of work it is; none: they are not known."""


MODELLED_CYCLES_PER_S = 100_000_000
"""Of the processor that a simulated device tells the cycles of."""
MODELLED_COUNTER = (
    f"{CounterKind.SIMULATED.value}: the time shared out by products and outputs, at 100 MHz"
)


class Activity(Enum):
    """Says what the device is doing, as far as the current that it draws depends on it."""

    OFF = "off"
    BOOT = "boot"
    IDLE = "idle"
    UART = "uart"
    INFER = "infer"


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """Says how the simulated board behaves. ``baud_rate`` 0: the wire takes no time."""

    baud_rate: int = 115200
    inference_time_s: float = 0.01
    vendor: str = SIMULATED_NAME
    note: str = ""
    """The line of chatter in its banner and behind its profile that says what it is. Every device
    that the program offers has one; the reference firmware, byte for byte, has none."""
    mode: TimestampMode = TimestampMode.PERFORMANCE
    boot_time_s: float = 0.05
    counter_start_us: int = 0
    counter_wraps_at_us: int = WRAP_US
    extension: bool = False
    """Whether it offers the wire extension."""

    @property
    def byte_time_s(self) -> float:
        """Return the seconds of a start bit, eight data bits and a stop bit."""
        return 10.0 / self.baud_rate if self.baud_rate else 0.0


class SimulatedDut:
    """Is the device. ``outgoing`` holds (time the last byte is through, bytes) for the host.

    **The fault hook.** Firmware that behaves otherwise, for a test or for a simulated defect, is a
    subclass that overrides one of the public steps. From the wire inwards and out again they are
    :meth:`receive` (bytes, with their time), :meth:`execute` (a command), :meth:`store` (a data
    block), :meth:`print_buffer`, :meth:`infer` with its parts :meth:`take_input`,
    :meth:`input_mismatch`, :meth:`measure`, :meth:`work` and :meth:`scores_of`, :meth:`stamp`,
    :meth:`counter_us`, :meth:`say` (a message), :meth:`print_line` (its text) and :meth:`send`
    (its bytes); beside them :meth:`boot`, :meth:`forget` and :meth:`power_off`. A step may look at
    the firmware's state, which is public too, and change it. Whatever a subclass does not override
    stays as the reference firmware has it. Where it changes what a data block does or what
    `m-ready` looks like, it sets :attr:`quick_blocks` to False.
    """

    quick_blocks: ClassVar[bool] = True
    """Whether a well-formed data block in mid-load is stored and answered without :meth:`execute`,
    :meth:`store`, :meth:`say` and :meth:`send`: faster, and with the same result."""

    def __init__(
        self,
        model: DeviceModel,
        settings: DeviceSettings | None = None,
        on_edge: Callable[[float], None] | None = None,
        on_activity: Callable[[float, Activity], None] | None = None,
    ) -> None:
        self.model = model
        self.settings = settings or DeviceSettings()
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self._on_edge = on_edge
        """What is told the time of each falling edge of the timestamp pin (energy firmware)."""
        self._on_activity = on_activity
        """What is told, in order, from when on the device does what: its current depends on it."""
        self.powered = True
        """Whether it has power; without, nothing reaches it."""
        self._buffer_bytes = max(MAX_INPUT_BYTES, model.input_bytes)
        self.byte_time_s = self.settings.byte_time_s
        """Seconds that a character takes on the wire."""
        self._ready_time_s = len(READY_LINE) * self.byte_time_s
        self.now_s = 0.0
        """The time up to which the firmware is busy."""
        self._raw_wait = RawWait(SIMULATED_OFFER, self.outgoing, self.byte_time_s)
        self.forget()

    def forget(self) -> None:
        """Begin anew with empty memory, as after a reset."""
        self.reader = CommandReader(MAX_COMMAND_CHARS)
        """Cuts what arrives into commands."""
        self.buffer = bytearray()
        """The bytes of the load in progress, or of the last one."""
        self.expected_bytes = 0
        """How many bytes the last `db load` announced."""
        self.tensor = bytes(self.model.input_bytes)
        """The input of the next inference."""
        self.scores: tuple[float, ...] = (0.0,) * self.model.score_count
        """The scores of the last inference."""
        self.has_inferred = False
        """Whether there was an inference, so that something can be said of its layers."""
        self._extended = ExtendedLoads(SIMULATED_OFFER) if self.settings.extension else None

    def boot(self, at_s: float) -> None:
        """Power-up or reset: forget everything, print the banner."""
        self._raw_wait.take_back()
        self.forget()
        self.powered = True
        self._does(at_s, Activity.BOOT)
        self.now_s = at_s + self.settings.boot_time_s
        self._does(self.now_s, Activity.IDLE)
        self.say(BootMode(self.settings.mode))
        self.stamp()
        self.say(InitDone())
        self._tell_note()
        self.say(Ready())

    def power_off(self, at_s: float) -> None:
        """Lose the supply: what it has not said by now is never said, and it takes nothing in."""
        self.powered = False
        while self.outgoing and self.outgoing[-1][0] > at_s:
            self.outgoing.pop()
        self.now_s = at_s
        self._does(at_s, Activity.OFF)

    def receive(self, data: bytes, start_s: float) -> None:
        """Take bytes from the host, the first of which begins to arrive at ``start_s``."""
        if not self.powered:
            return
        if self._extended is not None:
            self._receive_extended(self._extended, data, start_s)
            return
        self._receive(data, start_s)

    def _receive(self, data: bytes, start_s: float) -> None:
        quick = self.quick_blocks and self._on_activity is None
        if quick and data[:3] == b"db " and data[-1:] == b"%" and self._fast_block(data, start_s):
            return
        for end, command in self.reader.feed(data):
            self.now_s = max(self.now_s, start_s + end * self.byte_time_s)
            self.execute(command)

    def _fast_block(self, data: bytes, start_s: float) -> bool:
        """Take one whole well-formed ``db HEX%`` of a running load: most of all traffic by far."""
        digits = data[3:-1]
        left = self.expected_bytes - len(self.buffer)
        if not digits or len(digits) >= 2 * left:
            return False
        if not self.reader.empty or len(data) > MAX_COMMAND_CHARS + 1:
            return False
        try:
            block = binascii.unhexlify(digits)
        except ValueError:  # `load 490`, an odd count, a `%` inside: the long way answers them
            return False
        self.buffer += block
        arrived_s = start_s + len(data) * self.byte_time_s
        if arrived_s < self.now_s:
            arrived_s = self.now_s
        self.now_s = done_s = arrived_s + self._ready_time_s
        self.outgoing.append((done_s, READY_LINE))
        return True

    # ---- commands ----------------------------------------------------------------------------

    def execute(self, command: bytes) -> None:
        """Do what a command (without its `%`) says, and answer it."""
        text = command.decode("latin-1")
        if self._extended is not None and self._extended_command(self._extended, text):
            return
        match parse_command(text):
            case AskProfile() if text == ASK_LAYERS and isinstance(self.model, LayeredModel):
                self._tell_layers(self.model)
            case AskName():
                self.say(Name(self.settings.vendor))
            case AskProfile():
                self.say(Profile(FIRMWARE_PROFILE))
                self.say(Model(self.model.model_id))
                self._tell_note()
            case AskHelp():
                for line in _HELP:
                    self.print_line(line)
                if self._extended is not None:
                    self.say(ExtensionOffer(self._extended.offer.encode()))
            case Timestamp():
                self.stamp()
            case DbLoad(byte_count):
                self._begin_load(byte_count)
            case DbData(data, error):
                self.store(data, error)
            case DbPrint():
                self.print_buffer()
            case Infer(iterations, warmups):
                self.infer(iterations, warmups)
            case AskResults():
                self.say(Results(self.scores))
            case Refused(error):
                self.say(DeviceError(error))
            case Empty():
                self.say(DeviceError("Unknown command: "))
            case Raw(word):
                self.say(DeviceError(f"Unknown command: {word}"))
        self.say(Ready())

    def _begin_load(self, byte_count: int) -> None:
        if self._extended is not None:
            self._extended.end()
        self.buffer.clear()
        if not 0 < byte_count <= self._buffer_bytes:
            self.expected_bytes = 0
            too_small = BufferTooSmall(byte_count, self._buffer_bytes)
            self.send(too_small.encode().encode() + b"\n")  # LF alone, as the reference has it
            return
        self.expected_bytes = byte_count
        self.say(Expecting(byte_count))

    def store(self, data: bytes, error: str | None) -> None:
        """Take the bytes of a `db HEX`; ``error`` is what was wrong after them."""
        left = self.expected_bytes - len(self.buffer)
        if left <= 0:
            # The reference firmware writes past its buffer here.
            self.say(DeviceError(error or "No load in progress; send 'db load N' first"))
            return
        self.buffer += data[:left]
        if len(data) >= left:
            self.say(LoadDone())
        elif error is not None:
            self.say(DeviceError(error))

    def print_buffer(self) -> None:
        """Answer `db print`."""
        data = bytes(self.buffer).ljust(self.expected_bytes, b"\0")
        for start in range(0, len(data), 8):
            self.say(Buffer(data[start : start + 8]))
        if len(data) % 8:
            self.print_line("")

    def infer(self, iterations: int, warmups: int) -> None:
        """Answer `infer`: take the input over, measure, tell the scores."""
        self.take_input()
        self.measure(iterations, warmups)
        self.say(InferDone())
        self.say(Results(self.scores))

    def take_input(self) -> None:
        """Make a whole load the input; after any other one say so and keep the former input."""
        if len(self.buffer) == self.model.input_bytes == self.expected_bytes:
            self.tensor = bytes(self.buffer)
        else:
            self.input_mismatch()

    def input_mismatch(self) -> None:
        """Say that the load is not of the model's size."""
        mismatch = InputSize(len(self.buffer), self.model.input_bytes)
        self.send(mismatch.encode().encode() + b"\n")

    def measure(self, iterations: int, warmups: int) -> None:
        """Warm up, and run the measured inferences between two stamps."""
        self.say(WarmupStart(warmups))
        self.work(warmups)
        self.say(WarmupDone())
        self.say(InferStart(iterations))
        self.stamp()
        self.scores = self.scores_of(self.tensor)
        self.work(iterations)
        self.stamp()
        self.has_inferred = True

    def scores_of(self, tensor: bytes) -> tuple[float, ...]:
        """Return the model's scores for an input."""
        return self.model.infer(tensor)

    def work(self, inferences: int) -> None:
        """Spend the time of so many inferences."""
        self._does(self.now_s, Activity.INFER)
        self.now_s += inferences * self.settings.inference_time_s
        self._does(self.now_s, Activity.IDLE)

    def _tell_layers(self, model: LayeredModel) -> None:
        """Share the time of an inference out to the model's layers, as firmware measures it."""
        steps = model.layer_steps()
        if not self.has_inferred or not steps:
            why = "there is none that it can tell" if self.has_inferred else "no inference yet"
            self.say(DeviceError(f"Layers: {why}"))
            return
        self.say(LayerCounter(MODELLED_COUNTER))
        all_steps = sum(count for _, count in steps)
        done, cycles, us = 0, 0, 0
        for number, (name, count) in enumerate(steps):
            done += count
            elapsed_s = self.settings.inference_time_s * done / all_steps
            until_cycles = round(elapsed_s * MODELLED_CYCLES_PER_S)
            until_us = round(elapsed_s * 1e6)
            self.say(LayerTime(number, name, until_cycles - cycles, until_us - us))
            cycles, us = until_cycles, until_us
        self.say(LayersDone(len(steps), cycles, us))

    # ---- the wire extension --------------------------------------------------------------------

    def _receive_extended(self, extended: ExtendedLoads, data: bytes, start_s: float) -> None:
        """Take bytes as they come: commands, or an 8-bit block where one is due."""
        at = 0
        while at < len(data):
            arrives_s = start_s + at * self.byte_time_s
            if (missed_s := self._raw_wait.end(arrives_s)) is not None:
                self.now_s = missed_s
                extended.time_out()
                self._keep(InputBuffer(self._buffer_bytes, bytearray()))
            if extended.deaf and self._raw_wait.still_deaf(arrives_s, start_s, len(data)):
                return
            extended.deaf = False
            due = extended.raw_bytes_due
            end = at + due if due else data.find(b"%", at) + 1 or len(data)
            piece = data[at:end]
            at += len(piece)
            if due:
                self.now_s = max(self.now_s, start_s + at * self.byte_time_s)
                buffer = self._input_buffer()
                self._answer_extended(extended, extended.raw(piece, buffer), buffer)
            else:
                self._receive(piece, arrives_s)

    def _extended_command(self, extended: ExtendedLoads, text: str) -> bool:
        buffer = self._input_buffer()
        reply = extended.command(text, buffer)
        if reply is not None:
            self._answer_extended(extended, reply, buffer)
        return reply is not None

    def _answer_extended(
        self, extended: ExtendedLoads, reply: list[Message] | None, buffer: InputBuffer
    ) -> None:
        self._keep(buffer)
        if reply is not None:
            for message in (*reply, Ready()):
                self.say(message)
        self._raw_wait.deaf_after(self.now_s)
        if extended.raw_bytes_due:
            self._raw_wait.begin(self.now_s)

    def _input_buffer(self) -> InputBuffer:
        return InputBuffer(self._buffer_bytes, self.buffer, self.expected_bytes)

    def _keep(self, buffer: InputBuffer) -> None:
        self.buffer, self.expected_bytes = buffer.data, buffer.expected

    # ---- time and output ---------------------------------------------------------------------

    def counter_us(self) -> int:
        """Return the firmware's microsecond counter at its present moment."""
        us = self.settings.counter_start_us + int(self.now_s * 1e6)
        return us % self.settings.counter_wraps_at_us

    def stamp(self) -> None:
        """Take a time stamp: print the counter, or, as energy firmware, pull the pin down."""
        if self.settings.mode is TimestampMode.PERFORMANCE:
            self.say(LapTime(self.counter_us()))
        elif self._on_edge is not None:
            self._on_edge(self.now_s)

    def say(self, message: Message) -> None:
        """Print a message of the protocol."""
        self.print_line(message.encode())

    def print_line(self, text: str) -> None:
        """Print a text and a line's end; a character that is no byte becomes `?`."""
        self.send(text.encode("latin-1", "replace") + b"\r\n")

    def _tell_note(self) -> None:
        if self.settings.note:
            self.print_line(self.settings.note)

    def _does(self, at_s: float, activity: Activity) -> None:
        if self._on_activity is not None:
            self._on_activity(at_s, activity)

    def send(self, data: bytes) -> None:
        """Put bytes on the wire; the firmware waits until they are through."""
        self._does(self.now_s, Activity.UART)
        self.now_s += len(data) * self.byte_time_s
        self._does(self.now_s, Activity.IDLE)
        self.outgoing.append((self.now_s, data))
