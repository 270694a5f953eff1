"""Says what an audit came to, to somebody who has a minute or asks about a whole field.

Start with :mod:`.digest`, a screen of it; :mod:`.standings` makes a table of many rounds.
"""
