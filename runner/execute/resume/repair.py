"""Restores what a session's folder has lost, from its log and the inputs, and never by a guess.

The log itself cannot be restored, and all that was measured follows from it. What else a session
needs, and where it is had from:

    y_labels.csv   the list of the inputs: the one with the hash in session.json
    script.async   the plan over that list: the one with the hash in session.json
    session.json   task, mode, N, warm-ups and device: from the log; round, division and link: as
                   they are told now. That of an energy session holds more than its log tells

Without session.json there are no hashes: then each step in the log must be the script's. What was
restored stands in the provenance from then on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from .... import __version__
from ....datasets.errors import DatasetError
from ....datasets.inputs import LABELS_NAME, Dataset, dataset_folder
from ....datasets.labels import LabelList, read_labels
from ....dut_protocol.simulated.device import DeviceSettings
from ....models.suite import TASKS_BY_MODEL_ID, Task
from ...bench.simulated.device import simulated_device
from ...config.config import Config, config_from_json, override
from ...config.sim_address import is_simulated
from ...config.strict_json import read_json
from ...errors import SetupError
from ...journal.damage import find_damage
from ...journal.open_log import open_log
from ...journal.records import LogFacts
from ...journal.session_document import (
    Device,
    DeviceFacts,
    IterationsSaid,
    Provenance,
    Restored,
    SessionDocument,
    SessionFacts,
    Simulated,
    Tool,
    read_document,
    task_and_mode,
    write_document,
)
from ...journal.session_folder import SessionFolder, alone_with, spare_name, write_atomically
from ...journal.stamps import EEMBC_STAMP
from ...script.parser import read_script
from ...script.plan import planned_inferences
from ...script.publishable_path import written_path
from ...script.script import Script, ScriptError, numbered_steps, print_script
from ...script.verbs import Load, input_file_name, parse_verb
from ...terms import Mode, Purpose
from ..modes import mode_parts
from ..prepare import dataset_root, open_source, rerooted
from ..progress import Reporter
from ..provenance import Source, describe_setup, text_sha256

_BEGINNING = re.compile(
    rb"^" + EEMBC_STAMP + rb" parser: m-bmark-run-name\[tinyrunner ([^\]\n]*)\]", re.M
)
_STEP = re.compile(
    rb"^" + EEMBC_STAMP + rb" sequencer: m-sequencing-i\[(\d{1,18})\]-command\[(.*)\]-ack\[/", re.M
)
_HEAD_BYTES = 1 << 16
_UNKNOWN = "unknown"


def repair_session(
    folder: Path,
    settings: Config,
    reporter: Reporter,
    labels: Path | None = None,
    script: Path | None = None,
) -> tuple[str, ...]:
    """Restore what the folder lacks; return a sentence for each part, none where it is whole.

    ``settings`` are used where session.json is lost; their data sets in any case. ``labels`` is the
    session's list, ``script`` the published script that it ran, where it did. What was there and
    could not be read is kept under another name. SetupError says what is needed that nobody has
    told, or what does not fit.
    """
    session = SessionFolder(folder, "")
    if not session.log.is_file() or session.log.stat().st_size == 0:
        raise SetupError(
            f"{session.log} is missing or empty, and a session is what its log holds: there is "
            "nothing to restore; start a new run"
        )
    with alone_with(session):
        known = _known(session)
        if known is None:
            return _restore_all(session, settings, labels, script, reporter)
        return _restore_beside(session, known, settings, labels, script)


def _known(session: SessionFolder) -> SessionDocument | None:
    """Return the session's document; None where there is none, or what is there is no JSON."""
    try:
        return read_document(session.folder)
    except SetupError:
        try:
            read_json(session.document.read_bytes())
        except (OSError, ValueError):
            return None
        raise


# --- with session.json ---------------------------------------------------------------------------


def _restore_beside(
    session: SessionFolder,
    known: SessionDocument,
    settings: Config,
    told_list: Path | None,
    published: Path | None,
) -> tuple[str, ...]:
    """Restore list and script by their hashes."""
    provenance = known.provenance
    task, _ = task_and_mode(provenance, session.folder)
    labels, wanted = _list_in(session, task), provenance.dataset.labels_sha256
    found: dict[Path, tuple[str, str | bytes]] = {}
    if labels is None or labels.sha256 != wanted:
        config = config_from_json(provenance.config, str(session.document))
        if settings.datasets is not None:
            config = config.model_copy(update={"datasets": settings.datasets})
        labels = _list_of(_with_list(config, task, told_list), task)
        if labels.sha256 != wanted:
            raise SetupError(
                f"{session.labels} is missing or damaged, and {labels.source} is not the "
                f"session's list (SHA-256 {labels.sha256}, and not {wanted}): give it with "
                "--labels FILE, or its folder with --datasets"
            )
        source = Path(labels.source)
        found[session.labels] = f"{written_path(source)}, by its hash", source.read_bytes()
    script = _script_in(session)
    if script is None or text_sha256(print_script(script)) != provenance.script_sha256:
        script = _script_by_hash(session, provenance, task, labels, published)
        found[session.script] = "the plan over the label list, by its hash", print_script(script)
    if not found:
        return ()
    said = _put(found)
    mark = [*(provenance.restored or []), _mark(found)]
    write_document(session, provenance.model_copy(update={"restored": mark}), known.result)
    return said


def _script_by_hash(
    session: SessionFolder,
    provenance: Provenance,
    task: Task,
    labels: LabelList,
    published: Path | None,
) -> Script:
    """Return the script of the hash in session.json: planned anew, or the published one."""
    dataset = _listed(task, Path(provenance.dataset.folder), labels, provenance.limit)
    if published is None and provenance.script_file is not None:
        published = Path(provenance.script_file).expanduser()
    if published is None:
        config = config_from_json(provenance.config, str(session.document))
        parts = mode_parts(provenance.mode, provenance.warmups, config.monitor)
        script = parts.plan(dataset, provenance.iterations)
    else:
        script = rerooted(read_script(published), dataset)
    if text_sha256(print_script(script)) == provenance.script_sha256:
        return script
    raise SetupError(
        f"{session.script} is missing or damaged, and {published or 'the plan'} over the label "
        f"list has another hash than session.json names ({provenance.script_sha256}): another "
        "script was run, or another version of tinyrunner planned it; give it with --script FILE"
    )


# --- without session.json ------------------------------------------------------------------------


def _restore_all(
    session: SessionFolder,
    settings: Config,
    told_list: Path | None,
    published: Path | None,
    reporter: Reporter,
) -> tuple[str, ...]:
    """Restore session.json from the log, and the rest where it is lost, too."""
    log = session.log
    version = _version_of(log)
    with open_log(log, resuming=True) as reader:
        files = dict.fromkeys(record.file for record in reader)
    facts = reader.facts
    mode = _mode_of(session, facts)
    config = _config_of(facts, mode, settings)
    task = _task_of(log, facts, config)
    config = _with_list(config, task, told_list)
    script = _script_in(session)
    if script is not None and _other_step(log, script):
        script = None
    if mode is Mode.ACCURACY and config.limit is None:
        if script is not None:
            files = dict.fromkeys(planned.file for planned in planned_inferences(script))
        if (script is not None or facts.finished) and len(files) < len(_list_of(config, task).rows):
            config = override(config, limit=len(files))
    root = dataset_root(config.datasets, task, simulated=is_simulated(config))
    source = open_source(root, task, config.labels.get(task.key), config.limit, reporter)
    labels = _list_in(session, task)
    if labels is not None and labels.sha256 != source.labels.sha256:
        raise SetupError(
            f"{session.labels} is not the list of {source.labels.source}: give the inputs that the "
            "session ran with --datasets, or their list with --labels; where the session's copy is "
            "damaged, remove it"
        )
    found: dict[Path, tuple[str, str | bytes]] = {}
    if labels is None:
        listed = Path(source.labels.source)
        found[session.labels] = written_path(listed), listed.read_bytes()
    if script is None:
        script = _script_by_log(session, facts, mode, config, source)
        found[session.script] = (
            f"the plan over {written_path(Path(source.labels.source))}",
            print_script(script),
        )
    facts_then = SessionFacts(
        tool=Tool(name="tinyrunner", version=version, python=_UNKNOWN, platform=_UNKNOWN),
        session_id=facts.session_ids[0],
        created=_created(facts.session_ids[0]),
        iterations_found=IterationsSaid(by="mode" if mode is Mode.ACCURACY else "log"),
    )
    first = planned_inferences(script)[0]
    counts = first.iterations, first.warmups
    setup = describe_setup(config, mode, task.key, source.facts, script, counts, published)
    provenance = Provenance.of(facts_then, setup, _device(log, facts, config, task))
    found[session.document] = (
        f"the log; as told now: round {config.round}, {config.division.value} division, "
        f"{config.dut.baud_rate} baud, the inputs in {setup.dataset.folder}",
        "",
    )
    said = _put(found)
    write_document(session, provenance.model_copy(update={"restored": [_mark(found)]}))
    return said


def _version_of(log: Path) -> str:
    with log.open("rb") as file:
        beginning = _BEGINNING.search(file.read(_HEAD_BYTES))
    if beginning is None:
        raise SetupError(
            f"{log} does not begin as a log of tinyrunner does: where it is one, its beginning is "
            "damaged, and nothing can be restored from it; start a new run"
        )
    return beginning[1].decode("utf-8", "replace")


def _mode_of(session: SessionFolder, facts: LogFacts) -> Mode:
    mode, why = facts.mode, ""
    if mode is Mode.ENERGY:
        why = "it does not name the monitor, nor what it was set to"
    elif mode is None or not facts.names or not facts.session_ids:
        why = "it ends before session, mode and device are named"
    if mode is None or why:
        raise SetupError(
            f"{session.document} is missing or damaged, and the log tells too little to restore "
            f"it: {why}. `tinyrunner score {session.folder}` computes the figures of what was "
            "measured; to measure the rest, start a new run"
        )
    return mode


def _config_of(facts: LogFacts, mode: Mode, config: Config) -> Config:
    """Return the settings with those that the log knows better."""
    if mode is Mode.PERFORMANCE:
        config = override(config, warmups=_count_in(facts, "iterWarmup"))
    if facts.wire_extension is not None:
        config = override(config, extension=True)
    development = facts.development_line is not None
    return override(config, purpose=Purpose.DEVELOPMENT if development else Purpose.SUBMISSION)


def _count_in(facts: LogFacts, key: str) -> int:
    """Return one of the numbers that the log names among its settings."""
    digits = facts.config.get(key, "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise SetupError(f"the log has no number as {key}, but {digits[:40]!r}; start a new run")
    return int(digits)


def _task_of(log: Path, facts: LogFacts, config: Config) -> Task:
    named = facts.model_ids[0] if facts.model_ids else facts.config.get("model", "")
    if named in TASKS_BY_MODEL_ID:
        return config.task(TASKS_BY_MODEL_ID[named].key)
    custom = config.custom_task
    if custom is None or custom.model_id != named:
        raise SetupError(
            f"{log} is of the model {named!r}, which is no official one: give the configuration "
            "with its `custom:` section with --config FILE"
        )
    return custom


def _script_by_log(
    session: SessionFolder, facts: LogFacts, mode: Mode, config: Config, source: Source
) -> Script:
    """Return the plan; SetupError where a step in the log is another one."""
    folder = _folder_in(session.log) or source.dataset.folder
    dataset = _listed(source.dataset.task, folder, source.labels, config.limit)
    iterations = _count_in(facts, "iterInfer")
    script = mode_parts(mode, config.warmups, config.monitor).plan(dataset, iterations)
    if other := _other_step(session.log, script):
        raise SetupError(
            f"{session.script} is missing or damaged, and the plan over {source.labels.source} is "
            f"not what was run: {other}. Give the inputs that the session ran with --datasets, or "
            "their list with --labels"
        )
    return script


def _steps_in(log: Path) -> Iterator[tuple[int, str]]:
    """Yield number and command of each step in the sound part of a log."""
    with log.open("rb") as file:
        damage = find_damage(file)
        file.seek(0)
        text = file.read(-1 if damage is None else damage.sound_bytes)
    for step in _STEP.finditer(text):
        yield int(step[1]), step[2].decode("utf-8", "replace")


def _other_step(log: Path, script: Script) -> str:
    """Return which step of a log is another one in the script, as a clause; nothing if none is."""
    planned = {numbered.index: numbered.step.command for numbered in numbered_steps(script)}
    for number, command in _steps_in(log):
        if planned.get(number) != command:
            return f"step {number} was `{command}`, and is `{planned.get(number, 'none')}` there"
    return ""


def _folder_in(log: Path) -> Path | None:
    """Return the folder that the log's first input was read from, as it is written there."""
    for _, command in _steps_in(log):
        verb = parse_verb(command)
        if isinstance(verb, Load):
            return Path(verb.path.removesuffix(input_file_name(verb.path)))
    return None


def _device(log: Path, facts: LogFacts, config: Config, task: Task) -> DeviceFacts:
    """Return who was measured, by the log; SetupError where it is simulated in one place only."""
    vendor = facts.names[0]
    if (vendor == DeviceSettings().vendor) is not is_simulated(config):
        raise SetupError(
            f"{log} is of the device {vendor!r}, which is simulated: say which one with --dut sim:"
            if not is_simulated(config)
            else f"{log} is of the device {vendor!r}, which is not simulated: leave --dut sim: out"
        )
    simulated = None
    if is_simulated(config):
        simulated = Simulated(**asdict(simulated_device(config, task).model))
    device = Device(
        address=config.dut.address or _UNKNOWN,
        baud_rate=config.dut.baud_rate,
        vendor=vendor,
        profile=facts.profiles[0] if facts.profiles else None,
        model_id=facts.model_ids[0] if facts.model_ids else None,
    )
    return DeviceFacts(device=device, simulated=simulated)


def _created(session_id: str) -> str:
    """Return when the session began: its id is what the computer's clock showed."""
    try:
        return datetime.strptime(session_id, "%Y%m%d%H%M%S").isoformat()  # noqa: DTZ007
    except ValueError:
        return _UNKNOWN


# --- what is there, and what is put there --------------------------------------------------------


def _list_in(session: SessionFolder, task: Task) -> LabelList | None:
    """Return the session's own list; None where it cannot be read."""
    try:
        return read_labels(session.labels, task)
    except DatasetError:
        return None


def _script_in(session: SessionFolder) -> Script | None:
    """Return the session's own script; None where it cannot be read."""
    try:
        return read_script(session.script)
    except (ScriptError, OSError):
        return None


def _with_list(config: Config, task: Task, labels: Path | None) -> Config:
    return config if labels is None else override(config, labels={task.key: labels})


def _list_of(config: Config, task: Task) -> LabelList:
    """Return the list that the settings name."""
    named = config.labels.get(task.key)
    if named is None:
        root = dataset_root(config.datasets, task, simulated=is_simulated(config))
        named = dataset_folder(root, task) / LABELS_NAME
    return read_labels(named, task)


def _listed(task: Task, folder: Path, labels: LabelList, limit: int | None) -> Dataset:
    """Return the inputs on a list, which need not be there to be planned."""
    dataset = Dataset(task, folder, labels, 0)
    return dataset if limit is None else dataset.limited(limit)


def _put(found: dict[Path, tuple[str, str | bytes]]) -> tuple[str, ...]:
    """Write what was found; what stood there and could not be read is kept beside it.

    The document is written by others: of it the content is empty here.
    """
    said = []
    for path, (source, content) in found.items():
        sentence = f"{path.name}: restored from {source}"
        if path.exists():
            kept = spare_name(path)
            path.replace(kept)
            sentence += f"; what stood there is in {kept.name}"
        if content:
            write_atomically(path, content)
        said.append(sentence)
    return tuple(said)


def _mark(found: dict[Path, tuple[str, str | bytes]]) -> Restored:
    return Restored(
        parts={path.name: source for path, (source, _) in found.items()},
        at=datetime.now(UTC).isoformat(timespec="seconds"),
        by=f"tinyrunner {__version__}",
    )
