"""The measures of two sessions of a streaming task: words, frames, power.

Words are compared as inputs are, by those that only one side heard, where both played the same;
throughput and duty cycle by the frames whose edges were kept, some hundred of one run. A power and
a number of false detections are one figure a run, of which nobody can tell whether it is chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...score.assess import Assessment
from ...score.streaming.results import DutyCycle, StreamingResult
from ..plots.streaming_timeline import found_of
from .measures import Difference, Measure
from .statistics import mcnemar_p, paired_difference, unpaired_difference, welch

_ONE_RUN = "one run each: too little to tell"


def streaming_differences(first: Assessment, second: Assessment) -> Iterator[Difference]:
    """Compare every measure that both sessions have; none where one is of another kind."""
    a, b = first.streaming, second.streaming
    if a is None or b is None:
        return
    yield from _words(a, b)
    if a.sure_duty is not None and b.sure_duty is not None:
        yield from _frames(a.sure_duty, b.sure_duty)
    if first.power_w is not None and second.power_w is not None:
        yield Difference(Measure.POWER, first.power_w, second.power_w, _ONE_RUN, None)


def _words(a: StreamingResult, b: StreamingResult) -> Iterator[Difference]:
    one, other = a.sure_words, b.sure_words
    if one is None or other is None or not one.words or not other.words:
        return
    shares = one.true_positives / one.words, other.true_positives / other.words
    if a.windows_s == b.windows_s:
        pairs = list(zip(found_of(a), found_of(b), strict=True))
        only_a = sum(heard and not by_other for heard, by_other in pairs)
        only_b = sum(by_other and not heard for heard, by_other in pairs)
        yield Difference(
            Measure.WORDS,
            *shares,
            f"exact McNemar: of {len(pairs)} words {only_a} heard by A only, {only_b} by B only",
            paired_difference(only_a, only_b, len(pairs)),
            p=mcnemar_p(only_a, only_b),
        )
    else:
        interval = unpaired_difference(
            one.true_positives, one.words, other.true_positives, other.words
        )
        reason = "unpaired (Newcombe): the words are not the same"
        yield Difference(Measure.WORDS, *shares, reason, interval)
    false = float(one.false_positives), float(other.false_positives)
    yield Difference(Measure.FALSE, *false, _ONE_RUN, None)


def _frames(a: DutyCycle, b: DutyCycle) -> Iterator[Difference]:
    one, other = a.throughput, b.throughput
    if one is not None and other is not None and 0 not in (*a.busy_s, *b.busy_s):
        rates = [1 / busy for busy in a.busy_s], [1 / busy for busy in b.busy_s]
        yield _of_frames(Measure.THROUGHPUT, one, other, *rates)
    shares = [busy / a.period_s for busy in a.busy_s], [busy / b.period_s for busy in b.busy_s]
    yield _of_frames(Measure.DUTY_CYCLE, a.duty_cycle, b.duty_cycle, *shares)


def _of_frames(
    measure: Measure, a: float, b: float, frames_a: Sequence[float], frames_b: Sequence[float]
) -> Difference:
    tested = welch(frames_a, frames_b)
    return Difference(
        measure,
        a,
        b,
        f"Welch's t over {len(frames_a)} and {len(frames_b)} frames of one run each",
        None if tested is None else tested.interval,
        relative_half_width=None if tested is None else tested.relative_half_width,
        a_published=a,
        b_published=b,
    )
