from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.reference import reference_path
from tinyrunner.runner.script.parser import parse_script, read_script
from tinyrunner.runner.script.script import (
    Script,
    ScriptError,
    Step,
    numbered_steps,
    preliminary_steps,
    print_script,
    script_text,
)
from tinyrunner.runner.script.verbs import format_verb, parse_verb

PRINTED = r"""[
    {
        cmd: 'version'
    },
    {
        cmd: 'bload dut "C:\\data\\kws01\\a b\'s.bin"',
        ms: 7840
    },
    {
        cmd: 'dut infer 800 1',
        ms: -1,
        ack: /dut.?: m-ready/
    },
    {
        cmd: 'echo pwr 2000',
        ack: /echo-message\[pwr\]/,
        ms: 2500
    }
]"""
SCRIPT = Script(
    (
        Step("version"),
        Step('bload dut "C:\\data\\kws01\\a b\'s.bin"', 7840),
        Step("dut infer 800 1", -1, "dut.?: m-ready"),
        Step("echo pwr 2000", 2500, r"echo-message\[pwr\]"),
    )
)


def published_scripts() -> list[Path]:
    scripts = sorted(reference_path("published").rglob("script.async"))
    assert len(scripts) == 8
    return scripts


def test_a_script_prints_as_the_published_files_do() -> None:
    assert print_script(SCRIPT) == PRINTED


def test_a_printed_script_parses() -> None:
    assert parse_script(PRINTED, "script.async") == SCRIPT


def test_every_published_script_parses_and_prints_back_byte_for_byte() -> None:
    for path in published_scripts():
        assert print_script(read_script(path)).encode() == path.read_bytes(), path


def test_every_published_command_is_a_verb_and_prints_back() -> None:
    for path in published_scripts():
        for step in read_script(path).steps:
            assert format_verb(parse_verb(step.command)) == step.command


def test_the_numbering_is_that_of_every_published_log() -> None:
    sequencing = re.compile(r"sequencer: (m-sequencing-i\[.*\])\s*$")
    for path in published_scripts():
        log = (path.parent / "log.txt").read_text(encoding="utf-8", errors="replace")
        published = [m[1] for m in map(sequencing.search, log.splitlines()) if m]
        assert published
        assert [
            f"m-sequencing-i[{numbered.index}]-command[{numbered.step.command}]"
            f"-ack[/{numbered.step.effective_ack}/]-ms[{numbered.step.effective_ms}]"
            f"-acc[{numbered.acc_ms}]-total_ms[{numbered.total_ms}]"
            for numbered in numbered_steps(read_script(path))
        ] == published, path


def test_the_steps_before_version_are_preliminary() -> None:
    script = Script((Step("umount"), Step("io version"), Step("version"), Step("dut profile")))
    assert preliminary_steps(script) == script.steps[:2]
    assert [(n.index, n.step.command) for n in numbered_steps(script)] == [
        (1, "version"),
        (2, "dut profile"),
    ]


def test_a_script_without_version_has_no_preliminary_steps() -> None:
    script = Script((Step("umount"), Step("dut profile")))
    assert preliminary_steps(script) == ()
    assert [numbered.index for numbered in numbered_steps(script)] == [1, 2]


def test_no_timeout_counts_as_minus_one_in_acc_and_not_in_total() -> None:
    script = Script((Step("version"), Step("dut infer 1 0", -1), Step("dut profile", 100)))
    assert [(n.acc_ms, n.total_ms) for n in numbered_steps(script)] == [
        (0, 5100),
        (5000, 5100),
        (4999, 5100),
    ]


@pytest.mark.parametrize(
    ("command", "ack"),
    [
        ("umount", "parser: m-ready"),
        ("mountc emon emon", "parser: m-ready"),
        ("version", "parser: m-ready"),
        ("bm cfg ulp-ml", "parser: m-ready"),
        ('bload dut "x.bin"', "parser: m-ready"),
        ('bloadp "x.bin"', "parser: m-ready"),
        ("dut profile", "dut: m-ready"),
        ("io tm 0", "io: m-ready"),
        ("emon voltage", "emon: m-ready"),
    ],
)
def test_the_default_ack_is_by_verb(command: str, ack: str) -> None:
    assert Step(command).effective_ack == ack
    assert Step(command).effective_ms == 5000


def test_other_ways_to_write_the_same_script_parse() -> None:
    text = (
        "\ufeff// made by hand\r\n[ {'cmd':\"version\",},\r\n/* two\r\n lines */ {ms:+7840,"
        r'"cmd" : "bload dut \"C:\\data\\kws01\\a b\x27s.bin\"" },'
        "{ack:/dut.?: m-ready/ // no time-out\n,ms:-1,cmd:'dut infer 800 1'},"
        r"{cmd:'echo \u0070wr 2000', ack: /echo-message\[pwr\]/, ms: 2500},"
        "\t]\n\n"
    )
    assert parse_script(text, "x") == SCRIPT


def test_a_regular_expression_may_hold_escaped_and_bracketed_slashes() -> None:
    text = r"[{cmd:'x',ack:/a\/b[/]c/}]"
    script = parse_script(text, "x")
    assert script.steps[0].ack == r"a\/b[/]c"
    assert parse_script(print_script(script), "x") == script


def test_an_empty_script_round_trips() -> None:
    assert parse_script(print_script(Script(())), "x") == Script(())


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("", 1, 1, "'[' (a list of steps), found the end"),
        ("[\n  {cmd: 'a'}", 2, 13, "',' or ']' after a step, found the end"),
        ("[{cmd: 'a' ms: 1}]", 1, 12, "',' or '}' after cmd, found 'ms'"),
        ("[\r\n{cmd 'a'}]", 2, 6, "':' after cmd"),
        ("[{ms: 1}]", 1, 2, "a cmd in the step"),
        ("[{cmd: 'a', cmd: 'b'}]", 1, 13, "each key once"),
        ("[{command: 'a'}]", 1, 3, "one of the keys cmd, ms and ack, found 'command'"),
        ("[{cmd: null}]", 1, 8, "a quoted command, found 'null'"),
        ("[{cmd: 'a\n'}]", 1, 8, "a closed string on one line"),
        ("[{cmd: 'a}]", 1, 8, "a closed string on one line"),
        (r"[{cmd: 'C:\Users'}]", 1, 11, r"a known escape, found \U"),
        ("[{cmd: 'a', ms: 1.5}]", 1, 17, "a whole number of milliseconds, found '1.5'"),
        ("[{cmd: 'a', ms: '5'}]", 1, 17, "a whole number of milliseconds"),
        ("[{cmd: 'a', ms: 0x10}]", 1, 17, "a whole number of milliseconds"),
        ("[{cmd: 'a', ms: " + "9" * 99999 + "}]", 1, 17, "a whole number of milliseconds"),
        ("[{cmd: 'a', ms: 0}]", 1, 2, "ms is 1 or more"),
        ("[{cmd: 'a', ms: -2}]", 1, 2, "ms is 1 or more"),
        ("[{cmd: 'a', ack: /x/i}]", 1, 21, "a regular expression without flags"),
        ("[{cmd: 'a', ack: /x", 1, 18, "a closed comment or regular expression"),
        ("[{cmd: 'a', ack: 'x'}]", 1, 18, "a regular expression between slashes"),
        ("[{cmd: 'a', ack: /(/}]", 1, 2, "no regular expression"),
        ("[{cmd: ''}]", 1, 2, "this one is empty"),
        (r"[{cmd: 'a\nb'}]", 1, 2, "a command is one line"),
        ("[] 1", 1, 4, "nothing after the list's ']', found '1'"),
        ("/* [", 1, 1, "a closed comment"),
        ("[{cmd: ['a']}]", 1, 8, "a quoted command, found '['"),
        ("[" * 100_000, 1, 2, "'{' (a step), found '['"),
        ("[,]", 1, 2, "'{' (a step), found ','"),
        ("[{cmd: 'a'}, @]", 1, 14, "a script (a list of steps), found '@]'"),
    ],
)
def test_a_broken_script_is_an_error_with_its_place(
    text: str, line: int, column: int, expected: str
) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(text, "script.async")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"script.async:{line}:{column}: ")
    assert expected in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("piece", ["/*", "//", "'\\", "[", "{", " ", "/[", "/\\", "\n/", "-1"])
def test_a_long_broken_script_is_refused_in_no_time(piece: str) -> None:
    start_s = time.process_time()
    with pytest.raises(ScriptError):
        parse_script("[{cmd: 'a', ack: " + piece * 100_000, "x")
    assert time.process_time() - start_s < 2


def test_an_unreadable_script_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "script.async"
    with pytest.raises(ScriptError, match="cannot read the script"):
        read_script(path)
    path.write_bytes(b"\xff\xfe[")
    with pytest.raises(ScriptError, match="not UTF-8"):
        read_script(path)


@pytest.mark.parametrize(
    ("command", "timeout_ms", "ack"),
    [
        ("", None, None),
        ("a\nb", None, None),
        ("a\ud800", None, None),
        ("a", 0, None),
        ("a", None, ""),
        ("a", None, "a/b"),
        ("a", None, "/x"),
        ("a", None, "*"),
        ("a", None, "a\\"),
    ],
)
def test_a_step_that_could_not_be_printed_cannot_exist(
    command: str, timeout_ms: int | None, ack: str | None
) -> None:
    with pytest.raises(ScriptError):
        Step(command, timeout_ms, ack)


commands = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40
).filter(lambda text: bool(text.strip()))
acks = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20).map(
    lambda text: "x" + re.escape(text).replace("/", "\\/")
)
steps = st.builds(Step, commands, st.none() | st.just(-1) | st.integers(1, 10**9), st.none() | acks)
scripts = st.builds(Script, st.lists(steps, max_size=8).map(tuple))


@given(scripts)
def test_any_script_prints_and_parses_to_itself(script: Script) -> None:
    text = print_script(script)
    assert parse_script(text, "x") == script
    assert parse_script(text.replace("\n", "\r\n"), "x") == script
    assert parse_script(text.replace("\n", ""), "x") == script
    assert "".join(script_text(script.steps)) == text


@given(st.text() | st.text("[]{},:'\"/\\*cmdsak 1-\n"))
@settings(max_examples=300)
def test_no_text_does_anything_but_parse_or_raise_script_error(text: str) -> None:
    line: int | None = 1
    try:
        parse_script(text, "x")
    except ScriptError as error:
        line = error.line
    assert line is not None
