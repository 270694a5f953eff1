"""Files that are meant to hurt: a finding, no crash, no memory to speak of, nothing outside."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

import pytest
import support.cli
from support.cli import ended, process
from support.sessions.audited import (
    KRAI,
    ST_V13,
    OneSession,
    official_lists,
    published_session,
    violations,
)
from tinyrunner.runner.audit.evidence.findings import Rule

MEMORY_BYTES = 300_000_000

APART = Path(support.cli.__file__).parent / "benches" / "audit_peak.py"


def audited_apart(session: OneSession) -> tuple[str, int]:
    """The findings as text, and the most memory that a process of its own took for them."""
    pytest.importorskip("resource")
    ran = ended(process(session.root, session.folder, session.round, program=APART))
    assert ran.status == 0, ran
    head, _, findings = ran.out.partition("\n")
    return findings, int(head)


def sparse(path: Path, size: int, beginning: bytes = b"", *, keep: bool = False) -> None:
    """A file of that size that takes no room."""
    with path.open("r+b" if keep else "wb") as file:
        file.seek(0, os.SEEK_END)
        file.write(beginning)
        file.truncate(size)


def endless_line(session: OneSession, size: int) -> None:
    sparse(session.folder / "log.txt", size, keep=True)


def endless_trace(session: OneSession) -> None:
    sparse(session.folder / "trace1-energy.bin", 10_000_000_000, struct.pack("<Bf", 0xF1, 1000.0))


def endless_labels(session: OneSession) -> None:
    sparse(session.folder / "y_labels.csv", 1_000_000_000, b"a.bin,12,1\n")


def endless_script(session: OneSession) -> None:
    sparse(session.folder / "script.async", 500_000_000, keep=True)


def endless_results(session: OneSession) -> None:
    sparse(session.folder / "results.txt", 1_000_000_000, keep=True)


def endless_document(session: OneSession) -> None:
    sparse(session.folder / "session.json", 1_000_000_000, b'{"schema_version": 1, ')


def endless_events(session: OneSession) -> None:
    sparse(session.folder / "trace1-timestamps.json", 1_000_000_000, keep=True)


def many_small_steps(session: OneSession) -> None:
    text = b"[" + b"{cmd:'a'}," * 2_300_000 + b"]"
    (session.folder / "script.async").write_bytes(text)


def many_inferences(session: OneSession) -> None:
    log = (session.folder / "log.txt").read_bytes()
    at = log.index(b"\n", log.index(b"sequencing-i[4]")) + 1
    line = b'00050.000 parser: Command "dut infer 1 0"\n00050.000 dut: m-infer-start-1\n'
    line += b"00050.000 dut: m-results-[0.5,0.5]\n00050.000 dut: m-ready\n"
    (session.folder / "log.txt").write_bytes(log[:at] + line * 250_000 + log[at:])


BIG = [
    ((KRAI, "kws", "performance"), lambda s: endless_line(s, 300_000_000), "log"),
    ((KRAI, "kws", "performance"), endless_labels, "y_labels.csv"),
    ((KRAI, "kws", "performance"), endless_script, "script.async"),
    ((KRAI, "kws", "performance"), many_small_steps, "script"),
    ((KRAI, "kws", "performance"), endless_results, "results.txt"),
    ((KRAI, "kws", "performance"), endless_document, "session.json"),
    ((KRAI, "kws", "performance"), many_inferences, "inferences"),
    ((KRAI, "kws", "energy"), endless_trace, "trace1-energy.bin"),
    ((KRAI, "kws", "energy"), endless_events, "trace1-timestamps.json"),
]


@pytest.mark.parametrize(
    ("source", "spoil", "named"), BIG, ids=lambda x: getattr(x, "__name__", None)
)
def test_something_endless_is_a_finding_in_bounded_memory(source, spoil, named, tmp_path):
    session = published_session(tmp_path, *source)
    spoil(session)
    findings, peak_bytes = audited_apart(session)
    assert named in findings
    assert peak_bytes < MEMORY_BYTES


@pytest.mark.slow
def test_a_line_of_two_gigabytes_is_a_finding_in_bounded_memory(tmp_path):
    session = published_session(tmp_path, KRAI, "kws", "performance")
    endless_line(session, 2_000_000_000)
    findings, peak_bytes = audited_apart(session)
    assert "log" in findings
    assert peak_bytes < MEMORY_BYTES


def huge(text: str) -> str:
    return text.replace("@", "9" * 5000)


@pytest.mark.parametrize(
    "line",
    [
        "00050.000 dut: m-lap-us-@",
        "nonsense dut: m-lap-us-5",
        "@.000 dut: m-lap-us-7",
        "00050.000 dut: m-infer-start-@",
        "00050.000 dut: m-results-[1e999]",
        "00050.000 dut: m-results-[nan,inf]",
        '00050.000 parser: Command "dut infer @ @"',
        '00050.000 parser: Command "bload dut "x.bin" @ 5"',
        "00050.000 sequencer: m-sequencing-i[@]-command[x]",
        "00050.000 session: m-session-resume-id[1]-step[@]",
        "00050.000 session: m-session-resume-id[1]-step[99999999]",
        "00050.000 parser: m-bm-cfg-name[x]-key[iterInfer]-val[@]",
        "00050.000 dut: " + "m-model-[" * 20_000,
        "00050.000 dut: e-[" + "[" * 20_000,
    ],
)
def test_no_line_of_a_log_crashes_the_audit(line, tmp_path):
    session = published_session(tmp_path, KRAI, "kws", "performance")
    session.sub("log.txt", r"^(.*m-infer-start-800\r?\n)", lambda m: m[1] + huge(line) + "\n")
    session.audit(official_lists())


@pytest.mark.parametrize(
    "line",
    [
        "0726.010201 ulp-mlperf:   Runtime      :     1.2.3 sec.",
        "0726.010201 ulp-mlperf:   Runtime      :     @ sec.",
        "Running inference with @/@ (warmup/measured) iterations ...",
        "Loading file " + " " * 100_000 + "x",
        "0726.010201 ulp-mlperf:   m-results    : [NaN]",
        "0726.010201 ulp-mlperf:   m-results    : [1e999, 0]",
        "Median throughput is @",
    ],
)
def test_no_line_of_mlcommons_log_crashes_the_audit(line, tmp_path):
    session = published_session(tmp_path, ST_V13, "kws", "performance")
    session.sub("log.txt", r"^(.*Load complete.*\n)", lambda m: m[1] + huge(line) + "\n")
    session.audit(official_lists())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[1]",
        "[{}]",
        "[[[[",
        "[" * 100_000,
        '[{"infer": {"results": [NaN]}, "file": "x"}]',
        '[{"infer": {"results": [@], "iterations": 1}, "file": "x"}]',
        '[{"infer": {"results": [1e999], "iterations": 1}, "file": "x"}]',
        '[{"infer": {"results": [1], "iterations": @}, "file": "x"}]',
        '[{"file": 7, "infer": {}}]',
        '[{"error": "out of order"}]',
        "\ufeffnot json",
    ],
)
@pytest.mark.parametrize("mode", ["performance", "energy"])
def test_a_results_json_of_the_wrong_shape_is_a_violation(text, mode, tmp_path):
    session = published_session(tmp_path, ST_V13, "kws", mode)
    (session.folder / "results.json").write_text(huge(text), encoding="utf-8")
    found = violations(session.audit(official_lists()))
    assert any(f.path.endswith("results.json") for f in found), [f.found for f in found]


def test_a_results_json_of_millions_of_parts_is_a_violation_in_bounded_memory(tmp_path):
    session = published_session(tmp_path, ST_V13, "kws", "energy")
    parts = "{}," * 10_000_000
    (session.folder / "results.json").write_text(f'[{{"power": {{"samples": [{parts}1]}}}}]')
    findings, peak_bytes = audited_apart(session)
    assert "results.json" in findings
    assert peak_bytes < MEMORY_BYTES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"schema_version": @}',
        '{"schema_version": 1, "provenance": 5}',
        '{"schema_version": 1, "provenance": {"task": {}, "mode": [], "session_id": @}}',
        '{"schema_version": 1, "provenance": {"task": "kws", "mode": "performance", '
        '"dataset": 5, "device": [1], "simulated": 7}, "result": [[]]}',
        '{"schema_version": 1, "provenance": {"task": NaN}, "result": {"performance": '
        '{"median_throughput": 1e999, "windows": 1}}}',
    ],
)
def test_a_hostile_session_json_is_a_violation(text, tmp_path):
    session = published_session(tmp_path, KRAI, "kws", "performance")
    (session.folder / "session.json").write_text(huge(text))
    found = violations(session.audit(official_lists()))
    said = {Rule.DEVICE} if '"simulated"' in text else set()
    assert {f.rule for f in found} == {Rule.SESSION_JSON} | said


@pytest.mark.parametrize(
    "text", ["", "{}", "[NaN]", "[1e999]", "[@]", "[3, 2, 1]", '["x"]', "[" * 100_000, "\udcff"]
)
def test_hostile_timestamps_are_a_violation(text, tmp_path):
    session = published_session(tmp_path, KRAI, "kws", "energy")
    path = session.folder / "trace1-timestamps.json"
    path.write_bytes(huge(text).encode("utf-8", "surrogateescape"))
    found = violations(session.audit(official_lists()))
    assert {f.rule for f in found} == {Rule.TRACE}


@pytest.mark.parametrize(
    "data", [b"", b"\xf1", b"\xf1" + b"\0" * 8, b"\xf1\0\0\x7a\x44abc", b"\xff" * 99]
)
def test_a_trace_of_the_wrong_size_or_header_is_a_violation(data, tmp_path):
    session = published_session(tmp_path, KRAI, "kws", "energy")
    (session.folder / "trace1-energy.bin").write_bytes(data)
    found = violations(session.audit(official_lists()))
    assert found
    assert found[0].rule is Rule.TRACE


@pytest.mark.parametrize("name", ["log.txt", "results.txt", "script.async", "session.json"])
def test_random_bytes_in_a_file_are_no_crash(name, tmp_path):
    session = published_session(tmp_path, KRAI, "kws", "performance")
    (session.folder / name).write_bytes(bytes(range(256)) * 50)
    assert violations(session.audit(official_lists()))


@pytest.mark.parametrize(
    "name", ["log.txt", "results.json", "trace1-energy.bin", "trace1-details.json"]
)
def test_a_link_out_of_the_tree_is_not_followed(name, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    secret = outside / "secret"
    secret.write_text(json.dumps({"secret": "xyzzy"}))
    board = (ST_V13, "kws", "energy") if name == "results.json" else (KRAI, "kws", "energy")
    session = published_session(tmp_path / "tree", *board)
    path = session.folder / name
    path.unlink(missing_ok=True)
    try:
        path.symlink_to(secret)
    except OSError:
        pytest.skip("no links here")
    secret.chmod(0)
    found = session.audit(official_lists()).findings
    assert not any("xyzzy" in f.found or "Permission" in f.found for f in found)
