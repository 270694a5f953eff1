"""Fetches the published files of the catalogue, from upstream, a mirror or a folder.

What is found in the cache afterwards is whole and right, or it is not there. A download goes into a
file of this process alone; size and SHA-256 are checked before it is renamed to its own name. One
that broke off is left beside as ``NAME.part``, and the next attempt asks for the rest::

    GET /mlcommons/tiny/1afd2c9…/…/kws_ref_model.tflite HTTP/1.1
    Range: bytes=20000-
                                     HTTP/1.1 206 Partial Content
                                     Content-Range: bytes 20000-53935/53936

A server may ignore the range and answer 200 with the whole: then it begins again. If the joined
parts have the wrong hash, they are thrown away and the file is fetched once more from the start.
Between attempts of one call ``If-Range`` holds the server to the file that it began with; across
calls nothing is kept but the bytes, for an address names one commit and the hash decides.
"""

from __future__ import annotations

import functools
import hashlib
import http.client
import os
import re
import secrets
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .catalogue import REFERENCE_MODELS, PinnedFile
from .engine import ModelError
from .suite import Task

Progress = Callable[[int, int], None]
"""Told the bytes that are there and the bytes there will be."""

Note = Callable[[str], None]
"""Told what a person may want to know: a download goes on, or begins again."""


class FetchError(Exception):
    """A file cannot be had, or is not the right one; names the place and what to try."""


class _NotThere(Exception):
    """The server has no such file, or does not say; another address may have it."""


class _Interrupted(Exception):
    """The answer broke off. What came of it is on disk and can be added to."""

    def __init__(self, reason: str, etag: str | None) -> None:
        super().__init__(reason)
        self.etag = etag


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


class FileState(Enum):
    """What stands where a file of the catalogue is kept."""

    FETCHED = "fetched"
    ABSENT = "not fetched"
    DAMAGED = "damaged"


def file_state(item: PinnedFile) -> FileState:
    """Whether the file is there and right; reads all of it."""
    try:
        found = file_sha256(item.cached_path)
    except FileNotFoundError:
        return FileState.ABSENT
    return FileState.FETCHED if found == item.sha256 else FileState.DAMAGED


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reference_model_path(task: Task) -> Path:
    """The fetched and verified reference model of ``task``; ``ModelError`` says how to get it."""
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
    note: Note = _ignore,
    settings: FetchSettings | None = None,
) -> Path:
    """The path of the file in the cache, fetched unless it is there already.

    ``source`` is a folder or the address of a mirror to take it from instead of upstream. Either
    may hold the file by its path in the repository or by its name alone.
    """
    path = item.cached_path
    try:
        if file_state(item) is FileState.FETCHED:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _partial(path) as own:
            where = _place(source)
            if isinstance(where, Path):
                own.write_bytes(_read_copy(item, where))
                progress(item.size_bytes, item.size_bytes)
            else:
                pull = _Pull(item, own, progress, note, settings or FetchSettings())
                _first_there(pull, _addresses(item, where))
            with own.open("r+b") as file:
                os.fsync(file.fileno())
            own.replace(path)
    except OSError as error:  # the network's have become FetchError: this is the disk
        raise FetchError(
            f"cannot keep {item.file_name} in {path.parent}: {error.strerror or error}; "
            "$TINYRUNNER_CACHE names another folder"
        ) from error
    return path


_ORPHANED_S = 3600.0
"""A partial file untouched for so long belongs to a process that was killed."""


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """A file for this process alone, beginning with what an earlier attempt left.

    Whatever it holds in the end, unless it was renamed, is left for the next attempt. Claiming by
    renaming keeps two processes from writing into the same file.
    """
    resting = path.with_name(path.name + ".part")
    own = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    for orphan in path.parent.glob(f".{path.name}.*.part"):
        with suppress(FileNotFoundError):  # its process is alive and has just finished
            if time.time() - orphan.stat().st_mtime > _ORPHANED_S:
                orphan.replace(resting)
    try:
        resting.rename(own)
    except FileNotFoundError:
        own.touch()
    try:
        yield own
    finally:
        if own.exists():
            if own.stat().st_size:
                own.replace(resting)
            else:
                own.unlink()


# --- where from ----------------------------------------------------------------------------------


def _place(source: str | None) -> Path | str | None:
    """A folder, the address of a mirror without a slash at its end, or None for upstream."""
    if source is None:
        return None
    parts = urlsplit(source) if "://" in source else None
    if parts is None:
        return Path(source).expanduser()
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"{source}: expected a folder, or an address with http:// or https://")
    return source.rstrip("/")


def _addresses(item: PinnedFile, mirror: str | None) -> tuple[str, ...]:
    if mirror is None:
        return (item.url,)
    return (f"{mirror}/{item.path}", f"{mirror}/{item.file_name}")


def _first_there(pull: _Pull, addresses: tuple[str, ...]) -> None:
    """Download from the first of the addresses that has the file."""
    missing = []
    for address in addresses:
        try:
            return pull.download(address)
        except _NotThere as error:
            missing.append(error)
    raise FetchError(f"{'; '.join(map(str, missing))}. {_ADVICE}") from missing[0]


def _read_copy(item: PinnedFile, folder: Path) -> bytes:
    """The bytes of a right copy in the folder (or at that very path)."""
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


# --- one download --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pull:
    """A file of the catalogue on its way into ``own``."""

    item: PinnedFile
    own: Path
    progress: Progress
    note: Note
    settings: FetchSettings

    def download(self, address: str) -> None:
        """Fill the file from this address and check it; a wrong one is left empty."""
        for last in (False, True):
            continued = self._fill(address)
            found = file_sha256(self.own)
            if found == self.item.sha256:
                return
            with self.own.open("rb") as file:
                head = file.read(64)
            os.truncate(self.own, 0)
            if last or not continued:
                raise FetchError(
                    f"{address}: the SHA-256 is {found}, not {self.item.sha256}"
                    f"{_resemblance(head)}; nothing was kept. {_ADVICE}"
                )
            self.note(
                f"{self.item.file_name}: the continued download has the wrong SHA-256; "
                "fetching it again from the start"
            )

    def _fill(self, address: str) -> bool:
        """Receive until the file has its size; True if not all of it is from one answer."""
        size = self.item.size_bytes
        deadline_s = (
            time.monotonic()
            + self.settings.connect_timeout_s
            + self.settings.stall_timeout_s
            + size / self.settings.slowest_bytes_per_s
        )
        have = self._length()
        if have > size:
            os.truncate(self.own, 0)
            have = 0
        if have:
            self.note(f"{self.item.file_name}: going on at byte {have} of an earlier download")
        etag, attempts = None, 0
        while True:
            attempts += 1
            try:
                return self._receive(address, have, etag, deadline_s) > 0
            except _Interrupted as cut:
                before, have, etag = have, self._length(), cut.etag
                if have <= before or attempts >= self.settings.attempts:
                    kept = f"; {have} of {size} bytes are kept for the next attempt" * (have > 0)
                    raise FetchError(f"{address}: {cut}{kept}. {_ADVICE}") from cut
                self.note(f"{self.item.file_name}: {cut}; going on at byte {have}")

    def _length(self) -> int:
        return self.own.stat().st_size

    def _receive(self, address: str, have: int, etag: str | None, deadline_s: float) -> int:
        """Ask for what is missing and add it to the file; the place where the answer began."""
        size = self.item.size_bytes
        if have == size:
            return have
        with self._answer(address, have, etag) as answer:
            etag = answer.headers.get("ETag")
            done = offset = _offset(answer, address, have, size)
            with self.own.open("r+b") as file:
                file.seek(done)
                file.truncate()
                while chunk := _read(answer, etag, self.settings):
                    if done + len(chunk) > size:
                        file.truncate(0)
                        raise FetchError(
                            f"{address}: more than the {size} bytes that it should have; cut off, "
                            f"nothing was kept. {_ADVICE}"
                        )
                    file.write(chunk)
                    file.flush()
                    done += len(chunk)
                    self.progress(done, size)
                    if done < size and time.monotonic() > deadline_s:
                        raise FetchError(
                            f"{address}: slower than {self.settings.slowest_bytes_per_s:g} bytes "
                            f"a second; {done} of {size} bytes are kept for the next attempt. "
                            f"{_ADVICE}"
                        )
        if done < size:
            reason = f"the connection ended after {done} of {size} bytes"
            raise _Interrupted(reason, _strong(etag))
        return offset

    def _answer(self, address: str, have: int, etag: str | None) -> http.client.HTTPResponse:
        request = urllib.request.Request(
            address, headers={"User-Agent": "tinyrunner", "Accept-Encoding": "identity"}
        )
        if have:
            request.add_header("Range", f"bytes={have}-")
            if etag is not None:
                request.add_header("If-Range", etag)
        opener = _opener(self.settings.stall_timeout_s)
        try:
            answer: http.client.HTTPResponse = opener.open(
                request, timeout=self.settings.connect_timeout_s
            )
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                    os.truncate(self.own, 0)  # it has another file there: take what it has
                    return self._answer(address, 0, None)
                said = f"{address}: HTTP {error.code} {error.reason}: {_meaning(error.code)}"
                if error.code in _NOT_THERE:
                    raise _NotThere(said) from error
                raise FetchError(f"{said}. {_ADVICE}") from error
        except (OSError, http.client.HTTPException) as error:
            raise FetchError(f"{address}: {_failure(error, self.settings)}. {_ADVICE}") from error
        return answer


_ADVICE = "With a copy at hand, or a mirror: --from DIR or --from URL"

_NOT_THERE = (
    http.HTTPStatus.FORBIDDEN,  # which object stores say of what they do not have
    http.HTTPStatus.NOT_FOUND,
    http.HTTPStatus.GONE,
)


def _offset(answer: http.client.HTTPResponse, address: str, have: int, size: int) -> int:
    """The place in the file of the answer's first byte, or FetchError if it is another file's."""
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
        said = answer.headers.get("Content-Range", "")
        part = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", said.strip())
        if part is None or int(part[1]) > have:
            raise FetchError(
                f"{address}: asked for the bytes from {have} on, got Content-Range {said!r}. "
                f"{_ADVICE}"
            )
        offset, total = int(part[1]), part[2]
    elif answer.status == http.HTTPStatus.OK:
        offset, total = 0, answer.headers.get("Content-Length", "*")
    else:
        raise FetchError(f"{address}: HTTP {answer.status} {answer.reason}. {_ADVICE}")
    if total.isdecimal() and int(total) != size:
        raise FetchError(
            f"{address}: {total} bytes instead of {size}: another file, or the page of a proxy; "
            f"nothing was taken. {_ADVICE}"
        )
    return offset


_CHUNK_BYTES = 1 << 16


def _read(answer: http.client.HTTPResponse, etag: str | None, settings: FetchSettings) -> bytes:
    """What has arrived, at least a byte; empty at the end."""
    try:
        return answer.read1(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(_failure(error, settings), _strong(etag)) from error


def _strong(etag: str | None) -> str | None:
    """The validator, if it may stand in ``If-Range``: a weak one may not (RFC 9110, 13.1.5)."""
    return None if etag is None or etag.startswith("W/") else etag


def _failure(error: OSError | http.client.HTTPException, settings: FetchSettings) -> str:
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


def _meaning(status: int) -> str:
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


def _resemblance(head: bytes) -> str:
    """What a wrong file seems to be, in brackets."""
    if head.startswith(b"version https://git-lfs"):
        return " (a Git LFS pointer: copy the file that it stands for)"
    if head.lstrip()[:1] == b"<":
        return " (a web page, perhaps the login of a network)"
    return ""


# --- urllib, with a time-out for connecting and another for reading -------------------------------


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


def _opener(stall_timeout_s: float) -> urllib.request.OpenerDirector:
    """As urllib's own: proxies from the environment or the system, redirects followed."""
    return urllib.request.build_opener(_Http(stall_timeout_s), _Https(stall_timeout_s))
