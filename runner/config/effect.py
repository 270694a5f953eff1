"""Tells which flags mean something for what is to be done: one that can have no effect is refused.

A configuration's file may hold settings for many benches, tasks and modes, and what is of none of
those at hand is passed over. What somebody typed for this one time is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from ..errors import SetupError
from .settings import SETTINGS


@dataclass(frozen=True, slots=True)
class Use:
    """Says what a bench is used for, as far as flags depend on that."""

    simulated: bool
    """Whether the device is simulated in this process."""
    energy: bool = False
    accuracy: bool = False
    streaming: bool = False
    """Whether the device listens to a recording, and has no inputs."""
    no_board: bool = False
    """Whether the recording goes over the device's UART."""
    own_port: bool = True
    """Whether the device is on a port of its own, behind no IO manager or interface board."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Says of some settings when they have an effect."""

    names: str
    when: str
    has_effect: Callable[[Use], bool]


_RULES = (
    _Rule(
        "io",
        "an IO manager is there in energy mode of a task with inputs",
        lambda use: use.energy and not use.streaming,
    ),
    _Rule(
        "interface_board",
        "an interface board plays the recording of sww, and without --no-board",
        lambda use: use.streaming and not use.no_board,
    ),
    _Rule("recording no_board", "a recording is played to sww", lambda use: use.streaming),
    _Rule(
        "monitor supply_v max_v ppk2_default_calibration soft_markers",
        "a monitor is there in energy mode",
        lambda use: use.energy,
    ),
    _Rule(
        "dut",
        "in energy mode the device is reached through the IO manager (--io); or --dut sim: has the "
        "whole bench simulated",
        lambda use: use.simulated or use.streaming or not use.energy,
    ),
    _Rule("model engine", "a model is run by a simulated device", lambda use: use.simulated),
    _Rule(
        "baud_rate",
        "it is for a device on a port of its own; behind an IO manager or an interface board the "
        "rate is dut_baud_rate of that in a file",
        lambda use: use.own_port,
    ),
    _Rule(
        "iterations warmups",
        "there are windows in performance and energy mode of a task with inputs",
        lambda use: not (use.accuracy or use.streaming),
    ),
    _Rule(
        "limit input_format confirm_results expected_inference_s",
        "sww has a recording, and no inputs",
        lambda use: not use.streaming,
    ),
    _Rule(
        "data_bytes_per_db",
        "nothing is loaded where an interface board plays a recording",
        lambda use: not use.streaming or use.no_board,
    ),
    _Rule(
        "verify_load",
        "loads are read back in performance and accuracy mode of a task with inputs",
        lambda use: not (use.energy or use.streaming),
    ),
    _Rule(
        "pipelining extension",  # of energy mode another error says more
        "nothing of sww is loaded so",
        lambda use: not use.streaming,
    ),
)
_BY_NAME = {name: rule for rule in _RULES for name in rule.names.split()}


def has_effect(name: str, use: Use) -> bool:
    """Tell whether a setting means something to a use."""
    rule = _BY_NAME.get(name)
    return rule is None or rule.has_effect(use)


def refuse_without_effect(flags: Mapping[str, object], uses: Iterable[Use]) -> None:
    """Refuse (SetupError) flags that were given and mean nothing to any of the uses.

    ``flags`` are values by the settings' names; None, False or nothing stands for one not given.
    """
    every = tuple(uses)
    vain: dict[str, list[str]] = {}
    for name, value in flags.items():
        given = value is not None and value is not False and value != {}
        if given and not any(has_effect(name, use) for use in every):
            vain.setdefault(_BY_NAME[name].when, []).append(SETTINGS[name].flag)
    if vain:
        said = "; ".join(f"{', '.join(names)} ({when})" for when, names in vain.items())
        raise SetupError(f"leave out what can have no effect here: {said}")
