"""What the official checker reads of sww, the streaming wake word (rounds v1.3 and v1.4).

All of its figures stand in one file, results.txt of the energy folder, or of the performance
folder where there is no energy::

      Power         : 25.6220 mW.
    Accuracy: 44 True positives, 6 False negatives, 4 False positives
    Average duty cycle: 0.56085
    Estimated throughput: 55.742 inf./sec.
"""

from __future__ import annotations

from . import rules
from .official_seen import Seen
from .text import Hit, Unreadable


def read_streaming(seen: Seen) -> None:
    """Fill in what the file says."""
    with_energy = seen.benchmark.inside("energy") in seen.benchmark.tree.entries
    folder = seen.benchmark.inside("energy" if with_energy else "performance")
    path = f"{folder}/{rules.RESULTS_NAME}"
    try:
        throughput, power, accuracy, duty = seen.find(
            path,
            rules.STREAMING_THROUGHPUT,
            rules.STREAMING_POWER,
            rules.STREAMING_ACCURACY,
            rules.STREAMING_DUTY,
        )
        figure, line = _number(throughput, "estimated throughput")
        if with_energy:
            seen.energy, _ = _number(power, "power")
    except Unreadable as error:
        seen.log(path, f"{error}; it passes all the same, without a result")
        return
    seen.throughput, seen.throughput_at = figure, (path, line)
    seen.energy_unit = "mW"
    seen.more["DutyCycle"] = None if duty is None else duty.groups[0]
    _accuracy(seen, path, accuracy)


def _number(hit: Hit | None, what: str) -> tuple[float, int]:
    if hit is None:
        raise Unreadable(f"no line of the {what} that it reads")
    try:
        return float(hit.groups[0]), hit.line
    except ValueError as error:
        raise Unreadable(f"line {hit.line}: {hit.groups[0][:40]!r} is no number") from error


def _accuracy(seen: Seen, path: str, hit: Hit | None) -> None:
    if hit is None:
        seen.log(path, "no line of true and false positives that it reads", decides=True)
        return
    true_positives, false_negatives, false_positives = (float(text) for text in hit.groups)
    seen.more.update(FalsePositives=hit.groups[2], FalseNegatives=hit.groups[1])
    words = true_positives + false_negatives
    most = rules.STREAMING_MAX_FALSE
    if words != rules.STREAMING_WAKE_WORDS:
        found = f"true positives and false negatives make {words:g}"
        seen.log(path, found, str(rules.STREAMING_WAKE_WORDS), hit.line, decides=True)
    elif seen.benchmark.closed and max(false_positives, false_negatives) > most:
        found = f"{false_positives:g} false positives, {false_negatives:g} false negatives"
        seen.log(path, found, f"at most {most} of each", hit.line, decides=True)
    else:
        seen.accuracy_valid = True
