"""Checks each printed figure against the recomputed one, within what its last digit can tell.

Half a unit of the last digit is allowed, and nothing else: every figure of the published sessions
is reproduced so. The AUC is compared as the runner computes it that printed it. How EEMBC's takes
that of ad is not known: there one unit from the exact one is a warning, and more a violation. Nor
is it known what a runner makes of an input whose scores cannot be read: what it may have made of it
is no violation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ....models.suite import Metric
from ...score.results import EnergyResult, TimedWindow
from ...terms import Dialect
from ...write.printed_results import Block, PrintedBlock, PrintedFigure, PrintedResults
from ..evidence.audit_result import Recomputed
from ..evidence.findings import AuditFinding, Rule, violation, warning

_TITLES = {
    "median_throughput": "median throughput",
    "median_energy_uj": "median energy",
    "top1": "Top-1",
    "auc": "AUC",
}
_EXACT = frozenset({"inferences", "runtime", "throughput", "duration", "start"})
"""Figures that come of one subtraction or division of what their runner's files hold to the last
bit, which everybody's computer does alike. The moments of our traces are finer than the files."""
_UNITS = {
    "runtime": " s",
    "duration": " s",
    "start": " s",
    "throughput": " inf/s",
    "energy": " uJ",
    "energy per inference": " uJ/inf",
    "power in uW": " uW",
    "power in mW": " mW",
    "median_throughput": " inf/s",
    "median_energy_uj": " uJ/inf",
    "top1": " %",
}


def check_printed(
    printed: PrintedResults, recomputed: Recomputed, path: str, *, complete: bool = True
) -> Iterator[AuditFinding]:
    """Find what in the results file at ``path`` does not follow from the session.

    ``complete`` also asks for the figures that are not printed.
    """
    if printed.repeated:
        line, count = printed.repeated
        text = f"{count} lines stand there again, one or several times"
        yield warning(Rule.RESULT_LINE, path, text, "each line once", line)
    for figure in printed.stray:
        text = f"{figure.name} {figure.text!r} before any window"
        yield violation(Rule.RESULT_LINE, path, text, line=figure.line)
    performance, energy = recomputed.performance, recomputed.energy
    if energy is not None and (energy.windows or energy.edge_error is None):
        performance = energy.performance
        yield from _Windows(printed, recomputed, path).energies(energy)
    if performance is not None and (energy is None or printed.of_kind(Block.PERFORMANCE)):
        yield from _Windows(printed, recomputed, path).performances(performance.windows)
    yield from check_headlines(printed.headlines, recomputed, path, complete=complete)


def check_headlines(
    figures: Sequence[PrintedFigure], recomputed: Recomputed, path: str, *, complete: bool
) -> Iterator[AuditFinding]:
    """Check medians, Top-1 and AUC; ``complete`` also asks for those that are not printed."""
    expected = headlines(recomputed)
    seen: dict[str, str] = {}
    for figure in figures:
        title = _TITLES[figure.name]
        if seen.setdefault(figure.name, figure.text) != figure.text:
            yield violation(
                Rule.RESULT_LINE,
                path,
                f"{title} again, as {figure.text}",
                f"{seen[figure.name]}, as in the line before it",
                figure.line,
            )
        if figure.name not in expected:
            if figure.value is None:
                yield _no_number(figure, title, path)
            continue
        yield from _compare_headline(figure, expected[figure.name], recomputed, path)
    if not complete:
        return
    informative = _informative(recomputed)
    for name, value in expected.items():
        if name not in seen and value is not None and name not in informative:
            yield violation(
                Rule.RESULT_LINE,
                path,
                f"no {_TITLES[name]}",
                f"a line with {value:.3f}{_UNITS.get(name, '')}",
            )


def headlines(recomputed: Recomputed) -> Mapping[str, float | None]:
    """Return every figure that such a session prints, None where it cannot be told."""
    accuracy, energy, performance = recomputed.accuracy, recomputed.energy, recomputed.performance
    found: dict[str, float | None] = {}
    if energy is not None:
        median_j = energy.median_energy_j
        found["median_energy_uj"] = None if median_j is None else median_j * 1e6
        if recomputed.dialect is Dialect.EEMBC:  # MLCommons prints no throughput with energy
            performance = energy.performance
    if performance is not None:
        found["median_throughput"] = performance.median_throughput
    if accuracy is not None:
        first = accuracy.top1
        if accuracy.metric is Metric.AUC and recomputed.dialect is Dialect.MLCOMMONS:
            first = accuracy.precision_recall
        found["top1"] = None if first is None else 100 * first
        found["auc"] = accuracy.auc
        if recomputed.dialect is Dialect.EEMBC and not recomputed.exact_auc:
            found["auc"] = accuracy.auc if accuracy.eembc_auc is None else accuracy.eembc_auc
    return found


def headline_agrees(figure: PrintedFigure, recomputed: Recomputed) -> bool:
    """Tell whether a printed median, Top-1 or AUC is what the session measured."""
    value = headlines(recomputed).get(figure.name)
    problem = _problem(figure, value, "", "", recomputed.noise)
    return problem is None or _counts_unreadable(figure, recomputed)


def _informative(recomputed: Recomputed) -> frozenset[str]:
    """Return figures that no target is set in, and that each runner takes its own way."""
    accuracy = recomputed.accuracy
    of_ad = accuracy is not None and accuracy.metric is Metric.AUC and not recomputed.ours
    return frozenset({"top1"}) if of_ad else frozenset()


def _untold(figure: PrintedFigure, value: float | None, recomputed: Recomputed) -> bool:
    """Tell whether it is a figure of EEMBC's whose formula is not known, and is about right."""
    accuracy = recomputed.accuracy
    return (
        figure.name == "auc"
        and accuracy is not None
        and accuracy.metric is Metric.AUC
        and recomputed.dialect is Dialect.EEMBC
        and not recomputed.ours
        and value is not None
        and figure.value is not None
        and abs(float(figure.value) - value) <= 1.5 * figure.unit
    )


def _counts_unreadable(figure: PrintedFigure, recomputed: Recomputed) -> bool:
    """Tell whether it may be of all inputs, where some have no scores that can be read.

    They may be right or wrong, or count or not; of an AUC nobody can say.
    """
    accuracy = recomputed.accuracy
    if accuracy is None or not accuracy.unreadable or figure.value is None:
        return False
    count = accuracy.unreadable.count
    if figure.name != "top1" or accuracy.metric is Metric.AUC:
        return figure.name == "auc"
    inputs, half = accuracy.inputs + count, figure.unit / 2 * (1 + 1e-6)
    least, most = (100 * right / inputs for right in (accuracy.correct, accuracy.correct + count))
    return least - half <= float(figure.value) <= most + half


def _compare_headline(
    figure: PrintedFigure, value: float | None, recomputed: Recomputed, path: str
) -> Iterator[AuditFinding]:
    problem = _problem(figure, value, _TITLES[figure.name], path, recomputed.noise)
    if problem is None:
        return
    if (
        figure.name in _informative(recomputed)
        or _untold(figure, value, recomputed)
        or _counts_unreadable(figure, recomputed)
    ):
        yield warning(problem.rule, path, problem.found, problem.expected, figure.line)
    else:
        yield problem


def _problem(
    figure: PrintedFigure, value: float | None, title: str, path: str, noise: float
) -> AuditFinding | None:
    """Say what is wrong with a figure; ``value`` None: there is nothing to print."""
    printed = figure.value
    if printed is None:
        return _no_number(figure, title, path)
    unit = _UNITS.get(figure.name, "")
    if value is None:
        text = f"{title} {figure.text}{unit}"
        return violation(Rule.RESULT_LINE, path, text, "none: it cannot be told", figure.line)
    allowed = figure.unit / 2 * (1 + 1e-6) + noise * abs(value)
    if abs(float(printed) - value) <= allowed:
        return None
    digits = min(9, len(figure.text.partition(".")[2]) + 1)
    return violation(
        Rule.RESULT_LINE,
        path,
        f"{title} is printed {figure.text}{unit}",
        f"{value:.{digits}f}{unit}, as it is recomputed",
        figure.line,
    )


def _no_number(figure: PrintedFigure, title: str, path: str) -> AuditFinding:
    text = f"{title} is printed {figure.text[:60]!r}"
    return violation(Rule.RESULT_LINE, path, text, "a number", figure.line)


@dataclass(frozen=True, slots=True)
class _Windows:
    """Compares the windows of a file with those of the session, in order."""

    printed: PrintedResults
    recomputed: Recomputed
    path: str

    def performances(self, windows: Sequence[TimedWindow]) -> Iterator[AuditFinding]:
        blocks = self.printed.of_kind(Block.PERFORMANCE)
        yield from self._count(blocks, len(windows), Block.PERFORMANCE)
        for block, window in zip(blocks, windows, strict=False):
            yield from self._number(block, window.number)
            expected: dict[str, float | None] = {
                "inferences": float(window.iterations),
                "runtime": None if window.throughput is None else window.elapsed_s,
                "throughput": window.throughput,
            }
            yield from self._figures(block, expected)
            yield from self._claims(block, window)

    def energies(self, energy: EnergyResult) -> Iterator[AuditFinding]:
        eembc = self.recomputed.dialect is Dialect.EEMBC
        kind = Block.ENERGY if eembc else Block.TRIAL
        blocks = self.printed.of_kind(Block.ENERGY, Block.TRIAL)
        yield from self._count(blocks, len(energy.windows), kind)
        for place, (block, measured) in enumerate(zip(blocks, energy.windows, strict=False)):
            yield from self._number(block, measured.number if eembc else place)
            window = measured.window
            valid = measured.invalid is None
            energy_j, power_w = window.energy_j, window.power_w
            each_j = measured.energy_per_inference_j
            expected: dict[str, float | None] = {
                "duration": window.duration_s,
                "energy": energy_j * 1e6 if valid and energy_j is not None else None,
                "energy per inference": None if each_j is None else each_j * 1e6,
            }
            watts = power_w if valid else None
            if eembc:
                # Printed from the milliseconds of the file (see `render_energy`).
                expected["start"] = round(window.start_s, 3)
                expected["power in uW"] = None if watts is None else watts * 1e6
            else:
                expected["inferences"] = float(measured.iterations)
                expected["power in mW"] = None if watts is None else watts * 1e3
            yield from self._figures(block, expected)

    def _count(
        self, blocks: Sequence[PrintedBlock], wanted: int, kind: Block
    ) -> Iterator[AuditFinding]:
        if len(blocks) == wanted:
            return
        what = "windows" if kind is Block.PERFORMANCE else "windows' energies"
        line = blocks[wanted].line if len(blocks) > wanted else None
        yield violation(
            Rule.RESULT_LINE,
            self.path,
            f"{len(blocks)} {what} are printed",
            f"{wanted}, as the session has",
            line,
        )

    def _number(self, block: PrintedBlock, wanted: int) -> Iterator[AuditFinding]:
        if block.number != wanted:
            text = f"{block.kind.value} {block.number}"
            expected = f"{block.kind.value} {wanted} in this place"
            yield violation(Rule.RESULT_LINE, self.path, text, expected, block.line)

    def _figures(
        self, block: PrintedBlock, expected: Mapping[str, float | None]
    ) -> Iterator[AuditFinding]:
        name = f"{block.kind.value} {block.number}"
        seen: set[str] = set()
        for figure in block.figures:
            if figure.name not in expected:
                text = f"{figure.name} {figure.text} in {name}"
                yield violation(
                    Rule.RESULT_LINE, self.path, text, "no such figure there", figure.line
                )
                continue
            seen.add(figure.name)
            exact = figure.name in _EXACT and not self.recomputed.ours
            noise = 0.0 if exact else self.recomputed.noise
            title, value = f"{figure.name} of {name}", expected[figure.name]
            problem = _problem(figure, value, title, self.path, noise)
            if problem is not None:
                yield problem
        for wanted, value in expected.items():
            if wanted not in seen and value is not None:
                yield violation(
                    Rule.RESULT_LINE,
                    self.path,
                    f"{name} has no {wanted}",
                    f"{value:.3f}{_UNITS.get(wanted, '')}",
                    block.line,
                )

    def _claims(self, block: PrintedBlock, window: TimedWindow) -> Iterator[AuditFinding]:
        round_ = self.recomputed.round
        valid = window.throughput is not None and window.elapsed_s is not None
        met = (
            valid
            and (window.elapsed_s or 0.0) >= round_.min_window_s
            and window.iterations >= round_.min_inferences
        )
        for line, claimed in block.requirements:
            if claimed is not met:
                yield violation(
                    Rule.RESULT_LINE,
                    self.path,
                    f"says that the requirements have {'' if claimed else 'not '}been met in "
                    f"window {block.number}",
                    f"{window.elapsed_s or 0.0:.3f} s and {window.iterations} inferences, where "
                    f"{round_.min_window_s:g} s and {round_.min_inferences} are the least",
                    line,
                )
