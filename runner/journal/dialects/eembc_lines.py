"""The forms of an EEMBC log's lines, as patterns; `eembc` says what they mean.

What is told of an `infer` line by line is gathered in a `PendingInference`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ....dut_protocol.wire.commands import RESULTS_AGAIN
from ....dut_protocol.wire.messages import ERROR_START, INPUT_SIZE
from ..records import InferenceRecord
from ..stamps import EEMBC_STAMP

STAMPED = re.compile(rb"(" + EEMBC_STAMP + rb") ([a-z-]+)")
"""The text before the first `: ` of an honest line."""

LOAD = re.compile(rb'bloadp? (?:(?:dut|io) )?"?(.*?)"?(?: (\d{1,18})(?: \d+)?)?')
INFER = re.compile(rb"(?:io )?(?:dut )?infer (\d{1,18})(?: (\d{1,18}))?")
CONFIG = re.compile(rb"m-bm-cfg-name\[.*?\]-key\[(.*?)\]-val\[(.*)\]")
RESUME = re.compile(
    rb"session: m-session-(?:resume-id\[[^\]]*\]|(?P<retry>retry))(?:-step\[(?P<step>\d{1,18})\])?"
)

MESSAGE = re.compile(
    rb"m-infer-start-(?P<start>\d{1,18})(?!\d)|(?P<done>m-infer-done)"
    rb"|m-lap-us-(?P<lap> {0,20}[+-]?\d{1,18}(?!\d|(?:\.\d{1,9})?[eE][+-]))"
    rb"|m-results-\[(?P<results>[^\]]*)(?P<closed>\]?)"
    rb"|m-(?P<id>name-dut|profile|model)-\[(?P<value>[^\]]{0,1000})\]"
    rb"|(?P<ready>m-ready)(?!-)"
    rb"|(?P<error>(?:" + ERROR_START.pattern + rb")[^\]]*\]?)"
    rb"|(?P<size>" + INPUT_SIZE.encode() + rb")"
    rb"|(?P<small>Supplied buffer size \d+ exceeds)"
)
"""What a device says that matters here, wherever it stands in a line. Lengths are bounded, so that
no line makes it look at the same bytes over and over, and no number has digits without end."""

RESULTS_NOTE = b"m-note[" + RESULTS_AGAIN.encode()
"""Of our own runner: the scores before it did not come whole, those behind it count."""

EXTENSION_NOTE = b"m-note[loads go by the wire extension"
"""The note of our own runner that inputs were not loaded as the published protocol has it."""

DEVELOPMENT_NOTE = b"m-note[for development"
"""The note of our own runner, at the beginning of a log, that nothing of it is for submission."""

IGNORED = (
    b"File siz",
    b"Starting",
    b"Binary l",
    b"m-mute-t",
    b"m-unmute",
    b"m-ready-",
)
"""The beginnings of the runner's own lines that every step has and that say nothing about the
result."""

SCORES_ALONE = re.compile(rb"\[\d[\d.,]{0,1000}\]")
"""Scores whose line lost its beginning, as where an IO manager talked at the same time."""

PLAY = re.compile(rb"m-(play|feed)-file\[(.{1,200}?)\](?:-length_s\[(\d{1,9}(?:\.\d{1,9})?)\])?")
"""A recording that our own runner lets an interface board play, or feeds to the device itself."""

ACTIVATIONS = re.compile(rb"m-activations-\[ {0,4}([+-]?\d{1,4}),")
"""What a device answers to a frame that was fed to it, the word's class first."""

SENDING = re.compile(rb"Sending (\d{1,18}) bytes")
SENDING_LINE = re.compile(rb"parser: Sending (\d{1,18}) bytes")
"""How much of an input the runner sends."""

WARMUP = re.compile(rb"m-warmup-(?:done|start-\d+)")
"""A warm-up's line, whole: where its line end was lost, there is more behind it that counts."""

_PARSER, _DUT = EEMBC_STAMP + rb" parser: ", EEMBC_STAMP + rb" dut: "
_LOAD_LINES = (b"File size", b"Starting", b"Sending", b"m-mute", b"m-unmute", b"Binary load")
_LAP = rb"(" + EEMBC_STAMP + rb") dut: m-lap-us-(\d{1,18}+)\n"

PLAIN_PAIR = re.compile(
    EEMBC_STAMP + rb" sequencer: m-sequencing-i\[\d++\]-.*+\n"
    + _PARSER + rb'Command "bload dut "([^"\n]*+)"(?: (\d{1,18}+) \d++)?+"\n'
    # As nearly all runners write them, one after the other: which is cheaper than to choose.
    + rb"(" + b"".join(_PARSER + line + rb".*+\n" for line in _LOAD_LINES)
    + rb"|(?:" + _PARSER + rb"(?:" + b"|".join(_LOAD_LINES) + rb").*+\n)*+)"
    + _PARSER + rb"m-bload-done\n"
    + _PARSER + rb"m-ready-finished\[bload\]\n"
    + EEMBC_STAMP + rb" sequencer: m-sequencing-i\[(\d{1,18}+)\]-.*+\n"
    + _PARSER + rb'Command "dut infer (\d{1,18}+) (\d{1,18}+)"\n'
    + _PARSER + rb"m-ready-finished\[dut\]\n"
    + _DUT + rb"m-warmup-start-\d++\n"
    + _DUT + rb"m-warmup-done\n"
    + _DUT + rb"m-infer-start-\5\n"
    + _LAP
    + _LAP
    + _DUT + rb"m-infer-done\n"
    + _DUT + rb"m-results-\[([0-9.,]*+)(?<=[0-9])\]\n"
    + _DUT + rb"m-ready\n"
)  # fmt: skip
"""A load and an inference in which nothing unusual happened: nearly all of an accuracy log.

One match in place of some twenty lines makes the reader several times as fast. Whatever
differs in the least goes line by line, to the same result. Possessive throughout: no repetition
is to be remembered, which makes a third of the cost.
"""
PLAIN_PAIR_LINES = 15
"""The lines of a plain pair beside those of the load, of which some runners write fewer."""


@dataclass(slots=True)
class PendingInference:
    """Gathers an `infer` line by line; it is a record once the device has said `m-ready`."""

    step: int
    file: str
    offset: int
    iterations: int | None
    warmups: int | None
    started: bool = False
    timing: bool = False
    start_us: int | None = None
    end_us: int | None = None
    start_host_s: float | None = None
    end_host_s: float | None = None
    scores: tuple[float, ...] | None = None
    line: int = 0
    unreadable: str = ""
    """Why there are no scores, where the device has answered."""
    garbled: str = ""
    """Why there are no scores, where a line ended in some that began as another."""
    garbled_line: int = 0
    rebooted: bool = False

    @property
    def is_answered(self) -> bool:
        """Tell whether a result has come, readable or not."""
        return bool(self.scores or self.unreadable)

    def outcome(self) -> tuple[int, InferenceRecord]:
        """Return the step, and what it yielded."""
        return self.step, InferenceRecord(
            file=self.file,
            offset=self.offset,
            iterations=1 if self.iterations is None else self.iterations,
            warmups=self.warmups,
            scores=self.scores or (),
            line=self.line,
            start_us=self.start_us,
            end_us=self.end_us,
            start_host_s=self.start_host_s,
            end_host_s=self.end_host_s,
            unreadable="" if self.scores else self.unreadable,
        )
