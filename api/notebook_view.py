"""Shows a session in a notebook: what it is, its figures, its windows, its findings, as HTML."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from .session import Result, Session, Window
from .streaming import Streaming


def session_html(session: Session) -> str:
    """Return a table for a notebook; whatever a device or a log says is text in it."""
    result = session.result
    rows = [("device", session.device or "—"), *_figures(result), ("verdict", _verdict(result))]
    told = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows
    )
    found = "".join(f"<li>{escape(str(each))}</li>" for each in result.findings)
    return (
        f"<h4>{escape(result.task)} {escape(result.mode)}</h4><table>{told}</table>"
        f"{_windows(result.windows)}{f'<ul>{found}</ul>' if found else ''}"
    )


def _figures(result: Result) -> Iterator[tuple[str, str]]:
    if result.median_throughput:
        yield "throughput", f"{result.median_throughput:.3f} inf./s"
        yield "latency", f"{1e3 / result.median_throughput:.3f} ms"
    if result.median_energy_j is not None and result.streaming is None:
        yield "energy", f"{result.median_energy_j * 1e6:.3f} µJ/inf."
    if result.top1 is not None:
        yield "Top-1", f"{result.top1:.1%} of {result.inputs} inputs"
    if result.auc is not None:
        yield "AUC", f"{result.auc:.4f}"
    if result.streaming is not None:
        yield from _heard(result.streaming)


def _heard(stream: Streaming) -> Iterator[tuple[str, str]]:
    if stream.f1 is not None:
        counts = stream.true_positives, stream.false_negatives, stream.false_positives
        yield "words", "{} heard, {} missed, {} false".format(*counts) + f"; F1 {stream.f1:.4f}"
    if stream.duty_cycle is not None:
        yield "duty cycle", f"{stream.duty_cycle:.2%}"
    if stream.power_w is not None:
        yield "power", f"{stream.power_w * 1e3:.4f} mW"


def _verdict(result: Result) -> str:
    word = "valid" if result.valid else "good for development" if result.good else "not valid"
    simulated = "; simulated device: modelled, not measured" if result.simulated else ""
    return f"{word} by {result.round}{simulated}"


def _windows(windows: tuple[Window, ...]) -> str:
    if not windows:
        return ""
    heads = ["window", "input", "N", "time (s)", "inf./s"]
    columns = [
        [str(each.number) for each in windows],
        [each.file for each in windows],
        [str(each.iterations) for each in windows],
        [_number(each.elapsed_s) for each in windows],
        [_number(each.throughput) for each in windows],
    ]
    if any(each.energy_j is not None for each in windows):
        heads.append("µJ/inf.")
        columns.append([_number(each.energy_per_inference_j, 1e6) for each in windows])
    lines = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for cells in zip(*columns, strict=True)
    )
    return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{lines}</table>"


def _number(value: float | None, factor: float = 1.0) -> str:
    return "—" if value is None else f"{value * factor:.3f}"
