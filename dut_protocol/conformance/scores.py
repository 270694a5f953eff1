"""Tests what `infer` and `results` say: which lines, how many scores, how large, how stable."""

from __future__ import annotations

from ...models.suite import Metric, Task
from ..wire.boot_banner import TimestampMode
from ..wire.commands import DEFAULT_WARMUPS
from ..wire.messages import (
    InferDone,
    InferStart,
    LapTime,
    Message,
    Results,
    WarmupDone,
    WarmupStart,
)
from .probe import CannotTry, Probe
from .replies import Inferred, mismatch
from .report import CheckFinding, Verdict

_QUANTISED = 1 / 256
"""The step of an 8-bit score; its highest is 0.996."""

_ITERATIONS, _WARMUPS = 3, 2


def infer_lines(probe: Probe) -> CheckFinding:
    """Compare every line of the reply with the order that the protocol has, N and W echoed."""
    done = probe.infer(_ITERATIONS, _WARMUPS)
    wrong = [
        f"m-{what}-start-{said}, {asked} asked for"
        for what, said, asked in (
            ("warmup", done.warmups, _WARMUPS),
            ("infer", done.iterations, _ITERATIONS),
        )
        if said is not None and said != asked
    ]
    laps = [LapTime, LapTime] if probe.mode is TimestampMode.PERFORMANCE else []
    expected: list[type[Message]] = [
        WarmupStart, WarmupDone, InferStart, *laps, InferDone, Results,
    ]  # fmt: skip
    got = [type(message) for message in done.reply.messages if type(message) in _OF_INFER]
    if got != expected and not wrong:
        names = " ".join(message.encode().split("[")[0] for message in done.reply.messages)
        wrong.append(f"the lines are {names or 'missing'}")
    if wrong:
        return CheckFinding(Verdict.FAIL, "; ".join(wrong))
    laps_text = "two lap times" if laps else "no lap times"
    return CheckFinding(Verdict.PASS, f"N and W echoed, {laps_text}")


_OF_INFER = (WarmupStart, WarmupDone, InferStart, LapTime, InferDone, Results)


def infer_defaults(probe: Probe) -> CheckFinding:
    wrong = []
    for command in ("infer 1", "infer"):
        done = probe.infer_as(command, 1 + DEFAULT_WARMUPS)
        if done.warmups != DEFAULT_WARMUPS:
            wrong.append(f"`{command}` runs {done.warmups} warm-ups")
        if done.iterations != 1:
            wrong.append(f"`{command}` runs {done.iterations} inferences")
    if wrong:
        return CheckFinding(Verdict.FAIL, "; ".join(wrong))
    return CheckFinding(Verdict.PASS, f"{DEFAULT_WARMUPS} warm-ups, 1 inference")


def accepts_input(probe: Probe) -> CheckFinding:
    task = probe.needed_task()
    done = probe.infer(1, 0)
    said = mismatch(done.reply)
    if said is not None:
        return CheckFinding(Verdict.FAIL, said.encode())
    return CheckFinding(Verdict.PASS, f"{task.input_bytes} bytes are inferred")


def count(probe: Probe) -> CheckFinding:
    task = probe.needed_task()
    found = len(_scores(probe.infer(1, 0)))
    verdict = Verdict.PASS if found == task.score_count else Verdict.FAIL
    return CheckFinding(verdict, f"{found} for {task.model_id}, which has {task.score_count}")


def score_range(probe: Probe) -> CheckFinding:
    task = probe.needed_task()
    scores = _scores(probe.infer(1, 0))
    low, high = min(scores), max(scores)
    if _is_error(task):
        verdict = Verdict.PASS if low >= 0 else Verdict.FAIL
        return CheckFinding(verdict, f"{low:.3f}")
    found = f"{low:.3f} to {high:.3f}, sum {sum(scores):.3f}"
    if low < 0 or high > 1:
        return CheckFinding(Verdict.FAIL, found)
    if abs(sum(scores) - 1) > 0.01 + len(scores) * (_QUANTISED / 2 + 0.0005):
        return CheckFinding(Verdict.WARN, found)
    return CheckFinding(Verdict.PASS, found)


def repeatability(probe: Probe) -> CheckFinding:
    """Infer the same bytes three times and compare the scores."""
    answers = [_scores(probe.infer(1, 0)) for _ in range(3)]
    if all(answer == answers[0] for answer in answers):
        return CheckFinding(Verdict.PASS, "the same scores three times")
    apart = max(
        abs(a - b) for answer in answers for a, b in zip(answer, answers[0], strict=False)
    )  # fmt: skip
    return CheckFinding(Verdict.FAIL, f"the same input gives scores {apart:.3f} apart")


def results_again(probe: Probe) -> CheckFinding:
    inferred = _scores(probe.infer(1, 0))
    reply = probe.ask("results")
    results = reply.first(Results)
    if results is None:
        return CheckFinding(Verdict.FAIL, f"answered {reply.text}")
    if results.scores != inferred:
        return CheckFinding(Verdict.FAIL, "other scores than the inference before gave")
    return CheckFinding(Verdict.PASS, "the scores of the last inference")


def _scores(done: Inferred) -> tuple[float, ...]:
    if done.scores is None:
        raise CannotTry("`infer` gives no m-results")
    return done.scores


def _is_error(task: Task) -> bool:
    """Tell whether the one score is how far off the model is, and not a probability."""
    return task.reconstructs_input or (task.metric is Metric.AUC and task.score_count == 1)
