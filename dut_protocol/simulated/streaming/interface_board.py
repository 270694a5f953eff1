"""A simulated interface board, which plays sound to a streaming device: MLCommons', in bytes.

It has the shape of a simulated device (bytes in with their time, lines out with theirs), and a time
that passes while it plays: :meth:`SimulatedInterfaceBoard.live` is told how far.

What it says is the firmware's (mlcommons/tiny, ``benchmark/interface``, ``Application/CLI``,
``Test``, ``IO``, ``Audio``), held against the one log of a session that has every line of it,
Syntiant's of v1.3. Of that source follows as well what is not said: a command that begins with
another's name is not answered, and whatever the card's thread should do (`dut`, `ls`, `play`)
waits for it, and the board with it: without a card, or behind a device that never says `m-ready`,
it hears nothing more until it is reset (its black button, or power). The first lines of `dut` and
`play` come all the same, for the other thread says them.

Of its own making, because no source at hand tells: that an empty line follows the rising edges
where their number divides by eight, and the time a reset and a file's opening take.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ...wire.messages import PASS_THROUGH
from .card import Card, Sound
from .device import StreamingDevice

NAME = "tinyML Enhanced Interface Board"
DEFAULT_DUT_BAUD_RATE = 9600
"""What the flash's rate is read as where that is 0, erased, or too high."""
MAX_DUT_BAUD_RATE = 2_000_000
MOST_EDGES = 100
MOST_DETECTIONS = 10_000
_TICKS_PER_S = 100_000
_ERASED = 0xFFFFFFFF
_DEAD_MS = 10
"""A detection this soon after the one before is not recorded."""
_QUEUE_CHARS = 100
"""What the board's UARTs keep of characters that nobody has read yet."""
_OPENING_S = 0.003
_EDGES_A_LINE = 8
_CUT_CHARS = 12
_LOST_RISE = 10
_COMMANDS = (
    "dut", "name", "ls", "play", "setbaud", "checkbaud",
    "record_detections", "print_detections", "print_dutycycle",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoardFaults:
    """Says what is wrong with the board, or its wires."""

    slow_reset: bool = False
    """It is not back for 20 s after `setbaud`."""
    edges_full: bool = False
    """Its edges are used up before the recording begins: PROCESSING is a wire in the air."""
    lost_edge: bool = False
    """The tenth rising edge is missing."""
    cut_lines: bool = False
    """It loses characters of the device's longer lines."""


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """Says how the simulated board behaves."""

    baud_rate: int = 115200
    """To the host."""
    audio_ppm: float = 0.0
    """How much too fast its audio clock is, an RC oscillator: published sessions have -2300 to
    +400."""
    timer_ppm: float = 0.0
    """How much too fast its timer is, by which it records."""
    reset_s: float = 0.5
    dut_baud_rate: int = DEFAULT_DUT_BAUD_RATE
    """What its flash holds at first."""
    faults: BoardFaults = field(default_factory=BoardFaults)

    @property
    def byte_time_s(self) -> float:
        """Return the seconds of a start bit, eight data bits and a stop bit."""
        return 10.0 / self.baud_rate if self.baud_rate else 0.0


@dataclass(slots=True)
class _Playing:
    """Is a file that is being played."""

    sound: Sound
    begin_s: float
    frame_s: float
    """Of the board's audio clock."""
    heard: int = 0

    @property
    def next_s(self) -> float:
        return self.begin_s + (self.heard + 1) * self.frame_s


class SimulatedInterfaceBoard:
    """Stands between a host and a :class:`StreamingDevice`, whose pins it watches."""

    def __init__(
        self,
        device: StreamingDevice,
        card: Card | None,
        settings: BoardSettings | None = None,
        dut_fixed_baud_rate: int | None = None,
    ) -> None:
        """Take the device, not powered yet; ``card`` None: there is none in the slot.

        ``dut_fixed_baud_rate`` is the rate that the device talks at; None: whatever the board does.
        """
        self.device = device
        self.settings = settings or BoardSettings()
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self._card = card
        self._byte_time_s = self.settings.byte_time_s
        self._flash = self.settings.dut_baud_rate
        self._fixed_baud_rate = dut_fixed_baud_rate
        self._begin(0.0)

    def boot(self, at_s: float) -> None:
        """Reset it, as its button does; the device behind it goes on."""
        self.outgoing.clear()
        self._begin(at_s)

    def _begin(self, at_s: float) -> None:
        self._now_s = self._deaf_until_s = at_s
        self._inbox = bytearray()
        self._from_dut = bytearray()
        self._passing = self._waiting = False
        self._playing: _Playing | None = None
        self._zero_s = at_s
        self._clear_records()
        if self._fixed_baud_rate is None:
            self.device.set_baud_rate(self.dut_baud_rate)

    def _clear_records(self) -> None:
        self.detections_ms: list[int] = []
        self.rises: list[int] = []
        self.falls: list[int] = []
        self._rises_seen = 0

    @property
    def dut_baud_rate(self) -> int:
        """Return the rate to the device, as the board reads it in its flash."""
        rate = self._flash
        usable = rate not in (0, _ERASED) and rate <= MAX_DUT_BAUD_RATE
        return rate if usable else DEFAULT_DUT_BAUD_RATE

    # ---- time and pins -----------------------------------------------------------------------

    def live(self, until_s: float) -> None:
        """Let time pass up to ``until_s``, or to the end of what is being played."""
        playing = self._playing
        if playing is not None:
            self._play_on(playing, until_s)
        if self._passing:
            self._forward()

    def _play_on(self, playing: _Playing, until_s: float) -> None:
        sound, hear = playing.sound, self.device.hear
        while playing.heard < sound.frames:
            at_s = playing.next_s
            if at_s > until_s:
                return
            hear(at_s, sound, playing.heard)
            playing.heard += 1
        self._playing = None
        self._now_s = max(self._now_s, playing.begin_s + sound.frames * playing.frame_s)
        self._put(b"succeeded.\nm-ready\r\n")
        self._read_on()

    def detected(self, at_s: float) -> None:
        """Note that WW_DETECTED falls."""
        ms, kept = self._ticks(at_s) // 100, self.detections_ms
        # Unsigned as in the firmware: in its first 10 ms every detection is late enough.
        near = bool(kept) and ms >= _DEAD_MS and ms - _DEAD_MS <= kept[-1] <= ms
        if not near and len(kept) < MOST_DETECTIONS:
            kept.append(ms)

    def processing_rises(self, at_s: float) -> None:
        """Note that PROCESSING rises."""
        self._rises_seen += 1
        if len(self.rises) < MOST_EDGES and not (
            self.settings.faults.lost_edge and self._rises_seen == _LOST_RISE
        ):
            self.rises.append(self._ticks(at_s))

    def processing_falls(self, at_s: float) -> None:
        """Note that PROCESSING falls."""
        if len(self.falls) < MOST_EDGES:
            self.falls.append(self._ticks(at_s))

    def _ticks(self, at_s: float) -> int:
        ticks = (at_s - self._zero_s) * _TICKS_PER_S * (1 + self.settings.timer_ppm * 1e-6)
        return int(ticks) & _ERASED

    # ---- commands ----------------------------------------------------------------------------

    def receive(self, data: bytes, start_s: float) -> None:
        """Take bytes from the host, the first of which begins to arrive at ``start_s``."""
        self.live(start_s)
        if start_s < self._deaf_until_s:
            return
        busy = self._busy
        self._inbox += data
        if busy:
            del self._inbox[_QUEUE_CHARS:]
            return
        self._now_s = max(self._now_s, start_s + len(data) * self._byte_time_s)
        self._read_on()

    @property
    def _busy(self) -> bool:
        """Tell whether the board's first thread waits for the card's, and reads nothing."""
        return self._playing is not None or self._passing or self._waiting

    def _read_on(self) -> None:
        while not self._busy and (end := self._inbox.find(b"%")) >= 0:
            command = self._inbox[:end].decode("latin-1")
            del self._inbox[: end + 1]
            self._execute(command)

    def _execute(self, command: str) -> None:
        word = next((name for name in _COMMANDS if command.startswith(name)), None)
        if word is None:
            self._ready()
        elif command == word:
            self._do(word, "")
        elif command.startswith(word + " ") and len(command) > len(word) + 1:
            self._do(word, command[len(word) + 1 :])

    def _do(self, word: str, rest: str) -> None:
        match word:
            case "dut":
                self._pass_through(rest)
            case "name":
                self._line(NAME)
                self._ready()
            case "ls":
                self._list()
            case "play":
                self._play(rest)
            case "setbaud":
                self._set_baud_rate(rest)
            case "checkbaud":
                self._put(b"baud is: %d\n" % self.dut_baud_rate)
                self._ready()
            case "record_detections":
                self._record()
            case "print_detections":
                self._line("Detection Timestamps (ms)")
                for ms in self.detections_ms:
                    self._line(f"{ms},")
                self._ready()
            case "print_dutycycle":
                self._print_edges()

    def _record(self) -> None:
        self._zero_s = self._now_s
        self._line("Now recording detections")
        self._clear_records()
        if self.settings.faults.edges_full:
            for number in range(MOST_EDGES):
                self.processing_rises(self._now_s + number * 1e-3)
                self.processing_falls(self._now_s + number * 1e-3 + 4e-4)
        self._ready()

    def _list(self) -> None:
        if self._card is None:
            self._waiting = True
            return
        for name in self._card.files:
            self._line(name)
        self._ready()

    def _play(self, name: str) -> None:
        self._put(f"Attempting to play {name}\n".encode("latin-1", "replace"))
        if self._card is None:
            self._waiting = True
            return
        sound = self._card.open(name)
        self._now_s += _OPENING_S
        if sound is None:
            self._put(
                b"Error playing file. Check that the file exists and is a 2-channel wav file.\n"
            )
            self._ready()
            return
        frame_s = sound.frame_s / (1 + self.settings.audio_ppm * 1e-6)
        self._playing = _Playing(sound, self._now_s, frame_s)

    def _set_baud_rate(self, text: str) -> None:
        digits = text.strip().partition(" ")[0]
        if not (digits.isascii() and digits.isdecimal()):
            self._waiting = True  # C++'s stoi throws, and nobody catches it
            return
        self._flash = int(digits) & _ERASED
        self._put(f"set baud to: {text}\n".encode("latin-1", "replace"))
        self._ready()
        self._begin(self._now_s)
        self._deaf_until_s = self._now_s + (
            20.0 if self.settings.faults.slow_reset else self.settings.reset_s
        )

    def _print_edges(self) -> None:
        self._line("Duty cycle start times (s)")
        self._put(_edge_lines(self.rises) + b"\r\n")
        self._line("Duty cycle stop times (s)")
        self._put(_edge_lines(self.falls))
        self._ready()

    # ---- the device behind it ----------------------------------------------------------------

    def _pass_through(self, command: str) -> None:
        self._line(f"m-dut-passthrough({command})")
        self._ready()
        if self._card is None:
            self._waiting = True
            return
        self._passing = True
        if self._fixed_baud_rate in (None, self.dut_baud_rate):
            self.device.receive(command.encode("latin-1") + b"%", self._now_s)
        self._forward()

    def _forward(self) -> None:
        """Pass on what the device has said, line by line, up to its `m-ready`."""
        said = self.device.outgoing
        while self._passing:
            end = self._from_dut.find(b"\r\n")
            if end < 0:
                if not said:
                    return
                done_s, data = said.popleft()
                if self._fixed_baud_rate in (None, self.dut_baud_rate):
                    self._from_dut += data
                self._now_s = max(self._now_s, done_s)
                continue
            line = bytes(self._from_dut[:end])
            del self._from_dut[: end + 2]
            self._passing = line != b"m-ready"
            if self.settings.faults.cut_lines and len(line) > _CUT_CHARS:
                line = line[:_CUT_CHARS]
            self._put(PASS_THROUGH + line + b"\r\n")
        del self._from_dut[_QUEUE_CHARS:]
        self._read_on()

    # ---- output ------------------------------------------------------------------------------

    def _line(self, text: str) -> None:
        self._put(text.encode("latin-1", "replace") + b"\r\n")

    def _ready(self) -> None:
        self._put(b"m-ready\r\n")

    def _put(self, data: bytes) -> None:
        self._now_s += len(data) * self._byte_time_s
        self.outgoing.append((self._now_s, data))


def _edge_lines(ticks: list[int]) -> bytes:
    """Return the ticks as they are printed: eight a line, a comma and a space behind each."""
    text = "".join(
        f"{tick}, " + ("\r\n" if number % _EDGES_A_LINE == 0 else "")
        for number, tick in enumerate(ticks, 1)
    )
    return text.encode("ascii")
