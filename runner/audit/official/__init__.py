"""MLCommons' own `submission_checker.py`, stated anew: what it would say of a tree.

Start with `checker`, the walk over a tree; `benchmark` is its look at one benchmark, `rules` its
tables and regular expressions for each version, `text` its way of reading files. `summary_csv`
writes the table that it publishes, and `figures` compares that with what the sessions measured.
"""
