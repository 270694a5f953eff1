"""The run of a check: all items in order on one device; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from ...models.suite import TASKS_BY_MODEL_ID, Task
from ..errors import DutError, DutRebooted, DutReportedError, LinkError
from ..host.dut import Identity
from ..host.io_manager import IoManager
from ..link.clock import Clock
from ..link.transport import Transport
from ..wire.boot_banner import TimestampMode
from ..wire.messages import LapTime, no_lap_time
from ..wire.settings import LinkSettings
from .checks import CHECKS, Check
from .probe import CannotTry, CheckOptions, Probe
from .report import CheckFinding, ConformanceReport, Item, MeasuredFacts, Verdict

_TRIES = 3
"""How often an item is tried that is judged by the host's clock, until it passes."""


class CheckWatcher:
    """Is told how a check goes; this one is not interested."""

    def met(self, identity: Identity) -> None:
        """Take note of who the device is."""

    def begun(self, title: str, number: int, total: int) -> None:
        """Take note of an item that is begun, the ``number``-th of ``total``."""

    def ended(self, item: Item) -> None:
        """Take note of what became of it."""


def check_device(
    transport: Transport,
    clock: Clock,
    settings: LinkSettings,
    options: CheckOptions,
    *,
    task: Task | None = None,
    tasks: Mapping[str, Task] = TASKS_BY_MODEL_ID,
    io_manager: IoManager | None = None,
    watcher: CheckWatcher | None = None,
) -> ConformanceReport:
    """Try every item; DutError only where the device cannot be reached at all.

    ``task`` is what the firmware should be (None: what it says, one of ``tasks`` by model id).
    ``io_manager`` is the one that ``transport`` goes through; its timer is used to see the
    device's pin.
    """
    probe = Probe(transport, clock, settings, options, io_manager)
    watcher = watcher or CheckWatcher()
    who = probe.dut.identify()
    watcher.met(who)
    probe.identity = who
    probe.task = task or tasks.get(who.model_id or "")
    if io_manager is not None:
        io_manager.mark_falling_edges()
        io_manager.enable_timer()
    probe.mode = who.boot_mode or _mode_by_timestamp(probe)
    items: list[Item] = []
    gone: str | None = None
    for number, check in enumerate(CHECKS, 1):
        watcher.begun(check.title, number, len(CHECKS))
        begun_s = clock.now_s()
        if gone is not None and check.needs_device:
            finding = CheckFinding(Verdict.NOT_RUN, f"the device was gone: {gone}")
        else:
            finding, lost = _tried_again(check, probe)
            gone = gone or lost
        items.append(_item(check, finding, clock.now_s() - begun_s))
        watcher.ended(items[-1])
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


def _tried_again(check: Check, probe: Probe) -> tuple[CheckFinding, str | None]:
    """Return what an item found, and the reason where the device is gone after it.

    What a cold first inference or a busy host may have spoilt is tried again before it counts.
    """
    worse: list[CheckFinding] = []
    for _ in range(_TRIES if check.timed else 1):
        finding = _tried(check, probe)
        if check.needs_device and (check.provokes or finding.verdict is not Verdict.PASS):
            gone = _still_there(probe)
            if gone is not None:
                found = f"{finding.found}; after it the device answers no more"
                silent = f"it went silent in {check.title!r}"
                return CheckFinding(Verdict.FAIL, found, finding.advice), silent
        if finding.verdict not in (Verdict.WARN, Verdict.FAIL):
            also = f"; at the first try: {worse[0].found}" if worse else ""
            return replace(finding, found=finding.found + also), None
        worse.append(finding)
    warning = next((one for one in worse if one.verdict is Verdict.WARN), worse[0])
    also = f"; {len(worse)} times" if len(worse) > 1 else ""
    return replace(warning, found=warning.found + also), None


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


def _item(check: Check, finding: CheckFinding, seconds: float) -> Item:
    advice = check.advice if finding.advice is None else finding.advice
    if finding.verdict not in (Verdict.WARN, Verdict.FAIL):
        advice = ""
    return Item(
        check.key, check.title, finding.verdict, finding.found, check.expected, advice,
        round(seconds, 3),
    )  # fmt: skip


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
