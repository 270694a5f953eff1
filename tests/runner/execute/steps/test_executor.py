"""Steps on a bench: what the journal says of them, and boards that misbehave in the middle."""

from __future__ import annotations

import re

import pytest
from support.cli import inferences, only_session, tinyrunner
from support.devices.boards import (
    BANNER,
    Deaf,
    DropsByte,
    Fault,
    InResults,
    board,
    served,
    use_board,
)
from support.inputs import write_inputs
from support.reference import reference_path
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.models.suite import AD, KWS
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.execute.console import Interactive
from tinyrunner.runner.execute.steps.executor import Executor, check_executable
from tinyrunner.runner.script.energy_plan import energy_plan
from tinyrunner.runner.script.plan import plan, planned_inferences
from tinyrunner.runner.script.script import Script, Step, print_script
from tinyrunner.runner.script.verbs import FORMS
from tinyrunner.runner.terms import Mode

COUNT = 8


def run(data, sessions, *more):
    return tinyrunner(
        "run", "kws", "--mode", "accuracy", "--datasets", data, "--sessions", sessions, "--json",
        *more,
    )  # fmt: skip


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, COUNT)


def whole_run(data, tmp_path):
    """The inferences of a run on which nothing went wrong."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_board(monkeypatch, board())
        run(data, tmp_path / "whole", "--dut", "sim:")
    return inferences(only_session(tmp_path / "whole"))


FAULTS = {
    "reboots": (BANNER, True, "rebooted"),
    "too many scores": (
        b"m-results-[" + b"0.1," * 12 + b"0.1]\r\n",
        False,
        "13 scores instead of 12",
    ),
    "too few scores": (b"m-results-[0.5,0.5]\r\n", False, "2 scores instead of 12"),
    "NaN": (b"m-results-[" + b"0.1," * 11 + b"nan]\r\n", False, "'nan'"),
    "infinity": (b"m-results-[" + b"0.1," * 11 + b"1e999]\r\n", False, "'1e999'"),
    "no number": (b"m-results-[" + b"0.1," * 11 + b"0.x]\r\n", False, "'0.x'"),
    "two commas": (b"m-results-[" + b"0.1," * 12 + b",]\r\n", False, "''"),
    "no result": (None, False, "without a result"),
    "an endless line": (b"0.123," * 20000, True, "line of more than"),
    "an error": (b"e-[Out of memory]\r\n", False, "Out of memory"),
    "another input": (
        b"Input db has 12 elemented, expected 490\nm-results-[" + b"0.1," * 11 + b"0.1]\r\n",
        False,
        "Input db has 12",
    ),
}
"""What comes in place of a result; whether nothing follows it; what is said about it."""


class AlwaysInResults(Fault):
    """From the ``nth`` result line on each is replaced by ``text``."""

    def __init__(self, text, nth):
        self._text, self._left = text, nth

    def said(self, line):
        if line.startswith(b"m-results-["):
            self._left -= 1
            if self._left <= 0:
                return self._text
        return line


@pytest.mark.parametrize("name", [name for name in FAULTS if not FAULTS[name][1]])
def test_a_board_that_misbehaves_once_is_asked_again_and_the_run_ends_as_if_it_had_not(
    name, data, tmp_path, monkeypatch
):
    text, _, said = FAULTS[name]
    use_board(monkeypatch, board(fault=InResults(text, 4)))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.status == 3, ran
    session = only_session(tmp_path / "s")
    assert inferences(session) == whole_run(data, tmp_path)
    assert ran.json["accuracy"]["repeated"]["count"] == 0
    log = (session / "log.txt").read_text()
    (step,) = re.findall(r"session: m-session-retry-step\[(\d+)\]\n", log)
    after = log[log.index("m-session-retry") :]
    assert said in after
    assert "retry 1 of 3" in after
    for again in (int(step), int(step) + 1):
        assert log.count(f"m-sequencing-i[{again}]") == 2
        assert after.count(f"m-sequencing-i[{again}]") == 1


@pytest.mark.parametrize("name", FAULTS)
def test_a_board_that_keeps_misbehaving_ends_the_run_and_another_run_goes_on_from_there(
    name, data, tmp_path, monkeypatch
):
    text, mute, said = FAULTS[name]
    fault = InResults(text, 4, mute=True) if mute else AlwaysInResults(text, 4)
    use_board(monkeypatch, board(fault=fault))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.status == 1, ran
    session = only_session(tmp_path / "s")
    assert f"tinyrunner run --resume {session}" in ran.err
    log = (session / "log.txt").read_text()
    assert said in log
    assert "session: m-session-error[" in log
    assert not (session / "result.txt").exists()
    use_board(monkeypatch, board())
    resumed = tinyrunner("run", "--resume", session, "--json")
    assert resumed.status == 3, resumed
    assert "3 of 8 inputs are done" in resumed.err
    assert inferences(session) == whole_run(data, tmp_path)
    assert resumed.json["accuracy"]["inputs"] == COUNT
    assert resumed.json["accuracy"]["repeated"]["count"] == 0


def test_a_board_that_falls_silent_while_loading_ends_the_run(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=Deaf(60)))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.status == 1, ran
    assert "no answer" in ran.err
    session = only_session(tmp_path / "s")
    done = len(inferences(session))
    assert 0 < done < COUNT
    use_board(monkeypatch, board())
    tinyrunner("run", "--resume", session)
    assert inferences(session) == whole_run(data, tmp_path)


def test_a_board_that_falls_silent_in_an_inference_ends_the_run(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=InResults(None, 4, mute=True)))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.status == 1, ran
    assert "`infer 1 0` on sim:: no answer" in ran.err
    use_board(monkeypatch, board())
    session = only_session(tmp_path / "s")
    assert tinyrunner("run", "--resume", session).status == 3
    assert inferences(session) == whole_run(data, tmp_path)


def test_a_dropped_byte_begins_that_load_again_and_is_in_the_journal(data, tmp_path):
    with served(board(fault=DropsByte(lambda n: n == 40)), "pty") as address:
        ran = run(data, tmp_path / "s", "--dut", address)
    assert ran.status == 3, ran
    session = only_session(tmp_path / "s")
    assert inferences(session) == whole_run(data, tmp_path)
    log = (session / "log.txt").read_text()
    assert "restart 1 of 3" in log
    assert "Insufficent number of hex digits" in log


def test_a_link_that_drops_bytes_all_the_time_ends_the_run_after_four_attempts(
    data, tmp_path, monkeypatch
):
    use_board(monkeypatch, board(fault=DropsByte(lambda n: n >= 40)))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.status == 1, ran
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert "restart 3 of 3" in log
    assert "restart 4" not in log


def test_a_trailing_comma_is_tolerated_and_journalled_once(data, tmp_path, monkeypatch):
    class Comma(Fault):
        def said(self, line):
            return line.replace(b"]", b",]") if line.startswith(b"m-results") else line

    use_board(monkeypatch, board(fault=Comma()))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.json["accuracy"]["inputs"] == COUNT
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert log.count("ends in a comma") == 1


def test_chatter_noise_and_glued_lines_break_nothing_and_are_all_in_the_log(
    data, tmp_path, monkeypatch
):
    class Chatty(Fault):
        def said(self, line):
            if line.startswith(b"m-results"):
                return b"debug: 42\r\n\xff\x80Type error" + line
            return line

    use_board(monkeypatch, board(fault=Chatty()))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.json["accuracy"]["inputs"] == COUNT, ran
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert log.count("dut: debug: 42") == COUNT
    assert log.count("Type errorm-results-[") == COUNT


def test_an_input_that_vanishes_during_the_run_stops_it_resumably(data, tmp_path, monkeypatch):
    gone = data / "kws01" / "tst_000005_On_5.bin"
    content = gone.read_bytes()

    class Unlinks(Fault):
        def said(self, line):
            if line.startswith(b"m-results"):
                gone.unlink(missing_ok=True)
            return line

    use_board(monkeypatch, board(fault=Unlinks()))
    ran = run(data, tmp_path / "s", "--dut", "sim:")
    assert ran.status == 1, ran
    assert gone.name in ran.err
    assert "--resume" in ran.err
    gone.write_bytes(content)
    use_board(monkeypatch, board())
    session = only_session(tmp_path / "s")
    tinyrunner("run", "--resume", session)
    assert inferences(session) == whole_run(data, tmp_path)


def _own(line):
    """What the program that wrote a log says of itself."""
    return "m-version" in line or "Saved this run" in line


def test_the_log_has_the_form_of_the_published_ones(tmp_path, monkeypatch):
    """Line for line the published run's, but for numbers, paths, names and the noise at boot."""

    def shape(log, first):
        lines = [line.partition(" ")[2] for line in log.splitlines()]
        lines = lines[next(i for i, line in enumerate(lines) if first in line) :]
        lines = [re.sub(r'"[^"]*\.bin', '"X.bin', line) for line in lines if line]
        lines = [re.sub(r"\[[-0-9.,eE]*\]", "[N]", line) for line in lines]
        return [re.sub(r"\d+(\.\d+)?", "N", line) for line in lines if not _own(line)]

    published = reference_path(
        "published/v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/performance"
    )
    use_board(monkeypatch, board(settings=DeviceSettings(inference_time_s=0.02, vendor="Acme")))
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--sessions", tmp_path,
        "--datasets", reference_path("datasets"), "--script", published / "script.async",
    )  # fmt: skip
    assert ran.status == 0, ran
    first = 'Command "dut timestamp"'
    ours = shape((only_session(tmp_path) / "log.txt").read_text(), first)
    theirs = shape((published / "log.txt").read_text(), first)
    assert ours == theirs


def test_a_script_that_needs_a_monitor_is_refused_with_the_step(data):
    dataset = Dataset.open(data, KWS)
    script = Script((Step("version"), Step("emon power on")))
    with pytest.raises(SetupError, match="step 2, `emon power on`, needs an IO manager"):
        check_executable(script, dataset, Mode.ACCURACY)


@pytest.fixture
def energy_script(data):
    """The plan of an energy run, some of its steps replaced (by none, by several)."""

    def changed(replaced):
        steps = []
        for step in energy_plan(Dataset.open(data, KWS), 100, 1, 3.0).steps:
            steps += map(Step, replaced.pop(step.command, [step.command]))
        assert not replaced
        return Script(tuple(steps))

    return changed


def test_the_plan_of_an_energy_run_is_a_script_for_energy_alone(data, energy_script):
    dataset = Dataset.open(data, KWS)
    check_executable(energy_script({}), dataset, Mode.ENERGY, 3.0)
    with pytest.raises(SetupError, match="has none: it is a script for --mode energy") as refused:
        check_executable(energy_script({}), dataset, Mode.PERFORMANCE)
    assert "step 3, `emon power on`, needs an IO manager" in str(refused.value)
    wrong = r"a script for performance \(no trace is recorded .*\), and --mode says energy; give a"
    with pytest.raises(SetupError, match=wrong):
        check_executable(plan(Mode.PERFORMANCE, dataset, 100, 1), dataset, Mode.ENERGY)


@pytest.mark.parametrize(
    ("replaced", "said"),
    [
        ({"mountc io ioman": []}, "no `mountc io ioman` before `version`"),
        ({"io version": []}, "no `io version` before `version`"),
        ({"version": []}, "no `mountc io ioman` before `version`"),
        ({"emon trace off": []}, "this one has `emon trace on trace1`$"),
        ({"emon trace on trace1": ["emon trace on mine"]}, "has `emon trace on mine`, `emon trace"),
        ({"version": ["io dut infer 5 1", "version"]}, "`io dut infer 5 1` cannot stand before"),
        ({"version": ["emon trace off", "version"]}, "`emon trace off` cannot stand before"),
        ({"version": ["bm cfg ulp-ml", "version"]}, "`bm cfg ulp-ml` cannot stand before"),
    ],
)
def test_an_energy_script_that_would_not_be_understood_is_refused(
    replaced, said, data, energy_script
):
    with pytest.raises(SetupError, match=said):
        check_executable(energy_script(replaced), Dataset.open(data, KWS), Mode.ENERGY, 3.0)


def test_a_step_before_version_that_needs_a_monitor_is_refused_without_one(data):
    dataset = Dataset.open(data, KWS)
    steps = (Step("emon power on"), *plan(Mode.ACCURACY, dataset, 1, 0).steps)
    with pytest.raises(SetupError, match="`emon power on` cannot stand before `version`"):
        check_executable(Script(steps), dataset, Mode.ACCURACY)


def test_the_steps_before_version_are_executed_and_what_the_device_said_begins_the_log(
    data, tmp_path, monkeypatch
):
    steps = list(plan(Mode.ACCURACY, Dataset.open(data, KWS), 1, 0).steps)
    steps[3:3] = [Step("dut help"), Step("echo rest 10")]
    script = tmp_path / "script.async"
    script.write_text(print_script(Script(tuple(steps))))
    use_board(monkeypatch, board())
    assert run(data, tmp_path / "s", "--dut", "sim:", "--script", script).status == 3
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    before = log[: log.index("m-sequencer-start")]
    assert before.count("dut: m-profile-") == 1
    assert "ULPMark for tinyML Firmware" in before
    assert log.index("m-sequencing-i[1]-command[version]") > len(before)


@pytest.mark.parametrize("carries_out", [Executor, Interactive])
def test_every_verb_has_somebody_to_carry_it_out(carries_out):
    class Asked:
        def __getattr__(self, method):
            return lambda verb: asked.append(method)

    for form in FORMS:
        asked = []
        form.perform(Asked(), None)
        (method,) = asked
        assert callable(getattr(carries_out, method)), form.words


def test_a_script_with_an_unlisted_input_is_refused(data):
    script = Script((Step('bload dut "C:\\x\\other.bin"'), Step("dut infer 1 0")))
    with pytest.raises(SetupError, match=r"loads other\.bin, which"):
        check_executable(script, Dataset.open(data, KWS), Mode.ACCURACY)


def test_a_script_with_windows_that_do_not_fit_is_refused(data):
    name = "tst_000000_Down_0.bin"
    script = Script((Step(f'bload dut "{name}" 0 100'), Step("dut infer 1 0")))
    with pytest.raises(SetupError, match="100 bytes at 0"):
        check_executable(script, Dataset.open(data, KWS), Mode.ACCURACY)


def test_a_script_of_the_other_mode_is_refused(data):
    dataset = Dataset.open(data, KWS)
    script = plan(Mode.PERFORMANCE, dataset, 100, 1)
    with pytest.raises(SetupError, match=r"performance \(`dut infer 100 1`\), and --mode says acc"):
        check_executable(script, dataset, Mode.ACCURACY)


@pytest.mark.parametrize("command", ["dut infer", "dut infer 5", "dut infer 0 1", "dut infer x 1"])
def test_an_infer_without_both_its_numbers_is_refused(command, data):
    name = "tst_000000_Down_0.bin"
    script = Script((Step(f'bload dut "{name}"'), Step(command)))
    with pytest.raises(SetupError, match="expected `dut infer N W`"):
        check_executable(script, Dataset.open(data, KWS), Mode.PERFORMANCE)


def test_an_infer_without_a_load_of_its_own_is_refused(data):
    name = "tst_000000_Down_0.bin"
    script = Script((Step(f'bload dut "{name}"'), Step("dut infer 1 0"), Step("dut infer 1 0")))
    with pytest.raises(SetupError, match="step 3, `dut infer 1 0`, has no `bload`"):
        planned_inferences(script)


def test_the_windows_of_ad_are_loaded_with_their_offsets(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", AD, 2)
    use_board(monkeypatch, board(AD))
    tinyrunner(
        "run", "ad", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert 'tst_000000_normal_0.bin" 512 2560"' in log
    assert "parser: Starting at byte offset 99840\n" in log
    assert log.count("m-bload-done") == 2 * 196
