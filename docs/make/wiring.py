"""Draws how a bench is wired, from one table: an SVG that takes the colours of the page it is in.

A page asks for one by `<!-- wiring: lpm01a -->`. `python docs/make/wiring.py NAME` prints it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Wire:
    """Is one wire: what kind, and the pins at its left and its right end."""

    kind: str
    """supply, ground, signal, uart or usb."""
    left: str
    right: str


@dataclass(frozen=True)
class Instrument:
    """Says what stands between computer and board, and what is wired to it."""

    title: str
    computer: tuple[Wire, ...]
    """To its left."""
    board: tuple[Wire, ...]
    """To its right."""
    own_supply: str = ""
    """The name of a supply that is the user's, which stands at the left, too."""
    from_supply: tuple[Wire, ...] = ()


def _powers(plus: str, minus: str) -> tuple[Wire, ...]:
    return Wire("supply", plus, "supply pin"), Wire("ground", minus, "ground")


_USB = (Wire("usb", "USB", "USB"),)
_LAN = (Wire("usb", "LAN or USB", "LAN or USB"),)
_IO_MANAGER = Instrument(
    "IO manager (Arduino Uno)",
    (Wire("usb", "USB", "USB, 115200"),),
    (
        Wire("uart", "UART, 9600 baud", "RX, TX"),
        Wire("signal", "time stamp", "timestamp pin"),
        Wire("ground", "ground", "ground"),
    ),
)

WIRINGS = {
    "performance": (
        Instrument(
            "UART of the board, or adapter",
            _USB,
            (
                Wire("uart", "TX", "RX"),
                Wire("uart", "RX", "TX"),
                Wire("ground", "ground", "ground"),
            ),
        ),
    ),
    "lpm01a": (
        Instrument(
            "X-NUCLEO-LPM01A",
            _USB,
            (
                *_powers("CN14 pin 3 (VOUT)", "CN14 pin 1"),
                Wire("signal", "D7", "timestamp pin"),
            ),
        ),
        _IO_MANAGER,
    ),
    "joulescope": (
        Instrument(
            "Joulescope",
            _USB,
            (
                *_powers("OUT+", "OUT−"),
                Wire("signal", "IN0", "timestamp pin"),
                Wire("supply", "Vref (JS220, JS320)", "supply pin"),
            ),
            "your supply",
            (Wire("supply", "+", "IN+"), Wire("ground", "−", "IN−")),
        ),
        _IO_MANAGER,
    ),
    "ppk2": (
        Instrument(
            "Nordic PPK2, source mode",
            (Wire("usb", "USB", "USB; above 0.5 A both"),),
            (
                *_powers("VOUT", "GND"),
                Wire("signal", "logic D0", "timestamp pin"),
                Wire("supply", "logic VCC", "supply pin"),
                Wire("ground", "logic GND", "ground"),
            ),
        ),
        _IO_MANAGER,
    ),
    "stlinkv3pwr": (Instrument("STLINK-V3PWR", _USB, _powers("VOUT", "ground")), _IO_MANAGER),
    "otii": (
        Instrument(
            "Otii Arc or Ace",
            (Wire("usb", "Otii server", "USB"),),
            (
                *_powers("main +", "main −"),
                Wire("signal", "GPI 1", "timestamp pin"),
                Wire("ground", "expansion port, ground", "ground"),
            ),
        ),
        _IO_MANAGER,
    ),
    "n6705": (Instrument("Keysight N6705", _LAN, _powers("output 1 +", "output 1 −")), _IO_MANAGER),
    "scpi-supply": (
        Instrument("SCPI instrument with a supply", _LAN, _powers("output +", "output −")),
        _IO_MANAGER,
    ),
    "scpi-external": (
        Instrument(
            "SCPI meter, as an ammeter",
            _LAN,
            (Wire("supply", "current, out", "supply pin"),),
            "your supply",
            (Wire("supply", "+", "current, in"), Wire("ground", "−", "to the board's ground")),
        ),
        _IO_MANAGER,
    ),
}
"""The wirings by name: the instruments from top to bottom."""

_ROW, _TOP, _GAP = 26, 34, 26
_LEFT, _MIDDLE, _RIGHT = (0, 150), (230, 540), (640, 780)
"""Where the columns begin and end."""


def drawing(name: str) -> str:
    """Return a wiring as a block of HTML without an empty line, as Markdown wants it."""
    return f'<div class="wiring">{"".join(_svg(name))}</div>'


def _svg(name: str) -> Iterator[str]:
    heights = [_TOP + _ROW * _rows(each) for each in WIRINGS[name]]
    height = sum(heights) + _GAP * (len(heights) - 1)
    said = "; ".join(_in_words(each) for each in WIRINGS[name])
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 -1 782 {height + 2}" width="782" '
        f'role="img"><title>{escape(f"Wiring: {said}")}</title>'
    )
    yield _box(_RIGHT, 0, height, "your board")
    top = 0
    for each, tall in zip(WIRINGS[name], heights, strict=True):
        yield _box(_MIDDLE, top, tall, each.title)
        yield from _left_side(each, top, tall)
        for row, wire in enumerate(each.board):
            yield from _wire(wire, _MIDDLE[1], _RIGHT[0], top + _TOP + _ROW * (row + 0.4))
        top += tall + _GAP
    yield "</svg>"


def _rows(each: Instrument) -> int:
    left = len(each.computer) + (len(each.from_supply) + 2 if each.own_supply else 0)
    return max(left, len(each.board))


def _left_side(each: Instrument, top: float, tall: float) -> Iterator[str]:
    """Draw the computer, and below it the user's own supply, with their wires."""
    split = _TOP + _ROW * len(each.computer)
    yield _box(_LEFT, top, split if each.own_supply else tall, "computer")
    for row, wire in enumerate(each.computer):
        yield from _wire(wire, _LEFT[1], _MIDDLE[0], top + _TOP + _ROW * (row + 0.4))
    if each.own_supply:
        below = top + split + _ROW * 0.6
        yield _box(_LEFT, below, top + tall - below, each.own_supply)
        for row, wire in enumerate(each.from_supply):
            yield from _wire(wire, _LEFT[1], _MIDDLE[0], below + _TOP + _ROW * (row + 0.3))


def _in_words(each: Instrument) -> str:
    wires = (*each.from_supply, *each.board)
    return f"{each.title}: " + ", ".join(f"{wire.left} to {wire.right}" for wire in wires)


def _box(columns: tuple[int, int], top: float, tall: float, title: str) -> str:
    left, right = columns
    return (
        f'<rect x="{left}" y="{top:g}" width="{right - left}" height="{tall:g}" rx="6"/>'
        f'<text x="{(left + right) / 2:g}" y="{top + 21:g}" text-anchor="middle" '
        f'font-weight="bold">{escape(title)}</text>'
    )


def _wire(wire: Wire, left: int, right: int, y: float) -> Iterator[str]:
    yield f'<path class="wire {wire.kind}" d="M{left} {y:g}H{right}"/>'
    for x, anchor, pin in ((left - 8, "end", wire.left), (right + 8, "start", wire.right)):
        yield f'<text class="pin" x="{x}" y="{y + 4:g}" text-anchor="{anchor}">{escape(pin)}</text>'


if __name__ == "__main__":
    print(drawing(sys.argv[1]))
