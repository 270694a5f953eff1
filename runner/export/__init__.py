"""The export of sessions: rows for tables, and the files that CI and dashboards read.

Start with `rows`, the schema of each kind of row, and `read`, from paths to rows.
"""
