"""Decides how fast a link may be driven: what was asked for, and what the device can take.

Pipelining loses data on a device that does not buffer its input, and more data bytes in a `db` than
a device takes are dropped without a word. So both rest on what `tinyrunner check` has found of the
same firmware at the same speed, and the wire extension on the device's own offer.
"""

from __future__ import annotations

from ...dut_protocol.errors import DutError
from ...dut_protocol.host.device_record import look_up
from ...dut_protocol.host.dut import Dut, Identity
from ...dut_protocol.host.extended_load import ask_for_offer
from ...dut_protocol.host.io_manager import IoManager
from ...dut_protocol.host.load_with_retries import Loader
from ...dut_protocol.wire.extension import NAME
from ...dut_protocol.wire.settings import LinkWishes
from ...models.cache import cache_root
from ...models.suite import Task
from ..errors import SetupError


def agree(wishes: LinkWishes, dut: Dut, loader: Loader, identity: Identity, task: Task) -> None:
    """Set the loader up as asked, for a device that has just told who it is.

    SetupError where something was asked for that this device is not known to take.
    """
    if wishes.largest_block or wishes.pipelining:
        _by_its_record(wishes, dut, loader, identity)
    if wishes.extension:
        _extend(dut, loader, task)


def refuse_behind_io_manager(wishes: LinkWishes) -> None:
    """Refuse (SetupError) what an IO manager cannot pass on: it takes short commands singly."""
    for asked, what in ((wishes.pipelining, "pipelining"), (wishes.extension, "the extension")):
        if asked:
            raise SetupError(f"energy mode goes through an IO manager: leave {what} out there")


def fit_to_io_manager(io_manager: IoManager, dut: Dut, loader: Loader) -> None:
    """Let the loader send no more in a `db` than the IO manager passes on, which is measured.

    ``dut`` is the device behind it, awake.
    """
    limit = io_manager.measure_limit(dut)
    asked, fits = loader.data_bytes, limit.data_bytes_per_db
    loader.data_bytes = min(asked, fits)
    dut.listener.note(str(limit) + (f" in place of {asked}" if fits < asked else ""))


def _by_its_record(wishes: LinkWishes, dut: Dut, loader: Loader, identity: Identity) -> None:
    found = look_up(identity, dut.settings.baud_rate, cache_root())
    record = found.record
    if found.unreadable:
        dut.listener.note(found.reason)
    if (
        record is not None
        and wishes.largest_block
        and record.data_bytes_per_db != loader.data_bytes
    ):
        loader.data_bytes = record.data_bytes_per_db
        dut.listener.note(
            f"{record.data_bytes_per_db} data bytes per db, as `tinyrunner check` found on "
            f"{record.checked_at}"
        )
    if not wishes.pipelining:
        return
    command = f"tinyrunner check --dut {dut.address} --baud-rate {dut.settings.baud_rate}"
    if record is None:
        raise SetupError(
            f"pipelining was asked for, and it is not known whether {dut.address} buffers its "
            f"input: {found.reason}; run `{command}` first, or leave pipelining out"
        )
    if record.pipeline_chars == 0:
        raise SetupError(
            f"pipelining was asked for, but {dut.address} does not buffer its input, as "
            f"`tinyrunner check` found on {record.checked_at}; leave pipelining out, or run "
            f"`{command}` again if its firmware has changed"
        )
    loader.pipeline_chars = record.pipeline_chars
    dut.listener.note(f"db commands pipelined: up to {record.pipeline_chars} characters in flight")


def _extend(dut: Dut, loader: Loader, task: Task) -> None:
    try:
        # Its line may have come damaged, which is then chatter.
        offer = dut.once_more(lambda: ask_for_offer(dut))
    except DutError as error:
        raise SetupError(f"asking {dut.address} for {NAME} by `help`: {error}") from error
    if offer is None:
        raise SetupError(
            f"the wire extension was asked for, and the firmware on {dut.address} does not offer "
            f"{NAME} in its help text; leave the extension out"
        )
    stride = task.stride_bytes
    loader.extend(offer, stride)
    shift = f", windows shifted by {stride} bytes" if stride and offer.shift else ""
    dut.listener.note(f"loads go by the wire extension {NAME} ({offer.encode()}){shift}")
