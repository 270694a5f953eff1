"""Runs ``infer N W``, times it, and takes only an answer that is whole.

Reply: ``m-warmup-start-W``, ``m-warmup-done``, ``m-infer-start-N``, ``m-lap-us-T0``,
``m-lap-us-T1``, ``m-infer-done``, ``m-results-[…]``, ``m-ready``; energy firmware leaves the lap
times out. The echo of N and W is all that tells of a corrupted command, so it is demanded.

What has to be whole depends on what the answer is for (:class:`Wanted`). Where only the window's
length counts, scores that came damaged are asked for again with ``results``, which changes nothing
in the device, and the window is taken with them or without.

The listener is told of the closing ``m-ready`` only when the answer was taken: a log in which it
stands can be trusted however the run ended behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from enum import Enum

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Clock, Deadline
from ..wire.boot_banner import TimestampMode
from ..wire.commands import RESULTS_AGAIN, AskResults, Infer
from ..wire.messages import (
    Chatter,
    InferDone,
    InferStart,
    InputSize,
    LapTime,
    Malformed,
    Message,
    Ready,
    Results,
    WarmupDone,
    WarmupStart,
    no_lap_time,
)
from ..wire.settings import ConfirmResults
from .counter import Anchors, Reading, read_counter, resolution_s
from .dut import Dut

UNKNOWN_INFERENCE_S = 10.0
"""Taken per inference before the device has shown its pace: slower than any published board."""

GRACE_S = 10.0
"""Added to every expected duration: chatter, a slow printf, a USB stack."""


_TORN = re.compile(
    r"m-infer-start-|m-lap-us-|m-infer-done|m-results-\[|m-ready(?!-)|Input db has \d"
)
"""What is part of an answer and was not understood as such. Chatter that holds it is a damaged
line: who reads the log later might take it for what it was not taken for here."""

_ORDERS = {
    0: (InferStart, InferDone, Results),
    2: (InferStart, LapTime, LapTime, InferDone, Results),
}
"""The lines of an answer that count, by its lap times."""


class Wanted(Enum):
    """Says what an answer is for, and so which of its lines must be whole."""

    SCORES = "scores"
    """Every line: one that is not is a reason to infer anew."""
    TIMES = "times"
    """What tells of the window and its time stamps; the scores are recorded as they are."""
    EDGES = "edges"
    """The `m-ready` that ends it: a pin's edges tell of the window, and nothing is done again."""


_TORN_TIMES = re.compile(r"m-infer-start-|m-lap-us-|m-infer-done|m-ready(?!-)|Input db has \d")
"""Of what is torn, that which the length of a window depends on."""

_TORN_EDGES = re.compile(r"Input db has \d")
"""Of what is torn, that which tells that another input was inferred."""


@dataclass(frozen=True, slots=True)
class Inference:
    """Holds one answered ``infer``. Host times are when the lines' last bytes were read."""

    iterations: int
    warmups: int
    scores: tuple[float, ...]
    """Empty where none could be read, and none were needed."""
    start_us: int | None
    end_us: int | None
    host_elapsed_s: float
    host_window_s: tuple[float, float]
    """When the host read the lines before and after the measured inferences."""
    off_s: float | None = None
    """By how much the lap times are not where readings of the counter beside them have them; None
    where there are none."""


class InferenceTimer:
    """Runs inferences on one device and learns how long they take."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut
        self.expected_s = dut.settings.expected_inference_s
        """Seconds an inference takes, as configured or as last seen; None before that."""
        self.resolution_s: float | None = None
        """How exactly lap times can be compared with the host's; None where they are not."""
        self._comma_noted = False
        self._odd_size: InputSize | None = None
        """The last size that was not of what was loaded."""
        self._decimals: frozenset[int] | None = None
        """How many decimals the last scores had."""
        self._any_form = False
        """The firmware prints its scores with decimals of any number."""
        self._odd_count: int | None = None
        """The last number of scores that was not the task's."""
        self._same_again: str | None = None
        """What `results` made of scores that cannot be read, where that was the same once more."""
        self._silent_warm_up = False
        """The last answer did not say how many warm-ups there were."""
        self._silence_noted = False

    def infer(
        self,
        iterations: int,
        warmups: int,
        score_count: int | None,
        judge: Callable[[Inference], None] = lambda _: None,
        wanted: Wanted = Wanted.SCORES,
    ) -> Inference:
        """Infer the loaded input ``iterations`` times after ``warmups`` unmeasured ones.

        ``score_count`` is how many numbers the result must have (None: any), where scores are
        ``wanted``. ``judge`` may raise a :class:`DutError` at an answer that is whole and yet not
        to be taken.
        """
        doing = f"`infer {iterations} {warmups}`"
        dut = self._dut
        anchored = wanted is Wanted.TIMES and self.resolution_s is not None
        before = read_counter(dut) if anchored else None
        # A run for energy measures once: nothing could be done anew.
        dut.strict = wanted is not Wanted.EDGES
        dut.begin(Infer(iterations, warmups))
        with dut.withholding_ready() as withheld:
            reply = _Reply(self, dut.clock, iterations, warmups)
            with nullcontext() if wanted is Wanted.SCORES else dut.handing_on_malformed():
                dut.collect(reply.deadline, doing, reply.take, says_something=True)
            if dut.strict:
                dut.none_too_many(doing)
            reply.end()
            whole_s = reply.since_begun_s
            inference = self._checked(reply, iterations, warmups, score_count, doing, wanted)
            if before is not None:
                inference = _anchored(inference, Anchors(before, read_counter(dut)))
            judge(inference)
            if self._confirming and inference.scores and wanted is not Wanted.EDGES:
                self._confirm(inference.scores, doing)
            elif wanted is Wanted.SCORES and reply.results is not None:
                self._confirm_odd_form(reply.results, doing)
            if dut.strict:
                dut.none_too_many(doing)
            withheld.tell()
        dut.has_inferred = True
        self._learn(inference, whole_s)
        return inference

    @property
    def _confirming(self) -> bool:
        return self._dut.settings.confirm_results is ConfirmResults.ALL

    def know_resolution(self) -> None:
        """Measure, where answers are to be confirmed, how exactly lap times can be."""
        if self._confirming:
            self.resolution_s = resolution_s(self._dut)

    def _check_size(self, size: InputSize, wanted: Wanted, where: str) -> None:
        """Raise what follows from the device's word that its input is not what its model takes.

        Sizes that are not those of what was loaded tell nothing: some firmware always prints the
        same. No score is taken on such a word; a window is, and who judges the log says so.
        """
        said = f"{where}: the device says {size.encode()!r}"
        if size.fits is None:
            raise self._dut.fault(
                f"{said}: the size itself was not printed (a printf without %zu), so that nobody "
                "knows whether this input is inferred or the one before it; print it with %u"
            )
        loaded = self._dut.loaded_bytes
        if loaded is None or _speaks_of(size, loaded):
            raise self._dut.fault(
                f"{said}: it would infer the input before this one; is the firmware built for "
                "another task? It expects an input of another size",
                sure=loaded is not None and _all_of(size, loaded),
            )
        again, self._odd_size = self._odd_size == size, size
        said += f", and {loaded} bytes were loaded: nobody knows which input it infers"
        if wanted is Wanted.SCORES:
            raise self._dut.fault(f"{said}; let it print the sizes that it compares", sure=again)
        if not again:
            self._dut.listener.note(said)

    def _confirm(self, scores: tuple[float, ...], doing: str) -> None:
        """Ask for the scores once more; the log holds them once, or an input would count twice.

        Nothing else may come with them: it would be of an answer that was given twice.
        """
        dut = self._dut
        with dut.muting(Ready, Results):
            again = dut.ask(AskResults())
        said = [message.scores if isinstance(message, Results) else None for message in again]
        if set(said) != {scores}:
            now = ", ".join(message.encode()[:200] for message in again[:3]) or "nothing"
            raise DutProtocolError(
                f"{doing} on {dut.address}: asked for its results once more, the device says "
                f"{now}, not {Results(scores).encode()}; the link corrupts data, or delivers it "
                "twice"
            )

    def _confirm_odd_form(self, results: Results, doing: str) -> None:
        """Ask once more for scores of which one may have lost a digit: it has other decimals.

        Firmware that prints so is asked no second time; one without `results` infers anew, once.
        """
        usual = self._decimals or results.decimals
        odd = len(results.decimals) > 1 or results.decimals != usual
        if odd and not self._any_form:
            try:
                self._confirm(results.scores, doing)
            except DutReportedError as error:
                self._any_form = error.reported == "Unknown command: results"
                raise
            self._any_form = True
        self._decimals = results.decimals

    def duration_s(self, inferences: int) -> float:
        """Return how long to wait for ``inferences`` more."""
        each_s = UNKNOWN_INFERENCE_S if self.expected_s is None else 2 * self.expected_s
        return GRACE_S + inferences * each_s

    def _learn(self, inference: Inference, whole_s: float) -> None:
        """Learn the pace, never less than the whole operation says.

        A port that keeps its lines back until a buffer is full sends both lap times at once.
        """
        mean_s = whole_s / (inference.iterations + inference.warmups)
        pace_s = max(inference.host_elapsed_s / inference.iterations, mean_s)
        if pace_s > 0:
            self.expected_s = pace_s

    def _checked(
        self,
        reply: _Reply,
        iterations: int,
        warmups: int,
        score_count: int | None,
        doing: str,
        wanted: Wanted,
    ) -> Inference:
        def wrong(what: str) -> DutProtocolError:
            return DutProtocolError(f"{doing} on {self._dut.address}: {what}")

        if reply.size is not None:
            self._check_size(reply.size, wanted, f"{doing} on {self._dut.address}")
        self._check_echo(reply, iterations, warmups, wanted, doing)
        if reply.no_time is not None:
            raise self._dut.fault(f"{doing} on {self._dut.address}: the device's {reply.no_time}")
        timed = self._dut.boot_mode is TimestampMode.PERFORMANCE
        if len(reply.laps) != 2 and (reply.laps or timed):
            raise wrong(f"{len(reply.laps)} time stamps instead of two")
        if wanted is Wanted.SCORES:
            scores = self._whole_scores(reply, score_count, doing)
        elif wanted is Wanted.TIMES and not reply.done:
            raise wrong("m-ready came without m-infer-done")
        torn = reply.torn_lines(wanted)
        if torn:
            raise wrong(f"a line of the answer came damaged: {torn[-1][:200]!r}")
        if not _in_order(reply, wanted):
            came = ", ".join(kind.__name__ for kind in reply.order)
            raise wrong(f"the lines of its answer came twice or out of order ({came})")
        if wanted is not Wanted.SCORES:
            scores = self._scores_if_any(reply, doing)
        start_us = end_us = None
        start_s, end_s = reply.measuring_since_s, reply.last_s
        if reply.laps:
            (start_us, start_s), (end_us, end_s) = reply.laps
        window_s = (start_s, end_s)
        return Inference(iterations, warmups, scores, start_us, end_us, end_s - start_s, window_s)

    def _check_echo(
        self, reply: _Reply, iterations: int, warmups: int, wanted: Wanted, doing: str
    ) -> None:
        """Raise DutProtocolError where the device does not say that it runs what it was told to.

        Where a pin's edges tell of the window, a line that came damaged is noted only. Firmware
        that never says how many warm-ups it runs is believed at the second time.
        """
        by_edges = wanted is Wanted.EDGES
        silent = reply.warmups is None and reply.iterations == iterations
        said_again, self._silent_warm_up = self._silent_warm_up and silent, silent
        warmed = reply.warmups == warmups or (reply.warmups is None and (by_edges or said_again))
        ran = reply.iterations == iterations or (reply.iterations is None and by_edges)
        if not (warmed and ran):
            raise DutProtocolError(
                f"{doing} on {self._dut.address}: the device ran {reply.iterations} inferences "
                f"after {reply.warmups} warm-ups; the command was damaged on its way"
            )
        if None in (reply.warmups, reply.iterations) and not (said_again and self._silence_noted):
            missing = "m-warmup-start" if reply.warmups is None else "m-infer-start"
            self._dut.listener.note(
                f"{doing} on {self._dut.address}: {missing} did not come, or came damaged; "
                "the window counts all the same"
            )
            self._silence_noted = said_again

    def _whole_scores(
        self, reply: _Reply, score_count: int | None, doing: str
    ) -> tuple[float, ...]:
        """Return the scores, as they must be where they count."""
        if not reply.done or reply.results is None:
            raise DutProtocolError(f"{doing} on {self._dut.address}: m-ready came without a result")
        scores = reply.results.scores
        if score_count is not None and len(scores) != score_count:
            again, self._odd_count = self._odd_count == len(scores), len(scores)
            raise self._dut.fault(
                f"{doing} on {self._dut.address}: {len(scores)} scores instead of {score_count}: "
                "is the firmware built for another task?",
                sure=again,
            )
        self._note_comma(reply.results)
        return scores

    def _scores_if_any(self, reply: _Reply, doing: str) -> tuple[float, ...]:
        """Return the scores where only the window counts: those that came, else asked for again."""
        results = reply.results
        if results is None or reply.damaged is not None:
            results = self._asked_again(reply, doing)
        elif not reply.done:
            self._dut.listener.note(
                f"{doing} on {self._dut.address}: m-infer-done did not come, or came damaged; "
                "the window counts all the same"
            )
        if results is None:
            return ()
        self._note_comma(results)
        return results.scores

    def _asked_again(self, reply: _Reply, doing: str) -> Results | None:
        """Ask for scores that could not be read once more; None where that is no better.

        The note comes first: who reads the log goes by what stands behind it. Firmware that
        answers the same once more is asked no second time.
        """
        came = reply.damaged or "no result"
        if came == self._same_again:
            return None
        dut = self._dut
        dut.listener.note(
            f"{RESULTS_AGAIN}: those of {doing} on {dut.address} did not come whole "
            f"({came[:120]!r})"
        )
        why = ""
        try:
            with dut.handing_on_malformed():
                answer = dut.ask(AskResults())
        except (DutReportedError, DutProtocolError, DutTimeout) as error:
            if dut.strict and isinstance(error, DutProtocolError):
                raise  # out of step, perhaps: it would be taken for another inference
            answer, why = [], f" ({error})"
            if isinstance(error, DutReportedError):
                self._same_again = came  # it does not know the command
        if dut.strict and any(not isinstance(each, Results | Malformed) for each in answer):
            raise dut.out_of_step(doing, answer)
        for message in answer:
            if isinstance(message, Results):
                return message
        if any(isinstance(message, Malformed) and message.text == came for message in answer):
            self._same_again = came
        dut.listener.note(f"they did not come{why}; the window counts without them")
        return None

    def _note_comma(self, results: Results) -> None:
        if results.trailing_comma and not self._comma_noted:
            self._dut.listener.note("m-results ends in a comma; tolerated, noted once")
            self._comma_noted = True


def _anchored(inference: Inference, anchors: Anchors) -> Inference:
    if inference.start_us is None or inference.end_us is None:
        return inference
    start_s, end_s = inference.host_window_s
    start, end = Reading(inference.start_us, start_s), Reading(inference.end_us, end_s)
    return replace(inference, off_s=anchors.off_s(start, end))


def _in_order(reply: _Reply, wanted: Wanted) -> bool:
    """Tell whether the lines that matter came once each, and one after the other."""
    came, right = tuple(reply.order), _ORDERS[len(reply.laps)]
    match wanted:
        case Wanted.SCORES:  # whichever of the last two some firmware prints first
            return came[:-2] == right[:-2] and set(came[-2:]) == set(right[-2:])
        case Wanted.TIMES:
            return _of_times(came) == _of_times(right)
        case Wanted.EDGES:
            return True


def _of_times(order: Iterable[type[Message]]) -> list[type[Message]]:
    """Return those lines of an answer that the length of its window depends on."""
    return [kind for kind in order if kind in (InferStart, LapTime, InferDone)]


def _all_of(size: InputSize, byte_count: int) -> bool:
    """Tell whether the device has all that was loaded, in bytes, or in numbers of two or four."""
    return byte_count in (size.loaded, *_multiples(size.loaded))


def _speaks_of(size: InputSize, byte_count: int) -> bool:
    """Tell whether either of its numbers is the size of what was loaded."""
    return _all_of(size, byte_count) or byte_count in (size.expected, *_multiples(size.expected))


def _multiples(count: int | str) -> tuple[int, ...]:
    return () if isinstance(count, str) else (2 * count, 4 * count)


class _Reply:
    """Keeps what has come of one reply; moves the deadline as the phases end.

    Where nobody knows the device's pace, a long measurement is not waited for before its warm-ups
    are done: firmware that dies in its first inference is noticed then.
    """

    def __init__(self, timer: InferenceTimer, clock: Clock, iterations: int, warmups: int) -> None:
        self._timer = timer
        self._clock = clock
        self._iterations = iterations
        self._warmups = warmups
        unknown = timer.expected_s is None and warmups > 0
        first = warmups if unknown else iterations + warmups
        self.deadline = Deadline(self._clock, timer.duration_s(first))
        self.warmups: int | None = None
        self.iterations: int | None = None
        self.laps: list[tuple[int, float]] = []
        self.done = False
        self.results: Results | None = None
        self.size: InputSize | None = None
        """The last that does not say that the input fits."""
        self.no_time: str | None = None
        """What is wrong with a time stamp that is no number."""
        self._torn: list[str] = []
        """Chatter that holds a damaged line of the answer."""
        self.damaged: str | None = None
        """A result that cannot be read, or what is left of one."""
        self.order: list[type[Message]] = []
        """The lines that count, as they came."""
        self._begun_s = self._clock.now_s()
        self._warm = False
        self.measuring_since_s = self._begun_s
        self.last_s = self._begun_s

    @property
    def since_begun_s(self) -> float:
        return self._clock.now_s() - self._begun_s

    def end(self) -> None:
        """Take the closing `m-ready`, which ends the inferences where their own line did not."""
        if not self.done:
            self.last_s = self._clock.now_s()
        us = [lap_us for lap_us, _ in self.laps]
        if len(us) == 4 and us[::2] == us[1::2]:  # some firmware prints each time stamp twice
            self.laps = self.laps[::2]
            for _ in self.laps:
                self.order.remove(LapTime)

    def torn_lines(self, wanted: Wanted) -> list[str]:
        """Return the damaged lines that forbid to take the answer."""
        match wanted:
            case Wanted.SCORES:
                return self._torn
            case Wanted.TIMES:
                return [text for text in self._torn if _TORN_TIMES.search(text)]
            case Wanted.EDGES:
                return [text for text in self._torn if _TORN_EDGES.search(text)]

    def take(self, message: Message) -> None:
        now_s = self._clock.now_s()
        if isinstance(message, Results) and message == self.results:
            return  # some firmware prints its line twice
        if isinstance(message, InferStart | LapTime | InferDone | Results):
            self.order.append(type(message))
        match message:
            case Chatter(text):
                if _TORN.search(text):
                    self._torn.append(text)
                    if "m-results" in text or "m-infer-done" in text:
                        self.damaged = text
                    self.no_time = self.no_time or no_lap_time(text)
            case WarmupStart(warmups):
                self.warmups = warmups
            case WarmupDone():
                self._warm_up_is_over()
            case InferStart(iterations):
                self._warm_up_is_over()  # its own line may be damaged
                self.iterations = iterations
                self.measuring_since_s = now_s
            case LapTime(us):
                self.laps.append((us, now_s))
            case InferDone():
                self.done = True
                self.last_s = now_s
            case Results():
                self.results = self.results or message  # as who reads the log has it
            case Malformed(text):
                self.damaged = text
            case InputSize():
                self.size = self.size if message.fits else message
            case _:
                pass

    def _warm_up_is_over(self) -> None:
        """Take the pace from the warm-ups: it tells how long to wait for the measured ones."""
        if self._warm or self._warmups == 0:
            return
        self._warm = True
        pace_s = self.since_begun_s / self._warmups
        if pace_s > 0:
            self._timer.expected_s = max(self._timer.expected_s or 0.0, pace_s)
        self.deadline.extend_to(self._timer.duration_s(self._iterations))
