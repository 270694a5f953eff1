"""Sends the blocks of a load with several in flight.

A block's characters are outstanding until its ``m-ready`` has come; no more than a credit of them
ever are, so a device that keeps that many while it works loses none. The wire then carries n data
bytes in 2n + 4 characters instead of 2n + 13, and the host's turnaround costs nothing.

Answers come in the blocks' order. An error, a refusal, an answer too many or too few ends it at
once: nothing more is sent, and the caller begins the load again.
"""

from __future__ import annotations

from ..errors import DutTimeout
from ..link.clock import Deadline
from ..link.transport import READ_BYTES
from ..wire.messages import READY_LINE
from .dut import Dut
from .load_blocks import LAST_ANSWER, Blocks, Pace, next_answer

_LINE = len(READY_LINE)
_ANSWERS = READY_LINE * (READ_BYTES // _LINE + 2)
"""The form of any number of good answers, from within any of them on."""


def send_pipelined(dut: Dut, blocks: Blocks, credit_chars: int, pace: Pace, doing: str) -> None:
    """Bring the blocks through, at most ``credit_chars`` characters of them unanswered.

    A credit of less than one block is one block.
    DutProtocolError, DutReportedError or DutTimeout as a handshaken load raises them.
    """
    stream, size, count = blocks.stream, blocks.size, blocks.count
    depth = max(1, credit_chars // size)
    write, read, now_s = dut.transport.write, dut.transport.read, dut.clock.now_s
    # How long the blocks in flight, and their answers, take on the wire comes on top.
    wire_s = 2 * dut.wire_s(depth * (size + _LINE))
    last = count - 1
    answered, sent, at = 0, min(depth, count), 0
    write(stream[: sent * size])
    in_step = dut.in_step
    answered_s, fresh = now_s(), False
    while answered < count:
        asked_s = now_s()
        if fresh:
            if asked_s - answered_s > pace.slowest_s:
                pace.took(asked_s - answered_s)
            answered_s, fresh = asked_s, False
        if asked_s >= pace.tell_s:
            pace.tell(answered, count)
        left_s = answered_s + pace.patience_s + wire_s - asked_s
        if in_step and answered < last:
            # The usual answers, however they are cut: no parsing, no object a command.
            data = read(READ_BYTES, max(0.0, left_s))
            room = (last - answered) * _LINE - at
            usual = data if len(data) <= room else data[:room]
            end = at + len(usual)
            begun = answered + end // _LINE <= sent and (len(data) <= room or sent == count)
            if data and begun and usual == _ANSWERS[at:end]:
                fresh = end >= _LINE
                answered += end // _LINE
                at = end % _LINE
                if answered + depth > sent and sent < count:
                    begin, sent = sent, min(answered + depth, count)
                    write(stream[begin * size : sent * size])
                rest = data[room:]
                if rest == LAST_ANSWER:
                    return
                if rest:
                    dut.take(rest)
                    in_step = dut.in_step
                continue
            dut.take(READY_LINE[:at] + data)
        elif at:
            dut.take(READY_LINE[:at])
        at = 0
        where = f"{doing}, block {answered + 1} of {count}"
        try:
            next_answer(dut, where, answered == last, Deadline(dut.clock, left_s, asked_s))
        except DutTimeout as error:
            raise pace.fell_silent(error, answered) from error
        answered += 1
        fresh = True
        if answered == sent:
            dut.none_too_many(where)
        if answered + depth > sent and sent < count:
            begin, sent = sent, min(answered + depth, count)
            write(stream[begin * size : sent * size])
        in_step = dut.in_step
