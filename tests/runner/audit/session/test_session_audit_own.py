"""Our own sessions in an audit: sound, continued ones too, and session.json held to its word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.sessions.audited import OneSession, of_rule, one_session, violations
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.audit.evidence.findings import Rule
from tinyrunner.runner.terms import Mode

DEMONSTRATION = [Rule.DEVICE, Rule.OFFICIAL_LIST]
"""What is amiss in each of its sessions."""
PLACES = [(task, mode) for task in TASKS for mode in Mode]


@pytest.fixture
def session(demo_sessions, tmp_path, request) -> OneSession:
    task, mode = getattr(request, "param", ("kws", Mode.PERFORMANCE))
    return one_session(demo_sessions[task, mode], tmp_path, task, mode.value, "v1.2")


@pytest.mark.parametrize("session", PLACES, indirect=True, ids=lambda p: f"{p[0]} {p[1].value}")
def test_nothing_but_data_and_device_is_amiss_in_a_demonstration(session):
    found = {finding.rule: finding.found for finding in violations(session.audit())}
    assert list(found) == DEMONSTRATION
    assert "synthetic" in found[Rule.OFFICIAL_LIST]


def set_value(session: OneSession, *keys: str, value: object) -> None:
    path = session.folder / "session.json"
    document = json.loads(path.read_text())
    place = document
    for key in keys[:-1]:
        place = place[int(key)] if isinstance(place, list) else place[key]
    assert keys[-1] in place
    place[keys[-1]] = value
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("schema_version",), 2),
        (("provenance", "task"), "ic"),
        (("provenance", "mode"), "accuracy"),
        (("provenance", "session_id"), "20000101000000"),
        (("provenance", "script_sha256"), "0" * 64),
        (("provenance", "dataset", "labels_sha256"), "0" * 64),
        (("provenance", "device", "model_id"), "vww01"),
        (("result", "performance"), None),
        (("result", "performance", "median_throughput"), 99.0),
        (("result", "performance", "windows", "2", "iterations"), 1),
    ],
)
def test_a_word_of_session_json_that_is_not_so_is_a_violation(session, keys, value):
    set_value(session, *keys, value=value)
    (found,) = of_rule(session.audit(), Rule.SESSION_JSON)
    assert found.path.endswith("kws/performance/session.json")
    assert keys[-1].partition("_")[0] in found.found


def test_line_ends_that_git_changed_do_not_change_the_scripts_hash(session):
    path = session.folder / "script.async"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert of_rule(session.audit(), Rule.SESSION_JSON) == []


def continued(log: str) -> str:
    """The same session, killed in its second load and continued there."""
    lines = log.split("\n")
    start = next(i for i, line in enumerate(lines) if "sequencing-i[7]" in line)
    session_id = log.partition("start-id[")[2].partition("]")[0]
    stamp = lines[start + 3].partition(" ")[0]
    marker = f"{stamp} session: m-session-resume-id[{session_id}]-step[7]"
    again = [stamp + " " + line.partition(" ")[2] for line in lines[start : start + 4]]
    return "\n".join([*lines[: start + 4], marker, *again, *lines[start + 4 :]])


def test_a_continued_session_repeats_steps_and_is_sound(session):
    session.edit("log.txt", continued)
    audit = session.audit()
    assert [f.rule for f in violations(audit)] == DEMONSTRATION
    assert audit.assessment is not None
    assert audit.assessment.facts.resume_count == 1


def test_a_step_that_is_run_again_without_that_is_a_violation(session):
    session.edit(
        "log.txt",
        lambda log: "\n".join(line for line in continued(log).split("\n") if "resume" not in line),
    )
    found = of_rule(session.audit(), Rule.SCRIPT)
    assert "step 7 is again" in found[0].found


def test_a_label_list_that_was_changed_is_not_the_one_the_session_used(session):
    session.sub("y_labels.csv", r"^(\w+\.bin,12),\d+", r"\g<1>,11")
    found = of_rule(session.audit(), Rule.SESSION_JSON)
    assert "labels_sha256" in found[0].found


def test_a_broken_label_list_is_named(session):
    session.edit("y_labels.csv", lambda text: "nonsense\n" + text)
    found = [
        f for f in violations(session.audit()) if "nonsense" in f.found or "columns" in f.found
    ]
    assert found[0].rule is Rule.OFFICIAL_LIST
    assert str(Path(session.root)) not in found[0].found


@pytest.fixture
def rendered(built_tree, tmp_path) -> OneSession:
    """A performance session as a v1.3 tree has it: a rendered log, and the journal beside it."""
    source = built_tree("v1.3") / "closed/Acme/results/simulated_board/kws/performance"
    return one_session(source, tmp_path, "kws", "performance", "v1.3")


def test_a_rendered_log_and_its_journal_are_both_sound(rendered):
    assert [finding.rule for finding in violations(rendered.audit())] == DEMONSTRATION


@pytest.mark.parametrize(
    ("name", "pattern", "new", "rule"),
    [
        (
            "journal.txt",
            r"infer-start-\d+((?:\n.*){2})m-lap-us-\d",
            r"infer-start-1\1m-lap-us-9",
            "log",
        ),
        ("journal.txt", r"-command\[dut infer \d+", "-command[dut infer 3", "script"),
        ("journal.txt", r".*m-session-stop.*\n", "", "session"),
        ("journal.txt", r"m-profile-\[", "m-profile-[another ", "log"),
        ("journal.txt", r"m-name-dut-\[", "m-name-dut-[another ", "log"),
        ("journal.txt", r"m-model-\[kws01", "m-model-[kws02", "model id"),
        ("journal.txt", r"(runMode\]-val\[)bmark", r"\1multi", "session"),
        ("log.txt", r"Runtime( +): +\d+", r"Runtime\1: 99", "log"),
        ("results.txt", r"Runtime: \d+", "Runtime: 99", "result line"),
        ("results.json", r'"elapsed_time": \d', '"elapsed_time": 9', "log"),
    ],
)
def test_a_rendered_session_changed_in_one_place_is_found_out(rendered, name, pattern, new, rule):
    rendered.sub(name, pattern, new)
    assert rule in {finding.rule.title for finding in violations(rendered.audit())}
