"""Fetches the published files of the catalogue, from upstream, a mirror or a folder.

What is found in the cache afterwards is whole and right, or it is not there: pooch puts a file in
its place only when it has the pinned SHA-256. None is larger than half a megabyte, so each is
received in memory and in one go; a download that breaks off leaves nothing, and begins anew.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import io
import os
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import TinyrunnerError
from .catalogue import REFERENCE_MODELS, PinnedFile
from .model_file import ModelError
from .suite import Task

if TYPE_CHECKING:
    import requests
    from _typeshed import ReadableBuffer

Progress = Callable[[int, int], None]
"""Is told the bytes that are there and the bytes there will be."""


class FetchError(TinyrunnerError):
    """A file cannot be had, or is not the right one; names the place and what to try."""


class FileState(Enum):
    """Says what stands where a file of the catalogue is kept."""

    FETCHED = "fetched"
    ABSENT = "not fetched"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Says how long to wait for a server."""

    connect_timeout_s: float = 20.0
    """How long to be connected may take, with a proxy's and TLS's greetings."""
    stall_timeout_s: float = 30.0
    """How long may pass between one byte and the next."""
    slowest_bytes_per_s: float = 1000.0
    """Slower than this on the whole and it is given up: a byte now and then is no stall."""


def file_sha256(path: Path) -> str:
    """Returns the SHA-256 of the file at ``path``, in hexadecimal; OSError where it is none."""
    if path.exists() and not path.is_file():  # a pipe would keep us waiting
        raise OSError(errno.EINVAL, "it is no file", str(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_state(item: PinnedFile) -> FileState:
    """Tells whether the file is there and right; reads all of it."""
    try:
        found = file_sha256(item.cached_path)
    except FileNotFoundError:
        return FileState.ABSENT
    return FileState.FETCHED if found == item.sha256 else FileState.DAMAGED


def reference_model_path(task: Task) -> Path:
    """Returns the fetched and verified reference model of ``task``.

    ``ModelError`` says how to get it where it is not there.
    """
    item = next(model for model in REFERENCE_MODELS if model.task == task.key)
    command = f"tinyrunner models fetch {item.name}"
    match file_state(item):
        case FileState.FETCHED:
            return item.cached_path
        case FileState.ABSENT:
            raise ModelError(f"the reference model of {task.key} is not here yet: {command}")
        case FileState.DAMAGED:
            raise ModelError(
                f"{item.cached_path} is not the reference model of {task.key} (wrong SHA-256); "
                f"get it again: {command}"
            )


def _ignore(*_: object) -> None:
    pass


def fetch(
    item: PinnedFile,
    *,
    source: str | None = None,
    progress: Progress = _ignore,
    settings: FetchSettings | None = None,
) -> Path:
    """Returns the path of the file in the cache, fetched unless it is there already.

    ``source`` is a folder or the address of a mirror to take it from instead of upstream. Either
    may hold the file by its path in the repository or by its name alone.
    """
    path = item.cached_path
    try:
        if file_state(item) is not FileState.FETCHED:
            where = _place(source)
            if isinstance(where, Path):
                _keep(item, lambda: _read_copy(item, where, progress))
            else:
                transfer = _Transfer(item, progress, settings or FetchSettings())
                _keep(item, lambda: transfer.first_there(_addresses(item, where)))
    except OSError as error:  # the network's have become FetchError: this is the disk
        raise FetchError(
            f"cannot keep {item.file_name} in {path.parent}: {error.strerror or error}; "
            "$TINYRUNNER_CACHE names another folder"
        ) from error
    return path


def _keep(item: PinnedFile, get: Callable[[], bytes]) -> None:
    """Puts what ``get`` returns into the cache under the file's name, or leaves nothing there."""
    import logging

    import pooch  # takes a tenth of a second, and only a fetch needs it

    def write(_address: str, target: str, _pooch: object) -> None:
        data = get()
        os.unlink(target)  # it is its maker's alone, while the cache may be shared
        Path(target).write_bytes(data)

    pooch.get_logger().setLevel(logging.WARNING)  # or it tells on stderr what it does
    pooch.retrieve(
        item.url,
        f"sha256:{item.sha256}",
        fname=item.file_name,
        path=item.cached_path.parent.absolute(),  # or a `~` in it would be expanded
        downloader=write,
    )


# --- over the network ----------------------------------------------------------------------------

ADVICE = "With a copy at hand, or a mirror: --from DIR or --from URL"

_CHUNK_BYTES = 64
"""Read at once; a server that drips keeps the clock from being looked at for so many bytes."""

_NOT_THERE = (
    http.HTTPStatus.FORBIDDEN,  # which object stores say of what they do not have
    http.HTTPStatus.NOT_FOUND,
    http.HTTPStatus.GONE,
)


class _NotThere(TinyrunnerError):
    """The server has no such file, or does not say; another address may have it."""


@dataclass(frozen=True, slots=True)
class _Transfer:
    """A transfer brings a file of the catalogue into memory."""

    item: PinnedFile
    progress: Progress
    settings: FetchSettings

    def first_there(self, addresses: tuple[str, ...]) -> bytes:
        """Returns the file from the first of the addresses that has it."""
        missing = []
        for address in addresses:
            try:
                return self._download(address)
            except _NotThere as error:
                missing.append(error)
        raise FetchError(f"{'; '.join(map(str, missing))}. {ADVICE}") from missing[0]

    def _download(self, address: str) -> bytes:
        """Returns what the address gives, if it is the right file."""
        import pooch

        def check_head(answer: requests.Response, **_: object) -> None:
            self._check_head(address, answer)

        download = pooch.HTTPDownloader(
            chunk_size=_CHUNK_BYTES,
            timeout=(self.settings.connect_timeout_s, self.settings.stall_timeout_s),
            headers={"User-Agent": "tinyrunner", "Accept-Encoding": "identity"},
            hooks={"response": check_head},
            verify=os.environ.get("SSL_CERT_FILE") or True,  # requests looks for other names
        )
        body = _Body(self, address)
        try:
            download(address, body, None)
        except OSError as error:  # so are all of requests' errors
            raise FetchError(f"{address}: {self._failure(error)}. {ADVICE}") from error
        data = body.getvalue()
        if len(data) < self.item.size_bytes:
            raise FetchError(f"{address}: {self._ended_after(len(data))}. {ADVICE}")
        found = hashlib.sha256(data).hexdigest()
        if found != self.item.sha256:
            raise FetchError(
                f"{address}: the SHA-256 is {found}, not {self.item.sha256}"
                f"{_resemblance(data)}; nothing was kept. {ADVICE}"
            )
        return data

    def _check_head(self, address: str, answer: requests.Response) -> None:
        """Refuses an answer, before its body is read, that is not the file's nor a redirection."""
        status, size = answer.status_code, self.item.size_bytes
        if answer.is_redirect:
            return
        said = f"{address}: HTTP {status} {answer.reason}"
        if status in _NOT_THERE:
            raise _NotThere(f"{said}: {_meaning(status)}")
        if status >= 400:
            raise FetchError(f"{said}: {_meaning(status)}. {ADVICE}")
        if status != http.HTTPStatus.OK:
            raise FetchError(f"{said}. {ADVICE}")
        length = answer.headers.get("Content-Length")
        if length is not None and length != str(size):
            raise FetchError(
                f"{address}: {length} bytes instead of {size}: another file, or the page of a "
                f"proxy; nothing was taken. {ADVICE}"
            )

    def _failure(self, error: OSError) -> str:
        """Returns what went wrong below HTTP, as a clause."""
        answer = getattr(error, "response", None)
        if answer is not None:  # redirections without an end
            return f"HTTP {answer.status_code} {answer.reason}: {error}"
        reason = _root(error)
        if isinstance(reason, http.client.IncompleteRead):
            return self._ended_after(int(reason.partial))  # urllib3's are numbers
        if isinstance(reason, TimeoutError):
            return (
                f"nothing came (waited {self.settings.connect_timeout_s:g} s for a connection, "
                f"{self.settings.stall_timeout_s:g} s for a byte)"
            )
        if isinstance(reason, ssl.SSLCertVerificationError):
            return (
                f"the certificate is not trusted: {reason.verify_message}; behind a company's "
                "proxy, set SSL_CERT_FILE to its certificate"
            )
        if isinstance(reason, OSError) and reason.strerror:
            return f"no connection: {reason.strerror}"
        return f"no usable answer: {reason or type(reason).__name__}"

    def _ended_after(self, count: int) -> str:
        return f"the connection ended after {count} of {self.item.size_bytes} bytes"


class _Body(io.BytesIO):
    """Collects an answer's bytes; FetchError where there are too many, or they come too slowly."""

    def __init__(self, transfer: _Transfer, address: str) -> None:
        super().__init__()
        self._transfer = transfer
        self._address = address
        settings, self._size = transfer.settings, transfer.item.size_bytes
        self._deadline_s = (
            time.monotonic()
            + settings.connect_timeout_s
            + settings.stall_timeout_s
            + self._size / settings.slowest_bytes_per_s
        )

    def write(self, chunk: ReadableBuffer, /) -> int:
        """Adds what has arrived."""
        count = super().write(chunk)
        done = self.tell()
        if done > self._size:
            raise FetchError(
                f"{self._address}: more than the {self._size} bytes that it should have; cut off, "
                f"nothing was kept. {ADVICE}"
            )
        self._transfer.progress(done, self._size)
        if done < self._size and time.monotonic() > self._deadline_s:
            raise FetchError(
                f"{self._address}: slower than {self._transfer.settings.slowest_bytes_per_s:g} "
                f"bytes a second; given up after {done} of {self._size} bytes. {ADVICE}"
            )
        return count


def _root(error: BaseException) -> BaseException:
    """Returns the error of the system or the protocol that the libraries wrapped in theirs."""
    found = error
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
        if isinstance(error, OSError | http.client.HTTPException):
            found = error
    return found


def _meaning(status: int) -> str:
    """Returns what an HTTP error says to the person who waits for the file, as a clause."""
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


def _resemblance(data: bytes) -> str:
    """Returns what a wrong file seems to be, in brackets."""
    if data.startswith(b"version https://git-lfs"):
        return " (a Git LFS pointer: copy the file that it stands for)"
    if data.lstrip()[:1] == b"<":
        return " (a web page, perhaps the login of a network)"
    return ""


# --- where from ----------------------------------------------------------------------------------


def _place(source: str | None) -> Path | str | None:
    """Returns a folder, the address of a mirror without its last slash, or None for upstream."""
    if source is None:
        return None
    parts = urlsplit(source) if "://" in source else None
    if parts is None:
        return Path(source).expanduser()
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"{source}: expected a folder, or an address with http:// or https://")
    return source.rstrip("/")


def _addresses(item: PinnedFile, mirror: str | None) -> tuple[str, ...]:
    if mirror is None:
        return (item.url,)
    return (f"{mirror}/{item.path}", f"{mirror}/{item.file_name}")


def _read_copy(item: PinnedFile, folder: Path, progress: Progress) -> bytes:
    """Returns the bytes of a right copy in the folder (or at that very path)."""
    if not folder.exists():
        raise FetchError(f"no folder {folder} to take {item.file_name} from")
    wrong: dict[Path, None] = {}
    for candidate in _candidates(item, folder):
        try:
            right = candidate.stat().st_size == item.size_bytes
            data = candidate.read_bytes() if right else b""
        except OSError as error:
            raise FetchError(f"cannot read {candidate}: {error.strerror or error}") from error
        if hashlib.sha256(data).hexdigest() == item.sha256:
            progress(len(data), len(data))
            return data
        wrong[candidate] = None
    if wrong:
        raise FetchError(
            f"{', '.join(map(str, wrong))}: not {item.name} as published ({item.size_bytes} bytes, "
            f"SHA-256 {item.sha256}); nothing was kept"
        )
    raise FetchError(f"no {item.file_name} in {folder}, nor {item.path}")


def _candidates(item: PinnedFile, folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    names = dict.fromkeys((item.file_name, item.path.rsplit("/", 1)[1]))
    near = [folder / item.path, *(folder / name for name in names)]
    yield from (path for path in near if path.is_file())
    for parent, folders, files in os.walk(folder):
        folders.sort()
        inside = (Path(parent, name) for name in names if name in files)
        yield from (path for path in inside if path not in near)
