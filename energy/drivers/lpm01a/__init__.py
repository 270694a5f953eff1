"""Operates the X-NUCLEO-LPM01A on its serial port: start with `driver`.

`stream` reads what it sends without any I/O, `account` counts its samples against its time stamps.
"""
