"""Captures of other programs as traces, and traces as tables for other programs.

Start with `read_capture`, which tells a file's kind; `ppk2_file` and `jls_file` read one each.
"""
