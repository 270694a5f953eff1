"""Small session logs for tests, line by line as EEMBC's runner writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

START = (
    "00010.000 session: m-session-start-id[20260101000000]",
    "00010.000 parser: m-bmark-run-name[ML Performance 1.0.1]-code[ulp-mlperf]",
    "00010.001 sequencer: m-sequencer-start",
    '00010.002 parser: Command "bm cfg ulp-mlperf"',
    "00010.003 parser: m-bm-cfg-name[ulp-mlperf]-key[runMode]-val[multi]",
    "00010.003 parser: m-bm-cfg-name[ulp-mlperf]-key[model]-val[kws01]",
    "00010.004 dut: m-profile-[ULPMark for tinyML Firmware V0.0.1]",
    "00010.005 dut: m-model-[kws01]",
    "00010.006 dut: m-ready",
)
STOP = (
    "00099.000 sequencer: m-sequencer-stop",
    "00099.001 session: m-session-stop-id[20260101000000]",
)


@dataclass(frozen=True)
class Inference:
    """A load and an `infer` of a log."""

    file: str
    scores: Sequence[float]
    step: int = 5
    offset: int | None = None
    iterations: int = 1
    warmups: int = 0
    start_us: int = 1_000_000
    end_us: int = 1_020_000
    start_s: float = 20.0
    end_s: float = 20.02

    def load(self) -> list[str]:
        window = "" if self.offset is None else f" {self.offset} 2560"
        command = f'bload dut "C:\\data\\kws01\\{self.file}"{window}'
        return [
            f"00019.000 sequencer: m-sequencing-i[{self.step}]-command[{command}]"
            "-ack[/parser: m-ready/]-ms[7840]-acc[20000]-total_ms[59200]",
            f'00019.000 parser: Command "{command}"',
            "00019.001 parser: File size is 490, loading...",
            "00019.001 parser: Starting at byte offset 0",
            "00019.001 parser: Sending 490 bytes",
            "00019.001 parser: m-mute-target[dut]",
            "00019.100 parser: m-unmute-target[dut]",
            "00019.100 parser: Binary load took 0.099 sec, or 4.950 kB/sec",
            "00019.100 parser: m-bload-done",
            "00019.100 parser: m-ready-finished[bload]",
        ]

    def results(self) -> str:
        return f"m-results-[{','.join(f'{score:.3f}' for score in self.scores)}]"

    def infer(self) -> list[str]:
        command = f"dut infer {self.iterations} {self.warmups}"
        return [
            f"00019.100 sequencer: m-sequencing-i[{self.step + 1}]-command[{command}]"
            "-ack[/dut.?: m-ready/]-ms[-1]-acc[27840]-total_ms[59200]",
            f'00019.100 parser: Command "{command}"',
            "00019.100 parser: m-ready-finished[dut]",
            f"00019.101 dut: m-warmup-start-{self.warmups}",
            "00019.102 dut: m-warmup-done",
            f"00019.103 dut: m-infer-start-{self.iterations}",
            f"{self.start_s:09.3f} dut: m-lap-us-{self.start_us}",
            f"{self.end_s:09.3f} dut: m-lap-us-{self.end_us}",
            f"{self.end_s:09.3f} dut: m-infer-done",
            f"{self.end_s:09.3f} dut: {self.results()}",
            f"{self.end_s:09.3f} dut: m-ready",
        ]

    def lines(self) -> list[str]:
        return self.load() + self.infer()


def log_lines(inferences: Iterable[Inference], *, stop: bool = True) -> Iterator[str]:
    """A whole log."""
    yield from START
    for inference in inferences:
        yield from inference.lines()
    if stop:
        yield from STOP


def one_hot(label: int, classes: int = 12) -> tuple[float, ...]:
    return tuple(0.996 if i == label else 0.0 for i in range(classes))
