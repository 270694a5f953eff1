"""What is measured on a simulated device is never valid: by its log, whoever wrote that."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import tinyrunner as library
from support.cli import Ran, only_session, tinyrunner
from support.reference import reference_path

MLCOMMONS = "published/v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws"
EEMBC = "published/v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws"
OTHERS_READ = re.compile(r"m-(name-dut|model|profile)-\[([^]]+)]")
"""See `tests/dut_protocol/wire/test_simulation.py`."""


@pytest.fixture(params=["a model", "a replay"])
def served(request) -> Iterator[socket.socket]:
    """A connection to a device that the program serves."""
    replay = {"replay": reference_path(MLCOMMONS, "performance", "log.txt")}
    with library.simulated_device(
        "kws", baud_rate=0, inference_time_s=0.0, **(replay if request.param == "a replay" else {})
    ) as address:
        host, port = address.removeprefix("socket://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            reply(connection)  # the banner
            yield connection


def ask(connection: socket.socket, command: bytes) -> list[str]:
    connection.sendall(command + b"%")
    return reply(connection)


def reply(connection: socket.socket) -> list[str]:
    data = b""
    while not data.endswith(b"m-ready\r\n"):
        data += connection.recv(1)
    return data.decode().splitlines()


def scored(folder: Path, round_name: str) -> Ran:
    datasets = reference_path("datasets")
    return tinyrunner("score", folder, "--datasets", datasets, "--round", round_name, "--json")


def findings(ran: Ran) -> list[str]:
    return [finding["kind"] for finding in ran.json["findings"]]


@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_a_log_of_mlcommons_runner_of_it_is_not_valid(mode, served, tmp_path):
    published = reference_path(MLCOMMONS, mode)
    assert scored(published, "v1.3").status == 0
    shutil.copytree(published, tmp_path / "s")
    log = tmp_path / "s" / "log.txt"
    text = log.read_text("utf-8")
    for line in ask(served, b"name") + ask(served, b"profile"):
        if told := OTHERS_READ.fullmatch(line):
            title = f"Device {told[1].removesuffix('-dut')} retrieved: "
            assert text.count(title) == 1
            text = re.sub(f"{title}.*", title + told[2], text)
    log.write_text(text, "utf-8")
    ran = scored(tmp_path / "s", "v1.3")
    assert (ran.status, findings(ran)) == (3, ["simulated device"])
    assert (ran.json["valid"], ran.json["simulated"]) == (False, True)


@pytest.mark.parametrize("mode", ["performance", "energy"])
def test_a_log_of_eembcs_runner_of_it_is_not_valid(mode, served, tmp_path):
    published = reference_path(EEMBC, mode)
    assert scored(published, "v1.1").status == 0
    shutil.copytree(published, tmp_path / "s")
    log = tmp_path / "s" / "log.txt"
    source = "io: [dut]: " if mode == "energy" else "dut: "
    said = "".join(f"00099.000 {source}{line}\n" for line in ask(served, b"profile"))
    asked = re.compile(rf"(?:\d+\.\d+ {re.escape(source)}m-(?:profile|model).*\n){{2}}.*m-ready\n")
    text, count = asked.subn(said, log.read_text("latin-1"))
    assert count == 1
    log.write_text(text, "latin-1")
    ran = scored(tmp_path / "s", "v1.1")
    assert (ran.status, findings(ran)) == (3, ["simulated device"])
    shown = tinyrunner("score", tmp_path / "s", "--datasets", reference_path("datasets"))
    assert shown.out.rstrip().endswith("not valid for submission: the device is a simulated one")


def test_a_run_on_a_served_one_says_so_at_once_and_its_session_json_alone_as_well(tmp_path):
    with library.simulated_device("kws", baud_rate=0, inference_time_s=0.0) as address:
        ran = tinyrunner(
            "run", "kws", "--mode", "accuracy", "--dut", address, "--limit", 5, "--sessions",
            tmp_path, "--datasets", reference_path("datasets"),
        )  # fmt: skip
    assert ran.status == 3
    assert "is a simulated device (tinyrunner-simulated)" in ran.err
    session = only_session(tmp_path)
    document = json.loads((session / "session.json").read_text("utf-8"))
    assert document["provenance"]["simulated"] is None  # what it runs, nobody knows
    assert document["result"]["simulated"] is True
    log = session / "log.txt"
    kept = re.sub(r"tinyrunner-simulated|this is no board.*", "Acme", log.read_text("utf-8"))
    log.write_text(kept, "utf-8")
    again = tinyrunner("score", session)
    assert again.status == 3
    assert "session.json says that the device is a simulated one" in " ".join(again.out.split())
