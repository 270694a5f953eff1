"""The common part of the drivers of VISA instruments: how they are left, whatever happened."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from ..errors import MonitorError, SupplyMayBeOn, what_went_before
from ..interruptions import held
from ..monitor import EnergyMonitor
from .visa_link import VisaLink


class VisaMonitor(EnergyMonitor):
    """Leaves its instrument safe when it is closed, over a new connection when the old one is dead.

    ``reopen`` opens that one. Where neither serves, SupplyMayBeOn says so of an instrument that
    ``supplies`` the device.
    """

    def __init__(
        self, link: VisaLink, place: str, reopen: Callable[[], VisaLink], *, supplies: bool
    ) -> None:
        self.address = link.address
        self._link = link
        self._place = place
        self._reopen = reopen
        self._supplies = supplies
        self._unsafe = (
            f"THE SUPPLY OF {place} COULD NOT BE SWITCHED OFF and may still power the device: "
            "switch it off by hand"
            if supplies
            else f"{place} could not be left as it should be"
        )
        self._closed = False

    def _leave_safe(self, link: VisaLink) -> None:
        """Switch the supply off by way of ``link``, and see that it is; stop what runs."""
        raise NotImplementedError

    def close(self) -> None:
        if self._closed:
            return
        try:
            with held():
                self._make_safe()
        except KeyboardInterrupt:  # in the middle of switching off, of a program that holds none
            self._make_safe()
            raise
        finally:
            self._closed = True
            self._link.close()

    def _make_safe(self) -> None:
        """Leave it safe, over a new connection when the old one is dead; or warn."""
        try:
            self._leave_safe(self._link)
        except MonitorError as first:
            try:
                with self._reopen() as link:
                    self._leave_safe(link)
            except MonitorError as second:
                text = f"{self._unsafe}. {first}; over a new connection: {second}"
                raise (SupplyMayBeOn if self._supplies else MonitorError)(text) from first

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except MonitorError as unsafe:
            if error is None:
                raise
            raise type(unsafe)(f"{unsafe}{what_went_before(error, unsafe)}") from error
