"""Who has a port open: by Linux's /proc, without opening anything."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tinyrunner.dut_protocol.link import port_users as module
from tinyrunner.dut_protocol.link.port_users import PortUser, port_users

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="there is a /proc on Linux only")

HOLDER = "import sys; port = open(sys.argv[1], 'rb'); print('open', flush=True); sys.stdin.read()"


@contextlib.contextmanager
def held_by_a_process(device: str) -> Iterator[int]:
    """Another program has it open; yields its process id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, device], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"open\n"
        yield holder.pid
        holder.stdin.close()


@pytest.fixture
def terminal() -> Iterator[str]:
    import pty

    master, slave = pty.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


@needs_linux
def test_the_process_that_has_it_open_is_named(terminal: str):
    with held_by_a_process(terminal) as pid:
        users = port_users([terminal, "/dev/ttyNONE"])
    assert list(users) == [terminal]
    (user,) = users[terminal]
    assert user.pid == pid
    assert user.name.startswith("python")
    assert str(user) == f"{user.name} (process {pid})"
    assert port_users([terminal]) == {}


@needs_linux
def test_another_name_of_the_port_is_the_same_port(terminal: str, tmp_path: Path):
    link = tmp_path / "usb-board-if00"
    link.symlink_to(terminal)
    with held_by_a_process(terminal) as pid:
        assert [user.pid for user in port_users([str(link)])[str(link)]] == [pid]


@needs_linux
def test_what_this_process_has_open_itself_is_no_other_users(terminal: str):
    assert port_users([terminal]) == {}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch) -> Path:
    """A /proc with one process, 77, and a folder for lock files."""
    (tmp_path / "proc" / "77").mkdir(parents=True)
    (tmp_path / "proc" / "77" / "comm").write_text("minicom\n")
    (tmp_path / "proc" / "self").mkdir()
    (tmp_path / "lock").mkdir()
    monkeypatch.setattr(module, "PROC", tmp_path / "proc")
    monkeypatch.setattr(module, "LOCK_FOLDERS", (tmp_path / "absent", tmp_path / "lock"))
    monkeypatch.setattr(module, "system_tells", lambda: True)
    return tmp_path


def test_a_lock_file_names_a_process_whose_files_may_not_be_seen(machine: Path):
    (machine / "lock" / "LCK..ttyUSB7").write_text("        77 minicom root\n")
    assert port_users(["/dev/ttyUSB7", "/dev/ttyUSB8"]) == {
        "/dev/ttyUSB7": (PortUser("minicom", 77),)
    }


@pytest.mark.parametrize("text", ["        78\n", "", "nobody\n", "\xff\xfe"])
def test_a_lock_file_of_a_process_that_is_gone_holds_nothing(machine: Path, text: str):
    (machine / "lock" / "LCK..ttyUSB7").write_text(text, "latin-1")
    assert port_users(["/dev/ttyUSB7"]) == {}


def test_a_process_that_cannot_be_looked_into_is_passed_over(machine: Path):
    (machine / "proc" / "77" / "fd").write_text("no folder")
    assert port_users(["/dev/ttyUSB7"]) == {}


def test_a_process_without_a_name_is_told_by_its_number(machine: Path):
    (machine / "proc" / "77" / "comm").unlink()
    (machine / "lock" / "LCK..ttyUSB7").write_text("77\n")
    assert str(port_users(["/dev/ttyUSB7"])["/dev/ttyUSB7"][0]) == "a process (process 77)"


def test_a_system_that_does_not_tell_is_not_searched(machine: Path, monkeypatch):
    (machine / "lock" / "LCK..ttyUSB7").write_text("77\n")
    monkeypatch.setattr(module, "system_tells", lambda: False)
    assert port_users(["/dev/ttyUSB7"]) == {}
