"""Fetching, from a server on this machine that does what servers and networks do."""

from __future__ import annotations

import hashlib
import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.models.catalogue import FETCHED_LISTS, REFERENCE_MODELS, ReferenceModel
from tinyrunner.models.fetch import (
    FetchError,
    FetchSettings,
    FileState,
    fetch,
    file_state,
    reference_model_path,
)
from tinyrunner.models.model_file import ModelError
from tinyrunner.models.suite import ALL_TASKS, KWS, SWW_INFERENCE, Task

DATA = random.Random(3).randbytes(200_000)  # several reads long
ITEM = ReferenceModel(
    name="test",
    file_name="test_model.tflite",
    repository="owner/repository",
    commit="0" * 40,
    path="some/where/test_model.tflite",
    sha256=hashlib.sha256(DATA).hexdigest(),
    size_bytes=len(DATA),
    licence="Apache-2.0",
    task=None,
    round_note="never",
    later_round=True,
)
OTHER = b"<" + DATA[1:]
PATIENT = FetchSettings(connect_timeout_s=10.0, stall_timeout_s=10.0)
QUICK = FetchSettings(connect_timeout_s=10.0, stall_timeout_s=0.3)
LONG_S = 5.0
"""Less than the time-out that is not meant, and time enough on a busy machine."""

CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/w6+fPT8X9eemCB+
0o8Gm5LHZs4ZamAeCj6MBuy//UChRANCAARkXGJgN8dQjLXOtJRy9wWtyaYhs8zH
PHTLmUI3Db+3FTeu06b1qak7X6QAg7nD5cvKvSiuHEoEUmXH1eIgvCf6
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBkDCCATagAwIBAgIUWcXHpJSaKNymPmZdIJl29PxYDDgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMCAXDTI2MTEyNzIxMTM1N1oYDzIxMjYxMTAz
MjExMzU3WjAUMRIwEAYDVQQDDAkxMjcuMC4wLjEwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARkXGJgN8dQjLXOtJRy9wWtyaYhs8zHPHTLmUI3Db+3FTeu06b1qak7
X6QAg7nD5cvKvSiuHEoEUmXH1eIgvCf6o2QwYjAdBgNVHQ4EFgQUIa43JL0VJsoL
YWQ0wjW3Hp4XD0AwHwYDVR0jBBgwFoAUIa43JL0VJsoLYWQ0wjW3Hp4XD0AwDwYD
VR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMCA0gAMEUC
IA3fxJtiivwGg+dlpUJ0mTk50bbYUthjzErvK1iUVEbCAiEAzpqI4I8TBMbSU9zq
jTHGFPDjo0sBTGHCCIDOqDA2YTU=
-----END CERTIFICATE-----
"""
"""A key of 127.0.0.1 and its certificate, signed by itself, for a hundred years."""

Answer = Callable[["Handler"], None]


class Origin:
    """Gives each request the next of its answers, and the last one to all that follow."""

    def __init__(self, *answers: Answer, certificate: Path | None = None) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._server.origin = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        origin: Origin = self.server.origin  # type: ignore[attr-defined]
        headers = {name.lower(): value for name, value in self.headers.items()}
        origin.requests.append((self.path, headers))
        answer = origin.answers.pop(0) if len(origin.answers) > 1 else origin.answers[0]
        with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            answer(self)

    do_CONNECT = do_GET  # noqa: N815 - the name is http.server's

    def log_message(self, *_: object) -> None:
        pass

    def begin(self, status: int, **headers: object) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def stay_silent(self) -> None:
        self.wfile.flush()
        self.server.origin.released.wait(5)  # type: ignore[attr-defined]


def whole(data: bytes = DATA) -> Answer:
    def answer(to: Handler) -> None:
        to.begin(200, Content_Length=len(data))
        to.wfile.write(data)

    return answer


def broken_off(length: int, data: bytes = DATA) -> Answer:
    """Promises all, gives ``length`` bytes."""

    def answer(to: Handler) -> None:
        to.begin(200, Content_Length=len(data))
        to.wfile.write(data[:length])

    return answer


def stalling(length: int) -> Answer:
    def answer(to: Handler) -> None:
        to.begin(200, Content_Length=len(DATA))
        to.wfile.write(DATA[:length])
        to.stay_silent()

    return answer


def endless(to: Handler) -> None:
    to.begin(200)
    to.wfile.write(DATA)
    for _ in range(1000):
        to.wfile.write(bytes(1000))


def dripping(to: Handler) -> None:
    to.begin(200, Content_Length=len(DATA))
    for byte in DATA:
        to.wfile.write(bytes([byte]))
        to.wfile.flush()
        if to.server.origin.released.wait(0.02):  # type: ignore[attr-defined]
            return


def status(code: int) -> Answer:
    return lambda to: to.begin(code, Content_Length=0)


def redirect(target: str) -> Answer:
    return lambda to: to.begin(302, Location=target, Content_Length=0)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no proxy between the test and its server."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def serve() -> Iterator[Callable[..., Origin]]:
    origins: list[Origin] = []

    def serve(*answers: Answer, certificate: Path | None = None) -> Origin:
        origins.append(Origin(*answers, certificate=certificate))
        return origins[-1]

    yield serve
    for origin in origins:
        origin.close()


Serve = Callable[..., Origin]


def kept() -> list[str]:
    folder = ITEM.cached_path.parent
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def refusal(source: str | None, settings: FetchSettings = PATIENT) -> str:
    with pytest.raises(FetchError) as caught:
        fetch(ITEM, source=source, settings=settings)
    assert file_state(ITEM) is FileState.ABSENT
    return str(caught.value)


# --- the plain way --------------------------------------------------------------------------------


def test_a_file_is_fetched_verified_and_reported(serve: Serve) -> None:
    origin = serve(whole())
    progress: list[tuple[int, int]] = []
    path = fetch(ITEM, source=origin.url, progress=lambda *both: progress.append(both))
    assert path == ITEM.cached_path
    assert path.read_bytes() == DATA
    assert kept() == ["test_model.tflite"]
    assert origin.paths == ["/some/where/test_model.tflite"]
    assert progress[-1] == (len(DATA), len(DATA))
    assert progress == sorted(progress)
    assert len(progress) > 1


def test_what_is_there_is_not_fetched_again(serve: Serve) -> None:
    origin = serve(whole())
    assert fetch(ITEM, source=origin.url) == fetch(ITEM, source=origin.url)
    assert len(origin.requests) == 1


def test_a_damaged_file_is_replaced_once_the_right_one_is_here(serve: Serve) -> None:
    ITEM.cached_path.parent.mkdir(parents=True)
    ITEM.cached_path.write_bytes(b"damaged")
    origin = serve(status(503), whole())
    with pytest.raises(FetchError):
        fetch(ITEM, source=origin.url)
    assert ITEM.cached_path.read_bytes() == b"damaged"
    assert file_state(ITEM) is FileState.DAMAGED
    fetch(ITEM, source=origin.url)
    assert file_state(ITEM) is FileState.FETCHED


def test_it_is_as_open_as_any_new_file_and_nothing_is_said(
    serve: Serve, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = fetch(ITEM, source=serve(whole()).url)
    (tmp_path / "other").touch()
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode
    assert capfd.readouterr() == ("", "")


def test_a_cache_folder_is_taken_by_its_very_name(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYRUNNER_CACHE", "~/cache")
    assert fetch(ITEM, source=serve(whole()).url).read_bytes() == DATA
    assert (tmp_path / "~" / "cache" / "models" / "test_model.tflite").exists()


def test_a_redirect_is_followed(serve: Serve) -> None:
    target = serve(whole())
    origin = serve(redirect(f"{target.url}/elsewhere"))
    assert fetch(ITEM, source=origin.url).read_bytes() == DATA
    assert target.paths == ["/elsewhere"]


def test_a_redirect_in_circles_is_an_error(serve: Serve) -> None:
    origin = serve(redirect("/some/where/test_model.tflite"))
    assert "HTTP 302" in refusal(origin.url)


def test_a_file_of_unknown_length_is_fetched(serve: Serve) -> None:
    def answer(to: Handler) -> None:
        to.begin(200)
        to.wfile.write(DATA)

    assert fetch(ITEM, source=serve(answer).url).read_bytes() == DATA


def test_several_at_once_do_not_disturb_one_another(serve: Serve) -> None:
    origin = serve(whole())
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda _: fetch(ITEM, source=origin.url), range(12)))
    assert set(paths) == {ITEM.cached_path}
    assert file_state(ITEM) is FileState.FETCHED
    assert kept() == ["test_model.tflite"]


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_wrong_file_of_the_right_size_keeps_nothing(serve: Serve) -> None:
    origin = serve(whole(OTHER))
    text = refusal(origin.url)
    assert text.startswith(f"{origin.url}/some/where/test_model.tflite: the SHA-256 is ")
    assert f"not {ITEM.sha256} (a web page, perhaps the login of a network)" in text
    assert "--from DIR" in text
    assert len(origin.requests) == 1
    assert kept() == []


def test_a_file_of_another_size_is_not_even_read(serve: Serve) -> None:
    assert "5 bytes instead of 200000" in refusal(serve(whole(b"login")).url)
    assert kept() == []


def test_a_length_that_is_no_number_is_refused(serve: Serve) -> None:
    origin = serve(lambda to: to.begin(200, Content_Length="all"))
    assert "all bytes instead of 200000" in refusal(origin.url)


def test_a_server_that_does_not_stop_is_cut_off(serve: Serve) -> None:
    assert "more than the 200000 bytes that it should have; cut off" in refusal(serve(endless).url)
    assert kept() == []


@pytest.mark.parametrize("length", [0, 10_000])
def test_a_connection_that_breaks_leaves_nothing(serve: Serve, length: int) -> None:
    origin = serve(broken_off(length))
    assert f"the connection ended after {length} of 200000 bytes. With a copy" in refusal(
        origin.url
    )
    assert len(origin.requests) == 1
    assert kept() == []


def test_a_server_that_falls_silent_is_left_after_the_stall_time(serve: Serve) -> None:
    origin = serve(stalling(10_000))
    began_s = time.monotonic()
    text = refusal(origin.url, QUICK)
    assert 0.3 <= time.monotonic() - began_s < LONG_S
    assert "nothing came (waited 10 s for a connection, 0.3 s for a byte)" in text
    assert kept() == []


def test_an_interrupted_download_leaves_nothing(serve: Serve) -> None:
    origin = serve(whole())

    def interrupt(done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(ITEM, source=origin.url, progress=interrupt)
    assert kept() == []
    assert fetch(ITEM, source=origin.url).read_bytes() == DATA


def test_a_server_that_never_answers_is_left_after_the_stall_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began_s = time.monotonic()
        text = refusal(f"http://127.0.0.1:{mute.getsockname()[1]}", QUICK)
    assert "nothing came" in text
    assert 0.3 <= time.monotonic() - began_s < LONG_S


def test_a_greeting_that_never_ends_counts_as_connecting() -> None:
    settings = FetchSettings(connect_timeout_s=0.3, stall_timeout_s=10)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        began_s = time.monotonic()
        text = refusal(f"https://127.0.0.1:{mute.getsockname()[1]}", settings)
    assert "nothing came (waited 0.3 s for a connection" in text
    assert 0.3 <= time.monotonic() - began_s < LONG_S


def test_a_byte_now_and_then_does_not_keep_it_waiting_for_ever(serve: Serve) -> None:
    settings = FetchSettings(0.2, 0.4, slowest_bytes_per_s=4e6)
    text = refusal(serve(dripping).url, settings)
    assert "slower than 4e+06 bytes a second; given up after " in text
    assert kept() == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (401, "HTTP 401 Unauthorized: the server, or a proxy on the way, refuses it"),
        (407, "the proxy wants a login"),
        (429, "HTTP 429 Too Many Requests: too many requests; try again"),
        (500, "HTTP 500 Internal Server Error: the server is in trouble; try again later"),
        (503, "HTTP 503 Service Unavailable: the server is in trouble"),
        (418, "HTTP 418 I'm a Teapot: the server does not give it"),
        (204, "HTTP 204 No Content"),
    ],
)
def test_a_refusal_is_told_with_address_and_way_out(serve: Serve, code: int, expected: str) -> None:
    origin = serve(status(code))
    text = refusal(origin.url)
    assert text.startswith(f"{origin.url}/some/where/test_model.tflite: HTTP {code}")
    assert expected.lower() in text.lower()
    assert text.endswith("With a copy at hand, or a mirror: --from DIR or --from URL")
    assert len(origin.requests) == 1
    assert kept() == []


@pytest.mark.parametrize(("code", "said"), [(404, "no such file there"), (403, "refuses it")])
def test_a_missing_file_is_told_with_every_address_tried(
    serve: Serve, code: int, said: str
) -> None:
    origin = serve(status(code))
    text = refusal(origin.url)
    assert origin.paths == ["/some/where/test_model.tflite", "/test_model.tflite"]
    assert all(f"{origin.url}{path}: HTTP {code}" in text for path in origin.paths)
    assert said in text
    assert kept() == []


def test_what_is_no_http_is_an_error(serve: Serve) -> None:
    origin = serve(lambda to: to.wfile.write(b"SSH-2.0-OpenSSH\r\n"))
    assert "no usable answer" in refusal(origin.url)


def test_a_connection_closed_without_a_word_is_an_error(serve: Serve) -> None:
    assert "no usable answer: Remote end closed" in refusal(serve(lambda to: None).url)


def test_nobody_listening_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert "no connection: " in refusal(f"http://127.0.0.1:{port}")


def test_a_server_without_tls_is_an_error_for_https(serve: Serve) -> None:
    origin = serve(whole())
    assert f"https://{origin.address}" in refusal(f"https://{origin.address}")
    assert origin.requests == []


def test_a_certificate_is_trusted_only_if_the_user_names_it(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    certificate = tmp_path / "certificate.pem"
    certificate.write_text(CERTIFICATE)
    origin = serve(whole(), certificate=certificate)
    text = refusal(f"https://{origin.address}")
    assert "the certificate is not trusted: self-signed" in text.replace(
        "self signed", "self-signed"
    )
    assert "set SSL_CERT_FILE" in text
    assert origin.requests == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert fetch(ITEM, source=f"https://{origin.address}").read_bytes() == DATA


def test_a_folder_that_cannot_be_made_is_an_error(cache: Path, serve: Serve) -> None:
    cache.write_text("a file where the folder should be")
    origin = serve(whole())
    with pytest.raises(FetchError, match=r"cannot keep test_model.tflite .*TINYRUNNER_CACHE"):
        fetch(ITEM, source=origin.url)
    assert origin.requests == []


# --- proxies --------------------------------------------------------------------------------------


def test_the_proxy_of_the_environment_is_used(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(whole())
    monkeypatch.setenv("http_proxy", proxy.url)
    fetch(ITEM, source="http://mirror.invalid/base/")
    assert proxy.paths == ["http://mirror.invalid/base/some/where/test_model.tflite"]


def test_upstream_is_asked_for_through_the_proxy_s_tunnel(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(status(502))
    monkeypatch.setenv("https_proxy", proxy.url)
    text = refusal(None)
    assert proxy.paths == ["raw.githubusercontent.com:443"]
    assert text.startswith(f"{ITEM.url}: ")
    assert "Tunnel connection failed: 502" in text


def test_no_proxy_is_used_for_a_host_that_is_excepted(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, origin = serve(status(502)), serve(whole())
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fetch(ITEM, source=origin.url)
    assert proxy.requests == []


# --- mirrors and folders --------------------------------------------------------------------------


def test_a_mirror_may_hold_the_files_by_name_alone(serve: Serve) -> None:
    origin = serve(status(404), whole())
    assert fetch(ITEM, source=f"{origin.url}/mirror/").read_bytes() == DATA
    assert origin.paths == ["/mirror/some/where/test_model.tflite", "/mirror/test_model.tflite"]


@pytest.mark.parametrize(
    "place", ["test_model.tflite", "some/where/test_model.tflite", "deep/in/it/test_model.tflite"]
)
def test_a_folder_may_hold_the_file_anywhere(tmp_path: Path, place: str) -> None:
    copy = tmp_path / "copies" / place
    copy.parent.mkdir(parents=True)
    copy.write_bytes(DATA)
    progress: list[tuple[int, int]] = []
    source = str(tmp_path / "copies")
    path = fetch(ITEM, source=source, progress=lambda *both: progress.append(both))
    assert path.read_bytes() == DATA
    assert progress == [(len(DATA), len(DATA))]
    assert kept() == ["test_model.tflite"]


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "my copies").mkdir()
    (tmp_path / "my copies" / "test_model.tflite").write_bytes(DATA)
    assert fetch(ITEM, source=(tmp_path / "my copies").as_uri()).read_bytes() == DATA


def test_the_file_itself_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "renamed.bin").write_bytes(DATA)
    assert fetch(ITEM, source=str(tmp_path / "renamed.bin")).read_bytes() == DATA


def test_a_right_copy_is_found_behind_a_wrong_one(tmp_path: Path) -> None:
    (tmp_path / "test_model.tflite").write_bytes(OTHER)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "test_model.tflite").write_bytes(DATA)
    assert fetch(ITEM, source=str(tmp_path)).read_bytes() == DATA


@pytest.mark.parametrize("wrong", [OTHER, DATA[:-1], b""])
def test_a_wrong_copy_is_named_and_not_kept(tmp_path: Path, wrong: bytes) -> None:
    copy = tmp_path / "copies" / "test_model.tflite"
    copy.parent.mkdir()
    copy.write_bytes(wrong)
    text = refusal(str(copy.parent))
    assert text.startswith(f"{copy}: not test as published (200000 bytes, SHA-256 {ITEM.sha256})")
    assert kept() == []


def test_a_folder_without_the_file_is_an_error(tmp_path: Path) -> None:
    assert "no test_model.tflite in" in refusal(str(tmp_path))
    assert "no folder" in refusal(str(tmp_path / "none"))


@pytest.mark.parametrize("source", ["ftp://host/x", "s3://bucket", "http://", "https:///path"])
def test_an_address_of_another_kind_is_refused(source: str) -> None:
    assert f"{source}: expected a folder, or an address with http" in refusal(source)


# --- the real catalogue ---------------------------------------------------------------------------


def test_every_file_of_the_catalogue_is_found_in_the_reference_data() -> None:
    source = str(reference_path("models").parent)
    for item in (*REFERENCE_MODELS, *FETCHED_LISTS):
        assert fetch(item, source=source) == item.cached_path
        assert file_state(item) is FileState.FETCHED


@pytest.mark.parametrize("task", [*ALL_TASKS.values(), SWW_INFERENCE], ids=lambda task: task.key)
def test_the_reference_model_of_a_task_is_the_fetched_one(task: Task) -> None:
    item = next(model for model in REFERENCE_MODELS if model.task == task.key)
    fetch(item, source=str(reference_path("models")))
    assert reference_model_path(task) == item.cached_path


def test_without_it_the_command_that_fetches_it_is_told() -> None:
    with pytest.raises(ModelError, match=r"not here yet: tinyrunner models fetch kws$"):
        reference_model_path(KWS)


def test_a_damaged_reference_model_is_not_used() -> None:
    item = next(model for model in REFERENCE_MODELS if model.task == "kws")
    item.cached_path.parent.mkdir(parents=True)
    item.cached_path.write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"wrong SHA-256.*tinyrunner models fetch kws"):
        reference_model_path(KWS)
