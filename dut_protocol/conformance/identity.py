"""Tests who the device says it is: boot banner, name, profile, model."""

from __future__ import annotations

from ...models.suite import TASKS_BY_MODEL_ID
from ..wire.boot_banner import BootMode, InitDone, TimestampMode
from ..wire.messages import LapTime, Message, no_lap_time
from .probe import CannotTry, Probe
from .report import CheckFinding, Verdict

_PROFILE_BEGINS = "ULPMark for tinyML Firmware"
"""The beginning of what every published board answers to `profile`."""

STREAMING_MODELS = ("sww01", "strww01")
"""The models of MLCommons' streaming benchmark, which feeds no inputs with `db`."""


def banner(probe: Probe) -> CheckFinding:
    said = probe.heard.before_name
    mode = next((m.mode for m in said if isinstance(m, BootMode)), None)
    done = any(isinstance(message, InitDone) for message in said)
    if mode is None and not done:
        raise CannotTry(
            "opening the port did not reset the board, so none came; press its reset button right "
            "after starting the check to see it"
        )
    missing = []
    if mode is None:
        missing.append("m-timestamp-mode-…")
    if mode is TimestampMode.PERFORMANCE and not any(map(_is_stamp, said)):
        missing.append("m-lap-us-…")
    if not done:
        missing.append("m-init-done")
    if not probe.heard.banner_is_whole:
        missing.append("m-ready")
    if mode is None:  # the port was opened while it was being said
        return CheckFinding(Verdict.WARN, "only its end was heard")
    if missing:
        return CheckFinding(Verdict.FAIL, f"without {', '.join(missing)}")
    return CheckFinding(Verdict.PASS, f"{mode.value} mode")


def _is_stamp(message: Message) -> bool:
    """Tell a time stamp, or what should be one: another item says what is wrong with it."""
    return isinstance(message, LapTime) or no_lap_time(message.encode()) is not None


def first_name(probe: Probe) -> CheckFinding:
    lost = sum("name% unanswered" in note for note in probe.heard.notes)
    if lost:
        return CheckFinding(Verdict.WARN, f"{lost} went unanswered")
    return CheckFinding(Verdict.PASS, "answered")


def name(probe: Probe) -> CheckFinding:
    vendor = "" if probe.identity is None else probe.identity.vendor
    if not vendor.strip():
        return CheckFinding(Verdict.WARN, "m-name-dut-[] is empty")
    return CheckFinding(Verdict.PASS, vendor)


def profile(probe: Probe) -> CheckFinding:
    text = None if probe.identity is None else probe.identity.profile
    if text is None:
        return CheckFinding(Verdict.FAIL, "no m-profile-[…]")
    if not text.startswith(_PROFILE_BEGINS):
        return CheckFinding(Verdict.WARN, text)
    return CheckFinding(Verdict.PASS, text)


def model(probe: Probe) -> CheckFinding:
    model_id = None if probe.identity is None else probe.identity.model_id
    task = probe.task
    if model_id is None:
        return CheckFinding(Verdict.FAIL, "no m-model-[…]")
    if model_id in STREAMING_MODELS and task is None:
        return CheckFinding(
            Verdict.WARN,
            f"{model_id}, of the streaming benchmark",
            "what needs an input is left out: this checks the four tasks that load one with db",
        )
    if task is None:
        return CheckFinding(Verdict.FAIL, f"{model_id!r} is no known model id")
    if task.model_id != model_id:
        told = TASKS_BY_MODEL_ID.get(model_id)
        advice = None
        if told is not None:
            advice = (
                f"if that is so, check it with --task {told.key}: what follows is asked as of "
                f"{task.key}"
            )
        return CheckFinding(Verdict.FAIL, f"{model_id!r}, not {task.model_id}", advice)
    return CheckFinding(Verdict.PASS, model_id)
