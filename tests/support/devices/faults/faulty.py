"""A transport that loses, damages, doubles, delays or cuts what another one carries.

A fault is a function from the bytes of one direction to what arrives; it counts them itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.link.clock import Clock

Fault = Callable[[bytes], bytes]


def unharmed(data: bytes) -> bytes:
    return data


class _PerByte:
    def __init__(self, change: Callable[[int, int], bytes]) -> None:
        self._change = change
        self.position = 0

    def __call__(self, data: bytes) -> bytes:
        out = bytearray()
        for byte in data:
            out += self._change(self.position, byte)
            self.position += 1
        return bytes(out)


def lose(*positions: int) -> Fault:
    """The k-th bytes (from 0) never arrive."""
    return _PerByte(lambda at, byte: b"" if at in positions else bytes([byte]))


def lose_at_rate(rate: float, seed: int) -> Fault:
    source = random.Random(seed)
    return _PerByte(lambda _, byte: b"" if source.random() < rate else bytes([byte]))


def corrupt(*positions: int, flip: int = 0x01) -> Fault:
    """The k-th bytes arrive with bits flipped."""
    return _PerByte(lambda at, byte: bytes([byte ^ flip if at in positions else byte]))


def duplicate(*positions: int) -> Fault:
    return _PerByte(lambda at, byte: bytes([byte]) * (2 if at in positions else 1))


def cut(position: int) -> Fault:
    """The link dies at the k-th byte."""

    def change(at: int, byte: int) -> bytes:
        if at >= position:
            raise LinkError("the cable was pulled")
        return bytes([byte])

    return _PerByte(change)


class FaultyTransport:
    def __init__(
        self,
        inner,
        *,
        to_device: Fault = unharmed,
        from_device: Fault = unharmed,
        byte_at_a_time: bool = False,
        delay_s: float = 0.0,
        clock: Clock | None = None,
    ) -> None:
        self._inner = inner
        self._to_device = to_device
        self._from_device = from_device
        self._byte_at_a_time = byte_at_a_time
        self._delay_s = delay_s
        self._clock = clock
        self._rest = b""
        self.sent = bytearray()
        """What the host gave."""
        self.arrived = bytearray()
        """What the device got of it."""
        self.address = f"faulty {inner.address}"

    def write(self, data: bytes) -> None:
        self.sent += data
        data = self._to_device(data)
        self.arrived += data
        if self._byte_at_a_time:
            for index in range(len(data)):
                self._inner.write(data[index : index + 1])
        elif data:
            self._inner.write(data)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        if not self._rest:
            data = self._inner.read(max_bytes, timeout_s)
            if data and self._clock is not None:
                self._clock.pause(self._delay_s)
            self._rest = self._from_device(data)
        size = 1 if self._byte_at_a_time else max_bytes
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        self._inner.close()
