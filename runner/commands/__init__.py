"""The commands of the command line, a file each: options in, library called, result shown.

The program begins in `cli`; `app` is the table of all commands. They stand in `prepare` (before a
run), `measure` and `judge` (behind it), in the order of a user's work. `show` is what several of
them print, `options` what several of them take.
"""
