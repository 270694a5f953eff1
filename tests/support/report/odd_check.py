"""A report of `check` with an item of each verdict, in which the device says odd things."""

from __future__ import annotations

from tinyrunner.dut_protocol.conformance.report import (
    ConformanceReport,
    Item,
    MeasuredFacts,
    Verdict,
)
from tinyrunner.dut_protocol.host.dut import Identity

NASTY = 'a|b <script>alert("x")</script> \x00\x1b[31m\ud800 & ]]> `c`'


def odd_report() -> ConformanceReport:
    items = [
        Item(f"k{n}", f"item {n}", verdict, NASTY, "this", "do that", 1234.5)
        for n, verdict in enumerate(Verdict)
    ]
    facts = MeasuredFacts(None, 38, 4096, None, True, None, None, None, 0.005)
    return ConformanceReport(
        "sim:", 115200, Identity(NASTY, None, "kws01", None), tuple(items), facts
    )
