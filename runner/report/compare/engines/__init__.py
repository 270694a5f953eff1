"""The comparison of engines: one model, the same inputs, and where the answers differ.

Start with `comparison`, which asks everybody for everything. `host_engines` are those of this
computer, `exported_c` what `firmware export` makes of the model, `boards` answers by a device or by
the log of a session; `tally` counts the differences of two, `inputs` says what is asked.
"""
