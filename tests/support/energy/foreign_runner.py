"""Somebody else's energy run in some 60 lines: `foreign_runner.py IO_MANAGER LPM01A INPUTS N`.

It is written from the fact sheets alone and imports nothing of tinyrunner. As MLCommons' runner
does, it demands its own command back letter for letter, and knows no event but `event NN ris`. It
prints JSON: the joules and seconds of each window, the number of events, and the scores.
"""

import json
import queue
import re
import sys
import threading

import serial


class Lines(queue.Queue):
    """The lines that come on a port, read by a thread as they come."""

    def __init__(self, url: str, end: bytes) -> None:
        super().__init__()
        self.end, self.samples, self.events = end, [], []
        self.port = serial.serial_for_url(url, baudrate=115200, timeout=0.02)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        rest = b""
        while True:
            *lines, rest = (rest + self.port.read(self.port.in_waiting or 1)).split(b"\n")
            for line in (line.translate(None, b"\r\0").decode() for line in lines):
                if re.fullmatch(r"\d{4}[+-]\d\d", line):
                    self.samples.append(float(f"{line[:4]}e{line[4:]}"))
                elif re.match(r"event \d+ ris", line):
                    self.events.append(len(self.samples))
                elif not line.startswith("TimeStamp"):
                    self.put(line)

    def say(self, text: str, answer: str) -> list[str]:
        self.port.write(text.encode() + self.end)
        return self.until(answer)

    def until(self, answer: str) -> list[str]:
        heard = [self.get(timeout=20)]
        while not heard[-1].startswith(answer):
            heard.append(self.get(timeout=20))
        return heard


def main(io_manager: str, lpm01a: str, inputs: int, iterations: int) -> None:
    monitor, manager = Lines(lpm01a, b"\r\n"), Lines(io_manager, b"%")
    for command in (
        "htc", "powershield", "version", 'lcd 1 "MLPerf Tiny"', 'lcd 2 "     monitor    "',
        "pwr off", "acqtime inf", "trigdelay 0", "trigsrc sw", "eventsrc d7 fal", "output energy",
        "format ascii_dec", "freq 1k", "volt 3000m", 'lcd 2 "           3.0V "', "pwr on nostatus",
        "start",
    ):  # fmt: skip
        monitor.say(command, f"PowerShield > ack {command}")
    manager.until("[dut]: m-ready")  # it boots
    dut = lambda command: manager.say(f"dut {command}", "[dut]: m-ready")  # noqa: E731
    for command in ("name", "profile", "timestamp"):
        dut(command)
    scores = []
    for number in range(inputs):
        data = bytes((number + 7 * at) % 256 for at in range(490))
        dut("db load 490")
        for at in range(0, 490, 28):
            dut(f"db {data[at : at + 28].hex()}")
        scores.append(re.search(r"m-results-\[(.*)\]", "\n".join(dut(f"infer {iterations} 1")))[1])
    monitor.say("stop", "PowerShield > Acquisition completed")
    monitor.say("pwr off", "PowerShield > ack pwr off")
    monitor.say("hrc", "PowerShield > ack hrc")
    edges = monitor.events[-2 * inputs :]
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    joules = [sum(monitor.samples[first:last]) for first, last in spans]
    seconds = [(last - first) / 1000 for first, last in spans]
    told = {"joules": joules, "seconds": seconds, "events": len(monitor.events), "scores": scores}
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
