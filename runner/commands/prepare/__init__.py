"""The commands before a run: find devices, get data sets and models, begin a firmware port.

Each module is a command of its name (`devices`, `datasets`, `models`, `firmware`); `new_port` is
the work behind `firmware new`.
"""
