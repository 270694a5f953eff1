"""The page of an audit: digest first, printed beside recomputed, and small for a whole round."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest
from support.reference import reference_path
from support.report.blocks import unpacked_bytes
from support.report.browser import chromium
from support.sessions.audited import ST_V13, published_session
from support.sessions.published_trees import audited
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.overview.digest import digest
from tinyrunner.runner.report.audit_view import overview_of
from tinyrunner.runner.report.from_audit import page_of_audit
from tinyrunner.runner.report.render import MOST_UNFOLDED, render_report

TREE = "published/v1.2"
HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def tampered(tmp_path_factory):
    """A published submitter whose printed throughput is 2 % more than its log gives."""
    root = tmp_path_factory.mktemp("tampered") / "v1.2"
    shutil.copytree(reference_path("record", "v1.2", "closed", "syntiant"), root / "closed" / "x")
    (results,) = (root / "closed" / "x").rglob("results.txt")
    (printed,) = {one.printed for one in digest(audit(root)).sessions}
    results.chmod(0o644)
    text = results.read_text("utf-8").replace(printed, f"{float(printed) * 1.02:.3f}")
    results.write_text(text, encoding="utf-8")
    return audit(root)


def overview(found):
    page = page_of_audit(found)
    return overview_of(page, page.digest)


def test_each_row_holds_the_figures_and_the_verdict_of_the_digest():
    found = audited(TREE)
    rows = overview(found).lines
    short = digest(found)
    assert len(rows) == len(short.sessions) == 6
    told = {(one.session.place.path, one.standing.value, one.printed) for one in short.sessions}
    titles = [session.title for session in page_of_audit(found).sessions]
    assert {(title, row.verdict, row.printed) for title, row in zip(titles, rows, strict=True)} == (
        told
    )
    assert [row.anchor for row in rows] == ["s1", "s2", "s3", "s4", "s5", "s6"]


def test_a_figure_that_disagrees_is_named_first_and_marked_on_its_card(tampered):
    seen = overview(tampered)
    (line,) = seen.disagreeing
    assert line.why == "+2 %"
    assert float(line.printed) == pytest.approx(1.02 * float(line.recomputed), rel=1e-4)
    (card,) = seen.cards
    assert card.lines == (line,)
    text = render_report(page_of_audit(tampered))
    main = text.split('<main id="main">')[1]
    assert main.index('id="digest"') < main.index('class="verdicts"') < main.index('id="summary"')
    assert f'class="printed short">printed {line.printed}' in text
    assert f"printed {line.printed}, recomputed {line.recomputed} inf./s (+2 %)" in text


def test_a_power_that_disagrees_is_named_and_the_energy_beside_it_is_not_marked(tmp_path):
    one = published_session(tmp_path, ST_V13, "kws", "energy")
    one.replace("results.txt", "32.8730 mW", "30.8730 mW")
    found = audit(tmp_path, round_name="v1.3")
    (line,) = overview(found).disagreeing
    assert "is printed 30.8730 mW, expected 32.87300 mW, as it is recomputed" in line.other
    text = render_report(page_of_audit(found))
    assert f"energy</a>: <bdi>{line.other}</bdi>" in text
    assert f'class="printed">printed {line.printed}' in text
    assert f'class="printed short"><bdi>{line.other}</bdi>' in text


def test_a_session_of_a_tree_has_its_target_too():
    text = render_report(page_of_audit(audited(TREE)))
    (margin,) = re.findall(r"Closed division&#39;s target</dt><dd>85, margin (.*?)</dd>", text)
    assert margin == "+2.0 pp"


def test_a_streaming_session_shows_its_words_and_is_scored():
    page = page_of_audit(audited("record/v1.3"))
    (session,) = page.sessions
    words = session.assessment.streaming.words
    text = render_report(page)
    heard = f"{words.true_positives} of {words.words} heard, {words.false_negatives} missed"
    assert f"<dt>Words</dt><dd>{heard}; {words.false_positives} false</dd>" in text
    assert 'data-kind="words"' in text
    assert f"<dt>F1</dt><dd>{words.f1:.4f}</dd>" in text
    assert "not scored" not in text
    assert "1 session, audited" in text


def test_what_is_not_judged_says_why():
    seen = overview(audited("published/v1.2"))
    assert [(one.count, one.text) for one in seen.unjudged] == [(1, "no log")]
    assert {one.text: one.count for one in seen.counts} == {
        "sessions": 6, "reproduced": 5, "disagree": 0, "not judged": 1,
    }  # fmt: skip


def test_a_wake_words_energy_is_shown_by_its_words():
    (line,) = overview(audited("record/v1.3")).lines
    assert (line.figure, line.printed, line.recomputed) == ("F1", "46 TP, 4 FN, 4 FP", "0.9200")
    assert (line.verdict, line.badge) == ("reproduced by words alone", "not-judged")
    assert line.why.startswith("no samples are at hand, so that power")


def test_hostile_names_stay_text_in_the_digest_and_in_what_is_folded(tampered):
    page = page_of_audit(tampered)
    (session,) = page.sessions
    place = session.standing.session.place
    place = replace(place, system=HOSTILE, submitter=replace(place.submitter, name=HOSTILE))
    audited_session = replace(session.standing.session, place=place)
    standing = replace(session.standing, session=audited_session, printed=HOSTILE, why=HOSTILE)
    named = replace(session, benchmark=HOSTILE, system=HOSTILE, title=HOSTILE, standing=standing)
    many = replace(page, sessions=(named,) * (MOST_UNFOLDED + 1))
    text = render_report(many)
    folded = re.findall(r'class="packed">([^<]*)</script>', text)
    assert len(folded) == MOST_UNFOLDED + 1
    inside = unpacked_bytes(folded[0]).decode()
    for each in (text, inside):
        assert "<img" not in each
        assert "&lt;img src=x" in each


@pytest.fixture(scope="module")
def round_page(tmp_path_factory):
    """Of about as many sessions as v1.2 has: published ones, with traces and curves.

    It is audited once: what is tried is the page.
    """
    page = page_of_audit(audited(TREE))
    sessions = [of_submitter(one, f"ST{n:02d}") for n in range(27) for one in page.sessions]
    out = tmp_path_factory.mktemp("round") / "round.html"
    out.write_text(render_report(replace(page, sessions=tuple(sessions))), encoding="utf-8")
    return out


def of_submitter(session, name):
    place = session.standing.session.place
    place = replace(place, submitter=replace(place.submitter, name=name))
    standing = replace(session.standing, session=replace(session.standing.session, place=place))
    return replace(session, standing=standing)


def test_a_round_of_160_sessions_is_below_3_mb(round_page):
    text = round_page.read_text("utf-8")
    assert len(re.findall('<details id="s', text)) == 162
    assert len(text.encode()) < 3_000_000


def test_a_round_is_filtered_sorted_and_opened_in_the_browser(round_page, tmp_path):
    with chromium(tmp_path) as page:
        page.driver.get(round_page.as_uri())
        shown = "Array.from(document.querySelectorAll('.sortable tbody tr')).filter(r => !r.hidden)"
        page.wait("document.querySelector('.filters .scale').textContent === '162 of 162'")
        for column, value in (("Submitter", "ST03"), ("Mode", "energy"), ("Task", "ic")):
            page.run(
                "const box = document.querySelector(`select[data-column=${arguments[0]}]`);"
                "box.value = arguments[1]; box.dispatchEvent(new Event('change'))",
                column, value,
            )  # fmt: skip
        assert page.run(f"return {shown}.length") == 1
        page.run("document.querySelectorAll('select[data-column]').forEach(box => { box.value = '';"
                 "box.dispatchEvent(new Event('change')) })")  # fmt: skip
        head = page.driver.find_element("css selector", ".sortable th:nth-child(6) button")
        for turn in ("ascending", "descending"):
            head.send_keys("\n")
            cells = page.run(f"return {shown}.map(r => parseFloat(r.cells[5].textContent))")
            numbers = [each for each in cells if each is not None]
            assert len(numbers) > 100
            assert numbers == sorted(numbers, reverse=turn == "descending")
            assert cells[len(numbers) :] == [None] * (len(cells) - len(numbers))
        for order in ("Recomputed", ""):
            page.run(
                "const box = document.querySelector('.order'); box.value = arguments[0];"
                "box.dispatchEvent(new Event('change'))", order,
            )  # fmt: skip
        anchors = page.run(f"return {shown}.map(r => r.querySelector('a').hash)")
        assert anchors == [f"#s{number}" for number in range(1, 163)]
        assert page.run("return document.querySelectorAll('.plot').length") == 0
        page.run("location.hash = arguments[0]",
                 page.run(f"return {shown}.find(r => r.cells[3].textContent === 'energy')"
                          ".querySelector('a').hash"))  # fmt: skip
        page.wait("document.querySelectorAll('details.session[open] .plot .line').length === 1")
        assert page.run("return document.querySelector('details[open] .dotplot') !== null")
        assert page.complaints() == []
