"""Operates the Nordic PPK2 on its serial port: start with `driver`.

`stream` decodes its samples without any I/O.
"""
