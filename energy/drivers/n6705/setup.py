"""Configures an N6705, from the power-up state to a logger that waits for its trigger.

``SYST:ERR?`` follows every step, and what matters is read back.

Where a highest voltage is configured, the channel's own over-voltage protection is set 10 % above
it: ``VOLT:PROT``, on a source/measure unit ``VOLT:PROT:REM`` (Keysight's reference guide of the
N6700; EEMBC's runner sets the latter).

Not confirmed on an instrument: that every kind of module has such a protection (one that refuses it
is used all the same, and the trace's provenance says so), and that min/max logging can be cleared
on every kind. One that does not know that refuses in its own words, which the error shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import MonitorError, MonitorRefused
from ...monitor import MonitorIdentity
from ..scpi import do, errors_after, number, set_word
from ..visa_link import VisaLink

PARAMETERS = 2
"""How many quantities are logged: current and voltage, so that the power is measured and not
assumed."""
MIN_PERIOD_S = 102.4e-6 * PARAMETERS
"""The shortest period for each parameter that is logged: 102.4 µs by the N6700 user's guide."""
MAX_PERIOD_S = 60.0
RESOLUTION_S = 20.48e-6
COARSE_RESOLUTION_S = 40.96e-6
DEFAULT_CURRENT_LIMIT_A = 0.5
"""The current limit unless told: ten times what the LPM01A gives, and too little to burn a board's
traces."""
PROTECTION_MARGIN = 1.1
"""The over-voltage protection over the highest voltage, which it must not mistake for too much:
modules keep it to 0.25 % and 50 to 250 mV."""
_MODEL = re.compile(r"N67\d\d[A-Z]?")


@dataclass(frozen=True, slots=True)
class LoggerOptions:
    """Says what the user asks for."""

    channel: int
    max_voltage_v: float | None
    current_limit_a: float
    sample_period_s: float
    seamless_ranging: bool


@dataclass(frozen=True, slots=True)
class LoggerSetup:
    """Says what the instrument made of it."""

    module: str
    limit_command: str
    """``CURR``, or ``CURR:LIM`` on a source/measure unit, where ``CURR`` is the level to source."""
    supply_range_v: tuple[float, float]
    max_current_a: float
    period_s: float
    protection_v: float | None
    """The level of the over-voltage protection; None where none is set."""


def identify(link: VisaLink) -> MonitorIdentity:
    """Ask who answers; MonitorRefused when it is some other instrument."""
    answer = link.query("*IDN?")
    fields = [field.strip() for field in answer.split(",")]
    if len(fields) != 4 or not _MODEL.fullmatch(fields[1]):
        raise MonitorRefused(
            f"{link.address} says it is {answer!r}: neither an N6705 nor an N6700 mainframe"
        )
    return MonitorIdentity(*fields)


def count_channels(link: VisaLink, wanted: int) -> int:
    """Ask how many channels there are; MonitorRefused when ``wanted`` is none of them."""
    channels = round(number(link, "SYST:CHAN?"))
    if not 1 <= wanted <= channels:
        raise MonitorRefused(f"{link.address} has channels 1 to {channels}, not {wanted}")
    return channels


def configure(link: VisaLink, options: LoggerOptions, channels: int) -> LoggerSetup:
    """Reset the instrument (which switches every output off) and make the logger ready."""
    if link.query("*OPC?", after="*RST").lstrip("+") != "1":
        raise MonitorError(f"{link.address} did not finish its reset")
    do(link, "*CLS")
    at = f"(@{options.channel})"
    module = link.query(f"SYST:CHAN:MOD? {at}").strip('"')
    limit_command = "CURR"
    if module.startswith("N678"):
        do(link, f"EMUL PS2Q,{at}")
        do(link, f"FUNC VOLT,{at}")
        limit_command = "CURR:LIM"
    max_current_a = number(link, f"{limit_command}? MAX,{at}")
    if not 0.0 < options.current_limit_a <= max_current_a:
        raise MonitorRefused(
            f"a current limit of {options.current_limit_a:g} A is outside what channel "
            f"{options.channel} of {link.address} offers: above 0, up to {max_current_a:g} A"
        )
    return LoggerSetup(
        module,
        limit_command,
        (max(0.0, number(link, f"VOLT? MIN,{at}")), number(link, f"VOLT? MAX,{at}")),
        max_current_a,
        _configure_logger(link, options, channels),
        _protect(link, options, module),
    )


def _protect(link: VisaLink, options: LoggerOptions, module: str) -> float | None:
    """Set the over-voltage protection; return its level, None where the module has none."""
    if options.max_voltage_v is None:
        return None
    at = f"(@{options.channel})"
    command = "VOLT:PROT:REM" if module.startswith("N678") else "VOLT:PROT"
    level_v = options.max_voltage_v * PROTECTION_MARGIN
    if errors_after(link, f"{command} {level_v:.6g},{at}"):
        return None
    set_v = number(link, f"{command}? {at}")
    if set_v > level_v + 0.05:
        raise MonitorRefused(
            f"channel {options.channel} of {link.address} set its over-voltage protection to "
            f"{set_v:g} V instead of {level_v:g} V"
        )
    return set_v


def _configure_logger(link: VisaLink, options: LoggerOptions, channels: int) -> float:
    """Configure what is logged; return the sample period in force."""
    wanted_s = options.sample_period_s
    if not MIN_PERIOD_S - 1e-9 <= wanted_s <= MAX_PERIOD_S:
        raise MonitorRefused(
            f"a sample period of {wanted_s:g} s is outside what {link.address} offers: "
            f"{MIN_PERIOD_S:g} to {MAX_PERIOD_S:g} s with current and voltage"
        )
    at = f"(@{options.channel})"
    _log_only(link, options.channel, channels)
    if options.seamless_ranging:
        do(link, f"SENS:ELOG:CURR:RANG:AUTO ON,{at}")
    set_word(link, "FORM", "REAL")
    set_word(link, "FORM:BORD", "NORM")
    do(link, f"SENS:ELOG:PER {wanted_s:.9g},{at}")
    set_s = number(link, f"SENS:ELOG:PER? {at}")
    if abs(set_s - wanted_s) > COARSE_RESOLUTION_S:
        raise MonitorRefused(
            f"{link.address} made a sample period of {set_s:g} s out of {wanted_s:g} s: it logs "
            "more than the current and voltage of one channel"
        )
    do(link, f"TRIG:ELOG:SOUR BUS,{at}")
    return _exact_period(set_s)


def _log_only(link: VisaLink, channel: int, channels: int) -> None:
    """Log current and voltage of one channel, and nothing else.

    The power-up default logs the voltage of every channel, which stretches the period.
    """
    every = range(1, channels + 1)
    at_every = f"(@{','.join(map(str, every))})"
    for what in ("VOLT", "CURR", "VOLT:MINM", "CURR:MINM"):
        do(link, f"SENS:ELOG:FUNC:{what} OFF,{at_every}")
    for what in ("CURR", "VOLT"):
        do(link, f"SENS:ELOG:FUNC:{what} ON,(@{channel})")
        logged = link.query(f"SENS:ELOG:FUNC:{what}? {at_every}")
        flags = [flag.strip().lstrip("+") for flag in logged.split(",")]
        if flags != [str(int(one == channel)) for one in every]:
            raise MonitorRefused(
                f"{link.address} logs {what} on channels {logged!r} (1 is on) rather than on "
                f"channel {channel} alone; its samples would be mixed up"
            )


def _exact_period(answered_s: float) -> float:
    """Return the exact period: an answer has six digits; periods are multiples of 20.48 µs."""
    exact_s = round(answered_s / RESOLUTION_S) * RESOLUTION_S
    return exact_s if abs(exact_s / answered_s - 1.0) < 1e-5 else answered_s
