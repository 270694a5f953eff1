"""One thing changed in a good tree: harm is found, named, and pointed at; the rest fails nothing.

The trees have no SHA256SUMS, as published ones have none: what a file says has to be found out.
Most harm is tried a second time without session.json, which published trees have not either.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.sessions.audited import judged, judged_once
from support.sessions.submission_trees import SYSTEM, copied_tree
from support.sessions.tree_mutations import (
    RESULTS,
    SYSTEM_JSON,
    Change,
    SpoiltTree,
    appended,
    both,
    copied,
    event_moved,
    exchanged,
    input_left_out,
    input_repeated,
    inputs_swapped,
    json_changed,
    line_removed,
    linked_copy,
    removed,
    renamed,
    replaced,
    sample_changed,
    script_without_input,
    set_key,
    subbed,
    trace_cut,
    trace_rate,
    window_cut,
    without_input,
    written,
)
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.audit_result import TreeAudit
from tinyrunner.runner.audit.evidence.findings import Level, Rule, Severity
from tinyrunner.runner.audit.session.session_audit import audit_session
from tinyrunner.runner.journal.dialects.eembc_lines import DEVELOPMENT_NOTE

__all__ = ["judged", "judged_once"]

PERFORMANCE, ACCURACY, ENERGY = "kws/performance", "kws/accuracy", "kws/energy"
CHECKLIST = "systems/TinyMLPerf_{round}_Submission_Checklist.pdf"
CODE = "code/keyword_spotting"


@dataclass(frozen=True)
class Harm:
    """A corruption, and what has to be said of it."""

    name: str
    change: Change
    rule: Rule
    file: str
    """What the finding points at, as :meth:`SpoiltTree.full` takes it."""
    at: str | None = None
    """What stands in the line that it points at."""
    round: str = "v1.2"
    tasks: tuple[str, ...] = ("kws",)
    told_by_session_json: bool = False
    """Only session.json knows better: not tried without it."""


R, S = Rule.RESULT_LINE, "results.txt"
PS, PL = f"{PERFORMANCE}/results.txt", f"{PERFORMANCE}/log.txt"
AS, AL = f"{ACCURACY}/results.txt", f"{ACCURACY}/log.txt"
ES, EL = f"{ENERGY}/results.txt", f"{ENERGY}/log.txt"
TRACE, EVENTS = f"{ENERGY}/trace1-energy.bin", f"{ENERGY}/trace1-timestamps.json"
CALIBRATION = f"{PERFORMANCE}/calibration.txt"
NOTED = rf"\1\2\1{DEVELOPMENT_NOTE.decode()}]\n"
DEVELOPMENT_NOTED = subbed(PL, r"(.* parser: )(m-bmark-run-name.*\n)", NOTED)
INSIDE = 30_000
"""A sample of the first window."""
FIRST, SECOND, THIRD = "demo_000000_On_5", "demo_000001_Silence_10", "demo_000002_Stop_7"

FIGURES = [
    Harm("inferences", replaced(PS, "          525", "          526"), R, PS, " 526"),
    Harm("runtime", replaced(PS, "10.502", "10.503"), R, PS, "10.503"),
    Harm("throughput", replaced(PS, "49.993", "49.994"), R, PS, "49.994"),
    Harm("median throughput", replaced(PS, "is 49.992", "is 49.993"), R, PS, "is 49.993"),
    Harm("median of NaN", replaced(PS, "is 49.992", "is nan"), R, PS, "is nan"),
    Harm("median of 1e999", replaced(PS, "is 49.992", "is 1e999"), R, PS, "is 1e999"),
    Harm("Top-1", replaced(AS, "95.8%", "95.9%"), R, AS, "95.9%"),
    Harm("AUC", subbed(AS, r"AUC: [\d.]+", "AUC: 0.97"), R, AS, "AUC: 0.97"),
    Harm("energy", subbed(ES, r"(Energy +: +\d+)\.\d+", r"\1.001"), R, ES, ".001 uJ"),
    Harm("power", subbed(ES, r"(Power +: +\d+)\.\d+", r"\1.001"), R, ES, ".001 uW"),
    Harm("energy an inference", subbed(ES, r"(Inf\. +: +\d+)\.\d+", r"\1.001"), R, ES, ".001 uJ/"),
    Harm("a window's start", subbed(ES, r"at time \d", "at time 9"), R, ES, "at time 9"),
    Harm("a window's time", subbed(ES, r"for 1\d\.\d", "for 19.9"), R, ES, "for 19.9"),
    Harm("median energy", replaced(ES, "cost is 20", "cost is 19"), R, ES, "cost is 19"),
    Harm("energy's throughput", subbed(ES, r"\d+\.\d+ inf", "51.000 inf"), R, ES, "51.000 inf"),
    Harm("window's number", replaced(PS, "window 4", "window 3"), R, PS, "window 3"),
    Harm("not met", replaced(PS, "have been", "have not been"), R, PS, "have not been"),
    Harm("no median line", line_removed(PS, "Median"), R, PS),
    Harm("no energy median line", line_removed(ES, "Median energy"), R, ES),
    Harm("no Top-1 line", line_removed(AS, "Top-1"), R, AS),
    Harm("no runtime line", line_removed(PS, "Runtime  "), R, PS, "for window 2"),
    Harm(
        "two medians",
        appended(PS, "00053.248 ulp-mlperf: Median throughput is 59.9 inf./sec.\n"),
        R,
        PS,
        "59.9",
    ),
    Harm(
        "extra window",
        appended(PS, "00053.248 ulp-mlperf: Performance results for window 12:\n"),
        R,
        PS,
        "window 12",
    ),
    Harm(
        "one results file differs",
        lambda tree: tree.edit(PS, lambda text: text + "\nmore\n"),
        Rule.RESULTS_ALIKE,
        f"{PERFORMANCE}/result.txt",
    ),
    Harm(
        "ad: AUC",
        subbed("ad/accuracy/results.txt", r"AUC: [\d.]+", "AUC: 0.86"),
        R,
        "ad/accuracy/results.txt",
        "AUC: 0.86",
        tasks=("ad",),
    ),
    Harm("results as UTF-16", lambda tree: utf16(tree, PS), R, PS),
]


def utf16(tree: SpoiltTree, name: str) -> None:
    for one in (name, name.replace("results", "result")):
        if tree.at(one).exists():
            tree.write(one, tree.at(one).read_text(encoding="utf-8").encode("utf-16"))


WINDOWS = [
    Harm(
        "window of 9.9 s, admitted",
        window_cut(PERFORMANCE, 9.9, claim="not been met"),
        Rule.SESSION,
        PL,
        "m-results-[",
    ),
    Harm(
        "window of 9.9 s, denied",
        window_cut(PERFORMANCE, 9.9, claim="been met"),
        R,
        PS,
        "requirements have been met",
    ),
    Harm("window timed otherwise", subbed(PL, r"us-126\d+", "us-12700000"), R, PS, "10.502"),
    Harm("count of inferences", replaced(PL, "start-525", "start-524"), Rule.SESSION, PL),
    Harm("another N in the settings", replaced(PL, "val[525]", "val[524]"), Rule.SESSION, PL),
    Harm("the other run mode", replaced(PL, "val[bmark]", "val[multi]"), Rule.SESSION, PL),
    Harm("no lap", line_removed(PL, "m-lap-us", 3), Rule.SESSION, PL),
    Harm("no scores", line_removed(PL, "m-results-["), Rule.LOG, PL),
    Harm("no infer-start", line_removed(PL, "m-infer-start"), Rule.SESSION, PL),
    Harm("no step", line_removed(PL, "m-sequencing-i[6]"), Rule.SCRIPT, PL, "i[7]-"),
    Harm("no command", line_removed(PL, 'Command "bload', 1), Rule.INPUT_ORDER, PL),
    Harm("no stop", line_removed(PL, "m-session-stop-id"), Rule.SESSION, PL),
    Harm("no start", line_removed(PL, "m-session-start-id"), Rule.SESSION_ID, PL),
    Harm(
        "stop of another",
        replaced(PL, "stop-id[20", "stop-id[19"),
        Rule.SESSION_ID,
        PL,
        "stop-id[19",
    ),
    Harm(
        "the log breaks off",
        lambda tree: tree.edit(PL, lambda text: text[: len(text) // 2]),
        Rule.SCRIPT,
        PL,
    ),
    Harm("a stamp in the past", subbed(PL, r"^0003\d\.", "00001."), Rule.LOG, PL),
    Harm(
        "scores that are none",
        subbed(PL, r"m-results-\[0\.000", "m-results-[nan"),
        Rule.LOG,
        PL,
        "[nan",
    ),
    Harm("no results in energy", line_removed(EL, "m-results-["), Rule.LOG, EL),
]

INPUTS = [
    Harm("an input again", input_repeated(ACCURACY, SECOND, THIRD), Rule.INPUT_ORDER, AL),
    Harm("an input left out", input_left_out(ACCURACY, 5), Rule.INPUT_ORDER, AL),
    Harm("the last input left out", input_left_out(ACCURACY, 119), Rule.INPUT_ORDER, AL),
    Harm(
        "an input out of the log",
        lambda tree: tree.edit(AL, lambda log: without_input(log, 7)),
        Rule.SCRIPT,
        AL,
    ),
    Harm("two inputs swapped", inputs_swapped(ACCURACY, FIRST, SECOND), Rule.INPUT_ORDER, AL),
    Harm("windows swapped", inputs_swapped(PERFORMANCE, FIRST, SECOND), Rule.INPUT_ORDER, PL),
    Harm("a window's input again", input_repeated(PERFORMANCE, FIRST, THIRD), Rule.INPUT_ORDER, PL),
    Harm("an energy window's again", input_repeated(ENERGY, FIRST, THIRD), Rule.INPUT_ORDER, EL),
    Harm("a window left out", input_left_out(PERFORMANCE, 4), Rule.SESSION, PL),
    Harm(
        "an input of no list", input_repeated(PERFORMANCE, "my_own_0", THIRD), Rule.INPUT_ORDER, PL
    ),
    Harm(
        "a label",
        replaced(f"{ACCURACY}/y_labels.csv", "On_5.bin,12,5", "On_5.bin,12,6"),
        R,
        AS,
        "Top-1",
    ),
    Harm(
        "two labels swapped",
        both(
            replaced(f"{ACCURACY}/y_labels.csv", "On_5.bin,12,5", "On_5.bin,12,7"),
            replaced(f"{ACCURACY}/y_labels.csv", "Stop_7.bin,12,7", "Stop_7.bin,12,5"),
        ),
        R,
        AS,
        "Top-1",
    ),
    Harm(
        "a label of a wrong answer made right",
        lambda tree: agreed(tree),
        R,
        AS,
        "Top-1",
    ),
    Harm(
        "rows of the list swapped",
        lambda tree: tree.edit(f"{ACCURACY}/y_labels.csv", rows_swapped),
        Rule.INPUT_ORDER,
        AL,
    ),
    Harm(
        "a row of the list gone",
        line_removed(f"{ACCURACY}/y_labels.csv", "Stop_7", 3),
        Rule.INPUT_ORDER,
        AL,
    ),
    Harm(
        "a list that is none",
        replaced(f"{ACCURACY}/y_labels.csv", ",12,", ";12;"),
        Rule.OFFICIAL_LIST,
        f"{ACCURACY}/y_labels.csv",
    ),
    Harm("a class that flips", replaced(AL, "0.996,0.000", "0.000,0.996"), R, AS, "Top-1"),
    Harm(
        "ad: a score",
        subbed("ad/accuracy/log.txt", r"m-results-\[7\.\d+", "m-results-[7.999"),
        Rule.SESSION_JSON,
        "ad/accuracy/session.json",
        tasks=("ad",),
        told_by_session_json=True,
    ),
    Harm(
        "ad: a window again",
        subbed("ad/accuracy/log.txt", r'Command "(bload dut .*) 512 2560"', r'Command "\1 0 2560"'),
        Rule.INPUT_ORDER,
        "ad/accuracy/log.txt",
        tasks=("ad",),
    ),
    Harm("an accuracy input twice", replaced(AL, "start-1\n", "start-2\n"), Rule.SESSION, AL),
]


def rows_swapped(text: str) -> str:
    one, other, *rest = text.splitlines(keepends=True)
    return "".join((other, one, *rest))


def agreed(tree: SpoiltTree) -> None:
    """The label of the first input that the device got wrong is made what it said."""
    text = tree.at(AL).read_text(encoding="utf-8")
    rows = tree.at(f"{ACCURACY}/y_labels.csv").read_text(encoding="utf-8").splitlines()
    answers = [
        line.partition("[")[2].rstrip("]") for line in text.splitlines() if "m-results" in line
    ]
    for place, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        scores = [float(score) for score in answer.split(",")]
        said = scores.index(max(scores))
        if said != int(row.rpartition(",")[2]):
            rows[place] = f"{row.rpartition(',')[0]},{said}"
            break
    tree.write(f"{ACCURACY}/y_labels.csv", ("\n".join(rows) + "\n").encode())


def half_a_second_later(events: list[float]) -> None:
    events[:] = [round(time_s + 0.5, 3) for time_s in events]


TRACES = [
    Harm("a sample of nothing", sample_changed(TRACE, INSIDE, 0.0), R, ES, "Energy  "),
    Harm("a sample 1 % less", sample_changed(TRACE, INSIDE, 0.99), R, ES, "Energy  "),
    Harm("the trace cut", trace_cut(TRACE, 0.5), Rule.TRACE, TRACE),
    Harm(
        "half a sample",
        lambda tree: tree.write(TRACE, tree.at(TRACE).read_bytes() + b"\0"),
        Rule.TRACE,
        TRACE,
    ),
    Harm("an edge moved", event_moved(EVENTS, 2, 0.05), Rule.TRACE, EVENTS),
    Harm("all edges moved", json_changed(EVENTS, half_a_second_later), Rule.TRACE, EVENTS),
    Harm("an edge less", json_changed(EVENTS, lambda events: events.pop()), Rule.TRACE, EVENTS),
    Harm(
        "an edge more",
        json_changed(EVENTS, lambda events: events.insert(3, events[2] + 0.5)),
        Rule.TRACE,
        EVENTS,
    ),
    Harm("the rate", trace_rate(TRACE, 5000.0), Rule.TRACE, TRACE),
    Harm("no rate", trace_rate(TRACE, 0.0), Rule.TRACE, TRACE),
    Harm("a rate that is none", trace_rate(TRACE, float("nan")), Rule.TRACE, TRACE),
    Harm(
        "another magic",
        lambda tree: tree.write(TRACE, b"\0" + tree.at(TRACE).read_bytes()[1:]),
        Rule.TRACE,
        TRACE,
    ),
    Harm("samples that are none", sample_changed(TRACE, INSIDE, float("nan")), Rule.TRACE, TRACE),
    Harm("no trace", removed(TRACE), Rule.TRACE, TRACE),
    Harm("no edges", removed(EVENTS), Rule.TRACE, EVENTS),
    Harm(
        "another's trace",
        both(
            copied("ad/energy/trace1-energy.bin", TRACE),
            copied("ad/energy/trace1-timestamps.json", EVENTS),
        ),
        Rule.TRACE,
        TRACE,
        tasks=("kws", "ad"),
    ),
]

AGREEMENT = [
    Harm("another model", replaced(PL, "m-model-[kws01]", "m-model-[ic01]", 9), Rule.MODEL, PL),
    Harm("another firmware", replaced(AL, "tinyrunner-simulated", "other"), Rule.FIRMWARE, AL),
    Harm(
        "another profile", replaced(AL, "Firmware V0.0.1", "Firmware V0.0.2", 9), Rule.FIRMWARE, AL
    ),
    Harm(
        "another log", copied("ad/performance/log.txt", PL), Rule.SESSION, PL, tasks=("kws", "ad")
    ),
    Harm("the accuracy log in performance", copied(AL, PL), Rule.SESSION, PL),
    Harm(
        "another N in the script",
        replaced(f"{PERFORMANCE}/script.async", "infer 525", "infer 524"),
        Rule.SCRIPT,
        PL,
        "i[6]",
    ),
    Harm(
        "an input missing in the script",
        lambda tree: tree.edit(f"{PERFORMANCE}/script.async", short_script),
        Rule.SCRIPT,
        PL,
        "i[7]",
    ),
    Harm(
        "a script that breaks off",
        lambda tree: tree.edit(f"{PERFORMANCE}/script.async", lambda text: text[:900]),
        Rule.SCRIPT,
        f"{PERFORMANCE}/script.async",
    ),
    Harm(
        "another script",
        copied(f"{ACCURACY}/script.async", f"{PERFORMANCE}/script.async"),
        Rule.SCRIPT,
        PL,
    ),
    Harm(
        "another session.json",
        copied(f"{ACCURACY}/session.json", f"{PERFORMANCE}/session.json"),
        Rule.SESSION_JSON,
        f"{PERFORMANCE}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "session.json of another N",
        set_key(
            f"{PERFORMANCE}/session.json",
            "result",
            "performance",
            "windows",
            1,
            "iterations",
            to=10,
        ),
        Rule.SESSION_JSON,
        f"{PERFORMANCE}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "session.json with two results",
        replaced(
            f"{PERFORMANCE}/session.json",
            '  "result": {',
            '  "result": {"performance": null}, "result": {',
        ),
        Rule.SESSION_JSON,
        f"{PERFORMANCE}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "session.json of another energy",
        set_key(
            f"{ENERGY}/session.json", "result", "energy", "median_energy_per_inference_j", to=0.001
        ),
        Rule.SESSION_JSON,
        f"{ENERGY}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "session.json of another list",
        set_key(f"{ACCURACY}/session.json", "provenance", "dataset", "labels_sha256", to="0" * 64),
        Rule.SESSION_JSON,
        f"{ACCURACY}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "a log of a run for development",
        subbed(
            PL, r"(.* parser: )(m-bmark-run-name.*\n)", rf"\1\2\1{DEVELOPMENT_NOTE.decode()}]\n"
        ),
        Rule.ROUND_RULE,
        PL,
        "for development",
    ),
    Harm(
        "a calibration of a run for development",
        subbed(CALIBRATION, r"(.* parser: )(m-bmark-run-name.*\n)", NOTED),
        Rule.ROUND_RULE,
        CALIBRATION,
    ),
    Harm(
        "session.json says nothing of what the log is for",
        subbed(
            PL, r"(.* parser: )(m-bmark-run-name.*\n)", rf"\1\2\1{DEVELOPMENT_NOTE.decode()}]\n"
        ),
        Rule.SESSION_JSON,
        f"{PERFORMANCE}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "session.json of a run for development",
        json_changed(f"{PERFORMANCE}/session.json", lambda told: for_development(told)),
        Rule.ROUND_RULE,
        PL,
        told_by_session_json=True,
    ),
    Harm(
        "a configuration for development in session.json, of another log",
        set_key(f"{PERFORMANCE}/session.json", "provenance", "config", "for", to="development"),
        Rule.SESSION_JSON,
        f"{PERFORMANCE}/session.json",
        told_by_session_json=True,
    ),
    Harm(
        "a session twice",
        lambda tree: twice(tree),
        Rule.SESSION_ID,
        f"{RESULTS}/{PERFORMANCE}/log.txt".replace(SYSTEM, "twin"),
    ),
    Harm("modes exchanged", exchanged(PERFORMANCE, ACCURACY), Rule.SESSION, PL),
    Harm("benchmarks exchanged", exchanged("kws", "ad"), Rule.MODEL, AL, tasks=("kws", "ad")),
    Harm(
        "another benchmark's name",
        renamed("kws", f"{RESULTS}/ic"),
        Rule.MODEL,
        f"{RESULTS}/ic/accuracy/log.txt",
    ),
]


def short_script(script: str) -> str:
    return script_without_input(script, 1)


def for_development(told: Any) -> None:
    told["provenance"]["for"] = "development"


def twice(tree: SpoiltTree) -> None:
    shutil.copytree(tree.folder / RESULTS, tree.folder / "results" / "twin")
    tree.write("systems/twin.json", tree.at(SYSTEM_JSON).read_bytes())


STRUCTURE = [
    *(
        Harm(f"no {mode} {name}", removed(f"kws/{mode}/{name}"), Rule.REQUIRED_FILE, f"kws/{mode}")
        for mode in ("performance", "accuracy", "energy")
        for name in ("log.txt", "script.async")
    ),
    Harm("no results", removed(PS, f"{PERFORMANCE}/result.txt"), Rule.REQUIRED_FILE, PERFORMANCE),
    Harm("no list", removed(f"{ACCURACY}/y_labels.csv"), Rule.OFFICIAL_LIST, AL),
    Harm("an empty log", written(AL, b""), Rule.REQUIRED_FILE, AL),
    Harm("no performance", removed(PERFORMANCE), Rule.MODE_FOLDER, "kws"),
    Harm("no accuracy", removed(ACCURACY), Rule.MODE_FOLDER, "kws"),
    Harm("no benchmark in the system", removed("kws"), Rule.MODE_FOLDER, RESULTS),
    Harm("no systems", removed("systems"), Rule.SUBMITTER_FOLDERS, ""),
    Harm("no code", removed("code"), Rule.SUBMITTER_FOLDERS, ""),
    Harm("no README", removed(f"{CODE}/tflite_simulated/README.md"), Rule.CODE, CODE),
    Harm("no checklist", removed(CHECKLIST.format(round="v1.2")), Rule.CHECKLIST, "systems"),
    Harm(
        "an empty checklist",
        written(CHECKLIST.format(round="v1.2"), b""),
        Rule.CHECKLIST,
        CHECKLIST.format(round="v1.2"),
    ),
    Harm("no hook-up", removed("systems/Energy-Hookup.pdf"), Rule.HOOKUP, "systems"),
    Harm(
        "an empty hook-up",
        written("systems/Energy-Hookup.pdf", b""),
        Rule.HOOKUP,
        "systems/Energy-Hookup.pdf",
    ),
    Harm(
        "a benchmark of no round",
        renamed("kws", f"{RESULTS}/kws2"),
        Rule.BENCHMARK,
        f"{RESULTS}/kws2",
    ),
    Harm(
        "a folder for no system",
        renamed(f"{RESULTS}", "results/other"),
        Rule.SYSTEM_JSON,
        "systems",
    ),
    Harm(
        "an empty folder",
        lambda tree: (tree.folder / "code" / "empty").mkdir(),
        Rule.EMPTY_FOLDER,
        "code/empty",
    ),
    Harm(
        "a file over the limit",
        lambda tree: sparse(tree, "code/weights.bin", 500 * 1024**2 + 1),
        Rule.FILE_SIZE,
        "code/weights.bin",
    ),
    Harm("EEMBC's mark", written("kws/EEMBC_RUNNER", b""), Rule.ROUND_RULE, "kws/EEMBC_RUNNER"),
    Harm("no description", removed(SYSTEM_JSON), Rule.SYSTEM_JSON, "systems"),
    Harm(
        "description renamed",
        renamed(SYSTEM_JSON, "systems/board.json"),
        Rule.SYSTEM_JSON,
        "systems",
    ),
    Harm(
        "a description that is no JSON",
        replaced(SYSTEM_JSON, ",", ""),
        Rule.SYSTEM_JSON,
        SYSTEM_JSON,
    ),
    Harm(
        "a key again, with another value",
        subbed(SYSTEM_JSON, r"^\{", '{\n  "Status": "available",'),
        Rule.SYSTEM_KEYS,
        SYSTEM_JSON,
        '"rdi"',
    ),
    Harm("a key gone", line_removed(SYSTEM_JSON, "Board Name"), Rule.SYSTEM_KEYS, SYSTEM_JSON),
    Harm(
        "a forbidden key",
        subbed(SYSTEM_JSON, r"^\{", '{\n  "system_type": "edge",'),
        Rule.SYSTEM_KEYS,
        SYSTEM_JSON,
        "system_type",
    ),
    Harm(
        "a key that is no text",
        subbed(SYSTEM_JSON, r'"Quantization Method": ".*"', '"Quantization Method": 8'),
        Rule.SYSTEM_KEYS,
        SYSTEM_JSON,
        "Quantization Method",
    ),
    Harm(
        "Status",
        replaced(SYSTEM_JSON, '"rdi"', '"shipping"'),
        Rule.SYSTEM_STATUS,
        SYSTEM_JSON,
        "shipping",
    ),
    Harm(
        "Division",
        replaced(SYSTEM_JSON, '"closed"', '"open"'),
        Rule.DIVISION_FIELD,
        SYSTEM_JSON,
        "open",
    ),
]


def sparse(tree: SpoiltTree, name: str, size: int) -> None:
    with tree.at(name).open("wb") as file:
        file.truncate(size)


MJ = f"{PERFORMANCE}/results.json"
MLCOMMONS = [
    Harm(name, change, rule, file, at, round="v1.3")
    for name, change, rule, file, at in (
        ("runtime", replaced(PS, "10.501562", "10.501563"), R, PS, "10.501563"),
        ("throughput", replaced(PS, "49.99256301110254", "49.99256301120254"), R, PS, "1120254"),
        ("inferences", replaced(PS, ": 525", ": 526"), R, PS, ": 526"),
        ("median", replaced(PS, "49.992 inf", "49.993 inf"), R, PS, "49.993 inf"),
        ("Top 1", replaced(AS, "95.8", "95.9"), R, AS, "95.9"),
        ("AUC", subbed(AS, r"AUC = [\d.]+", "AUC = 0.990"), R, AS, "0.990"),
        ("energy", subbed(ES, r"(Total .*)\d\.\d+ uJ", r"\g<1>0.5 uJ"), R, ES, "0.5 uJ"),
        ("power", subbed(ES, r"(Power +: +\d+)\.\d+", r"\1.001"), R, ES, ".001 mW"),
        ("energy an inference", subbed(ES, r"(Inf +: +\d+)\.\d+", r"\1.001"), R, ES, ".001 uJ/"),
        ("elapsed time", subbed(ES, r"(Elapsed time +: +)[\d.]+", r"\g<1>10.989"), R, ES, "10.989"),
        ("median energy", subbed(ES, r"cost is 20\d+", "cost is 2098"), R, ES, "cost is 2098"),
        ("an entry gone", json_changed(MJ, lambda entries: entries.pop()), Rule.LOG, MJ, None),
        (
            "an entry's runtime",
            replaced(MJ, '"elapsed_time": 10501562', '"elapsed_time": 10501563'),
            Rule.LOG,
            PL,
            None,
        ),
        ("an entry's scores", replaced(MJ, "0.996", "0.995"), Rule.LOG, PL, None),
        (
            "an entry's class",
            replaced(f"{ACCURACY}/results.json", '"class": "5"', '"class": "6"'),
            Rule.LOG,
            f"{ACCURACY}/results.json",
            None,
        ),
        (
            "entries swapped",
            json_changed(MJ, lambda entries: entries.reverse()),
            Rule.LOG,
            PL,
            None,
        ),
        (
            "a power sample",
            json_changed(
                f"{ENERGY}/results.json",
                lambda entries: entries[1]["power"]["samples"].__setitem__(6000, 0.0),
            ),
            R,
            ES,
            None,
        ),
        (
            "an event moved",
            json_changed(
                f"{ENERGY}/results.json",
                lambda entries: entries[0]["power"]["timestamps"][-1].__setitem__(1, 9000),
            ),
            R,
            ES,
            None,
        ),
        (
            "a key again with another value",
            replaced(MJ, '"elapsed_time"', '"elapsed_time": 9, "elapsed_time"'),
            Rule.LOG,
            MJ,
            None,
        ),
        (
            "an entry's throughput",
            replaced(MJ, '"throughput": 49.9925', '"throughput": 59.9925'),
            Rule.LOG,
            MJ,
            None,
        ),
        ("an edge of the trace moved", event_moved(EVENTS, 2, 0.05), Rule.TRACE, EVENTS, None),
        ("no results.json", removed(MJ), Rule.REQUIRED_FILE, PERFORMANCE, None),
        ("no results.json in energy", removed(f"{ENERGY}/results.json"), Rule.TRACE, ENERGY, None),
        ("the log's scores", replaced(PL, "0.996", "0.995"), Rule.LOG, PL, None),
        ("the log's runtime", replaced(PL, "10.502 sec", "10.602 sec"), Rule.LOG, PL, None),
        (
            "the log's median",
            replaced(PL, "Median throughput is     49.992", "Median throughput is     59.992"),
            R,
            PL,
            "59.992",
        ),
        (
            "the journal's times",
            subbed(f"{PERFORMANCE}/journal.txt", r"us-126\d+", "us-12700000"),
            Rule.LOG,
            f"{PERFORMANCE}/journal.txt",
            None,
        ),
        (
            "the journal's answer",
            replaced(f"{ACCURACY}/journal.txt", "0.996,0.000", "0.000,0.996"),
            Rule.LOG,
            f"{ACCURACY}/journal.txt",
            None,
        ),
        (
            "the journal's trace",
            sample_changed(TRACE, INSIDE, 0.0),
            Rule.LOG,
            f"{ENERGY}/journal.txt",
            None,
        ),
        (
            "another's journal",
            copied(f"{ACCURACY}/journal.txt", f"{PERFORMANCE}/journal.txt"),
            Rule.LOG,
            f"{PERFORMANCE}/journal.txt",
            None,
        ),
        (
            "passing for another runner's",
            written("kws/EEMBC_RUNNER", b""),
            Rule.ROUND_RULE,
            "kws/EEMBC_RUNNER",
            None,
        ),
    )
]


HARMS = [*FIGURES, *WINDOWS, *INPUTS, *TRACES, *AGREEMENT, *STRUCTURE, *MLCOMMONS]


def harm_id(harm: Harm) -> str:
    return f"{harm.round}: {harm.name}"


def found_in(spoilt: SpoiltTree, harm: Harm) -> None:
    """The audit of a spoilt tree is not sound, and says what and where."""
    result = audit(spoilt.root, round_name=harm.round)
    path = f"closed/Acme/{spoilt.full(harm.file)}".rstrip("/")
    said = [
        f"{f.rule.title} {f.place}: {f.found}"
        for f in result.findings
        if f.severity is Severity.VIOLATION and not f.found.startswith(("synthetic", "simulated"))
    ]
    fitting = [
        f
        for f in result.findings
        if (f.rule, f.path, f.severity) == (harm.rule, path, Severity.VIOLATION)
    ]
    assert fitting, said
    assert not result.holds(harm.rule.level), said
    assert not result.holds(Level.SUBMITTABLE)
    if harm.at is not None:
        lines = (spoilt.root / path).read_text(encoding="utf-8").splitlines()
        pointed = [lines[f.line - 1] for f in fitting if f.line is not None]
        assert any(harm.at in line for line in pointed), (pointed, said)


@pytest.mark.usefixtures("judged_once")
@pytest.mark.parametrize("harm", HARMS, ids=harm_id)
def test_harm_is_found_by_its_rule_at_its_place(harm, built_tree, tmp_path):
    spoilt = linked_copy(built_tree(harm.round), tmp_path, harm.tasks)
    harm.change(spoilt)
    found_in(spoilt, harm)


BARE = [harm for harm in HARMS if harm.round == "v1.2" and not harm.told_by_session_json]


@pytest.mark.usefixtures("judged_once")
@pytest.mark.parametrize("harm", BARE, ids=harm_id)
def test_harm_is_found_without_session_json_too(harm, built_tree, tmp_path):
    spoilt = linked_copy(built_tree(harm.round), tmp_path, harm.tasks)
    for path in list(spoilt.folder.rglob("session.json")):
        path.unlink()
    harm.change(spoilt)
    found_in(spoilt, harm)


def test_there_are_enough_of_them():
    assert len({harm_id(harm) for harm in HARMS}) == len(HARMS) >= 60


def crlf(*names: str) -> Change:
    def change(tree: SpoiltTree) -> None:
        for name in names:
            tree.edit(name, lambda text: text.replace("\n", "\r\n"))

    return change


def everywhere(change: Callable[[SpoiltTree, Path], None]) -> Change:
    """Of every file and folder of the tree."""

    def changing(tree: SpoiltTree) -> None:
        for path in sorted(tree.folder.rglob("*")):
            change(tree, path)

    return changing


def old_and_bare(tree: SpoiltTree, path: Path) -> None:
    if path.is_file():
        tree.write(path.relative_to(tree.folder).as_posix(), path.read_bytes())
        path.chmod(0o444)
    os.utime(path, (0, 0))


def macos_debris(tree: SpoiltTree, path: Path) -> None:
    if path.is_dir():
        (path / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    elif path.suffix in (".txt", ".json", ".async", ".pdf", ".csv"):
        path.with_name(f"._{path.name}").write_bytes(b"\0\5\x16\7")


def keys_reversed(text: str) -> str:
    return json.dumps(dict(reversed(json.loads(text).items())), indent=2)


def noisy(*lines: bytes) -> Change:
    """Lines among those of the log."""

    def change(tree: SpoiltTree) -> None:
        log = tree.at(PL).read_bytes()
        end = re.search(rb"^\S+ dut: m-lap-us-\d+\n\S+ dut: m-infer-done$", log, re.M)
        assert end
        among = b"".join(line + b"\n" for line in lines)
        tree.write(PL, log[: end.start()] + among + log[end.start() :])

    return change


TEXTS = [
    f"kws/{mode}/{name}"
    for mode in ("performance", "accuracy", "energy")
    for name in (
        "log.txt",
        "script.async",
        "results.txt",
        "result.txt",
        "session.json",
        "y_labels.csv",
    )
]
HARMLESS = [
    ("CRLF in every text", crlf(*TEXTS, SYSTEM_JSON, EVENTS)),
    ("CRLF in one results file of the two", crlf(PS)),
    ("macOS debris", everywhere(macos_debris)),
    ("old files that none may write", everywhere(old_and_bare)),
    ("a blank line at the end of the results", appended(PS, "\n")),
    ("a blank line at the end of the log", appended(PL, "\n")),
    ("no line end at the end of the log", lambda tree: tree.edit(PL, str.rstrip)),
    ("a line end behind the script", appended(f"{PERFORMANCE}/script.async", "\n")),
    ("the description's keys in another order", lambda tree: tree.edit(SYSTEM_JSON, keys_reversed)),
    ("Division in another case", replaced(SYSTEM_JSON, '"closed"', '"Closed"')),
    ("Status in another case", replaced(SYSTEM_JSON, '"rdi"', '"RDI"')),
    ("an equal key again", subbed(SYSTEM_JSON, r"^\{", '{\n  "Status": "rdi",')),
    (
        "Operating System without its space",
        replaced(SYSTEM_JSON, '"Operating System "', '"Operating System"'),
    ),
    ("another README", written("README.md", b"# Acme\n")),
    ("another picture", written("kws/energy/energy_again.png", b"\x89PNG\r\n")),
    ("another file of the code", written(f"{CODE}/tflite_simulated/Makefile", b"all:\n")),
    ("chatter in the log", noisy(b"Booting Zephyr OS build v3.4.0", b"", b"...")),
    ("debug text of the device", noisy(b"00010.600 dut: [dbg] arena used: 24,576 bytes")),
    ("bytes that are no text", noisy(b"\xff\xfe\x80\0\x1b[31m")),
    ("the energy left out", removed(ENERGY)),
    ("a checklist as a text too", written("systems/Checklist.md", b"yes\n")),
    ("only results.txt", removed(f"{PERFORMANCE}/result.txt")),
    ("only result.txt in energy", removed(f"{ENERGY}/results.txt")),
    ("no calibration log", removed(f"{PERFORMANCE}/calibration.txt")),
    ("a system that was not measured", copied(SYSTEM_JSON, "systems/spare.json")),
]


def verdicts(result: TreeAudit) -> dict[Level, bool]:
    return {level: result.holds(level) for level in Level}


@pytest.mark.usefixtures("judged_once")
@pytest.mark.parametrize("change", [one for _, one in HARMLESS], ids=[name for name, _ in HARMLESS])
def test_what_is_harmless_changes_no_verdict(change, built_tree, tmp_path):
    tree = built_tree("v1.2")
    good = audit(linked_copy(tree, tmp_path / "good").root, round_name="v1.2")
    assert verdicts(good) == {
        Level.OFFICIAL: True,
        Level.SOUND: True,
        Level.OFFICIAL_DATA: False,  # synthetic, simulated
        Level.SUBMITTABLE: False,
    }
    spoilt = linked_copy(tree, tmp_path / "changed")
    change(spoilt)
    result = audit(spoilt.root, round_name="v1.2")
    against = [f"{f.rule.title} {f.place}: {f.found}" for f in result.against(Level.SOUND)]
    assert verdicts(result) == verdicts(good), against


@pytest.mark.usefixtures("judged_once")
def test_a_folder_that_was_judged_before_is_judged_alike(built_tree, tmp_path):
    """What the other tests here build on."""
    spoilt = linked_copy(built_tree("v1.2"), tmp_path)
    replaced(PS, "49.99", "49.98")(spoilt)
    audit(spoilt.root, round_name="v1.2")
    before = audit(spoilt.root, round_name="v1.2")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tinyrunner.runner.audit.audit.audit_session", audit_session)
        assert audit(spoilt.root, round_name="v1.2").findings == before.findings
    assert not before.holds(Level.SOUND)


def test_a_bom_in_the_description_stops_the_official_checker_and_nothing_else(built_tree, tmp_path):
    spoilt = linked_copy(built_tree("v1.2"), tmp_path)
    spoilt.edit(SYSTEM_JSON, lambda text: "\ufeff" + text)
    result = audit(spoilt.root, round_name="v1.2")
    assert result.holds(Level.SOUND)
    assert result.official.crashed  # Python's json.load refuses one


RECORDED = [
    PL,
    PS,
    AL,
    TRACE,
    EVENTS,
    SYSTEM_JSON,
    f"{ENERGY}/energy_trace.png",
    f"{ACCURACY}/y_labels.csv",
    f"{PERFORMANCE}/session.json",
    CHECKLIST.format(round="v1.2"),
    f"{CODE}/tflite_simulated/src/main.c",
]


@pytest.fixture
def recorded(built_tree, tmp_path):
    tree = SpoiltTree(tmp_path / "recorded")
    copied_tree(built_tree("v1.2"), tree.root)
    return tree


def test_a_changed_byte_of_whatever_file_is_told_from_sha256sums(recorded):
    for name in RECORDED:
        data = bytearray(recorded.at(name).read_bytes())
        data[-2] ^= 1
        recorded.write(name, bytes(data))
    result = audit(recorded.root, round_name="v1.2")
    found = [f.path for f in result.against(Level.SOUND) if f.rule is Rule.HASH]
    assert sorted(found) == sorted(f"closed/Acme/{recorded.full(name)}" for name in RECORDED)


def test_line_ends_that_a_checkout_changed_are_warned_of_only(recorded):
    crlf(PL, PS, SYSTEM_JSON)(recorded)
    result = audit(recorded.root, round_name="v1.2")
    hashes = [(f.severity, f.path) for f in result.findings if f.rule is Rule.HASH]
    paths = sorted(f"closed/Acme/{recorded.full(name)}" for name in (PL, PS, SYSTEM_JSON))
    assert hashes == [(Severity.WARNING, path) for path in paths]


def test_a_file_that_was_recorded_and_is_gone_is_named_with_its_line(recorded):
    recorded.remove(f"{PERFORMANCE}/calibration.txt")
    result = audit(recorded.root, round_name="v1.2")
    (found,) = [f for f in result.findings if f.rule is Rule.HASH]
    lines = (recorded.folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert found.line is not None
    assert "performance/calibration.txt" in lines[found.line - 1]
