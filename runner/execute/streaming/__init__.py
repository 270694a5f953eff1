"""A run of a streaming task: one recording is played to a listening device, from end to end.

Start with `run`; `recording` is what is played and which words are in it.
"""
