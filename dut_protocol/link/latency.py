"""The latency timer of USB serial adapters: how long they keep an answer back for more to come.

FTDI's chips wait 16 ms unless told otherwise, longer than a whole handshake takes on the wire: at
921600 baud a command of 30 data bytes needs 0.8 ms. Linux lets the port's user shorten it to 1 ms
(the flag ASYNC_LOW_LATENCY, which its driver takes for that), and shows it under /sys; elsewhere it
is a matter of the driver's own settings. Boards with USB of their own (ttyACM) have no such timer.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from serial.tools import list_ports

from .transport import PosixSerialTransport, Transport

DEVICES = Path("/sys/bus/usb-serial/devices")

SHORTEST_MS = 1

_FTDI_VENDOR_ID = 0x0403

_HOW = {
    "win32": (
        "in the Device Manager, under the port's properties, Port Settings, Advanced, set its "
        "Latency Timer to 1 ms"
    ),
    "darwin": "macOS's own driver has no setting for it; a board's own USB port has no such timer",
}


def shorten_latency(
    transport: Transport, address: str, devices: Path = DEVICES, platform: str = sys.platform
) -> str | None:
    """Set a port's latency timer to 1 ms where the platform lets us.

    Returns what was changed or what is to be done; None where there is nothing to say.
    """
    if "://" in address:
        return None
    if platform != "linux":
        how = _HOW.get(platform)
        if how is None or not _is_ftdi(address):
            return None
        return f"{address} is an FTDI adapter, which keeps answers back for up to 16 ms: {how}"
    timer = devices / Path(address).resolve().name / "latency_timer"
    before_ms = _read_ms(timer)
    if before_ms is None or before_ms <= SHORTEST_MS:
        return None
    if isinstance(transport, PosixSerialTransport):
        transport.ask_for_low_latency()
    if _read_ms(timer) != SHORTEST_MS:
        with suppress(OSError):  # root's alone on most systems; told below
            timer.write_text(f"{SHORTEST_MS}\n", encoding="ascii")
    after_ms = _read_ms(timer)
    if after_ms == SHORTEST_MS:
        return (
            f"latency timer of {address} set from {before_ms} ms to {after_ms} ms, until the "
            "adapter is unplugged"
        )
    return (
        f"{address} keeps answers back for up to {before_ms} ms (its USB adapter's latency timer), "
        f"which could not be changed; try `echo 1 | sudo tee {timer}`"
    )


def _read_ms(timer: Path) -> int | None:
    """Read a port's latency timer; None for a port that has no such timer."""
    try:
        return int(timer.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _is_ftdi(address: str) -> bool:
    return any(
        info.device == address and info.vid == _FTDI_VENDOR_ID for info in list_ports.comports()
    )
