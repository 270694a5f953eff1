"""However a log is cut into blocks, the script is followed to the same findings."""

import pytest
from support.reference import reference_path
from tinyrunner.runner.audit.session.script_check import ScriptFollower

_SESSION = "published/v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/accuracy"


def _followed(script: str, log: bytes, lines_a_block: int) -> list[str]:
    follower = ScriptFollower(script, "script.async", "log.txt")
    lines = log.splitlines(keepends=True)
    for at in range(0, len(lines), lines_a_block):
        follower.scan(b"".join(lines[at : at + lines_a_block]), at, resumed=False)
    return [str(finding) for finding in follower.findings()]


@pytest.mark.parametrize("changed", [b"", b"-command[dut infer 1 0]"])
def test_a_log_in_any_blocks_gives_the_same_findings(changed):
    folder = reference_path(_SESSION)
    script = (folder / "script.async").read_text(encoding="utf-8")
    log = (folder / "log.txt").read_bytes().replace(b"\r\n", b"\n")
    if changed:
        at = log.index(changed, len(log) // 2)
        log = log[:at] + changed.replace(b"infer 1", b"infer 2") + log[at + len(changed) :]
    whole = _followed(script, log, 10**9)
    assert bool(whole) == bool(changed)
    for lines_a_block in (1, 7, 1000):  # the first of one or of seven have no step in them
        assert _followed(script, log, lines_a_block) == whole
