"""One run of the program on the hostile link, and what its session is worth against the truth.

The session is read here as its dialect's facts have it, not by the product: what a step left before
`m-session-retry-step[N]` or `m-session-resume-id[…]-step[N]` is void from step N on.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .device import TASKS, Device, Inferred, scores_of
from .in_the_middle import BYTE_KINDS, FROM, TO, Middle
from .rig import Rig

Ran = tuple[int, str, str]
"""Exit status, stdout, stderr."""
Command = Callable[[Sequence[str]], Ran]
"""The program's command line."""

SETTINGS: dict[str, tuple[str, ...]] = {
    "default": (),
    "safe": ("--verify-load", "all", "--confirm-results", "all"),
    "pipelined": ("--pipelining",),
    "extended": ("--extension",),
    "safe, pipelined": ("--pipelining", "--verify-load", "all", "--confirm-results", "all"),
    "safe, extended": ("--extension", "--verify-load", "all", "--confirm-results", "all"),
}

LIMITS = {"kws": 8, "ic": 4, "vww": 1, "ad": 1}
"""Files of an accuracy run."""
FILES = {"kws": 12, "ic": 10, "vww": 5, "ad": 5}
FILE_BYTES = {"ad": 102_400}
WINDOWS = 5
ITERATIONS, INFERENCE_S = 60, 0.002
"""Windows of 0.12 s."""

RIGHT, RESUMED, NOT_BEGUN = "right", "stopped, resumed, right", "stopped before its first step"
DIGIT, WRONG, BAD = "a damaged digit recorded", "WRONG", "UNCLEAR"


def make_inputs(root: Path, task: str) -> Path:
    """Write random inputs of a task and their list, as users of EEMBC's runner have them."""
    model, size, classes = TASKS[task]
    folder = root / model
    if not folder.is_dir():
        folder.mkdir(parents=True)
        chance = random.Random(task)
        rows = []
        classes = 2 if task == "ad" else classes
        for index in range(FILES[task]):
            label = index % classes
            name = f"in{index}_{label}.bin"
            (folder / name).write_bytes(chance.randbytes(FILE_BYTES.get(task, size)))
            window = ",2560,512" if task == "ad" else ""
            rows.append(f"{name},{classes},{label}{window}\n")
        (folder / "y_labels.csv").write_text("".join(rows))
    return root


@dataclass(frozen=True)
class Case:
    """Says what is run, and what goes wrong."""

    task: str
    mode: str
    setting: str
    kind: str
    seed: int

    @property
    def digits_may_pass(self) -> bool:
        """Whether a digit damaged by this kind is told by nothing that this setting looks at.

        Of an input nothing but reading it back tells, or a checksum; of a score or a lap time, to
        ask again.
        """
        if self.kind.removesuffix(TO) in BYTE_KINDS:
            return self.setting in ("default", "pipelined")
        return self.kind.removesuffix(FROM) in BYTE_KINDS and "safe" not in self.setting


@dataclass
class Judged:
    """What became of it."""

    case: Case
    outcome: str
    why: str = ""
    faults: int = 0
    seconds: float = 0.0


@dataclass
class Bench:
    """Runs cases of one task; the folder keeps inputs, sessions and what `check` has found."""

    root: Path
    command: Command
    usual: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)
    """The commands of a run without a fault, by task, mode and setting."""

    def run(self, case: Case, count: int = 2) -> Judged:
        """Run one case, resumed on a good link where it stopped."""
        key = (case.task, case.mode, case.setting)
        if key not in self.usual:
            clean = Middle("", (), "")
            judged = self.with_faults(case, clean)
            if judged.outcome != RIGHT:
                return replace(judged, outcome=BAD, why=f"without a fault: {judged.why}")
            self.usual[key] = clean.seen
        seed = f"{case.seed} {case.task} {case.mode} {case.setting}"
        return self.with_faults(case, Middle.of(case.kind, seed, self.usual[key], count))

    def with_faults(self, case: Case, middle: Middle) -> Judged:
        """Run one case with the faults of ``middle``."""
        sessions = self.root / "sessions"
        shutil.rmtree(sessions, ignore_errors=True)
        chance = random.Random(f"{case.seed} board")
        device = Device(
            case.task,
            inference_s=INFERENCE_S if case.mode == "performance" else 0.0005,
            extension="extended" in case.setting,
            overruns=chance.random() < 0.5,
        )
        tcp = case.kind == "unplug" or chance.random() < 0.3
        with Rig(device, middle, tcp=tcp) as rig:
            ran = self.command(self._arguments(case, rig.address, sessions))
            judged = self._judged(case, device, ran, sessions, RIGHT)
            faults = len(middle.happened)
            if judged.outcome == "stopped":
                middle.armed = False
                device.forget()
                (folder,) = sessions.iterdir()
                resume = ["run", "--resume", str(folder), "--json", "--dut", rig.address]
                ran = self.command(resume)
                again = self._judged(case, device, ran, sessions, RESUMED)
                again.why = f"{judged.why} || {again.why}"
                if again.outcome in ("stopped", NOT_BEGUN):
                    again.outcome = BAD
                judged = again
        judged.faults = faults
        return judged

    def _arguments(self, case: Case, address: str, sessions: Path) -> list[str]:
        words = ["run", case.task, "--mode", case.mode, "--dut", address, "--json"]
        words += ["--datasets", str(make_inputs(self.root / "data", case.task))]
        words += ["--sessions", str(sessions), *SETTINGS[case.setting]]
        if case.mode == "performance":
            return [*words, "--iterations", str(ITERATIONS)]
        return [*words, "--limit", str(LIMITS[case.task])]

    # ---- judging -------------------------------------------------------------------------------

    def _judged(self, case: Case, device: Device, ran: Ran, sessions: Path, well: str) -> Judged:
        status, out, err = ran
        told = " ".join(err.split())[-600:]
        if "Traceback" in err or status not in (0, 1, 2, 3):
            return Judged(case, BAD, f"status {status}: {told}")
        if status in (1, 2):
            if "error: " not in err:
                return Judged(case, BAD, f"no error told, status {status}: {told}")
            if "--resume" in err and sessions.is_dir():
                return Judged(case, "stopped", told)
            return Judged(case, NOT_BEGUN, told)
        (folder,) = sessions.iterdir()
        document = json.loads((folder / "session.json").read_text())
        wrong = self._wrong(case, device, json.loads(out), document, folder)
        if not wrong:
            return Judged(case, well)
        return Judged(case, DIGIT if case.digits_may_pass else WRONG, wrong)

    def _wrong(self, case: Case, device: Device, said: dict, document: dict, folder: Path) -> str:
        """Say what of a finished session is not so; nothing where all is."""
        inputs = self._inputs(case)
        log = (folder / "log.txt").read_text()
        recorded = read_log(log)
        if [each.file for each in recorded] != [name for name, _, _ in inputs]:
            return (
                f"{len(recorded)} inferences of {len(inputs)}: {[each.file for each in recorded]}"
            )
        if document["result"] is None:
            return "no result"
        if case.mode == "accuracy":
            count = device.score_count
            for each, (name, data, _) in zip(recorded, inputs, strict=True):
                if each.scores.rstrip(",") != scores_of(data, count):
                    return f"{name}: {each.scores}, it is {scores_of(data, count)}"
            return self._wrong_accuracy(case, said, inputs, count)
        return self._wrong_windows(device, said, document, log, recorded, inputs)

    def _wrong_accuracy(self, case: Case, said: dict, inputs: list, count: int) -> str:
        figures = said["accuracy"]
        if case.task == "ad":
            return ""
        right = 0
        for _, data, label in inputs:
            scores = [float(score) for score in scores_of(data, count).split(",")]
            right += scores.index(max(scores)) == label
        if (figures["inputs"], figures["correct"]) != (len(inputs), right):
            return f"{right} of {len(inputs)} are right, the program says {figures}"
        return ""

    def _wrong_windows(
        self,
        device: Device,
        said: dict,
        document: dict,
        log: str,
        recorded: list[Recorded],
        inputs: list,
    ) -> str:
        """A window is of the right input, and as long as it was, to what the link allows."""
        windows = said["performance"]["windows"]
        if len(windows) != WINDOWS:
            return f"{len(windows)} windows"
        resolution_s = document["provenance"]["link"].get("lap_resolution_s")
        if less := re.findall(r"lap times are compared to ([\d.]+) ms", log):
            resolution_s = float(less[-1]) / 1e3
        if "compared with the host's time only" in log:
            resolution_s = None
        for window, each, (name, data, _) in zip(windows, recorded, inputs, strict=True):
            true = [one for one in device.inferred if one.tensor == data]
            true = [one for one in true if one.iterations == ITERATIONS]
            if not true:
                return f"{name} was never inferred {ITERATIONS} times"
            off_s = min(abs(_elapsed_s(one) - window["elapsed_s"]) for one in true)
            allowed_s = 0.06 if resolution_s is None else 2.2 * resolution_s
            if window["iterations"] != ITERATIONS or off_s > allowed_s:
                return f"{name}: {window} is {off_s:.4f} s off ({each.laps})"
            of_others = [
                one
                for one in device.inferred
                if one.tensor != data and each.laps == (one.start_us, one.end_us)
            ]
            if of_others:
                return f"{name}: the window is of another input"
        return ""

    def _inputs(self, case: Case) -> list[tuple[str, bytes, int]]:
        """What is inferred, in order: file, bytes, label."""
        model, size, _ = TASKS[case.task]
        folder = make_inputs(self.root / "data", case.task) / model
        rows = [line.split(",") for line in (folder / "y_labels.csv").read_text().splitlines()]
        found = []
        for name, _, label, *_ in rows[: LIMITS[case.task] if case.mode == "accuracy" else WINDOWS]:
            data = (folder / name).read_bytes()
            offsets = range(0, 196 * 512, 512) if case.task == "ad" else [0]
            if case.mode == "performance":
                offsets = [0]
            found += [(name, data[at : at + size], int(label)) for at in offsets]
        return found


def _elapsed_s(one: Inferred) -> float:
    return (one.end_us - one.start_us) / 1e6


@dataclass
class Recorded:
    """One inference as the log has it."""

    step: int
    file: str
    scores: str = ""
    laps: tuple[int, ...] = ()
    ready: bool = False


_LINE = re.compile(r"\d+\.\d{3} ([a-z]+): (.*)")


def read_log(text: str) -> list[Recorded]:
    """Return the inferences that stand."""
    found: list[Recorded] = []
    step, file, open_ = 0, "", None
    for line in text.split("\n"):
        match = _LINE.match(line)
        source, said = match.groups() if match else ("", line)
        if source == "sequencer" and (number := re.match(r"m-sequencing-i\[(\d+)\]", said)):
            step, open_ = int(number[1]), None
        elif source == "session" and (
            void := re.match(r"m-session-(?:resume-id\[\d+\]|retry)-step\[(\d+)\]", said)
        ):
            found = [each for each in found if each.step < int(void[1])]
            open_ = None
        elif source == "parser" and said.startswith('Command "bload'):
            file = re.split(r"[/\\]", said.split('"')[2])[-1]
        elif source == "parser" and said.startswith('Command "dut infer'):
            open_ = Recorded(step, file)
        elif source == "dut" and open_ is not None:
            if lap := re.search(r"m-lap-us-(\d+)$", said):
                open_.laps += (int(lap[1]),)
            if (scores := re.search(r"m-results-\[([^\]]*)\]", said)) and not open_.scores:
                open_.scores = scores[1]
            if said.endswith("m-ready"):
                found.append(open_)
                open_ = None
    return found


def served_check(bench: Bench, task: str) -> None:
    """Let the program find out that the device buffers its input, as pipelining asks for."""
    with Rig(Device(task), Middle("", (), ""), tcp=False) as rig:
        status, out, err = bench.command(["check", "--dut", rig.address])
        assert "characters in flight" in out, (status, out, err)
