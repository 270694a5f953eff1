"""The description of an instrument: what is wrong with one is told by file, line and key."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import get_args

import pytest
from support.energy.described import LAB, changed, write
from tinyrunner.energy.drivers.scpi_described.description import Instrument, Section
from tinyrunner.runner.config.config import Config, absolute, load_config, override
from tinyrunner.runner.config.explain import ConfigError
from tinyrunner.runner.config.instruments import SHIPPED, load_instrument, split_address
from tinyrunner.runner.errors import SetupError


def refusal(folder, **changes):
    path = write(folder / "mine.yaml", changed(LAB, changes))
    with pytest.raises(ConfigError) as caught:
        load_instrument(str(path))
    assert str(caught.value).startswith(f"{path}:")
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_descriptions_are_found_by_name_and_say_what_is_not_confirmed(path):
    described = load_instrument(path.stem)
    assert described.path == str(path)
    assert len(described.sha256) == 64
    assert "NOT TRIED ON AN INSTRUMENT" in path.read_text("utf-8")


def test_every_command_of_the_shipped_descriptions_has_its_source_beside_it():
    for path in SHIPPED.glob("*.yaml"):
        for line in path.read_text("utf-8").splitlines():
            command, _, comment = line.partition("  #")
            if re.match(r"""\s+(- |\w+: ).*["'][*A-Z]|\s+(start|stop): """, command):
                assert "[" in comment or "*RST" in command, (path.name, line)


DOCS = Path(__file__).parents[3] / "docs" / "monitors.md"


def test_the_example_of_the_documentation_is_a_description(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(DOCS.read_text("utf-8").partition("```yaml\n")[2].partition("```")[0])
    said = load_instrument(str(path)).instrument
    assert said.is_named("Lab Instruments,LOG-2,17,1.0")


def test_the_documentation_has_every_key():
    text = DOCS.read_text("utf-8")
    sections, missing = [Instrument], []
    while sections:
        for name, field in sections.pop().model_fields.items():
            kinds = (field.annotation, *get_args(field.annotation))
            sections += [
                kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)
            ]
            missing += [name] if f"`{name}`" not in text else []
    assert missing == []


def test_an_unknown_key_is_told_with_its_line_and_the_nearest_key(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text((SHIPPED / "dmm7510.yaml").read_text().replace("every_s:", "evry_s:"))
    line = 1 + path.read_text().splitlines().index("  evry_s: 0.5")
    with pytest.raises(ConfigError) as caught:
        load_instrument(str(path))
    said = str(caught.value)
    assert f"{path}:{line}: fetch.evry_s: unknown key; did you mean every_s?" in said
    assert "fetch.every_s: this key is missing" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"supply": None, "external": {"most_a": 1.0}}, "external.voltage_v: this key is missing"),
        ({"supply": None}, "expected either supply (the instrument powers the board) or external"),
        ({"external": {"voltage_v": 3.0, "most_a": 1.0}}, "expected either supply"),
        ({"setup": ["*RST", "*IDN?"]}, "setup.1: expected a command without an answer"),
        ({"setup": ["VOLT 3\nOUTP ON"]}, "one line of at most 250 ASCII characters"),
        ({"setup": ["µ"]}, "ASCII characters"),
        ({"setup": [3]}, "setup.0: expected text, got 3"),
        ({"errors": "SYST:ERR"}, "expected a question"),
        ({"supply": {"set_v": "VOLT 3"}}, "supply.set_v: expected {volts} in it"),
        ({"supply": {"set_v": "VOLT {volt}"}}, "nothing is known of {volt}; did you mean {volts}?"),
        ({"supply": {"range_v": [5.0]}}, "supply.range_v"),
        ({"supply": {"range_v": [5.0, 1.0]}}, "0 <= low < high"),
        ({"supply": {"limit_a": 2.0}}, "limit_a (2) is above most_a (1)"),
        ({"supply": {"switch_on": []}}, "supply.switch_on"),
        ({"period": {"seconds": "1 ms"}}, "period.seconds: expected a number, got '1 ms'"),
        ({"period": {"seconds": 0}}, "period.seconds: expected at least 1e-06, got 0"),
        ({"period": {"seconds": 5}}, "period.seconds: expected at most 1, got 5"),
        ({"fetch": {"form": "csv"}}, "expected ascii or block, got 'csv'"),
        ({"fetch": {"form": "block"}}, "order: little or big"),
        ({"fetch": {"order": "big"}}, "a list has none"),
        ({"fetch": {"fields": ["event", "curent_a"]}}, "did you mean current_a?"),
        ({"fetch": {"fields": ["event"]}}, "expected exactly one current, got 0"),
        ({"fetch": {"fields": ["event", "current_a", "current_ma"]}}, "exactly one current, got 2"),
        ({"fetch": {"count": "DATA:POIN?"}}, "go together"),
        ({"fetch": {"ask": "DATA? {first},{last}"}}, "go together"),
        ({"fetch": {"holds": 100}}, "keeps 100 samples of 0.001 s, and is fetched every 0.25 s"),
        ({"fetch": {"holds": 1000000, "ask": "R?"}}, "where 16000000 are the most"),
        ({"events": None}, "events and an `event` among the fields go together"),
        ({"fetch": {"fields": ["current_a"]}}, "and an `event` among the fields go together"),
        ({"events": {"bit": 0}}, "either a threshold or a bit"),
        ({"fetch": {"ready": {"ask": "STAT?", "bit": 40}}}, "ready.bit: expected at most 31"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(changes, said, tmp_path):
    assert said in refusal(tmp_path, **changes)


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [\n", "a: &b 1\nc: *b\n", "\xff"])
def test_a_file_that_is_no_description_is_an_error_with_its_name(text, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError, match=r"mine\.yaml"):
        load_instrument(str(path))


def test_a_file_that_is_not_there_is_an_error_with_those_that_are():
    with pytest.raises(SetupError, match=r"did you mean dmm7510.*dmm7510, ngm200, smu2450"):
        load_instrument("dmm751")
    with pytest.raises(SetupError, match=r"cannot read the description .*: No such file"):
        load_instrument("./dmm7510")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("scpi:dmm7510", ("dmm7510", None)),
        ("scpi:dmm7510@TCPIP0::h::inst0::INSTR", ("dmm7510", "TCPIP0::h::inst0::INSTR")),
        ("scpi:C:\\me@home\\a.yaml", ("C:\\me@home\\a.yaml", None)),
        ("scpi:/me@home/a.yaml@USB0::1::2::3::INSTR", ("/me@home/a.yaml", "USB0::1::2::3::INSTR")),
    ],
)
def test_an_address_is_a_file_and_perhaps_a_resource(address, parts):
    assert split_address(address) == parts


RESOURCE = "TCPIP0::h::inst0::INSTR"


@pytest.mark.parametrize("prefix", ["scpi:", "sim:scpi:"])
def test_a_file_is_relative_to_the_configuration_that_names_it(prefix, tmp_path):
    def address(text):
        path = tmp_path / "config.yaml"
        path.write_text(f"monitor: {{address: '{text}'}}\n")
        return load_config(path).monitor.address

    here = tmp_path / "lab" / "mine.yaml"
    assert address(f"{prefix}lab/mine.yaml@{RESOURCE}") == f"{prefix}{here}@{RESOURCE}"
    assert address(f"{prefix}lab/mine.yaml") == f"{prefix}{here}"
    assert address(f"{prefix}{here}") == f"{prefix}{here}"
    assert address(f"{prefix}dmm7510@{RESOURCE}") == f"{prefix}dmm7510@{RESOURCE}"
    assert address("lpm01a:COM3") == "lpm01a:COM3"


def test_a_flags_file_is_relative_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = override(Config(), monitor="scpi:mine.yaml")
    assert config.monitor.address == "scpi:mine.yaml"
    whole = absolute(config).monitor.address
    assert whole == f"scpi:{Path(os.getcwd()) / 'mine.yaml'}"
