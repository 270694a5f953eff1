"""Examples of configurations, and the check of one's own."""

from __future__ import annotations

import pytest
from support.cli import tinyrunner


def test_examples_are_listed_and_each_is_well_written(tmp_path):
    listed = [line.split()[0] for line in tinyrunner("config", "example").out.splitlines()]
    assert {"board-usb", "simulated", "campaign", "energy-n6705"} <= set(listed)
    for name in listed:
        path = tmp_path / f"{name}.yaml"
        path.write_text(tinyrunner("config", "example", name).out)
        ran = tinyrunner("config", "check", path)
        assert ran.status == 0, ran
        assert "well written" in ran.out


def test_an_example_that_is_not_there_is_told_with_the_nearest():
    ran = tinyrunner("config", "example", "board-ubs")
    assert ran.status == 2
    assert "did you mean board-usb?" in ran.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dut:\n  address: sim:\n", 'stands in quotes: address: "sim:"'),
        ("dut: {adress: COM5}\n", "dut.adress: unknown key; did you mean address?"),
        (
            "folder: x\nboards: {a: {settings: {dut: {adress: COM5}}}}\n",
            "boards.a.settings.dut.adress: unknown key; did you mean address?",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path, text, said):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    ran = tinyrunner("config", "check", path)
    assert ran.status == 2
    assert f"{path}:" in ran.err
    assert said in ran.err


def test_a_host_and_its_port_get_the_advice_to_say_socket():
    ran = tinyrunner("check", "--dut", "raspberry:4000")
    assert "is socket://raspberry:4000 meant?" in ran.err
