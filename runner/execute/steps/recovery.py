"""Recovers when the device or its link fails in the middle of a run, or gives up.

The unit is a load and its `infer`: what was in flight is void, the device is brought back into
step (`name%`, or its boot banner read to the end), and both are done anew. The journal says so
with one line, in front of everything that is done about it::

    00093.120 session: m-session-retry-step[N]

What step N and its followers left before that line is void, as behind `m-session-resume-id`; the
step's own lines follow once more. So a log that ends anywhere at all, `kill -9` included, never
holds an answer that was not to be taken.

A window is doubted, too: lap times have no checksum, and a flipped digit of `m-lap-us-N` is another
lap time. The host saw how long the window was, though less exactly, and other windows of the device
tell its pace. Where answers are confirmed, each lap time is compared with readings of the counter
beside it as well.
"""

from __future__ import annotations

from ....dut_protocol.errors import DutError, DutFault, DutProtocolError, DutRebooted
from ....dut_protocol.host.dut import Dut, Identity
from ....dut_protocol.host.inference import Inference, InferenceTimer
from ....dut_protocol.wire.settings import ConfirmResults
from ....dut_protocol.wire.timer import ADAPTER_DELAY_S, DEFECT_DEVIATION, USUAL_DEVIATION
from ...journal.journal import Journal
from ...score.lap_time import lap_s

MAX_RETRIES = 3
"""Tries again of one input; a fault that comes at every fourth is still worth it."""

MAX_REBOOTS = 5
"""Reboots in one run: a board that keeps rebooting has a reason, and its results are not to be
trusted."""

RETRY_EVENT = "m-session-retry-step"


class Recovery:
    """Brings one device back, as often as its journal may hold."""

    def __init__(self, dut: Dut, journal: Journal, identity: Identity | None) -> None:
        """Recover the device of ``dut``; ``identity`` is who it was at the beginning."""
        self._dut = dut
        self._journal = journal
        self._identity = identity
        self._retries = 0
        self._reboots = 0
        self._unknown = False
        """Whether it rebooted and has not said yet that it is still the same firmware."""

    def next_input(self) -> None:
        """Count the retries from 0, for another input begins."""
        self._retries = 0

    def recover(self, error: DutError, step: int) -> None:
        """Void what step ``step`` and its followers left, and bring the device back.

        Raises the last error when it was retried too often.
        """
        self._journal.write("session", f"{RETRY_EVENT}[{step}]")
        self._journal.flush()
        back = False
        while not back:
            self._count(error)
            self._dut.listener.note(
                f"{error}; loading and inferring anew, retry {self._retries} of {MAX_RETRIES}"
            )
            try:
                self._bring_back()
                back = True
            except DutFault as another:
                error = another

    def _count(self, error: DutError) -> None:
        if isinstance(error, DutRebooted):
            self._unknown = True
            self._reboots += 1
            if self._reboots > MAX_REBOOTS:
                raise DutRebooted(f"{error} (reboot {self._reboots} of this run)") from error
        self._retries += 1
        if self._retries > MAX_RETRIES:
            raise error

    def _bring_back(self) -> None:
        if not self._unknown:
            self._dut.resync()
            return
        now, before = self._dut.identify(), self._identity
        if before is not None and not _same(now, before):
            raise DutProtocolError(
                f"{self._dut.address}: after its reboot the device says that it is "
                f"{_firmware(now)}, before it was {_firmware(before)}"
            )
        self._unknown = False


def _same(now: Identity, before: Identity) -> bool:
    """Compare two identities; the mode proves nothing where a board shows no banner."""
    if now.boot_mode is None or before.boot_mode is None:
        return _firmware(now)[:3] == _firmware(before)[:3]
    return _firmware(now) == _firmware(before)


def _firmware(identity: Identity) -> tuple[str, str | None, str | None, str | None]:
    mode = None if identity.boot_mode is None else identity.boot_mode.value
    return identity.vendor, identity.profile, identity.model_id, mode


_MOST_DOUBTS = 2
"""Windows that are doubted; a third is taken as it is: a timer that wanders is for the rules to
judge."""


class LapCheck:
    """Doubts a window once or twice, and believes the device if it says the same again."""

    def __init__(self, dut: Dut, timer: InferenceTimer) -> None:
        """Check the windows that ``timer`` measures on ``dut``."""
        self._dut = dut
        self._timer = timer
        # Of a defect it is free to ask again; what is usual is doubted on a bad link only.
        strict = dut.settings.confirm_results is ConfirmResults.ALL
        self._tolerance = USUAL_DEVIATION if strict else DEFECT_DEVIATION
        self._pace_s: float | None = None
        """Seconds of an inference by a device whose clock is known to differ from the host's."""
        self._doubted_s: float | None = None
        self._doubts = 0
        self._misplaced_s: list[float] = []
        """By how much they are off, of windows in a row whose lap times are not where the counter's
        readings have them."""
        self._placed = False
        """Whether those of one were."""

    def check(self, inference: Inference) -> None:
        """Raise DutProtocolError at a length that calls for another window."""
        start_us, end_us = inference.start_us, inference.end_us
        if start_us is None or end_us is None or inference.iterations == 1:
            return  # of a single inference only the scores count
        host_s = inference.host_elapsed_s
        device_s = lap_s(start_us, end_us, host_s)
        before_s, self._doubted_s = self._doubted_s, device_s
        if self._near(device_s, host_s):
            self._doubts = 0
            self._check_places(inference)
            return
        if self._pace_s is not None and self._near(device_s, self._pace_s * inference.iterations):
            self._doubts = 0
            return
        said_again = self._doubts > 0 and before_s is not None and self._near(device_s, before_s)
        if said_again or self._doubts == _MOST_DOUBTS:
            if device_s is not None:
                self._pace_s = device_s / inference.iterations
            self._doubts = 0
            return
        self._doubts += 1
        raise self._doubted(inference, f"the {host_s:.3f} s that the host saw")

    def _check_places(self, inference: Inference) -> None:
        """Compare each lap time with the counter's readings, as exactly as the link allows.

        A host that is busier than when that was measured makes all of them look wrong: then less
        is asked for. Firmware whose `timestamp` never agrees with its lap times is not asked for
        it any more.
        """
        off_s, resolution_s = inference.off_s, self._timer.resolution_s
        if off_s is None or resolution_s is None:
            return
        if off_s <= resolution_s:
            self._misplaced_s, self._placed = [], True
            return
        self._misplaced_s.append(off_s)
        most_s = max(self._misplaced_s)
        if len(self._misplaced_s) <= _MOST_DOUBTS or (self._placed and most_s > ADAPTER_DELAY_S):
            raise self._doubted(
                inference,
                f"where `timestamp` before and behind them has them: {off_s * 1e3:.1f} ms off, and "
                f"the link allows {resolution_s * 1e3:.1f} ms",
            )
        note = self._dut.listener.note
        if self._placed:
            self._timer.resolution_s = 1.2 * most_s
            note(
                f"the host is too busy for {resolution_s * 1e3:.1f} ms, three windows running: "
                f"from now on lap times are compared to {1.2e3 * most_s:.1f} ms"
            )
            return
        self._timer.resolution_s = None
        note(
            f"`timestamp` on {self._dut.address} does not agree with the lap times: from now on "
            f"they are compared with the host's time only, to {self._tolerance:.0%} and "
            f"{ADAPTER_DELAY_S * 1e3:.0f} ms"
        )

    def _doubted(self, inference: Inference, place: str) -> DutProtocolError:
        laps = f"m-lap-us-{inference.start_us} and m-lap-us-{inference.end_us}"
        return DutProtocolError(
            f"`infer {inference.iterations} {inference.warmups}` on {self._dut.address}: its lap "
            f"times ({laps}) are not {place}; one may be damaged"
        )

    def _near(self, device_s: float | None, other_s: float) -> bool:
        if device_s is None:
            return False
        return abs(device_s - other_s) <= self._tolerance * other_s + ADAPTER_DELAY_S
