"""The first thing that anybody runs."""

from __future__ import annotations

import time

from support.bench_cli import document, ended, process, sessions_in


def test_the_demo_runs_in_an_empty_folder_in_under_15_seconds(tmp_path):
    began_s = time.monotonic()
    ran = ended(process("demo", cwd=tmp_path))
    assert time.monotonic() - began_s < 15
    assert ran.status == 0, ran
    assert "Traceback" not in ran.err
    sessions = sessions_in(tmp_path / "tinyrunner-demo")
    modes = {document(session)["provenance"]["mode"] for session in sessions}
    assert {"performance", "accuracy"} <= modes
    for session in sessions:
        assert str(session) in ran.out
        assert document(session)["result"]["valid"] is False  # synthetic inputs
    assert "synthetic demonstration" in ran.out


def test_the_demo_measures_the_same_every_time(tmp_path):
    figures = []
    for name in ("a", "b"):
        ran = ended(process("demo", tmp_path / name))
        assert ran.status == 0, ran
        figures.append([document(session)["result"] for session in sessions_in(tmp_path / name)])
    assert figures[0] == figures[1]
