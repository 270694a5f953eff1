"""Differences as people read them: one minus sign everywhere, and always a sign."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import tinyrunner
from tinyrunner.runner.score.minus_sign import signed

SIMULATED = "simulated"
"""Folders of devices and instruments, whose signs are their bytes'."""


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (-0.0213, ".1%", "−2.1%"),
        (0.0213, ".1%", "+2.1%"),
        (-12.4, ".0f", "−12"),
        (-0.004, ".2f", "+0.00"),
        (-1e-5, ".3g", "−1e-05"),
    ],
)
def test_a_difference_has_a_sign_and_its_minus_is_the_mathematical_one(value, form, text):
    assert signed(value, form) == text


def test_no_text_of_the_program_writes_a_sign_by_another_way():
    root = Path(tinyrunner.__file__).parent
    own = {"runner/score/minus_sign.py", "dut_protocol/conformance/timer.py"}
    found = [
        f"{name}: {sign[0]}"
        for path in (*root.glob("runner/**/*.py"), *root.glob("dut_protocol/**/*.py"))
        if (name := path.relative_to(root).as_posix()) not in own and SIMULATED not in path.parts
        for sign in re.finditer(r"\{[^{}]*:\+[^{}]*\}", path.read_text("utf-8"))
    ]
    assert found == []
