"""The configuration: what the YAML file and the flags say, checked before anything is done.

Start with `config`, the sections and their fields; `settings` is the table of flags, `sim_address`
parses what `sim:` names, `rounds` holds the rules of each round, `custom` a user's own task.
`strict_yaml`, `values` and `explain` read values and explain mistakes.
"""
