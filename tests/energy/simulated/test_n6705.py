"""The simulated N6705 as a strict instrument: what it refuses, its traps, its figures."""

from __future__ import annotations

import socket

import numpy as np
import pytest
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.visa_link import BlockReader
from tinyrunner.energy.simulated.n6705 import SimulatedN6705
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState
from tinyrunner.energy.simulated.scpi import Grammar, ScpiError


class Wire:
    """A raw socket, as a terminal program would use it."""

    def __init__(self, address):
        _, host, port, _ = address.split("::")
        self._socket = socket.create_connection((host, int(port)), timeout=5.0)
        self._file = self._socket.makefile("rb")

    def send(self, *lines):
        self._socket.sendall("".join(line + "\n" for line in lines).encode())

    def ask(self, line):
        self.send(line)
        return self._file.readline().decode().strip()

    def error(self, *lines):
        self.send(*lines)
        return self.ask("SYST:ERR?")

    def floats(self, line, dtype):
        self.send(line)
        reader = BlockReader(1 << 24)
        while not reader.complete:
            reader.feed(self._file.read(reader.needed))
        assert self._file.read(1) == b"\n"
        return np.frombuffer(reader.payload, dtype)

    def close(self):
        self._file.close()
        self._socket.close()


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def power():
    return PowerModel()


@pytest.fixture
def instrument(clock, power):
    with SimulatedN6705(power, clock, current_noise_a=0.0, voltage_noise_v=0.0) as instrument:
        yield instrument


@pytest.fixture
def wire(instrument):
    wire = Wire(instrument.address)
    yield wire
    wire.close()


NO_ERROR = '+0,"No error"'


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("SENS:ELOG:FOO ON,(@1)", "-113"),
        ("SENSE:ELO:PER 1,(@1)", "-113"),  # neither the short form nor the long one
        ("VOLT 1.8,(@1:)", "-104"),
        ("VOLT 1.8", "-109"),
        ("VOLT (@1)", "-109"),
        ("VOLT 1.8,2.0,(@1)", "-108"),
        ("VOLT lots,(@1)", "-104"),
        ("VOLT 21,(@1)", "-222"),
        ("VOLT 1.8,(@5)", "-222"),
        ("OUTP PERHAPS,(@1)", "-224"),
        ("FORM BINARY", "-224"),
        ("EMUL PS2Q,(@2)", "+302"),
        ("TRIG:ELOG (@1)", "-211"),
    ],
)
def test_what_is_wrong_goes_into_the_error_queue(wire, line, code):
    assert wire.error(line).startswith(code + ',"')
    assert wire.ask("SYST:ERR?") == NO_ERROR


@pytest.mark.parametrize(
    "line",
    [
        "VOLT 1.8,(@1)",
        "source:voltage:level 1.8, (@1)",
        ":SOUR:VOLT 1.8,(@1:4)",
        "*RST;*CLS",
        "SENS:ELOG:FUNC:CURR ON,(@1);VOLT OFF,(@1)",
        "SENS:ELOG:FUNC:CURR:MINM 0,(@1,2,3,4)",
        "SYST:COMM:RLST LOC",
    ],
)
def test_what_is_right_leaves_no_error(wire, line):
    assert wire.error(line) == NO_ERROR


def test_the_queue_keeps_the_order_and_cls_empties_it(wire):
    wire.send("FOO", "VOLT 99,(@1)")
    assert wire.ask("SYST:ERR?").startswith("-113")
    assert wire.error("*CLS") == NO_ERROR


def test_a_grammar_takes_short_and_long_forms_only():
    grammar = Grammar([("FETCh:ELOG?", lambda request: "x")])
    for header in ("FETC:ELOG?", "fetch:elog?", ":FETC:ELOG?"):
        assert grammar.run(f"{header} 1,(@1)") == "x"
    for header in ("FETCH:ELOG", "FETCHH:ELOG?", "FET:ELOG?"):
        with pytest.raises(ScpiError):
            grammar.run(header)


def test_the_output_switches_the_board_and_tells_when(clock, power):
    told = []
    with SimulatedN6705(power, clock, on_power=lambda *what: told.append(what)) as instrument:
        wire = Wire(instrument.address)
        clock.pause(1.0)
        assert wire.error("VOLT 1.8,(@1)", "OUTP ON,(@1)", "OUTP ON,(@1)") == NO_ERROR
        assert (power.supply_v, instrument.supply_on) == (1.8, True)
        assert float(wire.ask("MEAS:VOLT? (@1)")) == 1.8
        assert float(wire.ask("MEAS:CURR? (@1)")) == BoardCurrents().boot_a
        wire.error("OUTP ON,(@2)")
        clock.pause(1.0)
        assert wire.error("*RST") == NO_ERROR
        wire.close()
    assert told == [(True, 1.0), (False, 2.0)]
    assert power.supply_v == 0.0


def test_above_its_protection_the_output_goes_off(clock, power):
    with SimulatedN6705(power, clock) as instrument:
        wire = Wire(instrument.address)
        assert wire.error("VOLT:PROT:REM 3.6,(@1)", "VOLT 3.3,(@1)", "OUTP ON,(@1)") == NO_ERROR
        assert wire.error("VOLT:PROT 3.6,(@1)") != NO_ERROR  # the other modules' command
        assert instrument.supply_on
        wire.error("VOLT 3.7,(@1)")
        assert not instrument.supply_on
        wire.close()
    assert power.supply_v == 0.0


def test_the_power_up_default_stretches_the_period_of_who_does_not_clear_it(wire):
    wire.error("SENS:ELOG:FUNC:CURR ON,(@1)", "SENS:ELOG:PER 0.0002048,(@1)")
    # four voltages and one current: five parameters, and the coarse resolution
    assert float(wire.ask("SENS:ELOG:PER? (@1)")) == pytest.approx(13 * 40.96e-6)
    wire.error("SENS:ELOG:FUNC:VOLT OFF,(@2,3,4)")
    assert float(wire.ask("SENS:ELOG:PER? (@1)")) == pytest.approx(204.8e-6)
    wire.error("*RST")
    assert wire.ask("SENS:ELOG:FUNC:VOLT? (@1,2,3,4)") == "1,1,1,1"


@pytest.mark.parametrize(
    ("asked", "made"), [("0.0001", 204.8e-6), ("0.001", 49 * 20.48e-6), ("0.0002048", 204.8e-6)]
)
def test_the_period_is_a_multiple_of_the_resolution(wire, asked, made):
    wire.error("SENS:ELOG:FUNC:VOLT OFF,(@2,3,4)", "SENS:ELOG:FUNC:CURR ON,(@1)")
    assert wire.error(f"SENS:ELOG:PER {asked},(@1)") == NO_ERROR
    assert float(wire.ask("SENS:ELOG:PER? (@1)")) == pytest.approx(made, rel=1e-5)


def log_both(wire, *more):
    wire.error(
        "SENS:ELOG:FUNC:VOLT OFF,(@2,3,4)",
        "SENS:ELOG:FUNC:CURR ON,(@1)",
        "SENS:ELOG:PER 0.001024,(@1)",
        "FORM REAL",
        *more,
        "VOLT 3.0,(@1)",
        "OUTP ON,(@1)",
        "INIT:ELOG (@1)",
    )
    assert wire.error("TRIG:ELOG (@1)") == NO_ERROR


@pytest.mark.parametrize(("order", "dtype"), [("NORM", ">f4"), ("SWAP", "<f4")])
def test_the_log_holds_the_models_energy(wire, clock, power, order, dtype):
    log_both(wire, f"FORM:BORD {order}")
    for _ in range(50):  # changes in the middle of sample periods
        clock.pause(0.0173)
        power.change(clock.now_s(), PowerState.INFER)
        clock.pause(0.0031)
        power.change(clock.now_s(), PowerState.IDLE)
    clock.pause(0.001024)
    values = wire.floats("FETC:ELOG? 100000,(@1)", dtype).astype(float)
    amperes, volts = values[::2], values[1::2]
    assert volts == pytest.approx(3.0)
    until_s = len(amperes) * 0.001024
    true_j = float(power.energy_j(np.array([until_s]))[0])
    assert float(np.sum(amperes * volts)) * 0.001024 == pytest.approx(true_j, rel=1e-6)
    assert len(wire.floats("FETC:ELOG? 100000,(@1)", dtype)) == 0


def test_ascii_is_the_default_format(wire, clock):
    wire.error("SENS:ELOG:FUNC:VOLT OFF,(@2,3,4)", "SENS:ELOG:PER 0.1024,(@1)", "VOLT 2,(@1)")
    wire.error("OUTP ON,(@1)", "TRIG:ELOG:SOUR BUS,(@1)", "INIT:ELOG (@1)", "*TRG")
    clock.pause(0.35)
    assert wire.ask("FORM?") == "ASCII"
    assert wire.ask("FETC:ELOG? 10,(@1)").split(",") == ["+2.000000E+00"] * 3


def test_the_fifo_holds_twenty_seconds_and_overwrites(wire, clock):
    log_both(wire)
    clock.pause(25.0)
    records = len(wire.floats("FETC:ELOG? 1000000,(@1)", ">f4")) // 2
    assert records == int(20.0 / 0.001024)


def test_fetching_removes_and_abort_ends_the_log(wire, clock):
    log_both(wire)
    clock.pause(1.0)
    assert len(wire.floats("FETC:ELOG? 100,(@1)", ">f4")) == 200
    assert wire.error("INIT:ELOG (@1)").startswith("-213")
    assert wire.error("ABOR:ELOG (@1)") == NO_ERROR
    clock.pause(1.0)
    assert len(wire.floats("FETC:ELOG? 10000,(@1)", ">f4")) == 2 * (int(1.0 / 0.001024) - 100)


def test_noise_repeats_with_its_seed_and_has_no_mean(clock):
    sums = []
    for _ in range(2):
        power, clock = PowerModel(), VirtualClock()
        with SimulatedN6705(power, clock, seed=7) as instrument:
            wire = Wire(instrument.address)
            log_both(wire)
            clock.pause(18.0)
            values = wire.floats("FETC:ELOG? 100000,(@1)", ">f4").astype(float)
            sums.append(float(np.mean(values[::2] * values[1::2])))
            wire.close()
    assert sums[0] == sums[1]
    assert sums[0] == pytest.approx(3.0 * BoardCurrents().boot_a, rel=1e-4)
    assert sums[0] != 3.0 * BoardCurrents().boot_a


# ---- what manuals and other programs say that it says -------------------------------------------

TALK = dialogues("n6705")
MEASURED = "two records are fetched"
AFTER_A_RESET = "the words and numbers that it has after a reset"


def test_it_says_what_the_transcript_says_byte_for_byte():
    instrument = SimulatedN6705(PowerModel(), VirtualClock())
    for name, dialogue in TALK.items():
        if name in (MEASURED, AFTER_A_RESET):
            continue
        for sent, answer in dialogue.pairs:
            assert said(instrument, sent) == answer, (name, sent)


def test_it_is_after_a_reset_as_the_manual_has_it():
    instrument = SimulatedN6705(PowerModel(), VirtualClock())
    assert said(instrument, b"FORM REAL\nVOLT:PROT:REM 3,(@1)\nOUTP ON,(@1)\n*RST\n") == b""
    for sent, answer in TALK[AFTER_A_RESET].pairs:
        assert said(instrument, sent) == answer, sent


def test_its_records_have_the_form_of_the_transcripts():
    """The numbers are the power model's: 10 mA at 3 V without noise are the transcript's first."""
    clock = VirtualClock()
    power = PowerModel(BoardCurrents(0.01, 0.01, 0.01, 0.01, 0.01))
    instrument = SimulatedN6705(power, clock, current_noise_a=0.0, voltage_noise_v=0.0)
    for name in list(TALK)[: list(TALK).index(MEASURED)]:
        for sent, _ in TALK[name].pairs:
            said(instrument, sent)
    power.change(clock.now_s(), PowerState.IDLE)
    clock.pause(2.5 * 204.8e-6)
    ((sent, answer),) = TALK[MEASURED].pairs
    block = said(instrument, sent)
    assert (block[:4], len(block), block[-1:]) == (answer[:4], len(answer), b"\n")
    amperes, volts = np.frombuffer(block[4:12], ">f4")
    assert (amperes, volts) == pytest.approx((0.01, 3.0))


def said(instrument, sent):
    """All that it answers to some lines."""
    answers = [instrument.handle(line) for line in sent.decode().split("\n")[:-1]]
    return b"".join(segment for segments in answers for segment in segments)
