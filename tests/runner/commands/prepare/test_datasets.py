from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.clips import sawtooth, write_wav
from support.reference import reference_path
from tinyrunner.models.catalogue import LABEL_LIST_FILES
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.commands import cli


@dataclass(frozen=True)
class Ended:
    """One call of the program."""

    status: int
    out: str
    err: str


@pytest.fixture
def tinyrunner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Calls the program as the shell does, with a home and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TINYRUNNER_DATASETS", raising=False)

    def call(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["tinyrunner", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return call


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Four clips, one of them bad, and their list."""
    for seed in range(4):
        write_wav(tmp_path / "clips" / f"{seed}.wav", sawtooth(16000, seed))
    write_wav(tmp_path / "clips" / "2.wav", sawtooth(16000), rate_hz=8000)
    rows = (f"{seed}.bin,12,{seed}\n" for seed in range(4))
    (tmp_path / "list.csv").write_text("".join(rows))
    return tmp_path / "clips"


def test_list_shows_tasks_and_official_lists_and_where_nothing_is(tinyrunner) -> None:
    ended = tinyrunner("datasets", "list")
    assert ended.status == 0
    for text in (*TASKS, "ic01-2021 (200)", "ad01-reduced (72)", "No inputs in the usual places"):
        assert text in ended.out


def test_list_shows_what_stands_in_the_usual_places(
    tinyrunner, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clips / "2.wav").unlink()
    eembc = Path("home/eembc/runner/benchmarks/ulp-mlperf/datasets")
    for out in ("tinyrunner-datasets", str(eembc), "named"):
        ended = tinyrunner(
            "datasets", "build", "kws", "--from", clips, "--labels", "list.csv", "--out", out,
            "--keep-going",
        )  # fmt: skip
        assert ended.status == 1
    monkeypatch.setenv("TINYRUNNER_DATASETS", "named")
    out = tinyrunner("datasets", "list").out
    assert out.count("kws: your own list; 3 of 4 files") == 3
    assert str(eembc) in out
    assert "named:" in out
    ended = tinyrunner("datasets", "list", "--datasets", "nowhere")
    assert "nowhere: no such folder" in ended.out


def test_build_makes_the_inputs_and_verify_finds_them_complete(tinyrunner, clips: Path) -> None:
    write_wav(clips / "2.wav", sawtooth(16000))
    build = ("datasets", "build", "kws", "--from", clips, "--labels", "list.csv")
    ended = tinyrunner(*build)
    assert ended.status == 0, ended.err
    assert "4 files made" in ended.out
    assert "4/4" in ended.err  # progress is not part of the result
    assert "4/4" not in ended.out
    assert "0 files made, 4 were there already" in tinyrunner(*build).out
    ended = tinyrunner("datasets", "verify", "tinyrunner-datasets")
    assert (ended.status, "4 of 4 files" in ended.out) == (0, True)
    (report,) = json.loads(tinyrunner("datasets", "verify", "tinyrunner-datasets", "--json").out)
    assert (report["ok"], report["lists"][0]["present"]) == (True, 4)


def test_a_bad_source_fails_the_build_and_nothing_is_written(tinyrunner, clips: Path) -> None:
    ended = tinyrunner("datasets", "build", "kws", "--from", clips, "--labels", "list.csv")
    assert ended.status == 1
    assert "2.wav: 8000 Hz; expected mono, 16-bit, 16000 Hz" in ended.err
    assert not Path("tinyrunner-datasets").exists()


def test_keep_going_makes_the_rest_lists_the_failures_and_ends_with_1(
    tinyrunner, clips: Path
) -> None:
    (clips / "0.wav").unlink()
    ended = tinyrunner(
        "datasets", "build", "kws", "--from", clips, "--labels", "list.csv", "--keep-going"
    )
    assert ended.status == 1
    assert "2 files made" in ended.out
    assert "2 of 4 could not be made" in ended.out
    assert "0.bin: no 0.wav" in ended.out
    assert "2.wav: 8000 Hz" in ended.out
    ended = tinyrunner("datasets", "verify", "tinyrunner-datasets")
    assert ended.status == 1
    assert "0.bin: missing" in ended.out


def test_files_that_differ_are_replaced_only_with_overwrite(tinyrunner, clips: Path) -> None:
    write_wav(clips / "2.wav", sawtooth(16000))
    build = ("datasets", "build", "kws", "--from", clips, "--labels", "list.csv")
    tinyrunner(*build)
    write_wav(clips / "2.wav", sawtooth(12000))
    ended = tinyrunner(*build)
    assert ended.status == 2
    assert "other contents" in ended.err
    assert "1 files made, 3 were there already" in tinyrunner(*build, "--overwrite").out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("build", "kw", "--from", "."), "no task 'kw'; did you mean kws?"),
        (("build", "sww", "--from", "."), "tinyrunner datasets fetch sww01-recipe; or give"),
        (("build", "sww", "--from", ".", "--keep-going"), "no --index, no --keep-going"),
        (("build", "sww", "--from", ".", "--labels", "no.json"), "no.json: cannot read the recipe"),
        (("build", "kws", "--from", "."), "tinyrunner datasets fetch kws01; or give your own"),
        (("build", "kws", "--from", ".", "--labels", "ic01"), "the list ic01 is of ic, not of kws"),
        (("build", "kws", "--from", ".", "--labels", "no.csv"), "no.csv: cannot read"),
        (("build", "kws", "--from", "none", "--labels", "list.csv"), "none: does not exist"),
        (("verify", "none"), "none: no such folder"),
        (("info", "none"), "neither a folder nor a task"),
        (("fetch", "ic02"), "no official list 'ic02'; did you mean ic01?"),
        (("verify", "clips"), "holds none of vww01, ic01, kws01, ad01, sww01"),
    ],
)
def test_what_cannot_be_meant_ends_with_2(
    tinyrunner, clips: Path, arguments: tuple[str, ...], expected: str
) -> None:
    ended = tinyrunner("datasets", *arguments)
    assert ended.status == 2
    assert expected in ended.err


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_info_explains_a_task(tinyrunner, task) -> None:
    for name in (task.key, task.model_id):
        ended = tinyrunner("datasets", "info", name)
        assert ended.status == 0
        for text in (f"{task.input_bytes} bytes", task.class_names[0], "http", "--from"):
            assert text in ended.out


def test_info_shows_the_hashes_of_a_folder(tinyrunner) -> None:
    ended = tinyrunner("datasets", "info", reference_path("datasets", "kws01"))
    assert ended.status == 0
    assert "the official kws01 list; 1000 of 1000 files, the published inputs to" in ended.out
    assert "aef4ed3907710434c8a58012a67285a946d08931294b864c5b098ee418725e52" in ended.out
    assert "Silence 80" in ended.out


def test_an_official_list_that_was_fetched_is_the_one_to_build_by(tinyrunner) -> None:
    lists = reference_path("datasets", "kws01")
    clips = reference_path("audio", "speech_commands_v0.02_test")
    assert tinyrunner("datasets", "fetch", "kws01", "--from", lists).status == 0
    for labels in ((), ("--labels", "kws01")):
        ended = tinyrunner("datasets", "build", "kws", "--from", clips, "--keep-going", *labels)
        assert ended.status == 1
        assert "952 of 1000 could not be made" in ended.out


def test_a_recording_of_sww_is_made_by_its_recipe_and_verified(tinyrunner, tmp_path: Path) -> None:
    write_wav(tmp_path / "data" / "marvin" / "a.wav", sawtooth(9000))
    recipe = {
        "configs_background": [], "configs_wakeword": [["{speech}/marvin/a.wav", 1.0, 0.5]],
        "length_sec": 4.0, "sample_rate": 16000,
    }  # fmt: skip
    Path("med_wav_2m_8p_spec.json").write_text(json.dumps(recipe))
    build = ("datasets", "build", "sww", "--from", "data", "--labels", "med_wav_2m_8p_spec.json")
    ended = tinyrunner(*build)
    assert ended.status == 0, ended.err
    assert "med_wav_2m_8p.wav: made; 4 s, 1 words" in ended.out
    assert "No official words are at hand" in ended.out
    assert "was there already" in tinyrunner(*build).out
    lists = reference_path("datasets")
    assert tinyrunner("datasets", "fetch", "sww01-medium", "--from", lists).status == 0
    ended = tinyrunner(*build)
    assert ended.status == 1
    assert "1 of its words are not where the official ones are" in ended.out
    assert "  1 words, officially 8" in ended.out
    ended = tinyrunner("datasets", "verify", "tinyrunner-datasets")
    assert (ended.status, "med_wav_2m_8p.wav: 1 words in 4 s" in ended.out) == (0, True)
    (report,) = json.loads(tinyrunner("datasets", "verify", "tinyrunner-datasets", "--json").out)
    assert (report["ok"], report["recordings"][0]["present"]) == (True, True)
    assert "sww: 1 of 1 recordings here" in tinyrunner("datasets", "list").out


def test_info_explains_the_streaming_task(tinyrunner) -> None:
    for name in ("sww", "sww01"):
        out = tinyrunner("datasets", "info", name).out
        for text in ("1200 s and 50 words", "MUSAN", "sww01-recipe", "--from"):
            assert text in out


def test_the_official_lists_have_the_names_of_the_catalogue() -> None:
    names = {file.name for file in LABEL_LIST_FILES}
    assert {task.model_id for task in TASKS.values()} <= names
