"""The table of items: what each is called, what the protocol wants, what helps where it fails."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...models.suite import TASKS_BY_MODEL_ID
from . import buffering, identity, link, loads, refusals, scores, timer, windows
from . import timer as pin
from .probe import Probe
from .report import CheckFinding


@dataclass(frozen=True, slots=True)
class Check:
    """Describes one item: its name, what the protocol wants, what helps, and how to try it."""

    key: str
    title: str
    expected: str
    advice: str
    run: Callable[[Probe], CheckFinding]
    provokes: bool = False
    """Whether it makes the device complain, so that one looks whether it is still there."""
    needs_device: bool = True
    """Whether it asks the device; one that does not judges what was said by then."""
    timed: bool = False
    """Whether the host's clock judges, so that a busy host may fail it: then it is tried again."""


CHECKS: tuple[Check, ...] = (
    Check(
        "banner",
        "boot banner",
        "m-timestamp-mode-…, one time stamp, m-init-done, m-ready",
        "print the whole banner once the firmware is ready for commands",
        identity.banner,
    ),
    Check(
        "first-name",
        "first name after opening",
        "the first name% is answered",
        "harmless, it is asked again; common where opening the port resets the board",
        identity.first_name,
    ),
    Check("name", "name", "m-name-dut-[VENDOR]", "set the vendor's name", identity.name),
    Check(
        "profile",
        "profile",
        "m-profile-[ULPMark for tinyML Firmware …]",
        "runners and published logs expect the reference firmware's text",
        identity.profile,
    ),
    Check(
        "model",
        "model id",
        "m-model-[ID], one of " + ", ".join(TASKS_BY_MODEL_ID),
        "set the id of the model that the firmware is built with; runners choose inputs by it",
        identity.model,
    ),
    Check(
        "timestamp",
        "timestamp",
        "m-lap-us-N; in energy mode nothing but m-ready",
        "build for performance mode, or implement the time stamp",
        timer.timestamp,
    ),
    Check(
        "io-limit",
        "commands of the IO manager",
        "64 characters, as EEMBC's keeps: 28 data bytes in one db",
        "runs send what it passes on; loads take longer",
        link.io_limit,
    ),
    Check(
        "load-done",
        "m-load-done",
        "with the last byte, not before",
        "count data bytes, not digits or commands, against the N of db load",
        loads.load_done,
    ),
    Check(
        "readback",
        "db print",
        "m-buffer-00-01-…, 8 or 16 bytes a row",
        "without it a load that was damaged on the wire cannot be noticed",
        loads.readback,
    ),
    Check(
        "hex-case",
        "upper and lower-case hex",
        "both are taken",
        "accept A-F and a-f",
        loads.hex_case,
    ),
    Check(
        "command-80",
        "command of 80 characters",
        "38 data bytes in one db",
        "make the command buffer hold 80 characters",
        loads.command_80,
    ),
    Check(
        "largest-block",
        "largest db",
        "38 data bytes; EEMBC's runner sends 30, MLCommons' 31",
        "make the command buffer hold 80 characters; until then set --data-bytes-per-db",
        loads.largest_block,
    ),
    Check(
        "back-to-back",
        "eight commands in one go",
        "eight answers to name% x 8",
        "receive in an interrupt or by DMA into a ring buffer: characters that come while the "
        "firmware works are lost",
        buffering.eight_names,
    ),
    Check(
        "pipeline",
        "blocks in flight",
        "bursts of db are taken whole",
        "loads stay handshaken; a larger receive buffer allows more",
        buffering.pipeline,
    ),
    Check(
        "throughput",
        "speed of loads",
        "at least 70 % of the wire's limit (published: 70 to 89 %)",
        "a slow answer, a debug print or a USB adapter's latency timer costs the rest",
        link.throughput,
        timed=True,
    ),
    Check(
        "load-intact",
        "a whole input arrives",
        "db print shows what was sent",
        "the link or the firmware damages data; try a lower baud rate",
        loads.load_intact,
    ),
    Check(
        "input-size",
        "input of the model's size",
        "is inferred without complaint",
        "the model id and the model that is built in are of different tasks",
        scores.accepts_input,
    ),
    Check(
        "infer-lines",
        "lines of infer",
        "m-warmup-start-W … m-infer-start-N … m-results-[…], two lap times in performance mode",
        "print every line, with the numbers that were asked for",
        scores.infer_lines,
    ),
    Check(
        "infer-defaults",
        "defaults of infer",
        "`infer 1` warms up 10 times, `infer` runs 1",
        "runners rely on the defaults",
        scores.infer_defaults,
    ),
    Check(
        "score-count",
        "number of scores",
        "one for each class; one for ad",
        "print one number a class, in the order of the label list",
        scores.count,
    ),
    Check(
        "score-range",
        "range of scores",
        "0 to 1 with a sum of about 1; ad at least 0",
        "dequantise the output and apply softmax before printing",
        scores.score_range,
    ),
    Check(
        "repeatability",
        "same input, same scores",
        "equal scores",
        "look for memory that is read before it is written, or state kept between inferences",
        scores.repeatability,
    ),
    Check(
        "results",
        "results",
        "m-results-[…] of the last inference again",
        "keep the last scores for `results`",
        scores.results_again,
    ),
    Check(
        "timer-monotonic",
        "timer counts up",
        "no stamp before the one before, but for a wrap",
        "use a free-running up-counter; a down-counter must be inverted",
        timer.counts_up,
    ),
    Check(
        "timer-resolution",
        "timer resolution",
        "at least 1 kHz",
        "use a faster timer than the system tick",
        timer.resolution,
    ),
    Check(
        "timer-rate",
        "timer rate",
        "the host's within 2 %",
        "clock the timer from a crystal, or correct its rate",
        timer.rate,
        timed=True,
    ),
    Check(
        "infer-linear",
        "time grows with N",
        "2N takes twice N, 4N four times",
        "run N inferences between the time stamps and nothing else",
        windows.linear,
        timed=True,
    ),
    Check(
        "warmup-outside",
        "warm-up is not measured",
        "the same time with and without",
        "take the first time stamp after the warm-ups",
        windows.warmup_outside,
        timed=True,
    ),
    Check(
        "pin-edges",
        "timestamp pin",
        "a falling edge for `timestamp`, two for `infer`",
        "check the wire from the pin to the IO manager, its level, and that the pin falls for at "
        "least 1 µs",
        pin.edges,
    ),
    Check(
        "unknown-command",
        "unknown command",
        "e-[Unknown command: X]",
        "answer every command, if only with an error and m-ready",
        refusals.unknown_command,
        provokes=True,
    ),
    Check(
        "infer-arguments",
        "wrong arguments of infer",
        "e-[…] for 0, -1, text and a negative W",
        "refuse what cannot be run",
        refusals.infer_arguments,
        provokes=True,
    ),
    Check(
        "db-arguments",
        "wrong arguments of db",
        "e-[…] for none, no count, 0 and text; `Supplied buffer size …` for too many",
        "refuse what cannot be loaded",
        refusals.db_arguments,
        provokes=True,
    ),
    Check(
        "odd-hex",
        "odd number of hex digits",
        "e-[Insufficent number of hex digits]",
        "a lost character must be noticed",
        refusals.odd_hex,
        provokes=True,
    ),
    Check(
        "bad-hex",
        "invalid hex digit",
        "e-[Invalid hex digit 'zz']",
        "a damaged character must be noticed",
        refusals.bad_hex,
        provokes=True,
    ),
    Check(
        "wrong-size",
        "input of a wrong size",
        "Input db has N elemented, expected M",
        "say it: the runner cannot know that an older input is scored",
        loads.wrong_size,
        provokes=True,
    ),
    Check(
        "overrun",
        "data after m-load-done",
        "is refused or ignored",
        "drop data bytes beyond N instead of writing past the buffer",
        loads.overrun,
        provokes=True,
    ),
    Check(
        "line-ends",
        "ends of lines",
        "CR LF",
        "end every line in \\r\\n",
        link.line_ends,
        needs_device=False,
    ),
    Check(
        "chatter",
        "lines beside the protocol",
        "none",
        "debug prints cost time on the wire, and inside a window they are measured",
        link.chatter,
        needs_device=False,
    ),
)
"""All items in the order of trying: what may upset a device comes last."""
