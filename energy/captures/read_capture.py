"""Tells what kind of file holds a recording, and reads it as a trace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import TraceError
from ..trace import MAGIC, TraceOrigin
from ..trace_files import DEFAULT_NAME, energy_path, read_results_json, read_trace
from . import jls_file, ppk2_file
from .capture import Asked, Capture

_ENERGY, _STAMPS, _DETAILS = "-energy.bin", "-timestamps.json", "-details.json"
_EXPECTED = (
    "a .ppk2 of nRF Connect Power Profiler, a .jls of Joulescope's, NAME-energy.bin with "
    "NAME-timestamps.json beside it, MLCommons' results.json, or a session's folder"
)
_KINDS = {
    TraceOrigin.OURS: "a session of tinyrunner",
    TraceOrigin.EEMBC: "a session of EEMBC's runner",
    TraceOrigin.MLCOMMONS: "a session of MLCommons' runner",
}


def read_capture(path: Path, target: Path, asked: Asked) -> Capture:
    """Read a recording as a trace; TraceError says what is wrong with it, or was expected.

    ``target`` is a file that does not exist yet, into which the samples go where the recording has
    them in another form; it has to stay as long as the trace is used.
    """
    try:
        if path.is_dir():
            return _of_folder(path, asked)
        with path.open("rb") as file:
            head = file.read(16)
    except OSError as error:
        raise TraceError(f"cannot read {path}: {error.strerror or error}") from error
    if (read := _reader(head)) is not None:
        try:
            return read(path, target, asked)
        except OSError as error:
            raise TraceError(
                f"cannot read {path} into a trace in {target.parent}: {error.strerror or error}"
            ) from error
    if head.startswith(jls_file.OLD_SIGNATURE):
        raise TraceError(
            f"{path}: a .jls file of version 1; open it with the Joulescope UI, and save it again"
        )
    for end in (_ENERGY, _STAMPS, _DETAILS):
        if path.name.endswith(end) and (end != _ENERGY or head[:1] == bytes([MAGIC])):
            return _of_trace(path.parent, path.name.removesuffix(end))
    if path.suffix == ".json":
        return _of_trial(path, asked.trial)
    raise TraceError(f"{path}: no recording that is known; expected {_EXPECTED}")


def _reader(head: bytes) -> Callable[[Path, Path, Asked], Capture] | None:
    if head.startswith(ppk2_file.SIGNATURE):
        return ppk2_file.read_ppk2
    return jls_file.read_jls if head.startswith(jls_file.SIGNATURE) else None


def _of_folder(folder: Path, asked: Asked) -> Capture:
    if energy_path(folder).exists():
        return _of_trace(folder, DEFAULT_NAME)
    if (results := folder / "results.json").exists():
        return _of_trial(results, asked.trial)
    raise TraceError(
        f"{folder}: it holds neither {DEFAULT_NAME}{_ENERGY} nor a results.json; expected "
        f"{_EXPECTED}"
    )


def _of_trace(folder: Path, name: str) -> Capture:
    trace = read_trace(folder, name)
    return Capture(_KINDS[trace.origin], trace)


def _of_trial(path: Path, trial: int) -> Capture:
    traces = read_results_json(path)
    if not 1 <= trial <= len(traces):
        raise TraceError(f"{path}: it holds {len(traces)} trials, none with number {trial}")
    note = f"Trial {trial} of {len(traces)} (--trial)."
    return Capture(_KINDS[TraceOrigin.MLCOMMONS], traces[trial - 1], notes=(note,))
