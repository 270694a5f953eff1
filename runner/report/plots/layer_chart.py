"""What each layer of a network takes on a device: a table, and a bar a layer as plain SVG.

As `dots` does, with colours from the style sheet, so that it needs no script. The bars of a
simulated or emulated device are hollow, as a simulated system among others is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...journal.layer_log import LayerProfile
from ...score.layer_figures import (
    LayerFigures,
    NotOfAChip,
    between_layers,
    layers_of,
    mark_of,
    unit_of,
    what_is_counted,
    whole_inference,
)
from ..page import ReportSession, Row
from ..session_views import Table
from .dots import NONE, fixed

_WIDTH, _LEFT, _RIGHT = 400.0, 168.0, 48.0
_ROW, _THICK = 20.0, 13.0
_LONGEST_NAME = 25
"""Characters that fit at the left of the bars."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Is a layer's bar, in the picture's coordinates."""

    y: float
    width: float
    name: str
    share: str
    text: str
    """All about the layer, for who points at it."""


@dataclass(frozen=True, slots=True)
class Bars:
    """Holds what the template draws."""

    title: str
    described: str
    width: float
    height: float
    left: float
    thick: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class LayersView:
    """Is a profile's part of the page."""

    anchor: str
    task: str
    """What was profiled, in short: the task's key, or the model's id."""
    device: str
    address: str
    date: str
    name: str
    """The log's name; empty where none was kept."""
    mark: str
    """SIMULATED or EMULATED; empty for a board's own times."""
    counted: str
    facts: tuple[Row, ...]
    table: Table
    bars: Bars
    origins: tuple[Row, ...]
    sessions: tuple[Row, ...]
    """Anchor and name of the sessions on this page of the same model on the same device."""


def layers_view(
    profile: LayerProfile, anchor: str, sessions: Sequence[tuple[str, ReportSession]]
) -> LayersView:
    """Make everything that the page shows of a profile; ``sessions`` come with their anchors."""
    times = profile.times
    layers, whole = layers_of(times), whole_inference(times)
    mark = mark_of(profile)
    word = "" if mark is None else mark.value
    task = profile.task_key if profile.task_key != "?" else profile.model_id or "?"
    device = profile.vendor or profile.address
    unit = unit_of(times)
    facts = [
        ("An inference", f"{fixed(times.us / 1e3)} ms"),
        (unit.capitalize(), _spaced(times.cycles)),
        ("MACs", NONE if whole.macs is None else _spaced(whole.macs)),
        (f"{unit.capitalize()} per MAC", whole.per_mac or NONE),
        ("Layers", str(len(layers))),
        ("Between layers", between_layers(times).percent),
    ]
    return LayersView(
        anchor=anchor,
        task=task,
        device=device,
        address=profile.address,
        date=profile.begun[:10],
        name="" if profile.log is None else profile.log.name,
        mark=word,
        counted=what_is_counted(profile),
        facts=tuple(facts),
        table=_table([*layers, between_layers(times), whole], unit),
        bars=_bars(layers, f"{task} on {device}", word, unit),
        origins=tuple((what, value) for what, value in _origins(profile) if value),
        sessions=tuple(
            (at, f"{session.benchmark} {'' if session.mode is None else session.mode.value}")
            for at, session in sessions
            if _is_same(session, profile)
        ),
    )


def _is_same(session: ReportSession, profile: LayerProfile) -> bool:
    """Tell whether a session measured the model that was profiled, on a device of that name."""
    # A log seldom holds the device's name; its session.json does.
    known = profile.vendor is not None and session.system == profile.vendor
    here = not session.where or session.where == f"at {profile.address}"
    return known and here and session.benchmark == profile.task_key


def _table(rows: Sequence[LayerFigures], unit: str) -> Table:
    heads = ("#", "Operator", "Output", "MACs", unit.capitalize(), "Per MAC", "Time (µs)", "Share")
    cells = [
        (
            "" if row.layer is None else str(row.layer),
            row.operator,
            row.output,
            "" if row.macs is None else _spaced(row.macs),
            _spaced(row.cycles),
            row.per_mac,
            _spaced(row.us),
            row.percent,
        )
        for row in rows
    ]
    return Table(heads, tuple(cells), frozenset({1}))


def _bars(layers: Sequence[LayerFigures], what: str, mark: str, unit: str) -> Bars:
    most = max(layer.share for layer in layers)
    room = _WIDTH - _LEFT - _RIGHT
    bars = tuple(
        Bar(
            y=place * _ROW,
            width=round(room * layer.share / most, 1) if most else 0.0,
            name=_short(f"{layer.layer} {layer.operator}"),
            share=layer.percent,
            text=", ".join(_told(layer, unit)),
        )
        for place, layer in enumerate(layers)
    )
    first = max(layers, key=lambda layer: layer.share)
    described = (
        f"Share of the inference by layer, {what}: most takes layer {first.layer} "
        f"({first.operator}), {first.percent}"
    )
    return Bars(
        title=f"Share of the inference by layer{f', {mark}' if mark else ''}",
        described=f"{mark}: {described}" if mark else described,
        width=_WIDTH,
        height=_ROW * len(bars),
        left=_LEFT,
        thick=_THICK,
        bars=bars,
    )


def _told(layer: LayerFigures, unit: str) -> Iterator[str]:
    yield f"layer {layer.layer}: {layer.operator} {layer.output}".rstrip()
    if layer.macs is not None:
        yield f"{_spaced(layer.macs)} MACs"
    yield f"{_spaced(layer.cycles)} {unit}"
    if layer.per_mac:
        yield f"{layer.per_mac} per MAC"
    yield f"{_spaced(layer.us)} µs"
    yield layer.percent


def _origins(profile: LayerProfile) -> Iterator[Row]:
    simulated = mark_of(profile) is NotOfAChip.SIMULATED
    yield "Device", "SIMULATED DEVICE: times are modelled, not measured" * simulated
    yield "Firmware", profile.vendor or ""
    yield "Profile", profile.profile or ""
    yield "Model", profile.model_id or ""
    yield "Counter", what_is_counted(profile)
    yield "Link", profile.address
    yield "Log", "" if profile.log is None else str(profile.log)
    yield "Log, SHA-256", profile.log_sha256 or ""
    yield "Tool", f"tinyrunner {profile.tool_version}"
    yield "Asked", profile.begun


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")  # a narrow space, where no line is broken
