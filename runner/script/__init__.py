"""What a run does, step by step: the script, how `script.async` is read and printed, its verbs.

Start with ``script``, a list of steps, and with the table in ``verbs`` of what a step may ask for.
``plan`` and ``energy_plan`` write the scripts of the modes, ``streaming_plan`` those of a streaming
task. Nothing here knows a device.
"""
