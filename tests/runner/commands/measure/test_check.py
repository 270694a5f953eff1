"""`tinyrunner check` as a person or a CI job runs it: in process, over a pty, over TCP."""

from __future__ import annotations

import socket
from xml.etree import ElementTree

import pytest
from support.cli import Ran, tinyrunner
from support.devices import broken_devices as broken
from support.devices.boards import PTY, HashModel, served, use_board
from support.devices.broken_devices import device
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.host.device_record import look_up
from tinyrunner.dut_protocol.host.dut import Identity
from tinyrunner.dut_protocol.simulated.device import FIRMWARE_PROFILE, DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.models.suite import KWS


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def verdicts(ran: Ran) -> dict[str, str]:
    return {item["key"]: item["verdict"] for item in ran.json["items"]}


@pytest.mark.parametrize("model_id", ["vww01", "ic01", "kws01", "ad01"])
def test_the_simulated_device_passes_with_its_real_model(model_id: str):
    ran = tinyrunner("check", "--dut", f"sim:{model_id}", "--json", "--risky")
    assert ran.status == 0, ran
    assert ran.json["passed"] is True
    assert ran.json["identity"]["model_id"] == model_id
    assert set(verdicts(ran).values()) == {"pass", "skipped"}


def test_a_person_gets_a_line_an_item_and_a_verdict():
    ran = tinyrunner("check", "--dut", "sim:kws01")
    assert ran.status == 0, ran
    lines = ran.out.splitlines()
    assert "tinyrunner-simulated, kws01" in lines[0]
    assert any("skipped" in line and "--risky" in line for line in lines)
    assert any("pass" in line and "4096 characters" in line for line in lines)
    assert "conforms" in lines[-1]


def test_reports_for_the_firmware_team_are_written_beside_it_and_over_nothing(tmp_path):
    files = {name: tmp_path / f"check.{name}" for name in ("html", "markdown", "junit")}
    flags = [word for name, file in files.items() for word in (f"--{name}", file)]
    assert tinyrunner("check", "--dut", "sim:kws01", "--quick", *flags).status == 0
    assert "conforms: " in files["html"].read_text()
    assert "| pass | boot banner |" in files["markdown"].read_text()
    suite = ElementTree.parse(files["junit"]).getroot()[0]
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    for flag, file, said in (
        ("--junit", files["junit"], "exists; name another file"),
        ("--html", tmp_path / "no" / "a.html", "there is no folder"),
    ):
        ran = tinyrunner("check", "--dut", "sim:kws01", "--quick", flag, file)
        assert ran.status == 2, ran
        assert said in ran.err
        assert ran.out == "", "nothing was asked"


def test_a_failing_item_makes_status_3_and_says_what_to_do(monkeypatch):
    use_board(monkeypatch, device(broken.WarmupInside))
    ran = tinyrunner("check", "--dut", "sim:")
    assert ran.status == 3, ran
    assert "take the first time stamp after the warm-ups" in ran.out
    assert "does not conform" in ran.out


def test_warnings_alone_are_status_0(monkeypatch):
    use_board(monkeypatch, device(broken.NoDbPrint))
    ran = tinyrunner("check", "--dut", "sim:")
    assert ran.status == 0, ran
    assert "warn" in ran.out


def test_a_silent_device_is_status_1(monkeypatch):
    class Silent(broken.SlowPath):
        def receive(self, data, start_s):
            pass

    use_board(monkeypatch, device(Silent))
    ran = tinyrunner("check", "--dut", "sim:")
    assert ran.status == 1, ran
    assert "no answer to name%" in ran.err


def test_a_port_that_is_not_there_is_status_1_and_no_device_at_all_is_status_2():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    ran = tinyrunner("check", "--dut", f"socket://127.0.0.1:{port}")
    assert ran.status == 1, ran
    assert "cannot connect" in ran.err
    ran = tinyrunner("check")
    assert ran.status == 2, ran
    assert "--dut" in ran.err


def test_a_link_that_dies_half_way_leaves_a_report(monkeypatch):
    class Unplugged(broken.SlowPath):
        def receive(self, data, start_s):
            self._gone = getattr(self, "_gone", False) or data.startswith(b"infer")
            if self._gone:
                raise LinkError("the cable was pulled")
            super().receive(data, start_s)

    use_board(monkeypatch, device(Unplugged))
    ran = tinyrunner("check", "--dut", "sim:", "--json")
    assert ran.status == 3, ran
    assert verdicts(ran)["load-done"] == "pass"
    assert verdicts(ran)["input-size"] == "fail"
    assert verdicts(ran)["infer-lines"] == "not run"
    assert verdicts(ran)["line-ends"] == "pass"


def test_what_the_firmware_should_be_can_be_said():
    ran = tinyrunner("check", "--dut", "sim:kws01", "--task", "ic", "--json")
    assert ran.status == 3
    assert verdicts(ran)["model"] == "fail"
    assert verdicts(ran)["input-size"] == "fail"
    advice = next(item["advice"] for item in ran.json["items"] if item["key"] == "model")
    assert advice.startswith("if that is so, check it with --task kws")


def test_what_a_streaming_task_alone_has_is_not_asked():
    ran = tinyrunner("check", "--dut", "sim:sww01", "--task", "sww")
    assert ran.status == 2
    assert "without --task its firmware is asked what it has in common" in ran.err


# ---- what is kept --------------------------------------------------------------------------------


def identity(model_id: str = "kws01", vendor: str = "tinyrunner-simulated") -> Identity:
    return Identity(vendor, FIRMWARE_PROFILE, model_id, None)


def test_what_the_device_can_do_is_kept_for_later_runs(cache):
    ran = tinyrunner("check", "--dut", "sim:kws01?baud=921600", "--baud-rate", "921600", "--json")
    assert ran.json["saved"].startswith(str(cache))
    record = look_up(identity(), 921600, cache).record
    assert record is not None
    assert (record.data_bytes_per_db, record.pipeline_chars) == (38, 4096)
    assert look_up(identity(), 115200, cache).record is None


def test_no_save_keeps_nothing(cache):
    ran = tinyrunner("check", "--dut", "sim:kws01", "--no-save", "--json")
    assert ran.json["saved"] is None
    assert not cache.exists()


def test_a_device_without_a_buffer_is_kept_with_a_credit_of_nothing(monkeypatch, cache):
    use_board(monkeypatch, device(broken.NoInputBuffer))
    assert tinyrunner("check", "--dut", "sim:").status == 3
    record = look_up(identity(), 115200, cache).record
    assert record is not None
    assert record.pipeline_chars == 0


def test_a_device_whose_loads_cannot_be_trusted_is_not_kept(monkeypatch, cache):
    use_board(monkeypatch, device(broken.NoLoadDone))
    assert tinyrunner("check", "--dut", "sim:", "--json").json["saved"] is None
    assert not cache.exists()


# ---- energy firmware -----------------------------------------------------------------------------


def test_energy_firmware_behind_a_simulated_io_manager_shows_its_edges():
    ran = tinyrunner("check", "--dut", "sim:kws01", "--io", "sim:", "--json", "--no-save")
    assert ran.status == 0, ran
    assert ran.json["facts"]["mode"] == "energy"
    assert verdicts(ran)["pin-edges"] == "pass"
    assert verdicts(ran)["infer-linear"] == "pass"


def test_a_real_device_is_named_once_by_dut_or_by_io():
    ran = tinyrunner("check", "--dut", "/dev/ttyACM0", "--io", "/dev/ttyACM1")
    assert ran.status == 2, ran
    assert "either --dut" in ran.err


# ---- real ports ----------------------------------------------------------------------------------


def test_the_simulated_device_passes_over_a_real_port_but_for_the_defect_that_it_has():
    defective = device(broken.TimerTenth, baud_rate=921600, inference_time_s=0.005)
    with served(defective, PTY) as address:
        ran = tinyrunner(
            "check", "--dut", address, "--baud-rate", "921600", "--quick", "--risky", "--json"
        )
    assert ran.status == 3, ran
    failed = [key for key, verdict in verdicts(ran).items() if verdict in ("fail", "not run")]
    assert failed == ["timer-rate"]
    assert verdicts(ran)["banner"] == "pass"
    assert ran.json["facts"]["pipeline_chars"] > 0


class BehindIoManager:
    """Energy firmware behind an IO manager, as one device to serve."""

    def __init__(self) -> None:
        settings = DeviceSettings(
            baud_rate=921600, inference_time_s=0.005, mode=TimestampMode.ENERGY
        )
        dut = SimulatedDut(HashModel(KWS), settings, self._edge)
        self._manager = SimulatedIoManager(dut, 921600)
        self.settings = self._manager.settings
        self.outgoing = self._manager.outgoing
        self.receive = self._manager.receive

    def _edge(self, at_s: float) -> None:
        self._manager.edge(at_s)

    def boot(self, at_s: float) -> None:
        self._manager.device.boot(at_s)
        self._manager.forward()


def test_energy_firmware_is_checked_through_a_real_port_of_an_io_manager():
    with served(BehindIoManager()) as address:
        ran = tinyrunner("check", "--io", address, "--quick", "--json", "--no-save")
    assert ran.status == 0, ran
    failed = [key for key, verdict in verdicts(ran).items() if verdict in ("fail", "not run")]
    assert failed == []
    assert verdicts(ran)["pin-edges"] == "pass"
    assert verdicts(ran)["warmup-outside"] == "pass"


def test_a_cache_that_cannot_be_written_costs_the_record_and_not_the_report(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "file" / "cache"))
    ran = tinyrunner("check", "--dut", "sim:kws01", "--quick")
    assert ran.status == 0, ran
    assert "conforms" in ran.out
    assert f"not kept in {tmp_path / 'file' / 'cache'}: " in ran.err
    assert "set TINYRUNNER_CACHE or --no-save" in ran.err
    as_json = tinyrunner("check", "--dut", "sim:kws01", "--quick", "--json")
    assert (as_json.json["saved"], as_json.json["passed"]) == (None, True)


def test_a_failed_check_deletes_what_an_earlier_one_found(monkeypatch, cache):
    use_board(monkeypatch, device())
    ran = tinyrunner("check", "--dut", "sim:", "--quick", "--json")
    assert ran.json["saved"] is not None
    use_board(monkeypatch, device(broken.NoLoadDone))
    ran = tinyrunner("check", "--dut", "sim:", "--quick", "--json")
    assert ran.json["saved"] is None
    assert look_up(identity(), 115200, cache).record is None
