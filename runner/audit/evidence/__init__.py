"""Holds what an audit looks at and what comes of it: start with ``tree.py``.

``tree.py`` lists the files of a tree and the sessions in it, ``findings.py`` says what a finding is
and which rules there are, ``audit_result.py`` what an audit as a whole has found.
"""
