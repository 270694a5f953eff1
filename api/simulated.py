"""Serves a simulated device to anything that talks to a port, while a block of code runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from .session import StrPath


@contextmanager
def simulated_device(
    task: str = "kws",
    *,
    pty: bool = False,
    tcp: tuple[str, int] = ("127.0.0.1", 0),
    model: StrPath | None = None,
    engine: str | None = None,
    replay: StrPath | None = None,
    datasets: StrPath | None = None,
    baud_rate: int = 115200,
    inference_time_s: float | None = None,
    energy: bool = False,
    extension: bool = False,
    config: StrPath | None = None,
) -> Iterator[str]:
    """Serve a simulated device on TCP, or on a pseudo-terminal, in real time; gives its address.

    It runs ``task`` with ``model`` (a .tflite file, ``demo`` or ``reference``) by ``engine``
    (``litert``, ``litert-reference`` or ``tflm``), or answers as the board in the log ``replay``
    did, whose inputs are under ``datasets``. Port 0 takes any that is
    free; ``baud_rate`` 0 is as fast as it goes. ``energy`` is the firmware for energy sessions,
    ``extension`` offers the wire extension, ``config`` describes the task ``custom``.

    Its name and its banner say that it is simulated, so that no session on it is valid, whichever
    runner measures it.

    To measure without waiting, leave it out and give the address ``sim:`` to ``run``.
    """
    from ..dut_protocol.simulated.serve import DeviceServer, PtyPort, ServedPort, TcpPort
    from ..runner.bench.simulated import device as simulated
    from ..runner.config.config import Config, load_config, override
    from ..runner.config.name_lookup import task_named

    base = Config() if config is None else load_config(Path(config))
    options = f"?baud={baud_rate}"
    if inference_time_s is not None:
        options += f"&inference_ms={inference_time_s * 1e3}"
    if replay is not None:
        address = f"sim:{options}&replay={quote(str(replay))}"
    else:
        mode = "energy" if energy else "performance"
        model_id = task_named(task, base).model_id
        address = f"sim:{model_id}{options}&mode={mode}&extension={extension:d}"
    settings = override(base, dut=address, model=model, engine=engine, datasets=datasets)
    server = DeviceServer(simulated.simulated_device(settings, None).device)
    port: ServedPort
    if pty:
        port = PtyPort.open()
        server.boot()
    else:
        port = TcpPort.listen(*tcp, server.boot)
    stop = threading.Event()
    with closing(port), ThreadPoolExecutor(1, "simulated device") as pool:
        serving = pool.submit(server.run, port, stop)
        try:
            yield port.address
        finally:
            stop.set()
            serving.result()  # what went wrong in serving is the caller's to know
