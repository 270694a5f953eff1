"""``python -m tinyrunner``: the command line, without the console script."""

from .runner.cli import main

if __name__ == "__main__":
    main()
