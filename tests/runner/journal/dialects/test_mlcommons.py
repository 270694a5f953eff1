"""Reading MLCommons' logs, with and without the results.json beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.sessions.logs import one_hot
from tinyrunner.runner.journal import results_json as results_json_module
from tinyrunner.runner.journal.open_log import LogError, open_log
from tinyrunner.runner.journal.records import InferenceRecord, LogFacts
from tinyrunner.runner.terms import Dialect, Mode


def head(model: str = "kws01") -> list[str]:
    return [
        "Logging initialized. Writing output to sessions\\20250726_010147\\log.txt",
        "WARNING: Ignoring undecodeable byte: b'\\xff'",
        "Device name retrieved: ACME",
        "Device profile retrieved: ULPMark for tinyML Firmware V0.0.1",
        f"Device model retrieved: {model}",
    ]


def block(
    number: int, file: str, scores: object, *, segment: int = 0, runtime: str = "10.862"
) -> list[str]:
    stamp = "0726.010150 ulp-mlperf: "
    return [
        f"{stamp}Loading file {file} segment {segment}",
        f"{stamp}Load complete.",
        "Running inference with 1/250 (warmup/measured) iterations ...",
        "done",
        f"{stamp}Performance results for window {number}:",
        f"{stamp}  # Inferences :           250",
        f"{stamp}  Runtime      :     {runtime} sec.",
        f"{stamp}  Throughput   :     23.016 inf./sec.",
        f"{stamp}  m-results    : {scores}",
    ]


TAIL = [
    "--------------------",
    "Performance results for window 1",
    "Runtime: 10.862042 sec.",
    "0726.010245 ulp-mlperf: Median throughput is     23.032 inf./sec.",
    "Session logged in file sessions\\20250726_010147\\log.txt",
]


def entry(file: str, scores: object, **more: object) -> dict[str, object]:
    infer = {"start_time": 100, "end_time": 10_862_142, "results": scores,
             "elapsed_time": 10_862_042, "iterations": 250, "warmups": 1}  # fmt: skip
    return {"file": file, "class": "7", "bytes_to_send": None, "stride": None,
            "total_length": None, "infer": infer, "mode": "p", **more}  # fmt: skip


def read(
    folder: Path, lines: list[str], results: object = None
) -> tuple[list[InferenceRecord], LogFacts]:
    path = folder / "log.txt"
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode())
    if results is not None:
        text = results if isinstance(results, str) else json.dumps(results)
        (folder / "results.json").write_text(text)
    with open_log(path) as reader:
        return list(reader), reader.facts


ONE = [*head(), *block(1, "a.bin", list(one_hot(7))), *TAIL]


def test_a_log_alone_gives_the_printed_seconds(tmp_path):
    records, facts = read(tmp_path, ONE)
    (record,) = records
    assert (record.file, record.offset, record.iterations, record.warmups) == ("a.bin", 0, 250, 1)
    assert record.scores == one_hot(7)
    assert record.printed_runtime_s == 10.862
    assert (record.start_us, record.start_host_s) == (None, None)
    assert "m-results" in ONE[record.line - 1]
    assert facts.dialect is Dialect.MLCOMMONS
    assert facts.mode is Mode.PERFORMANCE
    assert (facts.names, facts.model_ids) == (["ACME"], ["kws01"])
    assert facts.session_ids == ["20250726_010147"]
    assert facts.finished


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (2, "Device name retrieved: tinyrunner-simulated"),
        (2, "Device name retrieved: tinyrunner-simulated (ACME)"),
        (1, "this is no board: tinyrunner simulates it"),
    ],
)
def test_the_line_is_told_in_which_a_device_says_that_it_is_simulated(place, line, tmp_path):
    _, facts = read(tmp_path, [*ONE[:place], line, *ONE[place:]])
    assert facts.simulated_line == place + 1


def test_a_folders_name_does_not_say_so(tmp_path):
    writing = (
        "Logging initialized. Writing output to tinyrunner-simulated\\20250726_010147\\log.txt"
    )
    _, facts = read(tmp_path, [writing, *ONE[1:]])
    assert facts.simulated_line is None


def test_the_exact_numbers_of_a_results_json_are_preferred(tmp_path):
    records, _ = read(tmp_path, ONE, [entry("a.bin", list(one_hot(7)))])
    assert (records[0].start_us, records[0].end_us) == (100, 10_862_142)
    assert records[0].printed_runtime_s == 10.862042


def test_error_entries_are_noted_and_passed_over(tmp_path):
    results = [{"error": "error 2"}, entry("a.bin", list(one_hot(7)))]
    records, facts = read(tmp_path, ONE, results)
    assert len(records) == 1
    assert "error 2" in facts.notes[0][1]


def test_segments_are_windows_at_the_tasks_stride(tmp_path):
    lines = [*head("ad01"), *block(1, "n.bin", [9.8], segment=3), *TAIL]
    assert read(tmp_path, lines)[0][0].offset == 1536


def test_segments_follow_the_stride_of_the_results_json(tmp_path):
    lines = [*head("ad01"), *block(1, "n.bin", [9.8], segment=3), *TAIL]
    ad = entry("n.bin", [9.8], bytes_to_send="2560", stride="1024", total_length=196)
    assert read(tmp_path, lines, [ad])[0][0].offset == 3072


def test_an_energy_block_takes_its_results_from_the_results_json(tmp_path):
    lines = [*head(), *block(1, "a.bin", "")[:4], "Captured samples:15044 timestamps:3"]
    energy = entry("a.bin", list(one_hot(7)), mode="e", power={"samples": [1e-5] * 200_000})
    del energy["infer"]["start_time"], energy["infer"]["end_time"], energy["infer"]["elapsed_time"]
    records, facts = read(tmp_path, lines, [energy])
    assert records[0].scores == one_hot(7)
    assert facts.mode is Mode.ENERGY


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_the_size_of_the_reads_of_a_results_json_makes_no_difference(tmp_path, monkeypatch, size):
    path = tmp_path / "results.json"
    values = [entry("a.bin", [0.5, 0.5]), entry("b.bin", [1, 0]), {"error": "error 1"}]
    path.write_text(json.dumps(values, indent=1))
    expected = list(results_json_module.read_entries(path))
    monkeypatch.setattr(results_json_module, "_CHUNK_CHARACTERS", size)
    assert list(results_json_module.read_entries(path)) == expected
    assert len(expected) == 3


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ({"file": "a.bin"}, r"expected a list"),
        ("", r"expected a list"),
        ("[", r"cut off"),
        ('[{"file": "a.bin"', r"cut off"),
        ('[{"error": "x"} {"error": "y"}]', r"expected `,` or `\]`"),
        ('[{"error": "€€€€€€€€€€€€€€€€"} {}]', r"expected `,` or `\]`, at '�"),
        ("[" * 200, r"nested too deeply"),
        ([1], r"entry 1: expected an object"),
        ([{"file": "a.bin"}], r"expected an `infer` object"),
        ([{"infer": {}}], r"expected a `file` name"),
        ([entry("a.bin", [float("nan")])], r"expected finite numbers.*\[NaN\]"),
        ([entry("a.bin", [1.0], stride=[1])], r"a whole number as `stride`"),
        ([entry("b.bin", [1.0])], r"a\.bin was inferred, but entry 1 .* is of b\.bin"),
        ([], r"ends before this inference"),
        ([entry("a.bin", [1.0]), entry("b.bin", [1.0])], r"ends before entry 2"),
    ],
)
def test_a_results_json_of_the_wrong_shape_is_refused_with_what_was_expected(
    tmp_path, results, expected
):
    with pytest.raises(LogError, match=expected):
        read(tmp_path, ONE, results)


@pytest.mark.parametrize("bad", ["[nan]", "[]", "[x]", "[0.1, inf]"])
def test_scores_that_are_no_finite_numbers_cost_no_other_inference(tmp_path, bad):
    lines = [*head(), *block(1, "a.bin", bad), *block(2, "b.bin", list(one_hot(7)))]
    (first, second), _ = read(tmp_path, lines)
    assert (first.file, first.scores) == ("a.bin", ())
    assert first.unreadable == f"expected finite numbers in m-results {bad}"
    assert (second.scores, second.unreadable) == (one_hot(7), "")


@pytest.mark.parametrize("bad", ["x", [], [True], [0.5, "1"], None])
def test_an_entry_without_scores_costs_no_other_inference(tmp_path, bad):
    lines = [*head(), *block(1, "a.bin", "[nan]"), *block(2, "b.bin", list(one_hot(7)))]
    (first, second), _ = read(tmp_path, lines, [entry("a.bin", bad), entry("b.bin", [1.0, 0.0])])
    assert (first.scores, first.start_us) == ((), 100)
    assert "finite numbers" in first.unreadable
    assert second.scores == (1.0, 0.0)


def test_of_the_streaming_wake_word_the_recording_and_the_boards_numbers_are_read(tmp_path):
    lines = [
        *head("sww01"),
        "RX:[dut]: m-profile-[ULPMark for tinyML Firmware V0.0.1]",
        "Playing long_wav.wav (length = 1200.0s) at 01:43:12...",
        "RX:succeeded.",
        "RX:Detection Timestamps (ms)", "RX:35,", "RX:9945,", "RX:m-ready",
        "[35, 9945]",
        "RX:Duty cycle start times (s)", "RX:6718, 9924, ", "RX:13132, ",
        "RX:Duty cycle stop times (s)", "RX:6787, 9994, ", "RX:13202, m-ready",
        "samples:1206474 timestamps:2",
        "False positives: [614.183 717.196", " 856.064]",
    ]  # fmt: skip
    records, facts = read(tmp_path, lines, [{"infer": {"wav_file": "long_wav.wav"}}])
    seen = facts.streaming
    assert records == []
    assert facts.mode is Mode.PERFORMANCE
    assert facts.device_errors == []
    assert (seen.wav_file, seen.length_s, seen.plays, seen.line) == ("long_wav.wav", 1200.0, 1, 7)
    assert (seen.detections_ms, seen.detections_line) == ((35, 9945), 13)
    assert (seen.echoed_ms, seen.succeeded) == ([35, 9945], True)
    assert (seen.rises, seen.falls) == ([6718, 9924, 13132], [6787, 9994, 13202])
    assert seen.samples == (1206474, 2, 20)
    assert seen.printed == [(21, "False positives: [614.183 717.196 856.064]")]
