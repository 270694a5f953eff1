"""YAML data that comes with the package: the rounds, and one example for each kind of set-up.

Start with `rounds.yaml`, what each round of MLPerf Tiny asks for, or copy the example that is
nearest to your bench. `instruments` describes SCPI instruments that can be energy monitors.
"""
