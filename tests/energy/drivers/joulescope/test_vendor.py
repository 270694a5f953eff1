"""Jetperch's own package against what the driver takes it for.

A JS110 is run: the package's own code from USB to Python, on a USB that is simulated
(`support/energy/usb_js110.c`). What a JS220 and a JS320 tell comes from the instrument, so of them
only what the package itself knows is looked at: the topics, the rates, the form of the messages.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from filelock import FileLock
from support.firmware.build import need
from tinyrunner.energy.drivers.joulescope import topics
from tinyrunner.energy.drivers.joulescope.driver import load_driver

SUPPORT = Path(__file__).parents[3] / "support" / "energy"
vendor = pytest.importorskip(
    "pyjoulescope_driver", reason="pyjoulescope_driver is not installed (the extra `test` has it)"
)
VERSION = tuple(int(part) for part in vendor.__version__.split(".")[:2])
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="LD_PRELOAD is Linux's")


@cache
def binary() -> bytes:
    return Path(vendor.binding.__file__).read_bytes()


def has(text: str) -> bool:
    """The package's compiled code holds this string."""
    return text.encode() + b"\0" in binary()


def settings_described_as(brief: str) -> list[dict]:
    """The metadata in the package's compiled code that says this of a topic."""
    found = re.findall(
        rb'\{"dtype": "u32","brief": "%s"[^\0]*\}\0' % re.escape(brief).encode(), binary()
    )
    return [json.loads(text[:-1]) for text in found]


# ---- what can be asked of the package itself ----


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("device_paths", ()),
        ("open", ("u/js220/1", "defaults", 3.0)),
        ("close", ("u/js220/1", 3.0)),
        ("publish", ("u/js220/1/h/fs", 100_000, 3.0)),
        ("query", ("u/js220/1/c/fw/version",)),
        ("subscribe", ("u/js220/1/s/i/!data", "pub", print)),
        ("unsubscribe", ("u/js220/1/s/i/!data", print)),
        ("finalize", ()),
    ],
)
def test_every_method_takes_what_it_is_given(method, arguments):
    inspect.signature(getattr(vendor.Driver, method)).bind(None, *arguments)
    names = list(inspect.signature(getattr(vendor.Driver, method)).parameters)[1:]
    assert names[: len(arguments)] == {
        "open": ["device_prefix", "mode", "timeout"],
        "close": ["device_prefix", "timeout"],
        "publish": ["topic", "value", "timeout"],
        "query": ["topic"],
        "subscribe": ["topic", "flags", "fn"],
        "unsubscribe": ["topic", "fn"],
    }.get(method, [])


def test_without_an_instrument_it_starts_lists_none_and_ends():
    driver = load_driver()
    try:
        assert all(re.fullmatch("u/[^/]+/[^/]+", path) for path in driver.device_paths())
        with pytest.raises((RuntimeError, TimeoutError)):
            driver.publish("u/js220/nobody/s/i/ctrl", 1, 0.1)
    finally:
        driver.finalize()


def test_the_messages_have_the_keys_that_are_read():
    for key in (b"sample_id", b"sample_rate", b"decimate_factor", b"data"):
        assert key in binary()


@pytest.mark.parametrize("signal", topics.SIGNALS)
def test_a_signals_topics_are_the_packages(signal):
    assert has(topics.control(signal))
    assert has(topics.data(signal))


@pytest.mark.parametrize(
    "topic", ["h/fs", "c/fw/version", "s/i/range/mode", "s/i/range/select", "s/extio/voltage"]
)
def test_the_other_topics_are_the_packages(topic):
    assert has(topic)


def test_the_rates_of_a_js220_and_a_js320_are_the_packages():
    by_default = {
        meta["default"]: [option[0] for option in meta["options"]]
        for meta in settings_described_as("The sampling frequency.")
    }
    # Both of them stream at a megahertz at most.
    assert {*topics.MODELS["js220"].rates_hz, 2e6} == set(by_default[2_000_000])
    if VERSION < (2, 0):
        assert not has("js320")
        return
    assert has("js320")
    assert set(topics.MODELS["js320"].rates_hz) == set(by_default[1_000_000])


# ---- a JS110 ----


@pytest.fixture(scope="module")
def usb(tmp_path_factory):
    """The library that stands in for libusb."""
    compiler, folder = need("gcc"), tmp_path_factory.getbasetemp()
    library = folder / "libusb_js110.so"
    with FileLock(folder / "libusb_js110.lock"):
        flags = ("-O2", "-shared", "-fPIC", "-o", library)
        subprocess.run([compiler, *flags, SUPPORT / "usb_js110.c"], check=True)
    return library


def record(usb: Path, folder: Path, **environment: str) -> dict:
    """What a recording of half a second came to, edges at 0.1 and 0.4 s."""
    done = subprocess.run(
        [sys.executable, SUPPORT / "record_joulescope.py", folder, "0.5"],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(sys.path), "LD_PRELOAD": str(usb), "SPEED": "0.25"}
        | {"FALLS": "200000 800000"}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@on_linux
def test_a_js110_gives_the_energy_between_pulses_of_a_microsecond(usb, tmp_path):
    said = record(usb, tmp_path)
    assert said["address"] == "joulescope:001234"
    assert said["error"] == ""
    assert said["finite"]
    assert said["lost"] == 0
    assert said["provenance"]["not_yet_numbers"] == 71
    # 71 values were no numbers, and the package's own filter delays everything by 63
    assert said["events_s"] == pytest.approx([0.1 - 8 / 2e6, 0.4 - 8 / 2e6], abs=1e-9)
    assert said["invalid"] == [None]
    assert said["energy_j"] == pytest.approx([0.3 * 8000 * 1.25e-6 * 3.0], rel=1e-3)

    metadata = said["metadata"]
    model = topics.MODELS["js110"]
    assert set(model.rates_hz) == {option[0] for option in metadata["h/fs"]["options"]}
    for topic, value in (
        *model.settings,
        (model.supply_switch, "off"),
        (model.supply_switch, "auto"),
    ):
        assert value in [name for option in metadata[topic]["options"] for name in option[1:]]
    levels = [option[0] for option in metadata[topics.INPUT_LEVEL]["options"] if option[0]]
    assert list(topics.INPUT_LEVELS_MV) == levels
    for signal in topics.SIGNALS:
        assert metadata[topics.control(signal)]["dtype"] == "bool"


@on_linux
def test_packets_that_a_js110_loses_are_nan_or_not_even_counted(usb, tmp_path):
    said = record(usb, tmp_path, LOSE="4000 100")
    lost_s = 100 * 126 / 2e6
    first_s, second_s = said["events_s"]
    assert second_s - first_s == pytest.approx(0.3 - lost_s, abs=1.1e-5)
    if VERSION < (2, 0):  # as if nothing had been there: what the host's clock is for
        assert said["provenance"]["samples_lost"] == 0
        return
    # Each sample of the trace is the sum of twenty: half a one is lost whole.
    assert said["lost"] == pytest.approx(lost_s * 100_000, abs=2)
    (invalid,) = said["invalid"]
    assert "samples are missing inside it" in invalid
    assert "by jumps of sample_id or NaN" in said["error"]
