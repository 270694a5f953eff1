from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.runner.script.script import ScriptError
from tinyrunner.runner.script.verbs import (
    BmCfg,
    BoardBaudRate,
    BoardCommand,
    BoardDutCommand,
    BoardPlay,
    BoardQuestion,
    DutCommand,
    Echo,
    EmonPower,
    EmonTimer,
    EmonTrace,
    EmonVoltage,
    IoCommand,
    IoDutCommand,
    Load,
    Mount,
    Umount,
    Verb,
    Version,
    format_verb,
    input_file_name,
    parse_verb,
)

COMMANDS: list[tuple[str, Verb]] = [
    ("umount", Umount()),
    ("mountc dut dut", Mount("dut", "dut")),
    ("mountc io ioman", Mount("io", "ioman")),
    ("version", Version()),
    ("bm cfg ulp-mlperf", BmCfg("ulp-mlperf")),
    ("dut infer 800 1", DutCommand("infer 800 1")),
    ("io enable-timer", IoCommand("enable-timer")),
    ("io version", IoCommand("version")),
    ("io dut infer 800 1", IoDutCommand("infer 800 1")),
    ('bload dut "C:\\d\\kws01\\a.bin"', Load("C:\\d\\kws01\\a.bin")),
    ('bload dut "/d e/ad01/a.bin" 512 2560', Load("/d e/ad01/a.bin", 512, 2560)),
    ('bloadp "/d/ad01/a.bin" 0 2560', Load("/d/ad01/a.bin", 0, 2560, through_io=True)),
    ('bloadp "a.bin"', Load("a.bin", through_io=True)),
    ("emon voltage", EmonVoltage()),
    ("emon voltage 3000", EmonVoltage(3000)),
    ("emon power on", EmonPower(True)),
    ("emon power off", EmonPower(False)),
    ("emon timer on", EmonTimer(True)),
    ("emon timer off", EmonTimer(False)),
    ("emon trace on trace1", EmonTrace("trace1")),
    ("emon trace off", EmonTrace()),
    ("ib name", BoardCommand(BoardQuestion.NAME)),
    ("ib ls", BoardCommand(BoardQuestion.FILES)),
    ("ib checkbaud", BoardCommand(BoardQuestion.BAUD_RATE)),
    ("ib setbaud 9600", BoardBaudRate(9600)),
    ("ib record", BoardCommand(BoardQuestion.RECORD)),
    ("ib play long_wav.wav", BoardPlay("long_wav.wav")),
    ("ib detections", BoardCommand(BoardQuestion.DETECTIONS)),
    ("ib dutycycle", BoardCommand(BoardQuestion.DUTY_CYCLE)),
    ("ib dut start", BoardDutCommand("start")),
    ("echo pwr 2000", Echo("pwr", 2000)),
    ("echo two words 5 10", Echo("two words 5", 10)),
]


@pytest.mark.parametrize(("command", "verb"), COMMANDS)
def test_a_command_is_a_verb_and_back(command: str, verb: Verb) -> None:
    assert parse_verb(command) == verb
    assert format_verb(verb) == command


@pytest.mark.parametrize("command", ["  version ", "mountc  dut   dut", "io  dut  profile"])
def test_white_space_between_words_does_not_matter(command: str) -> None:
    assert format_verb(parse_verb(command)) == " ".join(command.split())


@pytest.mark.parametrize(
    "command",
    [
        "",
        "   ",
        "reboot",
        "Version",
        "version 2",
        "umount dut",
        "mountc dut",
        "mountc a b c",
        "bm",
        "bm run x",
        "bm cfg",
        "dut",
        "io",
        "io dut",
        "bload",
        'bload io "a.bin"',
        "bload dut a.bin",
        'bload dut ""',
        'bload dut "a.bin',
        'bload dut "a.bin" 5',
        'bload dut "a.bin" 0 0',
        'bload dut "a.bin" -1 5',
        'bload dut "a.bin" 1 2 3',
        'bload dut "a.bin" ' + "9" * 9999 + " 1",
        "emon",
        "emon power",
        "emon power maybe",
        "emon voltage high",
        "emon voltage -1",
        "emon trace on",
        "emon trace on a b",
        "emon trace",
        "echo",
        "echo pwr",
        "echo 2000",
        "echo pwr -5",
        "dut a\nb",
    ],
)
def test_what_is_no_verb_is_refused(command: str) -> None:
    with pytest.raises(ScriptError):
        parse_verb(command)


def test_an_unknown_command_says_which_are_known() -> None:
    with pytest.raises(ScriptError, match=r"unknown command 'reboot now'; known are umount, "):
        parse_verb("reboot now")


def test_a_verb_that_could_not_be_printed_cannot_exist() -> None:
    with pytest.raises(ScriptError):
        IoCommand("dut profile")
    with pytest.raises(ScriptError):
        Load('a".bin')
    with pytest.raises(ScriptError):
        Load("a.bin", offset=5)
    with pytest.raises(ScriptError):
        Echo("x", -1)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("C:\\Users\\a\\kws01\\x.bin", "x.bin"),
        ("/home/a/kws01/x.bin", "x.bin"),
        ("C:/mixed\\x.bin", "x.bin"),
        ("x.bin", "x.bin"),
        ("folder/", ""),
    ],
)
def test_the_file_name_is_found_behind_either_slash(path: str, name: str) -> None:
    assert input_file_name(path) == name


words = st.from_regex(r"[!-~é]{1,12}", fullmatch=True)
texts = st.lists(words, min_size=1, max_size=4).map(" ".join)
counts = st.integers(0, 10**9)
paths = st.from_regex(r'[^"\x00-\x1f\x7f]{1,40}', fullmatch=True)
verbs: st.SearchStrategy[Verb] = st.one_of(
    st.builds(Umount),
    st.builds(Mount, words, words),
    st.builds(Version),
    st.builds(BmCfg, words),
    st.builds(DutCommand, texts),
    st.builds(IoCommand, texts.filter(lambda text: text.split()[0] != "dut")),
    st.builds(IoDutCommand, texts),
    st.builds(Load, paths, st.just(0), st.none(), st.booleans()),
    st.builds(Load, paths, counts, st.integers(1, 10**9), st.booleans()),
    st.builds(EmonVoltage, st.none() | counts),
    st.builds(EmonPower, st.booleans()),
    st.builds(EmonTimer, st.booleans()),
    st.builds(EmonTrace, st.none() | words),
    st.builds(Echo, texts, counts),
)


@given(verbs)
def test_any_verb_prints_and_parses_to_itself(verb: Verb) -> None:
    assert parse_verb(format_verb(verb)) == verb


@given(st.text())
def test_no_command_does_anything_but_parse_or_raise_script_error(command: str) -> None:
    try:
        verb = parse_verb(command)
    except ScriptError:
        return
    assert parse_verb(format_verb(verb)) == verb


@given(st.sampled_from([command for command, _ in COMMANDS]), st.text(max_size=3), st.data())
def test_no_damaged_command_breaks_the_round_trip(
    command: str, damage: str, data: st.DataObject
) -> None:
    where = data.draw(st.integers(0, len(command)))
    try:
        verb = parse_verb(command[:where] + damage + command[where:])
    except ScriptError:
        return
    assert parse_verb(format_verb(verb)) == verb
