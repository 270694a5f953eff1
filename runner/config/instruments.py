"""Reads the description of a SCPI instrument, and the addresses that name one: ``scpi:FILE``.

What a description may say is imported only when one is read: every command imports the rest.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from ...errors import closest
from ..errors import SetupError
from .explain import ConfigError, explain
from .strict_yaml import Place, YamlError, read_yaml

if TYPE_CHECKING:
    from ...energy.drivers.scpi_described.description import Described, Instrument

SCPI = "scpi:"
SHIPPED = Path(__file__).resolve().parents[2] / "configs" / "instruments"
"""The folder of the descriptions that come with the program."""
_BARE_NAME = re.compile(r"\w+")
_REPLAY = "sim:replay:"
_PREFIXES = (SCPI, f"sim:{SCPI}", _REPLAY)


def rebased(address: str, folder: Path) -> str:
    """Return a monitor's address with the file in it, if there is one, relative to ``folder``."""
    prefix = next((one for one in _PREFIXES if address.startswith(one)), None)
    if prefix is None:
        return address
    file, resource = split_address(address.removeprefix(prefix))
    if not file or (is_bare_name(file) and prefix != _REPLAY):
        return address
    return f"{prefix}{folder / Path(file).expanduser()}{f'@{resource}' if resource else ''}"


def split_address(address: str) -> tuple[str, str | None]:
    """Split ``scpi:FILE@RESOURCE`` into file and resource; None where there is none."""
    file, at, resource = address.removeprefix(SCPI).rpartition("@")
    return (file, resource) if at and "::" in resource else (address.removeprefix(SCPI), None)


def is_bare_name(file: str) -> bool:
    """Tell whether a description is named that comes with the program (``dmm7510``)."""
    return _BARE_NAME.fullmatch(file) is not None


def load_instrument(file: str) -> Described:
    """Read a description by its file, or by the bare name of one that comes with the program.

    SetupError where there is no such file; ConfigError names file, line and key of what is wrong.
    """
    from ...energy.drivers.scpi_described.description import Described

    path = SHIPPED / f"{file}.yaml" if is_bare_name(file) else Path(file).expanduser()
    try:
        data = path.read_bytes()
    except OSError as error:
        known = sorted(one.stem for one in SHIPPED.glob("*.yaml"))
        raise SetupError(
            f"cannot read the description of an instrument {file!r}: {error.strerror or error}"
            f"{closest(file, known)}. Give a file, or one that comes with the program: "
            f"{', '.join(known)}"
        ) from error
    return Described(_parsed(data, path), str(path), hashlib.sha256(data).hexdigest())


def _parsed(data: bytes, path: Path) -> Instrument:
    from ...energy.drivers.scpi_described.description import Instrument

    try:
        source = read_yaml(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except YamlError as error:
        raise ConfigError(f"{path}:{error.line}: {error}", error.line, path) from error

    def where(place: Place) -> str:
        return f"{path}:{source.line_of(place)}: {'.'.join(map(str, place)) or 'as a whole'}"

    try:
        return Instrument.model_validate(source.values)
    except ValidationError as error:
        raise ConfigError(explain(error, Instrument, where)) from error
