"""What the timer takes of a damaged reply is what the reader finds in the journal of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.devices.dialogue import BANNER, NAME, NOT_VERIFYING, PROFILE, Timed, dialogue
from tinyrunner.dut_protocol.errors import DutError, DutProtocolError
from tinyrunner.dut_protocol.host.inference import Wanted
from tinyrunner.dut_protocol.wire.settings import ConfirmResults, LinkSettings
from tinyrunner.runner.journal.open_log import open_log

LINES = (
    b"m-warmup-start-1", b"m-warmup-done", b"m-infer-start-11", b"m-lap-us-1000",
    b"m-lap-us-25000", b"m-infer-done", b"m-results-[0.250,0.750]", b"m-ready",
)  # fmt: skip
REPLY = b"".join(line + b"\r\n" for line in LINES)

Taken = tuple[tuple[float, ...], int | None, int | None]


def single_faults() -> Iterator[bytes]:
    for at in range(len(REPLY)):
        before, byte, rest = REPLY[:at], REPLY[at], REPLY[at + 1 :]
        for length in range(1, 17):
            yield before + REPLY[at + length :]
        for length in (1, 2, 3, 8, 15, 17, 30, 60):
            yield before + 2 * REPLY[at : at + length] + REPLY[at + length :]
        for bit in range(8):
            yield before + bytes([byte ^ 1 << bit]) + rest
        for stray in b"\n 0,]m\xff":
            yield before + bytes([stray, byte]) + rest


def double_faults(count: int) -> Iterator[bytes]:
    """A run of bytes that came twice, and one of the copies damaged."""
    rng = random.Random(6)
    for _ in range(count):
        begin = rng.randrange(len(REPLY))
        end = min(len(REPLY), begin + rng.choice((1, 2, 8, 16, 25, 30, 45)))
        reply = bytearray(REPLY[:end] + REPLY[begin:])
        at = rng.randrange(len(reply))
        match rng.randrange(3):
            case 0:
                del reply[at : at + rng.choice((1, 2, 3, 8, 30))]
            case 1:
                reply[at] = rng.choice(b"\n 0159,.]m\xff")
            case _:
                reply.insert(at, rng.choice(b"\n 0159,.]m\xff"))
        yield bytes(reply)


class InOrder:
    """What the journal is told, as it stands there: notes between the device's lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def note(self, text: str) -> None:
        self.lines.append(f"{NOTE}{text}")


NOTE = "note: "


def live(
    reply: bytes | Timed, wanted: Wanted = Wanted.SCORES, settings: LinkSettings = NOT_VERIFYING
) -> tuple[Taken | None, list[str]]:
    """What the timer takes of the reply, and what the journal is told of.

    Asked again, the device says its scores whole.
    """
    again = b"m-results-[0.250,0.750]\r\nm-ready\r\n"
    clean = [(b"name%", NAME), (b"profile%", PROFILE)]
    clean *= 2 if settings.confirm_results is ConfirmResults.ALL else 1
    for talking in (
        [*clean, (b"infer 11 1%", reply)],
        [*clean, (b"infer 11 1%", reply), (b"results%", again)],
    ):
        try:
            with dialogue(talking, unasked=BANNER, all_read=False, settings=settings) as talk:
                talk.dut.identify()
                talk.dut.listener = told = InOrder()
                talk.dut.strict = True
                try:
                    taken = talk.timer.infer(11, 1, 2, wanted=wanted)
                except DutError:
                    return None, told.lines
                return (taken.scores, taken.start_us, taken.end_us), told.lines
        except AssertionError as error:
            if "results%" not in str(error):
                raise
    raise AssertionError("unreachable: the second dialogue has what the first lacked")


def journal_of(folder, replies: list[list[str]], mode: str = "multi") -> dict[str, list[Taken]]:
    lines = [f"00000.500 parser: m-bm-cfg-name[ulp-mlperf]-key[runMode]-val[{mode}]"]
    for number, heard in enumerate(replies):
        lines += [
            f"00001.000 sequencer: m-sequencing-i[{2 * number}]-command[bload]",
            f'00001.001 parser: Command "bload dut "{number}.bin""',
            "00001.002 parser: m-bload-done",
            f"00001.003 sequencer: m-sequencing-i[{2 * number + 1}]-command[infer]",
            '00001.004 parser: Command "dut infer 11 1"',
            *(
                f"00001.005 parser: m-note[{line.removeprefix(NOTE)}]"
                if line.startswith(NOTE)
                else f"00001.005 dut: {line}"
                for line in heard
            ),
        ]
    log = folder / "log.txt"
    log.write_text("\n".join([*lines, "00002.000 sequencer: m-sequencer-stop", ""]))
    found: dict[str, list[Taken]] = {}
    with open_log(log) as reader:
        for record in reader:
            assert record.iterations == 11
            found.setdefault(record.file, []).append(
                (record.scores, record.start_us, record.end_us)
            )
    return found


@pytest.mark.parametrize("faults", ["single", "double"])
def test_the_journal_of_a_reply_that_was_taken_says_what_was_taken(faults, tmp_path):
    replies = single_faults() if faults == "single" else double_faults(4000)
    taken = [(what, lines) for what, lines in map(live, replies) if what is not None]
    assert len(taken) > 50
    found = journal_of(tmp_path, [lines for _, lines in taken])
    for number, (what, lines) in enumerate(taken):
        assert found.get(f"{number}.bin") == [what], lines


def replaced(line: int, by: bytes) -> bytes:
    return REPLY.replace(LINES[line] + b"\r\n", by)


@pytest.mark.parametrize(
    "reply",
    [
        replaced(6, b"m-results-[0.950,0.750]\r\nm-results-[0.250,0.750]\r\n"),
        replaced(2, b"m-infer-start-11\r\nm-infer-start-11\r\n"),
        replaced(5, b"m-infer-done\r\nm-infer-done\r\n"),
        replaced(6, b"m-results-[0.2\r\nm-results-[0.250,0.750]\r\n"),
        replaced(6, b"m-results-[0.250,0.750]\r\nm-results-[0.2\r\n"),
        replaced(3, b"m-lap-us-10\xff00\r\nm-lap-us-1000\r\n"),
    ],
    ids=["two results", "two starts", "two ends", "torn, whole", "whole, torn", "torn lap time"],
)
def test_a_reply_that_says_a_thing_twice_is_not_taken(reply):
    talking = [(b"infer 11 1%", reply)]
    with (
        dialogue(talking) as talk,
        pytest.raises(DutProtocolError, match=r"twice or out of order|came damaged"),
    ):
        talk.timer.infer(11, 1, 2)


@pytest.mark.parametrize(
    "line",
    [b"m-warmup-done\rm-infer-start-11", b"m-warmup-done\xffm-infer-start-11"],
)
def test_a_start_glued_to_the_end_of_the_warm_up_is_seen_by_both(line, tmp_path):
    reply = REPLY.replace(b"m-warmup-done\r\nm-infer-start-11", line)
    taken, lines = live(reply)
    assert taken == ((0.25, 0.75), 1000, 25000)
    assert journal_of(tmp_path, [lines]) == {"0.bin": [taken]}


def test_chatter_that_looks_like_the_runners_own_hides_no_result(tmp_path):
    taken, lines = live(replaced(6, b"Starting upm-results-[0.250,0.750]\r\n"))
    assert taken is not None
    assert journal_of(tmp_path, [lines]) == {"0.bin": [taken]}


@pytest.mark.parametrize("faults", ["single", "double"])
def test_the_journal_of_a_window_that_was_taken_says_what_was_taken(faults, tmp_path):
    replies = single_faults() if faults == "single" else double_faults(4000)
    taken = [
        (what, lines)
        for what, lines in (live(reply, Wanted.TIMES) for reply in replies)
        if what is not None
    ]
    assert len(taken) > 100
    assert sum(what[0] == (0.25, 0.75) for what, _ in taken) > 100
    found = journal_of(tmp_path, [lines for _, lines in taken], mode="bmark")
    for number, (what, lines) in enumerate(taken):
        assert found.get(f"{number}.bin") == [what], lines


@pytest.mark.parametrize("confirm", ConfirmResults, ids=lambda each: each.value)
@pytest.mark.parametrize("wanted", [Wanted.SCORES, Wanted.TIMES], ids=lambda each: each.value)
def test_the_journal_of_an_answer_that_came_twice_has_one_inference_or_none(
    wanted, confirm, tmp_path
):
    """However much of the second one is there when the first is taken."""
    settings = replace(NOT_VERIFYING, confirm_results=confirm)
    taken = []
    for cut in range(len(REPLY)):
        for damage in (b"", b"\x00]"):  # of the scores, so that a window asks for them again
            reply = REPLY.replace(b"0.250,", b"0.250," + damage) + REPLY[:cut]
            what, lines = live([(0.0, reply), (0.0005, REPLY[cut:])], wanted, settings)
            if what is not None:
                taken.append((what, lines))
    assert taken or confirm is ConfirmResults.ALL
    mode = "multi" if wanted is Wanted.SCORES else "bmark"
    found = journal_of(tmp_path, [lines for _, lines in taken], mode)
    for number, (what, lines) in enumerate(taken):
        assert found.get(f"{number}.bin") == [what], lines
