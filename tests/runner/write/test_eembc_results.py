"""results.txt: written to EEMBC's columns, read in both dialects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.report.printed import figures, parsed
from support.report.printed import windows as printed_windows
from tinyrunner.models.suite import Metric
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.score.results import AccuracyResult, PerformanceResult, TimedWindow
from tinyrunner.runner.write.eembc_results import render_accuracy, render_performance

ROUND = load_rounds().get()

WRITTEN = """\
00155.007 ulp-mlperf: Performance results for window 2:
00155.007 ulp-mlperf:   # Inferences :          800
00155.007 ulp-mlperf:   Runtime      :       13.381 sec.
00155.007 ulp-mlperf:   Throughput   :       59.787 inf./sec.
00155.007 ulp-mlperf: Runtime requirements have been met.
00155.007 ulp-mlperf: Performance results for window 4:
00155.007 ulp-mlperf:   # Inferences :            9
00155.007 ulp-mlperf:   Runtime      :       10.000 sec.
00155.007 ulp-mlperf:   Throughput   :        0.900 inf./sec.
00155.007 ulp-mlperf: Runtime requirements have NOT been met: at least 10 sec. and 10 inferences.
00155.007 ulp-mlperf: Performance results for window 6:
00155.007 ulp-mlperf:   # Inferences :          800
00155.007 ulp-mlperf:   Invalid      : the timer stood
00155.007 ulp-mlperf: Runtime requirements have NOT been met: at least 10 sec. and 10 inferences.
00155.007 ulp-mlperf: ---------------------------------------------------------
00155.007 ulp-mlperf: Median throughput is 30.344 inf./sec.
00155.007 ulp-mlperf: ---------------------------------------------------------
00155.007 ulp-mlperf: Cannot compute accuracy metrics in single-run mode.
"""


def test_performance_is_written_in_the_columns_of_the_field():
    result = PerformanceResult(
        (
            TimedWindow(2, "a.bin", 0, 800, 13.380809),
            TimedWindow(4, "b.bin", 0, 9, 10.0),
            TimedWindow(6, "c.bin", 0, 800, None, invalid="the timer stood"),
        )
    )
    assert render_performance(result, ROUND, time_s=155.007) == WRITTEN


def test_performance_without_a_valid_window_says_so():
    text = render_performance(PerformanceResult(()), ROUND, time_s=1)
    assert "Median throughput cannot be told" in text
    assert parsed(text).headline("median_throughput") is None


def test_accuracy_is_written_as_top1_and_auc():
    result = AccuracyResult(Metric.TOP1, listed=1000, inputs=1000, correct=902, auc=0.846)
    assert render_accuracy(result, time_s=36424.5214) == (
        "36424.521 ulp-mlperf: Top-1: 90.2%\n36424.521 ulp-mlperf: AUC: 0.85\n"
    )


def test_accuracy_of_a_subset_says_what_is_not_computed():
    text = render_accuracy(AccuracyResult(Metric.TOP1, 1000, 0, 0, None), time_s=365036.217)
    assert text.startswith("365036.217 ulp-mlperf: Top-1: not computed")
    assert "AUC: not computed" in text
    assert parsed(text).headlines == ()


@given(st.lists(st.tuples(st.integers(1, 10**6), st.floats(0.001, 10**5)), min_size=1, max_size=7))
def test_what_is_written_reads_back_as_printed(values):
    windows = tuple(TimedWindow(2 * i, "x", 0, n, s) for i, (n, s) in enumerate(values, 1))
    result = PerformanceResult(windows)
    read = parsed(render_performance(result, ROUND, time_s=0))
    assert read.headline("median_throughput") == f"{result.median_throughput:.3f}"
    assert [(block.number, figures(block)) for block in printed_windows(read)] == [
        (
            window.number,
            {
                "inferences": str(window.iterations),
                "runtime": f"{window.elapsed_s:.3f}",
                "throughput": f"{window.throughput:.3f}",
            },
        )
        for window in windows
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_mlcommons_performance_is_read(end):
    text = end.join(
        [
            "Performance results for window 1",
            "    # Inferences : 250",
            "    Runtime: 10.862042 sec.",
            "    Throughput: 23.01593015383295 inf./sec.",
            "    Runtime requirements have been met.",
            "0726.010245 ulp-mlperf: Median throughput is     23.032 inf./sec.",
        ]
    )
    read = parsed(text)
    assert read.headline("median_throughput") == "23.032"
    (window,) = printed_windows(read)
    assert window.number == 1
    assert figures(window) == {
        "inferences": "250",
        "runtime": "10.862042",
        "throughput": "23.01593015383295",
    }


def test_mlcommons_accuracy_and_energy_are_read():
    text = "0726.010109 ulp-mlperf: Top 1% = 90.2\r\n0726.010109 ulp-mlperf: AUC = 0.995\r\n"
    read = parsed(text)
    assert (read.headline("top1"), read.headline("auc")) == ("90.2", "0.995")
    energy = "Median energy cost is 1430.6681 uJ/inf.\n"
    assert parsed(energy).headline("median_energy_uj") == "1430.6681"


def test_a_text_without_figures_reads_as_nothing():
    for text in ("nothing\n", ""):
        read = parsed(text)
        assert (read.blocks, read.headlines, read.stray) == ((), (), ())


_ONCE = """00001.000 ulp-mlperf: Performance results for window 2:
00001.000 ulp-mlperf:   # Inferences :          300
00001.000 ulp-mlperf:   Runtime      :       23.956 sec.
00001.001 ulp-mlperf: Performance results for window 4:
00001.001 ulp-mlperf:   # Inferences :          300
00001.001 ulp-mlperf:   Runtime      :       23.957 sec.
00001.002 ulp-mlperf: Median throughput is 12.523 inf./sec.
"""


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("".join(line * 3 for line in _ONCE.splitlines(keepends=True)), (2, 14)),
        ("".join(f"{line}00009{line[5:]}" for line in _ONCE.splitlines(keepends=True)), (2, 7)),
        (_ONCE * 2, (8, 2)),
        (_ONCE, None),
    ],
)
def test_what_is_printed_several_times_is_read_once(text, repeated):
    read, once = parsed(text), parsed(_ONCE)
    assert [(b.kind, b.number, len(b.figures)) for b in read.blocks] == [
        (b.kind, b.number, len(b.figures)) for b in once.blocks
    ]
    assert read.repeated == repeated


def test_a_copy_that_says_something_else_is_read_as_well():
    text = _ONCE.replace(
        "23.956 sec.\n", "23.956 sec.\n00001.000 ulp-mlperf:   Runtime : 23.966 sec.\n"
    )
    assert [f.text for f in parsed(text).blocks[0].figures] == ["300", "23.956", "23.966"]
    other = parsed(_ONCE + _ONCE.replace("23.956", "23.966"))
    assert len(other.blocks) == 4
