"""Serves the device on a pty or a TCP port in real time, with the man in the middle before it."""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .device import Device, Step
from .in_the_middle import COMMAND_KINDS, FLOODS, HANG_S, TO, Answer, Middle, commands_in

_POLL_S = 0.02


class Rig:
    """A port that a runner can open; a context manager. ``address`` is what it is opened by."""

    def __init__(self, device: Device, middle: Middle, *, tcp: bool) -> None:
        self.device, self.middle = device, middle
        self._tcp = tcp or sys.platform == "win32"
        self._stop = threading.Event()
        self._came = bytearray()
        """From the host, not yet cut into units."""
        self._arriving: deque[tuple[float, bytes, str]] = deque()
        """For the device: when, what, and its class where its answer is met."""
        self._leaving: deque[tuple[float, bytes]] = deque()
        self._flood = b""
        self._busy_until_s = self._unplugged_until_s = 0.0
        self._connection: socket.socket | None = None
        self._pool = ThreadPoolExecutor(1)

    def __enter__(self) -> Rig:
        if self._tcp:
            self._listening = socket.create_server(("127.0.0.1", 0))
            self.address = f"socket://127.0.0.1:{self._listening.getsockname()[1]}"
        else:
            self._open_terminal()
        self._served = self._pool.submit(self._serve)
        return self

    def _open_terminal(self) -> None:
        import tty

        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.address = os.ttyname(self._slave)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pool.shutdown()
        if self._tcp:
            self._listening.close()
            self._hang_up()
        else:
            os.close(self._master)
            os.close(self._slave)
        self._served.result()  # what went wrong in it

    # ---- the loop ------------------------------------------------------------------------------

    def _serve(self) -> None:
        self._running: Iterator[Step] = iter(())
        self._idle = True
        self._answer: Answer | None = None
        while not self._stop.is_set():
            if self._flood:
                self._send(self._flood)
            self._read()
            self._cut()
            self._work()
            self._write()

    def _wait_s(self) -> float:
        now_s = time.monotonic()
        if self._flood:
            return 0.0
        due = [each[0] for each in (*list(self._arriving)[:1], *list(self._leaving)[:1])]
        if self._busy_until_s > now_s:
            due = [max(each, self._busy_until_s) for each in due] + [self._busy_until_s]
        return max(0.0, min([now_s + _POLL_S, *due]) - now_s)

    def _read(self) -> None:
        ends = [self._port()] if self._port() is not None else [self._listening]
        try:
            ready = select.select(ends, [], [], self._wait_s())[0]
            if not ready:
                return
            if self._tcp and self._connection is None:
                if time.monotonic() >= self._unplugged_until_s:
                    self._connection, _ = self._listening.accept()
                    self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return
            data = (
                self._connection.recv(65536) if self._connection else os.read(self._master, 65536)
            )
        except OSError:
            data = b""
        if not data and self._tcp:
            self._hang_up()
        self._came += data

    def _port(self) -> socket.socket | int | None:
        return self._connection if self._tcp else self._master

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._came.clear()
        self._leaving.clear()

    def _cut(self) -> None:
        """Cut what came into units; the device says what they are, and so it has to be idle."""
        if self._arriving or not self._idle:
            return
        for unit in commands_in(self._came, self.device.block_due):
            kind_of = self.device.kind_of(unit)
            met = self.middle.meets(kind_of)
            kind = self.middle.kind
            if met and (kind in COMMAND_KINDS or kind.endswith(TO)):
                when_s = time.monotonic()
                for after_s, data in self.middle.command(unit):
                    when_s += after_s
                    self._arriving.append((when_s, data, ""))
            else:
                self._arriving.append((time.monotonic(), unit, kind_of if met else ""))

    def _work(self) -> None:
        """Let the device take what has arrived, and say what it says."""
        while time.monotonic() >= self._busy_until_s:
            step = next(self._running, None)
            if step is not None:
                self._do(*step)
                continue
            self._idle = True
            if self._arriving and self._arriving[0][0] <= time.monotonic():
                _, data, kind_of = self._arriving.popleft()
                self._answer = self.middle.answer(kind_of) if kind_of else None
                self._running = self._begun(data, met=bool(kind_of))
                self._idle = False
                continue
            self._answer = None
            self._running = self.device.tick(time.monotonic())
            step = next(self._running, None)
            if step is None:
                return
            self._do(*step)

    def _do(self, what: str, argument: object) -> None:
        if what == "wait":
            self._busy_until_s = time.monotonic() + argument
        elif what == "say":
            end = b"\n" if argument[:6] in (b"Input ", b"Suppli") else b"\r\n"
            line = argument + end
            self._send_later([(0.0, line)] if self._answer is None else self._answer.say(line))
        elif self._answer is not None:
            self._send_later(self._answer.end())
            self._answer = None

    def _send_later(self, pieces: list[tuple[float, bytes]]) -> None:
        when_s = time.monotonic()
        for after_s, data in pieces:
            when_s += after_s
            self._leaving.append((when_s, data))

    def _begun(self, data: bytes, *, met: bool) -> Iterator[Step]:
        """What a command leads to, where the device itself fails in place of it or in it."""
        match self.middle.kind if met else "":
            case "reboot" | "silent reboot" as kind:
                lines = self.device.boot()
                self._answer = None
                if kind == "reboot":
                    return iter([("wait", 0.02), *(("say", line) for line in lines)])
                return iter(())
            case kind if kind in FLOODS:
                self._flood = FLOODS[kind] * (65536 // len(FLOODS[kind]))
            case "hang":
                self._busy_until_s = time.monotonic() + HANG_S
            case "unplug":
                self._unplug()
                return iter(())
        return self.device.feed(data)

    def _unplug(self) -> None:
        """Hang up; nobody can pull a pty's plug and put it back in."""
        assert self._tcp
        self._answer = None
        self._unplugged_until_s = time.monotonic() + 0.3
        self._hang_up()

    def _write(self) -> None:
        """Send what is due, in order: what is late makes late what is behind it."""
        while self._leaving and self._leaving[0][0] <= time.monotonic():
            due_s, data = self._leaving.popleft()
            if self._leaving and self._leaving[0][0] < due_s:
                self._leaving[0] = (due_s, self._leaving[0][1])
            self._send(data)

    def _send(self, data: bytes) -> None:
        until_s = time.monotonic() + 2.0
        while data and time.monotonic() < until_s and not self._stop.is_set():
            port = self._port()
            if port is None:
                return
            try:
                if select.select([], [port], [], 0.1)[1]:
                    sent = port.send(data) if self._connection else os.write(self._master, data)
                    data = data[sent:]
            except BlockingIOError:
                continue
            except OSError:
                if self._tcp:
                    self._hang_up()
                return
