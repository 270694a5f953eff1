"""The accuracy loop for hours of the bench's time: memory flat, nothing left open."""

from __future__ import annotations

import threading
import tracemalloc

import psutil
import pytest
from support.devices.boards import HashModel
from support.devices.faults.fault_runs import faulty
from support.devices.faults.link_faults import FaultPlan, Kind
from support.inputs import row, write_inputs
from tinyrunner.models.suite import KWS
from tinyrunner.runner.config.config import Config, DutConfig
from tinyrunner.runner.execute.progress import QuietReporter
from tinyrunner.runner.execute.run import run_session
from tinyrunner.runner.journal.open_log import open_log
from tinyrunner.runner.terms import Mode

FILES = 20


class _Watch(QuietReporter):
    """Looks at the process every so many inputs."""

    def __init__(self, every: int) -> None:
        self._every = every
        self.heap: list[int] = []
        self.resident: list[int] = []
        self._process = psutil.Process()

    def advance(self, done: int, status: str) -> None:
        if done % self._every == 0:
            self.heap.append(tracemalloc.get_traced_memory()[0] if tracemalloc.is_tracing() else 0)
            self.resident.append(self._process.memory_info().rss)


def long_list(root, count: int):
    """A list of ``count`` inputs, all of them names of a few files."""
    data = write_inputs(root / "data", KWS, FILES)
    folder = data / KWS.model_id
    originals = sorted(folder.glob("*.bin"))
    rows = []
    for index in range(count):
        original = originals[index % FILES]
        name = f"soak_{index:06d}_{original.stem.rpartition('_')[2]}.bin"
        (folder / name).hardlink_to(original)
        rows.append(row(KWS, name, int(original.stem.rpartition("_")[2])))
    (folder / "y_labels.csv").write_text("".join(rows))
    return data


@pytest.mark.parametrize(
    ("inputs", "least_hours", "inference_s"),
    [
        pytest.param(30_000, 24.0, 2.85, marks=pytest.mark.slow, id="a day"),
        pytest.param(600, 0.48, 2.85, id="half an hour"),
    ],
)
def test_a_long_run_on_a_bad_link_leaves_nothing_behind(
    inputs, least_hours, inference_s, tmp_path, capsys
):
    process = psutil.Process()
    data = long_list(tmp_path, inputs)
    watch = _Watch(inputs // 20)
    # About one input in a hundred meets a fault, so that recovering is soaked as well.
    plan = FaultPlan(Kind.FLIP, 1e-6, None, 1)
    config = Config(
        dut=DutConfig(address="sim:", boot_wait_s=0.5), datasets=data, sessions=tmp_path / "s"
    )
    threads, files = threading.active_count(), len(process.open_files())
    tracemalloc.start()
    try:
        with faulty(KWS, plan, HashModel(KWS), inference_s=inference_s) as count:
            ran = run_session(KWS, Mode.ACCURACY, config, watch)
    finally:
        tracemalloc.stop()
    assert threading.active_count() == threads
    assert len(process.open_files()) == files
    accuracy = ran.assessment.accuracy
    assert accuracy is not None
    assert accuracy.inputs == inputs
    text = ran.session.log.read_bytes()
    last_s = float(text[text.rindex(b"\n", 0, -1) + 1 :].split()[0])
    assert last_s > least_hours * 3600
    with open_log(ran.session.log) as reader:
        assert sum(1 for _ in reader) == inputs
    half = len(watch.heap) // 2
    growth = watch.heap[-1] - watch.heap[half]
    with capsys.disabled():
        resident = f"{watch.resident[half] / 1e6:.1f} to {watch.resident[-1] / 1e6:.1f} MB"
        print(
            f"\n{inputs} inputs, {last_s / 3600:.1f} h, {count()} faults; over the second half "
            f"the heap grew by {growth / 1e3:.1f} kB, resident {resident}"
        )
    assert growth < 64_000 + inputs, "bytes over the second half of the run"
