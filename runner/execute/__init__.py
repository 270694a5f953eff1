"""One run for every mode: a script's steps are executed on a bench, the journal tells of each.

Start with ``run``, the whole of it from the configuration to the outcome. ``modes`` is what the
modes do differently; ``prepare`` executes the steps before `version`, ``steps`` the numbered ones,
and ``console`` the ones that a person types. ``streaming`` runs the task whose device listens, and
``resume`` is for runs on which something went wrong.
"""
