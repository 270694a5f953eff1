"""The streaming wake word among the cells of a campaign."""

from __future__ import annotations

import json

from support.benches.streaming_runs import recordings
from support.cli import tinyrunner

FILE = """\
folder: night
tasks: [sww]
modes: [performance, accuracy]
boards:
  one:
    settings:
      dut: {{address: "sim:"}}
      datasets: {datasets}
"""


def test_it_is_run_in_the_modes_that_it_has_and_judged_by_a_round_that_has_it(tmp_path):
    file = tmp_path / "night.yaml"
    file.write_text(FILE.format(datasets=recordings(tmp_path / "data")), encoding="utf-8")
    ran = tinyrunner("campaign", file)
    assert ran.status == 3, ran
    sessions = sorted((tmp_path / "night").rglob("session.json"))
    said = [json.loads(path.read_text(encoding="utf-8")) for path in sessions]
    told = [(one["provenance"]["mode"], one["provenance"]["round"]) for one in said]
    assert told == [("performance", "v1.3")]
    assert all(one["result"]["streaming"]["words"]["true_positives"] == 3 for one in said)


def test_accuracy_alone_is_refused_with_its_reason(tmp_path):
    file = tmp_path / "night.yaml"
    text = FILE.format(datasets=recordings(tmp_path / "data"))
    file.write_text(text.replace("[performance, accuracy]", "[accuracy]"), encoding="utf-8")
    ran = tinyrunner("campaign", "plan", file)
    assert ran.status == 2, ran
    assert "nothing was run.\none/sww/accuracy: sww has no accuracy mode" in ran.err
