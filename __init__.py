"""tinyrunner: an MLPerf Tiny benchmark runner, device harness and simulated bench.

The names in ``__all__`` are the public API, described with examples in docs/python.md. Everything
else in this package is private: it may be renamed, moved or changed in any version.

Importing the package imports nothing else of it; each name is fetched when it is asked for.
"""

TYPE_CHECKING = False
"""As in `typing`, which takes a while to import: a Ctrl-C before `main` runs shows a traceback."""

if TYPE_CHECKING:
    from .api.measure import Progress, Settings, resume, run
    from .api.session import Finding, Result, Session, Trace, Window, load_session, score
    from .api.simulated import simulated_device
    from .api.streaming import Streaming
    from .api.tree import Audit, columns, report, verify
    from .errors import TinyrunnerError
    from .runner.errors import RunStopped

__version__ = "0.2.0"

__all__ = [
    "Audit",
    "Finding",
    "Progress",
    "Result",
    "RunStopped",
    "Session",
    "Settings",
    "Streaming",
    "TinyrunnerError",
    "Trace",
    "Window",
    "columns",
    "load_session",
    "report",
    "resume",
    "run",
    "score",
    "simulated_device",
    "verify",
]

_NAMES_BY_MODULE = {
    "api.measure": ("Progress", "Settings", "resume", "run"),
    "api.session": (
        "Finding", "Result", "Session", "Trace", "Window", "load_session", "score",
    ),
    "api.simulated": ("simulated_device",),
    "api.streaming": ("Streaming",),
    "api.tree": ("Audit", "columns", "report", "verify"),
    "errors": ("TinyrunnerError",),
    "runner.errors": ("RunStopped",),
}  # fmt: skip

if not TYPE_CHECKING:  # a type checker is to know the names above, and no others

    def __getattr__(name: str) -> object:
        for module, names in _NAMES_BY_MODULE.items():
            if name in names:
                from importlib import import_module

                value = getattr(import_module(f".{module}", __name__), name)
                globals()[name] = value
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
