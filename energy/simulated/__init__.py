"""Energy monitors that exist in bytes only, measuring a modelled board.

Start with `power_model`, what the board draws and when; each instrument (`n6705`, `lpm01a`, `ppk2`)
measures it and speaks the bytes of the real one, over `link` in this process or by `scpi` on a TCP
port.
"""
