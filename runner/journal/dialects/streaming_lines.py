"""Reads what an interface board says in a log, of either dialect, into its streaming record."""

from __future__ import annotations

from ....dut_protocol.wire.interface_board import (
    HEADS,
    MOST_DETECTIONS,
    REFUSED,
    SUCCEEDED,
    BoardList,
    numbers_in,
)
from ..reader import readable
from ..records import StreamingRecord

_REFUSED, _SUCCEEDED = REFUSED.encode(), SUCCEEDED.encode()
_READY = b"m-ready"


class BoardLines:
    """Takes the board's lines, one by one, without what a log puts in front of them."""

    def __init__(self, record: StreamingRecord, *, asked_again: bool = False) -> None:
        """Fill in ``record``. With ``asked_again`` a list that comes twice counts the second time.

        Our own runner asks again for one that came damaged.
        """
        self._asked_again = asked_again
        self._record = record
        self._list: BoardList | None = None

    def take(self, line: bytes, number: int) -> None:
        """Take the line ``number`` of the log."""
        record, head = self._record, HEADS.get(line)
        if head is not None:
            self._begin(head, number)
            return
        if line == _SUCCEEDED:
            record.succeeded = True
        elif line.startswith(_REFUSED):
            record.refused, record.succeeded = (number, readable(line)), False
        listed = self._list
        if listed is None:
            return
        ended = line.endswith(_READY)
        numbers = numbers_in(line.removesuffix(_READY).strip())
        kept = self._kept(listed)
        if numbers is not None and len(kept) + len(numbers) <= MOST_DETECTIONS:
            kept += numbers
        if ended and listed is BoardList.DETECTIONS and record.detections_ms is None:
            record.detections_ms, record.detections_line = tuple(kept), number
        if ended or numbers is None:
            self._list = None

    def _begin(self, head: BoardList, number: int) -> None:
        self._list = head
        if self._asked_again:
            self._kept(head).clear()
            if head is BoardList.DETECTIONS:
                self._record.detections_ms = None
        if head is BoardList.RISES:
            self._record.edges_line = number

    def _kept(self, listed: BoardList) -> list[int]:
        record = self._record
        match listed:
            case BoardList.DETECTIONS:
                return record.echoed_ms
            case BoardList.RISES:
                return record.rises
            case BoardList.FALLS:
                return record.falls
