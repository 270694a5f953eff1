"""Writes an implementation's README: how to repeat its results, by what is known of its sessions.

That is the provenance of sessions of ours; those of MLCommons' runner tell little of themselves.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import yaml

from ...models.custom_task import CUSTOM_KEY
from ..bench.use import use_of
from ..config.config import Config, config_from_json
from ..config.effect import has_effect
from ..config.settings import SETTINGS
from ..journal.session_document import IterationsFound, IterationsSaid, Provenance
from ..score.streaming.assess import JudgedStream
from ..terms import Mode
from .code_folder import CopiedCode
from .gather import MLCOMMONS_RUNNER, GatheredSession
from .session_files import HomeFolder

README_NAME = "README.md"
OTHER_README_NAME = "REPRODUCE.md"
"""The name where the submitter's sources have a README.md of their own."""

_REPEATED = {".".join(row.place): row for row in SETTINGS.values() if row.repeated}
"""The settings that a session is repeated with, by place."""

CONFIG_NAME = "configuration.yaml"
"""The file that a reader saves the configuration as where flags cannot say it all."""


def reproduce_command(session: GatheredSession, home: HomeFolder) -> str:
    """Write `tinyrunner run kws --mode performance …`, with every setting but defaults.

    A session of MLCommons' runner is repeated by that, whose settings nobody knows; its options are
    those of benchmark/runner/main.py in mlcommons/tiny.
    """
    if (provenance := session.provenance) is None:
        return f"python main.py --mode {session.mode.value[0]} --dataset_path DATASETS"
    config = _config(session.folder, provenance)
    told, default = _flat(config), _flat(Config())
    words = ["tinyrunner", "run", session.task.key, "--mode", session.mode.value]
    changed = [key for key in told if told[key] != default.get(key)]
    known = ("sessions", "labels.", "input_formats.")  # where they were kept; said below
    rest = [key for key in changed if key not in _REPEATED and not key.startswith(known)]
    if rest or session.task.key == CUSTOM_KEY:
        words += ["--config", CONFIG_NAME]
    use = use_of(session.task.key, session.mode, config)
    flagged = [
        (row, told[key])
        for key, row in _REPEATED.items()
        if key in changed and has_effect(row.name, use)
    ]
    for row, value in flagged:
        if row.kind is not bool:
            words += [row.flag, home.hidden(str(value))]
    words += [row.flag for row, _ in flagged if row.kind is bool]
    for key, path in config.labels.items():
        words += ["--labels", f"{key}={home.hidden(path.as_posix())}"]
    for key, text in config.input_formats.items():
        words += ["--input-format", f"{key}={text}"]
    if (script := provenance.script_file) is not None:
        words += ["--script", home.hidden(script)]
    return shlex.join(words)


def configuration_yaml(folder: Path, provenance: Provenance, home: HomeFolder) -> str:
    """Write a session's whole configuration, as a file that `--config` takes."""
    tree = _config(folder, provenance).model_dump(mode="json", exclude_none=True, by_alias=True)
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
    return "".join(home.hidden(line) for line in text.splitlines(keepends=True))


def render_readme(
    title: str,
    sessions: tuple[GatheredSession, ...],
    code: CopiedCode | None,
    mixed: tuple[str, ...],
    home: Path,
) -> str:
    """Write one part for each session, then the configurations and what else there is."""
    hider = HomeFolder(home)
    lines = [f"# {title}", "", *_introduction(sessions)]
    if mixed:
        lines += [
            "",
            "## Sessions that were not made alike",
            "",
            "This submission was built with `--allow-mixed` although:",
            "",
            *(f"- {text}" for text in mixed),
        ]
    for session in sessions:
        lines += ["", *_session(session, hider)]
    lines += [*_configurations(sessions, hider), "", *_code(code)]
    return "\n".join(lines) + "\n"


def _introduction(sessions: tuple[GatheredSession, ...]) -> Iterator[str]:
    tools = dict.fromkeys(
        session.tool
        if session.provenance is None
        else f"{session.tool} (Python {session.provenance.tool.python}, "
        f"{session.provenance.tool.platform})"
        for session in sessions
    )
    yield f"Measured with {'; '.join(tools)}, not with the EEMBC runner."
    if any(session.simulated for session in sessions):
        yield "The device was simulated: times and energies are modelled, not measured."
    yield ""
    if any(session.provenance is not None for session in sessions):
        yield "To repeat a session: build the firmware from this folder, flash it, put the data set"
        yield "(its hash is below) where `--datasets` says, and run the session's command. Compare"
        yield "with `tinyrunner score SESSION`. The published logs hold every step and every reply."
    if any(session.provenance is None for session in sessions):
        yield f"To repeat a session of {MLCOMMONS_RUNNER}: build the firmware from this folder,"
        yield "flash it, describe the devices in the runner's devices.yaml, and run the session's"
        yield "command in benchmark/runner of mlcommons/tiny, DATASETS being the folder of the"
        yield "official inputs. `tinyrunner score SESSION` recomputes the figures."


def _session(session: GatheredSession, home: HomeFolder) -> Iterator[str]:
    yield f"## {session.place}"
    yield ""
    yield "```sh"
    yield reproduce_command(session, home)
    yield "```"
    yield ""
    yield "| what | value |"
    yield "|---|---|"
    for what, value in _facts(session):
        yield f"| {what} | {_cell(home.hidden(value))} |"


def _facts(session: GatheredSession) -> Iterator[tuple[str, str]]:
    told = session.provenance
    if told is None:
        yield from _facts_of_mlcommons(session)
        return
    device, link, dataset = told.device, told.link, told.dataset
    yield "session", f"{told.session_id}, begun {told.created}"
    yield "tool", session.tool
    yield "model id", f"{device.model_id}"
    yield "firmware", f"{device.vendor}; {device.profile}"
    yield "baud rate", f"{device.baud_rate}"
    yield "data bytes per db", f"{link.data_bytes_per_db}"
    yield "loads read back", link.verify_load.value
    official = dataset.official_list
    if isinstance(session.judged, JudgedStream):
        yield from _facts_of_stream(session.judged)
        yield "words sha256", dataset.labels_sha256
        yield "recording sha256", dataset.content_sha256 or "not at hand"
    else:
        yield "label list", "not an official one" if official is None else f"{official} (official)"
        yield "label list sha256", dataset.labels_sha256
        yield "inputs", f"{dataset.files} files, {dataset.windows} windows"
        yield "inputs' content sha256", dataset.content_sha256
    if dataset.note:
        yield "note", dataset.note
    yield "script.async sha256", told.script_sha256
    yield "N, and warm-ups", f"{told.iterations}, {told.warmups}"
    yield "how N was found", _found(told.iterations_found)
    if (simulated := told.simulated) is not None:
        yield "simulated device's model sha256", simulated.model_sha256
        yield "simulated device's runtime", simulated.runtime
        yield "modelled inference time", f"{simulated.inference_time_s} s"
    if (monitor := told.monitor) is not None:
        yield "supply", f"{monitor.supply_v} V"
        yield (
            "energy monitor",
            f"{monitor.maker} {monitor.model}, firmware "
            f"{monitor.firmware}, {monitor.sample_rate_hz} samples/s",
        )
        if session.io_manager:
            yield "IO manager", session.io_manager
    if (board := told.interface_board) is not None:
        yield "interface board", f"{board.name}, {board.baud_rate} baud"


def _facts_of_mlcommons(session: GatheredSession) -> Iterator[tuple[str, str]]:
    yield "session", session.session_id
    yield "tool", session.tool
    yield "model id", f"{session.model_id}"
    yield "firmware", f"{session.vendor}; {session.profile}"
    if isinstance(session.judged, JudgedStream):
        yield from _facts_of_stream(session.judged)
        return
    first = session.judged.records[0]
    if session.mode is Mode.ACCURACY:
        official = session.official_list
        yield "label list", "not an official one" if official is None else f"{official} (official)"
    yield "N, and warm-ups", f"{first.iterations}, {first.warmups}"


def _facts_of_stream(judged: JudgedStream) -> Iterator[tuple[str, str]]:
    result = judged.assessment.streaming
    if result is None:
        return
    length = "" if result.length_s is None else f", {result.length_s:g} s"
    yield "recording", f"{result.wav_file}{length}; {judged.labels}"
    if result.sure_words is not None:
        yield "words", str(result.sure_words)
    if (duty := result.sure_duty) is not None:
        yield "duty cycle, period", f"{duty.duty_cycle:1.5}, {duty.period_s:1.5} s"
    if result.drift is not None:
        yield (
            "audio clock of the board",
            f"{result.drift.rounded} ({result.drift.source})",
        )


def _found(found: IterationsFound) -> str:
    if isinstance(found, IterationsSaid):
        return _SAID[found.by]
    return (
        f"calibrated: {found.measured_iterations} inferences measured, "
        f"{_number(found.inference_s)} s each; clock: {found.clock}"
    )


_SAID = {
    "mode": "one inference an input, as accuracy mode has it",
    "setting": "set by the user",
    "script": "by the published script that was run",
    "log": "not known: it was lost with the session's first session.json",
}


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _configurations(sessions: tuple[GatheredSession, ...], home: HomeFolder) -> Iterator[str]:
    by_text: dict[str, list[str]] = {}
    for session in sessions:
        if session.provenance is not None:
            text = configuration_yaml(session.folder, session.provenance, home)
            by_text.setdefault(text, []).append(session.place)
    if by_text:
        yield from ("", "## Configuration")
    for text, places in by_text.items():
        yield ""
        yield f"Of {', '.join(places)}; saved as `{CONFIG_NAME}` it can be given with `--config`:"
        yield ""
        yield "```yaml"
        yield text.rstrip("\n")
        yield "```"


def _code(code: CopiedCode | None) -> Iterator[str]:
    yield "## Code"
    yield ""
    if code is None:
        yield "No sources were given for this implementation."
        return
    yield f"{len(code.files)} file(s), as the submitter has them."
    if code.left_out:
        yield "Left out:"
        yield ""
        yield from (f"- {_cell(text)}" for text in code.left_out[:100])
        if len(code.left_out) > 100:
            yield f"- and {len(code.left_out) - 100} more"


def _config(folder: Path, provenance: Provenance) -> Config:
    return config_from_json(provenance.config, str(folder / "session.json"))


def _flat(config: Config) -> dict[str, object]:
    """Return settings by place (`dut.baud_rate`); sections that list keys are not opened."""
    flat: dict[str, object] = {}
    for key, value in config.to_json().items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": item for name, item in value.items()}
        else:
            flat[key] = value
    return flat


def _cell(text: str) -> str:
    """Return text that neither ends a table's cell nor begins markup."""
    plain = " ".join(text.split())
    for character in "\\|`<>[]*":
        plain = plain.replace(character, "\\" + character)
    return plain
