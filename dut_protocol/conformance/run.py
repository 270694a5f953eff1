"""The run of a check: all items in order on one device; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from ...models.suite import TASKS_BY_MODEL_ID, Task
from ..errors import DutError, DutRebooted, DutReportedError, LinkError
from ..host.io_manager import IoManager
from ..link.clock import Clock
from ..link.transport import Transport
from ..wire.boot_banner import TimestampMode
from ..wire.messages import LapTime, no_lap_time
from ..wire.settings import LinkSettings
from .checks import CHECKS, Check
from .probe import CannotTry, CheckOptions, Probe
from .report import CheckFinding, ConformanceReport, Item, MeasuredFacts, Verdict

Progress = Callable[[str], None]


def check_device(
    transport: Transport,
    clock: Clock,
    settings: LinkSettings,
    options: CheckOptions,
    *,
    task: Task | None = None,
    tasks: Mapping[str, Task] = TASKS_BY_MODEL_ID,
    io_manager: IoManager | None = None,
    on_item: Progress = lambda title: None,
) -> ConformanceReport:
    """Try every item; DutError only where the device cannot be reached at all.

    ``task`` is what the firmware should be (None: what it says, one of ``tasks`` by model id).
    ``io_manager`` is the one that ``transport`` goes through; its timer is used to see the
    device's pin.
    """
    probe = Probe(transport, clock, settings, options, io_manager)
    who = probe.dut.identify()
    probe.identity = who
    probe.task = task or tasks.get(who.model_id or "")
    if io_manager is not None:
        io_manager.mark_falling_edges()
        io_manager.enable_timer()
    probe.mode = who.boot_mode or _mode_by_timestamp(probe)
    items: list[Item] = []
    gone: str | None = None
    for check in CHECKS:
        on_item(check.title)
        if gone is not None and check.needs_device:
            items.append(
                _item(check, CheckFinding(Verdict.NOT_RUN, f"the device was gone: {gone}"))
            )
            continue
        finding = _tried(check, probe)
        if check.needs_device and (check.provokes or finding.verdict is not Verdict.PASS):
            gone = _still_there(probe)
            if gone is not None:
                finding = CheckFinding(
                    Verdict.FAIL,
                    f"{finding.found}; after it the device answers no more",
                    finding.advice,
                )
                gone = f"it went silent in {check.title!r}"
        items.append(_item(check, finding))
    if io_manager is not None:
        with suppress(DutError):  # the report is made; the next run sets the timer itself
            io_manager.disable_timer()
    return ConformanceReport(
        transport.address, settings.baud_rate, who, tuple(items), _facts(probe)
    )


def _mode_by_timestamp(probe: Probe) -> TimestampMode:
    """Ask a device without a banner: only performance firmware prints its counter."""
    try:
        reply = probe.ask("timestamp")
        # One that is no number is no sign of energy firmware.
        timed = reply.first(LapTime) is not None or any(map(no_lap_time, reply.chatter))
    except DutError:
        timed = True  # the item about it will say what is wrong
        _still_there(probe)
    return TimestampMode.PERFORMANCE if timed else TimestampMode.ENERGY


def _tried(check: Check, probe: Probe) -> CheckFinding:
    try:
        return check.run(probe)
    except CannotTry as reason:
        return CheckFinding(Verdict.SKIPPED, str(reason))
    except DutRebooted as error:
        return CheckFinding(Verdict.FAIL, str(error), "the firmware crashed and started again")
    except DutReportedError as error:
        return CheckFinding(Verdict.FAIL, f"answered {error.reported!r}")
    except DutError as error:
        return CheckFinding(Verdict.FAIL, str(error))


def _still_there(probe: Probe) -> str | None:
    """Get back into step; return the reason where the device is gone."""
    try:
        probe.dut.resync()
    except LinkError as error:
        return str(error)
    except DutError:
        return _woken(probe)
    return None


def _woken(probe: Probe) -> str | None:
    """Wait for a device that crashed and may be booting, as after opening the port."""
    try:
        probe.dut.identify()
    except DutError as error:
        return str(error)
    return None


def _item(check: Check, finding: CheckFinding) -> Item:
    advice = check.advice if finding.advice is None else finding.advice
    if finding.verdict not in (Verdict.WARN, Verdict.FAIL):
        advice = ""
    return Item(check.key, check.title, finding.verdict, finding.found, check.expected, advice)


def _facts(probe: Probe) -> MeasuredFacts:
    return MeasuredFacts(
        mode=probe.mode,
        data_bytes_per_db=probe.largest_n,
        pipeline_chars=probe.pipeline_chars,
        io_command_chars=None if probe.limit is None else probe.limit.chars,
        reads_back=probe.reads_back,
        load_efficiency=probe.load_efficiency,
        timer_ppm=probe.timer_ppm,
        timer_step_us=probe.timer_step_us,
        inference_time_s=probe.inference_time_s,
    )
