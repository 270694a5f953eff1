"""What addresses begin with that name something else than a port; importing it costs nothing."""

from __future__ import annotations

USB_SERIAL = "usb:"
"""A USB serial number follows, which stays where a port's name does not."""
BEHIND = "the device behind "
"""The port of a board follows that stands between host and device."""
