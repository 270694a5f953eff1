"""Every item passes on the simulated device, and the one that it is about fails on a broken one."""

from __future__ import annotations

import struct
from functools import cache
from itertools import pairwise

import pytest
from support.devices import broken_devices as broken
from support.devices.broken_devices import device
from support.devices.faults.faulty import FaultyTransport, cut, lose_at_rate
from tinyrunner.dut_protocol.conformance.checks import CHECKS
from tinyrunner.dut_protocol.conformance.loads import counting
from tinyrunner.dut_protocol.conformance.probe import CheckOptions, sample_input
from tinyrunner.dut_protocol.conformance.report import ConformanceReport, Item, Verdict
from tinyrunner.dut_protocol.conformance.run import CheckWatcher, check_device
from tinyrunner.dut_protocol.errors import DutError, DutTimeout
from tinyrunner.dut_protocol.host.io_manager import IoManager
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import IoManagerHabits, SimulatedIoManager
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.models.other_inputs import InputKind, with_inputs
from tinyrunner.models.suite import KWS, TASKS, Task

RISKY = CheckOptions(risky=True)
WITHOUT_IO_MANAGER = {"io-limit", "pin-edges"}


def checked(
    dut: SimulatedDut,
    options: CheckOptions = RISKY,
    *,
    link: LinkSettings | None = None,
    task: Task | None = None,
    boots: bool = True,
) -> ConformanceReport:
    clock = VirtualClock()
    if boots:
        dut.boot(0.0)
    settings = link or LinkSettings(baud_rate=dut.settings.baud_rate or 115200)
    return check_device(SimulatedLink(dut, clock, "sim:"), clock, settings, options, task=task)


def of(report: ConformanceReport, *verdicts: Verdict) -> dict[str, str]:
    return {item.key: item.verdict.value for item in report.items if item.verdict in verdicts}


def bad(report: ConformanceReport) -> dict[str, str]:
    return of(report, Verdict.FAIL, Verdict.WARN, Verdict.NOT_RUN)


def found(report: ConformanceReport, key: str) -> str:
    return next(item.found for item in report.items if item.key == key)


# ---- devices as they should be -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "baud_rate"),
    [*((task, 115200) for task in TASKS.values()), (KWS, 921600)],
    ids=[*TASKS, "kws, fast"],
)
def test_the_simulated_device_passes_every_item(task: Task, baud_rate: int):
    report = checked(device(task=task, baud_rate=baud_rate))
    assert bad(report) == {}
    assert set(of(report, Verdict.SKIPPED)) == WITHOUT_IO_MANAGER
    assert report.passed
    assert report.facts.data_bytes_per_db == 38
    assert report.facts.pipeline_chars == 64 * 64
    assert report.facts.load_efficiency == pytest.approx(1, abs=0.005)
    assert report.facts.inference_time_s == pytest.approx(0.01, rel=0.001)


def test_every_item_is_reported_once_and_in_order():
    report = checked(device())
    assert [item.key for item in report.items] == [check.key for check in CHECKS]


def test_what_crashes_the_reference_firmware_is_only_tried_when_asked_for():
    assert checked(device(broken.CrashOnOverrun), CheckOptions()).passed
    report = checked(device(broken.CrashOnOverrun), RISKY)
    assert bad(report) == {"overrun": "fail"}
    assert "answers no more" in found(report, "overrun")


class ShortBuffer(broken.CrashOnOverrun):
    """Has room for what its model takes and no more, and says so without a number."""

    MAX_DB_INPUT_BYTES = KWS.input_bytes

    def send(self, data: bytes) -> None:
        super().send(b"e-[no room]\r\n" if data.startswith(b"Supplied") else data)


def test_the_buffer_is_filled_before_it_is_overrun_as_far_as_its_size_is_known():
    report = checked(device())
    assert "behind a buffer of 27648" in found(report, "overrun")
    assert bad(checked(device(ShortBuffer)))["overrun"] == "fail"


class BusyHost(CheckWatcher):
    """A clock that jumps once, at the eighth command of one item: the host did something else."""

    def __init__(self, clock: VirtualClock, key: str) -> None:
        self._clock = clock
        self._title = next(check.title for check in CHECKS if check.key == key)
        self._left = 8
        self._there = False
        self.ended_keys: list[str] = []

    def now_s(self) -> float:
        return self._clock.now_s() + (5.0 if self._left <= 0 else 0.0)

    def pause(self, seconds: float) -> None:
        self._clock.pause(seconds)

    def begun(self, title: str, number: int, total: int) -> None:
        self._there = title == self._title

    def ended(self, item: Item) -> None:
        self.ended_keys.append(item.key)

    def watch(self, link: SimulatedLink) -> None:
        write = link.write

        def watched(data: bytes) -> None:
            self._left -= self._there
            write(data)

        link.write = watched


@pytest.mark.parametrize("key", ["timer-rate", "throughput"])
def test_what_a_busy_host_has_spoilt_is_tried_again_before_it_counts(key: str):
    dut, clock = device(), VirtualClock()
    dut.boot(0.0)
    busy, link = BusyHost(clock, key), SimulatedLink(dut, clock, "sim:")
    busy.watch(link)
    report = check_device(link, busy, LinkSettings(), CheckOptions(), watcher=busy)
    assert bad(report) == {}
    assert "; at the first try: " in found(report, key)
    assert busy.ended_keys == [check.key for check in CHECKS]


def test_a_real_defect_of_timing_is_tried_again_and_stays_one():
    report = checked(device(broken.WarmupInside))
    assert bad(report) == {"warmup-outside": "fail"}
    assert found(report, "warmup-outside").endswith("; 3 times")


def test_what_is_sent_keeps_the_scores_of_models_of_floats_finite():
    for count in (16, 17, 100):
        data = counting(count)
        for start in range(len(data) - 3):
            assert abs(struct.unpack_from("<f", data, start)[0]) < 1.0
        assert all(a != b for a, b in pairwise(data))
    floats = with_inputs(KWS, InputKind.parse("float32"))
    assert max(map(abs, struct.unpack("<490f", sample_input(floats, 1)))) <= 1.0


def test_a_wrap_of_the_counter_is_no_defect():
    for start_us in (2**32 - 700_000, 2**32 - 5_000_000, 2**32 - 12_000_000):
        assert bad(checked(device(counter_start_us=start_us), CheckOptions())) == {}


RENESAS_WRAP_US = 572_662_306
"""A 32-bit counter at 7.5 MHz, as in a port of v0.7."""


@pytest.mark.parametrize("after_s", [0.05, 0.15])
def test_a_counter_that_wraps_before_2_to_the_32_is_a_warning(after_s: float):
    wraps_at_s = _begins_s("timer-monotonic") + after_s
    report = checked(device(**_wrapping_at(wraps_at_s)), CheckOptions())
    assert bad(report) == {"timer-monotonic": "warn"}
    assert "wraps before 2^32" in _advice(report, "timer-monotonic")


@pytest.mark.parametrize("key", ["timer-rate", "infer-linear", "warmup-outside"])
@pytest.mark.parametrize("after_s", [0.1, 0.4, 0.7, 1.0, 3.0, 9.0])
def test_a_wrap_in_another_item_does_not_make_it_fail(key: str, after_s: float):
    report = checked(device(**_wrapping_at(_begins_s(key) + after_s)), CheckOptions())
    assert bad(report) == {}


def _wrapping_at(moment_s: float) -> dict[str, int]:
    start_us = RENESAS_WRAP_US - int(1e6 * moment_s)
    return {"counter_wraps_at_us": RENESAS_WRAP_US, "counter_start_us": start_us}


@cache
def _begins_s(key: str) -> float:
    """When, on the virtual clock, the item of that key is begun on a device as it should be."""
    clock, dut = VirtualClock(), device()
    dut.boot(0.0)
    wanted = next(check.title for check in CHECKS if check.key == key)
    moments: dict[str, float] = {}

    class Watcher(CheckWatcher):
        def begun(self, title: str, number: int, total: int) -> None:
            moments[title] = clock.now_s()

    link = SimulatedLink(dut, clock, "sim:")
    check_device(link, clock, LinkSettings(), CheckOptions(), watcher=Watcher())
    return moments[wanted]


def _advice(report: ConformanceReport, key: str) -> str:
    return next(item.advice for item in report.items if item.key == key)


def test_without_a_boot_banner_the_mode_is_found_by_asking():
    report = checked(device(), boots=False)
    assert found(report, "banner").startswith("opening the port did not reset")
    assert report.facts.mode is TimestampMode.PERFORMANCE
    assert bad(report) == {}


def test_ten_seconds_of_comparing_clocks_are_one_when_it_has_to_be_quick():
    assert "in 10.0 s" in found(checked(device()), "timer-rate")
    assert "in 1.0 s" in found(checked(device(), CheckOptions(quick=True)), "timer-rate")


def test_inferences_that_take_no_time_cannot_be_compared():
    report = checked(device(inference_time_s=0.0))
    assert bad(report) == {}
    assert set(of(report, Verdict.SKIPPED)) == WITHOUT_IO_MANAGER | {
        "infer-linear",
        "warmup-outside",
    }


@pytest.mark.parametrize("kind", [broken.TrailingComma, broken.RowsOf16])
def test_what_the_reference_firmware_or_published_boards_do_is_no_defect(kind: type[SimulatedDut]):
    assert bad(checked(device(kind))) == {}


def test_a_custom_model_is_checked_when_told_what_it_is():
    report = checked(device(broken.UnknownModelId), task=KWS)
    assert bad(report) == {"model": "fail"}
    assert set(of(report, Verdict.SKIPPED)) == WITHOUT_IO_MANAGER


# ---- energy firmware -----------------------------------------------------------------------------


def energy_checked(
    kind: type[SimulatedDut] = SimulatedDut, options: CheckOptions = RISKY, **habits
) -> ConformanceReport:
    """Behind an IO manager that sees the pin."""
    clock = VirtualClock()
    model = device(kind).model
    settings = device(baud_rate=9600, mode=TimestampMode.ENERGY).settings

    def on_edge(at_s: float) -> None:
        manager.edge(at_s)

    dut = kind(model, settings, on_edge)
    manager = SimulatedIoManager(dut, habits=IoManagerHabits(**habits))
    host = IoManager(SimulatedLink(manager, clock, "sim:"), clock, LinkSettings())
    host.identify()
    dut.boot(clock.now_s())
    manager.forward()
    link = LinkSettings(baud_rate=9600)  # whose 30 data bytes are more than EEMBC's passes on
    return check_device(host.dut, clock, link, options, io_manager=host)


NOT_IN_ENERGY_MODE = {"timer-monotonic", "timer-resolution", "timer-rate"}
NOT_THROUGH_AN_IO_MANAGER = {"back-to-back", "pipeline", "throughput", "line-ends"}
BY_ITS_LIMIT = {"command-80"}


def test_energy_firmware_is_checked_by_the_edges_of_its_pin():
    report = energy_checked()
    assert bad(report) == {}
    skipped = set(of(report, Verdict.SKIPPED))
    assert skipped == NOT_IN_ENERGY_MODE | NOT_THROUGH_AN_IO_MANAGER | BY_ITS_LIMIT
    assert report.facts.mode is TimestampMode.ENERGY
    assert found(report, "pin-edges") == "`timestamp` 1 of 1, `infer 1 0` 2 of 2"
    assert report.facts.inference_time_s == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize(
    ("chars", "named", "data_bytes"),
    [
        (40, "keeps 40 characters of a command: 16 data bytes per db", 16),
        (64, "keeps 64 characters of a command: 28 data bytes per db", 28),
        (80, "keeps 80 characters of a command: 36 data bytes per db", 36),
        (200, "keeps 200 characters of a command: 38 data bytes per db", 38),
        (1000, "keeps at least 288 characters of a command: 38 data bytes per db", 38),
    ],
)
def test_how_much_the_io_manager_keeps_is_named_and_the_device_not_blamed(chars, named, data_bytes):
    report = energy_checked(command_chars=chars)
    assert bad(report) == ({"io-limit": "warn"} if chars < 64 else {})
    assert named in found(report, "io-limit")
    assert report.facts.io_command_chars == min(chars, 288)
    assert report.facts.data_bytes_per_db == data_bytes
    cut = data_bytes < 38
    assert ("command-80" in of(report, Verdict.SKIPPED)) is cut
    assert ("the most that the IO manager passes on" in found(report, "largest-block")) is cut


def test_a_device_behind_it_that_takes_less_is_still_named():
    report = energy_checked(broken.CommandBuffer64, command_chars=200)
    assert bad(report) == {"command-80": "fail", "largest-block": "warn"}
    assert bad(energy_checked(broken.CommandBuffer64)) == {}


def test_a_banner_whose_first_byte_the_io_manager_missed_is_no_fault_of_the_device():
    report = energy_checked(first_byte_lost=True)
    assert bad(report) == {}
    assert report.verdict_of("banner") is Verdict.PASS


@pytest.mark.parametrize("seed", range(1, 9))
def test_edges_that_are_seen_late_are_no_fault_of_the_devices_timing(seed):
    report = energy_checked(options=CheckOptions(quick=True), seed=seed)
    assert bad(report) == {}
    assert report.verdict_of("infer-linear") is Verdict.PASS


def test_a_pin_that_does_not_fall_is_named():
    report = energy_checked(broken.PinStaysHigh)
    assert bad(report) == {"pin-edges": "fail"}
    assert "from the pin to the IO manager" in _advice(report, "pin-edges")


def test_energy_firmware_without_an_io_manager_says_what_it_takes_to_see_the_pin():
    report = checked(device(baud_rate=9600, mode=TimestampMode.ENERGY))
    assert bad(report) == {}
    skipped = set(of(report, Verdict.SKIPPED))
    assert skipped == NOT_IN_ENERGY_MODE | WITHOUT_IO_MANAGER | {"infer-linear", "warmup-outside"}
    assert "--io" in found(report, "pin-edges")


def test_lap_times_left_in_energy_firmware_are_named():
    report = checked(device(broken.PrintsLapsInEnergyMode, mode=TimestampMode.ENERGY))
    assert bad(report) == {"timestamp": "fail", "infer-lines": "fail"}


# ---- one defect each -----------------------------------------------------------------------------

DEFECTS = {
    broken.TimerTimes1000: {"timer-rate": "fail"},
    broken.TimerTenth: {"timer-rate": "fail"},
    broken.TimerInMilliseconds: {"timer-rate": "fail"},
    broken.TimerFivePercentFast: {"timer-rate": "fail"},
    broken.TimerThreePercentSlow: {"timer-rate": "warn"},
    broken.TimerOf10Hz: {"timer-resolution": "fail"},
    broken.TimerOf60Hz: {"timer-resolution": "fail"},
    broken.TimerBackwards: {"timer-monotonic": "fail"},
    broken.NoInputBuffer: {"back-to-back": "fail"},
    broken.CommandBuffer64: {"command-80": "fail", "largest-block": "warn"},
    broken.UpperCaseHexRefused: {"hex-case": "fail"},
    broken.NoLoadDone: {"load-done": "fail"},
    broken.EarlyLoadDone: {"load-done": "fail"},
    broken.NoDbPrint: {"readback": "warn"},
    broken.DbPrintOf16: {"readback": "warn"},
    broken.WrongDbPrint: {"readback": "fail"},
    broken.SlowAnswers: {"throughput": "warn"},
    broken.LowerCaseErrors: {
        "unknown-command": "warn",
        "infer-arguments": "warn",
        "db-arguments": "warn",
        "odd-hex": "warn",
        "bad-hex": "warn",
    },
    broken.UnknownUnanswered: {"unknown-command": "fail"},
    broken.RebootsOnOddHex: {"odd-hex": "fail"},
    broken.AcceptsInferOfNothing: {"infer-arguments": "fail"},
    broken.WarmupInside: {"warmup-outside": "fail"},
    broken.IgnoresN: {"infer-linear": "fail"},
    broken.OneInferenceMore: {"infer-linear": "fail"},
    broken.ForgetsN: {"infer-lines": "fail", "infer-linear": "fail"},
    broken.DefaultWarmupOf1: {"infer-defaults": "fail"},
    broken.OneLapTimeOnly: {"infer-lines": "fail"},
    broken.WrongSizeUnsaid: {"wrong-size": "fail"},
    broken.OneClassTooMany: {"score-count": "fail"},
    broken.NotRepeatable: {"repeatability": "fail"},
    broken.RawScores: {"score-range": "fail"},
    broken.NoSoftmax: {"score-range": "warn"},
    broken.ForgetsResults: {"results": "fail"},
    broken.LfOnly: {"line-ends": "fail"},
    broken.UnknownModelId: {"model": "fail"},
    broken.ModelIdOfAnotherTask: {"input-size": "fail", "score-count": "fail"},
    broken.Chatty: {"chatter": "warn"},
    broken.NoiseBeforeLines: {"chatter": "warn"},
    broken.LosesFirstName: {"first-name": "warn"},
    broken.NoInitDone: {"banner": "fail"},
}


def of_little_room(kind: type[SimulatedDut]) -> SimulatedDut:
    """Filling the buffer, to overrun it, is most of what a check costs."""
    dut = device(kind)
    dut._buffer_bytes = 4096
    return dut


@pytest.mark.parametrize("kind", DEFECTS, ids=lambda kind: kind.__name__)
def test_a_defect_is_named_by_its_item_and_by_no_other(kind: type[SimulatedDut]):
    report = checked(of_little_room(kind))
    assert bad(report) == DEFECTS[kind], {key: found(report, key) for key in bad(report)}
    assert report.passed is ("fail" not in DEFECTS[kind].values())
    for item in report.items:
        if item.key in DEFECTS[kind]:
            assert item.advice, item
            assert item.expected, item


def test_a_timer_that_stands_still_is_named():
    report = checked(device(broken.TimerStands))
    assert of(report, Verdict.FAIL)["timer-resolution"] == "fail"
    assert found(report, "timer-resolution") == "the timer stands still"


def test_a_timer_of_another_unit_is_explained():
    assert "factor of 1000" in _advice(checked(device(broken.TimerTimes1000)), "timer-rate")
    assert "factor of 0.1" in _advice(checked(device(broken.TimerTenth)), "timer-rate")
    assert "factor of 0.001" in _advice(checked(device(broken.TimerInMilliseconds)), "timer-rate")


def test_no_input_buffering_is_told_with_the_answers_that_were_counted():
    report = checked(device(broken.NoInputBuffer))
    assert found(report, "back-to-back").endswith("answers to 8 commands")
    assert not found(report, "back-to-back").startswith("8")
    assert report.facts.pipeline_chars == 0
    assert report.verdict_of("pipeline") is Verdict.SKIPPED


def test_the_credit_for_pipelining_is_what_the_receive_buffer_holds():
    report = checked(device(broken.SmallInputBuffer))
    assert report.verdict_of("back-to-back") is Verdict.PASS
    credit = report.facts.pipeline_chars
    assert credit is not None
    assert 128 <= credit <= 2 * broken.SmallInputBuffer.CAPACITY


# ---- a device that goes away ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "key"),
    [(broken.StuckAfterError, "unknown-command"), (broken.DiesOnOddHex, "odd-hex")],
)
def test_when_the_device_is_gone_the_rest_is_not_run_and_says_so(kind, key):
    report = checked(device(kind))
    keys = [check.key for check in CHECKS if check.needs_device]
    assert of(report, Verdict.FAIL) == {key: "fail"}
    after = keys[keys.index(key) + 1 :]
    assert list(of(report, Verdict.NOT_RUN)) == after
    title = next(check.title for check in CHECKS if check.key == key)
    assert all(title in found(report, other) for other in after)
    assert report.verdict_of("line-ends") is Verdict.PASS
    assert not report.passed


def test_a_device_that_never_answers_cannot_be_checked():
    silent = device()
    silent.power_off(0.0)
    with pytest.raises(DutTimeout):
        checked(silent, boots=False)


# ---- what is never sent --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SimulatedDut, *DEFECTS], ids=lambda kind: kind.__name__)
def test_a_quick_check_finds_it_too_and_sends_nothing_that_crashes_the_reference_firmware(
    kind: type[SimulatedDut],
):
    """No empty command, whatever the device answers; no byte beyond N unless it was asked for."""
    sent = bytearray()
    beyond: list[bytes] = []

    class Watched(kind):
        def receive(self, data: bytes, start_s: float) -> None:
            sent.extend(data)
            super().receive(data, start_s)

        def store(self, data: bytes, error: str | None) -> None:
            if len(data) > self.expected_bytes - len(self.buffer):
                beyond.append(data)
            super().store(data, error)

    report = checked(device(Watched), CheckOptions(quick=True))
    assert bad(report) == DEFECTS.get(kind, {})
    commands = bytes(sent).split(b"%")
    assert commands[-1] == b""
    assert all(command.strip() for command in commands[:-1])
    assert beyond == []


# ---- bad links -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2])
def test_on_a_link_that_loses_characters_there_is_a_report_or_a_reason(rate: float, seed: int):
    """Never an exception of another kind, never an end that does not come."""
    clock, dut = VirtualClock(), of_little_room(SimulatedDut)
    dut.boot(0.0)
    link = FaultyTransport(
        SimulatedLink(dut, clock, "sim:"),
        to_device=lose_at_rate(rate, seed),
        from_device=lose_at_rate(rate, seed + 100),
    )
    try:
        report = check_device(link, clock, LinkSettings(), RISKY)
    except DutError:
        return
    assert len(report.items) == len(CHECKS)
    assert clock.now_s() < 3600


def test_a_link_that_dies_leaves_the_rest_not_run():
    clock, dut = VirtualClock(), device()
    dut.boot(0.0)
    link = FaultyTransport(SimulatedLink(dut, clock, "sim:"), to_device=cut(20_000))
    report = check_device(link, clock, LinkSettings(), RISKY)
    (failed,) = of(report, Verdict.FAIL)
    assert "the cable was pulled" in found(report, failed)
    assert len(of(report, Verdict.NOT_RUN)) > 5
