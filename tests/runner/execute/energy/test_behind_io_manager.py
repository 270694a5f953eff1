"""Energy runs behind IO managers that keep more or less of a command, and see edges late."""

from __future__ import annotations

import pytest
from support.cli import document, inferences, only_session, tinyrunner
from support.devices.boards import HashModel
from support.energy.bench import Watched
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Run kws in energy mode behind such an IO manager, to its end; the session and what was said.

    The model's scores follow from every byte of the input: so each input arrived as it is.
    """
    watched = Watched(monkeypatch)
    data = write_inputs(tmp_path / "data", KWS)

    def run(io, *arguments):
        ran = tinyrunner(
            "run", "kws", "--mode", "energy", "--dut", "sim:", "--io", io, "--supply-v", "3.0",
            "--datasets", data, "--sessions", tmp_path / "s", "--iterations", "200", *arguments,
        )  # fmt: skip
        assert ran.status == 3, ran
        assert watched.off
        session = only_session(tmp_path / "s")
        scores = [scores for _, _, scores in inferences(session)]
        files = sorted((data / "kws01").glob("*.bin"))[:5]
        true = [HashModel(KWS).infer(file.read_bytes()) for file in files]
        assert scores == [pytest.approx(one, abs=6e-4) for one in true]
        return session, ran

    return run


def log(session):
    return (session / "log.txt").read_text()


@pytest.mark.parametrize(
    ("io", "keeps", "passes", "used"),
    [
        ("sim:?command_chars=40", 40, 16, 16),
        ("sim:", 64, 28, 28),
        ("sim:?command_chars=80", 80, 36, 28),
    ],
)
def test_no_load_fails_whatever_the_io_manager_keeps(io, keeps, passes, used, ran):
    session, shown = ran(io)
    before, _, measured = log(session).partition("sequencer: m-sequencer-start")
    assert "io: m-dut-passthrough(name abcdef" in before
    said = (
        f"m-note[the IO manager keeps {keeps} characters of a command: {passes} data bytes per db"
    )
    assert before.count(said) == 1
    assert "m-note[" not in measured  # a load that failed would be noted
    assert document(session)["provenance"]["link"]["data_bytes_per_db"] == used
    # How late edges may be is told once, with what it means for a window.
    energy = document(session)["result"]["energy"]
    assert energy["trace"]["alignment"]["late_edge_s"] == 1e-3
    within_s = energy["event_uncertainty_s"]
    assert 1e-3 < within_s < 2e-3
    shortest_s = min(window["end_s"] - window["start_s"] for window in energy["windows"])
    told = f"each within {within_s * 1e3:.2f} ms ({within_s / shortest_s:.3%} of a window)"
    assert " ".join(shown.out.split()).count(told) == 1


def test_no_more_is_sent_than_passes_though_more_is_asked_for(ran):
    session, _ = ran("sim:?first_byte_lost=1", "--data-bytes-per-db", 38)
    assert "load failed" not in log(session)
    assert "28 data bytes per db pass in place of 38]" in log(session)
    assert document(session)["provenance"]["link"]["data_bytes_per_db"] == 28
    # Nor does it matter that the IO manager missed the first byte of the banner.
    assert log(session).count("io: [dut]: -timestamp-mode-energy") == 2


@pytest.mark.parametrize("io", ["sim:?keeps=3", "sim:?command_chars=0", "sim:?late_edges=maybe"])
def test_an_io_manager_that_cannot_be_simulated_is_refused(io, tmp_path):
    data = write_inputs(tmp_path / "data", KWS)
    ran = tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", "sim:", "--io", io, "--supply-v", "3.0",
        "--datasets", data, "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "known are command_chars=N" in ran.err
