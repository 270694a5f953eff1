"""A real labgrid on loopback: a coordinator, two exporters with ser2net, six simulated boards.

It wants `$LABGRID_BIN`, the folder of labgrid's programs, in an environment of its own; `.ci/run`
makes one. Without it, or without ser2net, these tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.devices.flashed_boards import served_boards

BIN = os.environ.get("LABGRID_BIN")
EXPORTERS = {"near": ("b1", "b2", "b3"), "far": ("b4", "b5", "b6")}
PATIENCE_S = 60.0


class Lab:
    """The lab's processes; `hook` flashes the board at a place."""

    def __init__(self, folder: Path, hook: str) -> None:
        assert BIN is not None
        self.folder, self.hook = folder, hook
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.coordinator = f"127.0.0.1:{free.getsockname()[1]}"
        self.environment = os.environ | {
            "LG_COORDINATOR": self.coordinator,
            "LG_HOSTNAME": "desk",
            "LG_USERNAME": "ada",
            "TINYRUNNER_LABGRID_CLIENT": f"{BIN}/labgrid-client",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}

        self.power_cycle = f"{BIN}/labgrid-client -p {{place}} power --delay 0.1 cycle"
        self.switched: list[str] = []
        """What the switched sockets were told: a board's name, and 1 for on."""
        self._sockets = ThreadingHTTPServer(("127.0.0.1", 0), _sockets(self.switched))
        self._socket = "http://{}:{}".format(*self._sockets.server_address)
        threading.Thread(target=self._sockets.serve_forever, daemon=True).start()

    def start(self, name: str) -> None:
        """Start the coordinator, or an exporter with its three boards."""
        words = ["labgrid-coordinator", "-l", self.coordinator]
        if name in EXPORTERS:
            power = {
                "cls": "NetworkPowerPort",
                "model": "rest",
                "host": f"{self._socket}/{{index}}",
            }
            parts = {
                board: {
                    "dut": {"cls": "RawSerialPort", "port": f"{self.folder}/{board}.dut"},
                    "power": power | {"index": int(board[1:])},
                }
                for board in EXPORTERS[name]
            }
            file = self.folder / f"{name}.yaml"
            file.write_text(json.dumps(parts))
            words = ["labgrid-exporter", "-n", name, "--hostname", "127.0.0.1", str(file)]
        log = (self.folder / f"{name}.log").open("ab")
        self._running[name] = subprocess.Popen(
            [f"{BIN}/{words[0]}", *words[1:]], cwd=self.folder, env=self.environment,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip

    def kill(self, name: str) -> None:
        """Let a host vanish: its exporter, and the ser2net that this has started."""
        running = self._running.pop(name)
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()

    def client(self, *words: str, user: str = "ada") -> str:
        """What labgrid-client prints."""
        return subprocess.run(
            [f"{BIN}/labgrid-client", *words], env=self.environment | {"LG_USERNAME": user},
            capture_output=True, text=True, check=True, timeout=PATIENCE_S,
        ).stdout  # fmt: skip

    def eventually(self, happened: Callable[[], object], what: str) -> None:
        until_s = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < until_s, f"{what} did not happen in {PATIENCE_S} s"
            time.sleep(0.2)

    def set_up(self) -> None:
        """Start all, with a place for each board, as the coordinator keeps them in its folder."""
        places = {
            board: {
                "matches": [{"exporter": name, "group": board, "cls": "*"}],
                "tags": {"board": "h7", "host": name},
            }
            for name, boards in EXPORTERS.items()
            for board in boards
        }
        (self.folder / "places.yaml").write_text(json.dumps(places))
        self.start("coordinator")
        self.eventually(lambda: "listening" in (self.folder / "coordinator.log").read_text(), "it")
        for name in EXPORTERS:
            self.start(name)
        self.eventually(lambda: self.client("resources").count("Serial") == 6, "six ports")

    def tear_down(self) -> None:
        self._sockets.shutdown()
        self._sockets.server_close()
        for name in list(self._running):
            self.kill(name)


def _sockets(switched: list[str]) -> type[BaseHTTPRequestHandler]:
    """Switched sockets, as labgrid's power driver `rest` tells them to be on and off."""

    class Sockets(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            said = self.rfile.read(int(self.headers["Content-Length"])).decode()
            switched.append(f"b{self.path.removeprefix('/')} {said}")
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Sockets


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    if BIN is None or shutil.which("ser2net", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        if os.environ.get("TINYRUNNER_NEEDS_LABGRID"):
            pytest.fail("labgrid or ser2net is missing")
        pytest.skip("needs $LABGRID_BIN, the folder of labgrid's programs, and ser2net")
    # Labgrid exports what is called /dev/… alone.
    folder = Path(tempfile.mkdtemp(prefix="tr", dir="/dev/shm"))
    boards = [board for each in EXPORTERS.values() for board in each]
    with served_boards(folder, *boards) as hook:
        own = Lab(folder, hook.replace("{board}", "{place}"))
        try:
            own.set_up()
            yield own
        finally:
            own.tear_down()
            shutil.rmtree(folder)
