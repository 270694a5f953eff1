"""The description of a submission: submission.yaml, and the official JSON of each system.

Start with `description`, what a submission.yaml may say; `interview` and `draft` write one,
`placing` finds where sessions belong in it. `system_template` and `system_json` are the official
description of a system.
"""
