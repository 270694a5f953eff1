"""The command line: parse, validate, assemble, run, show; one place for errors and exit status.

0 valid, 1 the run failed, 2 usage or configuration, 3 finished but not valid for submission, 130
interrupted. Results go to stdout, progress and errors to stderr.

This module imports nothing that takes a while: until `main` runs, a Ctrl-C shows a traceback.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the ``tinyrunner`` command."""
    try:
        from .commands.interrupts import leave_at_once

        leave_at_once()
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        os._exit(130)
    import io

    from ..errors import TinyrunnerError
    from .commands.app import app, import_completion, import_help
    from .commands.streams import Unfailing

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a code page without µ must not end a run
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = Unfailing(sys.stderr)
    if not {"-h", "--help"}.isdisjoint(sys.argv) or len(sys.argv) == 1:
        import_help()
    if _COMPLETION in os.environ:
        import_completion()
    try:
        app()  # exits by itself, with 2 for what the option parser refuses
    except (TinyrunnerError, OSError) as error:
        leave_at_once()  # all is in order by now
        _show(error)
        sys.exit(error.exit_status if isinstance(error, TinyrunnerError) else EXIT_FAILED)
    finally:
        leave_at_once()


EXIT_FAILED = 1

_COMPLETION = "_TINYRUNNER_COMPLETE"
"""The variable by which a shell asks what may stand next: `_TINYRUNNER_COMPLETE=source_bash
tinyrunner`."""


def _show(error: Exception) -> None:
    from rich.console import Console

    from .commands.show.failure import show_failure

    show_failure(Console(stderr=True, soft_wrap=True), error)
