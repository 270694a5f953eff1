"""Continuing a session: where its journal ends, and what is still to be done.

The journal is the only state. Every inference whose answer and `m-ready` are in it is done; what
was in flight is loaded and inferred again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .dialects import open_log
from .errors import ResumeError
from .script import Script, numbered_steps
from .verbs import DutCommand, Load, input_file_name, parse_verb


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """``done`` inferences are in the journal; go on at step ``step`` (None: nothing is left)."""

    done: int
    step: int | None
    finished: bool
    """The journal holds the session's end."""


def find_resume_point(log: Path, script: Script) -> ResumePoint:
    """Match the journal's inferences with the script's, in order; ResumeError where they differ."""
    if not log.exists() or log.stat().st_size == 0:
        return ResumePoint(0, 1, finished=False)
    planned = _inferences(script)
    done = 0
    with open_log(log, resuming=True) as reader:
        for record in reader:
            if done >= len(planned) or (record.file, record.offset) != planned[done][1:]:
                expected = planned[done][1] if done < len(planned) else "nothing more"
                raise ResumeError(
                    f"{log}, line {record.line}: inference {done + 1} is of {record.file}, the "
                    f"script has {expected} there; the log and script.async do not belong together"
                )
            done += 1
        finished = reader.facts.finished
    if done == len(planned):
        return ResumePoint(done, None, finished)
    return ResumePoint(done, planned[done][0] if done else 1, finished)


def _inferences(script: Script) -> list[tuple[int, str, int]]:
    """(index of the load's step, file, offset) for each inference that the script asks for."""
    planned = []
    loaded: tuple[int, str, int] | None = None
    for numbered in numbered_steps(script):
        verb = parse_verb(numbered.step.command)
        match verb:
            case Load(path, offset):
                loaded = (numbered.index, input_file_name(path), offset)
            case DutCommand(text) if text.split()[0] == "infer":
                if loaded is not None:
                    planned.append(loaded)
            case _:
                pass
    return planned
