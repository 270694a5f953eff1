"""Asks an instrument that speaks SCPI: numbers, words, and its queue of errors.

::

    > SENS:ELOG:FOO ON,(@1)
    > SYST:ERR?              < -113,"Undefined header"
    > SYST:ERR?              < +0,"No error"
"""

from __future__ import annotations

import re

from ..errors import MonitorError, MonitorRefused
from .visa_link import VisaLink

ERRORS = "SYST:ERR?"
OVERFLOW = 9.0e37
"""The least value that is no number: SCPI's infinity and not-a-number are 9.9e37 and 9.91e37."""
_MAX_ERRORS = 32
"""More entries than the instrument's queue has; one that never empties is stuck."""
_ERROR = re.compile(r'([+-]?\d+), ?"?(.*?)"?')
"""How an entry reads; some instruments leave the quotation marks out."""


def do(link: VisaLink, command: str, errors: str = ERRORS) -> None:
    """Send a command; MonitorRefused with every entry of the error queue (``errors``) after it."""
    if entries := errors_after(link, command, errors):
        raise MonitorRefused(f"{link.address} refused {command!r}: {'; '.join(entries)}")


def errors_after(link: VisaLink, command: str, errors: str = ERRORS) -> list[str]:
    """Send a command and empty the error queue, an entry with each question ``errors``."""
    entries: list[str] = []
    answer = link.query(errors, after=command)
    while len(entries) < _MAX_ERRORS:
        match = _ERROR.fullmatch(answer)
        if match is None:
            raise MonitorError(f"{link.address} answered {answer!r} to {errors}")
        if int(match[1]) == 0:
            return entries
        entries.append(answer)
        answer = link.query(errors)
    return [*entries[:3], f"and more: the queue does not empty in {_MAX_ERRORS} entries"]


def number(link: VisaLink, question: str) -> float:
    """Ask for a number; MonitorError unless a finite one answers."""
    answer = link.query(question)
    try:
        value = float(answer)
    except ValueError as error:
        raise MonitorError(f"{link.address} answered {answer!r} to {question!r}") from error
    if not abs(value) < OVERFLOW:
        raise MonitorError(f"{link.address} answered {answer!r} to {question!r}: no usable number")
    return value


def set_word(link: VisaLink, command: str, word: str) -> None:
    """Set a named choice and read it back."""
    do(link, f"{command} {word}")
    if (got := link.query(f"{command}?")).upper() != word:
        raise MonitorRefused(f"{link.address} answers {got!r} to {command}?, not {word!r}")
