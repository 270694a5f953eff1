"""Changes that a seed chose, in copies of all published sessions: each is found, none harmless is.

A change is of one number that is printed anywhere (by one unit of its last digit), of one edge of
a trace (by a millisecond, or a sample), or of the order of two inputs (in every file alike). It is
found where the audit says more against the session than before. `test_tampering` changes each
figure of a results file; here the whole audit runs, over every file.

What no audit can find is not tried. It stands there once, and no printed figure follows from it:

- stamps of a line; in EEMBC's logs lap times, scores, and what a load took: by 1 us no printed
  figure changes, and of scores only the rates are printed;
- steps of a script before the log begins (the voltage, the first power cycle);
- an edge that belongs to no window: the first of an EEMBC trace and of a trial of three, and the
  last where one was lost;
- a sample of a trace: one unit of a float's last bit is less than what is printed;
- of the streaming wake word how many samples its monitor took, for they are not published;
- scores in a results.json of energy, `classes`, `total_inferences`, `voltage`.

Nor is a change that a double cannot hold (a throughput of 17 digits), nor one of a moment or length
that EEMBC prints to 10 ms where the edges' third digit is a 5: which way that went is not known.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache, partial
from itertools import pairwise
from pathlib import Path

import pytest
from support.sessions.audited import official_lists
from support.sessions.published_trees import TREES, audited
from tinyrunner.runner.audit.evidence.audit_result import SessionAudit
from tinyrunner.runner.audit.session.label_lists import LabelLists
from tinyrunner.runner.audit.session.results_check import headlines
from tinyrunner.runner.audit.session.session_audit import AuditContext, audit_session
from tinyrunner.runner.score.rules import Severity

CHANGES, HARMLESS = 300, 100
QUICK = 8
"""Every eighth of them is tried unless `--slow` is given."""

FIGURES = (
    rb"for window (\d+(?: at time [\d.]+ for [\d.]+)?)|for trial (\d+)|Inferences *: *(\d+)"
    rb"|(?:Runtime|Throughput|Elapsed time|Energy|Power|Energy/Inf\.?) *: *([\d.]*\d)"
    rb"|(?: is|Top-1:|Top 1% =|AUC:|AUC =) *([\d.]*\d)"
    rb"|(\d+) (?:True|False) |(?:duty cycle|Average period|throughput): *([\d.]*\d)"
)
NUMBERS_OF = {
    "results": re.compile(FIGURES),
    "script": re.compile(
        rb"ms: (\d+)|infer (\d+ \d+)|\.bin\" (\d+ \d+)|voltage (\d+)|echo \w+ (\d+)"
    ),
    "EEMBC's log": re.compile(
        rb"m-sequencing-i\[(\d+)\]|-command\[[a-z ]*infer (\d+ \d+)\]|-ms\[(\d+)\]-acc"
        rb"|-acc\[(\d+)\]|-total_ms\[(\d+)|iter(?:Infer|Warmup)\]-val\[(\d+)"
        rb"|m-infer-start-(\d+)|Sending (\d+)"
    ),
    "MLCommons' log": re.compile(
        FIGURES + rb"|segment (\d+)|with (\d+/\d+) \(|m-results *: \[([^\]]*)"
        rb"|Captured samples:(\d+ timestamps:\d+)"
    ),
    "results.json": re.compile(
        rb'"(?:class|start_time|end_time|elapsed_time|iterations|warmups|throughput)": "?([\d.]+)'
        rb'|"results": \[([^\]]*)'
    ),
    "results.json of energy": re.compile(rb'"(?:class|iterations|warmups)": "?([\d.]+)'),
}
"""Where the figures of a file stand, by its kind; each group holds nothing else."""
EDGES_OF = {
    "trace1-timestamps.json": re.compile(rb"(?<=,)\s*([\d.]+)"),
    "results.json": re.compile(rb'(?:\["\d\d", \d+\], )?\["\d\d", (\d+)\], \["\d\d", (\d+)\]\]'),
}

Files = dict[str, bytes]


@cache
def sessions() -> list[tuple[str, SessionAudit]]:
    """Every published session that is scored here, with its tree."""
    return [
        (tree, session)
        for tree in TREES
        for session in audited(tree).sessions
        if session.assessment is not None
    ]


@cache
def files_of(tree: str, path: str) -> Files:
    folder = audited(tree).root / path
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.suffix != ".png"}


def kind_of(name: str, data: bytes) -> str:
    if name == "results.json":
        return f"{name} of energy" if b'"mode": "e"' in data else name
    for kind in ("results", "script"):
        if kind in name and not name.endswith("script.txt"):
            return kind
    if "log" in name:
        return "MLCommons' log" if data.startswith(b"Logging initialized") else "EEMBC's log"
    return ""


def spans(pattern: re.Pattern[bytes], data: bytes, begin: int = 0) -> list[tuple[int, int]]:
    """The places of the numbers that a pattern's groups hold."""
    return [
        number.span()
        for match in pattern.finditer(data, begin)
        for group in range(1, pattern.groups + 1)
        if match[group] is not None
        for number in re.compile(rb"\d+(?:\.\d+)?").finditer(data, *match.span(group))
    ]


def stepped(data: bytes, span: tuple[int, int], rng: random.Random) -> tuple[bytes, str] | None:
    """The data with one number changed by one of its last digit; None where a double holds none."""
    old = Decimal(data[slice(*span)].decode())
    unit = Decimal(1).scaleb(old.as_tuple().exponent)
    new = old + (unit if old == 0 else rng.choice([unit, -unit]))
    if float(new) == float(old):
        return None
    line = data.count(b"\n", 0, span[0]) + 1
    return data[: span[0]] + str(new).encode() + data[span[1] :], f"line {line}: {old} to {new}"


def a_number(kind: str, files: Files, rng: random.Random) -> tuple[Files, str] | None:
    pattern = NUMBERS_OF[kind]
    name = next((name for name in sorted(files) if kind_of(name, files[name]) == kind), None)
    if name is None:
        return None
    logged = max(0, files[name].find(b"'bm cfg")) if kind == "script" else 0
    return one_stepped(name, spans(pattern, files[name], logged), kind, files, rng)


def an_edge(name: str, files: Files, rng: random.Random) -> tuple[Files, str] | None:
    places = spans(EDGES_OF[name], files.get(name, b""))
    of_windows = places[: len(places) // 2 * 2]
    return one_stepped(name, of_windows, f"edge in {name}", files, rng)


def one_stepped(
    name: str, places: list[tuple[int, int]], what: str, files: Files, rng: random.Random
) -> tuple[Files, str] | None:
    changed = stepped(files[name], rng.choice(places), rng) if places else None
    return changed and (files | {name: changed[0]}, f"{what}, {changed[1]}")


INPUT = re.compile(
    rb'bloadp? (?:dut )?"[^"]*?([^"/\\]+\.bin)"((?: \d+ \d+)?)|file ([^ ]+\.bin) seg'
)


def the_order(files: Files, rng: random.Random) -> tuple[Files, str] | None:
    """Two inputs that follow one another change their places, in log, script and results.json."""
    log = next(data for name, data in files.items() if kind_of(name, data).endswith("log"))
    order = list(dict.fromkeys(match[1] or match[3] for match in INPUT.finditer(log)))
    if len(order) < 2:
        return None
    at = rng.randrange(len(order) - 1)
    first, second = order[at], order[at + 1]
    swap = {first: second, second: first}
    either = re.compile(rb"(?<![\w.])(?:" + re.escape(first) + rb"|" + re.escape(second) + rb")")
    changed = {
        name: either.sub(lambda match: swap[match[0]], data)
        if kind_of(name, data) not in ("", "results")
        else data
        for name, data in files.items()
    }
    return changed, f"order, {first.decode()} and {second.decode()}"


def other_line_ends(files: Files, rng: random.Random) -> tuple[Files, str]:
    name = rng.choice([name for name in sorted(files) if kind_of(name, files[name])])
    unix = files[name].replace(b"\r\n", b"\n")
    data = unix.replace(b"\n", b"\r\n") if unix == files[name] else unix
    return files | {name: data}, f"line ends of {name}"


def blank_lines(files: Files, rng: random.Random) -> tuple[Files, str]:
    name = rng.choice([name for name in sorted(files) if kind_of(name, files[name])])
    lines = files[name].split(b"\n")
    for _ in range(3):
        lines.insert(rng.randrange(len(lines) + 1), b"\r" if lines[0].endswith(b"\r") else b"")
    return files | {name: b"\n".join(lines)}, f"blank lines in {name}"


def keys_in_another_order(files: Files, rng: random.Random) -> tuple[Files, str] | None:
    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            return {key: shuffled(value[key]) for key in rng.sample(sorted(value), len(value))}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    names = [name for name in sorted(files) if name.endswith(".json")]
    if not names:
        return None
    name = rng.choice(names)
    data = json.dumps(shuffled(json.loads(files[name])), indent=rng.choice([None, 1, 4]))
    return files | {name: data.encode()}, f"order of the keys of {name}"


def debris(files: Files, rng: random.Random) -> tuple[Files, str]:
    name = rng.choice(["._results.txt", "._log.txt", ".DS_Store", "Thumbs.db", "~$notes.docx"])
    return files | {name: rng.randbytes(100)}, f"debris, {name}"


Changer = Callable[[Files, random.Random], tuple[Files, str] | None]
FIGURES_CHANGED: list[Changer] = [
    *(partial(a_number, kind) for kind in NUMBERS_OF),
    *(partial(an_edge, name) for name in EDGES_OF),
    the_order,
]
NO_HARM: list[Changer] = [other_line_ends, blank_lines, keys_in_another_order, debris]


def change_of(seed: int, changers: list[Changer]) -> tuple[str, SessionAudit, Files, str]:
    """The change that a seed chooses: tree and session, its files, what was changed."""
    rng = random.Random(seed)
    changer = rng.choice(changers)
    while True:
        tree, session = rng.choice(sessions())
        changed = changer(files_of(tree, session.place.path), rng)
        if changed is not None:
            return tree, session, *changed


def judged(tree: str, session: SessionAudit, files: Files, root: Path) -> SessionAudit:
    """The audit of a session's folder with these files in it."""
    shutil.rmtree(root, ignore_errors=True)
    folder = root / session.place.path
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    pictures = (name for name in session.place.files if name.endswith(".png"))
    place = replace(session.place, files=(*files, *pictures))
    return audit_session(place, AuditContext(root, audited(tree).round, lists()))


@cache
def lists() -> LabelLists:
    return LabelLists.gather(official_lists())


def said(session: SessionAudit, *severities: Severity) -> Counter[tuple[str, ...]]:
    """What stands against a session; numbers in the texts may change with any figure."""
    return Counter(
        (finding.rule.id, finding.path, re.sub(r"[\d.]+", "N", finding.found))
        for finding in session.findings
        if finding.severity in severities
    )


def is_tie(files: Files, name: str) -> bool:
    """Tells whether a change may be of a moment printed to 10 ms, whose edges have a 5 behind."""
    if not name.startswith("results") or "trace1-timestamps.json" not in files:
        return False
    edges = [round(1000 * edge) for edge in json.loads(files["trace1-timestamps.json"])]
    moments = [*edges, *(after - before for before, after in pairwise(edges))]
    old = re.search(r"(\d+\.\d\d) to ", name)
    return old is not None and any(
        moment % 10 == 5 and abs(moment - round(1000 * float(old[1]))) == 5 for moment in moments
    )


def is_tried(seed: int, request: pytest.FixtureRequest) -> bool:
    return seed % QUICK == 0 or bool(request.config.getoption("--slow"))


def test_every_change_of_a_figure_is_found(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    missed, tried = [], Counter[str]()
    for seed in range(CHANGES):
        if not is_tried(seed, request):
            continue
        tree, session, files, what = change_of(seed, FIGURES_CHANGED)
        found = said(judged(tree, session, files, tmp_path / "root"), *AGAINST)
        tried[what.partition(",")[0]] += 1
        if not found - said(session, *AGAINST) and not is_tie(files, what):
            missed.append((seed, tree, session.place.path, what))
    print(*tried.most_common(), sep="\n")
    assert missed == [], "\n".join(map(str, missed))


def test_no_harmless_change_changes_a_verdict(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    changed = []
    for seed in range(HARMLESS):
        if not is_tried(seed, request):
            continue
        tree, session, files, what = change_of(seed, NO_HARM)
        now = judged(tree, session, files, tmp_path / "root")
        if (figures(now), said(now, *AGAINST)) != (figures(session), said(session, *AGAINST)):
            changed.append((seed, tree, session.place.path, what))
    assert changed == [], "\n".join(map(str, changed))


AGAINST = (Severity.VIOLATION, Severity.WARNING)


def figures(session: SessionAudit) -> object:
    assessment = session.assessment
    return None if assessment is None else (session.printed, dict(headlines(session.recomputed)))
