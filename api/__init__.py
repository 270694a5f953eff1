"""Holds what `import tinyrunner` offers to a script, a notebook or a test: see docs/python.md.

Its names are those of the package itself, which takes them from here when they are asked for:
``measure`` runs and resumes, ``session`` loads and scores, ``tree`` verifies and reports,
``simulated`` serves a device. Start with ``session``: what every other part gives or takes.
"""
