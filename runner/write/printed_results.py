"""Reads results.txt in both dialects: which figure stands where, as it is printed.

    00155.007 ulp-mlperf: Performance results for window 2:
    00155.008 ulp-mlperf:   # Inferences :          800
    00155.019 ulp-mlperf: Median throughput is 59.788 inf./sec.

A figure keeps its line, and what is no number stays to be reported. MLCommons' runner prints
`Top 1% = 90.2`, `AUC = 0.995`, and unrounded throughputs per window; of energy `Energy data for
trial 0`, milliwatts and microjoules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from ..journal.stamps import EEMBC_STAMP

_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,20})?")


class Block(Enum):
    """Says what a block of lines is about."""

    PERFORMANCE = "window"
    ENERGY = "energy of window"
    TRIAL = "energy of trial"


@dataclass(frozen=True, slots=True)
class PrintedFigure:
    """Is one figure, as text."""

    name: str
    text: str
    line: int | None
    """The line in the file; None of a figure that was not read from one."""

    @property
    def value(self) -> Decimal | None:
        """Return the number; None where the text is no plain decimal number."""
        return Decimal(self.text) if _NUMBER.fullmatch(self.text) else None

    @property
    def unit(self) -> float:
        """Return one of the last digit that is printed."""
        return float(10.0 ** -len(self.text.partition(".")[2]))


@dataclass(slots=True)
class PrintedBlock:
    """Is a window or a trial, with the number that it has in the file."""

    kind: Block
    number: int
    line: int
    figures: list[PrintedFigure] = field(default_factory=list)
    requirements: list[tuple[int, bool]] = field(default_factory=list)
    """Lines on the runtime requirements: (line, whether it says that they have been met)."""


@dataclass(frozen=True, slots=True)
class PrintedResults:
    """Holds a whole results file."""

    blocks: tuple[PrintedBlock, ...]
    headlines: tuple[PrintedFigure, ...]
    """Medians, Top-1 and AUC."""
    stray: tuple[PrintedFigure, ...]
    """Figures that stand in no block."""
    repeated: tuple[int, int] | None = None
    """Lines that say what stands there already, read once: (the first of them, how many)."""

    def of_kind(self, *kinds: Block) -> list[PrintedBlock]:
        return [block for block in self.blocks if block.kind in kinds]

    def headline(self, name: str) -> str | None:
        """Return the last one, which counts, as the official checker takes it."""
        found = [figure.text for figure in self.headlines if figure.name == name]
        return found[-1] if found else None


# As loose as the official checker's patterns, so that it sees no figure that is not seen here. The
# figure is looked at only, so that one behind another is found whatever stands between them.
_HEADLINES = {
    "median_throughput": re.compile(r"Median throughput is(?=\s+(\S{1,60}))"),
    "median_energy_uj": re.compile(r"Median energy cost is(?=\s+(\S{1,60}))"),
    "top1": re.compile(r"Top[- ]1%?\s?[:=](?=\s*([^\s%]{1,60}))"),
    "auc": re.compile(r"AUC\s?[:=](?=\s*(\S{1,60}))"),
}
_LONGEST_BLOCK_LINE = 500
"""The longest line that is read for a block; the official checker reads headlines only, and in
lines of any length."""
_UNTOLD = ("cannot", "not")
"""Texts that stand in a figure's place where there is none."""
_STAMP = re.compile(EEMBC_STAMP.decode() + " ")
_WINDOW = re.compile(r"Performance results for window\s+(\d{1,9})\b")
_ENERGY = re.compile(r"Energy data for window\s+(\d{1,9}) at time (\S+) for (\S+) sec")
_TRIAL = re.compile(r"Energy data for trial\s+(\d{1,9})\b")
_VALUE = re.compile(
    r"(# Inferences|Inferences|Runtime|Throughput|Elapsed time|Total Energy|Energy/Inf|Energy"
    r"|Power)\.?\s*:\s*(\S+)(?: (mW|uW|uJ/inf|uJ))?"
)
_REQUIREMENTS = re.compile(r"Runtime requirements have (not )?been met", re.I)


def headline_of(text: str, line: int) -> PrintedFigure | None:
    """Return the first median, Top-1 or AUC in a line; None where it has none."""
    return next(headlines_in(text, line), None)


def headlines_in(text: str, line: int) -> Iterator[PrintedFigure]:
    """Return every median, Top-1 and AUC in a line, each kind in its order."""
    for name, pattern in _HEADLINES.items():
        for match in pattern.finditer(text):
            if match[1] not in _UNTOLD:
                yield PrintedFigure(name, match[1].rstrip(".,%"), line)


def parse_results(lines: Iterable[str], skipped: int = 0) -> PrintedResults:
    """Read the figures of a results file, whatever else stands in it.

    ``skipped`` lines stand in front of them in their file.
    A headline counts wherever it stands: the official checker tries its patterns on every line,
    takes the last match, and ends a line at a lone carriage return too.
    """
    blocks: list[PrintedBlock] = []
    headlines: list[PrintedFigure] = []
    stray: list[PrintedFigure] = []
    again: list[int] = []
    before = ""
    pieces = (
        (at, piece) for at, line in enumerate(lines, skipped + 1) for piece in line.split("\r")
    )
    for number, piece in pieces:
        said = _STAMP.sub("", piece).strip()
        if said and said == before:
            again.append(number)
            continue
        before = said
        headlines += headlines_in(piece, number)
        text = piece[:_LONGEST_BLOCK_LINE]
        if match := _WINDOW.search(text):
            blocks.append(PrintedBlock(Block.PERFORMANCE, int(match[1]), number))
        elif match := _ENERGY.search(text):
            blocks.append(PrintedBlock(Block.ENERGY, int(match[1]), number))
            blocks[-1].figures += [
                PrintedFigure("start", match[2], number),
                PrintedFigure("duration", match[3], number),
            ]
        elif match := _TRIAL.search(text):
            blocks.append(PrintedBlock(Block.TRIAL, int(match[1]), number))
        elif match := _REQUIREMENTS.search(text):
            if blocks:
                blocks[-1].requirements.append((number, match[1] is None))
        elif match := _VALUE.search(text):
            name = _name(match[1], match[3])
            figure = PrintedFigure(name, match[2].rstrip("."), number)
            (blocks[-1].figures if blocks else stray).append(figure)
    kept = _first_of_equals(blocks)
    again += (block.line for block in blocks[len(kept) :])
    return PrintedResults(
        tuple(kept), tuple(headlines), tuple(stray), (min(again), len(again)) if again else None
    )


def _first_of_equals(blocks: list[PrintedBlock]) -> list[PrintedBlock]:
    """Return the blocks of the first time, where the whole is printed several times over."""
    said = [
        (
            block.kind,
            block.number,
            [(figure.name, figure.text) for figure in block.figures],
            [claim for _, claim in block.requirements],
        )
        for block in blocks
    ]
    for times in (4, 3, 2):
        size, rest = divmod(len(blocks), times)
        if size and not rest and said == said[:size] * times:
            return blocks[:size]
    return blocks


def _name(label: str, unit: str | None) -> str:
    match label:
        case "# Inferences" | "Inferences":
            return "inferences"
        case "Runtime":
            return "runtime"
        case "Throughput":
            return "throughput"
        case "Elapsed time":
            return "duration"
        case "Energy/Inf":
            return "energy per inference"
        case "Power":
            return "power in mW" if unit == "mW" else "power in uW"
        case _:
            return "energy"
