"""What the official checker would say, rule by rule, in both of its versions."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.runner.audit.evidence.audit_result import OfficialReport
from tinyrunner.runner.audit.evidence.findings import Severity
from tinyrunner.runner.audit.evidence.tree import find_layout, read_tree
from tinyrunner.runner.audit.official import rules
from tinyrunner.runner.audit.official.checker import official_report, write_summary_csv
from tinyrunner.runner.audit.official.text import MAX_TEXT_BYTES
from tinyrunner.runner.config.rounds import RoundsError, load_rounds

DESCRIPTION = {
    "Submitter": "Acme",
    "Division": "closed",
    "Status": "Available",
    "Board Name": "Plank",
    "Processor(s) Name": 'the "fast" one',
    "Hardware Notes": "3 V, 80 MHz",
}
EEMBC = ("log.txt", "script.async")
MLCOMMONS = ("log.txt", "results.json")
ROUNDS = ("v1.1", "v1.2", "v1.3", "v1.4")


def put(path: Path, content: str | bytes = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def describe(submitter: Path, system: str = "plank", **changed: object) -> Path:
    text = json.dumps({**DESCRIPTION, **changed})
    return put(submitter / "systems" / f"{system}.json", text)


def benchmark(
    submitter: Path, name: str = "kws", accuracy: str = "Top-1: 90.2%", round_: str = "v1.2"
) -> Path:
    """A complete one, with the files that its round's checker lists."""
    beside = EEMBC if round_ in ("v1.1", "v1.2") else MLCOMMONS
    folder = submitter / "results" / "plank" / name
    put(folder / "accuracy/results.txt", f"00452.315 ulp-mlperf: {accuracy}\n")
    put(
        folder / "performance/results.txt",
        "00155.019 ulp-mlperf: ------\n"
        "00155.019 ulp-mlperf: Median throughput is 59.788 inf./sec.\n",
    )
    for mode in ("accuracy", "performance"):
        for file in beside:
            put(folder / mode / file)
    return folder


def good(tmp_path: Path, division: str = "closed", round_: str = "v1.2") -> Path:
    submitter = tmp_path / "repository" / division / "Acme"
    describe(submitter)
    benchmark(submitter, round_=round_)
    return submitter


def energy(
    folder: Path, line: str = "00176.031 ulp-ml: Median energy cost is 2367.5 uJ/inf."
) -> None:
    put(folder / "energy/results.txt", line + "\n")


def check(root: Path, round_: str = "v1.2") -> OfficialReport:
    tree = read_tree(root)
    return official_report(tree, load_rounds().get(round_), find_layout(tree).submitters)


def repository(submitter: Path) -> Path:
    return submitter.parents[1]


def found(report: OfficialReport, severity: Severity) -> list[str]:
    return [f"{one.place}: {one.found}" for one in report.messages if one.severity is severity]


def row(report: OfficialReport) -> dict[str, str]:
    (only,) = report.rows
    return dict(only.values)


@pytest.mark.parametrize("round_", ROUNDS)
def test_a_complete_tree_looks_ok_without_a_word(tmp_path: Path, round_: str) -> None:
    report = check(repository(good(tmp_path, round_=round_)), round_)
    assert report.ok
    assert report.crashed is None
    assert report.messages == ()
    assert row(report)["Result"] == "59.788"
    assert row(report)["Accuracy"] == "90.2"
    assert row(report)["Availability"] == "available"


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_one_submitter_or_one_division_is_checked_as_in_its_repository(
    tmp_path: Path, depth: int
) -> None:
    submitter = good(tmp_path, division="open")
    report = check([submitter, *submitter.parents][depth])
    assert report.ok
    assert report.messages == ()
    assert (row(report)["Organization"], row(report)["Division"]) == ("Acme", "open")


@pytest.mark.parametrize("round_", ["v1.2", "v1.4"])
@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (lambda s: put(s / "code/__pycache__/a.pyc"), "code/__pycache__: __pycache__"),
        (lambda s: put(s / "code/my__pycache__/a.pyc"), "code/my__pycache__: __pycache__"),
        (lambda s: (s / "code/empty").mkdir(parents=True), "code/empty: empty folder"),
        (lambda s: (s / "systems/a.txt").symlink_to("plank.json"), "a.txt: symbolic link"),
        (lambda s: (s / "systems/gone").symlink_to("/nowhere"), "gone: symbolic link"),
        (
            lambda s: (s / "systems/plank.json").rename(s / "systems/beam.json"),
            "results/plank: no system description",
        ),
        (lambda s: describe(s, Status="retired"), "plank.json: Status 'retired'"),
        (lambda s: benchmark(s, "keyword_spotting"), "results/plank/keyword_spotting: "),
        (lambda s: benchmark(s, accuracy="Top-1: 89.9%"), "accuracy/results.txt:1: Top-1 89.9"),
        (lambda s: benchmark(s, accuracy="nothing"), "accuracy/results.txt: no Top-1 line"),
        (lambda s: (s / "results/plank/kws/accuracy/results.txt").unlink(), "no results.txt"),
    ],
)
def test_what_fails_the_submission_is_named_and_lists_no_result(
    tmp_path: Path, round_: str, break_it: Callable[[Path], object], named: str
) -> None:
    submitter = good(tmp_path, round_=round_)
    break_it(submitter)
    report = check(repository(submitter), round_)
    assert not report.ok
    assert report.crashed is None
    (violation,) = found(report, Severity.VIOLATION)
    assert named in violation
    good_too = "keyword_spotting" in named
    assert len(report.rows) == (1 if good_too else 0)


def test_a_file_over_500_mb_fails_and_one_of_500_mb_does_not(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    large = put(submitter / "code/model.bin")
    with large.open("r+b") as file:
        file.truncate(500 * 1024 * 1024)
    assert check(repository(submitter)).ok
    with large.open("r+b") as file:
        file.truncate(500 * 1024 * 1024 + 1)
    report = check(repository(submitter))
    assert not report.ok
    assert "over 500 MB" in found(report, Severity.VIOLATION)[0]


def test_one_submitter_s_failure_leaves_the_other_s_row(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    other = submitter.parent / "Bolt"
    describe(other)
    benchmark(other)
    (other / "code").mkdir()
    report = check(repository(submitter))
    assert not report.ok
    assert row(report)["Organization"] == "Acme"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda s: put(s / "systems/._plank.json"), "._plank.json: name with a leading dot"),
        (lambda s: put(s / "systems/my notes.txt"), "my notes.txt: name with a space"),
        (lambda s: put(s / "results/plank/kws/accuracy/extra"), "file list mismatch"),
        (lambda s: (s / "results/plank/kws/performance/log.txt").unlink(), "file list mismatch"),
        (lambda s: put(s.parents[1] / "drafts/a.txt"), "drafts: no division"),
    ],
)
def test_what_is_only_logged_is_a_warning(
    tmp_path: Path, change: Callable[[Path], object], named: str
) -> None:
    submitter = good(tmp_path)
    change(submitter)
    report = check(repository(submitter))
    assert report.ok
    assert len(report.rows) == 1
    assert [named in text for text in found(report, Severity.WARNING)] == [True]


def _without(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda b: _without(b / "performance"), "performance: missing"),
        (lambda b: put(b / "performance/results.txt", "nothing"), "no median throughput"),
        (lambda b: put(b / "performance/results.txt", b"\xff\n"), "not UTF-8"),
        (lambda b: (b / "performance/results.txt").unlink(), "no such file"),
        (
            lambda b: put(b / "performance/results.txt", "a Median throughput is 1.2.3 inf./sec."),
            "results.txt:1: no number",
        ),
        (lambda b: energy(b, "nothing"), "no median energy"),
        (lambda b: put(b / "energy/log.txt"), "no such file"),
        (lambda b: put(b / "energy"), "no such file"),
    ],
)
def test_without_a_figure_it_says_ok_and_lists_nothing(
    tmp_path: Path, change: Callable[[Path], object], named: str
) -> None:
    submitter = good(tmp_path)
    change(submitter / "results/plank/kws")
    report = check(repository(submitter))
    assert report.ok
    assert report.rows == ()
    assert any(named in text for text in found(report, Severity.WARNING))
    assert any("lists no result" in text for text in found(report, Severity.WARNING))


def test_a_missed_target_harms_nothing_where_the_throughput_is_missing_too(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    folder = benchmark(submitter, accuracy="Top-1: 10.0%")
    put(folder / "performance/results.txt", "nothing")
    assert check(repository(submitter)).ok


def test_an_empty_tree_looks_ok_to_it(tmp_path: Path) -> None:
    report = check(tmp_path)
    assert report.ok
    assert "lists no result" in found(report, Severity.WARNING)[0]
    header, *rest = write_summary_csv(report).splitlines()
    assert header.startswith("Organization,Availability,Division,")
    assert rest == []


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (lambda s: describe(s, Status=None), "no Status"),
        (lambda s: describe(s, Status=7), "no text"),
        (lambda s: describe(s, system_type="edge"), "system_type"),
        (lambda s: describe(s, sw_notes=["a"]), "sw_notes"),
        (lambda s: describe(s, **{"Board Name": "\ud800"}), "summary.csv cannot"),
        (lambda s: put(s / "systems/plank.json", "[]"), "not an object"),
        (lambda s: put(s / "systems/plank.json", "{"), "no JSON"),
        (lambda s: put(s / "systems/plank.json", b'{"Status": "\xff"}'), "not UTF-8"),
        (lambda s: put(s / "systems/plank.json", "[" * 200_000), "nested too deeply"),
        (lambda s: put(s / "systems/plank.json", b"\xef\xbb\xbf{}"), "no JSON"),
        (lambda s: benchmark(s, accuracy="Top-1: 9.0.2%"), "'9.0.2' is no number"),
        (lambda s: put(s / "results/plank/kws/accuracy/results.txt", b"\xff"), "not UTF-8"),
    ],
)
def test_where_it_ends_in_a_traceback(
    tmp_path: Path, break_it: Callable[[Path], object], why: str
) -> None:
    submitter = good(tmp_path)
    break_it(submitter)
    report = check(repository(submitter))
    assert not report.ok
    assert report.crashed is not None
    assert why in report.crashed
    assert why in found(report, Severity.VIOLATION)[0]


def test_results_that_are_no_folder_end_it(tmp_path: Path) -> None:
    describe(tmp_path / "closed/Acme")
    put(tmp_path / "closed/Acme/results")
    assert "not a folder" in str(check(tmp_path).crashed)


def test_equal_keys_the_last_one_counts_and_nan_is_taken(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    text = '{"Status": "bogus", "Board Name": NaN, "Status": "RDI"}'
    put(submitter / "systems/plank.json", text)
    report = check(repository(submitter))
    assert report.ok
    assert row(report)["Availability"] == "rdi"
    assert row(report)["BoardName"] == "nan"
    assert row(report)["HardwareNotes"] == "None"
    assert row(check(repository(submitter), "v1.4"))["BoardName"] == ""


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_the_last_matching_line_counts_whatever_the_line_end(tmp_path: Path, ending: str) -> None:
    submitter = good(tmp_path)
    lines = ["1 x: Top-1: 50.0%", "1 x: Top 1% = 91.5", "1 x: Top-1 91.9", "end"]
    path = submitter / "results/plank/kws/accuracy/results.txt"
    put(path, ending.join(lines))
    assert row(check(repository(submitter)))["Accuracy"] == "91.5"
    put(path, ending.join(reversed(lines)))
    (violation,) = found(check(repository(submitter)), Severity.VIOLATION)
    assert violation.endswith("accuracy/results.txt:4: Top-1 50.0")


def test_a_line_that_begins_with_the_figure_s_name_is_not_seen(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    put(submitter / "results/plank/kws/accuracy/results.txt", "Top-1: 99.0%\n")
    assert not check(repository(submitter)).ok


@pytest.mark.parametrize(
    ("name", "line", "ok"),
    [
        ("ad", "AUC: 0.85", True),
        ("ad", "AUC = 0.849", False),
        ("ad", "Top-1: 99.0%", False),
        ("ic", "Top-1: 85.0%", True),
        ("ic", "Top-1: 84.9%", False),
        ("vww", "Top 1% = 80", True),
        ("vww", "Top 1 : 79.99", False),
    ],
)
def test_targets_of_the_closed_division_and_none_of_the_open(
    tmp_path: Path, name: str, line: str, ok: bool
) -> None:
    for division in ("closed", "open"):
        submitter = tmp_path / division / division / "Acme"
        describe(submitter)
        benchmark(submitter, name, line)
    assert check(tmp_path / "closed").ok is ok
    assert check(tmp_path / "open").ok


def test_a_throughput_of_0_fails_unless_energy_stands_beside_it(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    folder = submitter / "results/plank/kws"
    put(folder / "performance/results.txt", "- Median throughput is 0.0 inf./sec.\n")
    report = check(repository(submitter))
    assert not report.ok
    assert "counts as none" in found(report, Severity.VIOLATION)[0]
    energy(folder)
    assert check(repository(submitter)).ok


def test_a_system_without_json_fails_alone(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    put(submitter / "results/beam/kws/accuracy/results.txt")
    report = check(repository(submitter))
    assert not report.ok
    assert len(report.rows) == 1


def test_names_of_one_s_own_in_the_open_division(tmp_path: Path) -> None:
    submitter = good(tmp_path, division="open")
    benchmark(submitter, "my_kws", "Top-1: 12.0%")
    assert "no accuracy target" in str(check(repository(submitter)).crashed)
    put(submitter / "model_mapping.json", '{"my_kws": "kws"}')
    report = check(repository(submitter))
    assert report.ok
    assert {dict(one.values)["MlperfModel"] for one in report.rows} == {"kws"}
    assert "KeyError" in str(check(repository(submitter), "v1.3").crashed)


@pytest.mark.parametrize("text", ["[]", "{", '{"my_kws": ["kws"]}', '{"my_kws": "vwv"}'])
def test_a_broken_mapping_ends_it_in_a_traceback(tmp_path: Path, text: str) -> None:
    submitter = good(tmp_path, division="open")
    put(submitter / "model_mapping.json", text)
    assert check(repository(submitter)).ok is (text != "{")
    benchmark(submitter, "my_kws")
    assert check(repository(submitter)).crashed is not None


def test_file_lists_follow_the_runner_s_mark_in_the_later_version_only(tmp_path: Path) -> None:
    submitter = good(tmp_path)  # the files of EEMBC's runner
    assert check(repository(submitter), "v1.2").messages == ()
    assert len(check(repository(submitter), "v1.3").messages) == 2
    put(submitter / "results/plank/kws/EEMBC_RUNNER", "")
    assert check(repository(submitter), "v1.3").messages == ()


SWW = """\
Power Edition Output
  Power         : 25.6220 mW.
Accuracy: {} True positives, {} False negatives, {} False positives
Average duty cycle: 0.56085
Estimated throughput: 55.742 inf./sec.
"""


@pytest.mark.parametrize(
    ("counts", "closed_ok", "open_ok"),
    [
        ((44, 6, 4), True, True),
        ((42, 8, 8), True, True),
        ((41, 9, 0), False, True),
        ((50, 0, 9), False, True),
        ((44, 5, 4), False, False),
    ],
)
def test_streaming_wake_word(
    tmp_path: Path, counts: tuple[int, int, int], closed_ok: bool, open_ok: bool
) -> None:
    for division, ok in (("closed", closed_ok), ("open", open_ok)):
        submitter = tmp_path / division / division / "Acme"
        describe(submitter)
        put(submitter / "results/plank/sww/energy/results.txt", SWW.format(*counts))
        report = check(tmp_path / division, "v1.3")
        assert report.ok is ok
        assert len(report.rows) == ok
        if not ok:
            assert "results.txt:3" in found(report, Severity.VIOLATION)[0]
        else:
            values = row(report)
            assert (values["Result"], values["Power"], values["PowerUnit"]) == (
                "55.742",
                "25.622",
                "mW",
            )
            assert (values["FalseNegatives"], values["FalsePositives"]) == (
                str(counts[1]),
                str(counts[2]),
            )
            assert values["DutyCycle"] == "0.56085"


def test_streaming_wake_word_without_energy_has_no_power(tmp_path: Path) -> None:
    submitter = tmp_path / "closed/Acme"
    describe(submitter)
    put(submitter / "results/plank/sww/performance/results.txt", SWW.format(44, 6, 4))
    assert row(check(tmp_path, "v1.4"))["HasPower"] == "False"
    assert not check(tmp_path, "v1.2").ok, "the older version knows no sww"


def test_the_larger_image_classification_is_known_from_v1_4_on(tmp_path: Path) -> None:
    submitter = tmp_path / "closed/Acme"
    describe(submitter)
    benchmark(submitter, "ic2", "Top-1: 91.0%", "v1.4")
    assert check(tmp_path, "v1.4").ok
    assert not check(tmp_path, "v1.3").ok
    benchmark(submitter, "ic2", "Top-1: 90.9%", "v1.4")
    assert not check(tmp_path, "v1.4").ok


def test_summary_csv_of_the_older_version_doubles_no_quotes(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    energy(submitter / "results/plank/kws")
    header, line, *rest = write_summary_csv(check(repository(submitter))).split("\n")
    assert header.split(",")[7:13] == [
        "Result",
        "ResultUnit",
        "Accuracy",
        "HasPower",
        "Power",
        "PowerUnit",
    ]
    assert line == (
        '"Acme","available","closed","Plank","plank","kws","kws","59.788","inf./sec.","90.2",'
        '"True","2367.5","uJ/inf.","the "fast" one","None","None","None","None","None",'
        '"3 V, 80 MHz","None","None","None"'
    )
    assert rest == [""]


def test_summary_csv_of_the_later_version_reads_back(tmp_path: Path) -> None:
    submitter = good(tmp_path, round_="v1.3")
    folder = benchmark(submitter, "vww", "Top 1% = 85.4", "v1.3")
    report = check(repository(submitter), "v1.3")
    assert {dict(one.values)["Power"] for one in report.rows} == {"0"}
    energy(folder, "Median energy cost is 1430.6681 uJ/inf.")
    report = check(repository(submitter), "v1.3")
    text = write_summary_csv(report)
    assert text.splitlines()[1].startswith('"Acme","available","closed","Plank",')
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [one["Power"] for one in rows] == ["0.0", "1430.6681"]
    assert rows == [dict(one.values) for one in report.rows]
    assert rows[0]["HostProcessorModelName"] == 'the "fast" one'
    assert rows[0]["SoftwareNotes"] == ""
    assert list(rows[0])[-1] == "DutyCycle"


@pytest.mark.parametrize(
    ("round_", "results"),
    [
        ("v1.1", {"kws": "59.788"}),
        ("v1.2", {"ad": "190.086", "ic": "6.056"}),
        ("v1.3", {"kws": "23.032", "sww": "55.742"}),
    ],
)
def test_published_trees_look_ok_with_their_published_figures(
    round_: str, results: dict[str, str]
) -> None:
    report = check(reference_path("published", round_), round_)
    assert report.ok
    assert found(report, Severity.VIOLATION) == []
    rows = [dict(one.values) for one in report.rows]
    assert {one["Model"]: one["Result"] for one in rows} == results
    assert {one["HasPower"] for one in rows} == {"True"}


@pytest.mark.parametrize(
    "finder",
    [
        rules.TOP_1,
        rules.AUC,
        rules.THROUGHPUT,
        rules.ENERGY,
        rules.STREAMING_POWER,
        rules.STREAMING_THROUGHPUT,
        rules.STREAMING_ACCURACY,
        rules.STREAMING_DUTY,
    ],
)
@pytest.mark.parametrize(
    "piece",
    [
        " Top-1: 9",
        " AUC: ",
        " Median throughput is ",
        " Median throughput is 1",
        "Median energy cost is 1",
        "Power ",
        "Power : 1",
        "Estimated throughput: ",
        "Accuracy: 1 True positives, 1 False negatives, 1",
        "Average duty cycle: ",
        " ",
        "1",
        ".",
        "Median energy cost is " + "1" * 1000,
        " Median throughput is" + " " * 1000,
    ],
)
def test_no_line_makes_a_regular_expression_hang(finder: rules.Finder, piece: str) -> None:
    line = piece * (1_000_000 // len(piece))
    started = time.process_time()
    finder(line)
    finder(" Median throughput is " + line)
    finder(" Median energy cost is " + line)
    assert time.process_time() - started < 1.0, "measured: under 0.05 s"


def test_a_huge_results_file_is_read_to_its_bound_and_said_so(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    path = submitter / "results/plank/kws/accuracy/results.txt"
    text = path.read_bytes()
    put(path, text + "ü".encode() * MAX_TEXT_BYTES)
    report = check(repository(submitter))
    assert report.ok
    assert "only its first 4 MB" in found(report, Severity.WARNING)[0]


def test_a_huge_system_description_is_not_read(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    put(submitter / "systems/plank.json", b"[" * (MAX_TEXT_BYTES + 1))
    report = check(repository(submitter))
    assert not report.ok
    assert report.crashed is None
    assert "not read here" in found(report, Severity.VIOLATION)[0]


def test_a_link_out_of_the_tree_is_not_followed(tmp_path: Path) -> None:
    secret = good(tmp_path / "elsewhere")
    outside = tmp_path / "repository/closed/Bolt"
    describe(outside)
    (outside / "results").symlink_to(secret / "results")
    report = check(tmp_path / "repository")
    assert not report.ok
    assert report.rows == ()
    assert "results: symbolic link" in found(report, Severity.VIOLATION)[0]


def test_a_thousand_empty_folders_are_counted_not_listed(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    for number in range(1000):
        (submitter / "code" / f"{number:04}").mkdir(parents=True)
    violations = found(check(repository(submitter)), Severity.VIOLATION)
    assert len(violations) == 20
    assert violations[-1].endswith("and 980 more")


def test_a_tree_too_deep_to_be_looked_through_is_said_to_be_so(tmp_path: Path) -> None:
    submitter = good(tmp_path)
    put(submitter.joinpath("code", *"abcdefghijklmnopqrstuvwxyz") / "file")
    report = check(repository(submitter))
    assert any("not all of the tree" in text for text in found(report, Severity.WARNING))


def test_rules_of_an_unknown_checker_are_not_made_up(tmp_path: Path) -> None:
    round_ = replace(load_rounds().get("v1.2"), checker="0000000")
    with pytest.raises(RoundsError, match="0000000"):
        official_report(read_tree(tmp_path), round_, ())
