"""Judges one mode folder by everything in it: log, labels, trace, results, script.

Whatever the folder holds becomes a finding and no error. Each file is read once, none that is a
link, none that is longer than its kind can be.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ....datasets.inputs import LABELS_NAME
from ....datasets.labels import FILE_PREFIX, LabelList, LabelRow
from ....datasets.streaming.truth import StreamingTruth, read_truths, truth_for
from ....energy.trace_files import DEFAULT_NAME, energy_path, timestamps_path
from ....models.suite import StreamingTask, Task
from ...journal.logged_session import LoggedSession
from ...journal.records import InferenceRecord, LogFacts
from ...journal.session_folder import TRUTH_NAME
from ...score.assess import Assessment, Judging, assess_records
from ...score.rules import CheckInput, FindingKind, SessionFinding, Severity, check
from ...score.streaming.assess import assess_stream, fetched_truths
from ...score.streaming.stream import Stream, read_stream
from ...terms import Dialect, Mode
from ...write.mlcommons_session import JOURNAL_NAME
from ...write.printed_results import PrintedResults
from ..evidence.audit_result import ListUsed, Recomputed, SessionAudit
from ..evidence.findings import AuditFinding, Rule, not_judged, violation
from ..evidence.tree import ModeFolder
from . import session_json_check
from .folder_reader import AuditContext, FolderReader
from .label_lists import official_name, read_list
from .mode_rules import check_config, check_edges, check_order, check_traces, line_of, not_scored
from .results_check import check_headlines, check_printed
from .results_json_check import check_classes, merge, rows_of
from .streaming_check import StreamingCheck, printed_stream

__all__ = ["AuditContext", "audit_session"]

_JSON = "results.json"
_TRACE = energy_path(Path(), DEFAULT_NAME).name
_OURS = Dialect.EEMBC
"""The dialect that a journal is written in."""
_FINAL = frozenset({FindingKind.UNFINISHED, FindingKind.SCORES_UNREADABLE})
"""Findings that a session may have at home, and a submitted one may not."""


def audit_session(place: ModeFolder, context: AuditContext) -> SessionAudit:
    """Judge one mode folder; never raises for what it holds."""
    with _uncollected():
        return _SessionAuditor(place, context).run()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python from searching for cycles meanwhile.

    A session makes tens of thousands of records that stay until its end and hold no cycle; the
    collector would look at all of them again and again, for a tenth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@dataclass(slots=True)
class _SessionAuditor(FolderReader):
    synthetic: bool = False
    recomputed: Recomputed | None = None
    label_list: LabelList | None = None

    def run(self) -> SessionAudit:
        place = self.place
        printed: PrintedResults | None = None
        assessment: Assessment | None = None
        used: ListUsed | None = None
        logged: LoggedSession | None = None
        with self.reading(Rule.SESSION_JSON, "session.json"):
            self.read_document()
        with self.reading(Rule.LOG, "calibration.txt"):
            self.read_calibration()
        with self.reading(Rule.RESULT_LINE, "results.txt"):
            printed = self.read_results()
        if place.log is not None:
            with self.reading(Rule.LOG, place.log):
                logged = self.read_log_file(place.log)
                assessment, used = self._judge(logged, printed)
        return SessionAudit(
            place=place,
            findings=tuple(self.findings),
            assessment=assessment,
            labels=used,
            label_list=self.label_list,
            provenance=self.provenance,
            synthetic=self.synthetic,
            printed=_headlines(printed, self.result_lines or () if place.streaming else ()),
            recomputed=self.recomputed,
        )

    def _judge(
        self, logged: LoggedSession, printed: PrintedResults | None
    ) -> tuple[Assessment | None, ListUsed | None]:
        place, log = self.place, self.path_of(self.place.log or "log.txt")
        notice = not_scored(logged.facts, place, log)
        if notice is None and place.streaming is not None:
            return self._judge_stream(logged.facts, place.streaming)
        task = place.task
        if notice is not None or task is None:
            self.findings += [] if notice is None else [notice]
            return None, None
        classes = self._merge_json(logged)
        self.findings += check_config(logged.facts, logged.records, place, task, log)
        labels, used = self._choose_labels(task, logged.files)
        judging = Judging.of_session(
            task,
            place.mode,
            self.context.round,
            place.submitter.division,
            labels=labels,
            files=logged.files,
            provenance=self.provenance,
            rows=rows_of(classes, task),
        )
        rows = judging.labels
        self.synthetic = judging.synthetic
        if labels is not None:
            windows = self.context.round.windows
            self.findings += check_order(logged.records, rows, task, place.mode, windows, log)
            self.findings += check_classes(classes, rows, self.path_of(_JSON))
        elif not self.synthetic or place.mode is Mode.ACCURACY:
            # A session of ours has its list beside it; another's is for the auditor to have.
            report = not_judged if self.document is None else violation
            found = _no_list(task, place.mode, scored=bool(rows))
            self.findings.append(report(Rule.OFFICIAL_LIST, log, *found))
        assessment = self._assess(logged, judging)
        if assessment is None:
            return None, used
        self._take_findings(assessment, logged, rows, log, told=labels is not None)
        self._compare_printed(assessment, printed, logged.facts.dialect)
        if self.document is not None:
            name = self.path_of("session.json")
            facts = logged.facts
            self.findings += session_json_check.check_log(self.provenance, facts, name)
            self.findings += session_json_check.check_result(self.document.result, assessment, name)
        if JOURNAL_NAME in place.files:
            with self.reading(Rule.LOG, JOURNAL_NAME):
                self._judge_journal(assessment, judging)
        return assessment, used

    def _judge_stream(
        self, facts: LogFacts, task: StreamingTask
    ) -> tuple[Assessment, ListUsed | None]:
        """Judge a session of a streaming task, whose reading may raise as a log's does."""
        place, log = self.place, self.path_of(self.place.log or "log.txt")
        path = self.folder / (place.log or "log.txt")
        stream = self._read_stream(path, facts)
        truth, used = self._choose_words(stream, task)
        self.findings += check_config(facts, (), place, task, log)
        self.synthetic = stream.record.wav_file.startswith(FILE_PREFIX)
        assessment = self._assess_stream(facts, stream, truth, task)
        for finding in assessment.findings:
            self.findings.append(AuditFinding.of_session(_submitted(finding), log, finding.line))
        result = assessment.streaming
        if result is None:
            return assessment, used
        self.recomputed = Recomputed(
            self.context.round,
            facts.dialect,
            energy=assessment.energy,
            streaming=result,
            ours=self.document is not None,
        )
        results = self.path_of(place.results[0] if place.results else "results.txt")
        check = StreamingCheck(result, self.recomputed, stream, log)
        self.findings += check.findings(
            self.result_lines, results, with_energy=place.mode is Mode.ENERGY
        )
        if self.document is not None:
            name = self.path_of("session.json")
            self.findings += session_json_check.check_log(self.provenance, facts, name)
            self.findings += session_json_check.check_result(self.document.result, assessment, name)
        if JOURNAL_NAME in place.files:
            with self.reading(Rule.LOG, JOURNAL_NAME):
                self._judge_stream_journal(assessment, truth, task)
        return assessment, used

    def _read_stream(self, log: Path, facts: LogFacts) -> Stream:
        """Read the raw numbers of a streaming session; its trace only where nothing forbids it."""
        ours = facts.dialect is _OURS and self.place.mode is Mode.ENERGY
        with_json = facts.dialect is not _OURS and _JSON in self.place.files
        whole = ours and not any(check_traces(self.place, self.folder, _OURS))
        return read_stream(log, facts, with_json=with_json, with_trace=whole)

    def _choose_words(
        self, stream: Stream, task: StreamingTask
    ) -> tuple[StreamingTruth | None, ListUsed | None]:
        """Return the words beside the log, else the offered or fetched ones, else the log's own."""
        wav_file, length_s = stream.record.wav_file, stream.record.length_s
        truth, source = None, self.path_of(TRUTH_NAME)
        if TRUTH_NAME in self.place.files:
            with self.reading(Rule.OFFICIAL_LIST, TRUTH_NAME):
                truth = truth_for(wav_file, read_truths(self.folder / TRUTH_NAME), length_s)
        if truth is not None and self.document is not None:
            name = self.path_of("session.json")
            found = session_json_check.check_words(self.provenance, truth.sha256, name)
            self.findings += found
        if truth is None:
            truths = self.context.lists.truths.get(task.key, ())
            truth = truth_for(wav_file, truths, length_s)
            truth = truth or truth_for(wav_file, fetched_truths(task, length_s))
            source = "" if truth is None else truth.source
        if truth is None and stream.truth is not None:
            truth, source = stream.truth, self.path_of(_JSON)
        if truth is None:
            return None, None
        official = task.model_id if truth.is_official else None
        return truth, ListUsed(source, truth.sha256, official)

    def _judge_stream_journal(
        self, assessment: Assessment, truth: StreamingTruth | None, task: StreamingTask
    ) -> None:
        """Judge the journal behind a rendered log of a streaming session, and as of that."""
        path, name = self.path_of(JOURNAL_NAME), self.place.log or "log.txt"
        facts = self.read_log_file(JOURNAL_NAME).facts
        found = self._check_journal_facts(facts, (), task, assessment)
        stream = self._read_stream(self.folder / JOURNAL_NAME, facts)
        journal = self._assess_stream(facts, stream, truth, task)
        parts = ("streaming", "energy") if journal.energy is not None else ("streaming",)
        found += session_json_check.check_journal(journal, assessment, path, name, parts)
        self._take_journal(found, journal.findings, assessment)

    def _assess_stream(
        self, facts: LogFacts, stream: Stream, truth: StreamingTruth | None, task: StreamingTask
    ) -> Assessment:
        place = self.place
        return assess_stream(
            facts,
            stream,
            truth,
            task,
            place.mode,
            self.context.round,
            place.submitter.division,
            provenance=self.provenance,
        )

    def _merge_json(self, logged: LoggedSession) -> dict[str, int]:
        """Put results.json's exact numbers in; return the classes that it names."""
        if logged.facts.dialect is Dialect.MLCOMMONS and _JSON in self.place.files:
            with self.reading(Rule.LOG, _JSON):
                log = self.path_of(self.place.log or "log.txt")
                merged = merge(logged.records, self.folder / _JSON, log, self.path_of(_JSON))
                self.findings += merged.findings
                logged.records = merged.records
                return merged.classes
        return {}

    def _choose_labels(
        self, task: Task, files: Sequence[str]
    ) -> tuple[LabelList | None, ListUsed | None]:
        """Return the list beside the log, else the offered one that fits."""
        labels: LabelList | None = None
        if LABELS_NAME in self.place.files:
            with self.reading(Rule.OFFICIAL_LIST, LABELS_NAME):
                labels = read_list(self.folder / LABELS_NAME, task)
        if labels is not None and self.document is not None:
            name = self.path_of("session.json")
            self.findings += session_json_check.check_labels(self.provenance, labels, name)
        source = self.path_of(LABELS_NAME)
        if labels is None:
            labels = self.context.lists.fitting(task, files)
            source = "" if labels is None else labels.source
        if labels is None:
            return None, None
        self.label_list = labels
        return labels, ListUsed(source, labels.sha256, official_name(labels))

    def _assess(self, logged: LoggedSession, judging: Judging) -> Assessment | None:
        if judging.mode is Mode.ENERGY:
            obstacles = list(check_traces(self.place, self.folder, logged.facts.dialect))
            if obstacles:
                self.findings += obstacles
                return None
        rule = Rule.TRACE if judging.mode is Mode.ENERGY else Rule.LOG
        name = self.place.log or "log.txt"
        if judging.mode is Mode.ENERGY:
            name = _JSON if logged.facts.dialect is Dialect.MLCOMMONS else _TRACE
        with self.reading(rule, name):
            assessment = assess_records(logged.records, logged.facts, self.folder, judging)
            if judging.mode is Mode.ENERGY and logged.facts.dialect is _OURS:
                self._check_edges()
            return assessment
        return None

    def _check_edges(self) -> None:
        """Check the edges of a trace that was read."""
        name = timestamps_path(self.folder).name
        with self.reading(Rule.TRACE, name):
            self.findings += check_edges(self.place, self.folder)

    def _take_findings(
        self,
        assessment: Assessment,
        logged: LoggedSession,
        rows: Sequence[LabelRow],
        log: str,
        *,
        told: bool,
    ) -> None:
        for finding in assessment.findings:
            if finding.kind is FindingKind.LIST_NOT_OFFICIAL and not told:
                continue  # said already, with what to give
            line = finding.line
            if line is None and told:
                line = line_of(finding.kind, logged.records, rows)
            self.findings.append(AuditFinding.of_session(_submitted(finding), log, line))

    def _compare_printed(
        self, assessment: Assessment, printed: PrintedResults | None, dialect: Dialect
    ) -> None:
        recomputed = self.recomputed = Recomputed(
            self.context.round,
            dialect,
            assessment.performance,
            assessment.accuracy,
            assessment.energy,
            ours=self.document is not None,
            exact_auc=str(self.provenance.tool.version).startswith("0.1."),
        )
        if printed is not None:
            path = self.path_of(self.place.results[0])
            self.findings += check_printed(printed, recomputed, path)
        path = self.path_of(self.place.log or "log.txt")
        if self.log_results is not None and self.log_results.blocks:
            self.findings += check_printed(self.log_results, recomputed, path, complete=False)
        self.findings += check_headlines(self.headlines, recomputed, path, complete=False)

    def _judge_journal(self, assessment: Assessment, judging: Judging) -> None:
        """Judge the journal behind a rendered log as a log, and as of its session."""
        logged = self.read_log_file(JOURNAL_NAME)
        facts = logged.facts
        found = self._check_journal_facts(facts, logged.records, judging.task, assessment)
        if judging.mode is Mode.ENERGY and any(check_traces(self.place, self.folder, _OURS)):
            # The trace travels in results.json alone, so that only the session itself is judged.
            own = check(
                CheckInput.of(
                    facts,
                    judging.task,
                    mode=judging.mode,
                    list_name=judging.list_name,
                    list_told=bool(judging.labels),
                    synthetic=judging.synthetic,
                    simulated=judging.simulated,
                    development=judging.development,
                ),
                judging.round,
                division=judging.division,
            )
        else:
            journal = assess_records(logged.records, facts, self.folder, judging)
            own = journal.findings
            if judging.mode is Mode.ENERGY:
                self._check_edges()
            path, name = self.path_of(JOURNAL_NAME), self.place.log or "log.txt"
            found += session_json_check.check_journal(journal, assessment, path, name)
        self._take_journal(found, own, assessment)

    def _check_journal_facts(
        self,
        facts: LogFacts,
        records: Sequence[InferenceRecord],
        task: Task | StreamingTask,
        assessment: Assessment,
    ) -> list[AuditFinding]:
        """Check what the journal behind a rendered log says beside its figures."""
        path, name = self.path_of(JOURNAL_NAME), self.place.log or "log.txt"
        found = list(check_config(facts, records, self.place, task, path))
        found += session_json_check.check_journal_facts(facts, assessment.facts, path, name)
        if self.document is not None:
            document = self.path_of("session.json")
            found += session_json_check.check_log(self.provenance, facts, document)
        return found

    def _take_journal(
        self, found: list[AuditFinding], own: Iterable[SessionFinding], assessment: Assessment
    ) -> None:
        """Take what was found in a journal, and of its session what the log's does not say."""
        path = self.path_of(JOURNAL_NAME)
        said = {(one.kind, one.severity) for one in map(_submitted, assessment.findings)}
        found += (
            AuditFinding.of_session(one, path, one.line)
            for one in map(_submitted, own)
            if (one.kind, one.severity) not in said
        )
        self.findings += (one for one in found if one not in self.findings)


def _submitted(finding: SessionFinding) -> SessionFinding:
    """Turn a session's finding into how it counts in a submission."""
    final = finding.kind in _FINAL
    return replace(finding, severity=Severity.VIOLATION) if final else finding


def _no_list(task: Task, mode: Mode, *, scored: bool) -> tuple[str, str]:
    """Say what cannot be judged without the label list, and how to give it."""
    text = "the label list is not at hand"
    if mode is Mode.ACCURACY:
        text += (
            ": recomputed by the classes that results.json names"
            if scored
            else ", so that the accuracy cannot be recomputed"
        )
    return text, (
        f"an official list of {task.key}; give --datasets DIR with DIR/{task.model_id}/"
        f"{LABELS_NAME}, or run tinyrunner datasets fetch"
    )


def _headlines(printed: PrintedResults | None, streaming: Sequence[str]) -> dict[str, str]:
    names = ("median_throughput", "median_energy_uj", "top1", "auc")
    found = {} if printed is None else {name: printed.headline(name) for name in names}
    kept = {name: text for name, text in found.items() if text is not None}
    return kept | printed_stream(streaming)
