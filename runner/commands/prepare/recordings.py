"""Makes the recording of the streaming task, for ``tinyrunner datasets build sww``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from ....datasets.build.sww_recording import RecordingBuilt

OFFICIAL_RECIPE = "sww01-recipe"
EXIT_OTHER_WORDS = 1


def build(source: Path, recipe_name: str | None, out: Path, *, overwrite: bool) -> None:
    """Make a recording and its truth, and compare its words with the official ones."""
    from rich.console import Console

    from ....datasets.build.sww_recording import build_recording, read_recipe
    from ....datasets.streaming.truth import truth_for
    from ....models.suite import SWW
    from ...execute.progress import running
    from ...score.streaming.assess import fetched_truths
    from ..show.progress import make_reporter

    recipe = read_recipe(_recipe_path(recipe_name))
    reporter = make_reporter(Console(stderr=True))
    with running(reporter, f"{SWW.model_id} {recipe.wav_file}, seconds", int(recipe.length_s), 0):
        built = build_recording(
            recipe,
            source,
            out,
            official=truth_for(recipe.wav_file, fetched_truths(SWW, None)),
            overwrite=overwrite,
            progress=lambda done, failed: reporter.advance(done, ""),
        )
    _show(built, out)
    if built.differing:
        raise typer.Exit(EXIT_OTHER_WORDS)


def _recipe_path(wanted: str | None) -> Path:
    from ....models.catalogue import STREAMING_FILES
    from ....models.fetch import FileState, file_state

    if wanted not in (None, OFFICIAL_RECIPE):
        return Path(wanted)
    file = next(file for file in STREAMING_FILES if file.name == OFFICIAL_RECIPE)
    if file_state(file) is not FileState.FETCHED:
        raise SetupError(
            f"by which recipe? That of {file.wav_file} is not here yet: tinyrunner datasets fetch "
            f"{file.name}; or give another with --labels FILE. (Of med_wav_2m_8p.wav no recipe is "
            "known to us; the file itself lies in the repository mlcommons/tiny.)"
        )
    return file.cached_path


def _show(built: RecordingBuilt, out: Path) -> None:
    console = options.result_console()
    words = len(built.truth.windows_s)
    done = "was there already" if built.unchanged else "made"
    console.print(
        f"{built.recording.path}: {done}; {built.recording.length_s:g} s, {words} words",
        markup=False,
        highlight=False,
    )
    if built.differing is None:
        console.print("No official words are at hand to compare with.", markup=False)
    elif not built.differing:
        console.print("Its words begin and end where the official ones do.", markup=False)
    else:
        console.print(
            f"{len(built.differing)} of its words are not where the official ones are: other clips "
            "than those of Speech Commands v0.02?",
            markup=False,
        )
        for text in built.differing:
            console.print(f"  {text}", markup=False, highlight=False)
    console.print(f"Check it: tinyrunner datasets verify {out}", markup=False)
