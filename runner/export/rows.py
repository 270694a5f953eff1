"""The schema of what is exported: a row a session, a window, an input or a layer.

A column's name ends in its unit, where it has one: s seconds, j joules, w watts, v volts, per_s in
a second; shares are fractions of 0 to 1. A cell is a text, a number, a truth value, or None where
nobody knows. Columns keep their names, units and meanings from release to release; new ones come
at the end.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from math import isfinite
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

from ...models.suite import STREAMING_TASKS

Cell: TypeAlias = str | int | float | bool | None


class Column(NamedTuple):
    """Describes a column of a kind of row."""

    name: str
    kind: type[str] | type[int] | type[float] | type[bool]
    """The type of its cells that are not None."""
    text: str
    """What stands in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """Is one row; its fields are its columns, in order."""

    def cells(self) -> dict[str, Cell]:
        """Return the cells by their columns' names; a number that is not finite is unknown."""
        cells: dict[str, Cell] = asdict(self)
        for name, cell in cells.items():
            if isinstance(cell, float) and not isfinite(cell):
                cells[name] = None
        return cells


def columns_of(kind: type[Row]) -> tuple[Column, ...]:
    """Return the columns of a kind of row, in order."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_column(each.name, hints[each.name]) for each in fields(kind))


def _column(name: str, hint: Any) -> Column:  # noqa: ANN401, an annotation may be anything
    type_, text = get_args(hint)
    parts = get_args(type_) if get_origin(type_) is UnionType else (type_,)
    (plain,) = (part for part in parts if part is not NoneType)
    return Column(name, plain, text)


@dataclass(frozen=True, slots=True)
class _OfSession(Row):
    """Begins each row: which session it is of."""

    session: Annotated[str, "the session's folder, as it is called; in a tree its path there"]
    session_id: Annotated[str | None, "its number in the log: the time when it was begun"]
    log_sha256: Annotated[str | None, "the SHA-256 of its log: the content that the row is of"]
    task: Annotated[str, "vww, ic, kws, ad, ic2, sww or custom; ? where that cannot be told"]
    mode: Annotated[str | None, "performance, accuracy or energy"]


@dataclass(frozen=True, slots=True)
class SessionRow(_OfSession):
    """Is what one session amounts to."""

    round: Annotated[str, "whose rules it was judged by, such as v1.2"]
    purpose: Annotated[str | None, "what it was judged for: submission or development"]
    verdict: Annotated[str, "valid, for development, not valid or not scored"]
    reason: Annotated[str | None, "why it is not valid or not scored"]
    violations: Annotated[int, "findings that stand between it and what it is for"]
    warnings: Annotated[int, "findings that ask for a look"]
    simulated: Annotated[bool | None, "the device was a simulated one: its figures are modelled"]
    created_utc: Annotated[str | None, "when it was begun: ISO 8601, UTC"]
    tool: Annotated[str | None, "the program that measured"]
    tool_version: Annotated[str | None, "its version"]
    dialect: Annotated[str | None, "whose way of writing the log is: EEMBC or MLCommons"]
    system: Annotated[str | None, "whom it measured: a tree's system, else the device's vendor"]
    board: Annotated[str | None, "the board, as the campaign or configuration calls it"]
    device: Annotated[str | None, "what the device calls itself"]
    profile: Annotated[str | None, "the profile that the device names, with its version"]
    model_id: Annotated[str | None, "the model that the device names"]
    model_sha256: Annotated[str | None, "the SHA-256 of a simulated device's model"]
    inputs_list: Annotated[str | None, "the official label list; None where it is another"]
    inputs_sha256: Annotated[str | None, "the hash of the inputs' contents"]
    monitor: Annotated[str | None, "the energy monitor: maker and model"]
    monitor_serial: Annotated[str | None, "its serial number"]
    supply_v: Annotated[float | None, "the supply of the device"]
    iterations: Annotated[int | None, "N: the inferences of a window"]
    warmups: Annotated[int | None, "inferences before each window that do not count"]
    windows: Annotated[int | None, "measured windows that count"]
    throughput_per_s: Annotated[float | None, "inferences in a second: the windows' median"]
    throughput_variation: Annotated[
        float | None, "the windows' sample standard deviation over their mean"
    ]
    latency_s: Annotated[float | None, "an inference: 1 / throughput_per_s"]
    energy_per_inference_j: Annotated[
        float | None, "the windows' median; of sww the whole recording, which counts as one"
    ]
    energy_variation: Annotated[
        float | None, "the windows' sample standard deviation over their mean"
    ]
    power_w: Annotated[float | None, "the windows' median of the mean power"]
    accuracy: Annotated[float | None, "the figure of the task's target: Top-1, AUC (ad), F1 (sww)"]
    accuracy_target: Annotated[float | None, "what the closed division asks of it"]
    top1: Annotated[float | None, "the share of inputs whose first class is right"]
    auc: Annotated[float | None, "the area under the ROC curve"]
    inputs: Annotated[int | None, "inputs that were scored; of ad files"]
    inputs_listed: Annotated[int | None, "inputs of the label list; of ad files"]
    true_positives: Annotated[int | None, "of sww: words that were detected"]
    false_negatives: Annotated[int | None, "of sww: words that were not"]
    false_positives: Annotated[int | None, "of sww: detections where no word was"]
    duty_cycle: Annotated[float | None, "of sww: the share of time that the device was busy"]
    audio_drift_ppm: Annotated[float | None, "of sww: by what the audio clock is off"]

    def figure(self, column: str) -> float | None:
        """Return the number that people are shown of a column; None where there is none.

        Of a streaming task that is the power and not a recording's energy, of any other the energy
        of an inference and not the power.
        """
        instead = "energy_per_inference_j" if self.task in STREAMING_TASKS else "power_w"
        value = None if column == instead else getattr(self, column)
        return None if value is None or not isfinite(value) else float(value)


@dataclass(frozen=True, slots=True)
class WindowRow(_OfSession):
    """Is one measured window of a performance or energy session."""

    window: Annotated[int, "its number, as the log's runner counts"]
    file: Annotated[str, "the input that was inferred in it"]
    offset_bytes: Annotated[int, "where in the file the input begins"]
    iterations: Annotated[int, "the inferences in it"]
    elapsed_s: Annotated[float | None, "by the device's timer; of energy by the monitor's"]
    host_elapsed_s: Annotated[float | None, "by the stamps of the log"]
    throughput_per_s: Annotated[float | None, "inferences in a second; None where it is invalid"]
    latency_s: Annotated[float | None, "an inference: 1 / throughput_per_s"]
    start_s: Annotated[float | None, "where it begins on the trace's axis"]
    end_s: Annotated[float | None, "where it ends there"]
    energy_j: Annotated[float | None, "what the device drew in the whole window"]
    energy_per_inference_j: Annotated[float | None, "None where the window is invalid"]
    power_w: Annotated[float | None, "the mean"]
    invalid: Annotated[str | None, "why the window cannot count"]


@dataclass(frozen=True, slots=True)
class InputRow(_OfSession):
    """Is one scored input of an accuracy session; of ad a file."""

    file: Annotated[str, "the input"]
    label: Annotated[int, "its class by the label list, from 0; of ad 1 is an anomaly"]
    label_name: Annotated[str | None, "what that class is called"]
    predicted: Annotated[int | None, "the first class of the answer; None of ad"]
    predicted_name: Annotated[str | None, "what that class is called"]
    right: Annotated[bool | None, "predicted is label; None of ad"]
    score: Annotated[float, "the predicted class's share of the scores; of ad the mean error"]
    label_score: Annotated[float | None, "the share of the scores of its own class; None of ad"]


@dataclass(frozen=True, slots=True)
class LayerRow(Row):
    """Is one layer of a network on a device, by a log of `tinyrunner profile`."""

    log: Annotated[str, "the log that `profile --out` kept, as the file is called"]
    log_sha256: Annotated[str | None, "its SHA-256: the content that the row is of"]
    task: Annotated[str, "the task of the model that the device names; ? where it is none's"]
    created_utc: Annotated[str | None, "when the device was asked: ISO 8601, UTC"]
    tool_version: Annotated[str, "the version of the program that asked"]
    address: Annotated[str, "where the device was"]
    device: Annotated[str | None, "what the device calls itself"]
    profile: Annotated[str | None, "the profile that the device names, with its version"]
    model_id: Annotated[str | None, "the model that the device names"]
    simulated: Annotated[bool, "the device was a simulated one: its times are modelled"]
    counter_kind: Annotated[
        str, "measured, timer (another clock, no cycles), emulated or simulated"
    ]
    counter: Annotated[str, "what counts the cycles, in the device's words"]
    layer: Annotated[int, "its place, from 0"]
    operator: Annotated[str, "what it does, as `convolution`"]
    output: Annotated[str | None, "the shape of its output, as `25x5x64`"]
    macs: Annotated[int | None, "the products that it sums up"]
    cycles: Annotated[int, "what it took by the counter"]
    cycles_per_mac: Annotated[float | None, "cycles / macs"]
    elapsed_s: Annotated[float, "what it took by the device's timer"]
    share: Annotated[float, "its cycles of the whole inference's"]
    inference_cycles: Annotated[int, "of the whole inference, what is between layers with them"]
    inference_s: Annotated[float, "of the whole inference, by the device's timer"]
