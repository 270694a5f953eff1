"""Plays `labgrid-client` from a recording of the real one; makes one where RECORD names that.

A recording is a list of calls in order, a line of JSON each: the scenario it is of, the words, what
was printed on stdout and on stderr, the exit status. What is asked once more gets the same answer;
what is asked otherwise than it was then is refused with status 99.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main() -> int:
    scenario, recording = os.environ["LABGRID_SCENARIO"], Path(os.environ["LABGRID_RECORDING"])
    words = sys.argv[1:]
    if real := os.environ.get("RECORD"):
        done = subprocess.run([real, *words], capture_output=True, text=True, check=False)
        call = {"scenario": scenario, "words": words, "out": done.stdout, "err": done.stderr,
                "status": done.returncode}  # fmt: skip
        with recording.open("a") as file:
            file.write(json.dumps(call) + "\n")
    else:
        cursor = Path(os.environ["LABGRID_CURSOR"])
        done_before = int(cursor.read_text()) if cursor.exists() else 0
        calls = [json.loads(line) for line in recording.read_text().splitlines()]
        calls = [call for call in calls if call["scenario"] == scenario]
        before, left = calls[:done_before], calls[done_before:]
        if left and left[0]["words"] == words:
            cursor.write_text(str(done_before + 1))
        elif before and before[-1]["words"] == words:
            left = before[-1:]
        else:
            print(f"Error: {words} was not asked in {scenario}: {left[:1]}", file=sys.stderr)
            return 99
        call = left[0]
    sys.stdout.write(call["out"])
    sys.stderr.write(call["err"])
    return int(call["status"])


if __name__ == "__main__":
    raise SystemExit(main())
