"""Looks after the computer that a long run depends on: disk to write to, and staying awake."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wakepy import keep

from ...dut_protocol.host.load_blocks import handshaken_chars
from ...dut_protocol.wire.settings import LinkSettings
from ..errors import SetupError
from ..script.plan import parse_infer
from ..script.script import Script, numbered_steps
from ..script.verbs import DutCommand, IoDutCommand, Load, parse_verb

LONG_RUN_S = 600.0
"""The length from which on it is worth saying how long, and keeping the computer awake."""

_LOG_BYTES_PER_STEP = 1200
"""Bytes of log a step: a published accuracy log has 600; with a long path, twice that."""

_RESERVE_BYTES = 50_000_000

_INFER_REPLY_CHARS = 240
"""Characters of one `infer` of a classifier and the reply to it."""


def check_disk(folder: Path, steps: int) -> None:
    """Refuse (SetupError) so many steps where their log may not fit; ``folder`` need not exist."""
    needed = _RESERVE_BYTES + steps * _LOG_BYTES_PER_STEP
    try:
        there = next((place for place in (folder, *folder.parents) if place.is_dir()), Path.cwd())
    except OSError as error:
        raise SetupError(
            f"cannot make a session folder in {folder}: {error.strerror or error}; name another "
            "folder for sessions"
        ) from error
    free = shutil.disk_usage(there).free
    if free < needed:
        raise SetupError(
            f"{folder}: {free / 1e6:.0f} MB free, the log may take {needed / 1e6:.0f} MB; "
            "free some space or name another folder for sessions"
        )


def expected_duration_s(
    script: Script,
    input_bytes: int,
    link: LinkSettings,
    inference_s: float | None,
    load_chars: int | None = None,
) -> float:
    """Return how long the script takes at least: the wire at its limit, and the inferences.

    The inferences count where their time is known. ``load_chars`` is what a load takes where its
    blocks are not handshaken ones of ``link``.
    """
    if load_chars is None:
        load_chars = handshaken_chars(input_bytes, link.data_bytes_per_db)
    duration_s = 0.0
    for numbered in numbered_steps(script):
        verb = parse_verb(numbered.step.command)
        if isinstance(verb, Load):
            duration_s += load_chars * 10 / link.baud_rate
            continue
        counts = parse_infer(verb.text) if isinstance(verb, DutCommand | IoDutCommand) else None
        if counts is not None:
            duration_s += _INFER_REPLY_CHARS * 10 / link.baud_rate
            if inference_s is not None:
                duration_s += inference_s * sum(counts)
    return duration_s


@contextmanager
def kept_awake(wanted: bool) -> Iterator[bool]:
    """Inhibit the computer's sleep meanwhile; yields whether the platform let us."""
    if not wanted:
        yield False
        return
    with keep.running(on_fail="pass") as mode:
        yield bool(mode.active)


def format_duration(seconds: float) -> str:
    """Write a duration as `7 s`, `12 min`, `3 h 05 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
