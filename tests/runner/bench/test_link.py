"""`--pipelining`, `--extension` and `--data-bytes-per-db auto` through the command line."""

from __future__ import annotations

import re

import pytest
from support.cli import document, inferences, only_session, tinyrunner
from support.devices.boards import Fault, board, use_board
from support.devices.broken_devices import NoInputBuffer, device
from tinyrunner.dut_protocol.host.device_record import DeviceRecord, save_record
from tinyrunner.dut_protocol.simulated.device import FIRMWARE_PROFILE, DeviceSettings
from tinyrunner.runner.config.sim_address import parse_simulated
from tinyrunner.runner.errors import SetupError


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def run(tmp_path, *more: object, task: str = "kws", dut: str = "sim:", name: str = "sessions"):
    return tinyrunner(
        "run", task, "--mode", "accuracy", "--dut", dut, "--datasets", "demo", "--limit", 1,
        "--verify-load", "never", "--sessions", tmp_path / name, *more,
    )  # fmt: skip


def provenance(tmp_path, name: str = "sessions"):
    return document(only_session(tmp_path / name))["provenance"]


def log(tmp_path, name: str = "sessions") -> str:
    return (only_session(tmp_path / name) / "log.txt").read_text(encoding="utf-8")


def record(cache, **facts) -> None:
    known = {
        "vendor": "tinyrunner-simulated", "profile": FIRMWARE_PROFILE, "model_id": "kws01",
        "baud_rate": 115200, "data_bytes_per_db": 38, "pipeline_chars": 2048,
        "checked_at": "2026-11-21T12:00:00+00:00", "tool_version": "0",
    }  # fmt: skip
    save_record(DeviceRecord(**known | facts), cache)


def seconds_on_the_wire(text: str) -> float:
    """What the log says that its loads took."""
    return sum(float(took) for took in re.findall(r"Binary load took ([0-9.]+) sec", text))


# ---- data bytes and pipelining -------------------------------------------------------------------


def test_a_device_that_was_never_checked_gets_30_bytes_handshaken(tmp_path):
    assert run(tmp_path).status == 3  # demo inputs
    link = provenance(tmp_path)["link"]
    assert (link["data_bytes_per_db"], link["pipeline_chars"]) == (30, 0)
    assert link["extension"] is None


def test_the_largest_block_is_the_one_that_check_has_found(tmp_path):
    assert tinyrunner("check", "--dut", "sim:kws01", "--quick").status == 0
    assert run(tmp_path).status == 3
    assert provenance(tmp_path)["link"]["data_bytes_per_db"] == 38
    assert "38 data bytes per db, as `tinyrunner check` found" in log(tmp_path)
    assert run(tmp_path, "--data-bytes-per-db", 26, name="told").status == 3
    assert provenance(tmp_path, "told")["link"]["data_bytes_per_db"] == 26


def test_pipelining_is_refused_where_check_has_not_been_run(tmp_path):
    ran = run(tmp_path, "--pipelining")
    assert ran.status == 2, ran
    assert "tinyrunner check --dut sim: --baud-rate 115200" in " ".join(ran.err.split())
    assert "pipelining was asked for" in log(tmp_path).splitlines()[-1]


def test_pipelining_is_refused_where_check_was_run_at_another_speed(tmp_path, cache):
    record(cache, baud_rate=921600)
    assert run(tmp_path, "--pipelining").status == 2


def test_pipelining_is_refused_for_firmware_that_does_not_buffer(tmp_path, cache):
    record(cache, pipeline_chars=0)
    ran = run(tmp_path, "--pipelining")
    assert ran.status == 2, ran
    assert "does not buffer its input" in " ".join(ran.err.split())


def test_pipelining_is_faster_and_scores_the_same(tmp_path):
    assert tinyrunner("check", "--dut", "sim:kws01", "--quick").status == 0
    assert run(tmp_path, name="plain").status == 3
    assert run(tmp_path, "--pipelining", name="fast").status == 3
    assert provenance(tmp_path, "fast")["link"]["pipeline_chars"] == 4096
    assert "characters in flight" in log(tmp_path, "fast")
    fast, plain = (seconds_on_the_wire(log(tmp_path, name)) for name in ("fast", "plain"))
    assert fast < 0.92 * plain
    sessions = [only_session(tmp_path / name) for name in ("plain", "fast")]
    assert inferences(sessions[0]) == inferences(sessions[1])


def test_firmware_that_lost_its_buffering_since_is_run_handshaken_and_noted(
    tmp_path, cache, monkeypatch
):
    record(cache)
    use_board(monkeypatch, device(NoInputBuffer))
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", "demo", "--limit", 5,
        "--sessions", tmp_path / "sessions", "--pipelining",
    )  # fmt: skip
    assert ran.status == 3, ran
    text = log(tmp_path)
    assert text.count("restart 1 of 3") == 2
    assert "from now on each waits for the answer to the one before" in text
    assert len(inferences(only_session(tmp_path / "sessions"))) == 5


def test_a_record_that_cannot_be_read_is_said_once_and_30_bytes_are_used(tmp_path, cache):
    record(cache)
    (file,) = (cache / "checked").glob("*.json")
    file.write_text("{")
    assert run(tmp_path).status == 3
    assert provenance(tmp_path)["link"]["data_bytes_per_db"] == 30
    assert log(tmp_path).count("cannot be read") == 1


def test_a_device_without_a_record_gets_no_note(tmp_path):
    assert run(tmp_path).status == 3
    assert "never checked" not in log(tmp_path)


# ---- the wire extension --------------------------------------------------------------------------


def test_a_device_that_does_not_offer_the_extension_is_refused_it(tmp_path):
    ran = run(tmp_path, "--extension")
    assert ran.status == 2, ran
    assert "does not offer x-tinyrunner-1" in " ".join(ran.err.split())


def test_an_offer_that_came_damaged_is_asked_for_again(tmp_path, monkeypatch):
    class Damaged(Fault):
        offers = 0

        def said(self, line):
            self.offers += b"x-tinyrunner-1" in line
            return line.replace(b"x-tiny", b"x-t\xfeny") if self.offers == 1 else line

    use_board(monkeypatch, board(fault=Damaged(), settings=DeviceSettings(extension=True)))
    ran = run(tmp_path, "--extension")
    assert ran.status == 3, ran
    assert "loads go by the wire extension" in log(tmp_path)


def test_a_device_that_offers_it_is_not_made_use_of_unasked(tmp_path):
    assert run(tmp_path, dut="sim:?extension=1").status == 3
    assert provenance(tmp_path)["link"]["extension"] is None
    assert "x-tinyrunner-1" not in log(tmp_path)


def test_an_ad_file_takes_an_eighth_of_the_wire_time_and_scores_the_same(tmp_path):
    plain = run(tmp_path, task="ad", dut="sim:?inference_ms=0", name="plain")
    fast = run(
        tmp_path, "--extension", task="ad", dut="sim:?inference_ms=0&extension=1", name="fast"
    )
    assert (plain.status, fast.status) == (3, 3), (plain, fast)
    link = provenance(tmp_path, "fast")["link"]
    assert link["extension"] == "x-tinyrunner-1"
    assert link["extension_offer"] == "bin=512 b64 shift timeout-ms=500"
    text = log(tmp_path, "fast")
    assert "loads go by the wire extension x-tinyrunner-1" in text
    assert "windows shifted by 512 bytes" in text
    sessions = [only_session(tmp_path / name) for name in ("plain", "fast")]
    assert inferences(sessions[0]) == inferences(sessions[1])
    assert len(inferences(sessions[0])) == 196
    took = [last_stamp(log(tmp_path, name)) for name in ("plain", "fast")]
    assert took[0] >= 8 * took[1]


def last_stamp(text: str) -> float:
    return float(text.splitlines()[-1].split()[0])


def test_a_session_is_not_continued_with_the_extension_when_it_began_without(tmp_path):
    address = "sim:?extension=1"
    assert run(tmp_path, dut=address).status == 3
    session = only_session(tmp_path / "sessions")
    ran = tinyrunner("run", "--resume", session, "--extension")
    assert ran.status == 2, ran
    assert "the wire extension: the session has None" in ran.err


@pytest.mark.parametrize("flag", ["--pipelining", "--extension"])
def test_energy_mode_has_neither(tmp_path, flag: str):
    ran = tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", "sim:", "--datasets", "demo",
        "--supply-v", 3.0, "--sessions", tmp_path / "sessions", flag,
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "IO manager" in ran.err


def test_the_simulated_device_has_it_when_its_address_says_so():
    assert parse_simulated("sim:ad01?extension=1")[1].extension
    assert not parse_simulated("sim:ad01?extension=0")[1].extension
    with pytest.raises(SetupError, match="expected 0 or 1"):
        parse_simulated("sim:ad01?extension=yes")
