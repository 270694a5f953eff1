"""What urllib lacks for fetching: a time-out of its own for connecting, and errors in words."""

from __future__ import annotations

import functools
import http.client
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How long to wait for a server."""

    connect_timeout_s: float = 20.0
    """To be connected, with a proxy's and TLS's greetings."""
    stall_timeout_s: float = 30.0
    """Between one byte and the next."""
    slowest_bytes_per_s: float = 1000.0
    """Slower than this on the whole and it is given up: a byte now and then is no stall."""
    attempts: int = 4
    """At most so many requests for one file, each of which must have added to it."""


class _HttpConnection(http.client.HTTPConnection):
    def __init__(self, host: str, timeout: float, *, stall_timeout_s: float) -> None:
        super().__init__(host, timeout=timeout)
        self._stall_timeout_s = stall_timeout_s

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self._stall_timeout_s)


class _HttpsConnection(http.client.HTTPSConnection):
    def __init__(
        self, host: str, timeout: float, *, context: ssl.SSLContext, stall_timeout_s: float
    ) -> None:
        super().__init__(host, timeout=timeout, context=context)
        self._stall_timeout_s = stall_timeout_s

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(self._stall_timeout_s)


class _Http(urllib.request.HTTPHandler):
    def __init__(self, stall_timeout_s: float) -> None:
        super().__init__()
        self._make: Any = functools.partial(_HttpConnection, stall_timeout_s=stall_timeout_s)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._make, req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, stall_timeout_s: float) -> None:
        super().__init__()
        self._make: Any = functools.partial(_HttpsConnection, stall_timeout_s=stall_timeout_s)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._make, req, context=ssl.create_default_context())


def opener(stall_timeout_s: float) -> urllib.request.OpenerDirector:
    """As urllib's own: proxies from the environment or the system, redirects followed."""
    return urllib.request.build_opener(_Http(stall_timeout_s), _Https(stall_timeout_s))


def failure(error: OSError | http.client.HTTPException, settings: FetchSettings) -> str:
    """What went wrong below HTTP, as a clause."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return (
            f"nothing came (waited {settings.connect_timeout_s:g} s for a connection, "
            f"{settings.stall_timeout_s:g} s for a byte)"
        )
    if isinstance(reason, ssl.SSLCertVerificationError):
        return (
            f"the certificate is not trusted: {reason.verify_message}; behind a company's proxy, "
            "set SSL_CERT_FILE to its certificate"
        )
    if isinstance(reason, OSError) and reason.strerror:
        return f"no connection: {reason.strerror}"
    return f"no usable answer: {reason or type(reason).__name__}"


def meaning(status: int) -> str:
    """What an HTTP error says to the person who waits for the file, as a clause."""
    match status:
        case 404 | 410:
            return "no such file there"
        case 401 | 403:
            return "the server, or a proxy on the way, refuses it"
        case 407:
            return "the proxy wants a login; https_proxy can hold it"
        case 429:
            return "too many requests; try again in some minutes"
        case _ if status >= 500:
            return "the server is in trouble; try again later"
        case _:
            return "the server does not give it"
