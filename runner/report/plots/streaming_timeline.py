"""The time line of a streaming session: words, detections, and what of these was no word."""

from __future__ import annotations

from typing import Any

from ...score.streaming.formulas import OFFICIAL_DELAY_S
from ...score.streaming.results import StreamingResult
from .traces import Plot


def words_plot(result: StreamingResult, anchor: str) -> Plot | None:
    """Make the plot of what was played and heard; None where there is nothing to draw."""
    words, heard_s = result.words, result.heard_s
    length_s = max(result.length_s or 0.0, *heard_s[-1:], 0.0)
    if length_s <= 0:
        return None
    data: dict[str, Any] = {
        "length_s": length_s,
        "delay_s": OFFICIAL_DELAY_S,
        "words": [
            [round(begin, 6), round(end, 6), found]
            for (begin, end), found in zip(result.windows_s, found_of(result), strict=True)
        ],
        "heard_s": heard_s,
        "false_s": () if words is None else words.false_s,
    }
    said = _counted(len(heard_s), "detection")
    if words is not None:
        said = (
            f"{words.true_positives} of {words.words} words heard, {words.false_negatives} missed, "
            + _counted(words.false_positives, "false detection")
        )
    note = f"{said}; a word may be detected until {OFFICIAL_DELAY_S:g} s behind its end"
    title = f"Words and detections: {result.wav_file}"
    return Plot(
        f"{anchor}-words",
        "words",
        title,
        f"Time line of {result.wav_file}, {length_s:g} s: {said}",
        data,
        note if words is not None else f"{said}; its words are not at hand",
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def found_of(result: StreamingResult) -> list[bool]:
    """Tell of each window whether its word was heard; without words counted, that none was."""
    # From the end: of two windows alike the first takes all detections.
    missed = [] if result.words is None else [*result.words.missed_s]
    found = []
    for begin, _ in reversed(result.windows_s):
        is_missed = result.words is None or bool(missed and missed[-1] == begin)
        if is_missed and missed:
            missed.pop()
        found.append(not is_missed)
    return found[::-1]
