"""Energy-Hookup.pdf: how each system with energy results was wired, one page a system."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from ..journal.records import Mode
from .describe.description import Description, SystemConfig
from .gather import BuildError, Gathered, GatheredSession

HOOKUP_NAME = "Energy-Hookup.pdf"


def check_hookup(description: Description, gathered: Gathered) -> None:
    """BuildError where energy was measured and nothing says how, or the picture is not there."""
    problems = []
    for system in _with_energy(description, gathered):
        hookup = system.hookup
        if not hookup.told:
            problems.append(f"{system.id}: energy results need hookup: picture or text")
        elif hookup.picture is not None and not hookup.picture.is_file():
            problems.append(f"{system.id}: hookup: no picture {hookup.picture}")
    if problems:
        raise BuildError("cannot build this submission:\n  " + "\n  ".join(problems))


def write_hookup(description: Description, gathered: Gathered, path: Path, when: datetime) -> bool:
    """Write the PDF where there is energy; whether there was."""
    systems = _with_energy(description, gathered)
    if not systems:
        return False
    from .documents import Document  # takes long to import

    page = Document(f"Energy hook-up · {description.organization}", when)
    for index, system in enumerate(systems):
        if index:
            page.add_page()
        page.heading(f"Energy hook-up: {system.id}")
        for text in _bench(gathered.of(system.id, mode=Mode.ENERGY)):
            page.paragraph(text)
        if system.hookup.picture is None:
            page.section("Wiring")
            page.paragraph(system.hookup.text)
        else:
            page.ln(2)
            page.picture(system.hookup.picture, system.hookup.text or f"Wiring of {system.id}")
    page.write_to(path)
    return True


def _with_energy(description: Description, gathered: Gathered) -> list[SystemConfig]:
    return [system for system in description.systems if gathered.of(system.id, mode=Mode.ENERGY)]


def _bench(sessions: tuple[GatheredSession, ...]) -> list[str]:
    """What the sessions know of their bench, once each."""
    texts = []
    for session in sessions:
        told = session.told
        texts.append(
            f"Energy monitor: {told('monitor.maker')} {told('monitor.model')}, firmware "
            f"{told('monitor.firmware')}, {told('monitor.supply_v')} V, "
            f"{told('monitor.sample_rate_hz')} samples/s.\n"
            f"IO manager: {session.io_manager}.\n"
            f"Edges of the windows: {told('edges.from')}."
        )
        if session.simulated:
            texts.append("The device and the instruments were simulated.")
    return list(dict.fromkeys(texts))
