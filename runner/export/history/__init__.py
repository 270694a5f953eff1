"""The history of sessions over years: rows in a database, trends, change points, and a gate.

Start with `store`, which holds the rows that `export` makes of sessions; `regression` and
`change_points` are the statistics, of plain series of numbers.
"""
