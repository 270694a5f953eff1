"""Every command's help has examples that parse, exit statuses, and a default for each option."""

from __future__ import annotations

import shlex
from typing import get_args

import pytest
import typer
from support.cli import tinyrunner
from tinyrunner.runner.commands.app import COMMANDS, command_of
from tinyrunner.runner.commands.help_pages import PAGES, page_of
from tinyrunner.runner.commands.help_text import default_of, option_word
from tinyrunner.runner.config.config import Config
from tinyrunner.runner.config.settings import SETTINGS


def commands():
    """Each command that does something, by its words."""
    for name in COMMANDS:
        command = command_of(name)
        below = getattr(command, "commands", None) or {"": command}
        for word, each in below.items():
            yield f"{name} {word}".rstrip(), each


ALL = dict(commands())


def test_each_command_has_a_page_and_each_page_a_command():
    missing = sorted(set(ALL) - set(PAGES))
    assert not missing, f"add three examples and the exit statuses of {missing} to help_pages.py"
    assert sorted(set(PAGES) - set(ALL)) == [], "pages of commands that are no more"


@pytest.mark.parametrize("name", ["", *COMMANDS, *PAGES])
def test_a_page_has_three_examples_that_fit_and_the_exit_statuses(name):
    page = page_of(name)
    assert len(set(page.examples)) == 3, f"{name}: three examples, each another one"
    assert {0, 1, 2} <= set(page.statuses)
    for line in page.text().splitlines():
        assert len(line) < 80, f"{name}: too long for a terminal: {line}"


@pytest.mark.parametrize(
    "example", [example for page in (page_of(""), *PAGES.values()) for example in page.examples]
)
def test_an_example_parses(example):
    words = shlex.split(example)
    name = next(
        name for name in sorted(ALL, reverse=True) if words[: len(name.split())] == name.split()
    )
    depth = len(name.split())
    try:
        with ALL[name].make_context(name, words[depth:]) as context:
            assert context.params is not None
    except typer.Exit:
        assert words[-1] == "--help"


@pytest.mark.parametrize("name", PAGES)
def test_examples_are_of_the_command_that_they_stand_at(name):
    for example in PAGES[name].examples:
        assert shlex.split(example)[: len(name.split())] == name.split()


@pytest.mark.parametrize("name", ALL)
def test_each_option_says_its_default_or_that_it_is_required(name):
    for param in ALL[name].params:
        assert default_of(param), (
            f"{name} {param.opts[0]}: say what holds without it, with show_default= where it is "
            "declared (of a setting: default= in config/settings.py)"
        )


@pytest.mark.parametrize("name", ALL)
def test_each_number_says_what_it_counts(name):
    for param in ALL[name].params:
        kind = param.type_descriptor.annotation
        if {int, float} & {kind, *get_args(kind)}:
            assert param.metavar, (
                f"{name} {param.opts[0]}: say its unit, with metavar= where it is declared (of a "
                "setting: unit= in config/settings.py)"
            )


@pytest.mark.parametrize(
    "row", [row for row in SETTINGS.values() if row.help], ids=lambda row: row.name
)
def test_the_default_in_the_help_is_the_configuration_s(row):
    value = Config().model_dump(by_alias=True)
    for key in row.place:
        value = value[key]
    value = getattr(value, "value", value)
    if isinstance(value, bool):
        assert row.default == ("on" if value else "off")
    elif value not in (None, {}):
        assert row.default == str(value)
    else:
        assert row.default


@pytest.mark.parametrize(("words", "said"), [
    ((), "tinyrunner demo"),
    (("sessions",), "tinyrunner sessions list"),
    (("sessions", "prune"), "tinyrunner sessions prune --yes"),
    (("run",), "4  a supply may be on: switch it off by hand"),
])  # fmt: skip
def test_a_help_ends_with_its_page(words, said):
    ran = tinyrunner(*words, "--help")
    assert ran.status == 0, ran
    end = ran.out[ran.out.index("Examples:") :]
    assert end.strip() == page_of(" ".join(words)).text().strip()
    assert said in end


def test_a_help_shows_defaults_and_units():
    out = " ".join(tinyrunner("run", "--help").out.split())
    for said in (
        "--supply-v VOLTS",
        "--baud-rate BAUD Of the device's port. [default: 115200]",
        "[default: off]",
        "--pipelining/--no-pipelining",
    ):
        assert said in out


@pytest.mark.parametrize("name", ALL)
def test_no_option_is_wider_than_a_terminal(name):
    words = [option_word(each) for each in ALL[name].params if each.param_type_name == "option"]
    assert max(map(len, words), default=0) <= 78


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_help_fits_its_terminal_and_no_word_is_cut(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = tinyrunner("run", "--help").out
    prose = out[: out.index("Examples:")]
    assert max(map(len, prose.splitlines())) <= min(columns, 100)
    for param in ALL["run"].params:
        if param.param_type_name == "option":
            assert option_word(param) in prose
    assert "$TINYRUNNER_DATASETS; with" in " ".join(prose.split())
