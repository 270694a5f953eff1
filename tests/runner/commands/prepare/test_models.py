"""``tinyrunner models`` from the command line down, and ``--model reference``."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.cli import ended, process
from support.reference import reference_path
from tinyrunner.models.catalogue import LABEL_LIST_FILES, REFERENCE_MODELS
from tinyrunner.models.model_file import ModelError
from tinyrunner.runner.bench.simulated.device import simulated_device
from tinyrunner.runner.commands import cli
from tinyrunner.runner.commands.prepare.models import fetch_files
from tinyrunner.runner.config.config import Config, override

FOUR = ("vww", "ic", "kws", "ad")
SIX = (*FOUR, "sww", "ic2")
BY_NAME = {model.name: model for model in REFERENCE_MODELS}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Outcome:
    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The whole program, in this process: arguments to status and output."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tinyrunner", *map(str, arguments)])
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        code = caught.value.code
        return Outcome(code if isinstance(code, int) else 0, *capsys.readouterr())

    return run


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Callable[[Path], str]]:
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    def serve(folder: Path) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_list_shows_each_model_and_whether_it_is_here(run: Run, cache: Path) -> None:
    run("models", "fetch", "kws", "--from", reference_path("models"))
    result = run("models", "list")
    assert result.status == 0
    rows = {line.split()[0]: line for line in result.out.splitlines() if line}
    for name in SIX:
        model = BY_NAME[name]
        assert f"{model.size_bytes:,}".replace(",", " ") in rows[name]
        assert model.licence in rows[name]
        assert rows[name].rstrip().endswith("fetched" if name == "kws" else "not fetched")
        assert ("later:" in rows[name]) == model.later_round
    assert "mlcommons/tiny at 1afd2c9820f7" in result.out
    assert str(cache / "models") in result.out


def test_the_list_as_json_has_every_fact(run: Run, cache: Path) -> None:
    listed = {entry["name"]: entry for entry in json.loads(run("models", "list", "--json").out)}
    assert tuple(listed) == SIX
    model = BY_NAME["ic2"]
    assert listed["ic2"] == {
        "name": "ic2",
        "task": "ic2",
        "round_note": "from v1.4, with ic",
        "later_round": True,
        "file_name": "pretrainedResnet_large_int8.tflite",
        "size_bytes": 512024,
        "sha256": model.sha256,
        "licence": "Apache-2.0",
        "url": model.url,
        "state": "not fetched",
        "path": str(cache / "models" / "pretrainedResnet_large_int8.tflite"),
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [((), FOUR), (("all",), SIX), (("sww", "kws", "sww"), ("sww", "kws"))],
)
def test_fetch_takes_the_models_named(
    run: Run, names: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    result = run("models", "fetch", *names, "--from", reference_path("models"))
    assert result.status == 0
    assert result.out.splitlines() == [
        f"{name} fetched and verified: {BY_NAME[name].cached_path}" for name in expected
    ]
    assert [line.split(":")[0] for line in result.err.splitlines()] == list(expected)


def test_fetch_says_what_is_here_already(run: Run) -> None:
    run("models", "fetch", "kws", "--from", reference_path("models"))
    result = run("models", "fetch", "kws")  # needs no network
    assert result.out == f"kws is here already: {BY_NAME['kws'].cached_path}\n"
    assert result.err == ""


def test_fetch_reads_a_mirror(run: Run, mirror: Callable[[Path], str]) -> None:
    result = run("models", "fetch", "kws", "ad", "--from", mirror(reference_path("models")))
    assert result.status == 0
    assert result.out.count("fetched and verified") == 2


def test_fetch_draws_a_bar_where_somebody_watches(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    result = run("models", "fetch", "kws", "--from", reference_path("models"))
    assert "━" in result.err
    assert "53.9/53.9 kB" in result.err


def test_a_failed_fetch_is_a_failure_with_address_and_way_out(
    run: Run, mirror: Callable[[Path], str], tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    address = mirror(empty)
    result = run("models", "fetch", "kws", "--from", address)
    assert result.status == 1
    assert f"{address}/kws_ref_model.tflite: HTTP 404" in result.err
    assert "--from DIR" in result.err
    assert result.out == ""


def test_a_wrong_file_is_a_failure_that_keeps_nothing(
    run: Run, tmp_path: Path, cache: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "kws_ref_model.tflite").write_bytes(bytes(BY_NAME["kws"].size_bytes))
    result = run("models", "fetch", "kws", "--from", wrong)
    assert result.status == 1
    assert "not kws as published" in result.err
    assert list((cache / "models").iterdir()) == []


def test_an_unknown_name_is_a_usage_error_that_lists_the_known(run: Run) -> None:
    result = run("models", "fetch", "kwz")
    assert result.status == 2
    assert "no reference model 'kwz'; did you mean kws?; there are vww, ic, kws" in result.err


def test_verify_checks_what_was_fetched(run: Run) -> None:
    run("models", "fetch", "kws", "--from", reference_path("models"))
    result = run("models", "verify")
    assert result.status == 0
    assert f"kws: right: {BY_NAME['kws'].cached_path}" in result.out
    assert "vww: not fetched" in result.out


def test_verify_fails_on_a_damaged_model(run: Run) -> None:
    run("models", "fetch", "--from", reference_path("models"))
    with BY_NAME["ic"].cached_path.open("ab") as file:
        file.write(b"x")
    result = run("models", "verify")
    assert result.status == 1
    assert f"ic: wrong SHA-256: {BY_NAME['ic'].cached_path}" in result.out
    assert "ad: right" in result.out
    assert run("models", "list", "--json").out.count('"damaged"') == 1


def test_verifying_nothing_is_no_success(run: Run) -> None:
    result = run("models", "verify")
    assert result.status == 1
    assert "Nothing to verify. To get them: tinyrunner models fetch" in result.out


def test_verify_says_which_model_a_file_is(run: Run, tmp_path: Path) -> None:
    renamed = tmp_path / "mine.tflite"
    renamed.write_bytes(reference_path("models", "str_ww_ref_model.tflite").read_bytes())
    labels = reference_path("datasets", "ic01", "y_labels_2021.csv")
    result = run("models", "verify", renamed, labels)
    assert result.status == 0
    assert result.out.splitlines() == [
        f"{renamed}: the reference model sww (str_ww_ref_model.tflite, from v1.3)",
        f"{labels}: the official label list ic01-2021",
    ]


def test_verify_looks_at_the_models_of_a_folder(run: Run) -> None:
    result = run("models", "verify", reference_path("models"))
    assert result.status == 0
    assert len(result.out.splitlines()) == 6


def test_verify_fails_on_a_file_that_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.tflite").write_bytes(b"mine")
    result = run("models", "verify", tmp_path)
    assert result.status == 1
    assert "mine.tflite: no published reference model (SHA-256 " in result.out


def test_verify_of_what_is_not_there_is_an_error(run: Run, tmp_path: Path) -> None:
    absent, there = tmp_path / "none.tflite", tmp_path / "there.tflite"
    there.write_bytes(b"mine")
    result = run("models", "verify", absent, there)
    assert result.status == 1
    assert f"{absent}: cannot be read: No such file or directory" in result.out
    assert f"{there}: no published reference model" in result.out
    there.unlink()
    nothing = run("models", "verify", tmp_path)
    assert nothing.status == 2
    assert "no .tflite file in" in nothing.err


def test_label_lists_are_fetched_in_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    fetch_files(LABEL_LIST_FILES, str(reference_path("datasets")))
    assert capsys.readouterr().out.count("fetched and verified") == len(LABEL_LIST_FILES)
    assert all(item.cached_path.is_file() for item in LABEL_LIST_FILES)


def test_reference_selects_the_fetched_model_for_a_simulated_device(run: Run) -> None:
    config = override(Config(), dut="sim:kws01", model="reference")
    with pytest.raises(ModelError, match="tinyrunner models fetch kws"):
        simulated_device(config, None)
    run("models", "fetch", "kws", "--from", reference_path("models"))
    described = simulated_device(config, None).model
    assert described.note is None
    assert described.model_sha256 == BY_NAME["kws"].sha256


def test_a_run_with_the_reference_model_needs_it_to_be_fetched(run: Run, tmp_path: Path) -> None:
    arguments = ("run", "kws", "--mode", "performance", "--dut", "sim:", "--model", "reference")
    result = run(*arguments, "--datasets", "demo", "--sessions", tmp_path / "sessions")
    assert result.status == 2
    assert "the reference model of kws is not here yet: tinyrunner models fetch kws" in result.err


def test_an_output_without_the_signs_of_units_does_not_end_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")
    ran = ended(process("models", "list"))
    assert ran.status == 0, ran
