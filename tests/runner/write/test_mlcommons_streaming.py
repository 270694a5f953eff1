"""A streaming session of ours in MLCommons' form, read back: the same figures."""

from __future__ import annotations

import pytest
from support.benches.streaming_runs import run_sww, session_of
from support.cli import document
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.write.mlcommons_streaming import render_streaming

ENERGY = ("--supply-v", "3", "--monitor", "sim:lpm01a")


@pytest.mark.parametrize(("mode", "flags"), [("performance", ()), ("energy", ENERGY)])
def test_it_is_rendered_and_read_back_to_the_same_figures(tmp_path, mode, flags):
    run_sww(tmp_path, *flags, options="miss=2&false=8.9&audio_ppm=-2300", mode=mode)
    session, folder = session_of(tmp_path), tmp_path / "rendered"
    own = judge_any(session)
    folder.mkdir()
    for name, content in render_streaming(session, own):
        whole = content if isinstance(content, bytes) else b"".join(content)
        (folder / name).write_bytes(whole)
    again = judge_any(folder, round_name="v1.3")
    here, there = own.assessment.streaming, again.assessment.streaming
    assert (there.words, there.corrected_words) == (here.words, here.corrected_words)
    assert there.duty.duty_cycle == here.duty.duty_cycle
    assert (again.mode.value, again.truth.windows_s) == (mode, own.truth.windows_s)
    assert again.assessment.facts.rendered
    assert again.assessment.simulated
    log = (folder / "log.txt").read_text(encoding="utf-8")
    session_id = document(session)["provenance"]["session_id"]
    assert f"rendered from journal.txt of session {session_id}" in log
    results = (folder / "results.txt").read_text(encoding="utf-8")
    assert results == (session / "result.txt").read_text(encoding="utf-8")
    assert all(line.strip() in log for line in results.splitlines())
    if mode == "energy":
        (mine,), (theirs,) = own.assessment.energy.windows, again.assessment.energy.windows
        assert theirs.window.energy_j == pytest.approx(mine.window.energy_j, rel=1e-8)
        assert theirs.window.duration_s == pytest.approx(mine.window.duration_s)
    kinds = [one.kind for one in own.assessment.findings]
    assert [one.kind for one in again.assessment.findings] == kinds
