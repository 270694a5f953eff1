"""Holds a place of labgrid's for as long as it is needed, and finds its serial ports.

A place is acquired once and released on every path. What is opened meanwhile in the same process
finds it held: a campaign keeps a board from its first run to its last, with its hooks in between.

Labgrid keeps places apart by host and user, so two programs of one user would share one without
knowing. A lock of this computer's keeps them apart, and a mark beside it tells a place that a
killed program has left acquired from one that its user has acquired by hand: that one is used, and
stays acquired.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ....dut_protocol.link.clock import MonotonicClock
from ....energy.interruptions import held
from ....errors import closest
from ....models.cache import cache_root
from ...config.config import Config
from ...config.labgrid_address import (
    LABGRID,
    LabgridAddress,
    Wanted,
    filters,
    labgrid_addresses,
    with_ports,
)
from ...errors import InUse, SetupError
from ...journal.session_folder import alone_in
from .client import LabgridClient, LabgridError, PlaceRefused, coordinator, own_name
from .listing import Part, Place

_PATIENCE_S = 20.0
"""An exporter that began anew has its places' ports back after at most 15 s (labgrid 26.0)."""

_PORT_EVERY_S = 1.0

_LEAVING_S = 20.0
"""What labgrid-client may take from a place's release to its own end, on a busy computer."""

_OPTIONS = "ign_set_control&timeout=10"
"""Behind a pseudo-terminal or a simple adapter there are no modem lines whose setting ser2net could
confirm; labgrid's own SerialDriver does not wait for them either."""

_HELD: dict[Wanted, str] = {}
"""The places that this process holds: labgrid knows of hosts and users, not of processes."""

Tell = Callable[[str], None]


def _warn(text: str) -> None:
    warnings.warn(text, RuntimeWarning, stacklevel=2)


class PlaceHeld(LabgridError):
    """Says that somebody else has a place."""


class PlaceGone(LabgridError):
    """Says that a place's serial port is not there: its exporter, or what was plugged in."""


@dataclass(frozen=True, slots=True)
class PlacedConfig:
    """Is a configuration whose places' ports are found."""

    config: Config
    names: dict[str, str] = field(default_factory=dict)
    """What a port that was found is called in messages and in a session: its place and name."""


@contextmanager
def ports_of_places(
    config: Config, *, energy: bool, streaming: bool = False
) -> Iterator[PlacedConfig]:
    """Find the ports that such a bench needs of a configuration's places, held meanwhile.

    LabgridError says why there is none.
    """
    with held_places(config, energy=energy, streaming=streaming) as places:
        names: dict[str, str] = {}
        parts = {place: LabgridClient().parts(place) for place in set(places.values())}

        def port(address: LabgridAddress) -> str:
            place = places[address.wanted]
            part = _serial_port(place, parts[place], address)
            url = _url(place, part)
            names[url] = f"{LABGRID}{place}/{part.name}"
            return url

        yield PlacedConfig(with_ports(config, port, energy=energy, streaming=streaming), names)


@contextmanager
def held_places(
    config: Config,
    tell: Tell = _warn,
    *,
    energy: bool,
    streaming: bool = False,
    queue: bool = False,
    avoid: Collection[str] = (),
) -> Iterator[dict[Wanted, str]]:
    """Hold the places that a configuration names; yield their names. None: nothing is done.

    What is wanted by tags is queued for; with ``queue`` also a place that is named. ``tell`` is
    told what is waited for, and what could not be released. Of several places with the right tags
    those in ``avoid`` are taken last. LabgridError says why there is none.
    """
    addresses = labgrid_addresses(config, energy=energy, streaming=streaming)
    wanted = {address.wanted: None for address in addresses}
    with ExitStack() as stack:
        for one in wanted:
            if one not in _HELD:
                stack.enter_context(_held(one, tell, queue=queue, avoid=avoid))
        yield {one: _HELD[one] for one in wanted}


@contextmanager
def _held(wanted: Wanted, tell: Tell, *, queue: bool, avoid: Collection[str]) -> Iterator[None]:
    lease = _Lease(LabgridClient(), tell)
    try:
        _HELD[wanted] = lease.take(wanted, queue=queue, avoid=avoid)
        yield
    finally:
        with held():
            _HELD.pop(wanted, None)
            lease.give_back()


def is_held(config: Config) -> bool:
    """Tell whether this process holds the place of the configuration's device already."""
    return all(one.wanted in _HELD for one in labgrid_addresses(config, energy=False))


def count_places(wanted: Collection[Wanted]) -> dict[Wanted, int | LabgridError]:
    """Return how many places there are for each that is wanted; why, where there is none."""
    places = LabgridClient().places() if wanted else {}
    counted: dict[Wanted, int | LabgridError] = {}
    for one in wanted:
        try:
            counted[one] = len(_fitting(places, dict(one.tags))) if one.tags else 1
            if one.place:
                _known(places, one.place)
        except LabgridError as error:
            counted[one] = error
    return counted


def release_left_behind(place: str) -> None:
    """Release a place that a process of ours has held when it crashed; LabgridError if not."""
    mark = _mark(place)
    with contextlib.suppress(InUse), alone_in(mark, 0.0):
        if mark.exists():
            LabgridClient().release(place)
            mark.unlink()


class _Lease:
    """Takes a place and gives it back."""

    def __init__(self, client: LabgridClient, tell: Tell) -> None:
        self._client = client
        self._tell = tell
        self._own = ""
        """The place that is to be released by us."""
        self._tokens: list[str] = []
        """The reservations that are to be cancelled by us."""
        self._stack = ExitStack()

    def take(self, wanted: Wanted, *, queue: bool, avoid: Collection[str]) -> str:
        """Take the place that is wanted and return its name."""
        if wanted.token:
            self._client.wait(wanted.token)
            return self._reserved(wanted.token)
        places = self._client.places()
        if wanted.place:
            return self._named(places, wanted.place, queue=queue)
        return self._with_tags(places, dict(wanted.tags), avoid)

    def give_back(self) -> None:
        """Release what is held; a failure is told, for it must not hide what was before."""
        try:
            self._cancel()
            if self._own:
                self._client.release(self._own)
                _mark(self._own).unlink(missing_ok=True)
        except (LabgridError, OSError) as error:
            self._tell(
                f"place {self._own} may still be acquired: {error}; `labgrid-client -p "
                f"{self._own} release` releases it"
            )
        finally:
            self._stack.close()

    def _named(self, places: dict[str, Place], name: str, *, queue: bool) -> str:
        place = _known(places, name)
        try:
            self._acquire(place)
        except PlaceHeld as error:
            if not queue:
                raise PlaceHeld(
                    f"{error}; wait for it by {LABGRID}?name={name}, or take any of its kind by "
                    f"tags: {LABGRID}?TAG=VALUE"
                ) from error
            return self._queued({"name": name})
        except PlaceRefused as error:
            raise PlaceRefused(f"place {name}: {error}; is its exporter running?") from error
        return name

    def _with_tags(
        self, places: dict[str, Place], tags: dict[str, str], avoid: Collection[str]
    ) -> str:
        fit = _fitting(places, tags)
        refused: list[str] = []
        is_held = False
        for place in sorted(fit, key=lambda one: one.name in avoid):
            try:
                if place.reservation:
                    raise PlaceHeld(f"place {place.name} is reserved")
                if place.acquired == own_name() and not _mark(place.name).exists():
                    raise PlaceHeld(f"place {place.name} was acquired by hand")
                self._acquire(place, patience_s=0.0)
            except PlaceHeld:
                is_held = True
            except PlaceRefused as error:
                refused.append(str(error))
            else:
                return place.name
        if not is_held:
            raise _none_usable(tags, refused)
        return self._queued(tags)

    def _queued(self, tags: dict[str, str]) -> str:
        """Reserve by tags, wait, and acquire; of places without their exporter, try others.

        Labgrid reserves such a place as any other. Its reservation is kept until there is a better
        one, for else it would be the next again.
        """
        while True:
            fit = _fitting(self._client.places(), tags)
            self._tell(_waiting(fit, tags))
            with held():
                self._tokens.append(self._client.reserve(tags))
            self._client.wait(self._tokens[-1])
            try:
                place = self._reserved(self._tokens[-1])
            except PlaceRefused as error:
                if not any(one.acquired for one in fit):
                    raise _none_usable(tags, [str(error)]) from error
                self._tell(f"{error}; waiting for another")
                continue
            self._cancel()
            return place

    def _reserved(self, token: str) -> str:
        """Acquire the place that a reservation keeps for us."""
        for place in self._client.places().values():
            if place.reservation == token:
                self._acquire(place)
                return place.name
        raise PlaceRefused(f"the reservation {token} holds no place: it has expired")

    def _cancel(self) -> None:
        with held():
            while self._tokens:
                with contextlib.suppress(PlaceRefused):  # it has expired
                    self._client.cancel(self._tokens[-1])
                del self._tokens[-1]

    def _acquire(self, place: Place, patience_s: float = _LEAVING_S) -> None:
        """Take one place; PlaceHeld where somebody has it, PlaceRefused where it is not whole.

        A process of ours that has just released it is given ``patience_s`` to be gone.
        """
        own, mark = own_name(), _mark(place.name)
        if place.acquired not in ("", own) and own not in place.allowed:
            raise PlaceHeld(f"place {place.name} is held by {place.acquired}")
        with ExitStack() as stack:
            try:
                stack.enter_context(alone_in(mark, 0.0 if place.acquired else patience_s))
            except InUse as error:
                raise PlaceHeld(
                    f"place {place.name} is held by another tinyrunner of yours on this computer"
                ) from error
            with held():
                if not place.acquired:
                    self._acquire_marked(place.name, mark)
                if not place.acquired or (place.acquired == own and mark.exists()):
                    self._own = place.name
                self._stack = stack.pop_all()

    def _acquire_marked(self, name: str, mark: Path) -> None:
        try:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.touch()
        except OSError as error:
            raise SetupError(f"cannot note in {mark} that {name} is acquired: {error}") from error
        try:
            self._client.acquire(name)
        except PlaceRefused:
            mark.unlink()
            raise


def _mark(place: str) -> Path:
    return cache_root() / "places" / quote(f"{coordinator()}/{place}", safe="")


def _known(places: dict[str, Place], name: str) -> Place:
    place = places.get(name)
    if place is None:
        raise _no_place(f"{name!r}{closest(name, places)}", places)
    return place


def _fitting(places: dict[str, Place], tags: dict[str, str]) -> list[Place]:
    """Return the places with these tags; LabgridError lists what there is where there is none."""
    fit = [place for place in places.values() if place.has(tags)]
    if not fit:
        raise _no_place(f"with {' '.join(filters(tags))}", places)
    return fit


def _no_place(which: str, places: dict[str, Place]) -> LabgridError:
    there = ", ".join(map(str, places.values())) or "none"
    return LabgridError(f"labgrid at {coordinator()} has no place {which}; there are: {there}")


def _waiting(fit: list[Place], tags: dict[str, str]) -> str:
    by = ", ".join(f"{one.name} is held by {one.acquired}" for one in fit if one.acquired)
    return f"waiting for a place with {' '.join(filters(tags))}{f': {by}' if by else ''}"


def _none_usable(tags: dict[str, str], refused: list[str]) -> PlaceRefused:
    return PlaceRefused(
        f"no place with {' '.join(filters(tags))} can be used: {'; '.join(refused)}; is its "
        "exporter running?"
    )


def _serial_port(place: str, parts: list[Part], address: LabgridAddress) -> Part:
    """Return which of a place's ports an address means, asking for them anew until it is there."""
    clock = MonotonicClock()
    until_s = clock.now_s() + _PATIENCE_S
    while True:
        part = _part(parts, place, address.resource)
        if part.available and part.parameters.get("port") is not None:
            return part
        if clock.now_s() > until_s or (part.data is None and address.wanted.tags):
            why = "its exporter is gone" if part.data is None else "it is not plugged in"
            raise PlaceGone(
                f"{LABGRID}{place}/{part.name} ({part.path}) is not there: {why}; `labgrid-client "
                f"-p {place} show` shows when it is back"
            )
        clock.pause(_PORT_EVERY_S)
        parts = LabgridClient().parts(place)


def _part(parts: list[Part], place: str, name: str) -> Part:
    serial = [part for part in parts if part.is_serial]
    named = [part for part in serial if name in ("", part.name)]
    if len(named) == 1:
        return named[0]
    there = ", ".join(f"{LABGRID}{place}/{part.name}" for part in serial) or "none"
    if name:
        near = closest(name, (part.name for part in serial))
        what = f"two ports are called {name!r}" if named else f"no serial port {name!r}{near}"
    else:
        what = "which of its serial ports?" if serial else "it has no serial port"
    raise LabgridError(f"place {place}: {what}; there are: {there}")


def _url(place: str, part: Part) -> str:
    parameters = part.parameters
    extra = parameters.get("extra") or {}
    if extra.get("proxy_required"):
        raise LabgridError(
            f"place {place}: its exporter lets nobody in but by ssh through {extra.get('proxy')}; "
            f"forward the port by hand (`ssh -L 5000:{parameters['host']}:{parameters['port']} "
            f"{extra.get('proxy')}`) and give rfc2217://127.0.0.1:5000?{_OPTIONS}"
        )
    host = str(parameters["host"])
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    where = f"{host}:{parameters['port']}"
    if parameters.get("protocol", "rfc2217") == "raw":
        return f"socket://{where}"
    return f"rfc2217://{where}?{_OPTIONS}"
