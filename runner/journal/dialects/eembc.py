"""Reads EEMBC's log, which tinyrunner writes too: one stamped event a line.

    00087.566 parser: Command "dut infer 800 1"
    00087.589 dut: m-infer-start-800
    00087.591 dut: m-lap-us-99450893
    00100.923 dut: m-lap-us-112831702
    00100.925 dut: m-infer-done
    00100.932 dut: m-results-[0.000,0.996,…]
    00100.933 dut: m-ready

Behind an IO Manager the device's lines read ``io: [dut]: m-…``, behind an interface board
``ib: [dut]: m-…``; the board's own are ``ib: succeeded.``. A device's chatter may stand
on lines of its own without any stamp, or be glued before a message.

A killed session of ours goes on in the same file behind a line
``session: m-session-resume-id[…]-step[N]``: what step N and its followers left before that
line is void, and step N is done again. So a finished inference is handed out only when the
next step has begun. ``session: m-session-retry-step[N]`` says the same of steps that failed and
are done again in a session that goes on.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path

from ....dut_protocol.wire.interface_board import ATTEMPTING, SUCCEEDED
from ....dut_protocol.wire.messages import InputSize, lap_us, no_lap_time, parse_line
from ....models.suite import SWW
from ...terms import Dialect, Mode
from ..damage import find_damage, id_beside
from ..reader import LineBlocks, LogReader, Observer, base_name, readable, remember
from ..records import GARBLED, InferenceRecord
from .eembc_lines import (
    ACTIVATIONS,
    CONFIG,
    DEVELOPMENT_NOTE,
    EXTENSION_NOTE,
    IGNORED,
    INFER,
    LOAD,
    MESSAGE,
    PLAIN_PAIR,
    PLAIN_PAIR_LINES,
    PLAY,
    RESULTS_NOTE,
    RESUME,
    SCORES_ALONE,
    SENDING,
    SENDING_LINE,
    STAMPED,
    WARMUP,
    PendingInference,
)
from .streaming_lines import BoardLines

_MODES = {"bmark": Mode.PERFORMANCE, "single": Mode.PERFORMANCE, "multi": Mode.ACCURACY}
"""By EEMBC's runMode; `single` is one window, for trying."""

_ATTEMPTING, _SUCCEEDED = ATTEMPTING.encode(), SUCCEEDED.encode()
_MOST_HEARD = 100_000
"""The most frames with the word that are kept: an hour of it."""
_NO_RESULTS = "no whole m-results came"

_Handler = Callable[[bytes, bytes, int], None]


class EembcReader(LogReader):
    """Reads EEMBC's dialect; see the module's text for its form."""

    def __init__(
        self,
        path: Path,
        *,
        observe: Observer | None = None,
        sound: bool = True,
    ) -> None:
        super().__init__(path, Dialect.EEMBC, observe)
        self._sound = sound
        self._step = 0
        self._loading: tuple[str, int] | None = None
        self._loaded: tuple[str, int] | None = None
        self._asked_else = False
        """The last command was none to infer."""
        self._infer: PendingInference | None = None
        self._held: tuple[int, InferenceRecord] | None = None
        """The step of a finished inference, and what it yielded."""
        self._path, self._name = b"", ""
        """The path that a plain pair named last, and its file."""
        self._comma_noted = False
        self._ended: PendingInference | None = None
        """The last of the present step whose `m-ready` has come."""
        self._void = False
        """Whether a resumption or a retry was read and no step since: what a device says there is
        late."""
        self._board: BoardLines | None = None
        """What takes an interface board's lines, once a streaming model was named."""
        self._ready_records: list[InferenceRecord] = []

    def _read(self, blocks: LineBlocks) -> Iterator[InferenceRecord]:
        if self._sound:
            self._look_for_damage()
        # Keyed by eight characters, because most lines are none of our business and one slice
        # and one look-up settle them (`m-ready` and the runner's `m-ready-finished[…]` differ
        # there). None: nothing to do.
        table: dict[bytes, _Handler | None] = dict.fromkeys(IGNORED)
        table[b"m-sequen"] = self._on_sequencer
        table[b"m-sessio"] = self._on_session
        table[b"Command "] = self._on_command
        table[b"m-bload-"] = table[b"m-bloadp"] = self._on_load_done
        table[b"m-play-f"] = table[b"m-feed-f"] = self._on_play
        table[b"m-activa"] = self._on_activations
        table[b"m-bmark-"] = table[b"m-bm-cfg"] = self._on_setting
        table[b"Sending "] = self._on_sending
        for note in (EXTENSION_NOTE, RESULTS_NOTE, DEVELOPMENT_NOTE):
            table[note[:8]] = self._on_note
        table[b"m-ready"] = self._on_ready
        table[b"m-lap-us"] = self._on_lap
        table[b"m-infer-"] = self._on_infer
        table[b"m-result"] = self._on_results
        table[b"m-warmup"] = self._on_warmup
        find, other, out = table.get, self._on_other, self._ready_records
        begin, plain = table[b"m-sequen"], PLAIN_PAIR.match
        for block in blocks:
            number, position, size = blocks.count, 0, len(block)
            while position < size:
                end = block.find(b"\n", position)
                head, _, text = block[position:end].partition(b": ")
                handle = find(text[:8], other)
                if handle is begin and (pair := plain(block, position)):
                    position, number = self._on_plain_pairs(pair, number)
                else:
                    position = end + 1
                    number += 1
                    if handle is None:
                        if head[-4:] != b" dut":
                            continue
                        handle = other  # of the device it is chatter, with anything behind it
                    if text[:7] == b"[dut]: " and head[-3:] in (b" io", b" ib"):
                        head, text = head[:-2] + b"dut", text[7:]
                        handle = find(text[:8], other) or other
                    handle(head, text, number)
                if out:
                    yield from out
                    out.clear()
            self.facts.line_count = number
        self._release()
        yield from out

    def _look_for_damage(self) -> None:
        with self.path.open("rb", buffering=0) as log:
            self.facts.damage = find_damage(log, id_beside(self.path))

    def _on_plain_pairs(self, pair: re.Match[bytes], number: int) -> tuple[int, int]:
        """Take whole loads and inferences in, as long as one follows the other.

        ``number`` lines came before the first; where the last ends, and the number of its last
        line. In one function, because a call and a few attributes each cost as much as the match.
        """
        self._next_step()
        self._infer = self._loading = None
        self._asked_else = False
        block, keep = pair.string, self._ready_records.append
        seen_path, name = self._path, self._name
        held: InferenceRecord | None = None
        usual = b""
        following: re.Match[bytes] | None = pair
        while following is not None:
            pair = following
            (
                path, offset, load, step, iterations, warmups, host0, lap0, host1, lap1, results
            ) = pair.groups()  # fmt: skip
            if held is not None:
                keep(held)
                held = None
            # Only a load of another size than the one before it is looked at.
            if (not usual or usual not in load) and (sent := SENDING_LINE.search(load)):
                usual = sent[0]
                # Within the load, which stands behind two lines.
                before = load.count(b"\n", 0, sent.start())
                self._note_load(int(sent[1]), number + 3 + before)
            number += PLAIN_PAIR_LINES + load.count(b"\n")
            if path != seen_path:
                seen_path, name = path, base_name(path)
            try:
                scores = tuple(map(float, results.split(b",")))
            except ValueError:
                break
            if not all(map(isfinite, scores)):
                break
            held = InferenceRecord(
                name, int(offset or 0), int(iterations), int(warmups), scores, number - 1,
                int(lap0), int(lap1), float(host0), float(host1),
            )  # fmt: skip
            following = PLAIN_PAIR.match(block, pair.end())
        self._path, self._name, self._step = seen_path, name, int(step)
        self._loaded = (name, int(offset or 0))
        expected = _expected("finite numbers", results, closed=True)
        if held is None:
            held = InferenceRecord(
                name, int(offset or 0), int(iterations), int(warmups), (), number - 1,
                int(lap0), int(lap1), float(host0), float(host1), unreadable=expected,
            )  # fmt: skip
        self._held = (self._step, held)
        return pair.end(), number

    # The runner's own lines

    def _on_sequencer(self, head: bytes, text: bytes, number: int) -> None:
        if head[-10:] != b" sequencer":
            return self._on_other(head, text, number)
        self._next_step()
        self._void = False
        digits = text[15 : text.find(b"]", 15)]
        if text.startswith(b"m-sequencing-i[") and digits.isdigit() and len(digits) < 19:
            self._step = int(digits)
        return None

    def _on_command(self, head: bytes, text: bytes, number: int) -> None:
        if head[-7:] != b" parser":
            return self._on_other(head, text, number)
        self._next_step()
        command = text[9:].rstrip().removesuffix(b'"')
        self._asked_else = True
        if command.startswith(b"bload"):
            self._loaded = self._loading = None
            if match := LOAD.fullmatch(command):
                self._loading = (base_name(match[1]), int(match[2] or 0))
        elif match := INFER.fullmatch(command):
            self._asked_else = False
            self._begin(int(match[1]), None if match[2] is None else int(match[2]))
        return None

    def _on_load_done(self, head: bytes, text: bytes, number: int) -> None:
        if head[-7:] == b" parser" and text.rstrip() in (b"m-bload-done", b"m-bloadp-done"):
            self._loaded, self._loading = self._loading, None

    def _on_sending(self, head: bytes, text: bytes, number: int) -> None:
        if head[-7:] == b" parser" and (match := SENDING.match(text)):
            self._note_load(int(match[1]), number)
        elif head[-4:] == b" dut":
            self._on_other(head, text, number)

    def _note_load(self, byte_count: int, number: int) -> None:
        loads = self.facts.loads
        if byte_count not in loads and len(loads) < 100:
            loads[byte_count] = number

    def _on_note(self, head: bytes, text: bytes, number: int) -> None:
        if head[-7:] != b" parser":
            return self._on_other(head, text, number)
        if text.startswith(RESULTS_NOTE):
            self._on_results_again(number)
        elif text.startswith(EXTENSION_NOTE) and self.facts.wire_extension is None:
            self.facts.wire_extension = number, readable(text)
        elif text.startswith(DEVELOPMENT_NOTE) and self.facts.development_line is None:
            self.facts.development_line = number

    def _on_results_again(self, number: int) -> None:
        """Take the inference up again whose scores did not come whole, with its end or without."""
        infer = self._infer or self._ended
        if infer is not None and infer.started:
            infer.unreadable = infer.unreadable or _NO_RESULTS
            infer.line = infer.line or number
            infer.scores = self._held = None
            self._infer = infer

    def _on_setting(self, head: bytes, text: bytes, number: int) -> None:
        facts = self.facts
        if match := CONFIG.match(text):
            key, value = readable(match[1]), match[2][:4096].decode("utf-8", "replace")
            if len(facts.config) < 100:
                facts.config[key] = value
            if key == "runMode" and facts.mode is not Mode.ENERGY:
                facts.mode = _MODES.get(value)
        elif text.startswith(b"m-bmark-run-name[ML Energy") or (
            text.startswith(b"m-bmark-run-name[") and text.rstrip().endswith(b"-code[ulp-ml]")
        ):
            facts.mode = Mode.ENERGY

    def _on_session(self, head: bytes, text: bytes, number: int) -> None:
        kind, _, rest = text.partition(b"[")
        if kind == b"m-session-start-id":
            self.facts.finished = False
            self._identify(self.facts.session_ids, rest.partition(b"]")[0])
        elif kind == b"m-session-stop-id":
            self._next_step()
            self.facts.finished = True
        elif match := RESUME.search(head + b": " + text):
            self._on_resume(match)

    def _on_resume(self, marker: re.Match[bytes]) -> None:
        self._void = True
        self._infer = self._ended = self._loading = self._loaded = None
        step = marker["step"]
        if self._held and step is not None and self._held[0] >= int(step):
            self._held = None
        self._release()
        if marker["retry"]:
            self.facts.retry_count += 1
            return
        self.facts.finished = False
        self.facts.resume_count += 1

    # The device's lines: strict forms first, the rest through `_on_other`

    def _on_ready(self, head: bytes, text: bytes, number: int) -> None:
        if head[-4:] == b" dut":
            self._ready(number)
        else:
            self._on_other(head, text, number)

    def _on_warmup(self, head: bytes, text: bytes, number: int) -> None:
        if WARMUP.fullmatch(text) is None:
            self._on_other(head, text, number)

    def _on_infer(self, head: bytes, text: bytes, number: int) -> None:
        if head[-4:] != b" dut":
            self._on_other(head, text, number)
        elif text == b"m-infer-done":
            self._done()
        elif text.startswith(b"m-infer-start-") and text[14:].isdigit() and len(text) < 32:
            self._start(int(text[14:]), number)
        else:
            self._on_other(head, text, number)

    def _on_lap(self, head: bytes, text: bytes, number: int) -> None:
        digits = text[9:]
        if text[8:9] == b"-" and digits.isdigit() and len(digits) < 19 and head[-4:] == b" dut":
            self._lap(int(digits), head)
        else:
            self._on_other(head, text, number)

    def _on_results(self, head: bytes, text: bytes, number: int) -> None:
        whole = text[:11] == b"m-results-[" and text[-1:] == b"]" and text.count(b"]") == 1
        if whole and head[-4:] == b" dut":
            self._results(text[11:-1], True, number)
        else:
            self._on_other(head, text, number)

    def _on_other(self, head: bytes, text: bytes, number: int) -> None:
        """Take a rarer message, chatter, chatter with a message behind it, or a torn line."""
        stamped = STAMPED.fullmatch(head)
        if stamped is None:
            text = head + b": " + text if text else head
        if (marker := RESUME.search(text)) is not None:
            return self._on_resume(marker)
        if stamped is not None and stamped[2] != b"dut":
            return self._board_says(text, number, stamped) if stamped[2] == b"ib" else None
        if self._infer is not None and (b"m-init-done" in text or b"m-timestamp-mode" in text):
            self._infer.rebooted = True
        self._note_simulated(number, text)
        for match in MESSAGE.finditer(text):
            kind = match.lastgroup
            if match["start"]:
                self._start(int(match["start"]), number)
            elif match["lap"]:
                self._lap(lap_us(match["lap"]), head if stamped else None)
            elif match["done"]:
                self._done()
            elif match["results"] is not None:
                self._results(match["results"], bool(match["closed"]), number)
            elif match["ready"]:
                self._ready(number)
            elif kind == "value":
                facts = self.facts
                seen = {b"name-dut": facts.names, b"profile": facts.profiles}
                self._identify(seen.get(match["id"], facts.model_ids), match["value"])
            elif not (match["size"] and says_that_it_fits(match["size"])):
                self.facts.note_error(number, readable(match[0]))
                if match["size"] or match["small"]:
                    # The device goes on with the old input: what it answers is nobody's score.
                    self._loaded = None
                    if self._infer:
                        self._infer.file, self._infer.offset = "", 0
        infer = self._infer
        waits = infer is not None and infer.started and not infer.is_answered
        if infer is not None and waits and SCORES_ALONE.search(text):
            infer.garbled, infer.garbled_line = f"{GARBLED}: {readable(text)}", number
        if b"m-lap-us-" in text and (wrong := no_lap_time(readable(text))) is not None:
            self.facts.note_error(number, wrong)
        return None

    # An interface board's lines

    def _on_play(self, head: bytes, text: bytes, number: int) -> None:
        if head[-7:] != b" parser":
            return self._on_other(head, text, number)
        record, match = self.facts.streaming, PLAY.fullmatch(text)
        if record is not None and match is not None:
            record.fed = match[1] == b"feed"
            record.wav_file = base_name(match[2])
            record.length_s = None if match[3] is None else float(match[3])
            record.line, record.plays = number, record.plays + 1
        return None

    def _on_activations(self, head: bytes, text: bytes, number: int) -> None:
        record, match = self.facts.streaming, ACTIVATIONS.match(text)
        if head[-4:] != b" dut" or record is None or not record.fed or match is None:
            return self._on_other(head, text, number)
        heard = int(match[1]) > SWW.threshold or record.frames == 0
        record.frames += 1
        if heard and len(record.heard_ms) < _MOST_HEARD:
            record.heard_ms.append(round(1000 * record.frames * SWW.frame_s))
            record.detections_line = number
        return None

    def _board_says(self, text: bytes, number: int, stamped: re.Match[bytes]) -> None:
        record = self.facts.streaming
        if record is None:
            return
        if self._board is None:
            self._board = BoardLines(record, asked_again=True)
        text = text.strip()
        if text.startswith(_ATTEMPTING):
            record.began_s = float(stamped[1])
        elif text == _SUCCEEDED:
            record.ended_s = float(stamped[1])
        self._board.take(text, number)

    # What they mean

    def _begin(self, iterations: int | None, warmups: int | None) -> None:
        file, offset = self._loaded or ("", 0)
        self._infer = PendingInference(self._step, file, offset, iterations, warmups)

    def _start(self, iterations: int, number: int) -> None:
        if self._void:
            return
        if self._infer is None or self._infer.started:
            if self._asked_else:
                return  # an `infer` that came twice: this answer is of no step
            self._begin(None, None)
        infer = self._infer
        assert infer is not None
        infer.started = infer.timing = True
        if infer.iterations is None:
            infer.iterations = iterations
        elif infer.iterations != iterations:
            text = f"m-infer-start-{iterations} where {infer.iterations} inferences were commanded"
            self.facts.note_error(number, text)

    def _lap(self, us: int, head: bytes | None) -> None:
        infer = self._infer
        if infer is None or not infer.timing:
            return
        stamp = None if head is None else STAMPED.fullmatch(head)
        host_s = None if stamp is None else float(stamp[1])
        if infer.start_us is None:
            infer.start_us, infer.start_host_s = us, host_s
        else:
            infer.end_us, infer.end_host_s = us, host_s

    def _done(self) -> None:
        if self._infer is not None:
            # Whose start may have come garbled.
            self._infer.started, self._infer.timing = True, False

    def _results(self, body: bytes, closed: bool, number: int) -> None:
        infer = self._infer
        if infer is None or infer.scores is not None:
            return  # the first that can be read counts
        asked_again = infer.is_answered
        if not asked_again:
            infer.line = number
        infer.started, infer.timing = True, False
        if body[-1:] == b"," and closed:
            body = body[:-1]
            if not self._comma_noted:
                self._comma_noted = True
                remember(self.facts.notes, (number, "a trailing comma in m-results"))
        try:
            scores = tuple(map(float, body.split(b",")))
            if closed and b"_" not in body and all(map(isfinite, scores)):
                infer.scores, infer.line = scores, number
                return
        except ValueError:
            pass
        if not asked_again:
            infer.unreadable = _expected(
                "finite numbers" if closed else "a closing bracket", body, closed=closed
            )

    def _ready(self, number: int) -> None:
        infer = self._infer
        if infer is None or not infer.started:
            return
        self._infer, self._ended = None, infer
        if not infer.is_answered:
            timed = infer.end_us is not None or self.facts.mode is Mode.ENERGY
            if timed and not infer.rebooted:
                infer.unreadable, infer.line = infer.garbled or _NO_RESULTS, number
        if not infer.is_answered:
            self.facts.note_error(number, "m-ready of an infer without m-results")
            return
        self._release()
        self._held = infer.outcome()

    def _next_step(self) -> None:
        """Go on as the runner does: what was finished stands, with or without m-ready."""
        infer = self._infer
        if infer is not None and infer.garbled and not infer.rebooted:
            infer.unreadable = infer.unreadable or infer.garbled
            infer.line = infer.line or infer.garbled_line
        if infer is not None and infer.is_answered:
            self._release()
            self._held, self._infer = infer.outcome(), None
        self._ended = None
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            self._ready_records.append(self._held[1])
            self._held = None


def says_that_it_fits(line: bytes) -> bool:
    """Tell whether the device's word about its input's size is no more than news."""
    sizes = [message for message in parse_line(line) if isinstance(message, InputSize)]
    return all(size.fits is True for size in sizes)


def _expected(what: str, body: bytes, *, closed: bool) -> str:
    shown = readable(b"m-results-[" + body[:200] + (b"]" if closed else b""))
    return f"expected {what} in {shown}"
