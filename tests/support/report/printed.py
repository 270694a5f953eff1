"""What a results.txt prints, for comparing figures as texts."""

from __future__ import annotations

from pathlib import Path

from tinyrunner.runner.write.printed_results import (
    Block,
    PrintedBlock,
    PrintedResults,
    parse_results,
)


def printed_in(folder: Path, name: str = "results.txt") -> PrintedResults:
    """The figures of a session's results file."""
    return parsed((folder / name).read_text())


def parsed(text: str) -> PrintedResults:
    return parse_results(text.splitlines())


def windows(printed: PrintedResults) -> list[PrintedBlock]:
    """The windows' performances, in order."""
    return printed.of_kind(Block.PERFORMANCE)


def energies(printed: PrintedResults) -> list[PrintedBlock]:
    """The windows' energies, or the trials', in order."""
    return printed.of_kind(Block.ENERGY, Block.TRIAL)


def figures(block: PrintedBlock) -> dict[str, str]:
    """A block's figures by name; each stands there once."""
    found = {figure.name: figure.text for figure in block.figures}
    assert len(found) == len(block.figures)
    return found
