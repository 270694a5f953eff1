"""Jetperch's driver as far as it is used, with a simulated board in the instrument's wire.

The topics are the real ones. Messages come in another thread, as the real driver's do, but only
when the test says so (:meth:`FakeJoulescope.advance`).
"""

from __future__ import annotations

import math
import threading

import numpy as np

COUNT_HZ = 2_000_000
PACKET_S = 0.02
LOW_S = 100e-6


class FakeJoulescope:
    """A driver with one instrument, on the bench's clock."""

    def __init__(
        self,
        model,
        clock,
        *,
        path="u/js220/002557",
        external_v=3.0,
        first_id=7_340_000,
        lose=(),
        lag=0,
        unnoticed=(),
    ):
        """``lose``: (signal, packet number) pairs that never arrive; ``lag``: counts by which the
        voltage begins later than the current; ``unnoticed``: packets that are dropped before they
        are counted, so that the next one's sample_id follows the last one's."""
        self.paths = [path]
        self.path = path
        self.published = []
        self.calls = []
        self.external_v = external_v
        self.powered = False
        self.finalized = False
        self.fail_on = ()
        self.silent = False
        self._model = model
        self._clock = clock
        self._first_id = first_id
        self._lose = set(lose)
        self._lag = lag
        self._unnoticed = set(unnoticed)
        self._fs = 0
        self._subscribers = {}
        self._on = set()
        self._started_s = None
        self._packets = 0

    # ---- the driver's interface ----

    def device_paths(self):
        return list(self.paths)

    def open(self, device_prefix, mode=None):
        self.calls.append(("open", device_prefix, mode))

    def close(self, device_prefix):
        self.calls.append(("close", device_prefix))

    def query(self, topic):
        assert topic == f"{self.path}/c/fw/version"
        return 1 << 24 | 2 << 16 | 3

    def finalize(self):
        self.finalized = True

    def publish(self, topic, value):
        assert topic.startswith(self.path + "/")
        topic = topic.removeprefix(self.path + "/")
        if topic in self.fail_on:
            raise TimeoutError(f"publish {topic} timed out")
        self.published.append((topic, value))
        match topic:
            case "h/fs":
                self._fs = value
            case "s/i/range/mode" | "s/i/range/select":
                self.powered = value == "auto"
                now_s = self._clock.now_s()
                self._model.switch(now_s, self.external_v if self.powered else 0.0)
            case "s/v/range/mode":
                assert value == "auto"
            case "s/i/ctrl" | "s/v/ctrl" | "s/gpi/0/ctrl":
                (self._on.add if value else self._on.discard)(topic.removesuffix("/ctrl"))
                if len(self._on) == 3:
                    self._started_s, self._packets = self._clock.now_s(), 0
                if not value:
                    self._started_s = None
            case _:
                raise RuntimeError(f"unknown topic {topic}")

    def subscribe(self, topic, flags, fn):
        assert flags == "pub"
        self._subscribers[topic.removeprefix(self.path + "/").removesuffix("/!data")] = fn

    def unsubscribe(self, topic, fn):
        name = topic.removeprefix(self.path + "/").removesuffix("/!data")
        assert self._subscribers.pop(name) is fn

    # ---- the instrument ----

    def advance(self):
        """Deliver what was sampled up to now, in the driver's own thread."""
        thread = threading.Thread(target=self._deliver)
        thread.start()
        thread.join()

    def _deliver(self):
        if self._started_s is None or self.silent:
            return
        done = math.floor((self._clock.now_s() - self._started_s) / PACKET_S + 1e-6)
        for number in range(self._packets, done):
            if number in self._unnoticed:
                continue
            for signal, message in self._packet(number):
                if (signal, number) not in self._lose and signal in self._subscribers:
                    self._subscribers[signal](f"{self.path}/{signal}/!data", message)
        self._packets = max(done, self._packets)

    def _packet(self, number):
        step = COUNT_HZ // self._fs
        size = round(PACKET_S * self._fs)
        start_s = self._started_s + number * PACKET_S
        bounds_s = start_s + np.arange(size + 1) / self._fs
        watts = np.diff(self._model.energy_j(bounds_s)) * self._fs
        volts = np.full(size, self.external_v if self.powered else 0.0)
        amperes = np.divide(watts, volts, out=np.zeros(size), where=volts > 0)
        counted = number - sum(packet < number for packet in self._unnoticed)
        count = self._first_id + counted * size * step
        late = self._lag // step if number == 0 else 0
        yield "s/i", self._message(amperes.astype(np.float32), count, step)
        yield "s/v", self._message(volts[late:].astype(np.float32), count + late * step, step)
        yield "s/gpi/0", self._message(self._pin(start_s), count, 2)

    def _message(self, data, sample_id, step):
        return {
            "sample_id": sample_id,
            "sample_rate": COUNT_HZ,
            "decimate_factor": step,
            "data": data,
        }

    def _pin(self, start_s):
        """A megahertz of the timestamp pin, 8 samples a byte, the first in the lowest bit."""
        rate_hz = COUNT_HZ // 2
        bits = np.ones(round(PACKET_S * rate_hz), np.uint8)
        for edge_s in self._model.edges_s:
            first = round((edge_s - start_s) * rate_hz)
            bits[max(0, first) : max(0, first + round(LOW_S * rate_hz))] = 0
        return np.packbits(bits, bitorder="little")
