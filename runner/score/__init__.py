"""The scoring of a session: from a log to figures and findings, pure, whoever wrote the log.

Start with `judge`, for a session on disk, or `assess`, for a log at hand. `score` turns inferences
into `results` and `energy_score` a trace into joules; `median` and `auc` compute the figures;
`rules` checks results against a round.
"""
