"""The streaming wake word without hardware: an interface board and the device that listens to it.

Start with `interface_board`, MLCommons' board in bytes, which plays a file of its `card` to the
`device` behind it; what the device hears in it is a detector's business: a truth list's here
(`words`), a model's outside. `live` joins both to a host, with a time that passes while they play.
"""
