"""results.txt of an energy session: written as the published ones, read in both dialects."""

from __future__ import annotations

import re

import pytest
from support.reference import reference_path
from support.report.printed import energies, figures, parsed, windows
from tinyrunner.energy.windows import EnergyWindow
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.score.results import EnergyResult, MeasuredWindow
from tinyrunner.runner.write.eembc_results import render_energy
from tinyrunner.runner.write.printed_results import Block

ROUND = load_rounds().get()

EEMBC = [
    "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/energy",
    "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ad/energy",
    "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ic/energy",
]

WRITTEN = """\
00176.016 ulp-ml: Energy data for window 2 at time 2.71 for 13.33 sec.:
00176.016 ulp-ml:   Energy       :  1893399.171 uJ
00176.016 ulp-ml:   Power        :   141997.838 uW
00176.016 ulp-ml:   Energy/Inf.  :     2366.749 uJ/inf.
00176.016 ulp-ml: Energy data for window 4 at time 20.00 for 12.00 sec.:
00176.016 ulp-ml:   Invalid      : a gap at 21 s
00176.016 ulp-ml: ---------------------------------------------------------
00176.016 ulp-ml: Median energy cost is 2366.749 uJ/inf.
00176.016 ulp-ml: ---------------------------------------------------------
00176.016 ulp-ml: Performance results for window 2:
00176.016 ulp-ml:   # Inferences :          800
00176.016 ulp-ml:   Runtime      :       13.334 sec.
00176.016 ulp-ml:   Throughput   :       59.997 inf./sec.
00176.016 ulp-ml: Runtime requirements have been met.
00176.016 ulp-ml: Performance results for window 4:
00176.016 ulp-ml:   # Inferences :          800
00176.016 ulp-ml:   Invalid      : a gap at 21 s
00176.016 ulp-ml: Runtime requirements have NOT been met: at least 10 sec. and 10 inferences.
00176.016 ulp-ml: ---------------------------------------------------------
00176.016 ulp-ml: Median throughput is 59.997 inf./sec.
00176.016 ulp-ml: ---------------------------------------------------------
00176.016 ulp-ml: Cannot compute accuracy metrics in single-run mode.
"""


def without_stamps(text: str) -> str:
    return re.sub(r"^\d+\.\d{3} ", "", text, flags=re.M)


@pytest.mark.parametrize("folder", EEMBC)
def test_a_published_results_file_is_reproduced_but_for_its_stamps(folder):
    path = reference_path("published", folder)
    result = judge_any(path).assessment.energy
    theirs = (path / "results.txt").read_bytes().decode()
    assert without_stamps(render_energy(result, ROUND, time_s=0)) == without_stamps(theirs)


def test_energy_is_written_in_the_columns_of_the_field():
    result = EnergyResult(
        (
            MeasuredWindow(EnergyWindow(2, 2.711, 16.045, 1.893399171), "a.bin", 0, 800),
            MeasuredWindow(EnergyWindow(4, 20.0, 32.0, 1.0, "a gap at 21 s"), "b.bin", 0, 800),
        )
    )
    assert render_energy(result, ROUND, time_s=176.016) == WRITTEN


def test_energy_without_a_valid_window_says_so():
    text = render_energy(EnergyResult((), "no edges"), ROUND, time_s=1)
    assert "Median energy cost cannot be told" in text
    assert parsed(text).headline("median_energy_uj") is None
    assert parsed(text).blocks == ()


def test_what_is_written_reads_back_as_printed():
    read = parsed(WRITTEN)
    assert [(block.number, figures(block)) for block in energies(read)] == [
        (
            2,
            {
                "start": "2.71",
                "duration": "13.33",
                "energy": "1893399.171",
                "power in uW": "141997.838",
                "energy per inference": "2366.749",
            },
        ),
        (4, {"start": "20.00", "duration": "12.00"}),
    ]
    assert [figures(block).get("throughput") for block in windows(read)] == ["59.997", None]
    assert read.headline("median_energy_uj") == "2366.749"
    assert read.headline("median_throughput") == "59.997"
    assert read.stray == ()


def test_mlcommons_trials_are_read():
    text = "\r\n".join(
        [
            "Power Edition Output",
            "Energy data for trial 0",
            "  Elapsed time  : 10.886000000000001",
            "  Inferences    : 250",
            "  Power         : 32.8730 mW.",
            "  Total Energy  : 357855.490 uJ",
            "  Energy/Inf    : 1431.422 uJ/inf",
            "Energy data for trial 1",
            "  Inferences    : 251",
            "Median energy cost is 1430.6681 uJ/inf.",
        ]
    )
    read = parsed(text)
    assert [(block.kind, block.number, figures(block)) for block in read.blocks] == [
        (
            Block.TRIAL,
            0,
            {
                "duration": "10.886000000000001",
                "inferences": "250",
                "energy": "357855.490",
                "power in mW": "32.8730",
                "energy per inference": "1431.422",
            },
        ),
        (Block.TRIAL, 1, {"inferences": "251"}),
    ]
    assert read.headline("median_energy_uj") == "1430.6681"
