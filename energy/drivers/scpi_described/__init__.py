"""Operates any SCPI instrument that is described in YAML.

Start with `description`, what such a file may say; `driver` does what it says, `readings` makes
joules of what the instrument sends.
"""
