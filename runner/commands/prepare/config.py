"""``tinyrunner config``: examples of configuration files, and whether one of yours is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ....errors import closest
from ...errors import SetupError

app = typer.Typer(no_args_is_help=True)


@app.callback()
def config() -> None:
    """Print an example of a configuration; check one of yours."""


@app.command()
def example(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Which one; without a name they are listed.", show_default="they are listed"
        ),
    ] = None,
) -> None:
    """Print an example, to be changed to your bench: tinyrunner config example board-usb."""
    examples = _examples()
    if name is None:
        for known, file in examples.items():
            typer.echo(f"{known:16} {_first_comment(file)}")
        return
    path = examples.get(name.removesuffix(".yaml"))
    if path is None:
        raise SetupError(
            f"no example {name!r}{closest(name, examples)}; there are {', '.join(examples)}"
        )
    typer.echo(path.read_text(encoding="utf-8"), nl=False)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A configuration, or a campaign's file.")],
) -> None:
    """Read a file as a run or a campaign would, and say what is wrong with it.

    What it names (inputs, ports, programs) is looked at for a campaign by `tinyrunner campaign
    plan`, and by `tinyrunner run` for a run.
    """
    from ...config.config import load_config, read_file
    from ...execute.campaign.campaign_file import board_config, load_campaign

    tree = read_file(file).values
    if isinstance(tree, dict) and "boards" in tree:
        campaign, source = load_campaign(file)
        for name, board in campaign.boards.items():
            for mode in campaign.modes_of(board):
                board_config(file, source, campaign, name, mode)
        typer.echo(f"{file}: a campaign of {len(campaign.boards)} boards, well written")
        return
    load_config(file)
    typer.echo(f"{file}: a configuration, well written")


def _examples() -> dict[str, Path]:
    from ...config.rounds import ROUNDS_FILE

    files = sorted(ROUNDS_FILE.parent.glob("*.yaml"))
    return {path.stem: path for path in files if path != ROUNDS_FILE}


def _first_comment(path: Path) -> str:
    first = path.read_text(encoding="utf-8").split("\n", 1)[0]
    return first.lstrip("# ").rstrip()
