"""All the speed measurements, one after the other: some minutes on a quiet machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = (
    "db_command",
    "kws_accuracy",
    "ad_accuracy",
    "log_reading",
    "audit_speed",
    "engine_overhead",
    "builders",
    "energy_windows",
    "energy_streams",
    "wire_log",
    "link_speed",
    "ad_extension",
    "start_up",
)


def main() -> int:
    """Each in a process of its own, so that none pays for another's memory."""
    folder = Path(__file__).parent
    commands = [[sys.executable, str(folder / f"{name}.py")] for name in NAMES]
    return max(subprocess.run(command, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
