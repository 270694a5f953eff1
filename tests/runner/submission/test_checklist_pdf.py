"""The checklist: what was answered, what the sessions say, and that nothing is answered for you."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from support.sessions.altered import altered, write_labels
from support.sessions.submission_trees import SYSTEM, write_description
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.checklist import NOT_ANSWERED, fill_checklist
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.describe.questions import ASKED
from tinyrunner.runner.submission.gather import gather
from tinyrunner.runner.terms import Mode
from tinyrunner.runner.write.eembc_results import render_result

P, A = ("kws", Mode.PERFORMANCE), ("kws", Mode.ACCURACY)


def filled(tmp_path, sessions, change=lambda text: text, **options):
    path = write_description(tmp_path / "d", sessions)
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    description = load_description(path)
    round_ = load_rounds().get(description.round)
    return fill_checklist(description, gather(description, **options), round_)


def answer(checklist, words: str) -> str:
    (found,) = [one.answer for one in checklist.answers if words in one.question]
    return found


def test_answers_are_the_submitters_or_the_sessions(demo_sessions, tmp_path):
    checklist = filled(tmp_path, {p: s for p, s in demo_sessions.items() if p[0] in ("kws", "ad")})
    assert answer(checklist, "Certifying engineer(s)") == "Ada Example, Bob Beispiel"
    assert answer(checklist, "Numerics") == "INT8"
    assert answer(checklist, "System(s)") == SYSTEM
    assert answer(checklist, "Category") == "RDI"
    assert answer(checklist, "Benchmarks") == "kws, ad"
    assert answer(checklist, "EEMBC runner").startswith("No: measured with tinyrunner")
    assert "simulated" in answer(checklist, "EEMBC runner")
    assert "120 generated inputs" in answer(checklist, "whole validation set")
    assert answer(checklist, "target met").startswith("Yes")
    results = {
        key: json.loads((demo_sessions[key, Mode.ACCURACY] / "session.json").read_text())["result"]
        for key in ("kws", "ad")
    }
    assert [(row.benchmark, row.figure, row.met) for row in checklist.table] == [
        ("kws", f"{results['kws']['accuracy']['top1']:.2%} Top-1", True),
        ("ad", f"{results['ad']['accuracy']['auc']:.4f} AUC", True),
    ]
    assert checklist.unanswered == ()


def test_nothing_is_answered_for_the_submitter(demo_sessions, tmp_path):
    def emptied(text):
        start = text.index("checklist:")
        return text[:start] + "checklist: {}\n"

    checklist = filled(tmp_path, {A: demo_sessions[A], P: demo_sessions[P]}, emptied)
    assert checklist.unanswered == tuple(question.key for question in ASKED)
    for question in ASKED:
        assert answer(checklist, question.text) == NOT_ANSWERED


def test_a_missed_target_and_a_partial_set_are_told(demo_sessions, tmp_path):
    session = altered(demo_sessions[A], tmp_path / "s", {"dataset.synthetic": False})
    rows = (session / "y_labels.csv").read_text().splitlines(keepends=True)
    file, classes, label = rows[0].strip().split(",")
    wrong = [row.replace(",12,5", ",12,6") for row in rows]  # ten of 120 inputs
    unseen = f"demo_999999_{file[12:]},{classes},{label}\n"
    write_labels(session, "".join([*wrong, unseen]))
    judged = judge_any(session)
    text = render_result(judged.assessment, judged.task, judged.round, time_s=0.0)
    (session / "result.txt").write_text(text)
    checklist = filled(tmp_path, {A: session})
    (row,) = checklist.table
    assert row.met is False
    assert answer(checklist, "target met").startswith("No, for some combination")
    assert "120 of 121 inputs" in answer(checklist, "whole validation set")


def test_without_an_accuracy_session_nothing_is_claimed(demo_sessions, tmp_path):
    checklist = filled(tmp_path, {P: demo_sessions[P]})
    (row,) = checklist.table
    assert (row.figure, row.met) == ("not measured", None)
    assert answer(checklist, "target met").startswith("No")
    assert answer(checklist, "whole validation set").startswith("No")


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext here")
@pytest.mark.parametrize("round_name", ["v1.1", "v1.4"])
def test_the_pdf_holds_every_question_and_answer(built_tree, round_name, tmp_path):
    tree = built_tree(round_name)
    name = f"TinyMLPerf_{round_name}_Submission_Checklist.pdf"
    path = tree / "closed" / "Acme" / "systems" / name
    ran = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True)
    text = " ".join(ran.stdout.decode("utf-8").split())
    assert f"MLPerf Tiny {round_name} Submission Checklist" in text
    for word in ("ada@example.org", "Category RDI", "0.9444 AUC", "disallowed", "caching"):
        assert word.lower() in text.lower(), word


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext here")
def test_letters_of_any_script_and_a_picture_are_in_the_pdfs(demo_sessions, tmp_path):
    place = ("kws", Mode.ENERGY)
    path = write_description(tmp_path / "d", {place: demo_sessions[place]})
    picture = demo_sessions[place] / "energy_trace.png"
    text = path.read_text(encoding="utf-8")
    text = text.replace("Ada Example", "Žofie Łączka, Ελένη, Дарья")
    text = text.replace("picture: null", f"picture: '{picture}'")
    path.write_text(text, encoding="utf-8")
    systems = build(load_description(path), tmp_path / "o").root / "systems"

    def words(name: str) -> str:
        command = ["pdftotext", systems / name, "-"]
        out = subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
        return " ".join(out.split())

    assert "Žofie Łączka, Ελένη, Дарья" in words("TinyMLPerf_v1.2_Submission_Checklist.pdf")
    assert "the IO manager's pin drives the monitor's event" in words("Energy-Hookup.pdf")
    assert b"/Subtype /Image" in (systems / "Energy-Hookup.pdf").read_bytes()
