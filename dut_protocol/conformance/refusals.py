"""Tests what must be refused, in the words of the reference firmware, without losing one's mind."""

from __future__ import annotations

from ..errors import DutTimeout
from ..wire.messages import BufferTooSmall
from .loads import TOO_LARGE
from .probe import Probe
from .replies import Reply
from .report import CheckFinding, Verdict


def unknown_command(probe: Probe) -> CheckFinding:
    return _refused(probe, [("tinyrunner-check", "Unknown command: tinyrunner-check")])


def infer_arguments(probe: Probe) -> CheckFinding:
    iterations, warmups = "Inference iterations must be >0", "Inference warmup must be >=0"
    return _refused(
        probe,
        [
            ("infer 0", iterations),
            ("infer -1", iterations),
            ("infer x", iterations),
            ("infer 1 -1", warmups),
        ],
    )


def db_arguments(probe: Probe) -> CheckFinding:
    no_bytes = "Command 'db load' must be >0 bytes"
    return _refused(
        probe,
        [
            ("db", "Command 'db' requires a subcommand"),
            ("db load", "Command 'db load' requires the # of bytes"),
            ("db load 0", no_bytes),
            ("db load x", no_bytes),
            (f"db load {TOO_LARGE}", None),
        ],
    )


def odd_hex(probe: Probe) -> CheckFinding:
    probe.begin_load(4)
    return _refused(probe, [("db 0011223", "Insufficent number of hex digits")])


def bad_hex(probe: Probe) -> CheckFinding:
    probe.begin_load(4)
    return _refused(probe, [("db 0011zz33", "Invalid hex digit 'zz'")])


def _refused(probe: Probe, cases: list[tuple[str, str | None]]) -> CheckFinding:
    """See each command answered by an error, and `name` afterwards as ever.

    Another wording is a warning. None: the bare line `Supplied buffer size …` is expected.
    """
    accepted, reworded = [], []
    for command, text in cases:
        reply = probe.ask(command)
        try:
            probe.ask("name")
        except DutTimeout:
            return CheckFinding(
                Verdict.FAIL,
                f"after `{command}` (answered {reply.text}) even `name` is not answered",
                "return to the command loop after printing an error",
            )
        if not _is_refusal(reply):
            accepted.append(f"`{command}` is answered {reply.text}")
        elif text is not None and reply.error != f"e-[{text}]":
            reworded.append(f"`{command}` is answered {reply.error}, not e-[{text}]")
    if accepted:
        return CheckFinding(Verdict.FAIL, "; ".join(accepted))
    if reworded:
        more = f", and {len(reworded) - 1} more like it" if len(reworded) > 1 else ""
        return CheckFinding(
            Verdict.WARN,
            reworded[0] + more,
            "use the reference firmware's words, capitals included; scripts look for them",
        )
    return CheckFinding(Verdict.PASS, "refused, and goes on")


def _is_refusal(reply: Reply) -> bool:
    return reply.error is not None or reply.first(BufferTooSmall) is not None
