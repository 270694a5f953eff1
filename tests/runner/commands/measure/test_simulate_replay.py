"""A published log answers as its board did, over the real command line."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
from contextlib import contextmanager

import pytest
from support.cli import document, ended, inferences, only_session, process, tinyrunner
from support.reference import reference_path
from tinyrunner.dut_protocol.link.wire_log import add_layer_names
from tinyrunner.runner.bench.simulated.replay import Replay
from tinyrunner.runner.errors import SetupError

KRAI = ("published", "v1.1", "closed", "Krai", "results", "NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3", "kws")
ST = ("published", "v1.3", "closed", "STMicroelectronics", "results", "NUCLEO_L4R5ZI-P")
needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@contextmanager
def simulated(*arguments):
    """`tinyrunner simulate …` in a process of its own; its address. Ctrl-C must end it well."""
    running = process("simulate", *arguments)
    try:
        address = running.stdout.readline().strip()
        if not address:
            pytest.fail(f"it ended: {ended(running, 20)}")
        yield address
    finally:
        running.send_signal(signal.SIGINT)
        ran = ended(running, 20)
        assert ran.status == 0, ran


def results_in(log):
    return re.findall(rb"m-results-\[[^\]]*\]", log.read_bytes())


def run(dut, mode, tmp_path, *more):
    datasets = reference_path("datasets")
    ran = tinyrunner(
        "run", "kws", "--mode", mode, "--dut", dut, "--datasets", datasets, "--json",
        "--sessions", tmp_path / "sessions", *more,
    )  # fmt: skip
    return ran, json.loads(ran.out) if ran.out else None


def test_the_published_kws_accuracy_comes_out_again_score_for_score(tmp_path):
    log = reference_path(*KRAI, "accuracy", "log.txt")
    ran, result = run(f"sim:?replay={log}", "accuracy", tmp_path)
    assert ran.status == 3, ran
    assert [finding["kind"] for finding in result["findings"]] == ["simulated device"]
    session = only_session(tmp_path / "sessions")
    assert results_in(session / "log.txt") == results_in(log)
    assert len(results_in(log)) == 1000
    assert result["accuracy"]["top1"] == pytest.approx(0.902)
    assert "not a measurement" in document(session)["provenance"]["simulated"]["note"]


def test_the_published_pace_comes_out_again_to_the_last_digit(tmp_path):
    log = reference_path(*KRAI, "performance", "log.txt")
    ran, result = run(f"sim:?replay={log}", "performance", tmp_path, "--iterations", 800)
    assert ran.status == 3, ran
    published = json.loads(tinyrunner("score", log, "--json").out)
    rates = [shown["performance"]["median_throughput"] for shown in (result, published)]
    assert rates[0] == pytest.approx(rates[1], rel=2e-7)
    assert rates[0] == pytest.approx(59.788, abs=5e-4)


def test_without_data_sets_a_served_log_answers_in_its_order_and_says_what_it_is(tmp_path):
    log = reference_path(*KRAI, "performance", "log.txt")
    device = Replay.open(log, None).device(115200, None)
    assert len(device.model._answers) == 5
    with simulated("dut", "--replay", str(log), "--tcp", "127.0.0.1:0", "--inference-ms", "20",
                   "--baud-rate", "0") as address:  # fmt: skip
        ran, _ = run(address, "performance", tmp_path, "--iterations", 2)
    assert ran.status in (0, 3), ran
    session = only_session(tmp_path / "sessions")
    assert results_in(session / "log.txt") == results_in(log)
    assert "this is no board: tinyrunner replays log.txt" in (session / "log.txt").read_text()


@needs_pty
@pytest.mark.slow
def test_on_a_pty_the_first_inputs_are_answered_as_published_by_their_content(tmp_path):
    log = reference_path(*KRAI, "accuracy", "log.txt")
    datasets = str(reference_path("datasets"))
    arguments = ("--replay", str(log), "--datasets", datasets, "--baud-rate", "0",
                 "--inference-ms", "0")  # fmt: skip
    with simulated("dut", *arguments, "--pty") as address:
        ran, _ = run(address, "accuracy", tmp_path, "--limit", 100)
    assert ran.status in (0, 3), ran
    session = only_session(tmp_path / "sessions")
    assert results_in(session / "log.txt") == results_in(log)[:100]


def test_an_mlcommons_log_is_replayed_with_its_boards_name(tmp_path):
    log = reference_path(*ST, "kws", "accuracy", "log.txt")
    ran, _ = run(f"sim:?replay={log}", "accuracy", tmp_path, "--limit", 50)
    assert ran.status == 3, ran
    session = only_session(tmp_path / "sessions")
    published = json.loads((log.parent / "results.json").read_text())
    assert published
    board = Replay.open(log, None).board
    assert [scores for _, _, scores in inferences(session)] == [
        answer.scores for answer in board.answers[:50]
    ]
    vendor = document(session)["provenance"]["device"]["vendor"]
    assert vendor == "tinyrunner-simulated (STMicroelectronics)"


def test_a_wire_log_is_replayed_by_the_inputs_that_it_holds(tmp_path):
    log = reference_path(*KRAI, "accuracy", "log.txt")
    wire = tmp_path / "wire.log"
    run(f"sim:?replay={log}", "accuracy", tmp_path / "a", "--limit", 20, "--wire-log", wire)
    assert len(Replay.open(wire, None).board.keys) == 20
    ran, _ = run(f"sim:?replay={wire}", "accuracy", tmp_path / "b", "--limit", 20)
    assert ran.status == 3, ran
    sessions = [only_session(tmp_path / name / "sessions") for name in "ab"]
    assert inferences(sessions[0]) == inferences(sessions[1])
    pace = [Replay.open(path, None).pace_s(10 / 115200) for path in (log, wire)]
    assert pace[0] == pytest.approx(pace[1], abs=2e-6)


def test_the_names_of_layers_in_a_wire_log_are_no_matter_to_its_replay(tmp_path):
    log = tmp_path / "kws.layers.log"
    assert tinyrunner("profile", "kws", "--dut", "sim:", "--out", log).status == 0
    add_layer_names(log, ["convolution 25x5x64 320000 MACs"])
    board = Replay.open(log, None).board
    assert (len(board.answers), board.notes) == (1, [])


def test_an_ad_window_is_known_by_its_place_in_its_file(tmp_path):
    common = ("run", "ad", "--mode", "accuracy", "--datasets", "demo", "--limit", 1)
    first = tinyrunner(*common, "--dut", "sim:", "--sessions", tmp_path / "a")
    assert first.status == 3, first
    session = only_session(tmp_path / "a")
    again = tinyrunner(
        *common, "--dut", f"sim:?replay={session / 'log.txt'}", "--sessions", tmp_path / "b"
    )
    assert again.status == 3, again
    assert inferences(only_session(tmp_path / "b")) == inferences(session)
    assert len(inferences(session)) > 100


def test_trailing_commas_decimals_and_chatter_are_the_boards_own(tmp_path):
    published = reference_path(*KRAI, "accuracy", "log.txt").read_text(encoding="latin-1")
    changed = published.replace(",0.000]", ",0.0000,]").replace(
        "00280.490 dut: m-ready\n", "00280.490 dut: m-ready\n00280.490 dut: Board X says hello\n"
    )
    log = tmp_path / "log.txt"
    log.write_text(changed.replace("\r", ""), encoding="latin-1")
    device = Replay.open(log, None).device(0, 0.0)
    device.boot(0.0)
    device.receive(b"db load 490%db " + b"00" * 38 + b"%", 0.0)
    for start in range(38, 490, 38):
        device.receive(b"db " + b"00" * min(38, 490 - start) + b"%", 0.0)
    device.receive(b"infer 1 0%", 0.0)
    said = b"".join(line for _, line in device.outgoing)
    assert results_in(log)[0] in said
    assert results_in(log)[0].endswith(b",0.0000,]")
    assert b"Board X says hello\r\n" in said


def test_the_logs_name_is_told_in_characters_that_every_runner_reads(tmp_path):
    log = tmp_path / "Böhm 板.txt"
    shutil.copyfile(reference_path(*KRAI, "performance", "log.txt"), log)
    device = Replay.open(log, None).device(0, 0.0)
    device.boot(0.0)
    note = b"this is no board: tinyrunner replays B\\xf6hm \\u677f.txt\r\n"
    assert note in b"".join(line for _, line in device.outgoing)


def test_a_streaming_log_is_refused_with_the_reason():
    with pytest.raises(SetupError, match=r"cannot replay .*sww01 is the streaming wake word"):
        Replay.open(reference_path(*ST, "sww", "performance", "log.txt"), None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"nothing", "no session log"), (b"", "no session log"), (None, "cannot")],
)
def test_what_is_no_log_is_refused(tmp_path, content, reason):
    path = tmp_path / "log.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SetupError, match=reason):
        Replay.open(path, None)


def test_a_data_set_without_the_logs_files_is_refused(tmp_path):
    log = reference_path(*KRAI, "performance", "log.txt")
    (tmp_path / "kws01").mkdir()
    with pytest.raises(SetupError, match=r"tst_000000_Stop_7\.bin.*without --datasets"):
        Replay.open(log, tmp_path)
    source = reference_path("datasets", "kws01", "tst_000000_Stop_7.bin")
    shutil.copyfile(source, tmp_path / "kws01" / source.name)
    (tmp_path / "kws01" / "tst_000001_Left_2.bin").write_bytes(b"short")
    with pytest.raises(SetupError, match="has 5 bytes, no 490 at 0"):
        Replay.open(log, tmp_path)


@pytest.mark.parametrize(
    "more", [("--task", "kws"), ("--model", "demo"), ("--energy",)], ids=lambda more: more[0]
)
def test_what_the_log_says_is_not_said_again(tmp_path, more):
    ran = tinyrunner("simulate", "dut", "--replay", tmp_path / "log.txt", "--pty", *more)
    assert ran.status == 2, ran
    assert "leave --task, --model, --engine, --energy, --extension out" in ran.err


def test_energy_mode_is_refused_in_process():
    log = reference_path(*KRAI, "performance", "log.txt")
    ran = tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", f"sim:?replay={log}", "--datasets", "demo",
        "--supply-v", 3,
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "a log is replayed in performance and accuracy mode" in ran.err
