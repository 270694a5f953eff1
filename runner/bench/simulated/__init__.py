"""The bench without hardware: boards, monitors and their wiring, in this process or served.

Start with `wiring`, which joins a board, an IO manager and a supply on one clock; `device` makes
the board that a `sim:` address names, `monitors` its instrument. `replay` and the `board_in_…`
modules make a board out of a log.
"""
