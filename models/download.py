"""One download of a published file, continued where it broke off, and checked.

One that broke off is left as it is, and the next attempt asks for the rest::

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

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .catalogue import PinnedFile
from .web import FetchSettings, failure, meaning, opener

Progress = Callable[[int, int], None]
"""Told the bytes that are there and the bytes there will be."""

Note = Callable[[str], None]
"""Told what a person may want to know: a download goes on, or begins again."""


class FetchError(Exception):
    """A file cannot be had, or is not the right one; names the place and what to try."""


class NotThere(Exception):
    """The server has no such file, or does not say; another address may have it."""


class _Interrupted(Exception):
    """The answer broke off. What came of it is on disk and can be added to."""

    def __init__(self, reason: str, etag: str | None) -> None:
        super().__init__(reason)
        self.etag = etag


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class Pull:
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
                    f"{_resemblance(head)}; nothing was kept. {ADVICE}"
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
                    raise FetchError(f"{address}: {cut}{kept}. {ADVICE}") from cut
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
                            f"nothing was kept. {ADVICE}"
                        )
                    file.write(chunk)
                    file.flush()
                    done += len(chunk)
                    self.progress(done, size)
                    if done < size and time.monotonic() > deadline_s:
                        raise FetchError(
                            f"{address}: slower than {self.settings.slowest_bytes_per_s:g} bytes "
                            f"a second; {done} of {size} bytes are kept for the next attempt. "
                            f"{ADVICE}"
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
        web = opener(self.settings.stall_timeout_s)
        try:
            answer: http.client.HTTPResponse = web.open(
                request, timeout=self.settings.connect_timeout_s
            )
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
                    os.truncate(self.own, 0)  # it has another file there: take what it has
                    return self._answer(address, 0, None)
                said = f"{address}: HTTP {error.code} {error.reason}: {meaning(error.code)}"
                if error.code in _NOT_THERE:
                    raise NotThere(said) from error
                raise FetchError(f"{said}. {ADVICE}") from error
        except (OSError, http.client.HTTPException) as error:
            raise FetchError(f"{address}: {failure(error, self.settings)}. {ADVICE}") from error
        return answer


ADVICE = "With a copy at hand, or a mirror: --from DIR or --from URL"

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
                f"{ADVICE}"
            )
        offset, total = int(part[1]), part[2]
    elif answer.status == http.HTTPStatus.OK:
        offset, total = 0, answer.headers.get("Content-Length", "*")
    else:
        raise FetchError(f"{address}: HTTP {answer.status} {answer.reason}. {ADVICE}")
    if total.isdecimal() and int(total) != size:
        raise FetchError(
            f"{address}: {total} bytes instead of {size}: another file, or the page of a proxy; "
            f"nothing was taken. {ADVICE}"
        )
    return offset


_CHUNK_BYTES = 1 << 16


def _read(answer: http.client.HTTPResponse, etag: str | None, settings: FetchSettings) -> bytes:
    """What has arrived, at least a byte; empty at the end."""
    try:
        return answer.read1(_CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(failure(error, settings), _strong(etag)) from error


def _strong(etag: str | None) -> str | None:
    """The validator, if it may stand in ``If-Range``: a weak one may not (RFC 9110, 13.1.5)."""
    return None if etag is None or etag.startswith("W/") else etag


def _resemblance(head: bytes) -> str:
    """What a wrong file seems to be, in brackets."""
    if head.startswith(b"version https://git-lfs"):
        return " (a Git LFS pointer: copy the file that it stands for)"
    if head.lstrip()[:1] == b"<":
        return " (a web page, perhaps the login of a network)"
    return ""
