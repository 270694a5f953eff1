"""Parses the address `labgrid:`, which names a place of a labgrid coordinator, or its tags.

``labgrid:h7-1`` is a place, ``labgrid:+`` the one that ``$LG_TOKEN`` has reserved, and
``labgrid:?board=h7`` any place with these tags. Which of a place's serial ports is meant stands
behind a slash: ``labgrid:h7-1/dut``, ``labgrid:/dut?board=h7``. Another address may hold one in
place of its port: ``ppk2:labgrid:h7-1/ppk2``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from ..errors import SetupError
from .config import Config

LABGRID = "labgrid:"
TOKEN_VARIABLE = "LG_TOKEN"
"""Labgrid's own variable; `labgrid-client reserve --shell` prints it."""

_TAG_KEY = re.compile(r"[a-z][a-z0-9_]+")
"""What labgrid takes for the key of a tag (labgrid/remote/common.py, TAG_KEY)."""

_EXPECTED = (
    "expected labgrid:PLACE, labgrid:+ (with LG_TOKEN), or labgrid:?TAG=VALUE; a serial port of "
    "several by /NAME: labgrid:PLACE/dut, labgrid:/dut?board=h7"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Says which place is wanted: one by its name, by a reservation, or any with some tags."""

    place: str = ""
    token: str = ""
    tags: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        if self.place:
            return f"place {self.place}"
        if self.token:
            return f"the place that {self.token} reserves"
        return f"a place with {' '.join(filters(dict(self.tags)))}"


def filters(tags: Mapping[str, str]) -> list[str]:
    """Return tags as labgrid-client takes them."""
    return [f"{key}={value}" for key, value in tags.items()]


@dataclass(frozen=True, slots=True)
class LabgridAddress:
    """Is a serial port of a place."""

    wanted: Wanted
    resource: str = ""
    """The port's name; empty where the place has only one."""

    @classmethod
    def parse(cls, address: str) -> LabgridAddress:
        """Read ``labgrid:…``; SetupError where it names nothing."""
        body, question, query = address.removeprefix(LABGRID).partition("?")
        place, _, resource = body.partition("/")
        tags = parse_qsl(query, keep_blank_values=True)
        problem = ""
        if question and not (tags and all(value for _, value in tags)):
            problem = f"{query!r} is no TAG=VALUE"
        elif bad := next((key for key, _ in tags if not _TAG_KEY.fullmatch(key)), None):
            problem = f"{bad!r} is no tag of labgrid's: small letters, digits and _, two or more"
        elif place and tags:
            problem = "a place and tags: name either"
        elif not (place or tags):
            problem = "it names no place"
        elif place == "+" and not os.environ.get(TOKEN_VARIABLE):
            problem = (
                f"${TOKEN_VARIABLE} is not set: `eval $(labgrid-client reserve --wait --shell "
                "board=h7)` sets it"
            )
        if problem:
            raise SetupError(f"{address}: {problem}; {_EXPECTED}")
        if place.startswith("+"):
            wanted = Wanted(token=place[1:] or os.environ[TOKEN_VARIABLE])
        else:
            wanted = Wanted(place=place, tags=tuple(sorted(tags)))
        return cls(wanted, resource)


def place_named(address: str | None) -> str:
    """Return the place in the address that a session has kept; empty where there is none."""
    _, labgrid, rest = (address or "").partition(LABGRID)
    return rest.partition("/")[0] if labgrid else ""


def at_place(config: Config, address: str) -> Config:
    """Return the configuration with the place of ``address`` where any with some tags would do.

    It is what a session that has begun there is continued with; it is queued for.
    """
    place = place_named(address)
    if not place:
        return config

    def there(wanted: LabgridAddress) -> str:
        resource = f"/{wanted.resource}" if wanted.resource else ""
        if wanted.wanted.tags:
            return f"{LABGRID}{resource}?{urlencode({'name': place})}"
        return f"{LABGRID}{wanted.wanted.place or '+' + wanted.wanted.token}{resource}"

    return with_ports(config, there, energy=False)


def used_sections(*, energy: bool, streaming: bool = False) -> tuple[str, ...]:
    """Return the sections of a configuration whose addresses such a bench is opened with."""
    if streaming:
        return ("interface_board", "dut", "monitor") if energy else ("interface_board", "dut")
    return ("io_manager", "monitor") if energy else ("dut",)


def labgrid_addresses(
    config: Config, *, energy: bool, streaming: bool = False
) -> list[LabgridAddress]:
    """Return the places' ports that a bench of this configuration is opened with."""
    found: list[LabgridAddress] = []

    def note(address: LabgridAddress) -> str:
        found.append(address)
        return ""

    with_ports(config, note, energy=energy, streaming=streaming)
    return found


def with_ports(
    config: Config,
    port: Callable[[LabgridAddress], str],
    *,
    energy: bool,
    streaming: bool = False,
) -> Config:
    """Return the configuration with what ``port`` gives in place of each place's port.

    Only what such a bench is opened with is looked at (:func:`used_sections`).
    """

    def placed(address: str | None) -> str | None:
        before, labgrid, rest = (address or "").partition(LABGRID)
        if not labgrid or not re.fullmatch(r"(\w+:)?", before):
            return address
        return before + port(LabgridAddress.parse(LABGRID + rest))

    update = {
        name: getattr(config, name).model_copy(
            update={"address": placed(getattr(config, name).address)}
        )
        for name in used_sections(energy=energy, streaming=streaming)
    }
    return config.model_copy(update=update)
