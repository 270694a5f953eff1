"""The commands of the command line, a file each: options in, library called, result shown.

Start with `app`, the table of all commands; they stand in `prepare` (before a run), `measure` and
`judge` (behind it), in the order of a user's work. `show` is what several of them print, `options`
what several of them take.
"""
