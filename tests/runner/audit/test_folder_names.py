"""Names of organizations, systems and implementations become folders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.runner.submission.describe.names import as_folder_name, check_folder_name


@pytest.mark.parametrize("name", ["Acme", "NUCLEO-L4R5ZI_v1.2", "Größe & Söhne", "a b", "console"])
def test_an_ordinary_name_may_be_a_folder(name):
    assert check_folder_name(name) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "got nothing"),
        (".", "another folder"),
        ("..", "another folder"),
        ("a/b", "'/' in it"),
        ("a\\b", "in it"),
        ("C:x", "':' in it"),
        ("a\nb", "in it"),
        ("a\0b", "in it"),
        (".hidden", "dot"),
        (" a", "space"),
        ("a ", "space"),
        ("a.", "drops"),
        ("NUL", "device"),
        ("com1.json", "device"),
        ("x" * 101, "longer"),
        ("a\ud800", "not text"),
    ],
)
def test_a_name_that_some_system_cannot_hold_is_refused(name, why):
    with pytest.raises(ValueError, match=why):
        check_folder_name(name)


@given(st.text())
def test_any_text_gives_a_proposal_that_may_be_a_folder(text):
    assert check_folder_name(as_folder_name(text))
