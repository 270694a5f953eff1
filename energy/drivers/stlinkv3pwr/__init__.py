"""Operates ST's STLINK-V3PWR on its USB serial port: start with `driver`.

`stream` reads its binary samples without any I/O. Its ASCII samples, and the time stamps between
them, are the LPM01A's: those are read and accounted for by `lpm01a`.
"""
