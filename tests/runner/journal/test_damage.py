"""Where a log of our own was damaged, and what of it can be relied on."""

from __future__ import annotations

import io

import pytest
from support.cli import only_session, tinyrunner
from support.devices.boards import board, use_board
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS
from tinyrunner.runner.journal import damage as module
from tinyrunner.runner.journal.damage import find_damage, set_damage_aside
from tinyrunner.runner.journal.open_log import open_log

BLOCK = 4096


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """An accuracy session of twelve inputs, some blocks of log."""
    folder = tmp_path_factory.mktemp("session")
    data = write_inputs(folder / "data", KWS, 12)
    with pytest.MonkeyPatch.context() as patch:
        use_board(patch, board())
        run = ("run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data)
        assert tinyrunner(*run, "--sessions", folder / "s").status == 3
    return only_session(folder / "s")


@pytest.fixture(scope="module")
def log(session):
    data = (session / "log.txt").read_bytes()
    assert len(data) > 3 * BLOCK
    return data


def damage_of(data: bytes):
    return find_damage(io.BytesIO(data))


def line_of(log: bytes, at: int) -> int:
    return log.count(b"\n", 0, at) + 1


def test_a_whole_log_is_not_damaged(log):
    assert damage_of(log) is None


def test_no_cut_is_damage(log):
    """A kill leaves that, and the run goes on from it."""
    assert [at for at in range(0, len(log), 19) if damage_of(log[:at]) is not None] == []


def test_a_long_log_is_looked_at_more_coarsely_and_to_the_same_end(log, monkeypatch):
    """Wherever it is cut into pieces, and wherever the closer look begins."""
    spoilt = log.replace(b"m-sequencing-i[13]", b"m-sequencing-i[14]")
    found = damage_of(spoilt)
    for chunk in range(300, 2000, 37):
        monkeypatch.setattr(module, "_CHUNK_BYTES", chunk)
        monkeypatch.setattr(module, "_CLOSE_BYTES", 4 * chunk)
        assert damage_of(log) is None
        assert (damage_of(spoilt).line, damage_of(spoilt).what) == (found.line, found.what)


@pytest.mark.parametrize("at", [500, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * BLOCK - 3])
def test_an_end_of_nuls_is_found_in_its_first_line(log, at):
    found = damage_of(log[:at] + bytes(len(log) - at))
    assert found is not None
    assert (found.line, found.what) == (line_of(log, at), "there are NULs in it")
    assert found.sound_bytes == log.rfind(b"\n", 0, at) + 1


def test_a_hole_of_nuls_is_found_although_the_log_goes_on_behind_it(log):
    found = damage_of(log[:BLOCK] + bytes(BLOCK) + log[2 * BLOCK :])
    assert found is not None
    assert found.line == line_of(log, BLOCK)


def test_an_older_block_is_found_and_nothing_within_it_is_relied_on(log):
    found = damage_of(log[: 2 * BLOCK] + log[BLOCK : 2 * BLOCK] + log[3 * BLOCK :])
    assert found is not None
    assert found.sound_bytes <= 2 * BLOCK
    assert line_of(log, 2 * BLOCK) <= found.line <= line_of(log, 3 * BLOCK)


def test_steps_that_are_lost_are_found_by_their_numbers(log):
    at = log.index(b"sequencer: m-sequencing-i[9]") - 10
    behind = log.index(b"sequencer: m-sequencing-i[11]") - 10
    found = damage_of(log[:at] + log[behind:])
    assert found is not None
    assert found.what == "step 11 stands behind step 8"


def test_an_end_that_comes_too_early_is_found_by_the_time_outs_of_all_steps(log):
    at = log.index(b"sequencer: m-sequencing-i[19]") - 10
    behind = log.index(b"sequencer: m-sequencer-stop") - 10
    found = damage_of(log[:at] + log[behind:])
    assert found is not None
    assert found.what == "the session ends behind step 18, which is not the last"


def test_another_sessions_log_in_its_place_is_found_by_the_id_beside_it(log):
    assert find_damage(io.BytesIO(log), "20200101000000") is not None


def test_what_stands_behind_the_end_is_not_read_and_the_rest_stands(log):
    found = damage_of(log + log[:BLOCK])
    assert found is not None
    assert found.ended
    assert found.sound_bytes == len(log)


def test_a_log_of_another_runner_may_hold_anything(log):
    foreign = log.replace(b"[tinyrunner ", b"[ML Performance ")
    assert damage_of(foreign[:BLOCK] + bytes(BLOCK) + foreign[2 * BLOCK :]) is None


def test_only_what_stands_before_the_damage_is_read(log, tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(log[: 2 * BLOCK] + bytes(len(log) - 2 * BLOCK))
    with open_log(path) as reader:
        records = list(reader)
    assert reader.facts.damage is not None
    assert not reader.facts.finished
    with open_log(path, sound=False) as reader:
        assert len(list(reader)) == len(records)
        assert reader.facts.damage is None


def test_what_is_cut_off_is_kept_and_the_log_says_so(log, tmp_path):
    path = tmp_path / "log.txt"
    spoilt = log[: 2 * BLOCK] + bytes(len(log) - 2 * BLOCK)
    path.write_bytes(spoilt)
    said = set_damage_aside(path)
    assert "NULs" in said
    assert "log-damaged.txt" in said
    sound, _, note = path.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")
    assert spoilt == sound + b"\n" + (tmp_path / "log-damaged.txt").read_bytes()
    assert b" parser: m-note[the log was damaged from line " in note
    assert set_damage_aside(path) == ""


def test_nuls_without_end_are_not_all_read(session, tmp_path):
    """As a file system leaves a file whose length alone came to the disk."""
    path = tmp_path / "log.txt"
    path.write_bytes((session / "log.txt").read_bytes())
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(1 << 30)  # of which nothing stands on the disk
        found = find_damage(file)
    assert found is not None
    assert (found.what, found.sound_bytes) == ("there are NULs in it", size)
