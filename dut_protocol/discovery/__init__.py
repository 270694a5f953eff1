"""The search for devices: which serial ports there are, and what is connected to each.

Start with `ports`, which scans them all or finds the one device; it chooses by `usb_ids` which
ports may be opened, and says in a `port_report` what came of each.
"""
