"""Is a window's length what the device meant? Its two lap times have no checksum either.

A flipped digit of `m-lap-us-N` is another lap time. The host saw how long the window was, though
less exactly, and other windows of the device tell its pace.
"""

from __future__ import annotations

from ...dut_protocol.errors import DutProtocolError
from ...dut_protocol.host.inference import Inference
from ..score.lap_time import lap_s

TOLERANCE = 0.05
"""More is a defect by the rules (RC oscillators stay within 4 %), so that asking again is free."""

STRICT_TOLERANCE = 0.02
"""On a link that is known to be bad: 94 % of the published windows agree within this."""

_SLACK_S = 0.05
"""Lines wait in USB adapters and in their drivers."""

_MOST_DOUBTS = 2
"""A third window is taken as it is: a timer that wanders is for the rules to judge."""


class LapCheck:
    """Doubts a window once or twice, and believes the device if it says the same again."""

    def __init__(self, address: str, *, strict: bool) -> None:
        self._address = address
        self._tolerance = STRICT_TOLERANCE if strict else TOLERANCE
        self._pace_s: float | None = None
        """Seconds of an inference by a device whose clock is known to differ from the host's."""
        self._doubted_s: float | None = None
        self._doubts = 0

    def check(self, inference: Inference) -> None:
        """DutProtocolError at a length that calls for another window."""
        start_us, end_us = inference.start_us, inference.end_us
        if start_us is None or end_us is None or inference.iterations == 1:
            return  # of a single inference only the scores count
        host_s = inference.host_elapsed_s
        device_s = lap_s(start_us, end_us, host_s)
        before_s, self._doubted_s = self._doubted_s, device_s
        if self._near(device_s, host_s):
            self._doubts = 0
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
        laps = f"m-lap-us-{start_us} and m-lap-us-{end_us}"
        raise DutProtocolError(
            f"`infer {inference.iterations} {inference.warmups}` on {self._address}: its lap times "
            f"({laps}) are not the {host_s:.3f} s that the host saw; one may be damaged"
        )

    def _near(self, device_s: float | None, other_s: float) -> bool:
        if device_s is None:
            return False
        return abs(device_s - other_s) <= self._tolerance * other_s + _SLACK_S
