"""Operates a Joulescope by its vendor's package: start with `driver`.

It publishes and subscribes to the topics of `topics` and takes samples by `stream`.
"""
