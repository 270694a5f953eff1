"""`import tinyrunner`: what it offers, and that docs/python.md is true to the letter."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, is_dataclass
from pathlib import Path
from typing import get_type_hints
from xml.etree import ElementTree

import numpy as np
import pytest
import tinyrunner
from support.cli import ended, only_session, process
from support.cli import tinyrunner as command
from support.devices.boards import board, use_board
from support.inputs import write_inputs
from support.reference import reference_path
from support.report.layer_logs import layer_log
from support.sessions import for_reports
from support.sessions.streaming import Played
from support.sessions.submission_trees import demo  # noqa: F401
from tinyrunner.models.other_inputs import InputKind, with_inputs
from tinyrunner.models.suite import KWS
from tinyrunner.runner.config.settings import SETTINGS

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "python.md").read_text("utf-8")
KRAI = ("published", "v1.1", "closed", "Krai", "results", "NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3", "kws")
MLCOMMONS = (
    "published", "v1.3", "closed", "STMicroelectronics", "results", "NUCLEO_L4R5ZI-P", "kws",
)  # fmt: skip


def examples() -> dict[str, tuple[str, str | None]]:
    """The page's examples by the name in their first line: the code, and what it prints."""
    found = re.findall(r"```python\n# (\S+)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", PAGE, re.S)
    return {name: (f"# {name}\n{code}", printed or None) for name, code, printed in found}


def run_example(name: str, folder: Path) -> str:
    """What an example of the page prints, run as a program of its own in ``folder``."""
    code, _ = examples()[name]
    (folder / name).write_text(code, encoding="utf-8")
    ran = ended(process(program=folder / name, cwd=folder))
    assert ran.status == 0, ran
    assert ran.err == ""
    return ran.out


# --- docs/python.md ------------------------------------------------------------------------------


def test_the_page_has_four_examples_the_first_of_nine_lines():
    code = {name: code for name, (code, _) in examples().items()}
    assert list(code) == ["median.py", "published.py", "audit.py", "energy.py"]
    assert len(code["median.py"].splitlines()) == 9
    assert PAGE.count("```python") == len(code)


def test_the_page_explains_every_name_and_no_other():
    explained = re.findall(r"^\| `(\w+)", PAGE, re.M)
    assert sorted(explained) == sorted(tinyrunner.__all__)


@pytest.mark.parametrize("name", ["median.py", "energy.py"])
def test_an_example_on_a_simulated_bench_prints_what_the_page_says(name, tmp_path):
    assert run_example(name, tmp_path) == examples()[name][1]


def test_the_example_of_a_published_session_prints_what_the_page_says(tmp_path):
    shutil.copytree(reference_path(*KRAI), tmp_path / "published")
    lists = tmp_path / "datasets" / "kws01"
    lists.mkdir(parents=True)
    shutil.copy(reference_path("datasets", "kws01", "y_labels.csv"), lists)
    assert run_example("published.py", tmp_path) == examples()["published.py"][1]


def test_the_example_of_a_published_session_runs_on_a_log_of_ours_as_well(tmp_path):
    ran = tinyrunner.run("kws", "accuracy", "sim:", datasets="demo", sessions=tmp_path)
    (tmp_path / "published" / "accuracy").mkdir(parents=True)
    (tmp_path / "datasets" / "kws01").mkdir(parents=True)
    shutil.copy(ran.folder / "log.txt", tmp_path / "published" / "accuracy")
    shutil.copy(ran.folder / "y_labels.csv", tmp_path / "datasets" / "kws01")
    printed = run_example("published.py", tmp_path)
    assert f"kws accuracy, {len(ran.files)} inputs, a log of EEMBC's" in printed
    assert "by the rules of v1.3 it is not valid" in printed


def test_the_example_of_an_audit_prints_what_the_page_says(demo, tmp_path):  # noqa: F811
    place = Path("submission", "closed")
    shutil.copytree(demo.folder / place, tmp_path / "tinyrunner-demo" / place)
    assert run_example("audit.py", tmp_path) == examples()["audit.py"][1]


# --- the names -----------------------------------------------------------------------------------


def test_what_the_package_lists_is_there_and_nothing_else():
    code = (
        "import tinyrunner; public = [getattr(tinyrunner, name) for name in tinyrunner.__all__]; "
        "assert sorted(dir(tinyrunner)) == sorted([*tinyrunner.__all__, '__version__']); "
        "assert not hasattr(tinyrunner, 'Task'); "
        "from tinyrunner import *; assert run is tinyrunner.run; "
        "print(*(each.__doc__.splitlines()[0] for each in public), sep='\\n')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(ran.stdout.splitlines()) == len(tinyrunner.__all__)


def test_nothing_heavy_is_imported_before_a_function_is_called():
    code = (
        "import sys, tinyrunner; [getattr(tinyrunner, name) for name in tinyrunner.__all__]; "
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(ran.stdout.split())
    assert modules.isdisjoint({"numpy", "pydantic", "yaml", "serial", "rich", "typer"})


def test_every_setting_of_a_run_can_be_given_and_no_other():
    assert set(tinyrunner.Settings.__annotations__) | {"dut"} == set(SETTINGS)
    with pytest.raises(TypeError, match="baudrate"):
        tinyrunner.run("kws", "performance", "sim:", baudrate=9600)


@pytest.mark.parametrize("name", ["Audit", "Finding", "Progress", "Result", "Session", "Window"])
def test_what_is_given_cannot_be_changed(name):
    kind = getattr(tinyrunner, name)
    assert is_dataclass(kind)
    made = object.__new__(kind)
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(kind)[0].name, None)


def test_inside_the_package_only_the_version_is_taken_from_it():
    """The import rules leave the public names out: who used them inside would go around them."""
    taken = set()
    folders = [path.parent for path in CHECKOUT.glob("*/__init__.py")]
    for path in (path for folder in folders for path in folder.rglob("*.py")):
        up = "." * len(path.relative_to(CHECKOUT).parts)
        for names in re.findall(
            rf"^ *from {re.escape(up)} import (.+)$", path.read_text("utf-8"), re.M
        ):
            taken |= set(names.split(", "))
    assert taken == {"__version__"}


# --- runs ----------------------------------------------------------------------------------------


def test_a_run_gives_what_the_command_line_scores(tmp_path):
    session = tinyrunner.run("ic", "accuracy", "sim:", datasets="demo", sessions=tmp_path)
    scored = command("score", session.folder, "--json").json
    assert (session.task, session.mode, session.dialect) == ("ic", "accuracy", "EEMBC")
    assert session.result.top1 == scored["accuracy"]["top1"]
    assert session.result.auc == scored["accuracy"]["auc"]
    assert session.result.valid is scored["valid"] is False
    assert session.result.simulated
    assert [each.text for each in session.result.findings] == [
        each["text"] for each in scored["findings"]
    ]
    assert session.provenance["task"] == "ic"
    assert session.scores.shape == (session.result.inputs, 10)
    assert len(session.files) == len(session.offsets) == session.result.inputs


def test_windows_of_ad_stand_at_their_offsets(tmp_path):
    session = tinyrunner.run("ad", "accuracy", "sim:", datasets="demo", limit=1, sessions=tmp_path)
    assert session.scores.shape == (196, 1)
    assert session.offsets.tolist() == [512 * number for number in range(196)]


def test_a_configuration_file_holds_where_nothing_else_is_said(tmp_path):
    (tmp_path / "bench.yaml").write_text(
        "dut: {address: 'sim:kws01?inference_ms=40'}\ndatasets: demo\nsessions: measured\n"
    )
    session = tinyrunner.run("kws", "performance", config=tmp_path / "bench.yaml", iterations=300)
    assert session.folder.parent == tmp_path / "measured"
    assert [window.iterations for window in session.result.windows] == [300] * 5
    assert session.result.median_throughput == pytest.approx(25, rel=0.001)


def test_other_inputs_are_run_and_loaded_as_what_they_are(tmp_path, monkeypatch):
    floats = with_inputs(KWS, InputKind.parse("float32"))
    use_board(monkeypatch, board(floats))
    data = write_inputs(tmp_path / "data", floats, 4)
    session = tinyrunner.run(
        "kws", "accuracy", "sim:", datasets=data, sessions=tmp_path / "sessions",
        division="open", input_format="float32",
    )  # fmt: skip
    assert session.provenance["dataset"]["input_format"] == "float32:1960"
    assert tinyrunner.resume(session, input_format="float32").result == session.result
    with pytest.raises(tinyrunner.TinyrunnerError, match="expected 980"):
        tinyrunner.resume(session, input_format="int16")


def test_progress_is_told_and_a_run_that_was_stopped_is_resumed(tmp_path):
    def stop(progress: tinyrunner.Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(tinyrunner.RunStopped) as stopped:
        tinyrunner.run(
            "kws", "accuracy", "sim:", datasets="demo", limit=5, sessions=tmp_path, progress=stop
        )
    assert stopped.value.session == only_session(tmp_path)
    told: list[tinyrunner.Progress] = []
    session = tinyrunner.resume(stopped.value.session, progress=told.append)
    assert session.folder == stopped.value.session
    assert len(session.files) == len(set(session.files)) == 5
    assert [(each.title, each.done, each.total) for each in told][-2:] == [
        ("kws accuracy", 4, 5),
        ("kws accuracy", 5, 5),
    ]


def test_a_session_is_not_resumed_with_other_settings(tmp_path):
    session = tinyrunner.run(
        "kws", "performance", "sim:", datasets="demo", iterations=10, sessions=tmp_path
    )
    with pytest.raises(tinyrunner.TinyrunnerError, match="the warm-ups"):
        tinyrunner.resume(session, warmups=3)


def test_what_cannot_be_run_is_an_error_that_says_so(tmp_path):
    with pytest.raises(tinyrunner.TinyrunnerError, match="no task 'kw'"):
        tinyrunner.run("kw", "accuracy", "sim:")
    with pytest.raises(tinyrunner.TinyrunnerError, match="no mode 'speed'"):
        tinyrunner.run("kws", "speed", "sim:")
    with pytest.raises(tinyrunner.TinyrunnerError, match="holds no log"):
        tinyrunner.load_session(tmp_path)


def test_a_run_prints_nothing(tmp_path, capfd):
    tinyrunner.run(
        "kws", "energy", "sim:", monitor="sim:", supply_v=3, datasets="demo", sessions=tmp_path
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("pty", [False, pytest.param(True, marks=pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no pseudo-terminals"))])  # fmt: skip
def test_a_simulated_device_is_served_while_the_block_runs(pty, tmp_path):
    with tinyrunner.simulated_device("vww", pty=pty, baud_rate=0, inference_time_s=0) as address:
        session = tinyrunner.run(
            "vww", "accuracy", address, datasets="demo", limit=2, sessions=tmp_path
        )
    assert len(session.files) == 2
    with pytest.raises(tinyrunner.TinyrunnerError):
        tinyrunner.run("vww", "accuracy", address, datasets="demo", limit=2, sessions=tmp_path)


# --- sessions of others --------------------------------------------------------------------------


def test_an_accuracy_log_without_labels_has_scores_and_no_figures():
    folder = reference_path(*KRAI, "accuracy")
    session = tinyrunner.load_session(folder)
    assert session.scores.shape == (1000, 12)
    assert session.provenance is None
    assert session.result.top1 is None
    assert not session.result.valid
    with pytest.raises(tinyrunner.TinyrunnerError, match="give its label list"):
        tinyrunner.score(session)
    result = tinyrunner.score(session, labels=reference_path("datasets", "kws01", "y_labels.csv"))
    assert (result.top1, result.valid) == (0.902, True)


@pytest.mark.parametrize(
    ("place", "traces", "supply_v", "rate_hz"),
    [(KRAI, 1, None, 1000.0), (MLCOMMONS, 5, 3.0, 1000.0)],
)
def test_a_published_trace_is_given_as_arrays(place, traces, supply_v, rate_hz):
    session = tinyrunner.load_session(reference_path(*place, "energy"))
    assert len(session.traces) == traces
    trace, window = session.traces[0], session.result.windows[0]
    assert trace.supply_v == supply_v
    assert trace.sample_rate_hz == pytest.approx(rate_hz, rel=1e-3)
    inside = (trace.time_s >= window.start_s) & (trace.time_s < window.end_s)
    energy_j = trace.power_w[inside].sum() / trace.sample_rate_hz
    assert energy_j == pytest.approx(window.energy_j, rel=1e-3)
    if supply_v is None:
        assert trace.current_a is None
    else:
        assert np.allclose(trace.current_a * supply_v, trace.power_w)


def test_an_audit_has_the_figures_of_each_session():
    root = reference_path("published", "v1.2")
    audit = tinyrunner.verify(root, datasets=reference_path("datasets"))
    place = "closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ic/performance"
    alone = tinyrunner.load_session(root / place, datasets=reference_path("datasets"))
    assert audit.results[place].median_throughput == alone.result.median_throughput
    assert not audit.sound
    assert "no folder code" in {finding.text for finding in audit.findings}


def test_a_report_is_never_written_over_anything_else(tmp_path):
    session = tinyrunner.run(
        "kws", "performance", "sim:", datasets="demo", iterations=10, sessions=tmp_path / "all"
    )
    page = tinyrunner.report([session, tmp_path / "all"], tmp_path / "page.html")
    assert page.read_text("utf-8").count("<h2") >= 1
    with pytest.raises(tinyrunner.TinyrunnerError, match="is there already"):
        tinyrunner.report(session, page)
    tinyrunner.report(session, page, force=True)
    (tmp_path / "mine.html").write_text("mine")
    with pytest.raises(tinyrunner.TinyrunnerError, match="no report of tinyrunner"):
        tinyrunner.report(session, tmp_path / "mine.html", force=True)


def test_sessions_windows_inputs_and_layers_are_given_as_columns(tmp_path):
    session = tinyrunner.run(
        "kws", "accuracy", "sim:", datasets="demo", limit=5, sessions=tmp_path / "all"
    )
    (tmp_path / "all" / "broken").mkdir()
    (tmp_path / "all" / "broken" / "log.txt").write_text("nothing\n")
    table = tinyrunner.columns(tmp_path / "all")
    assert {len(cells) for cells in table.values()} == {2}
    place = table["verdict"].index("not valid")
    assert table["top1"][place] == session.result.top1
    assert "is no session log" in table["reason"][1 - place]
    assert tinyrunner.columns(session, "inputs")["file"] == list(session.files)
    assert tinyrunner.columns([session], "windows")["elapsed_s"] == []
    log = layer_log(tmp_path / "kws.layers.log")
    assert tinyrunner.columns(log, "layers")["cycles"] == [1600, 300]
    with pytest.raises(tinyrunner.TinyrunnerError, match="sessions, windows, inputs, layers"):
        tinyrunner.columns(session, "window")


def test_a_notebook_shows_a_session_whatever_its_device_says(tmp_path):
    folder = for_reports.performance(tmp_path / "s", [10.0] * 5)
    first, _, rest = (folder / "log.txt").read_text("utf-8").partition("\n")
    said = "00010.000 dut: m-name-dut-[<script>alert(1)</script>]"
    (folder / "log.txt").write_text(f"{first}\n{said}\n{rest}", "utf-8")
    shown = tinyrunner.load_session(folder)._repr_html_()
    ElementTree.fromstring(f"<div>{shown}</div>")  # every tag is closed
    assert "<script>" not in shown
    assert "alert(1)" in shown
    assert "<tr><th>throughput</th><td>80.000 inf./s</td></tr>" in shown
    assert "not valid by v1.2" in shown


def test_a_notebook_shows_what_was_heard(tmp_path):
    folder = Played(missed=(9, 17), false_s=(614.0, 717.0)).write(tmp_path / "s")
    shown = tinyrunner.load_session(folder)._repr_html_()
    assert "<tr><th>words</th><td>48 heard, 2 missed, 2 false; F1 0.9600</td></tr>" in shown
    assert "<tr><th>duty cycle</th><td>62.5" in shown
    assert (shown.count("<th>words<"), shown.count("<th>duty cycle<")) == (1, 1)


def test_what_a_type_checker_is_told_is_what_there_is():
    functions = "run resume load_session score verify report columns simulated_device"
    for name in functions.split():
        assert getattr(tinyrunner, name).__annotations__
    assert get_type_hints(tinyrunner.Finding)["line"] == int | None


def test_a_session_of_the_streaming_wake_word_has_its_words(tmp_path):
    words = [(20.0 * n + 9, 20.0 * n + 9.6) for n in range(50)]
    played = Played(words=words, missed=(3,), false_s=(1100.0,), samples_j=[2.5e-5] * 30_000)
    session = tinyrunner.load_session(played.write(tmp_path / "s"))
    result, stream = session.result, session.result.streaming
    counts = (stream.true_positives, stream.false_negatives, stream.false_positives)
    assert (session.task, session.mode, counts) == ("sww", "energy", (49, 1, 1))
    assert (stream.missed_s, stream.false_s) == ((69.0,), (1100.0,))
    assert stream.power_w == pytest.approx(0.025)
    assert result.median_throughput == pytest.approx(50.0)
    assert (session.files, len(session.scores), len(session.traces)) == ((), 0, 1)
    shown = session._repr_html_()
    assert "49 heard, 1 missed, 1 false" in shown
    bare = played.write(tmp_path / "bare", echo=False, with_json=False)
    unknown = tinyrunner.load_session(bare).result
    assert unknown.streaming.true_positives is None
    assert not unknown.valid
    with pytest.raises(tinyrunner.TinyrunnerError, match="give the file that tells its words"):
        tinyrunner.score(bare)


def test_a_setting_that_can_have_no_effect_is_refused(tmp_path):
    with pytest.raises(tinyrunner.TinyrunnerError, match=r"no effect here: --supply-v, --monitor"):
        tinyrunner.run(
            "kws", "accuracy", "sim:", supply_v=3.0, monitor="sim:", sessions=tmp_path / "none"
        )
    assert not (tmp_path / "none").exists()
