"""The audit of one mode folder, its findings, and the most memory that the process took.

python audit_peak.py ROOT FOLDER ROUND
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.benches.peak_memory import peak_bytes
from support.sessions.audited import OneSession, official_lists


def main() -> None:
    root, folder, round_name = sys.argv[1:]
    audit = OneSession(Path(root), Path(folder), round_name).audit(official_lists())
    print(peak_bytes())
    for one in audit.findings:
        print(one.severity.value, "|", one.rule.title, "|", one.place, "|", one.found)


main()
