"""Boards in a process of their own, on ports whose firmware a flash hook swaps.

    python flashed_boards.py serve FOLDER BOARD…
    python flashed_boards.py flash FOLDER BOARD TASK MODE

A board is a serial port `FOLDER/BOARD.dut`, or, with energy firmware, an IO manager
`FOLDER/BOARD.io` and an LPM01A `FOLDER/BOARD.monitor`: pseudo-terminals, which go and come again
with every flash as a board's USB port does. `flash` returns when the new firmware runs; it fails
for a board whose supply is on. `FOLDER/flashed` has a line for each; `FOLDER/BOARD.on` is there
while a monitor powers the board.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

INFERENCE_S = 0.002


@contextmanager
def served_boards(folder: Path, *boards: str) -> Iterator[str]:
    """The boards' process; yields the flash hook of a campaign."""
    words = [sys.executable, __file__, "serve", str(folder), *boards]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout.readline() == b"serving\n"
            yield f"{sys.executable} -SE {__file__} flash {folder} {{board}} {{task}} {{mode}}"
        finally:
            server.terminate()


def addresses(folder: Path, board: str) -> dict[str, object]:
    """The settings of a board's ports; they need no baud rate, for pseudo-terminals have none."""
    return {
        "dut": {"address": f"{folder / board}.dut"},
        "io_manager": {"address": f"{folder / board}.io", "dut_baud_rate": 921600},
        "monitor": {"address": f"lpm01a:{folder / board}.monitor", "supply_v": 3.0},
    }


def flash(folder: str, *words: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(f"{folder}/flash")
        server.sendall(" ".join(words).encode() + b"\n")
        said = server.makefile().readline()
    print(said, end="")
    sys.exit(0 if said.startswith("flashed") else 1)


def serve(folder: Path, *boards: str) -> None:
    there = {name: _Board(folder, name) for name in boards}
    for board in there.values():
        board.flash("kws", "performance")
    with socket.socket(socket.AF_UNIX) as listener, (folder / "flashed").open("a") as flashed:
        listener.bind(f"{folder}/flash")
        listener.listen()
        print("serving", flush=True)
        while True:
            client, _ = listener.accept()
            with client:
                words = client.makefile().readline().split()
                if not words:
                    continue  # a hook that was ended
                said = there[words[0]].flash(*words[1:])
                flashed.write(f"{said} {' '.join(words)}\n")
                flashed.flush()
                with suppress(ConnectionError):  # of a hook that was ended while it flashed
                    client.sendall(f"{said} {' '.join(words)}\n".encode())


class _Board:
    """What is on one board's ports at the moment."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._ports = ExitStack()
        self._on = folder / f"{name}.on"

    def flash(self, task: str, mode: str) -> str:
        if self._on.exists():
            return "refused, the supply is on:"
        self._ports.close()
        self._ports = ExitStack()
        if mode == "energy":
            self._serve_energy(task)
        else:
            self._serve_alone(task)
        return "flashed"

    def _serve_alone(self, task: str) -> None:
        self._serve(_firmware(task), "dut", boot=True)

    def _serve_energy(self, task: str) -> None:
        from tinyrunner.dut_protocol.link.clock import MonotonicClock
        from tinyrunner.runner.bench.simulated.device import SimulatedDevice, SimulatedModel
        from tinyrunner.runner.bench.simulated.monitors import named_monitor, served_instrument
        from tinyrunner.runner.bench.simulated.wiring import Wiring
        from tinyrunner.runner.config.config import IoManagerConfig

        described = SimulatedModel("test", "0" * 64, "none", None, 0, INFERENCE_S)
        clock = MonotonicClock()
        wired = Wiring(
            SimulatedDevice(_firmware(task), described), IoManagerConfig(dut_baud_rate=921600)
        )

        def on_power(on: bool, at_s: float) -> None:
            self._on.touch() if on else self._on.unlink(missing_ok=True)
            wired.on_power(on, at_s)

        at = self._ports.enter_context(
            served_instrument(named_monitor("lpm01a"), wired.power, clock, on_power, None)
        )
        self._link("monitor", at.removeprefix("lpm01a:"))
        self._serve(wired.io_manager, "io", clock, wired.lock)

    def _serve(self, device, ending, clock=None, lock=None, *, boot: bool = False) -> None:
        from tinyrunner.dut_protocol.simulated.serve import DeviceServer, PtyPort

        server, port, stop = DeviceServer(device, clock, lock), PtyPort.open(), threading.Event()
        if boot:
            server.boot()
        self._link(ending, port.address)
        thread = threading.Thread(target=server.run, args=(port, stop), daemon=True)
        thread.start()
        self._ports.callback(port.close)
        self._ports.callback(thread.join)
        self._ports.callback(stop.set)

    def _link(self, ending: str, address: str) -> None:
        path = self._folder / f"{self._name}.{ending}"
        path.symlink_to(address)
        self._ports.callback(path.unlink)


def _firmware(task: str):
    from support.devices.boards import HashModel
    from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
    from tinyrunner.models.suite import ALL_TASKS

    return SimulatedDut(
        HashModel(ALL_TASKS[task]),
        DeviceSettings(baud_rate=0, inference_time_s=INFERENCE_S, extension=True),
    )


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        sys.path.insert(0, str(Path(__file__).parents[2]))
        serve(Path(sys.argv[2]), *sys.argv[3:])
    else:
        flash(*sys.argv[2:])
