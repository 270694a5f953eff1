"""Finds who holds a serial port before it is opened, for opening is already a disturbance.

On Linux an open port is a link ``/proc/PID/fd/N -> /dev/ttyACM0``, readable for one's own
processes, and for everybody's by root. What other users hold shows where their program keeps a
lock file with its process id in it, as terminal programs do (``LCK..ttyACM0``, Filesystem Hierarchy
Standard 5.9). macOS and Windows do not tell.

Two programs that read one port take each other's bytes, and neither is told. Who *serves* a
pseudo-terminal (its other end, ``/dev/ptmx``) often keeps this end open too and reads nothing of
it: that one is no other user.
"""

from __future__ import annotations

import os
import stat
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
        if (device := names.get(target)) is not None and not _serves(pid, target):
            found.setdefault(device, {})[pid] = PortUser(_name_of(pid), pid)
    for target, device in names.items():
        for pid in _lock_owners(Path(target).name):
            found.setdefault(device, {})[pid] = PortUser(_name_of(pid), pid)
    return {device: tuple(users[pid] for pid in sorted(users)) for device, users in found.items()}


def others_at(address: str) -> str:
    """Name who else has the port of this address open; empty where nobody is known to.

    Any address of a transport: also pyserial's URLs with a local port in it.
    """
    port = address.rsplit(" ", 1)[-1].partition("://")
    device = (port[2] or port[0]).partition("?")[0]
    if not device.startswith("/") or not _may_be_a_port(device):
        return ""
    return " and ".join(map(str, port_users([device]).get(device, ())))


def _may_be_a_port(device: str) -> bool:
    """Refuse files, and /dev/null and its like, which everybody has open."""
    try:
        status = os.stat(device)
    except OSError:
        return False
    return stat.S_ISCHR(status.st_mode) and os.major(status.st_rdev) != _MEMORY_DEVICES


_MEMORY_DEVICES = 1
"""Linux's major device number of /dev/null, /dev/zero, /dev/full."""


def _serves(pid: int, target: str) -> bool:
    """Tell whether the process has the other end of this pseudo-terminal."""
    folder, _, number = target.rpartition("/")
    if folder != "/dev/pts":
        return False
    for link in _entries(PROC / str(pid) / "fd"):
        try:
            if not os.readlink(link).endswith("/ptmx"):
                continue
            info = (PROC / str(pid) / "fdinfo" / link.name).read_text("ascii", "replace")
        except OSError:  # closed meanwhile
            continue
        for line in info.splitlines():
            if line.startswith("tty-index:") and line.partition(":")[2].strip() == number:
                return True
    return False


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
