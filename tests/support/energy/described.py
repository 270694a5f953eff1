"""Descriptions of instruments for tests: the shipped ones, and one changed by a few keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import yaml
from tinyrunner.energy.drivers.scpi_described.description import Described, Instrument
from tinyrunner.energy.drivers.scpi_described.driver import ScpiInstrument
from tinyrunner.energy.simulated.scpi_described import SimulatedScpi
from tinyrunner.runner.config.instruments import SHIPPED

LAB = {
    "idn": "Lab,Meter,*,*",
    "timeout_s": 0.5,
    "setup": ["*RST", "SENS:RANG 0.1"],
    "supply": {
        "range_v": [0.5, 5.0], "most_a": 1.0, "limit_a": 0.2, "set_v": "VOLT {volts}",
        "ask_v": "VOLT?", "set_a": "CURR {amperes}", "ask_a": "CURR?", "switch_on": "OUTP ON",
        "switch_off": "OUTP OFF", "is_on": "OUTP?",
    },
    "period": {"seconds": 0.001, "set": "SAMP:TIM {period_s}", "ask": "SAMP:TIM?"},
    "record": {"start": "INIT", "stop": "ABOR"},
    "fetch": {
        "every_s": 0.25, "holds": 4000, "ask": "R? {most}", "most": 500, "form": "ascii",
        "fields": ["event", "voltage_mv", "current_ua"],
    },
    "events": {"threshold": 1.0},
}  # fmt: skip
"""A FIFO that is emptied by reading, and a channel on the timestamp pin: no real instrument."""


def changed(tree: dict, changes: dict) -> dict:
    """A description with other values; None takes a key away."""
    tree = dict(tree)
    for key, value in changes.items():
        if value is None:
            tree.pop(key, None)
        elif isinstance(value, dict) and isinstance(tree.get(key), dict):
            tree[key] = changed(tree[key], value)
        else:
            tree[key] = value
    return tree


@cache
def _shipped(name: str) -> dict:
    return yaml.safe_load((SHIPPED / f"{name}.yaml").read_text("utf-8"))


def described(name: str, **changes) -> Described:
    """A shipped description, or `lab`, with these keys changed."""
    tree = LAB if name == "lab" else _shipped(name)
    return Described(Instrument.model_validate(changed(tree, changes)), f"{name}.yaml", "0" * 64)


@contextmanager
def opened(
    said: Described, power, clock, *, limit_a=None, max_voltage_v=None, **settings
) -> Iterator[tuple[ScpiInstrument, SimulatedScpi]]:
    """The driver, over real pyvisa, and the simulated instrument that it operates."""
    with (
        SimulatedScpi(power, clock, said.instrument, **settings) as simulated,
        ScpiInstrument.open(said, simulated.address, clock, max_voltage_v, limit_a) as monitor,
    ):
        yield monitor, simulated


def write(path: Path, tree: dict) -> Path:
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path
