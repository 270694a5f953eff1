"""tinyrunner: an MLPerf Tiny benchmark runner, device harness and simulated bench."""

__version__ = "0.2.0"
