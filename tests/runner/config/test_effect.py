"""A flag that can have no effect is refused; one that has some effect somewhere is not."""

from __future__ import annotations

import pytest
from tinyrunner.runner.config.effect import Use, refuse_without_effect
from tinyrunner.runner.config.settings import SETTINGS
from tinyrunner.runner.errors import SetupError

BOARD = Use(simulated=False)
"""Performance of a board on its own port."""
ACCURACY = Use(simulated=False, accuracy=True)
ENERGY = Use(simulated=False, energy=True, own_port=False)
STREAMING = Use(simulated=False, streaming=True, own_port=False)
FED = Use(simulated=False, streaming=True, accuracy=True, no_board=True)
SIMULATED = Use(simulated=True)

NEVER = {
    "io": (BOARD, ACCURACY, STREAMING, FED),
    "interface_board": (BOARD, ENERGY, FED),
    "recording": (BOARD, ENERGY),
    "no_board": (BOARD, ENERGY),
    "monitor": (BOARD, ACCURACY, STREAMING),
    "supply_v": (BOARD, STREAMING),
    "max_v": (BOARD,),
    "ppk2_default_calibration": (BOARD,),
    "soft_markers": (STREAMING,),
    "dut": (ENERGY,),
    "model": (BOARD, STREAMING),
    "engine": (BOARD,),
    "baud_rate": (ENERGY, STREAMING),
    "iterations": (ACCURACY, STREAMING),
    "warmups": (ACCURACY, STREAMING),
    "limit": (STREAMING, FED),
    "input_format": (STREAMING,),
    "confirm_results": (STREAMING,),
    "expected_inference_s": (STREAMING,),
    "data_bytes_per_db": (STREAMING,),
    "verify_load": (ENERGY, STREAMING),
    "pipelining": (STREAMING,),
    "extension": (STREAMING,),
}
SOMETIMES = {
    "io": ENERGY, "interface_board": STREAMING, "recording": FED, "no_board": FED,
    "monitor": ENERGY, "supply_v": ENERGY, "max_v": ENERGY, "ppk2_default_calibration": ENERGY,
    "soft_markers": ENERGY, "dut": BOARD, "model": SIMULATED, "engine": SIMULATED,
    "baud_rate": FED, "iterations": ENERGY, "warmups": BOARD, "limit": BOARD,
    "input_format": ACCURACY, "confirm_results": BOARD, "expected_inference_s": ENERGY,
    "data_bytes_per_db": FED, "verify_load": ACCURACY, "pipelining": BOARD, "extension": BOARD,
}  # fmt: skip


@pytest.mark.parametrize("name", NEVER)
def test_a_flag_without_effect_is_refused_and_one_use_that_has_it_is_enough(name):
    for use in NEVER[name]:
        with pytest.raises(SetupError) as refused:
            refuse_without_effect({name: "given"}, [use])
        assert f"leave out what can have no effect here: {SETTINGS[name].flag} (" in str(
            refused.value
        )
        refuse_without_effect({name: "given"}, [use, SOMETIMES[name]])


@pytest.mark.parametrize("value", [None, False, {}])
def test_what_was_not_given_is_not_refused(value):
    refuse_without_effect(dict.fromkeys(NEVER, value), [BOARD])


def test_all_of_them_are_told_at_once_those_of_one_reason_together():
    flags = {"supply_v": 3.0, "io": "/dev/ttyACM1", "monitor": "ppk2:/dev/ttyACM2", "limit": 3}
    with pytest.raises(SetupError) as refused:
        refuse_without_effect(flags, [BOARD])
    assert "--supply-v, --monitor (a monitor is there in energy mode); --io (" in str(refused.value)
    assert "--limit" not in str(refused.value)
