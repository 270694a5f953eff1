"""Energy mode from end to end through the command line, on the simulated bench and real VISA."""

from __future__ import annotations

import pytest
from support.cli import document, only_session, tinyrunner
from support.energy.bench import Watched, true_energies_j
from support.inputs import write_inputs, write_listed
from support.reference import reference_path
from support.report.printed import energies, printed_in
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.models.suite import KWS, TASKS
from tinyrunner.runner.execute.prepare import rerooted
from tinyrunner.runner.execute.steps.executor import check_executable
from tinyrunner.runner.script.parser import read_script
from tinyrunner.runner.terms import Mode

V11 = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/energy"
V12 = "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI"
V13 = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P"
PUBLISHED = [("kws", V11), ("ad", f"{V12}/ad/energy"), ("ic", f"{V12}/ic/energy"),
             ("kws", f"{V13}/kws/energy")]  # fmt: skip
COSTS = {"kws": (), "ad": (), "ic": pytest.mark.slow, "vww": pytest.mark.slow}
"""What the tasks cost: ic and vww differ from kws in the length of their loads alone."""


@pytest.fixture
def watched(monkeypatch):
    return Watched(monkeypatch)


def run(data, root, *arguments, task="kws"):
    return tinyrunner(
        "run", task, "--mode", "energy", "--dut", "sim:", "--supply-v", "3.0", "--datasets", data,
        "--sessions", root, *arguments,
    )  # fmt: skip


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    "task", [pytest.param(TASKS[key], id=key, marks=cost) for key, cost in COSTS.items()]
)
def test_an_energy_run_of_the_official_inputs_is_true_and_only_its_device_is_not(
    task, watched, tmp_path
):
    labels = reference_path("datasets", task.model_id, "y_labels.csv")
    data = write_listed(tmp_path / "data", task, labels)
    ran = run(data, tmp_path / "s", "--json", task=task.key)
    assert ran.status == 3, ran
    assert [finding["kind"] for finding in ran.json["findings"]] == ["simulated device"]
    assert watched.off
    session = only_session(tmp_path / "s")
    energy = ran.json["energy"]
    windows = energy["windows"]
    assert [window["number"] for window in windows] == [2, 4, 6, 8, 10]
    assert energy["lost_samples"] == 0
    assert energy["event_source"] == "io_manager"
    for window, true_j in zip(windows, true_energies_j(watched.bench), strict=True):
        assert window["energy_j"] == pytest.approx(true_j, rel=1e-3)
        # Ten seconds and ten per cent to spare, or one inference more.
        seconds = window["end_s"] - window["start_s"]
        assert 11.0 - 1e-3 <= seconds <= 11.0 + seconds / window["iterations"] + 1e-3
    assert len({(w["file"], w["offset"]) for w in windows}) == 5
    scored = tinyrunner("score", session, "--json")
    assert scored.status == 3, scored
    assert scored.json["energy"] == energy
    for name in ("energy_trace.png", *(f"energy_inf_{k:03d}.png" for k in range(5))):
        assert (session / name).read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def session(watched, tmp_path):
    data = write_inputs(tmp_path / "data", KWS)
    ran = run(data, tmp_path / "s")
    assert ran.status == 3, ran  # no official list
    return only_session(tmp_path / "s")


def test_what_a_session_leaves_behind(session, watched):
    # result.txt, in the field's form
    results = printed_in(session, "result.txt")
    told = document(session)
    energy = told["result"]["energy"]
    median_uj = energy["median_energy_per_inference_j"] * 1e6
    assert results.headline("median_energy_uj") == f"{median_uj:.3f}"
    assert results.headline("median_throughput") == f"{energy['median_throughput']:.3f}"
    assert [w.number for w in energies(results)] == [2, 4, 6, 8, 10]
    # the log has the published sequence of steps
    ours, theirs = steps(session / "log.txt"), steps(reference_path("published", V11, "log.txt"))
    assert ours == theirs
    assert len(theirs) == 26
    # as has the script, with the steps before the log
    published = read_script(reference_path("published", V11, "script.async"))
    script = read_script(session / "script.async")
    assert [verb(s.command) for s in script.steps] == [verb(s.command) for s in published.steps]
    log = (session / "log.txt").read_text()
    assert log.count("emon: m-voltage-mv[3000]") == 1
    assert "m-regfile-fn[trace1-energy.bin]-type[emon]-name[n6705c]" in log
    assert log.count("io: m-lap-us-") == 11
    assert log.rstrip().endswith("]")
    # who measured, at which supply, and how the edges came onto the trace
    provenance = told["provenance"]
    monitor = provenance["monitor"]
    assert monitor["model"] == "N6705C"
    assert monitor["serial"] == "SIM0000001"
    assert monitor["supply_v"] == 3.0
    assert monitor["sample_rate_hz"] == 4882.8125
    assert provenance["io_manager"]["name"] == "m-name-io"
    assert provenance["io_manager"]["version"] == "m-version-1.0.3"
    assert provenance["edges"]["from"].startswith("the IO manager's m-lap-us")
    assert provenance["link"]["verify_load"] == "never"
    assert provenance["simulated"]["baud_rate"] == provenance["device"]["baud_rate"] == 9600
    assert provenance["iterations_found"]["by"] == "calibration"
    alignment = energy["trace"]["alignment"]
    assert alignment["method"] == "power steps"
    assert alignment["uncertainty_s"] == energy["event_uncertainty_s"] < 2e-3
    assert alignment["late_edge_s"] == 1e-3
    assert watched.off


def steps(log):
    """The steps of a log."""
    return [
        verb(line.partition("-command[")[2].partition("]-ack[")[0])
        for line in log.read_text().splitlines()
        if "m-sequencing-i[" in line
    ]


def verb(command):
    """The step without what differs from run to run: the input's file, N."""
    words = command.split()
    if words[0] == "bloadp":
        return "bloadp"
    return "infer" if words[:3] == ["io", "dut", "infer"] else command


@pytest.fixture
def krai_script():
    return reference_path("published", V11, "script.async")


def run_script(root, script, *arguments, supply_v=3.0):
    return tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", "sim:", "--supply-v", supply_v, "--datasets",
        reference_path("datasets"), "--sessions", root, "--script", script, *arguments,
    )  # fmt: skip


def test_a_published_script_is_run_from_its_first_step_to_its_last(watched, tmp_path, krai_script):
    ran = run_script(tmp_path, krai_script, "--json")
    assert ran.status == 3, ran
    assert [finding["kind"] for finding in ran.json["findings"]] == ["simulated device"]
    assert watched.off
    windows = ran.json["energy"]["windows"]
    assert [window["iterations"] for window in windows] == [800] * 5
    for window, true_j in zip(windows, true_energies_j(watched.bench), strict=True):
        assert window["energy_j"] == pytest.approx(true_j, rel=1e-3)
    session = only_session(tmp_path)
    assert steps(session / "log.txt") == steps(reference_path("published", V11, "log.txt"))
    theirs, ours = read_script(krai_script), read_script(session / "script.async")
    assert [verb(s.command) for s in ours.steps] == [verb(s.command) for s in theirs.steps]
    provenance = document(session)["provenance"]
    assert provenance["iterations_found"] == {"by": "script"}
    assert provenance["monitor"]["supply_v"] == 3.0
    assert provenance["io_manager"]["version"] == "m-version-1.0.3"
    assert not (session / "calibration.txt").exists()


def test_the_steps_before_version_are_executed_as_the_script_has_them(
    watched, tmp_path, krai_script
):
    script = tmp_path / "script.async"
    once_more = "cmd: 'emon power on', ack: /dut.: m-ready/ }, { cmd: 'emon power off' }, {"
    script.write_text(
        krai_script.read_text().replace("cmd: 'version'", once_more + "cmd: 'version'")
    )
    ran = run_script(tmp_path / "s", script)
    assert ran.status == 3, ran  # a simulated device
    assert watched.bench.monitor.received.count("OUTP ON,(@1)") == 3
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    before, _, after = log.partition("m-sequencer-start")
    assert before.count("io: [dut]: m-timestamp-mode-energy") == 2
    assert "emon: " not in before
    assert after.count("emon: m-power[on]") == 1


def test_a_script_for_another_voltage_is_refused_before_anything_is_powered(
    watched, tmp_path, krai_script
):
    ran = run_script(tmp_path / "s", krai_script, supply_v=1.8)
    assert ran.status == 2, ran
    assert "the script powers the device with 3000 mV, and --supply-v says 1800 mV" in ran.err
    assert not watched.benches


def test_a_script_for_a_voltage_above_the_limit_is_refused_before_anything_is_opened(
    watched, tmp_path, krai_script
):
    script = tmp_path / "script.async"
    script.write_text(krai_script.read_text().replace("emon voltage 3000", "emon voltage 12000"))
    ran = run_script(tmp_path / "s", script, supply_v=12)
    assert ran.status == 2, ran
    assert "a supply of 12 V is above the limit of 3.6 V" in ran.err
    ran = run_script(tmp_path / "s", script, supply_v=3.0)
    assert ran.status == 2, ran
    assert "the script powers the device with 12000 mV, and --supply-v says 3000 mV" in ran.err
    assert not watched.benches


@pytest.mark.parametrize(
    ("task", "folder", "labels"),
    [("ad", f"{V12}/ad/energy", "y_labels.csv"), ("ic", f"{V12}/ic/energy", "y_labels_2021.csv")],
)
def test_other_published_scripts_could_be_run_as_well(task, folder, labels, tmp_path):
    task = TASKS[task]
    labels = reference_path("datasets", task.model_id, labels)
    dataset = Dataset.open(write_listed(tmp_path, task, labels), task)
    script = read_script(reference_path("published", folder, "script.async"))
    check_executable(rerooted(script, dataset), dataset, Mode.ENERGY, 3.0)


@pytest.mark.parametrize(("task", "folder"), PUBLISHED)
def test_a_published_session_is_scored_to_its_published_median(task, folder):
    path = reference_path("published", folder)
    published_uj = printed_in(path).headline("median_energy_uj")
    ran = tinyrunner("score", path, "--datasets", reference_path("datasets"), "--json")
    assert ran.status == 0, ran
    assert (ran.json["task"], ran.json["mode"]) == (task, "energy")
    median_uj = ran.json["energy"]["median_energy_per_inference_j"] * 1e6
    digits = len(published_uj.partition(".")[2])
    assert f"{median_uj:.{digits}f}" == published_uj
    shown = tinyrunner("score", path, "--datasets", reference_path("datasets"))
    assert f"median energy {median_uj:.3f} µJ/inf" in shown.out
    assert "edges from the monitor's event input" in shown.out


def test_a_session_that_is_complete_is_scored_again_and_nothing_is_run(session):
    ran = tinyrunner("run", "--resume", session)
    assert ran.status == 3
    assert "is complete; nothing is left to run, scoring it again" in ran.err


def test_a_window_under_ten_seconds_is_a_violation(watched, tmp_path):
    data = write_inputs(tmp_path / "data", KWS)
    ran = run(data, tmp_path / "s", "--iterations", 100, "--json")
    assert ran.status == 3, ran
    assert watched.off
    short = [f for f in ran.json["findings"] if f["kind"] == "window too short"]
    assert short, ran
    assert short[0]["severity"] == "violation"
    assert ran.json["energy"]["windows"][0]["energy_j"] == pytest.approx(
        true_energies_j(watched.bench)[0], rel=1e-3
    )


def test_soft_markers_need_no_pin_and_are_never_valid(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", "sim:", "--supply-v", 3.0, "--model", "demo",
        "--datasets", "demo", "--soft-markers", "--json", "--sessions", tmp_path,
    )  # fmt: skip
    assert ran.status == 3, ran
    result = document(only_session(tmp_path))["result"]
    assert "soft markers" in [finding["kind"] for finding in result["findings"]]
    windows = result["energy"]["windows"]
    assert len(windows) == 5
    # The end's line takes 15 ms at 9600 baud to come.
    assert all(w["energy_per_inference_j"] == pytest.approx(2.1e-3, rel=5e-3) for w in windows)
