"""Reaches Qoitech's Otii server through ``otii_tcp_client`` (``pip install 'tinyrunner[otii]'``).

The server is part of Otii 3 (the desktop application, or ``otii_server``). It listens on TCP, port
1905, and takes commands only from a user who is logged in and has an Automation licence reserved.
The package's exceptions, bare ``Exception`` among them, become MonitorErrors here and nowhere else.
It waits for ever for the data of a channel: here every answer has a time-out.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from ....dut_protocol.link.wire_log import WireTap
from ...errors import MonitorError, MonitorRefused, MonitorTimeout

if TYPE_CHECKING:
    from otii_tcp_client.arc import Arc
    from otii_tcp_client.otii import Otii as Application
    from otii_tcp_client.project import Project

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 1905
ANSWER_TIMEOUT_S = 10.0
"""Seconds for any answer; a server on the same computer takes milliseconds."""

_DEVICES_S = 2
"""Seconds that the server waits for its devices to be there."""
_ABSENT = "Qoitech's package is not installed: pip install 'tinyrunner[otii]'"
_LOG_IN = (
    "log in in the Otii 3 application, or with `python -m otii_tcp_client.otii_control login -u "
    "NAME -p PASSWORD`"
)
_RESERVE = (
    "reserve one in the Otii 3 application, or with `python -m otii_tcp_client.otii_control "
    "reserve-license -i ID`"
)


@contextmanager
def told_as_ours(doing: str) -> Iterator[None]:
    """Make a MonitorError of whatever the vendor's package raises inside; ``doing`` says at what.

    MonitorTimeout where no answer came, MonitorRefused where the server refused.
    """
    try:
        yield
    except MonitorError:
        raise
    except TimeoutError as error:
        raise MonitorTimeout(f"{doing}: the Otii server did not answer in time") from error
    except OSError as error:
        raise MonitorError(f"{doing}: {error}") from error
    except Exception as error:  # the package raises bare ones
        if kind := getattr(error, "type", None):  # an Otii_Exception
            detail = getattr(error, "message", "")
            said = detail if isinstance(detail, str) and kind in detail else f"{kind} {detail}"
            raise MonitorRefused(f"{doing}: the Otii server says: {said}") from error
        raise MonitorError(f"{doing}: {type(error).__name__} {error}".rstrip()) from error


def connect(
    host: str, port: int, timeout_s: float = ANSWER_TIMEOUT_S, tap: WireTap | None = None
) -> tuple[Application, str]:
    """Connect to the server; return it and the version of Otii that it tells.

    ``tap`` notes what goes both ways.

    MonitorRefused without the package, or with one that is too old; MonitorError without a server.
    """
    try:
        from otii_tcp_client import otii, otii_connection
    except ImportError as error:
        raise MonitorRefused(_ABSENT) from error
    if not hasattr(otii.Otii, "has_license"):
        raise MonitorRefused(
            "Qoitech's package otii_tcp_client is too old, 1.0.11 or later is needed: pip install "
            "--upgrade 'tinyrunner[otii]'"
        )

    class Connection(otii_connection.OtiiConnection):
        """Waits for no answer longer than it may."""

        def receive_response(self, timeout_seconds: float | None, trans_id: str) -> dict[str, Any]:
            limit_s = timeout_s if timeout_seconds is None else min(timeout_seconds, timeout_s)
            if tap is not None and isinstance(self.sock, socket.socket):
                self.sock = cast(socket.socket, _TappedSocket(self.sock, tap))
            answer: dict[str, Any] = super().receive_response(limit_s, trans_id)
            return answer

    connection = Connection(host, port)
    doing = f"connecting to the Otii server at {host}:{port}"
    try:
        with told_as_ours(doing):
            said = connection.connect_to_server(try_for_seconds=0)
    except MonitorError as error:
        raise MonitorError(
            f"{error}; start Otii 3 (the application with its server enabled, or otii_server), and "
            "see that its port is the same"
        ) from error
    if said.get("type") != "information":
        connection.close_connection()
        raise MonitorError(f"{doing}: it answered {said}")
    return otii.Otii(connection), str(said.get("data", {}).get("otii_version", ""))


class _TappedSocket:
    """Is a socket, as far as the package uses one, whose bytes are noted."""

    def __init__(self, inner: socket.socket, tap: WireTap) -> None:
        self._inner = inner
        self._tap = tap
        self.settimeout, self.close = inner.settimeout, inner.close

    def send(self, data: bytes) -> int:
        count = self._inner.send(data)
        self._tap.sent(data[:count])
        return count

    def recv(self, most: int) -> bytes:
        data = self._inner.recv(most)
        self._tap.came(data)
        return data


def check_licence(application: Application, where: str) -> None:
    """Refuse (MonitorRefused) a server without a user, or without a licence to be operated."""
    with told_as_ours(f"asking {where} for its user (Otii 3.5.5 or later is needed)"):
        logged_in = application.is_logged_in()
        licensed = logged_in and application.has_license("Automation")
    if not logged_in:
        raise MonitorRefused(f"{where}: nobody is logged in: {_LOG_IN}")
    if not licensed:
        raise MonitorRefused(f"{where}: no Automation licence is reserved: {_RESERVE}")


def find_devices(application: Application) -> list[Arc]:
    """Return the Arcs and Aces that are connected; the vendor's own simulator is none."""
    with told_as_ours("asking the Otii server for its devices"):
        return application.get_devices(_DEVICES_S, ["Arc", "Ace"])


def choose_device(application: Application, name: str, where: str) -> Arc:
    """Return the device of this name or id, or the only one; MonitorError unless it is clear."""
    devices = find_devices(application)
    fitting = [one for one in devices if not name or name in (one.name, one.id)]
    if len(fitting) == 1:
        return fitting[0]
    present = ", ".join(f"{one.name} ({one.type}, {one.id})" for one in devices) or "none"
    wanted = f" {name!r}" if name else ""
    raise MonitorError(
        f"{where}: there is {'more than one' if fitting else 'no'} Arc or Ace{wanted}; present: "
        f"{present}; name one as otii:HOST:PORT/NAME"
    )


def open_project(application: Application) -> Project:
    """Return the project that is open, or a new one."""
    from otii_tcp_client.otii import OtiiException

    with told_as_ours("opening a project on the Otii server"):
        try:
            return application.get_active_project()
        except OtiiException:  # there is none
            return application.create_project()
