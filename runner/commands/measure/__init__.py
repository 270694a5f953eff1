"""The commands that measure, on a device or a simulated one.

Each module is a command of its name; start with `run`. `check` tests a port of the firmware,
`console` talks by hand, `demo` runs everything, `simulate` serves simulated instruments to others.
"""
