"""JSON that a person or a disk has spoilt is a ValueError, whatever is wrong with it."""

from __future__ import annotations

import pytest
from tinyrunner.runner.config.strict_json import read_json


def test_what_is_json_is_read() -> None:
    data = b'\xef\xbb\xbf{"a": [1, -9223372036854775807, 0.5, null, "\xc2\xb5", "\\ud83d\\ude00"]}'
    assert read_json(data) == {
        "a": [1, -9223372036854775807, 0.5, None, "\N{MICRO SIGN}", "\N{GRINNING FACE}"]
    }


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b"9" * 5000, "a number beyond 64 bits, 99999"),
        (b"[-9223372036854775808]", "a number beyond 64 bits, -9223372036854775808"),
        (b'{"a": 1', "Expecting"),
        (b"\xff{}", "can't decode"),
        (b"", "Expecting value"),
        (b'{"a": ["\\ud800"]}', "surrogates not allowed"),
    ],
)
def test_what_is_none_is_said(data: bytes, expected: str) -> None:
    with pytest.raises(ValueError, match=expected) as caught:
        read_json(data)
    assert len(str(caught.value)) < 200
