"""Sessions of one tree compared with one another."""

from __future__ import annotations

from dataclasses import replace

from tinyrunner.energy.windows import EnergyWindow
from tinyrunner.runner.audit.consistency import check_consistency
from tinyrunner.runner.audit.evidence.audit_result import ListUsed, SessionAudit
from tinyrunner.runner.audit.evidence.findings import AuditFinding, Rule
from tinyrunner.runner.audit.evidence.tree import ModeFolder, Submitter
from tinyrunner.runner.journal.records import LogFacts
from tinyrunner.runner.score.assess import Assessment
from tinyrunner.runner.score.results import (
    EnergyResult,
    MeasuredWindow,
    PerformanceResult,
    TimedWindow,
)
from tinyrunner.runner.score.rules import Severity
from tinyrunner.runner.score.streaming.results import DutyCycle, StreamingResult
from tinyrunner.runner.terms import Dialect, Division, Mode

ACME = Submitter(Division.CLOSED, "acme", "closed/acme")


def session(
    mode: Mode,
    *,
    name: str = "board",
    profile: str = "V0.0.1",
    session_id: str = "",
    throughput: float = 50.0,
    system: str = "b",
    labels: str = "kws01",
) -> SessionAudit:
    path = f"closed/acme/results/{system}/kws/{mode.value}"
    place = ModeFolder(ACME, system, "kws", mode, path, ("log.txt",))
    facts = LogFacts(
        Dialect.EEMBC,
        session_ids=[session_id or f"{system}{mode.value}"],
        names=[name] if name else [],
        profiles=[profile] if profile else [],
    )
    iterations = round(throughput * 11)
    timed = TimedWindow(2, "a.bin", 0, iterations, iterations / throughput)
    performance = PerformanceResult((timed,)) if mode is Mode.PERFORMANCE else None
    energy = None
    if mode is Mode.ENERGY:
        window = EnergyWindow(2, 1.0, 1.0 + iterations / throughput, 0.5)
        energy = EnergyResult((MeasuredWindow(window, "a.bin", 0, iterations),))
    used = ListUsed(f"{labels}.csv", f"hash of {labels}", labels)
    return SessionAudit(place, (), Assessment(facts, performance, None, energy, ()), used)


def found(*sessions: SessionAudit) -> list[AuditFinding]:
    return list(check_consistency(sessions))


def kinds(*sessions: SessionAudit) -> list[tuple[Rule, Severity]]:
    return [(one.rule, one.severity) for one in found(*sessions)]


def test_the_same_firmware_and_throughput_throughout_has_no_findings() -> None:
    assert found(*(session(mode) for mode in Mode)) == []


def test_another_firmware_in_accuracy_mode_is_a_violation() -> None:
    (finding,) = found(session(Mode.PERFORMANCE), session(Mode.ACCURACY, name="other"))
    assert (finding.rule, finding.severity) == (Rule.FIRMWARE, Severity.VIOLATION)
    assert finding.path == "closed/acme/results/b/kws/accuracy/log.txt"
    assert "'other'" in finding.found
    assert "'board'" in finding.expected
    assert kinds(session(Mode.PERFORMANCE), session(Mode.ACCURACY, profile="V2")) == [
        (Rule.FIRMWARE, Severity.VIOLATION)
    ]


def test_a_log_that_never_asked_for_the_name_contradicts_nothing() -> None:
    assert found(session(Mode.PERFORMANCE), session(Mode.ACCURACY, name="")) == []


def test_another_throughput_while_energy_was_measured_is_a_warning_from_five_per_cent_on() -> None:
    fast = session(Mode.PERFORMANCE, throughput=100.0)
    assert found(fast, session(Mode.ENERGY, throughput=104.0)) == []
    (finding,) = found(fast, session(Mode.ENERGY, throughput=90.0))
    assert (finding.rule, finding.severity) == (Rule.THROUGHPUTS, Severity.WARNING)
    assert "−10.0%" in finding.found


def test_another_label_list_in_accuracy_mode_is_a_warning() -> None:
    performance = session(Mode.PERFORMANCE, labels="ic01-2021")
    (finding,) = found(performance, session(Mode.ACCURACY, labels="ic01"))
    assert (finding.rule, finding.severity) == (Rule.OFFICIAL_LIST, Severity.WARNING)
    assert "ic01-2021" in finding.found
    assert finding.expected.startswith("of ic01, as in ")


def test_the_same_session_in_two_places_is_a_violation() -> None:
    one = session(Mode.PERFORMANCE, session_id="20260101000000")
    other = session(Mode.PERFORMANCE, session_id="20260101000000", system="c")
    assert kinds(one, other) == [(Rule.SESSION_ID, Severity.VIOLATION)]


def test_an_id_is_a_second_of_a_day_and_may_be_that_of_another_mode() -> None:
    one = session(Mode.PERFORMANCE, session_id="20260101000000")
    assert found(one, session(Mode.ACCURACY, session_id="20260101000000")) == []


def test_a_session_without_figures_is_compared_as_far_as_it_goes() -> None:
    unreadable = SessionAudit(session(Mode.ACCURACY).place, ())
    assert found(session(Mode.PERFORMANCE), unreadable) == []


def streamed(mode: Mode, inference_s: float) -> SessionAudit:
    duty = DutyCycle(inference_s, 0.032, 0.0, 100, 100, "log.txt")
    stream = StreamingResult("long_wav.wav", 1200.0, None, 1, 0, None, duty, None, None)
    one = session(mode)
    assert one.assessment is not None
    measured = replace(one.assessment, performance=None, energy=None, streaming=stream)
    return replace(one, assessment=measured)


def test_a_streaming_devices_throughputs_are_those_of_its_frames():
    fast, slow = streamed(Mode.PERFORMANCE, 0.018), streamed(Mode.ENERGY, 0.020)
    (finding,) = check_consistency([fast, slow])
    assert finding.rule is Rule.THROUGHPUTS
    assert finding.found == "50.000 inf/s while energy was measured (−10.0%)"
    assert [*check_consistency([fast, streamed(Mode.ENERGY, 0.0181)])] == []
