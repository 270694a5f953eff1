"""A report of the streaming wake word: figures, the time line of its words, zoomed to one."""

from __future__ import annotations

import pytest
from support.report.browser import chromium
from support.report.cli import command
from support.sessions.streaming import Played
from tinyrunner.runner.report.budget import Budget
from tinyrunner.runner.report.gather import Asked, gather
from tinyrunner.runner.report.plots.streaming_timeline import found_of, words_plot
from tinyrunner.runner.report.summary import cards
from tinyrunner.runner.report.views import view_of

# Half of them 3.5 s apart, as close as the official ones come.
WORDS = [(9.0 + 3.5 * n, 9.6 + 3.5 * n) for n in range(25)] + [
    (120.0 + 40 * n, 120.7 + 40 * n) for n in range(25)
]
MISSED, FALSE_S = (3, 4, 30), (1025.25, 1190.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    samples = [2.5e-5] * 30_000  # 25 mW at 1 kHz; of 30 s, which is quicker to read
    played = Played(words=WORDS, missed=MISSED, false_s=FALSE_S, pulses=18)
    played.write(folder / "performance")
    played.samples_j = samples
    played.write(folder / "energy")
    return folder


@pytest.fixture(scope="module")
def sessions(folder):
    return gather([folder], Asked()).sessions


def facts(session):
    return dict(view_of(session, "s1", Budget.of([session])).facts)


def test_the_figures_of_both_modes(sessions):
    performance, energy = sessions
    assert facts(performance) == {
        "Words": "47 of 50 heard, 3 missed; 2 false",
        "F1": "0.9495",
        "Closed division": "at most 8 missed, 8 false",
        "Duty cycle": "62.50 % (100 frames, log.txt)",
        "Period": "32.000 ms",
        "Throughput": "50.000 inf./s",
        "Audio clock of the board": "+0 ± 3 ppm (edges in log.txt)",
        "Without its drift": "47 TP, 3 FN, 2 FP, to 1 s behind a word: the same",
    }
    assert facts(energy)["Power"] == "25.0000 mW"
    assert facts(energy)["Energy"] == "712.500 mJ in 28.500 s"


def test_where_counts_disagree_the_report_says_what_that_means(tmp_path):
    late = Played(words=WORDS, latency_s=2.1, pulses=1).write(tmp_path / "late")
    (session,) = gather([late], Asked()).sessions
    text = facts(session)["Without its drift"]
    assert text.startswith("0 TP, 50 FN, 50 FP, to 1 s behind a word, where 50 TP, 0 FN, 0 FP are")
    assert text.endswith("a finding says what that means")
    assert any("taken off. The first is what counts" in one.text for one in session.findings)


def test_without_samples_and_edges_figures_are_the_printed_ones_and_say_so(tmp_path):
    played = Played(words=WORDS, samples_j=[2.5e-5] * 30_000)
    bare = played.write(tmp_path / "bare", echo=False, with_json=False)
    (session,) = gather([bare], Asked()).sessions
    shown = facts(session)
    assert shown["Throughput"] == "50.0 inf./s (as printed, not recomputed)"
    assert shown["Power"] == "25.0000 mW (as printed, not recomputed)"
    assert "Words" not in shown
    assert session.outcome.value == "not scored"
    (finding,) = [one for one in session.findings if one.severity.value == "not judged"]
    assert "datasets fetch sww01" in finding.text


def test_one_card_shows_both_modes_and_the_summary_their_figures(sessions):
    (card,) = cards(sessions)
    assert {tile.name: f"{tile.value} {tile.unit}".strip() for tile in card.tiles} == {
        "Throughput": "50.00 inf./s",
        "Duty cycle": "62.5 %",
        "Power": "25.000 mW",
        "Words": "47 of 50",
    }
    lines = [view_of(one, "s1", Budget.of([one])).line for one in sessions]
    assert [(one.figure, one.unit, one.margin) for one in lines] == [
        ("50.000", "inf./s", "+5"),
        ("25.0000", "mW", "+5"),
    ]


def test_of_two_windows_alike_the_second_is_missed(tmp_path):
    twice = [WORDS[0], WORDS[0], WORDS[1]]
    (session,) = gather([Played(words=twice).write(tmp_path / "twice")], Asked()).sessions
    assert found_of(session.assessment.streaming) == [True, False, True]


def test_a_line_of_words_is_told_to_those_who_do_not_see_it(sessions):
    plot = words_plot(sessions[0].assessment.streaming, "s1")
    assert plot.described == (
        "Time line of long_wav.wav, 1200 s: 47 of 50 words heard, 3 missed, 2 false detections"
    )


def test_fifty_words_are_readable_and_one_can_be_looked_at(folder, tmp_path_factory):
    out = folder.parent / "report.html"
    assert command("report", folder, "--out", out, "--force").status == 0
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        page.resize(1280, 900)
        page.open(out)
        line = page.driver.find_element("css selector", ".plot[data-kind=words]")
        page.run("arguments[0].scrollIntoView({behavior: 'instant', block: 'center'})", line)
        counted = page.run(
            "return ['.word', '.word.missed', '.wrong'].map("
            "name => arguments[0].querySelectorAll(name).length)", line,
        )  # fmt: skip
        assert counted == [50, 3, 2]
        boxes = page.run(
            "return Array.from(arguments[0].querySelectorAll('.number')).map(each => {"
            " const box = each.getBoundingClientRect();"
            " return [each.textContent, box.left, box.right, box.top, box.bottom]; })", line,
        )  # fmt: skip
        texts = [box[0] for box in boxes]
        assert {"✕4", "✕31", "1025.3 s", "1190.0 s"}.issubset(texts), str(texts)
        for at, (_, left, right, top, bottom) in enumerate(boxes):
            assert all(
                other[2] <= left or right <= other[1] or other[4] <= top or bottom <= other[3]
                for other in boxes[at + 1 :]
            )
        widths = page.run(
            "return Array.from(arguments[0].querySelectorAll('.word')).map("
            "each => each.getBoundingClientRect().width)", line,
        )  # fmt: skip
        assert min(widths) >= 3
        for _ in range(3):
            page.run("document.querySelector('[data-do=fault]').click()")
        told = page.run("return document.querySelector('.words .scale').textContent")
        assert told == "319.000 to 323.700 s, word 31, 320.000 to 320.700 s: missed"
        page.run("document.querySelector('[data-do=word-next]').click()")
        told = page.run("return document.querySelector('.words .scale').textContent")
        assert "word 32" in told
        assert "18 detections, the first 0.600 s after its begin" in told
        page.point(line, 0.33, 0.3)
        assert "word 32" in page.driver.find_element("css selector", ".told").text
        page.double_click(line)
        assert page.run("return arguments[0].dataset.seen", line) == "0.000000 1200.000000"
        page.resize(390, 844)
        overflow = "return document.documentElement.scrollWidth - window.innerWidth"
        assert page.run(overflow) <= 0
        assert page.complaints() == []
