"""The shipped descriptions, from end to end, against simulations that nobody made from them.

pyvisa-sim plays instruments that are written by hand from the vendors' manuals (`by_hand`), with
samples whose energy is known. Messages have an end there, as over VXI-11 and USB, where our own
simulator is a raw socket.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.scpi_described.driver import ScpiInstrument
from tinyrunner.energy.drivers.visa_link import VisaLink
from tinyrunner.energy.errors import MonitorRefused
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.runner.config.instruments import SHIPPED, load_instrument

BY_HAND = Path(__file__).parent / "by_hand"
SMU_J = 0.002 * (60 * 8e-3 * 2.999 + 40 * 35e-3 * 2.998)
MEASURED = [
    ("dmm7510", "meter", 3.0, 0.1, 100, 0.001 * 3.0 * (60 * 8e-3 + 40 * 35e-3)),
    ("smu2450", "smu", 3.0, 0.2, 100, SMU_J),
    ("ngm200", "supply", 3.0, 0.25, 250, 0.001 * 3.0 * (150 * 2**-7 + 100 * 2**-5)),
]


def library(name):
    return f"{BY_HAND / name}.yaml@sim"


def resource(host):
    return f"TCPIP0::{host}::inst0::INSTR"


@pytest.mark.parametrize(("name", "host", "supply_v", "seconds", "samples", "joules"), MEASURED)
def test_a_shipped_description_measures_what_the_instrument_of_the_manuals_has(
    name, host, supply_v, seconds, samples, joules, tmp_path
):
    clock = VirtualClock()
    described = load_instrument(name)
    with ScpiInstrument.open(
        described, resource(host), clock, max_voltage_v=3.6, library=library(name)
    ) as monitor:
        assert monitor.set_supply(supply_v) == supply_v
        monitor.power(True)
        switched = answer(name, host, "OUTP?") if described.instrument.supply else None
        with TraceWriter(tmp_path / "trace.bin", monitor.capabilities.default_rate_hz) as writer:
            monitor.start(writer)
            clock.pause(seconds)
            trace = monitor.stop()
    assert len(trace.samples_uj) == samples
    assert trace.gaps == ()
    assert trace.samples_uj.sum(dtype=float) * 1e-6 == pytest.approx(joules, rel=1e-6)
    if switched is not None:
        assert switched == "1"
        assert answer(name, host, "OUTP?") == "0"


def answer(name, host, question):
    """What the simulated instrument says to somebody else."""
    with VisaLink.open(resource(host), library=library(name)) as link:
        return link.query(question)


def test_the_supplys_own_protection_is_set_a_tenth_above_what_the_configuration_allows():
    described = load_instrument("ngm200")
    with ScpiInstrument.open(
        described, resource("supply"), VirtualClock(), 3.6, library=library("ngm200")
    ) as monitor:
        monitor.set_supply(3.3)
        assert float(answer("ngm200", "supply", "VOLT:PROT:LEV?")) == 3.96
        assert answer("ngm200", "supply", "VOLT:PROT?") == "1"


@pytest.mark.parametrize(("name", "host"), [(row[0], row[1]) for row in MEASURED])
def test_a_command_that_the_instrument_does_not_know_is_quoted_with_its_error(name, host, tmp_path):
    text = (SHIPPED / f"{name}.yaml").read_text()
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace('  - "*RST"\n', '  - "*RST"\n  - "SENS:FOO ON"\n'))
    with pytest.raises(MonitorRefused, match=r"refused 'SENS:FOO ON': -113,\"Undefined header"):
        ScpiInstrument.open(
            load_instrument(str(path)), resource(host), VirtualClock(), library=library(name)
        )
