"""The speed measurements: `python tests/bench [NAME [ARGUMENT…]]`.

Without a name it is all of them, one after the other: some minutes on a quiet machine. The names
are those of the modules beside this one: `kws_accuracy`, `energy.windows`.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

NAMES = (
    "link.db_command",
    "kws_accuracy",
    "ad_accuracy",
    "log_reading",
    "audit_speed",
    "engine_overhead",
    "builders",
    "energy.windows",
    "energy.streams",
    "link.wire_log",
    "link.speed",
    "ad_extension",
    "start_up",
    "history.speed",
)
"""All but `fault_matrix` and `history.error_rates`, which measure no speed."""


def main() -> int:
    """Run one of them, or each in a process of its own, so that none pays for another's memory."""
    folder = Path(__file__).resolve().parent
    if len(sys.argv) == 1:
        commands = [[sys.executable, str(folder), name] for name in NAMES]
        return max(subprocess.run(command, check=False).returncode for command in commands)
    sys.path.insert(0, str(folder.parent))  # for `support` and `bench`
    del sys.argv[0]
    return importlib.import_module(f"bench.{sys.argv[0]}").main() or 0


if __name__ == "__main__":
    sys.exit(main())
