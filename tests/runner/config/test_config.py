from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad
from tinyrunner.runner.config.config import Config, ConfigError, absolute, load_config, override
from tinyrunner.runner.config.strict_yaml import YamlError, read_yaml
from tinyrunner.runner.terms import Division

CONFIGS = Path(__file__).resolve().parents[3] / "configs"


@pytest.fixture
def write(tmp_path: Path):
    def write(text: str | bytes) -> Path:
        path = tmp_path / "bench.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def refusal(path: Path) -> list[str]:
    """The lines of the error, without the folder."""
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    return str(caught.value).replace(f"{path.parent}/", "").splitlines()


def test_every_example_loads() -> None:
    examples = {
        path.name: path
        for path in CONFIGS.glob("*.yaml")
        if path.stem not in ("rounds", "campaign", "demo")
    }
    addresses = {name: load_config(path).dut.address for name, path in examples.items()}
    expected = {
        "simulated.yaml": "sim:kws01",
        "board-usb.yaml": "/dev/ttyACM0",
        "board-windows.yaml": "COM5",
        "board-network.yaml": "socket://192.168.1.20:4000",
        "custom.yaml": "/dev/ttyACM0",
    }
    assert addresses | expected == addresses
    (custom,) = (config for path in examples.values() if (config := load_config(path)).custom)
    assert custom.custom_task.class_names[4] == "nothing"


def test_the_defaults_hold_without_a_file(write) -> None:
    config = Config()
    assert config == load_config(write("")) == load_config(write("# only a comment\n"))
    assert config.dut.address is None
    assert config.dut.link == LinkSettings()
    assert config.sessions == Path("sessions")
    assert config.iterations == "auto"
    assert config.division is Division.CLOSED


def test_every_key_is_read(write) -> None:
    path = write(
        """\
dut:
  address: rfc2217://host:4000
  baud_rate: 921600
  data_bytes_per_db: 38
  verify_load: never
  boot_wait_s: 3
  expected_inference_s: 0.5
model: models/kws.tflite
simulate: {inference_time_s: 0.01}
datasets: ../data
labels: {ad: ad.csv, kws: /abs/kws.csv}
sessions: ~/sessions
division: open
round: v1.1
iterations: 800
warmups: 0
limit: 7
"""
    )
    config = load_config(path)
    folder = path.parent
    assert config.dut.address == "rfc2217://host:4000"
    assert config.dut.link == LinkSettings(921600, 38, VerifyLoad.NEVER, 3.0, 0.5)
    assert config.model == folder / "models/kws.tflite"
    assert config.simulate.inference_time_s == 0.01
    assert config.datasets == folder / "../data"
    assert config.labels == {"ad": folder / "ad.csv", "kws": Path("/abs/kws.csv")}
    assert config.sessions == Path("~/sessions").expanduser()
    assert config.division is Division.OPEN
    assert (config.round, config.iterations, config.warmups, config.limit) == ("v1.1", 800, 0, 7)


def test_demo_is_a_word_and_not_a_path(write) -> None:
    config = load_config(write("model: demo\ndatasets: demo\n"))
    assert config.model == config.datasets == "demo"
    assert load_config(write("model: ./demo\n")).model == write("").parent / "demo"


def test_reference_is_a_word_for_the_model_alone(write) -> None:
    config = load_config(write("model: reference\ndatasets: reference\n"))
    assert config.model == "reference"
    assert config.datasets == write("").parent / "reference"
    assert load_config(write("model: ./reference\n")).model == write("").parent / "reference"
    assert override(Config(), model="reference").model == "reference"
    assert absolute(config).model == "reference"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dut:\n  baudrate: 1", "2: dut.baudrate: unknown key; did you mean baud_rate?"),
        ("\n\nlimits: 3", "3: limits: unknown key; did you mean limit?"),
        ("zzz: 3", "1: zzz: unknown key; known are dut, io_manager,"),
        ("dut:\n  baud_rate: fast", "2: dut.baud_rate: expected a whole number, got 'fast'"),
        ("dut:\n  baud_rate: '9600'", "2: dut.baud_rate: expected a whole number, got '9600'"),
        ("dut: {baud_rate: 0}", "1: dut.baud_rate: expected at least 1, got 0"),
        ("dut: {data_bytes_per_db: 39}", "1: dut.data_bytes_per_db: expected 1 to 38"),
        ("dut: {data_bytes_per_db: true}", "expected auto or a whole number, got true"),
        ("dut: {verify_load: none}", "expected first, all or never, got 'none'"),
        ("dut: {boot_wait_s: .nan}", "1: dut.boot_wait_s: expected"),
        ("dut: {boot_wait_s: -1}", "expected at least 0, got -1"),
        ("dut: {expected_inference_s: 0}", "expected more than 0, got 0"),
        ("dut: {address: 5}", "1: dut.address: expected text, got 5"),
        ("dut: COM5", "1: dut: expected keys and values, got 'COM5'"),
        ("dut:", "1: dut: expected keys and values, got nothing"),
        ("division: close", "1: division: expected closed or open, got 'close'; did you mean"),
        ("labels:\n  ad: x\n  adx: y", "3: labels.adx: no such task; did you mean ad?"),
        ("labels:\n  ad: 3", "2: labels.ad: expected a path, got 3"),
        ("labels: x.csv", "1: labels: expected keys and values, got 'x.csv'"),
        ("iterations: many", "1: iterations: expected auto or a whole number of at least 1"),
        ("iterations: 0", "1: iterations: expected auto or a whole number of at least 1, got 0"),
        ("iterations: true", "expected auto or a whole number of at least 1, got true"),
        ("warmups: -1", "1: warmups: expected at least 0, got -1"),
        ("limit: 0", "1: limit: expected at least 1, got 0"),
        ("limit: yes", "1: limit: expected a whole number, got true"),
        ("round: 1.2", "1: round: expected a round such as v1.2, got 1.2"),
        ("model: [a]", "1: model: expected a path, got a list"),
        ("sessions:", "1: sessions: expected a path, got nothing"),
        ("sessions: ~nobody-of-that-name/x", "cannot tell whose home folder"),
        ("limit: 1\nlimit: 2", "2: key limit stands on line 1 already"),
        ("dut:\n  address: a\n  address: b", "3: key address stands on line 2 already"),
        ("a: &x 1\nb: *x", "2: expected the value itself, found an alias"),
        ("a: !!python/object:os.system x", "1: expected a plain value, found a tag"),
        ("<<: {limit: 1}", "1: expected a key, found <<"),
        ("? [a]\n: 1", "1: expected a word as key"),
        ("- 1", "1: expected keys and values"),
        ("just words", "1: expected keys and values"),
        ("dut: {", "1: "),
        ("dut:\n\taddress: x", "2: "),
        ("limit: 1\n---\nlimit: 2", "2: "),
        ("limit: 1\nround: \x01", "2: the character '\\x01' is not allowed"),
        ("round: 2023-99-99", "1: unreadable value '2023-99-99'"),
        ("limit: " + "9" * 5000, "1: a value of 5000 characters, where 40 are the most: 9999"),
        ("round: v1.2\nlimit: 0x" + "f" * 9000, "2: a value of 9002 characters"),
        ("limit: 0b" + "1" * 64, "1: a value of 66 characters"),
        ("limit: 0x1_0000_0000_0000_0000", "1: a number beyond 64 bits, 0x1_0000_0000_0000_0000"),
        ("dut:\n  boot_wait_s: " + "1:" * 4000 + "1.5", "2: a value of 8003 characters"),
        ('sessions: "a\\ud800"', "1: half a character in "),
        ("datasets: " + "x" * 20_001, "1: a value of 20001 characters"),
        ("limit: 4000000000", "1: limit: expected at most 2147483647, got 4000000000"),
        (
            "dut: {boot_wait_s: 1.0e+9}",
            "1: dut.boot_wait_s: expected at most 1000000, got 1000000000",
        ),
        ("dut: {baud_rate: 4000000000}", "1: dut.baud_rate: expected at most 100000000"),
        ("[" * 5000, "1: nested deeper than 8 levels"),
        ("a: " * 20, "1: "),
        ("#" * 1_000_001, "1: longer than"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(write, text: str, expected: str) -> None:
    lines = refusal(write(text))
    assert len(lines) == 1
    assert lines[0].startswith("bench.yaml:")
    assert expected in lines[0].removeprefix("bench.yaml:")
    assert len(lines[0]) < 300


def test_all_wrong_keys_are_named_at_once(write) -> None:
    assert refusal(write("warmups: x\nlimt: 3\ndut:\n  adress: a\n")) == [
        "bench.yaml:4: dut.adress: unknown key; did you mean address?",
        "bench.yaml:1: warmups: expected a whole number, got 'x'",
        "bench.yaml:2: limt: unknown key; did you mean limit?",
    ]


def test_a_file_that_cannot_be_read_is_named(write, tmp_path: Path) -> None:
    assert (
        "there is none; `tinyrunner config example` gives one" in refusal(tmp_path / "none.yaml")[0]
    )
    assert "not UTF-8" in refusal(write(b"limit: \xff"))[0]


def test_flags_take_the_place_of_what_the_file_says(write) -> None:
    config = load_config(write("dut: {address: COM5}\nlimit: 3\nlabels: {ad: a.csv}\n"))
    changed = override(
        config,
        dut="sim:kws01",
        baud_rate=9600,
        verify_load="all",
        inference_time_s=0.5,
        model="demo",
        datasets=Path("here"),
        labels={"kws": "k.csv"},
        division="open",
        iterations="800",
        limit=None,
    )
    assert changed.dut.address == "sim:kws01"
    assert changed.dut.link == LinkSettings(baud_rate=9600, verify_load=VerifyLoad.ALL)
    assert changed.simulate.inference_time_s == 0.5
    assert (changed.model, changed.datasets) == ("demo", Path("here"))
    assert changed.labels == config.labels | {"kws": Path("k.csv")}
    assert (changed.division, changed.iterations, changed.limit) == (Division.OPEN, 800, 3)
    assert config.dut.address == "COM5"


def test_no_flag_changes_nothing(write) -> None:
    config = load_config(CONFIGS / "simulated.yaml")
    assert override(config) == override(config, dut=None, limit=None) == config


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"baud_rate": 0}, "--baud-rate: expected at least 1, got 0"),
        ({"data_bytes_per_db": 40}, "--data-bytes-per-db: expected 1 to 38 data bytes per db"),
        ({"division": "opne"}, "--division: expected closed or open, got 'opne'; did you mean"),
        ({"iterations": "many"}, "--iterations: expected auto or a whole number"),
        ({"labels": {"q": "x"}}, "--labels: no such task"),
        ({"dut": ""}, "--dut: expected text, got ''"),
    ],
)
def test_a_wrong_flag_is_named(flags: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        override(Config(), **flags)
    assert str(caught.value).startswith(expected)


def test_an_unknown_flag_is_a_bug_of_the_caller() -> None:
    with pytest.raises(TypeError, match="no such flag: speed"):
        override(Config(), speed=1)


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().limit = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"data_bytes_per_db": 39}, "command buffer holds 80 characters"),
        ({"data_bytes_per_db": 0}, "expected 1 to 38"),
        ({"baud_rate": 0}, "baud rate"),
        ({"boot_wait_s": float("nan")}, "boot_wait_s"),
        ({"boot_wait_s": -1.0}, "boot_wait_s"),
        ({"expected_inference_s": 0.0}, "expected_inference_s"),
        ({"expected_inference_s": float("inf")}, "expected_inference_s"),
    ],
)
def test_illegal_link_settings_cannot_exist(settings: dict[str, float], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        LinkSettings(**settings)  # type: ignore[arg-type]


@given(st.text() | st.text("ab:-{}[]&*!<?#'\"|>\n 019._~%@"))
def test_no_text_does_anything_but_read_or_raise_yaml_error(text: str) -> None:
    line = 1
    try:
        read_yaml(text)
    except YamlError as error:
        line = error.line
    assert line >= 1
