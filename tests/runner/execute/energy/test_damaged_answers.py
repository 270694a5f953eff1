"""Behind an IO manager lines come damaged, and nothing can be inferred anew: the edges count."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from support.cli import inferences, only_session, tinyrunner
from support.energy.bench import Watched, true_energies_j
from support.inputs import write_inputs
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.models.suite import AD, IC, KWS, VWW, Task

Damage = Callable[[list[bytes]], list[bytes]]


def glued(lines: list[bytes]) -> list[bytes]:
    """The end of the inferences and the scores in one line, with noise between, as seen."""
    made: list[bytes] = []
    for line in lines:
        if line.startswith(b"m-results-[") and made and made[-1] == b"m-infer-done":
            line = made.pop() + b"rG\x0eI" + line[len(b"m-results-") :]
        made.append(line)
    return made


def replaced(start: bytes, by: bytes | None) -> Damage:
    return lambda lines: [
        line if not line.startswith(start) else by for line in lines
        if by is not None or not line.startswith(start)
    ]  # fmt: skip


DAMAGE: dict[str, Damage] = {
    "end and scores glued": glued,
    "scores cut": replaced(b"m-results-[", b"m-results-[0.1"),
    "scores with noise": replaced(b"m-results-[", b"m-results-[0.1\xff,0.2]"),
    "scores gone": replaced(b"m-results-[", None),
    "end cut": replaced(b"m-infer-done", b"m-infer-d"),
    "end gone": replaced(b"m-infer-done", None),
    "warm-ups overwritten": replaced(b"m-warmup-start", b"th_load starting at 1\x0bNFr|pm-w"),
    "warm-ups gone": replaced(b"m-warmup-start", None),
    "start cut": replaced(b"m-infer-start", b"m-infer-st"),
}


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Run energy mode with every `infer`'s answer damaged; what was reported, and the bench."""

    def run(damage: Damage, task: Task = KWS, every: int = 1):
        watched = Watched(monkeypatch)
        forward = SimulatedIoManager.forward
        answers = 0

        def damaged(self) -> None:
            nonlocal answers
            said = list(self.device.outgoing)
            lines = [line for _, data in said for line in data.splitlines()]
            if any(line.startswith(b"m-infer-start") for line in lines):
                answers += 1
                if answers % every == 0:
                    self.device.outgoing.clear()
                    last_s, kept = said[-1][0], damage(lines)
                    ends = [when for when, data in said for _ in data.splitlines()]
                    ends += [last_s] * (len(kept) - len(ends))
                    self.device.outgoing.extend(
                        (when, line + b"\r\n") for when, line in zip(ends, kept, strict=False)
                    )
            forward(self)

        monkeypatch.setattr(SimulatedIoManager, "forward", damaged)
        data = write_inputs(tmp_path / "data", task, 5)
        ran = tinyrunner(
            "run", task.key, "--mode", "energy", "--datasets", data, "--sessions", tmp_path / "s",
            "--dut", "sim:", "--supply-v", "3.0", "--iterations", "200", "--json",
        )  # fmt: skip
        assert watched.off
        return ran, watched.bench

    return run


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_a_window_whose_ready_and_edges_are_there_is_measured(damage, measured, tmp_path):
    ran, bench = measured(damage)
    assert ran.status == 3, ran
    windows = ran.json["energy"]["windows"]
    assert [window["energy_j"] for window in windows] == pytest.approx(true_energies_j(bench), 0.01)
    session = only_session(tmp_path / "s")
    noted = [line for line in (session / "log.txt").read_text().splitlines() if "m-note[" in line]
    assert noted, ran.err
    assert all(len(scores) == KWS.score_count for _, _, scores in inferences(session)), noted
    assert not any("scores" in finding["kind"] for finding in ran.json["findings"])
    again = tinyrunner("score", session, "--json").json
    assert again["energy"]["windows"] == windows


@pytest.mark.parametrize(
    "task", [AD, *(pytest.param(task, marks=pytest.mark.slow) for task in (VWW, IC))]
)
def test_so_it_is_for_every_task_and_where_only_some_answers_are_damaged(task, measured, tmp_path):
    ran, _ = measured(glued, task, every=2)
    assert len(ran.json["energy"]["windows"]) == 5
    asked = (only_session(tmp_path / "s") / "log.txt").read_text().count("asked for again")
    assert 2 <= asked <= 3


def test_scores_that_stay_damaged_are_a_finding(measured, monkeypatch, tmp_path):
    from tinyrunner.dut_protocol.simulated.device import SimulatedDut

    execute = SimulatedDut.execute

    def forgetful(self, command: bytes) -> None:
        execute(self, b"reslts" if command == b"results" else command)

    monkeypatch.setattr(SimulatedDut, "execute", forgetful)
    ran, _ = measured(DAMAGE["scores gone"])
    assert ran.status == 3, ran
    assert len(ran.json["energy"]["windows"]) == 5
    texts = [f["text"] for f in ran.json["findings"] if f["kind"] == "scores unreadable"]
    assert len(texts) == 1
    assert re.match(r"window 2, 4, 6, 8, 10: no whole m-results came", texts[0])


def test_an_input_of_a_wrong_size_is_still_no_measurement(measured):
    mismatch = b"Input db has 12 elemented, expected 490"
    ran, _ = measured(lambda lines: [mismatch, *lines])
    assert ran.status == 1
    assert "the input before this one" in " ".join(ran.err.split())
