"""Calls `labgrid-client`, labgrid's own program, each time in a process of its own.

Labgrid is never imported: it wants a fork of pyserial (pyserial-labgrid) that overwrites the
package `serial`, so it belongs into an environment of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from getpass import getuser
from pathlib import Path
from socket import gethostname

from ...config.labgrid_address import filters
from ...errors import SetupError
from .listing import Part, Place, read_parts, read_places

PROGRAM_VARIABLE = "TINYRUNNER_LABGRID_CLIENT"
"""Names another program than the `labgrid-client` on the path."""

DEFAULT_COORDINATOR = "127.0.0.1:20408"
"""Labgrid's own default, where $LG_COORDINATOR says nothing."""

_TIMEOUT_S = 60.0
"""Longest that one call may take; labgrid gives up a coordinator that does not answer in 20 s."""


class LabgridError(SetupError):
    """Says why labgrid does not give a place, or what is wrong with what it gives."""


class NoCoordinator(LabgridError):
    """Says that labgrid's coordinator, or labgrid-client itself, cannot be reached."""


class PlaceRefused(LabgridError):
    """Says that labgrid refused what was asked of a place."""


def own_name() -> str:
    """Return who we are to labgrid: ``HOST/USER``, by labgrid's own variables."""
    host = os.environ.get("LG_HOSTNAME") or gethostname()
    return f"{host}/{os.environ.get('LG_USERNAME') or getuser()}"


def coordinator() -> str:
    """Return the coordinator's address for messages."""
    return os.environ.get("LG_COORDINATOR") or DEFAULT_COORDINATOR


def find_program() -> str:
    """Return the path of labgrid-client; NoCoordinator says how to install it."""
    named = os.environ.get(PROGRAM_VARIABLE)
    found = shutil.which(named or "labgrid-client")
    if found is None and named is None:
        beside = Path(sys.executable).with_name("labgrid-client")
        found = str(beside) if beside.exists() else None
    if found is None:
        raise NoCoordinator(
            f"there is no program {named or 'labgrid-client'}, by which places are acquired: "
            "`pipx install labgrid` installs it in an environment of its own (beside tinyrunner "
            f"it would replace pyserial by a fork); ${PROGRAM_VARIABLE} names one that is not on "
            "the path"
        )
    return found


class LabgridClient:
    """Asks a coordinator about places by way of labgrid-client."""

    def __init__(self, program: str | None = None) -> None:
        self._program = program or find_program()

    def places(self) -> dict[str, Place]:
        """Return all places, by their names."""
        return read_places(self._ask("-v", "places"))

    def parts(self, place: str) -> list[Part]:
        """Return the resources of a place that is acquired."""
        return read_parts(self._ask("-p", place, "show"))

    def acquire(self, place: str) -> None:
        """Acquire a place by its whole name; PlaceRefused where labgrid refuses."""
        self._ask("-p", place, "acquire")

    def release(self, place: str) -> None:
        """Release a place if it is ours still; a coordinator that began anew has forgotten it."""
        with contextlib.suppress(PlaceRefused):
            self._ask("-p", place, "release-from", own_name())

    def cancel(self, token: str) -> None:
        """Cancel a reservation; a place that was acquired by it stays acquired."""
        self._ask("cancel-reservation", token)

    def reserve(self, tags: Mapping[str, str]) -> str:
        """Queue for a place with these tags; return the reservation's token, to be cancelled."""
        said = self._ask("reserve", "--shell", *filters(tags))
        token = re.search(r"LG_TOKEN=(\w+)", said)
        if token is None:
            raise LabgridError(f"`labgrid-client reserve --shell` gave no token: {said.strip()!r}")
        return token[1]

    def wait(self, token: str) -> None:
        """Wait until a reservation is served, or has ended."""
        words = ("wait", token)
        with self._started(words, subprocess.DEVNULL) as process:  # it says its state every second
            try:
                _, said = process.communicate()
            finally:
                process.terminate()
        if process.returncode != 0:
            raise _refusal(words, said)

    def _ask(self, *words: str) -> str:
        with self._started(words, subprocess.PIPE) as process:
            try:
                printed, said = process.communicate(timeout=_TIMEOUT_S)
            except subprocess.TimeoutExpired as error:
                raise NoCoordinator(
                    f"`labgrid-client {' '.join(words)}` did not end in {_TIMEOUT_S:.0f} s; is the "
                    f"coordinator at {coordinator()} well?"
                ) from error
            finally:
                process.kill()
        if process.returncode != 0:
            raise _refusal(words, said)
        return printed

    def _started(self, words: Sequence[str], stdout: int) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                [self._program, *words],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE,
                encoding="utf-8", errors="replace",
                start_new_session=sys.platform != "win32",  # Ctrl-C is ours to answer
            )  # fmt: skip
        except OSError as error:
            raise NoCoordinator(f"cannot run {self._program}: {error.strerror or error}") from error


def _refusal(words: Sequence[str], said: str) -> LabgridError:
    """Return what a call that failed wrote, as our error."""
    text = said.strip()
    if "connect to coordinator" in text or "coordinator is unavailable" in text:
        return NoCoordinator(
            f"no labgrid coordinator answers at {coordinator()}; is it running, and is "
            "$LG_COORDINATOR right?"
        )
    last = text.rpartition("\n")[2].partition("Error: ")[2] or text[-300:] or "it said nothing"
    return PlaceRefused(f"`labgrid-client {' '.join(words)}`: {last}")
