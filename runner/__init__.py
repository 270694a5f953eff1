"""The program, in folders in the order in which data flows through it.

A configuration (`config`) and a plan (`script`) meet on a `bench`; `execute` runs the one on the
other and writes the `journal`; `score` makes figures of it, `write` files of the figures,
`submission` a tree of the files; `audit` judges trees, `report` shows sessions, `export` hands
them to other programs. `commands` is the command line. Start with `execute.run`. Each folder
imports only those before it; `terms` and `errors` serve them all.
"""
