"""The bench of the streaming wake word without hardware: board, device, card and monitor wired up.

Start with `wiring`, which joins them on one clock; `address` reads what `sim:sww01?…` wants of
them, `folder` fills the card, and `model` lets the device hear by a model.
"""
