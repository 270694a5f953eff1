"""Asks a device what each layer of its last inference took."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import DutProtocolError, DutReportedError, FirmwareFault
from ..wire.commands import Raw
from ..wire.layers import ASK_LAYERS, CounterKind, LayerCounter, LayersDone, LayerTime
from ..wire.messages import Message
from .dut import Dut
from .exchange import REPLY_TIMEOUT_S

_LONGEST_ANSWER_CHARS = 255 * 100
"""Of as many layers as the library can tell, with long names."""

_MOST = (1 << 63) - 1
"""Cycles or microseconds; more is no clock's, and no column's of a table."""


@dataclass(frozen=True, slots=True)
class LayerTimes:
    """Holds what a device says of its last inference."""

    counter: str
    """What counts the cycles, in the device's words, without its kind."""
    kind: CounterKind
    layers: tuple[LayerTime, ...]
    cycles: int
    """Of the whole inference: the layers' and what is between them."""
    us: int

    @property
    def layer_cycles(self) -> int:
        return sum(layer.cycles for layer in self.layers)


def ask_layers(dut: Dut) -> LayerTimes:
    """Ask for the layers of the last inference.

    FirmwareFault where the firmware does not tell them, or tells what cannot be; DutProtocolError
    where a line is missing, which may be asked again.
    """
    where = f"`{ASK_LAYERS}` on {dut.address}"
    try:
        reply = dut.ask(Raw(ASK_LAYERS), REPLY_TIMEOUT_S + dut.wire_s(_LONGEST_ANSWER_CHARS))
    except DutReportedError as error:
        raise FirmwareFault(f"{error}: the firmware can not tell its layers") from error
    return layer_times(reply, where)


def layer_times(answer: Iterable[Message], where: str) -> LayerTimes:
    """Read the answer to `profile layers`, now or from a log; errors as of :func:`ask_layers`.

    ``where`` is what an error begins with: the question, and whom it was put to.
    """
    reply = tuple(answer)
    counters = [message for message in reply if isinstance(message, LayerCounter)]
    layers = tuple(message for message in reply if isinstance(message, LayerTime))
    done = [message for message in reply if isinstance(message, LayersDone)]
    if not (counters or layers or done):
        raise FirmwareFault(
            f"{where}: the firmware does not tell what its layers take; build it with the "
            "library's setting TR_LAYERS (`make LAYERS=64` in a port by `tinyrunner firmware new`)"
        )
    numbers = [layer.number for layer in layers]
    if len(counters) != 1 or len(done) != 1 or numbers != list(range(done[0].count)):
        told = done[0].count if done else "an unknown number of"
        raise DutProtocolError(
            f"{where}: of {told} layers came {numbers}, with {len(counters)} first and {len(done)} "
            "last lines; lines were lost on the way, or a layer's name holds brackets"
        )
    (counter,), (whole,) = counters, done
    _check(where, counter, layers, whole)
    assert counter.kind is not None
    text = counter.text.partition(":")[2].strip()
    return LayerTimes(text, counter.kind, layers, whole.cycles, whole.us)


def _check(
    where: str, counter: LayerCounter, layers: tuple[LayerTime, ...], whole: LayersDone
) -> None:
    if counter.kind is None:
        kinds = ", ".join(f"`{kind.value}:`" for kind in CounterKind)
        raise FirmwareFault(
            f"{where}: the counter is called {counter.text!r}, which must begin with one of "
            f"{kinds} (`cycle_counter` in the firmware)"
        )
    if not layers:
        raise FirmwareFault(
            f"{where}: no layer was timed: the hook `infer` must call tr_layer_done() behind each "
            "(networks by `tinyrunner firmware export` do, if compiled with TR_LAYERS as well)"
        )
    if whole.cycles == 0:
        raise FirmwareFault(
            f"{where}: an inference took 0 cycles by {counter.text!r}: the counter does not run "
            "(DWT CYCCNT must be enabled, and QEMU has none)"
        )
    most = max(whole.cycles, whole.us, *(max(layer.cycles, layer.us) for layer in layers))
    if most > _MOST:
        raise FirmwareFault(f"{where}: {most} is no count of cycles or microseconds")
    total = sum(layer.cycles for layer in layers)
    if total > whole.cycles:
        raise FirmwareFault(
            f"{where}: the layers took {total} cycles and the whole inference {whole.cycles}: the "
            "counter wraps before 2^32, or within a layer"
        )
