"""The system description: read whatever is published, written as the template has it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reference import reference_path
from tinyrunner.runner.submission.describe.system_json import (
    MAX_BYTES,
    DuplicateKey,
    SystemJsonError,
    parse_system_json,
    read_system_json,
    system_json_bytes,
)
from tinyrunner.runner.submission.describe.system_template import TEMPLATE, TEMPLATE_NAMES

KRAI = ("published", "v1.1", "closed", "Krai", "systems", "NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3.json")
ST = ("published", "v1.3", "closed", "STMicroelectronics", "systems", "NUCLEO_L4R5ZI-P.json")


def oddities(found):
    return (*found.duplicates, *found.missing, *found.unknown, *found.not_text)


def test_a_published_description_is_read_whole():
    found = read_system_json(reference_path(*ST))
    assert set(found.values) == set(TEMPLATE_NAMES)
    assert found.values["SoC Name"] == "STM32L4R5ZIT6P"
    assert found.values["Operating System"] == "bare metal"  # written with a trailing space
    assert found.lines["SoC Name"] == 11
    assert found.status_known
    assert oddities(found) == ()


def test_the_template_has_the_order_of_a_published_description():
    written = json.loads(reference_path(*ST).read_text(encoding="utf-8"))
    assert [key.written for key in TEMPLATE] == list(written)


def test_repeated_keys_of_a_published_description_are_told_with_their_lines():
    found = read_system_json(reference_path(*KRAI))
    assert found.duplicates == (
        DuplicateKey("Inference Framework", 32, equal=False),
        DuplicateKey("Software Libraries", 33, equal=True),
        DuplicateKey("Operating System", 34, equal=True),
        DuplicateKey("Other Software Stack", 35, equal=True),
        DuplicateKey("Software Notes", 36, equal=True),
    )


def test_either_spelling_of_operating_system_is_the_same_key():
    for spelling in ("Operating System", "Operating System "):
        found = parse_system_json(json.dumps({spelling: "Zephyr"}).encode())
        assert found.values["Operating System"] == "Zephyr"
        assert not found.unknown


def test_what_is_written_is_the_template_and_reads_back():
    values = {name: f"{name} ü" for name in TEMPLATE_NAMES}
    data = system_json_bytes(values)
    assert b'"Operating System ": "Operating System \xc3\xbc"' in data
    assert b'\n  "Submitter": ' in data
    assert data.endswith(b"}\n")
    found = parse_system_json(data)
    assert found.values == values
    assert oddities(found) == ()


def test_what_is_not_the_templates_is_not_written():
    with pytest.raises(ValueError, match="system_type"):
        system_json_bytes({"system_type": "edge"})


@given(st.dictionaries(st.sampled_from(TEMPLATE_NAMES), st.text(st.characters(codec="utf-8"))))
def test_any_text_survives_being_written_and_read(values):
    found = parse_system_json(system_json_bytes(values))
    assert found.values == dict.fromkeys(TEMPLATE_NAMES, "") | values


def test_odd_keys_and_values_are_told_with_their_lines():
    text = '\ufeff{\r\n"system_type": "edge",\n"Status": ["x", {"Board Name": 1}],\n"SoC Name": 7}'
    found = parse_system_json(text.encode("utf-8"))
    assert [(odd.key, odd.line) for odd in found.unknown] == [("system_type", 2)]
    assert [(odd.key, odd.line, odd.value) for odd in found.not_text] == [
        ("Status", 3, "a list"),
        ("SoC Name", 4, "7"),
    ]
    assert "Board Name" in found.missing  # one inside a value is none
    assert "Status" not in found.missing
    assert not found.status_known


def test_half_a_surrogate_pair_is_no_text():
    found = parse_system_json(b'{"Board Name": "\\ud800"}')
    assert [odd.key for odd in found.not_text] == ["Board Name"]
    assert "Board Name" not in found.values


def test_braces_and_quotes_in_texts_do_not_confuse_the_lines():
    data = '{"Submitter": "a \\" } , \\\\",\n"Division":\n"[{\\"Status\\": 1",\n"Status": "rdi"}'
    found = parse_system_json(data.encode())
    assert dict(found.lines) == {"Submitter": 1, "Division": 2, "Status": 4}


@pytest.mark.parametrize(
    ("data", "text", "line"),
    [
        (b'{"a": "b",\n"c": }', "not JSON", 2),
        (b'{\n"a": "\xff"}', "not UTF-8", 2),
        (b"[]", "expected a JSON object, found a list", None),
        (b'"text"', "expected a JSON object", None),
        (b'{"a": NaN}', "NaN", None),
        (b"", "not JSON", 1),
        (b"[" * 200_000, "nested too deeply", None),
        (b'{"a":' * 100_000, "nested too deeply", None),
        (b" " * (MAX_BYTES + 1), "larger than", None),
    ],
)
def test_what_is_no_description_is_said(data, text, line):
    with pytest.raises(SystemJsonError, match=text) as caught:
        parse_system_json(data)
    assert caught.value.line == line


@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\ \n0eE-.nultrfasS', max_size=60))
def test_any_bytes_are_read_or_refused(data):
    data = data.encode() if isinstance(data, str) else data
    try:
        found = parse_system_json(data)
    except SystemJsonError:
        return  # said, not crashed
    assert found.missing
