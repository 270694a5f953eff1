"""Where what is simulated is served, and how that is told: for the commands of `simulate`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from ....dut_protocol.simulated.serve import ServedPort
    from ...config.sim_address import MonitorKind

ANY_PORT = ("127.0.0.1", 0)
PtyOption = Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal.")]
TcpOption = Annotated[
    str | None,
    typer.Option(
        "--tcp",
        metavar="HOST:PORT",
        help="On TCP; port 0: any free.",
        show_default="required, or --pty",
    ),
]


def open_port(
    pty: bool, place: tuple[str, int] | None, on_connect: Callable[[], None]
) -> ServedPort:
    """Open a pseudo-terminal, or listen at ``place``; a connection there calls ``on_connect``."""
    from ....dut_protocol.simulated.serve import PtyPort, TcpPort

    if pty:
        return PtyPort.open()
    return TcpPort.listen(*(place or ANY_PORT), on_connect)


def one_place(pty: bool, tcp: str | None) -> tuple[str, int] | None:
    """Return the place on TCP, None for a pseudo-terminal; SetupError unless one is asked for."""
    if pty == (tcp is not None):
        raise SetupError("where? Give either --pty or --tcp HOST:PORT")
    return None if tcp is None else host_and_port(tcp)


def monitor_place(
    served: MonitorKind, pty: bool, tcp: str | None, option: str
) -> tuple[str, int] | None:
    """Return where a monitor listens on TCP; None: on a pseudo-terminal."""
    if pty and tcp is not None:
        raise SetupError(f"where? Give either --pty or {option} HOST:PORT")
    if pty and served.is_on_tcp:
        raise SetupError(f"an {served.value} speaks TCP: give {option} HOST:PORT instead of --pty")
    if pty:
        return None
    return ANY_PORT if tcp is None else host_and_port(tcp, option)


def host_and_port(text: str, option: str = "--tcp") -> tuple[str, int]:
    """Read HOST:PORT, or :PORT of this computer alone; SetupError.

    Where others can reach the place, a person is told: what is served asks nobody who it is.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise SetupError(f"{option} {text}: expected HOST:PORT, e.g. 127.0.0.1:5000")
    host = host or ANY_PORT[0]
    if not _is_loopback(host):
        options.tell_on_stderr(
            f"{option} {text}: whoever reaches {host} over the network can talk to what is served "
            f"there, without a password; {option} :{port} is for this computer alone"
        )
    return host, int(port)


def _is_loopback(host: str) -> bool:
    """Tell whether a name or address is of this computer alone; one that nobody knows fails later.

    A name may stand for several addresses, all of which have to be.
    """
    import socket
    from ipaddress import ip_address

    try:
        known = {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return True
    return all(ip_address(address.partition("%")[0]).is_loopback for address in known)
