"""The command line: parse, validate, assemble, run, show; one place for errors and exit status.

0 good for what was asked, 1 the run failed, 2 usage or configuration, 3 finished but not good for
it, 4 a supply may be on, 130 interrupted. Results go to stdout, progress and errors to stderr. What
nobody has thought of is a defect of ours and said to be one; its traceback goes to a file.

This module imports nothing that takes a while: until `main` runs, a Ctrl-C shows a traceback.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the ``tinyrunner`` command."""
    try:
        from .interrupts import hear_nothing, leave_at_once

        # What is served ends in no other way: it is heard from here on, not from when it is served.
        leave_at_once(even_if_ignored=sys.argv[1:2] == ["simulate"])
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr, flush=True)
        os._exit(130)
    import atexit
    import io

    from ...errors import EXIT_SUPPLY_MAY_BE_ON, TinyrunnerError
    from .app import COMPLETION_VARIABLE, app, import_completion
    from .streams import Named, Unfailing

    # Where Python takes itself apart, a signal would end it the system's way, with another status.
    # Registered first, this is called last: until all threads have ended a signal is heard.
    atexit.unregister(hear_nothing)
    atexit.register(hear_nothing)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a code page without µ must not end a run
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = Named(sys.stdout, "stdout")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = Unfailing(sys.stderr)
    if COMPLETION_VARIABLE in os.environ:
        import_completion()
    status: object = 0
    try:
        status = app(standalone_mode=False, prog_name="tinyrunner")
    except (TinyrunnerError, OSError) as error:
        leave_at_once()  # all is in order by now
        status = error.exit_status if isinstance(error, TinyrunnerError) else EXIT_FAILED
        if status == EXIT_SUPPLY_MAY_BE_ON:
            hear_nothing()
        _show(error)
        sys.exit(status)
    except Exception as error:  # noqa: BLE001 - the last place at which it can be told
        leave_at_once()
        sys.exit(_show_other(error))
    finally:
        leave_at_once()
    sys.exit(status if isinstance(status, int) else 0)


EXIT_FAILED = 1
EXIT_USAGE = 2


def _show(error: Exception) -> None:
    from rich.console import Console

    from .show import failure

    failure.show_failure(Console(stderr=True, soft_wrap=True), error)


def _show_other(error: Exception) -> int:
    """Show what is none of our errors; return the exit status that goes with it."""
    import typer
    from rich.console import Console

    from .interrupts import EXIT_INTERRUPTED, INTERRUPTED
    from .show import failure

    if isinstance(error, typer.Abort):  # Ctrl-C or Ctrl-D where a question was asked
        print(INTERRUPTED, file=sys.stderr, flush=True)
        return EXIT_INTERRUPTED
    console = Console(stderr=True, soft_wrap=True)
    if not failure.is_of_the_parser(error):
        failure.show_defect(console, error)
        return EXIT_FAILED
    failure.show_usage(console, error)
    return EXIT_USAGE
