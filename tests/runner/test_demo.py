"""The first thing that anybody runs."""

from __future__ import annotations

from itertools import product

from support.bench_cli import document, ended, process, sessions_in


def test_the_demo_runs_all_tasks_in_an_empty_folder(tmp_path):
    ran = ended(process("demo", cwd=tmp_path))
    assert ran.status == 0, ran
    assert "Traceback" not in ran.err
    sessions = sessions_in(tmp_path / "tinyrunner-demo")
    found = {
        (document(session)["provenance"]["task"], document(session)["provenance"]["mode"])
        for session in sessions
    }
    assert found == set(product(("vww", "ic", "kws", "ad"), ("performance", "accuracy", "energy")))
    for session in sessions:
        assert session.name in ran.out
        findings = document(session)["result"]["findings"]
        assert [finding["kind"] for finding in findings] == ["synthetic data"]
        assert document(session)["result"]["valid"] is False  # synthetic inputs
    assert "synthetic demonstration" in ran.out


def test_the_demo_measures_the_same_every_time(tmp_path):
    figures = []
    for name in ("a", "b"):
        ran = ended(process("demo", tmp_path / name))
        assert ran.status == 0, ran
        figures.append([document(session)["result"] for session in sessions_in(tmp_path / name)])
    assert figures[0] == figures[1]
