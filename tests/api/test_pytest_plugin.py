"""The pytest plugin: tests of a firmware, run by pytest in pytest, on simulated boards."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest
import tinyrunner
from tinyrunner.api.pytest_plugin import addresses
from tinyrunner.runner.export.read import read_sessions
from tinyrunner.runner.report.compare.comparison import compare_sessions

pytest_plugins = ["pytester"]

CHECKOUT = Path(__file__).resolve().parents[2]
PLUGIN = "tinyrunner.api.pytest_plugin"
FAST, SLOW = "sim:kws01?inference_ms=20", "sim:kws01?inference_ms=22"


@pytest.fixture(scope="module", autouse=True)
def imported(tmp_path_factory):
    """What a run imports: pytester would have each inner pytest import it anew, and by halves."""
    kept = {"datasets": "demo", "sessions": tmp_path_factory.mktemp("sessions")}
    energy = tinyrunner.run("kws", "energy", "sim:", monitor="sim:", supply_v=3, **kept)
    tinyrunner.columns(tinyrunner.run("kws", "accuracy", "sim:", limit=3, **kept))
    compare_sessions(*[read_sessions([energy.folder])] * 2)


@pytest.fixture
def inner(pytester, monkeypatch):
    """pytest with this plugin and no other, whatever is installed here."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("TINYRUNNER_DUT", raising=False)

    def run(code, *words):
        pytester.makepyfile(test_firmware=code)
        return pytester.runpytest_inprocess("-p", PLUGIN, "-p", "no:cacheprovider", *words)

    return run


def page_example() -> str:
    """The test file that the page begins with."""
    page = (CHECKOUT / "docs" / "pytest.md").read_text("utf-8")
    return re.search(r"```python\n(# test_firmware.py\n.*?)```", page, re.S)[1]


def test_the_file_of_the_page_passes_on_a_simulated_board_and_tells_junit(inner, pytester):
    code = page_example()
    assert len(code.splitlines()) == 20
    inner(code, "--junit-xml", "junit.xml").assert_outcomes(passed=3)
    suite = ElementTree.parse(pytester.path / "junit.xml").getroot()[0]
    told = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert float(told["kws.performance.throughput_per_s"]) == pytest.approx(50, rel=1e-3)
    assert told["kws.performance.simulated"] == "True"
    assert float(told["kws.energy.energy_per_inference_j"]) == pytest.approx(2.1e-3, rel=1e-3)


SPEED = """
def test_speed(measure, assert_throughput):
    assert_throughput(measure("kws", "performance", iterations=520), min=48)
"""


def test_several_boards_are_several_tests(inner):
    ran = inner(SPEED, "--dut", FAST, "--dut", SLOW, "-rA")
    ran.assert_outcomes(passed=1, failed=1)
    ran.stdout.fnmatch_lines_random(
        [
            f"PASSED test_firmware.py::test_speed[[]{FAST}[]]",
            "E *AssertionError: 45.* inferences per second are less than 48",
        ]
    )


BASELINE = """
import pytest

@pytest.fixture(scope="module")
def before(bench):
    return bench.measure("kws", "performance", inference_time_s=0.020)

@pytest.mark.parametrize("inference_time_s", [0.019, 0.020, 0.0202, 0.021])
def test_speed(measure, assert_throughput, before, bench, inference_time_s):
    assert bench.simulated
    now = measure("kws", "performance", inference_time_s=inference_time_s)
    assert_throughput(now, baseline=before)
    assert_throughput(now, baseline=before.folder, tolerance="0.5%")

def test_nothing_is_asked(assert_throughput, before):
    with pytest.raises(TypeError, match="give min=, baseline= or both"):
        assert_throughput(before)
    with pytest.raises(TypeError, match="compared with a session"):
        assert_throughput(before.result, baseline=before)
"""


def test_a_baseline_is_kept_to_within_the_tolerance(inner):
    """5 % faster and equal pass, 1 % slower is more than 0.5 %, 5 % slower more than 2 %."""
    ran = inner(BASELINE)
    ran.assert_outcomes(passed=3, failed=2)
    ran.stdout.fnmatch_lines(
        [
            "E *AssertionError: slower by 0.99* than the baseline, which is more than 0.5%",
            "E *AssertionError: slower by 4.76* than the baseline, which is more than 2%",
        ]
    )


def test_an_address_is_the_options_else_the_environments_else_the_ini_files(
    pytester, monkeypatch, inner
):
    def found(*words):
        return addresses(pytester.parseconfig("-p", PLUGIN, *words))

    assert found() == ["sim:"]
    pytester.makeini("[pytest]\ntinyrunner_dut =\n    /dev/ttyACM0\n    /dev/ttyACM1\n")
    assert found() == ["/dev/ttyACM0", "/dev/ttyACM1"]
    monkeypatch.setenv("TINYRUNNER_DUT", "COM5 socket://lab:4000 COM5")
    assert found() == ["COM5", "socket://lab:4000"]
    assert found("--dut", "auto") == ["auto"]


CONFIGURED = """
def test_it(measure, bench, request):
    assert bench.sessions == request.config.rootpath / "kept"
    session = measure("kws", "accuracy")
    assert session.result.inputs == 3
    assert session.folder.parent == bench.sessions
"""


def test_a_configuration_and_a_folder_for_sessions_come_from_the_ini_file(inner, pytester):
    pytester.makeini("[pytest]\ntinyrunner_config = bench.yaml\ntinyrunner_sessions = kept\n")
    (pytester.path / "bench.yaml").write_text("datasets: demo\nlimit: 3\n")
    inner(CONFIGURED).assert_outcomes(passed=1)


INTERRUPTED = """
def test_it(measure):
    def stop(progress):
        raise KeyboardInterrupt
    measure("kws", "accuracy", limit=3, progress=stop)
"""


def test_ctrl_c_ends_pytest(inner):
    with pytest.raises(KeyboardInterrupt):
        inner(INTERRUPTED)


def test_a_board_that_is_not_there_is_an_error_that_says_so(inner):
    ran = inner(SPEED.replace("iterations=520", "datasets='demo'"), "--dut", "/dev/nothing-here")
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(["kws performance on /dev/nothing-here: * /dev/nothing-here*"])
    ran.stdout.no_fnmatch_line("*Traceback*")
    ran.stdout.no_fnmatch_line("*another exception*")


@pytest.mark.parametrize(
    ("code", "said", "place"),
    [
        (
            'measure("kws", "performance")',
            "which inputs? Give `datasets=` with the folder that holds kws01/y_labels.csv * or "
            '`datasets="demo"` for synthetic ones',
            "`datasets:`",
        ),
        (
            'measure("kws", "energy", datasets="demo", monitor="sim:")',
            "which supply voltage? Give `supply_v=`; *",
            "`monitor: supply_v:`",
        ),
        (
            'measure("kws", "energy", datasets="demo", monitor="ppk2:/dev/x", supply_v=4.2)',
            "a supply of 4.2 V * If the board stands it, `max_v=4.2` *",
            "`monitor: max_voltage_v:`",
        ),
    ],
    ids=["inputs", "supply", "limit"],
)
def test_what_is_missing_is_asked_for_in_the_words_of_a_test_and_of_its_configuration(
    inner, monkeypatch, code, said, place
):
    monkeypatch.delenv("TINYRUNNER_DATASETS", raising=False)
    ran = inner(f"def test_it(measure):\n    {code}", "--dut", "/dev/nothing-here")
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines([f"* on /dev/nothing-here: {said}"])
    ran.stdout.fnmatch_lines(
        [
            f'In a test: measure("kws", *=…). For all tests: {place} in a configuration, which '
            "`pytest --dut-config FILE` names, or `tinyrunner_config = FILE` in the ini file"
        ]
    )
    ran.stdout.no_fnmatch_line("* --datasets*")


IN_A_FIXTURE = """
import pytest

@pytest.fixture
def speed(bench):
    return bench.measure("kws", "performance", datasets="demo")

def test_speed(speed):
    pass
"""


def test_a_fixture_that_cannot_measure_shows_its_own_line_and_the_reason(inner):
    ran = inner(IN_A_FIXTURE, "--dut", "/dev/nothing-here")
    ran.assert_outcomes(errors=1)
    ran.stdout.fnmatch_lines(["*bench.measure(*", "E *Error: * /dev/nothing-here*"])
    ran.stdout.no_fnmatch_line("*runner/bench/*")
    ran.stdout.no_fnmatch_line("*another exception*")


def test_it_imports_nothing_before_it_is_used():
    code = f"import sys, pytest, {PLUGIN}; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {name for name in ran.stdout.split() if name.startswith("tinyrunner")}
    assert ours == {"tinyrunner", "tinyrunner.api", PLUGIN}


def test_pytest_finds_it():
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    assert settings["project"]["entry-points"]["pytest11"] == {"tinyrunner": PLUGIN}
