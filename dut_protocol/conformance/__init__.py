"""The check of a firmware port: a list of items, each of them tried on the real device.

Start with `checks`, the table of the items with what each wants; `run` tries them in order on a
device, by way of `probe`, and gives the `report`.
"""
