"""A simulated device of the streaming wake word, behind an interface board or on a port of its own.

It is a state machine without I/O, as the simulated device of the other tasks: commands in with
their time, lines out with theirs, and frame by frame what it hears. What it says and when its pins
move is the reference firmware's (mlcommons/tiny, ``streaming_wakeword/sww_ref_l4r5zi``,
``sww_ref_util.c`` and ``sww_ref_util_submitter.c``), whose wording of `start`, `stop` and `db`
is also that of submissions which took it over. ST's and Syntiant's manners are as far as published
logs tell them: which lines ST's firmware prints at `start` and `stop` beside its stamp, none tells.

Not modelled: the reference's commands for debugging without sound (`run_model`, `extract`,
`i2scap`, `infer_wav`), which are answered as unknown, and that it hears no character while it
prints.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from ...wire.framing import CommandReader
from ...wire.messages import READY_LINE, LapTime, Model, Name, Profile
from ...wire.simulation import SIMULATED_NAME, SIMULATION_NOTE
from ...wire.timer import WRAP_US
from ..device import FIRMWARE_PROFILE, Activity
from .card import HOP_SAMPLES, Sound
from .uart_samples import HOP_BYTES, FrameModel, SampleBuffer, printed_numbers
from .words import Detector

REFERENCE_PROFILE = "MLPerf Tiny Firmware V0.1.0"
COMMAND_CHARS = 1028
THRESHOLD = 115
"""The int8 of the wake word's class above which the detection pin pulses."""
_PULSE_S = 1e-6
_MOST_ACTIVATIONS = 1 << 16
"""As many as are kept for `stop`; how many the reference keeps depends on its build."""
_STATES = "Status: 0=OK, 1=Error, 2=Busy, 3=Timeout; State: 0=Reset, 1=Ready, 34=Busy (Rx)"
_COMMANDS = (
    "name", "profile", "start", "stop", "state", "log", "timestamp", "db", "extract_uart_stream",
    "proc_hi", "proc_lo", "help",
)  # fmt: skip


class Manner(Enum):
    """Names whose firmware it talks like."""

    REFERENCE = "reference"
    ST = "st"
    """Prints its stamps in performance mode, and no activations."""
    SYNTIANT = "syntiant"
    """Echoes nothing, chatters at `start`, and prints no activations."""


@dataclass(frozen=True, slots=True)
class StreamingFaults:
    """Says what is wrong with the device's firmware, or its wires."""

    no_marker: bool = False
    """The first frame does not pulse."""
    no_detection: bool = False
    """Nothing pulses at all: the wire of WW_DETECTED is off."""
    silent_stop: bool = False
    """It obeys the `stop` that ends its listening, and says nothing."""
    mute: bool = False
    """It says nothing, whatever it is sent."""
    line_feeds: bool = False
    """Its lines end in LF alone, which an interface board does not take for an end."""
    many_detections: bool = False
    """The detection pin pulses twice a frame, whatever it hears."""


NO_FAULTS = StreamingFaults()


@dataclass(frozen=True, slots=True)
class StreamingSettings:
    """Says how the simulated device behaves."""

    baud_rate: int = 9600
    model_id: str = "sww01"
    inference_time_s: float = 0.0115
    """From a frame's end to its answer; 11.5 ms are an STM32L4R5's by ST's published sessions."""
    manner: Manner = Manner.REFERENCE
    echo: bool = True
    """Whether each command is said back, as the reference does; Syntiant's manner has no echo."""
    prints_stamps: bool = False
    """Whether a stamp is printed instead of pulled at the pin: ST's performance mode."""
    counter_ppm: float = 0.0
    """How much too fast the counter is that the printed stamps are of."""
    boot_time_s: float = 0.05
    note: str = SIMULATION_NOTE
    vendor: str = SIMULATED_NAME
    faults: StreamingFaults = NO_FAULTS

    @property
    def byte_time_s(self) -> float:
        """Return the seconds of a start bit, eight data bits and a stop bit."""
        return 10.0 / self.baud_rate if self.baud_rate else 0.0


def _nowhere(_: float) -> None:
    pass


@dataclass(slots=True)
class Pins:
    """Are told when the device's pins move, in order for each of them."""

    detected: Callable[[float], None] = _nowhere
    """WW_DETECTED falls (for a microsecond)."""
    processing_rises: Callable[[float], None] = _nowhere
    processing_falls: Callable[[float], None] = _nowhere
    timestamp: Callable[[float], None] = _nowhere
    """TIMESTAMP falls (for a microsecond)."""
    activity: Callable[[float, Activity], None] | None = None
    """What the device does from then on; its current depends on it."""


class StreamingDevice:
    """Is the device. ``outgoing`` holds (time the last byte is through, bytes) of its UART."""

    def __init__(
        self,
        detector: Detector,
        settings: StreamingSettings | None = None,
        pins: Pins | None = None,
        frame_model: FrameModel | None = None,
    ) -> None:
        """Make it without power; ``frame_model`` answers `extract_uart_stream`, if anything."""
        self.settings = settings or StreamingSettings()
        self.byte_time_s = self.settings.byte_time_s
        self.pins = pins or Pins()
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self.powered = False
        self.now_s = 0.0
        """The time up to which the firmware is busy with a command."""
        self._detector = detector
        self._frame_model = frame_model
        self._forget()

    def _forget(self) -> None:
        self._reader = CommandReader(COMMAND_CHARS)
        self._buffer = SampleBuffer()
        self._streaming = False
        self._first_frame = True
        self._int16s = 0
        """Samples of both channels since `start`."""
        self.activations = bytearray()
        """The answer of each frame since `start`, as int8."""
        self._silent = False

    def set_baud_rate(self, baud_rate: int) -> None:
        """Talk at another rate from now on."""
        self.settings = replace(self.settings, baud_rate=baud_rate)
        self.byte_time_s = self.settings.byte_time_s

    def boot(self, at_s: float) -> None:
        """Power up: forget everything and pull the timestamp pin. It prints nothing."""
        self._forget()
        self._detector.start()
        self.powered = True
        self._does(at_s, Activity.BOOT)
        self.now_s = at_s + self.settings.boot_time_s
        self._does(self.now_s, Activity.IDLE)
        self.pins.timestamp(self.now_s)

    def power_off(self, at_s: float) -> None:
        """Lose the supply: what it has not said by now is never said."""
        self.powered = False
        self._streaming = False
        while self.outgoing and self.outgoing[-1][0] > at_s:
            self.outgoing.pop()
        self.now_s = at_s
        self._does(at_s, Activity.OFF)

    def receive(self, data: bytes, start_s: float) -> None:
        """Take bytes from its UART, the first of which begins to arrive at ``start_s``."""
        if not self.powered:
            return
        for end, command in self._reader.feed(data):
            self.now_s = max(self.now_s, start_s + end * self.byte_time_s)
            self._execute(command.decode("latin-1"))

    # ---- sound -------------------------------------------------------------------------------

    def hear(self, at_s: float, sound: Sound, index: int) -> None:
        """Take the frame of a sound that ended at ``at_s``; without `start` it is not listening."""
        if not (self._streaming and self.powered):
            return
        pins, faults = self.pins, self.settings.faults
        answer = self._detector.hear(sound, index)
        done_s = at_s + self.settings.inference_time_s
        pins.processing_rises(at_s)
        if pins.activity is not None:
            pins.activity(at_s, Activity.INFER)
            pins.activity(done_s, Activity.IDLE)
        if not faults.no_detection:
            marker = self._first_frame and not faults.no_marker
            if answer > THRESHOLD or marker or faults.many_detections:
                pins.detected(done_s)
            if faults.many_detections:
                pins.detected(done_s + sound.frame_s / 2)
        pins.processing_falls(done_s)
        self._first_frame = False
        self._int16s += 2 * HOP_SAMPLES
        if len(self.activations) < _MOST_ACTIVATIONS:
            self.activations.append(answer & 0xFF)

    # ---- commands ----------------------------------------------------------------------------

    def _execute(self, text: str) -> None:
        settings = self.settings
        words = [word for word in text.split(" ") if word]
        self._silent = settings.faults.mute or (
            settings.faults.silent_stop and words[:1] == ["stop"] and self._streaming
        )
        if settings.echo and settings.manner is not Manner.SYNTIANT:
            self._say(f"Received command: {text}")
        self._obey(words)
        self._send(READY_LINE)

    def _obey(self, words: list[str]) -> None:
        match words:
            case ["name", *_]:
                self._say(Name(self.settings.vendor).encode())
            case ["profile", *_]:
                self._tell_profile()
            case ["start", *_]:
                self._start()
            case ["stop", *_]:
                self._stop()
            case ["timestamp", *_]:
                self._stamp()
            case ["state", *_]:
                self._say(f"g_i2s_status=0, SAI state={34 if self._streaming else 1}")
                self._say(f"    {_STATES}")
                self._say(f"g_i2s_state = {2 * self._streaming}, g_int16s_read={self._int16s}")
            case ["log", *_]:
                self._say("Log contents[cp=0]:", "<>")
            case ["help", *_]:
                self._say(*_COMMANDS)
            case ["proc_hi", *_]:
                self.pins.processing_rises(self.now_s)
            case ["proc_lo", *_]:
                self.pins.processing_falls(self.now_s)
            case ["db", *rest]:
                self._say(*self._buffer.command(rest))
            case ["extract_uart_stream", *_] if self._frame_model is not None:
                features, answers = self._frame_model.frame(bytes(self._buffer.data[:HOP_BYTES]))
                self._say(f"m-features-[{', '.join(f'{one:+3d}' for one in features)}]")
                self._say(f"m-activations-[{', '.join(f'{one:+3d}' for one in answers)}]")
            case []:
                self._say("Empty command (only a % read).  Type 'help%' for help")
            case [word, *_]:
                self._say(f"Unrecognized command {word}")

    def _tell_profile(self) -> None:
        settings = self.settings
        reference = settings.manner is Manner.REFERENCE
        self._say(Profile(REFERENCE_PROFILE if reference else FIRMWARE_PROFILE).encode())
        self._say(Model(settings.model_id).encode())
        if settings.note:
            self._say(settings.note)

    def _start(self) -> None:
        syntiant = self.settings.manner is Manner.SYNTIANT
        if self._streaming:
            self._say("I2S Rx currently in progress. Ignoring request")
            return
        self._say("do_watch, input_type = 0:" if syntiant else "Listening for I2S data ... ")
        self._streaming, self._first_frame = True, True
        self._int16s = 0
        self.activations.clear()
        self._detector.start()
        self._stamp()
        self.pins.processing_rises(self.now_s)
        self.pins.processing_falls(self.now_s + _PULSE_S)
        if syntiant:
            self._say("", "Polling for keyword until stop command")
        else:
            self._say("DMA receive initiated.")

    def _stop(self) -> None:
        manner = self.settings.manner
        was_streaming, self._streaming = self._streaming, False
        if was_streaming:
            self._stamp()
        if manner is Manner.SYNTIANT:
            self._say("Stopping ww detection.")
        elif not was_streaming:
            self._say("I2S is already idle.  Ignoring stop request")
        else:
            answers = [(one ^ 0x80) - 0x80 for one in self.activations]
            kept = answers if manner is Manner.REFERENCE else []
            self._say("Streaming stopped.", "target activations: ", *printed_numbers(kept))

    def _stamp(self) -> None:
        """Take a stamp: pull the pin, or print the counter."""
        if not self.settings.prints_stamps:
            self.pins.timestamp(self.now_s)
            return
        us = int(self.now_s * (1e6 + self.settings.counter_ppm)) % WRAP_US
        self._say(LapTime(us).encode())

    # ---- output ------------------------------------------------------------------------------

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._send(line.encode("latin-1", "replace") + b"\r\n")

    def _send(self, data: bytes) -> None:
        """Put bytes on the wire; the firmware waits until they are through."""
        if self._silent:
            return
        if self.settings.faults.line_feeds:
            data = data.replace(b"\r\n", b"\n")
        self._does(self.now_s, Activity.UART)
        self.now_s += len(data) * self.byte_time_s
        self._does(self.now_s, Activity.IDLE)
        self.outgoing.append((self.now_s, data))

    def _does(self, at_s: float, activity: Activity) -> None:
        if self.pins.activity is not None:
            self.pins.activity(at_s, activity)
