"""``tinyrunner energy``: recordings of power by themselves, whichever program made them."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options

if TYPE_CHECKING:
    from ....energy.captures.capture import Capture

app = typer.Typer(no_args_is_help=True)


@app.callback()
def energy() -> None:
    """Read a recording of power: of a session, of nRF Connect or of a Joulescope's program."""


@app.command()
def read(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .ppk2, a .jls, NAME-energy.bin, a results.json, or a session's folder.",
            show_default=False,
        ),
    ],
    supply_v: Annotated[
        float | None,
        typer.Option(
            "--supply-v",
            min=0,
            help="The voltage, where the file has currents only.",
            show_default="the file's",
            metavar="VOLTS",
        ),
    ] = None,
    pin: Annotated[
        str,
        typer.Option("--input", help="The input of the timestamp pin, or none.", metavar="N|none"),
    ] = "0",
    windows: Annotated[
        str | None,
        typer.Option(
            "--windows",
            help="Windows: 1.5-11.5,12-22.",
            show_default="from the edges",
            metavar="SECONDS",
        ),
    ] = None,
    leading: Annotated[
        int | None,
        typer.Option(
            "--leading",
            min=0,
            help="Edges in front of the first window: 0, 1 or 2.",
            show_default="found by the edges",
            metavar="N",
        ),
    ] = None,
    instrument: Annotated[
        str,
        typer.Option(
            "--instrument",
            help="Its serial number, where a .jls has several.",
            show_default="the only one",
            metavar="SERIAL",
        ),
    ] = "",
    trial: Annotated[
        int, typer.Option("--trial", min=1, help="The entry of a results.json.", metavar="N")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="A new folder for the trace's own files.",
            show_default="none is made",
            metavar="DIR",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            help="Write a page with a plot to zoom in.",
            show_default="none is written",
            metavar="FILE",
        ),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            help="Write a picture, .png or .svg.",
            show_default="none is written",
            metavar="FILE",
        ),
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            help="Write the samples as CSV.",
            show_default="none is written",
            metavar="FILE",
        ),
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(
            "--parquet",
            help="Write the samples as Parquet (pyarrow).",
            show_default="none is written",
            metavar="FILE",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that are there already.")
    ] = False,
    as_json: options.JsonOption = False,
) -> None:
    """Show a recording's figures and windows; draw it, or write it as a table."""
    import json

    from ....energy.captures.capture import Asked
    from ....energy.captures.export import write_csv, write_parquet
    from ....energy.captures.read_capture import read_capture
    from ....energy.trace_files import energy_path
    from ...errors import SetupError
    from ..show.capture import show_capture

    spans_s = None if windows is None else _spans(windows)
    asked = Asked(supply_v, _pin(pin), instrument, trial)
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise SetupError(f"--plot {plot}: a picture is a .png or an .svg")
    for target in (plot, csv, parquet):
        options.refuse_existing(target, force=force)
    if html is not None:
        from ...report.report_file import refuse_overwriting

        refuse_overwriting(html, force=force)
    with tempfile.TemporaryDirectory(prefix="tinyrunner-", ignore_cleanup_errors=True) as temporary:
        if out is not None:
            _make(out)
        try:
            capture = read_capture(file, energy_path(out or Path(temporary)), asked)
            if out is not None:
                _keep(capture, out)
        except BaseException:
            if out is not None:
                _unmake(out)
            raise
        shown = show_capture(file, capture, asked.supply_v, spans_s, leading)
        if as_json:
            typer.echo(json.dumps(shown.to_json(), indent=2))
        else:
            options.result_console().print(shown.to_text())
        if html is not None:
            from ...report.report_file import write_capture

            write_capture(shown.page(), html, force=force)
        if plot is not None:
            from ...write.energy_plots import plot_trace

            plot_trace(capture.trace, shown.windows, file.name, plot)
        if csv is not None:
            write_csv(capture.trace, csv)
        if parquet is not None:
            write_parquet(capture.trace, parquet)


def _pin(text: str) -> int | None:
    from ...errors import SetupError

    if text == "none":
        return None
    if text.isdecimal() and len(text) < 3:
        return int(text)
    raise SetupError(f"--input {text}: expected the number of a digital input, or none")


def _spans(text: str) -> list[tuple[float, float]]:
    """Read `1.5-11.5,12-22` as windows in seconds."""
    from ...errors import SetupError

    spans_s = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None or not float(match[1]) < float(match[2]):
            raise SetupError(
                f"--windows {text}: {part!r} is no window; expected its beginning and its end in "
                "seconds, e.g. 1.5-11.5,12-22"
            )
        spans_s.append((float(match[1]), float(match[2])))
    return spans_s


_SPAN = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)-(\d{1,9}(?:\.\d{1,9})?)")


def _make(folder: Path) -> None:
    from ...errors import SetupError

    try:
        folder.mkdir()
    except OSError as error:
        raise SetupError(
            f"--out {folder}: cannot make this folder: {error.strerror or error}"
        ) from error


def _unmake(folder: Path) -> None:
    """Remove a folder that was made for a trace, of which there is none."""
    shutil.rmtree(folder, ignore_errors=True)


def _keep(capture: Capture, folder: Path) -> None:
    """Write a trace's own files, the samples too where they were read in place."""
    from ....energy.trace import TraceWriter
    from ....energy.trace_files import energy_path, write_events

    trace, path = capture.trace, energy_path(folder)
    if not path.exists():
        with TraceWriter(path, trace.sample_rate_hz) as writer:
            for at in range(0, len(trace.samples_uj), _CHUNK_SAMPLES):
                writer.append(trace.samples_uj[at : at + _CHUNK_SAMPLES].astype("float64") * 1e-6)
    write_events(trace, folder)


_CHUNK_SAMPLES = 1 << 20
