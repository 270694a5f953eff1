"""The table of settings: every row is a place of the configuration, and a flag that works."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel
from support.cli import tinyrunner
from tinyrunner.runner.commands.app import command_of
from tinyrunner.runner.config.config import Config, override
from tinyrunner.runner.config.settings import SETTINGS
from tinyrunner.runner.terms import Purpose

ONLY_IN_A_FILE = {
    "io_manager.baud_rate",
    "io_manager.dut_baud_rate",
    "interface_board.baud_rate",
    "interface_board.dut_baud_rate",
    "monitor.current_limit_a",
    "monitor.boot_timeout_s",
    "custom",
}


def leaves(section: BaseModel, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The place of each setting of a configuration."""
    for name, field in type(section).model_fields.items():
        value, name = getattr(section, name), field.alias or name
        if isinstance(value, BaseModel):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name)


def test_every_place_of_a_configuration_has_a_row_or_is_told_in_a_file_alone():
    places = set(leaves(Config()))
    rows = {row.place for row in SETTINGS.values()}
    assert rows <= places
    assert {".".join(place) for place in places - rows} == ONLY_IN_A_FILE


def test_run_has_the_flag_of_every_row_that_has_one_in_the_table_s_order():
    options = command_of("run").params
    shown = [name for option in options for name in option.opts if name.startswith("--")]
    wanted = [row.flag for row in SETTINGS.values() if row.help]
    assert [flag for flag in shown if flag in wanted] == wanted
    negated = {row.flag for row in SETTINGS.values() if row.negated}
    assert {option.opts[0] for option in options if option.secondary_opts} == negated


@pytest.mark.parametrize(
    ("flag", "value", "place", "expected"),
    [
        ("--dut", "sim:kws01", ("dut", "address"), "sim:kws01"),
        ("--supply-v", "2.5", ("monitor", "supply_v"), 2.5),
        ("--max-v", "5.5", ("monitor", "max_voltage_v"), 5.5),
        ("--ppk2-default-calibration", None, ("monitor", "ppk2_default_calibration"), True),
        ("--soft-markers", None, ("monitor", "soft_markers"), True),
        ("--no-pipelining", None, ("dut", "pipelining"), False),
        ("--limit", "3", ("limit",), 3),
        ("--for", "development", ("purpose",), Purpose.DEVELOPMENT),
    ],
)
def test_a_flag_sets_what_its_row_says(flag, value, place, expected, monkeypatch):
    given = []
    monkeypatch.setattr(
        "tinyrunner.runner.config.config.override",
        lambda config, **flags: given.append(override(config, **flags)) or given[0],
    )
    words = [flag] if value is None else [flag, value]
    tinyrunner("run", "kws", "--mode", "bad", *words)
    found: object = given[0]
    for part in place:
        found = getattr(found, part)
    assert found == expected
