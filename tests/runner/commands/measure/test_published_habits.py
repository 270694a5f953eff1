"""What published firmware does otherwise than the reference: measured, or told by its cause.

The scripted board of `support.devices.scripted` in the place of `--dut sim:`, on the virtual clock.
What a run makes of it, `score` must make of the log that it leaves.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.cli import Ran, tinyrunner
from support.devices.boards import use_board
from support.devices.scripted import Habits, ScriptedDevice
from support.inputs import write_inputs
from tinyrunner.models.suite import AD, IC, KWS, VWW, Task


@pytest.fixture
def ran(monkeypatch, tmp_path: Path):
    """Run a board with these habits through a mode; the session's folder goes with it."""

    def run(
        habits: Habits, mode: str = "accuracy", count: int = 5, *options: object
    ) -> tuple[Ran, Path | None, ScriptedDevice]:
        task = habits.task
        data = write_inputs(tmp_path / "data", task, count)
        right = {}
        for line in (data / task.model_id / "y_labels.csv").read_text().splitlines():
            name, _, label, *_ = line.split(",")
            content = (data / task.model_id / name).read_bytes()[: task.input_bytes]
            right[content] = int(label)
        device = ScriptedDevice(habits, lambda tensor: right.get(tensor, 0))
        use_board(monkeypatch, device)
        if mode == "performance":
            options = ("--iterations", 500, *options)
        done = tinyrunner(
            "run", task.key, "--mode", mode, "--dut", "sim:", "--datasets", data,
            "--sessions", tmp_path / "sessions", *options,
        )  # fmt: skip
        folders = sorted((tmp_path / "sessions").glob("2*"))
        return done, folders[-1] if folders else None, device

    return run


def figures(folder: Path, mode: str) -> dict:
    """What the run itself says of the session."""
    return json.loads((folder / "session.json").read_text())["result"][mode]


def scored(folder: Path, tmp_path: Path, task: Task, mode: str) -> dict:
    """What `score` says of its log."""
    labels = tmp_path / "data" / task.model_id / "y_labels.csv"
    said = tinyrunner("score", folder / "log.txt", "--labels", labels, "--json")
    return said.json["result"][mode] if "result" in said.json else said.json[mode]


WELL = {
    "LF": Habits(line_end=b"\n"),
    "LF CR": Habits(line_end=b"\n\r"),
    "CR CR LF": Habits(line_end=b"\r\r\n"),
    "time stamps as %.0f": Habits(lap="%.0f"),
    "time stamps beyond 2^31": Habits(lap_start_us=(1 << 31) - 3_000_000),
    "time stamps across 2^32": Habits(lap_start_us=(1 << 32) + 5),
    "blanks": Habits(results="blanks"),
    "padded scores": Habits(results="padded"),
    "exponents": Habits(results="exponents"),
    "six decimals": Habits(results="six decimals"),
    "negative zeros": Habits(results="negative zero"),
    "trailing commas": Habits(results="trailing comma"),
    "echo of each character": Habits(echo_each=True),
    "echo of the command": Habits(echo=b"%s%%"),
    "echo without its end": Habits(echo=b"%s"),
    "echo on a line": Habits(echo=b"> %s\r\n"),
    "a prompt": Habits(prompt=b"> "),
    "a shell's prompt": Habits(prompt=b"uart:~$ ", echo=b"%s\r\n"),
    "ANSI colours": Habits(prefix=b"\x1b[32m"),
    "chatter in the window": Habits(in_window=b"[I] tick\r\n" * 3000, baud_rate=921600),
    "a late banner": Habits(boot_s=8.0, boot_text=b"U-Boot 2023\r\n"),
    "a command buffer of 64": Habits(command_chars=64),
    "no results command": Habits(no_results_command=True),
    "a first name lost": Habits(first_lost=1),
    "two names lost": Habits(first_lost=2),
    "a reboot in the run": Habits(reboots_after=2),
    # and what this version has learnt
    "sizes that agree, always told": Habits(size_always=True),
    "elements that agree": Habits(size_always=True, size_line="elements"),
    "bytes that agree": Habits(size_always=True, size_line="bytes"),
    "a slow handshake": Habits(command_s=0.2),
    "padded time stamps": Habits(lap="padded"),
    "time stamps with zeros": Habits(lap="zeros"),
    "signed time stamps": Habits(lap="signed", lap_start_us=(1 << 31) + 7),
    "time stamps with decimals": Habits(lap="decimals"),
    "time stamps with their unit": Habits(lap="unit"),
    "results printed twice": Habits(results_twice=True),
    "m-infer-done behind the results": Habits(done_last=True),
    "time stamps printed twice": Habits(laps_twice=True),
}


@pytest.mark.parametrize("mode", ["accuracy", "performance"])
@pytest.mark.parametrize("habits", WELL.values(), ids=list(WELL))
def test_habits_of_published_firmware_are_measured_and_live_and_score_agree(
    ran, tmp_path: Path, habits: Habits, mode: str
):
    done, folder, _ = ran(habits, mode)
    assert done.status == 3, done
    if "accuracy" in mode:
        assert figures(folder, mode)["top1"] == 1.0, done
        assert figures(folder, mode)["correct"] == 5
    else:
        window_s = 500 * 0.02 + (len(habits.in_window) * 10 / habits.baud_rate)
        found = figures(folder, mode)["median_throughput"]
        assert found == pytest.approx(500 / window_s, rel=0.01), done
    assert scored(folder, tmp_path, habits.task, mode) == figures(folder, mode)
    assert "restart" not in done.err, "no load had to be begun again"


ALWAYS_WRONG = Habits(size_always=True, size_line="640", takes_any_size=True)


def test_sizes_of_nothing_that_was_loaded_let_windows_be_measured_and_say_so(ran, tmp_path: Path):
    done, folder, _ = ran(ALWAYS_WRONG, "performance")
    assert done.status == 3, done
    assert figures(folder, "performance")["median_throughput"] == pytest.approx(50, rel=0.01)
    assert scored(folder, tmp_path, KWS, "performance") == figures(folder, "performance")
    text = " ".join(done.out.split())
    assert "'Input db has 640 elemented, expected 25600'" in text
    log = (folder / "log.txt").read_text()
    assert log.count("490 bytes were loaded: nobody knows which input it infers") == 1


def test_on_such_a_word_no_score_is_taken(ran):
    done, _, device = ran(ALWAYS_WRONG, "accuracy")
    text = " ".join(done.err.split())
    assert done.status == 1, done
    assert "expected 25600', and 490 bytes were loaded: nobody knows which input it" in text
    assert ENDS in text
    assert len(device.inferred) == 2, "once more, for the link may have damaged the line"


@pytest.mark.parametrize("task", [VWW, IC, AD], ids=lambda task: task.key)
def test_sizes_that_agree_are_news_for_every_task(ran, tmp_path: Path, task: Task):
    done, folder, device = ran(Habits(task=task, size_always=True, baud_rate=921600), "performance")
    assert done.status == 3, done
    assert len(set(device.inferred)) == 5, "each input was taken"
    assert scored(folder, tmp_path, task, "performance") == figures(folder, "performance")


ENDS = "It would end in the same place again"

CAUSES = {
    "another size": (Habits(needs=1960), r"expected 1960'.*expects an input of another size"),
    "elements": (Habits(needs=1960, size_line="elements"), "490 elements, expected 1960"),
    "bytes of another size": (Habits(needs=250, size_line="bytes"), "490 bytes, expected 250"),
    "zu": (Habits(needs=1960, size_line="zu"), "has zu elemented.*nobody knows"),
    "%zu": (Habits(size_always=True, size_line="%zu"), "%zu.*printf without %zu"),
    "ld": (Habits(size_always=True, size_line="ld"), "has ld elements.*nobody knows"),
    "no number": (Habits(needs=12, size_line="nothing"), "nobody knows"),
    "no floats": (Habits(results="no floats"), "newlib-nano.*-u _printf_float"),
    "f for floats": (Habits(results="the letter f"), "newlib-nano.*-u _printf_float"),
    "? for floats": (Habits(results="question marks"), "newlib-nano.*-u _printf_float"),
    "a percent sign": (Habits(results="a percent sign"), "newlib-nano.*-u _printf_float"),
    "time stamps ld": (Habits(lap="ld"), "'m-lap-us-ld' is no number.*64-bit"),
    "time stamps lld": (Habits(lap="lld"), "'m-lap-us-lld' is no number"),
    "time stamps %lu": (Habits(lap="lu"), "'m-lap-us-%lu' is no number"),
    "time stamps empty": (Habits(lap="empty"), "'m-lap-us-' is no number"),
    "time stamps with exponents": (Habits(lap="exponent"), "is no count of microseconds"),
    "another name": (
        Habits(name_line=b"m-name-myboard-[acme]"),
        r"'m-name-myboard-\[acme\]'.*the name must be `dut`",
    ),
    "a name without its dut": (Habits(name_line=b"m-name-[acme]"), "the name must be `dut`"),
    "an IO manager": (Habits(name_line=b"m-name-io"), "this is an IO manager.*--io"),
    "too small a buffer": (Habits(buffer_bytes=256), "exceeds maximum of 256"),
    "no db": (Habits(refuses="db"), "Unknown command: db"),
    "no infer": (Habits(refuses="infer"), "Unknown command: infer"),
}


@pytest.mark.parametrize(("habits", "cause"), CAUSES.values(), ids=list(CAUSES))
def test_what_would_come_again_is_told_by_its_cause_once_and_without_retries(ran, habits, cause):
    done, _, device = ran(habits)
    text = " ".join(done.err.split())
    assert done.status == 1, done
    assert re.search(cause, text), text
    assert ENDS in text
    assert "retry" not in text
    assert "restart" not in text
    assert "--resume" not in text
    assert "energy-mode" not in text
    assert "Is it powered" not in text
    assert len(device.inferred) <= 1


def test_a_long_load_says_how_far_it_is(ran):
    done, _, _ = ran(Habits(task=VWW, command_s=0.117), "accuracy", 1)
    assert done.status == 3, done
    told = [line for line in done.err.splitlines() if "loading, block" in line]
    assert 2 <= len(told) <= 6
    assert "of 922" in told[0]
    assert "s left" in told[0]
    assert "26 data bytes" not in done.err
    assert "restart" not in done.err


def test_a_board_that_falls_silent_in_a_load_is_told_from_a_slow_one(ran):
    done, _, _ = ran(Habits(silent_after_blocks=7, command_s=0.2), "accuracy", 1)
    assert done.status == 1, done
    assert "no answer in 3.0 s" in done.err
    assert "it fell silent in the load: the 7 blocks before took at most 0.2" in done.err


def test_a_load_of_a_wrong_size_in_a_log_is_a_finding(ran, tmp_path: Path):
    _, folder, _ = ran(Habits(), "accuracy")
    log = folder / "log.txt"
    lines = log.read_text().splitlines(keepends=True)
    at = [index for index, line in enumerate(lines) if "Sending 490 bytes" in line][2]
    lines[at] = lines[at].replace("490", "491")
    log.write_text("".join(lines))
    labels = tmp_path / "data" / KWS.model_id / "y_labels.csv"
    said = tinyrunner("score", log, "--labels", labels)
    assert "a load of 491 bytes where an input of kws has 490" in " ".join(said.out.split())
