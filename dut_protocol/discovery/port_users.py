"""Finds who holds a serial port before it is opened, for opening is already a disturbance.

On Linux an open port is a link ``/proc/PID/fd/N -> /dev/ttyACM0``, readable for one's own
processes, and for everybody's by root. What other users hold shows where their program keeps a
lock file with its process id in it, as terminal programs do (``LCK..ttyACM0``, Filesystem Hierarchy
Standard 5.9). macOS and Windows do not tell.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LOCK_FOLDERS = (Path("/run/lock"), Path("/var/lock"))


@dataclass(frozen=True, slots=True)
class PortUser:
    """Is a process that has a port open."""

    name: str
    pid: int

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def system_tells() -> bool:
    """Tell whether this system says who has a port open."""
    return sys.platform == "linux"


def port_users(devices: Iterable[str]) -> dict[str, tuple[PortUser, ...]]:
    """Find the other processes that have each of these ports open, as far as one may see.

    Only ports that somebody holds are in it. A port's other names (links to it) count as it.
    """
    if not system_tells():
        return {}
    names = {os.path.realpath(device): device for device in devices}
    found: dict[str, dict[int, PortUser]] = {}
    for pid, target in _open_files():
        if (device := names.get(target)) is not None:
            found.setdefault(device, {})[pid] = PortUser(_name_of(pid), pid)
    for target, device in names.items():
        for pid in _lock_owners(Path(target).name):
            found.setdefault(device, {})[pid] = PortUser(_name_of(pid), pid)
    return {device: tuple(users[pid] for pid in sorted(users)) for device, users in found.items()}


def _open_files() -> Iterator[tuple[int, str]]:
    """Yield (process id, file) of every open file that may be seen; not our own."""
    for process in _entries(PROC):
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        for link in _entries(process / "fd"):
            try:
                target = os.readlink(link)
            except OSError:  # closed meanwhile
                continue
            if target.startswith("/dev/"):
                yield int(process.name), target


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # ended meanwhile, or somebody else's
        return []


def _lock_owners(port: str) -> Iterator[int]:
    """Find the living process named in a port's lock file; a dead one's lock is stale."""
    for folder in LOCK_FOLDERS:
        try:
            words = (folder / f"LCK..{port}").read_text("ascii", "replace").split()
        except OSError:
            continue
        if words and words[0].isdecimal() and int(words[0]) != os.getpid():
            pid = int(words[0])
            if (PROC / str(pid)).exists():
                yield pid


def _name_of(pid: int) -> str:
    try:
        return (PROC / str(pid) / "comm").read_text("utf-8", "replace").strip() or "a process"
    except OSError:
        return "a process"
