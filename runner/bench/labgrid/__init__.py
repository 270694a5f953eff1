"""Takes boards from a labgrid coordinator: acquires a place, finds its serial ports, releases it.

Start reading in `lease`. `client` calls the program `labgrid-client`, `listing` reads what it
prints.
"""
