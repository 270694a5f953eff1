"""Finds a port by the USB serial number of what is plugged in there: `usb:SERIAL`.

What a port is called depends on what was plugged in first; the serial number stays. Of a board with
several ports `usb:SERIAL:1` is the second, in the order of their names.
"""

from __future__ import annotations

from difflib import get_close_matches

from serial.tools import list_ports

from ..errors import LinkError, PortAbsent
from .address_words import USB_SERIAL


def port_of(address: str) -> str:
    """Return the port that an address of this kind stands for now; any other as it is.

    PortAbsent where nothing with that serial number is plugged in; LinkError where it is not clear
    which port is meant.
    """
    if not address.startswith(USB_SERIAL):
        return address
    wanted, _, number = address.removeprefix(USB_SERIAL).partition(":")
    ports: dict[str, list[str]] = {}
    for info in sorted(list_ports.comports()):
        if info.serial_number:
            ports.setdefault(info.serial_number.lower(), []).append(info.device)
    found = ports.get(wanted.lower(), [])
    if not found:
        present = ", ".join(f"{USB_SERIAL}{serial}" for serial in ports) or "none"
        near = get_close_matches(wanted.lower(), ports, 1)
        meant = f"; is {USB_SERIAL}{near[0]} meant?" if near else ""
        raise PortAbsent(
            f"{address}: nothing with this USB serial number; present: {present}{meant}"
        )
    if number.isdecimal() and int(number) < len(found):
        return found[int(number)]
    if number or len(found) > 1:
        named = ", ".join(f"{USB_SERIAL}{wanted}:{n} is {port}" for n, port in enumerate(found))
        raise LinkError(f"{address}: which of its ports? {named}")
    return found[0]
