"""``python -m tinyrunner``: the command line, without the console script."""

from __future__ import annotations

from .runner.commands.cli import main

if __name__ == "__main__":
    main()
