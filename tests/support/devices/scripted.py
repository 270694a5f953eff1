"""A scripted board with the habits of published firmware: on the virtual clock, or behind a port.

It shares nothing with the product's simulated device but the interface of what hangs on a wire
(`settings`, `outgoing`, `receive`, `boot`). Each habit is one field of :class:`Habits`; without any
it speaks as the reference firmware does. Put it in the place of `--dut sim:` with
`boards.use_board`, or behind a pty or TCP port with `boards.served`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.models.suite import KWS, Task

Printer = Callable[[Sequence[float]], str]


def _join(form: str) -> Printer:
    return lambda scores: ",".join(form % score for score in scores)


RESULTS: dict[str, Printer] = {
    "plain": _join("%.3f"),
    "trailing comma": lambda scores: _join("%.3f")(scores) + ",",
    "blanks": lambda scores: ", ".join(f"{score:.3f}" for score in scores),
    "padded": _join("%8.3f"),
    "six decimals": _join("%f"),
    "exponents": _join("%.3e"),
    "negative zero": lambda scores: ",".join("-0.000" if s < 0.5 else f"{s:.3f}" for s in scores),
    "int8": lambda scores: ",".join(str(round(score * 255) - 128) for score in scores),
    "no floats": lambda scores: "," * (len(scores) - 1),
    "the letter f": lambda scores: ",".join("f" for _ in scores),
    "question marks": lambda scores: ",".join("?" for _ in scores),
    "a percent sign": lambda scores: ",".join("%.3f" for _ in scores),
    "nothing": lambda _: "",
    "logits": lambda scores: ",".join(f"{score * 8 - 3:.3f}" for score in scores),
    "logits that add up to 0": lambda scores: ",".join(
        f"{score - sum(scores) / len(scores):.3f}" for score in scores
    ),
    "int8 that add up to 0": lambda scores: ",".join(
        str(round(100 * (score - 1 / len(scores)))) for score in scores
    ),
    "zeros": lambda scores: ",".join("0.000" for _ in scores),
    "one more": lambda scores: _join("%.3f")((*scores, 0.0)),
    "one less": lambda scores: _join("%.3f")(scores[:-1]),
    "nan": lambda scores: ",".join("nan" for _ in scores),
    "semicolons": lambda scores: ";".join(f"{score:.3f}" for score in scores),
    "brackets": lambda scores: "[" + _join("%.3f")(scores) + "]",
    "decimal commas": lambda scores: ",".join(f"{s:.3f}".replace(".", ",") for s in scores),
    "per cent": lambda scores: ",".join(f"{100 * score:.1f}%" for score in scores),
    "several lines": lambda scores: ",\r\n".join(f"{score:.3f}" for score in scores),
    "unclosed": lambda scores: _join("%.3f")(scores) + "\r\n",
}
"""How scores are printed between the brackets."""

LAPS: dict[str, Callable[[int], str]] = {
    "plain": str,
    "%.0f": lambda us: f"{us:.0f}",
    "padded": lambda us: f"{us:15d}",
    "zeros": lambda us: f"{us:012d}",
    "signed": lambda us: str(us - (1 << 32)),
    "decimals": lambda us: f"{us:.3f}",
    "unit": lambda us: f"{us} us",
    "ld": lambda _: "ld",
    "lld": lambda _: "lld",
    "lu": lambda _: "%lu",
    "empty": lambda _: "",
    "exponent": lambda us: f"{us:.5e}",
}
"""How a time stamp is printed."""

SIZES: dict[str, str] = {
    "elemented": "Input db has {have} elemented, expected {need}",
    "elements": "Input db has {have} elements, expected {need}",
    "bytes": "Input db has {have} bytes, expected {need}",
    "zu": "Input db has zu elemented, expected {need}",
    "%zu": "Input db has %zu elemented, expected %zu",
    "ld": "Input db has ld elements, expected ld",
    "nothing": "Input db has  elemented, expected {need}",
    "640": "Input db has 640 elemented, expected 25600",
}


_HEX_PAIRS = re.compile(r"(?:[0-9a-fA-F]{2})*")


def _parts(data: bytes, each: bool) -> Iterator[tuple[int, bytes]]:
    """What comes at once, each command's end being one, and how many bytes have come by then."""
    for found in re.finditer(rb"." if each else rb"[^%]*%|[^%]+", data, re.DOTALL):
        yield found.end(), found[0]


@dataclass(frozen=True, slots=True)
class Habits:
    """What a board does otherwise than the reference firmware."""

    task: Task = KWS
    needs: int | None = None
    """Bytes of an input of its model, where it is not the task's."""
    size_line: str = "elemented"
    size_always: bool = False
    takes_any_size: bool = False
    """What it says of sizes has nothing to do with what it does."""
    """Told at every `infer`, also where the sizes agree."""
    results: str = "plain"
    lap: str = "plain"
    lap_start_us: int = 1_000_000
    line_end: bytes = b"\r\n"
    echo: bytes | None = None
    """Printed before an answer; `%s` stands for the command: b"%s%%", b"%s", b"> %s\\r\\n"."""
    echo_each: bool = False
    """Every character as it comes."""
    prompt: bytes = b""
    """After each `m-ready`, without a line end."""
    prefix: bytes = b""
    """Before each line: colours."""
    command_s: float = 0.0
    """What each command takes beside its bytes."""
    inference_s: float = 0.02
    in_window: bytes = b""
    """Printed within the window."""
    boot_s: float = 0.0
    boot_text: bytes = b""
    name_line: bytes = b"m-name-dut-[acme]"
    first_lost: int = 0
    """So many `name` are not answered."""
    command_chars: int = 80
    no_results_command: bool = False
    results_twice: bool = False
    done_last: bool = False
    """`m-infer-done` comes behind the results."""
    laps_twice: bool = False
    buffer_bytes: int = 27648
    refuses: str = ""
    """This command is unknown to it."""
    reboots_after: int = 0
    """Before the command behind so many inferences."""
    silent_after_blocks: int | None = None
    energy: bool = False
    baud_rate: int = 115200


class ScriptedDevice:
    """The board; ``labels`` tells which class wins for an input."""

    def __init__(
        self,
        habits: Habits | None = None,
        labels: Callable[[bytes], int] = lambda data: sum(data[:64]),
    ) -> None:
        self.habits = habits or Habits()
        mode = TimestampMode.ENERGY if self.habits.energy else TimestampMode.PERFORMANCE
        self.settings = DeviceSettings(baud_rate=self.habits.baud_rate, mode=mode)
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self.inferred: list[bytes] = []
        """The input of each inference, as the model got it."""
        self._labels = labels
        self._now_s = 0.0
        self._command = b""
        self._buffer = bytearray()
        self._size = 0
        self._tensor = b""
        self._scores: tuple[float, ...] = ()
        self._lost = 0
        self._blocks = 0
        self._rebooted = False

    # ---- the wire --------------------------------------------------------------------------------

    def boot(self, at_s: float) -> None:
        self._now_s = at_s + self.habits.boot_s
        self._raw(self.habits.boot_text)
        self._line(
            b"m-timestamp-mode-energy" if self.habits.energy else b"m-timestamp-mode-performance"
        )
        self._stamp()
        self._line(b"m-init-done")
        self._line(b"m-ready")

    def receive(self, data: bytes, start_s: float) -> None:
        byte_s = self.settings.byte_time_s
        for index, part in _parts(data, self.habits.echo_each):
            self._now_s = max(self._now_s, start_s + index * byte_s)
            if self.habits.echo_each:
                self._raw(part)
            self._command += part
            if not part.endswith(b"%"):
                continue
            command = self._command[:-1][: self.habits.command_chars]
            self._command = b""
            if self.habits.echo is not None:
                self._raw(self.habits.echo.replace(b"%s", command).replace(b"%%", b"%"))
            self._now_s += self.habits.command_s
            self._execute(command.decode("latin-1"))

    def _raw(self, data: bytes) -> None:
        if data:
            self._now_s += len(data) * self.settings.byte_time_s
            self.outgoing.append((self._now_s, data))

    def _line(self, text: bytes) -> None:
        self._raw(self.habits.prefix + text + self.habits.line_end)

    # ---- commands --------------------------------------------------------------------------------

    def _execute(self, text: str) -> None:
        habits = self.habits
        if (
            habits.reboots_after
            and len(self.inferred) >= habits.reboots_after
            and not self._rebooted
        ):
            self._rebooted = True
            self.boot(self._now_s)
            return
        word, _, rest = text.partition(" ")
        if word == habits.refuses or (word == "results" and habits.no_results_command):
            word = "?"
        match word:
            case "name" if self._lost < habits.first_lost:
                self._lost += 1
                return
            case "name":
                self._line(habits.name_line)
            case "profile":
                self._line(b"m-profile-[ULPMark for tinyML Firmware V0.0.1]")
                self._line(f"m-model-[{habits.task.model_id}]".encode())
            case "timestamp":
                self._stamp()
            case "results":
                self._results()
            case "help":
                self._line(b"help         : help")
            case "infer":
                self._infer(rest.split())
            case "db":
                if not self._db(rest):
                    return
            case _:
                self._error(f"Unknown command: {text.partition(' ')[0]}")
        self._line(b"m-ready")
        self._raw(habits.prompt)

    def _error(self, text: str) -> None:
        self._line(f"e-[{text}]".encode())

    def _db(self, rest: str) -> bool:
        """False: from now on it is silent."""
        habits = self.habits
        if not rest:
            self._error("Command 'db' requires a subcommand")
        elif rest.startswith("load"):
            match = re.match(r"load (-?\d+)", rest)
            self._size = int(match[1]) if match else 0
            self._buffer.clear()
            self._blocks = 0
            if rest.strip() == "load":
                self._error("Command 'db load' requires the # of bytes")
            elif self._size <= 0:
                self._error("Command 'db load' must be >0 bytes")
            elif self._size > habits.buffer_bytes:
                most = habits.buffer_bytes
                self._raw(b"Supplied buffer size %d exceeds maximum of %d\n" % (self._size, most))
            else:
                self._line(b"m-[Expecting %d bytes]" % self._size)
        elif rest.startswith("print"):
            for at in range(0, len(self._buffer), 8):
                self._line(b"m-buffer-" + self._buffer[at : at + 8].hex("-").encode())
        else:
            self._blocks += 1
            if habits.silent_after_blocks is not None and self._blocks > habits.silent_after_blocks:
                return False
            self._store(rest)
        return True

    def _store(self, digits: str) -> None:
        if len(digits) % 2:
            self._error("Insufficent number of hex digits")
            return
        good = _HEX_PAIRS.match(digits)
        assert good is not None  # it matches nothing at all as well
        room = self._size - len(self._buffer)
        self._buffer += bytes.fromhex(good[0])[: max(room, 0) or None]
        if 0 < room <= len(good[0]) // 2:
            self._line(b"m-load-done")
        elif good.end() < len(digits):
            self._error(f"Invalid hex digit '{digits[good.end() : good.end() + 2]}'")

    def _infer(self, words: list[str]) -> None:
        numbers = [int(word) if re.fullmatch(r"-?\d+", word) else 0 for word in words]
        iterations = numbers[0] if numbers else 1
        warmups = numbers[1] if len(numbers) > 1 else 10
        if iterations <= 0:
            self._error("Inference iterations must be >0")
            return
        if warmups < 0:
            self._error("Inference warmup must be >=0")
            return
        self._take_input()
        self._line(b"m-warmup-start-%d" % warmups)
        self._now_s += warmups * self.habits.inference_s
        self._line(b"m-warmup-done")
        self._line(b"m-infer-start-%d" % iterations)
        self._stamp()
        self._raw(self.habits.in_window)
        self._now_s += iterations * self.habits.inference_s
        self._stamp()
        self._scores = self._infer_tensor()
        if not self.habits.done_last:
            self._line(b"m-infer-done")
        for _ in range(2 if self.habits.results_twice else 1):
            self._results()
        if self.habits.done_last:
            self._line(b"m-infer-done")

    def _take_input(self) -> None:
        """As the reference firmware: what does not fit is told, and the tensor stays as it is."""
        have = len(self._buffer)
        need = self.habits.needs or self.habits.task.input_bytes
        if have != need or self.habits.size_always:
            line = SIZES[self.habits.size_line].format(have=have, need=need)
            self._raw(line.encode() + b"\n")
        if have == need or self.habits.takes_any_size:
            self._tensor = bytes(self._buffer)

    def _infer_tensor(self) -> tuple[float, ...]:
        self.inferred.append(self._tensor)
        count = self.habits.task.score_count
        winner = self._labels(self._tensor)
        if count == 1:
            return (10.0 + winner % 100 / 10,)
        rest = 0.1 / (count - 1)
        return tuple(0.9 if index == winner % count else rest for index in range(count))

    def _results(self) -> None:
        self._line(b"m-results-[" + RESULTS[self.habits.results](self._scores).encode() + b"]")

    def _stamp(self) -> None:
        if not self.habits.energy:
            us = self.habits.lap_start_us + round(self._now_s * 1e6)
            for _ in range(2 if self.habits.laps_twice else 1):
                self._line(b"m-lap-us-" + LAPS[self.habits.lap](us).encode())
