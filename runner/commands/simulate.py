"""``tinyrunner simulate dut``: a device that any runner, or a terminal, can talk to."""

from __future__ import annotations

import threading
from typing import Annotated

import typer
from rich.console import Console

from ...dut_protocol.serve import DeviceServer, PtyPort, ServedPort, TcpPort
from ..bench import simulated_device
from ..config import override
from ..errors import SetupError
from . import options

app = typer.Typer(no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """Serve a simulated device to other programs."""


@app.command()
def dut(
    task: Annotated[
        str, typer.Option("--task", help="What it runs: vww, ic, kws, ad or custom.")
    ] = "kws",
    model: options.ModelOption = None,
    config: options.ConfigOption = None,
    pty: Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal.")] = False,
    tcp: Annotated[
        str | None, typer.Option("--tcp", metavar="HOST:PORT", help="On TCP; port 0: any free.")
    ] = None,
    baud_rate: Annotated[
        int, typer.Option("--baud-rate", help="Modelled speed; 0: as fast as it goes.")
    ] = 115200,
    inference_ms: Annotated[
        float | None, typer.Option("--inference-ms", help="Modelled time of an inference.")
    ] = None,
    energy: Annotated[bool, typer.Option("--energy", help="As energy-mode firmware.")] = False,
) -> None:
    """Serve a simulated device under test until Ctrl-C; its address goes to stdout."""
    settings = options.base_config(config)
    chosen = options.task_named(task, settings)
    if pty == (tcp is not None):
        raise SetupError("where? Give either --pty or --tcp HOST:PORT")
    address = f"sim:{chosen.model_id}?baud={baud_rate}&mode={_mode(energy)}"
    if inference_ms is not None:
        address += f"&inference_ms={inference_ms}"
    device = simulated_device(override(settings, dut=address, model=model), None)
    server = DeviceServer(device.device)
    port: ServedPort
    if tcp is None:
        port = PtyPort.open()
        server.boot()
    else:
        port = TcpPort.listen(*_host_and_port(tcp), server.boot)
    note = f" ({device.model.note})" if device.model.note else ""
    Console(stderr=True).print(
        f"{chosen.model_id} on {port.address}: {device.model.model}{note}; Ctrl-C ends it",
        markup=False,
        highlight=False,
    )
    typer.echo(port.address)
    try:
        server.run(port, threading.Event())
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        port.close()


def _mode(energy: bool) -> str:
    return "energy" if energy else "performance"


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SetupError(f"--tcp {text}: expected HOST:PORT, e.g. 127.0.0.1:5000")
    return host, int(port)
