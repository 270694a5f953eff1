"""YAML data: the rounds, and one example configuration per kind of set-up."""
