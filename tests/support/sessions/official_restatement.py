"""The official checker's rules said a second time, plainly, to compare the product's with.

Written from what is known of `tools/submission/submission_checker.py` of mlcommons/tiny, without
looking at the product's own: nothing of it is imported here, and a folder is walked with `os`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

OLD, NEW = "d3f7e57", "1afd2c9"

BENCHMARKS = {
    "v1.1": {"ad", "ic", "kws", "vww"},
    "v1.2": {"ad", "ic", "kws", "vww"},
    "v1.3": {"ad", "ic", "kws", "vww", "sww"},
    "v1.4": {"ad", "ic", "ic2", "kws", "vww", "sww"},
}
LEAST = {"ad": 0.85, "ic": 85.0, "ic2": 91.0, "kws": 90.0, "vww": 80.0}
TOP1 = re.compile(r".* Top[- ]1%?\s?[:=] ([\d\.]+).*")
AUC = re.compile(r".* AUC\s?[:=] ([\d\.]+).*")
THROUGHPUT = re.compile(r".* Median throughput is\s+([\d\.]+) inf\./sec\..*")
ENERGY = re.compile(r"Median energy cost is ([\d\.]+) uJ/inf")
SWW_POWER = re.compile(r"Power\s+: ([\d\.]+) mW.*")
SWW_THROUGHPUT = re.compile(r"Estimated throughput:\s*([\d\.]+) inf./sec.")
SWW_COUNTS = re.compile(
    r"Accuracy: (\d+) True positives, (\d+) False negatives, (\d+) False positives"
)
SWW_DUTY = re.compile(r"Average duty cycle: ([\d\.]+)")
HUGE = 500 * 1024 * 1024

FROM_JSON = {
    "BoardName": "Board Name",
    "HostProcessorModelName": "Processor(s) Name",
    "HostProcessorFrequency": "Processor(s) Frequencies",
    "HostProcessorMemory": "Processor memory type and capacity",
    "AcceleratorModelName": "Accelerator",
    "AcceleratorFrequency": "Accelerator(s) Frequencies",
    "AcceleratorMemory": "Accelerator memory type and capacity",
    "HardwareNotes": "Hardware Notes",
    "InferenceFramework": "Inference Framework",
    "SoftwareLibraries": "Software Libraries",
    "SoftwareNotes": "Software Notes",
}


@dataclass(frozen=True)
class Restated:
    """What the checker would end with."""

    ok: bool
    """"Looks OK"."""
    crashed: bool
    """A traceback instead."""
    rows: list[dict[str, str]]
    """Of the summary, none where it crashes."""


class Crash(Exception):
    """The checker would stop with a traceback."""


@dataclass
class _Run:
    checker: str
    version: str
    failed: set[str] = field(default_factory=set)
    """What has no result, by path."""
    rows: list[dict[str, str]] = field(default_factory=list)


def restate(root: Path, checker: str, version: str) -> Restated:
    """Check the results repository ``root``, which holds closed/ and/or open/."""
    run = _Run(checker, version)
    try:
        for division in ("closed", "open"):
            if (root / division).is_dir():
                for submitter in _folders(root / division):
                    _submitter(run, division, submitter)
    except Crash:
        return Restated(ok=False, crashed=True, rows=[])
    return Restated(ok=not run.failed, crashed=False, rows=run.rows)


def _folders(folder: Path) -> list[Path]:
    return sorted(folder / name for name in os.listdir(folder) if (folder / name).is_dir())


def _submitter(run: _Run, division: str, folder: Path) -> None:
    results = folder / "results"
    if not results.exists():
        return
    for at, folders, files in os.walk(folder):
        paths = [os.path.join(at, name) for name in files]
        if any(os.path.islink(path) for path in paths):
            run.failed.add(str(folder))  # a linked folder is not among the files: not noticed
        elif any(os.path.getsize(path) > HUGE for path in paths):
            run.failed.add(str(folder))
        if at.endswith("__pycache__") or not (folders or files):
            run.failed.add(str(folder))
    if str(folder) in run.failed:
        return
    mapping: object = None
    if division == "open" and (folder / "model_mapping.json").exists():
        mapping = _json(folder / "model_mapping.json")
    if not results.is_dir():
        raise Crash
    for system in _folders(results):
        _system(run, division, folder, system, mapping)


def _system(run: _Run, division: str, submitter: Path, system: Path, mapping: object) -> None:
    description = submitter / "systems" / f"{system.name}.json"
    if not description.exists():
        run.failed.add(str(system))
        return
    found = _json(description)
    if not isinstance(found, dict) or not isinstance(found.get("Status"), str):
        raise Crash
    status = found["Status"].lower()
    if status not in ("available", "preview", "rdi"):
        run.failed.add(str(system))
        return
    if found.get("system_type") is not None:
        raise Crash
    for benchmark in _folders(system):
        _benchmark(run, division, submitter, system, benchmark, status, found, mapping)


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Crash from error


def _benchmark(
    run: _Run,
    division: str,
    submitter: Path,
    system: Path,
    folder: Path,
    status: str,
    description: dict[str, object],
    mapping: object,
) -> None:
    known = BENCHMARKS.get(run.version, BENCHMARKS["v1.1"])
    model: str | None = folder.name if folder.name in known else None
    if model is None and mapping is not None:
        if not isinstance(mapping, dict):
            raise Crash
        model = mapping.get(folder.name) or None
    if division == "closed" and model not in known:
        run.failed.add(str(folder))
        return
    if run.checker == NEW and (run.version in ("v1.0", "v1.1", "v1.2") or folder.name not in known):
        raise Crash  # it looks the folder's own name up among the tests that a round requires
    row = {
        "Organization": submitter.name,
        "Availability": status,
        "Division": division,
        "SystemDesc": system.name,
        "Model": folder.name,
        "MlperfModel": _cell(run, model),
        **{column: _cell(run, description.get(key)) for column, key in FROM_JSON.items()},
    }
    if model == "sww":
        _streaming(run, division, folder, row)
        return
    accurate, accuracy = _accuracy(division, folder, model)
    if not os.path.exists(os.path.join(folder, "performance", "")):
        return  # said, and not counted
    throughput = _last(THROUGHPUT.match, folder / "performance" / "results.txt")
    energy: float | None = 0.0
    if (folder / "energy").exists():
        energy = _last(ENERGY.search, folder / "energy" / "results.txt")
    if throughput is None or energy is None:
        return  # likewise
    if throughput == 0.0 and energy == 0.0:
        run.failed.add(str(folder))  # a result of nothing is no result
        return
    if not accurate:
        run.failed.add(str(folder))
        return
    row |= {
        "Result": str(throughput),
        "ResultUnit": "inf./sec.",
        "Accuracy": _cell(run, accuracy),
        "HasPower": str(energy > 0),
        "Power": str(energy),
        "PowerUnit": "uJ/inf.",
    }
    run.rows.append(row)


def _accuracy(division: str, folder: Path, model: str | None) -> tuple[bool, str | None]:
    """Whether it counts, and as it was printed."""
    path = folder / "accuracy" / "results.txt"
    if not path.exists():
        return False, None
    if model not in LEAST:
        raise Crash
    pattern = AUC if model == "ad" else TOP1
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise Crash from error
    printed = None
    for line in lines:
        if (match := pattern.match(line)) is not None:
            printed = match[1]
    if printed is None:
        return division == "open", None
    try:
        reached = float(printed) >= LEAST[model]
    except ValueError as error:
        raise Crash from error
    return reached or division == "open", printed


def _last(find, path: Path) -> float | None:
    """The last line's figure; None for whatever goes wrong."""
    try:
        figures = [
            match[1] for line in path.read_text("utf-8").split("\n") if (match := find(line))
        ]
        return float(figures[-1]) if figures else None
    except (OSError, ValueError):
        return None


def _streaming(run: _Run, division: str, folder: Path, row: dict[str, str]) -> None:
    """The wake word: one results file has everything; without a power line, no power."""
    measured = folder / "energy"
    if not measured.exists():
        measured = folder / "performance"
    try:
        lines = (measured / "results.txt").read_text("utf-8").split("\n")
    except (OSError, ValueError):
        return
    counts = [match for line in lines if (match := SWW_COUNTS.search(line))]
    throughputs = [match[1] for line in lines if (match := SWW_THROUGHPUT.search(line))]
    duties = [match[1] for line in lines if (match := SWW_DUTY.search(line))]
    powers = [match[1] for line in lines if (match := SWW_POWER.search(line))]
    # What follows where a line is missing is not known; it is taken as of other benchmarks.
    if not throughputs or (measured.name == "energy" and not powers):
        return
    if not counts:
        run.failed.add(str(folder))
        return
    hit, missed, false = (int(digits) for digits in counts[-1].groups())
    if hit + missed != 50 or (division == "closed" and (false > 8 or missed > 8)):
        run.failed.add(str(folder))
        return
    power = powers[-1] if powers else "0"
    run.rows.append(
        row
        | {
            "Result": throughputs[-1],
            "ResultUnit": "inf./sec.",
            "HasPower": str(float(power) > 0),
            "Power": power,
            "PowerUnit": "mW",
            "FalsePositives": str(false),
            "FalseNegatives": str(missed),
            "DutyCycle": duties[-1] if duties else "",
        }
    )


def _cell(run: _Run, value: object) -> str:
    """The older one prints what is absent as Python does."""
    absent = "None" if run.checker == OLD else ""
    return absent if value is None else str(value)
