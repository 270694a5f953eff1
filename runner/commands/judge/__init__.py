"""The commands behind a run: score a session, compare and report, build and verify a submission.

Each module is a command of its name; start with `score`, the shortest.
"""
