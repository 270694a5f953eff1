"""The audit of anybody's submission tree: structure, sessions, and the official checker's view.

Start with `audit`, which runs it all, and `findings`, the table of everything that it can find.
`tree` and `structure` look at names and files, `session` judges one mode folder, `consistency`
compares sessions, `official` says what MLCommons' own checker would.
"""
