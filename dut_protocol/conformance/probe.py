"""The means of every test: ask anything, load anything, infer, and judge nothing yet.

Other than ``Dut``, ``Loader`` and ``InferenceTimer`` it takes a wrong answer for what it is: an
answer. Only silence, a reboot and a dead link are errors (:class:`DutError`).
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, replace

from ...errors import TinyrunnerError
from ...models.suite import InputFormat, Task
from ..errors import DutProtocolError
from ..host.dut import Dut, Identity
from ..host.exchange import REPLY_TIMEOUT_S, print_chars
from ..host.inference import GRACE_S, UNKNOWN_INFERENCE_S
from ..host.io_manager import CommandLimit, IoManager
from ..link.clock import Clock, Deadline
from ..link.transport import Transport
from ..wire.boot_banner import TimestampMode
from ..wire.messages import (
    Buffer,
    Chatter,
    Expecting,
    InferDone,
    InferStart,
    LapTime,
    LoadDone,
    Message,
    Ready,
)
from ..wire.settings import (
    DEFAULT_DATA_BYTES_PER_DB,
    MAX_DATA_BYTES_PER_DB,
    LinkSettings,
    VerifyLoad,
)
from ..wire.timer import WRAP_US
from .replies import Inferred, LineEnds, Loaded, Reply, UnsolicitedLines, printed

_EDGE_WAIT_S = 0.2
"""How long after a reply the IO manager may still report an edge of the device's pin."""


class CannotTry(TinyrunnerError):
    """Says why there is nothing to try an item with."""


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """Chooses what is tried.

    ``quick``: short measurements. ``risky``: also what crashes the reference firmware.
    """

    quick: bool = False
    risky: bool = False


class Probe:
    """Drives a device under test and keeps what is known of it so far."""

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        settings: LinkSettings,
        options: CheckOptions,
        io_manager: IoManager | None = None,
    ) -> None:
        self.options = options
        self.clock = clock
        self.io_manager = io_manager
        self.line_ends = LineEnds(transport)
        self.heard = UnsolicitedLines(self.line_ends)
        quiet = replace(settings, verify_load=VerifyLoad.NEVER)
        self.dut = Dut(self.line_ends, clock, quiet, self.heard)
        self.identity: Identity | None = None
        self.task: Task | None = None
        self.mode: TimestampMode | None = None
        self.says_load_done = False
        self.done_early = False
        self.reads_back: bool | None = None
        self.largest_n: int | None = None
        self.buffers_input: bool | None = None
        self.pipeline_chars: int | None = None
        self.load_efficiency: float | None = None
        self.counts_up: bool | None = None
        self.timer_ppm: float | None = None
        self.timer_step_us: int | None = None
        self.timed_iterations: int | None = None
        self.inference_time_s: float | None = None
        self._pace_s: float | None = None
        """The longest that an inference takes, as far as known."""
        self._edges_before = 0
        self._holds: bytes | None = None
        """What the device's input buffer holds, as far as known."""

    # ---- the IO manager --------------------------------------------------------------------------

    @property
    def limit(self) -> CommandLimit | None:
        """Return how much of a command the IO manager keeps; None without one."""
        return None if self.io_manager is None else self.io_manager.limit

    @property
    def passes_bytes(self) -> int:
        """Return how many data bytes of a ``db`` reach the device."""
        return MAX_DATA_BYTES_PER_DB if self.limit is None else self.limit.data_bytes_per_db

    # ---- asking ----------------------------------------------------------------------------------

    @property
    def block_bytes(self) -> int:
        """Return the data bytes of a ``db``: what the settings say, if they arrive."""
        wanted = min(self.dut.settings.data_bytes_per_db, self.passes_bytes)
        return wanted if self.largest_n is None else min(wanted, self.largest_n)

    @property
    def official_block_bytes(self) -> int:
        return min(self.block_bytes, DEFAULT_DATA_BYTES_PER_DB)

    def ask(self, text: str, timeout_s: float = REPLY_TIMEOUT_S) -> Reply:
        """Send one command, whatever it is (never an empty one), and read to its `m-ready`."""
        if text.startswith("db") and not text.startswith("db print"):
            self._holds = None
        return self._ask(text, timeout_s)[0]

    def _ask(self, text: str, timeout_s: float) -> tuple[Reply, list[float]]:
        if not text.strip():
            raise ValueError("an empty command crashes the reference firmware")
        self.dut.drain()
        self.dut.transport.write(text.encode("ascii") + b"%")
        sent_s = self.clock.now_s()
        wire_s = self.dut.wire_s(len(text) + 1000)
        chatter: list[str] = []
        deadline = Deadline(self.clock, timeout_s + 2 * wire_s)
        messages, times = self.collect(deadline, f"`{text}`", chatter)
        return Reply(tuple(messages), sent_s, self.clock.now_s(), tuple(chatter)), times

    def collect(
        self, deadline: Deadline, doing: str, chatter: list[str] | None = None
    ) -> tuple[list[Message], list[float]]:
        """Return the messages up to `m-ready`, and when each came; ``chatter`` takes the rest."""
        messages: list[Message] = []
        times: list[float] = []
        while not isinstance(
            message := self.dut.next_message(deadline, doing, chatter=True), Ready
        ):
            if isinstance(message, Chatter):
                if chatter is not None:
                    chatter.append(message.text)
                continue
            messages.append(message)
            times.append(self.clock.now_s())
        return messages, times

    def wall_s(self, seconds: float, quick_s: float) -> float:
        return quick_s if self.options.quick else seconds

    # ---- loading ---------------------------------------------------------------------------------

    def load(self, data: bytes, block_bytes: int, *, upper: bool = False) -> Loaded:
        """Load ``data``; never a byte beyond it, nor one after `m-load-done`."""
        self.begin_load(len(data))
        blocks = [data[i : i + block_bytes] for i in range(0, len(data), block_bytes)]
        for sent, block in enumerate(blocks, start=1):
            digits = block.hex().upper() if upper else block.hex()
            reply = self.ask(f"db {digits}")
            done = reply.first(LoadDone) is not None
            if done or reply.error is not None:
                loaded = Loaded(len(blocks), sent, sent if done else None, reply.error)
                break
        else:
            loaded = Loaded(len(blocks), len(blocks), None, None)
        self._holds = data if loaded.whole else None
        return loaded

    def begin_load(self, byte_count: int) -> None:
        """Send ``db load N``; DutProtocolError where the device does not expect N bytes."""
        reply = self.ask(f"db load {byte_count}")
        expecting = reply.first(Expecting)
        if expecting is None or expecting.byte_count != byte_count:
            raise DutProtocolError(
                f"`db load {byte_count}` was answered {reply.text}, not "
                f"`m-[Expecting {byte_count} bytes]`"
            )

    def read_back(self, byte_count: int) -> Reply:
        """Return the reply to ``db print``; ``byte_count`` sets how long it may take."""
        wire_s = self.dut.wire_s(print_chars(byte_count))
        with self.dut.muting(Ready, Buffer):
            return self.ask("db print", REPLY_TIMEOUT_S + 2 * wire_s)

    def holds(self, data: bytes) -> bool:
        """Tell whether ``db print`` shows ``data``."""
        return printed(self.read_back(len(data)))[: len(data)] == data

    def taken_whole(self, loaded: Loaded, data: bytes) -> bool:
        """Tell whether a load arrived, by every means that this device has of telling."""
        if not loaded.whole or (self.says_load_done and not loaded.done_in_time):
            return False
        return not self.reads_back or self.holds(data)

    @property
    def can_tell_loads(self) -> bool:
        return self.says_load_done or bool(self.reads_back)

    # ---- inferring -------------------------------------------------------------------------------

    def needed_task(self) -> Task:
        if self.task is None:
            raise CannotTry("what this model takes is not known; say it with --task")
        return self.task

    def input(self, seed: int = 1) -> bytes:
        """Make bytes that the task's model can be given."""
        return sample_input(self.needed_task(), seed)

    def hold_input(self) -> None:
        """See that a whole input is in the device's buffer."""
        data = self.input()
        if self._holds == data:
            return
        loaded = self.load(data, self.official_block_bytes)
        if not loaded.whole:
            why = "m-load-done came early" if loaded.error is None else loaded.error
            raise CannotTry(f"no whole input could be loaded: {why}")

    def note_held(self, data: bytes) -> None:
        """Note that an input was loaded by other means than this object's."""
        self._holds = data

    def infer(self, iterations: int, warmups: int) -> Inferred:
        """Send ``infer N W`` for the input that is held."""
        return self.infer_as(f"infer {iterations} {warmups}", iterations + warmups)

    def infer_as(self, command: str, inferences: int) -> Inferred:
        """Send an ``infer`` in these very words; ``inferences`` sets how long it may take."""
        self.hold_input()
        return self.infer_held(command, inferences)

    def infer_held(self, command: str, inferences: int) -> Inferred:
        """Send ``infer N W`` for whatever the device holds."""
        self.mark_edges()
        each_s = UNKNOWN_INFERENCE_S
        if self._pace_s is not None:
            each_s = 2 * self._pace_s
        reply, times = self._ask(command, GRACE_S + inferences * each_s)
        # From the first, which is the slowest and has the reply's own time in it.
        self._pace_s = self._pace_s or (reply.done_s - reply.sent_s) / inferences
        kinds = self._window_kinds()
        marks = [t for m, t in zip(reply.messages, times, strict=True) if isinstance(m, kinds)]
        host_s = marks[-1] - marks[0] if len(marks) > 1 else 0.0
        return Inferred(reply, self._window_us(reply), host_s)

    def _window_kinds(self) -> tuple[type[Message], ...]:
        if self.mode is TimestampMode.PERFORMANCE:
            return (LapTime,)
        return (InferStart, InferDone)

    def _window_us(self, reply: Reply) -> int | None:
        laps = [message.us for message in reply.messages if isinstance(message, LapTime)]
        if self.io_manager is not None and self.mode is TimestampMode.ENERGY:
            laps = self.pin_edges()
        if len(laps) != 2:
            return None
        return (laps[1] - laps[0]) % WRAP_US

    def mark_edges(self) -> None:
        """Let :meth:`pin_edges` begin anew from now on."""
        if self.io_manager is not None:
            self._edges_before = len(self.io_manager.edges)

    def pin_edges(self) -> list[int]:
        """Return the edges that the IO manager has reported since the mark, in its microseconds.

        Every ``infer`` sets the mark.
        """
        manager = self.io_manager
        if manager is None:
            return []
        manager.drain(quiet_s=_EDGE_WAIT_S, limit_s=2 * _EDGE_WAIT_S)
        return [edge.us for edge in manager.edges[self._edges_before :]]

    def needs_window(self) -> None:
        """Raise CannotTry where nothing tells how long an ``infer`` took."""
        if self.mode is TimestampMode.ENERGY and self.io_manager is None:
            raise CannotTry("energy firmware marks time on its pin; name the IO manager with --io")
        if self.counts_up is False:
            raise CannotTry("the device's timer does not count up")


def sample_input(task: Task, seed: int) -> bytes:
    """Make an input of the right size, the same for the same seed.

    Random bytes; for floats, numbers whose scores are finite: of the size of the ad task's features
    where they are those, else between -1 and 1.
    """
    source = random.Random(seed)
    if task.input_format is InputFormat.FLOAT32_LE:
        count = task.input_bytes // InputFormat.FLOAT32_LE.item_bytes
        low, high = (-60.0, 10.0) if task.reconstructs_input else (-1.0, 1.0)
        return struct.pack(f"<{count}f", *(source.uniform(low, high) for _ in range(count)))
    return source.randbytes(task.input_bytes)
