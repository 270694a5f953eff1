"""An `infer` of which the log has not yet told everything."""

from __future__ import annotations

from dataclasses import dataclass

from .reader import LogError
from .records import InferenceRecord


@dataclass(slots=True)
class PendingInference:
    """Gathered line by line; a record once the device has said `m-ready`."""

    step: int
    file: str
    offset: int
    iterations: int | None
    warmups: int | None
    started: bool = False
    timing: bool = False
    start_us: int | None = None
    end_us: int | None = None
    start_host_s: float | None = None
    end_host_s: float | None = None
    scores: tuple[float, ...] | None = None
    line: int = 0
    error: LogError | None = None
    torn: bool = False

    def outcome(self) -> tuple[int, InferenceRecord | LogError]:
        """The step, and what it yielded."""
        return self.step, self.error or self.record()

    def record(self) -> InferenceRecord:
        return InferenceRecord(
            file=self.file,
            offset=self.offset,
            iterations=1 if self.iterations is None else self.iterations,
            warmups=self.warmups,
            scores=self.scores or (),
            line=self.line,
            start_us=self.start_us,
            end_us=self.end_us,
            start_host_s=self.start_host_s,
            end_host_s=self.end_host_s,
        )
