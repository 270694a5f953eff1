"""The forms of an EEMBC log's lines, as patterns; `eembc` says what they mean."""

from __future__ import annotations

import re

STAMPED = re.compile(rb"(\d{5,}\.\d{3}) ([a-z-]+)")
"""What stands before the first `: ` of an honest line."""

LOAD = re.compile(rb'bloadp? (?:(?:dut|io) )?"?(.*?)"?(?: (\d+)(?: \d+)?)?')
INFER = re.compile(rb"(?:io )?(?:dut )?infer (\d+)(?: (\d+))?")
CONFIG = re.compile(rb"m-bm-cfg-name\[.*?\]-key\[(.*?)\]-val\[(.*)\]")
RESUME = re.compile(rb"session: m-session-resume-id\[[^\]]*\](?:-step\[(\d+)\])?")

MESSAGE = re.compile(
    rb"m-infer-start-(?P<start>\d+)|m-lap-us-(?P<lap>\d+)|(?P<done>m-infer-done)"
    rb"|m-results-\[(?P<results>[^\]]*)(?P<closed>\]?)"
    rb"|m-(?P<id>name-dut|profile|model)-\[(?P<value>[^\]]*)\]"
    rb"|(?P<ready>m-ready)(?!-)"
    rb"|(?P<error>(?<!m-profil)e-\[[^\]]*\]?)"
    rb"|(?P<mismatch>Input db has \d+ elemented, expected \d+|Supplied buffer size \d+ exceeds)"
)
"""What a device says that matters here, wherever it stands in a line. (A profile that a killed
runner left unclosed ends like an error's beginning, and is none.)"""

IGNORED = (
    b"File siz",
    b"Starting",
    b"Sending ",
    b"Binary l",
    b"m-mute-t",
    b"m-unmute",
    b"m-warmup",
    b"m-ready-",
)
"""How the lines begin that every step has and that say nothing about the result."""

PLAIN_PAIR = re.compile(
    rb"\d+\.\d{3} sequencer: m-sequencing-i\[\d+\]-[^\n]*\n"
    rb'\d+\.\d{3} parser: Command "bload dut "([^"\n]*)"(?: (\d+) \d+)?"\n'
    rb"(?:\d+\.\d{3} parser: (?:File size|Starting at|Sending|m-(?:un)?mute|Binary load)[^\n]*\n)*"
    rb"\d+\.\d{3} parser: m-bload-done\n"
    rb"\d+\.\d{3} parser: m-ready-finished\[bload\]\n"
    rb"\d+\.\d{3} sequencer: m-sequencing-i\[(\d+)\]-[^\n]*\n"
    rb'\d+\.\d{3} parser: Command "dut infer (\d+) (\d+)"\n'
    rb"\d+\.\d{3} parser: m-ready-finished\[dut\]\n"
    rb"\d+\.\d{3} dut: m-warmup-start-\d+\n"
    rb"\d+\.\d{3} dut: m-warmup-done\n"
    rb"\d+\.\d{3} dut: m-infer-start-\4\n"
    rb"(\d+\.\d{3}) dut: m-lap-us-(\d+)\n"
    rb"(\d+\.\d{3}) dut: m-lap-us-(\d+)\n"
    rb"\d+\.\d{3} dut: m-infer-done\n"
    rb"\d+\.\d{3} dut: m-results-\[([0-9.,]*[0-9])\]\n"
    rb"\d+\.\d{3} dut: m-ready\n"
)
"""A load and an inference in which nothing unusual happened: nearly all of an accuracy log.

One match in place of some twenty lines makes the reader several times as fast. Whatever
differs in the least goes line by line, to the same result.
"""
