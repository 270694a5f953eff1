"""`tinyrunner standings` and `submission table`: the record, and a session's place in it."""

from __future__ import annotations

import csv

from support.cli import only_session, tinyrunner
from support.inputs import write_inputs
from support.reference import reference_path
from support.sessions.streaming import Played
from tinyrunner.models.suite import KWS

ST_ENERGY = ("published", "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ad/energy")


def test_the_best_comes_first_and_a_row_says_who_it_is():
    ran = tinyrunner("standings", "kws", "--mode", "energy")
    assert ran.status == 0, ran
    first = ran.out.splitlines()[1]
    assert "18.561" in first
    assert "greenwaves-technologies" in first
    assert "recomputed on 2026-11-27 by a script of its own" in ran.out
    figures = [row["figure"] for row in tinyrunner("standings", "kws", "--json").json["rows"]]
    assert len(figures) == 89


def test_rows_are_picked_by_round_board_and_organization(tmp_path):
    ran = tinyrunner("standings", "ic", "--round", "v1.2", "--board", "l4r5zi", "--organization",
                     "stm", "--csv", tmp_path / "t.csv")  # fmt: skip
    assert ran.status == 0, ran
    rows = list(csv.DictReader((tmp_path / "t.csv").open(encoding="utf-8")))
    assert rows
    assert {(r["round"], r["organization"]) for r in rows} == {("v1.2", "STMicroelectronics")}
    assert tinyrunner("standings", "ic", "--csv", tmp_path / "t.csv").status == 2
    again = tinyrunner("standings", "ic", "--table", tmp_path / "t.csv", "--json").json
    assert len(again["rows"]) == len(rows)


def test_a_published_session_stands_where_its_row_does():
    ran = tinyrunner("standings", "ad", "--mode", "energy", "--with", reference_path(*ST_ENERGY))
    assert ran.status == 0, ran
    lines = ran.out.splitlines()
    (own,) = [at for at, line in enumerate(lines) if line.lstrip().startswith("→")]
    beside = lines[own - 1] + lines[own + 1]
    assert lines[own].split()[1] in beside
    assert "NUCLEO_L4R5ZI" in beside
    assert "of 31 in the record are better" in ran.out


def test_a_session_of_the_streaming_wake_word_has_its_energy_or_its_throughput(tmp_path):
    played = Played(words=[(9.0, 9.6)], busy_ms=19.0)
    performance = played.write(tmp_path / "performance")
    ran = tinyrunner("standings", "sww", "--with", performance, "--json")
    assert round(ran.json["with"][0]["figure"], 3) == 52.632
    said = tinyrunner("standings", "sww", "--with", performance).out
    assert "the record has no figure that it could be placed by" in said
    played.samples_j = [2.5e-5] * 30_000  # 28.5 s between the events
    energy = played.write(tmp_path / "energy")
    ran = tinyrunner("standings", "sww", "--mode", "energy", "--with", energy, "--json")
    assert round(ran.json["with"][0]["figure"]) == 712_500
    bare = played.write(tmp_path / "bare", echo=False, with_json=False)
    ran = tinyrunner("standings", "sww", "--mode", "energy", "--with", bare)
    assert ran.status == 2
    assert "has no figure to compare" in ran.err
    played.wav_file = "med_wav_2m_8p.wav"
    ran = tinyrunner("standings", "sww", "--mode", "energy", "--with", played.write(tmp_path / "m"))
    assert ran.status == 2
    assert "its energy is that of med_wav_2m_8p.wav, and the record's of long_wav.wav" in ran.err


def test_a_simulated_session_is_called_so(tmp_path):
    data = write_inputs(tmp_path / "data", KWS)
    tinyrunner(
        "run",
        "kws",
        "--mode",
        "performance",
        "--dut",
        "sim:",
        "--datasets",
        data,
        "--sessions",
        tmp_path / "s",
    )
    ran = tinyrunner("standings", "kws", "--with", only_session(tmp_path / "s"))
    assert "it is of a simulated device, whose figures are modelled" in ran.out
    wrong = tinyrunner("standings", "ic", "--with", only_session(tmp_path / "s"))
    assert wrong.status == 2
    assert "tinyrunner standings kws --mode performance" in wrong.err


def test_bad_input_is_answered_in_words(tmp_path):
    for words, said in (
        (("nn",), "no task 'nn' in the record; there are"),
        (("kws", "--round", "v9"), "its rounds are v0.5, v0.7"),
        (("kws", "--table", tmp_path), "cannot read the table"),
        (("--with", tmp_path), "--with needs a task"),
    ):
        ran = tinyrunner("standings", *words)
        assert ran.status == 2, ran
        assert said in " ".join(ran.err.split())


def test_the_table_of_a_tree_is_csv_with_a_row_a_session(tmp_path):
    target = tmp_path / "own.csv"
    ran = tinyrunner("submission", "table", reference_path("published", "v1.2"), "--csv", target)
    assert ran.status == 0, ran
    rows = list(csv.DictReader(target.open(encoding="utf-8")))
    assert {row["status"] for row in rows} <= {"reproduced", "printed only"}
    printed = tinyrunner("submission", "table", reference_path("published", "v1.2"))
    assert printed.out == target.read_text("utf-8")
