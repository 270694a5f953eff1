"""The comparison of two sets of sessions, each difference with its uncertainty.

Start with `comparison`, which pairs the sessions; `measures` is what is compared of a pair,
`statistics` whether a difference is more than chance. `engines/` compares answers instead: of the
engines of one model.
"""
