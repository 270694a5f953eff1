"""Whatever is wrong with the set-up is told, by name, before any input is sent: exit 2."""

from __future__ import annotations

import errno
import sys

import pytest
import serial
from support.cli import Ran, tinyrunner
from support.devices.boards import board, served, use_board
from support.inputs import REFERENCE_MODELS, write_inputs
from support.reference import reference_path
from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.models.suite import KWS, VWW


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 6)


@pytest.fixture
def refused(data, tmp_path, monkeypatch):
    """Run kws with these arguments, see it refused, and nothing loaded or lost."""
    loads = []
    simulated = board()
    simulated._fault.heard = lambda sent: loads.append(sent) or sent
    use_board(monkeypatch, simulated)

    def run(*arguments, dut="sim:", task="kws", mode="accuracy") -> Ran:
        ran = tinyrunner(
            "run", task, "--mode", mode, "--dut", dut, "--datasets", data, "--sessions",
            tmp_path / "s", *arguments,
        )  # fmt: skip
        assert ran.status == 2, ran
        assert ran.out == ""
        assert "Traceback" not in ran.err
        assert not any(sent.startswith(b"db") for sent in loads)
        if kept := list((tmp_path / "s").glob("*/log.txt")):  # something was said to a device
            assert f"(what was said is in {kept[0].parent})" in ran.err
            assert "session: m-session-error[" in kept[0].read_text().splitlines()[-1]
        assert (tmp_path / "s").exists() is bool(kept)
        return ran

    return run


def test_every_missing_or_short_file_is_named(refused, data):
    (data / "kws01/tst_000001_Go_1.bin").unlink()
    (data / "kws01/tst_000003_No_3.bin").write_bytes(bytes(489))
    (data / "kws01/tst_000004_Off_4.bin").write_bytes(b"")
    err = refused().err
    assert "tst_000001_Go_1.bin: missing" in err
    assert "tst_000003_No_3.bin: 489 bytes, expected 490" in err
    assert "tst_000004_Off_4.bin: 0 bytes, expected 490" in err


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("tst_000001_Go_1.bin,12", "y_labels.csv:3: expected 3 columns"),
        ("tst_000001_Go_1.bin,12,x", "y_labels.csv:3: label: expected a whole number, found 'x'"),
        ("tst_000001_Go_1.bin,12,12", "y_labels.csv:3: label 12 is not one of 0 to 11"),
        ("tst_000001_Go_1.bin,10,1", "y_labels.csv:3: kws has 12 classes, the row says 10"),
        ("tst_000000_Down_0.bin,12,0", "y_labels.csv:3: tst_000000_Down_0.bin is on line 1"),
        ("../x.bin,12,0", "y_labels.csv:3: '../x.bin' is not a plain file name"),
    ],
)
def test_a_broken_label_row_is_named_with_its_line(row, said, refused, data):
    labels = data / "kws01" / "y_labels.csv"
    lines = labels.read_text().splitlines()
    labels.write_text("\n".join([lines[0], "", row, *lines[2:]]))
    assert said in refused().err


def test_an_unknown_key_is_named_with_file_and_line(refused, tmp_path):
    config = tmp_path / "bench.yaml"
    config.write_text("# a bench\ndut:\n  adress: /dev/ttyACM0\n")
    assert f"{config}:3: dut.adress: unknown key; did you mean address?" in (
        refused("--config", config).err
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data-bytes-per-db", 39), "--data-bytes-per-db: expected 1 to 38 data bytes per db"),
        (("--iterations", "many"), "--iterations: expected auto or a whole number"),
        (("--limit", 0), "--limit: expected at least 1"),
        (("--division", "ajar"), "--division: expected closed or open"),
        (("--round", "v9.9"), "no round 'v9.9'; there are v0.5"),
        (("--expected-inference-s", 0), "--expected-inference-s: expected more than 0, got 0"),
        (("--verify-load", "some"), "--verify-load: expected first, all or never"),
        (("--labels", "/no/list.csv"), "/no/list.csv: cannot read the label list"),
        (("--script", "/no/script.async"), "/no/script.async: cannot read the script"),
        (("--datasets", "/no/folder"), "/no/folder: no such folder"),
        (("--config", "/no/config.yaml"), "/no/config.yaml: there is none"),
    ],
)
def test_a_wrong_option_is_named(arguments, said, refused):
    assert said in refused(*arguments).err


def test_no_mode_no_task_and_no_device_are_asked_for(tmp_path):
    for arguments, said in (
        (("run", "kws", "--dut", "sim:"), "which mode?"),
        (("run", "--mode", "accuracy", "--dut", "sim:"), "which task?"),
        (("run", "sxx", "--mode", "accuracy", "--dut", "sim:"), "no task 'sxx'"),
        (("run", "kws", "--mode", "fast", "--dut", "sim:"), "no mode 'fast'"),
        (("run", "kws", "--mode", "accuracy", "--datasets", "demo"), "which device?"),
        (("run", "kws", "--mode", "accuracy", "--dut", "/dev/x"), "which inputs?"),
    ):
        ran = tinyrunner(*arguments)
        assert ran.status == 2, ran
        assert said in ran.err


def test_a_port_that_is_not_there_is_named(refused):
    assert "there is no port /dev/ttyNOT0; present:" in refused(dut="/dev/ttyNOT0").err


def test_an_address_where_nothing_listens_is_named(refused):
    assert "cannot connect to socket://127.0.0.1:9" in refused(dut="socket://127.0.0.1:9").err


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_a_port_that_another_program_has_open_is_busy(refused):
    with served(board(), "pty") as address, serial.Serial(address, exclusive=True):
        assert f"{address} is busy: another program has it open" in refused(dut=address).err


def test_a_port_without_permission_says_dialout(refused, tmp_path, monkeypatch):
    port = tmp_path / "ttyACM0"
    port.touch()

    def forbid(address, **_):
        raise serial.SerialException(
            errno.EACCES, f"could not open port {address}: [Errno 13] Permission denied"
        )

    monkeypatch.setattr(serial, "serial_for_url", forbid)
    err = refused(dut=port).err
    assert f"no permission to open {port}" in err
    assert "dialout" in err


def without_tflite(monkeypatch):
    for name in ("tflite_runtime", "tflite_runtime.interpreter", "ai_edge_litert.interpreter"):
        monkeypatch.setitem(sys.modules, name, None)


def test_a_simulated_device_without_tflite_says_what_to_install(data, tmp_path, monkeypatch):
    without_tflite(monkeypatch)
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "pip install ai-edge-litert" in ran.err
    assert "A real board needs none" in ran.err


@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_firmware_for_another_model_is_told_with_what_to_run_or_flash(mode, refused):
    with served(board(VWW)) as address:
        err = refused(dut=address, mode=mode).err
    assert "the firmware's model is vww01, kws needs kws01" in err
    assert "run vww instead, or flash the firmware for kws01" in err


def test_energy_firmware_is_told_by_its_banner(refused):
    settings = DeviceSettings(baud_rate=0, mode=TimestampMode.ENERGY)
    with served(board(settings=settings)) as address:
        err = refused(dut=address).err
    assert "energy-mode firmware (its banner says m-timestamp-mode-energy)" in err


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_energy_firmware_is_told_without_a_banner_too(refused, monkeypatch):
    settings = DeviceSettings(baud_rate=0, mode=TimestampMode.ENERGY)
    device = board(settings=settings)
    device.boot = lambda _: None  # a board that stays up when its port is opened
    with served(device, "pty") as address:
        err = refused(dut=address, mode="performance").err
    assert "energy-mode firmware (it sends no m-lap-us)" in err


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("ic", "is no model for kws"),
        ("ad", "is no model for kws"),
        ("text", "is no TFLite model"),
        ("cut", "part of one is missing"),
        ("absent", "cannot read the model"),
    ],
)
def test_a_model_that_does_not_fit_is_told(model, said, data, tmp_path):
    path = tmp_path / "model.tflite"
    if model in REFERENCE_MODELS:
        path = reference_path("models", REFERENCE_MODELS[model])
    elif model == "text":
        path.write_text("not a model")
    elif model == "cut":
        whole = reference_path("models", REFERENCE_MODELS["kws"]).read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--model", path,
        "--datasets", data, "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 2, ran
    assert said in ran.err
    assert path.name in ran.err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("sim:kws99", "no model id 'kws99' to simulate"),
        ("sim:kws01?speed=9", "unknown option 'speed'"),
        ("sim:kws01?baud=fast", "baud='fast' cannot be"),
        ("sim:kws01?inference_ms=-1", "inference_ms='-1' cannot be"),
        ("sim:kws01?mode=x", "mode='x' cannot be"),
    ],
)
def test_a_wrong_simulated_address_is_told(address, said, data, tmp_path):
    ran = tinyrunner("run", "kws", "--mode", "accuracy", "--dut", address, "--datasets", data)
    assert ran.status == 2, ran
    assert said in ran.err


def test_the_simulated_device_has_to_be_of_the_task_as_well(data, tmp_path):
    model = reference_path("models", REFERENCE_MODELS["vww"])
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:vww01", "--model", model,
        "--datasets", data, "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "the firmware's model is vww01, kws needs kws01" in ran.err


def test_a_script_of_windows_paths_that_names_another_task_is_told(refused, tmp_path):
    script = tmp_path / "script.async"
    script.write_text(
        "[{cmd: 'bload dut \"C:\\\\data\\\\ic01\\\\cat.bin\"'}, {cmd: 'dut infer 1 0'}]"
    )
    assert "the script loads cat.bin, which" in refused("--script", script).err


@pytest.mark.parametrize("option", [("--limit", 2), ("--iterations", 5), ("--warmups", 3)])
def test_options_that_a_script_decides_are_refused_beside_it(option, refused, tmp_path):
    script = tmp_path / "script.async"
    script.write_text("[]")
    assert "the script says what is run" in refused("--script", script, *option).err


def test_a_command_of_a_script_that_no_device_keeps_whole_is_told(refused, tmp_path):
    script = tmp_path / "script.async"
    long = "infer " + "1" * 80
    script.write_text(f"[\n{{ cmd: 'dut {long}', ms: 5000 }},\n]")
    said = refused("--script", script).err
    assert "of the script: command of 86 characters: the firmware keeps 80" in said


def test_an_empty_script_is_told(refused, tmp_path):
    script = tmp_path / "script.async"
    script.write_text("[]")
    assert "infers nothing" in refused("--script", script).err
