"""The printing of results for a person or a program: what several commands show alike.

Each module shows one kind of thing: a `session`, an `audit`, a `check`, `datasets`, the `progress`
of a run.
"""
