"""The configuration: what the YAML file and the flags say, checked before anything is done.

Start with `config`, the sections and their fields; `settings` is the table of flags, `addresses`
reads what chooses a device (`sim:` too), `rounds` holds the rules of each round, `custom` a user's
own task. `strict_yaml`, `values` and `explain` read values and explain mistakes.
"""
