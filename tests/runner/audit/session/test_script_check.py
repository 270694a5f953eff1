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


_STEPS = ["umount", "mountc dut dut", "dut profile", "version", "dut profile", "dut timestamp"]
_LOGS_BEGINNING = {
    "from version on": 3,
    "behind mounts and profile, without version": 2,
    "from the first step on, without version": 0,
}


def _script_and_log(begin: str, default_ms: int, odd_step: int = 0) -> tuple[str, bytes]:
    """A script of steps without time-outs, and the log of a runner whose default it is."""
    steps = [one for one in _STEPS if one != "version" or begin == "from version on"]
    logged = steps[_LOGS_BEGINNING[begin] + ("behind" in begin) :]
    total = default_ms * len(logged)
    lines = []
    for index, command in enumerate(logged, 1):
        ack = "parser" if command == "version" or "mount" in command else "dut"
        ms = default_ms + (index == odd_step)
        lines.append(
            f"00001.000 sequencer: m-sequencing-i[{index}]-command[{command}]-ack[/{ack}: m-ready/]"
            f"-ms[{ms}]-acc[{default_ms * (index - 1)}]-total_ms[{total}]\n"
        )
    return str([{"cmd": one} for one in steps]), "".join(lines).encode()


@pytest.mark.parametrize("begin", _LOGS_BEGINNING)
@pytest.mark.parametrize("default_ms", [5000, 10_000, 50_000, 50_000_000])
def test_the_default_time_out_is_the_runners_and_the_log_begins_where_it_does(begin, default_ms):
    assert _followed(*_script_and_log(begin, default_ms), 10**9) == []


@pytest.mark.parametrize("odd_step", [1, 2, 3])
def test_one_step_of_another_time_out_is_found(odd_step):
    found = _followed(*_script_and_log("from version on", 10_000, odd_step), 10**9)
    assert found
    assert "10001" in found[0]
