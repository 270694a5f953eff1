"""The catalogue of published files: what is pinned is what upstream has, as far as we hold it."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.datasets.official_lists import OFFICIAL_LISTS
from tinyrunner.datasets.streaming.truth import read_truths
from tinyrunner.models.cache import cache_root
from tinyrunner.models.catalogue import (
    FETCHED_LISTS,
    LABEL_LIST_FILES,
    MODELS_COMMIT,
    REFERENCE_MODELS,
    STREAMING_FILES,
    LabelListFile,
    PinnedFile,
    ReferenceModel,
    StreamingFile,
    identify,
)
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import ALL_TASKS, BENCHMARKS, SWW_INFERENCE, TASKS, Task

EVERYTHING: tuple[PinnedFile, ...] = (*REFERENCE_MODELS, *FETCHED_LISTS)


def named(item: PinnedFile) -> str:
    return item.name


def test_each_task_has_one_reference_model_and_the_others_are_of_later_rounds() -> None:
    assert {model.task: model.name for model in REFERENCE_MODELS} == {
        key: key for key in BENCHMARKS
    }
    later = {model.name: model.round_note for model in REFERENCE_MODELS if model.later_round}
    assert later == {"sww": "from v1.3", "ic2": "from v1.4, with ic"}
    assert all((model.task in TASKS) != model.later_round for model in REFERENCE_MODELS)


@pytest.mark.parametrize("model", REFERENCE_MODELS, ids=named)
def test_a_model_is_pinned_by_the_size_and_hash_of_its_file(model: ReferenceModel) -> None:
    data = reference_path("models", model.file_name).read_bytes()
    assert len(data) == model.size_bytes
    assert hashlib.sha256(data).hexdigest() == model.sha256


@pytest.mark.parametrize("item", LABEL_LIST_FILES, ids=named)
def test_a_label_list_is_pinned_by_the_size_and_hash_of_its_file(item: LabelListFile) -> None:
    data = reference_path("datasets", TASKS[item.task].model_id, item.file_name).read_bytes()
    assert len(data) == item.size_bytes
    assert hashlib.sha256(data).hexdigest() == item.sha256


@pytest.mark.parametrize("item", STREAMING_FILES, ids=named)
def test_a_file_of_the_streaming_task_is_pinned_too(item: StreamingFile) -> None:
    path = reference_path("datasets", "sww01", item.file_name)
    assert len(path.read_bytes()) == item.size_bytes
    assert hashlib.sha256(path.read_bytes()).hexdigest() == item.sha256
    if item.file_name.endswith("_test.json"):
        assert [truth.wav_file for truth in read_truths(path)] == [item.wav_file]


@pytest.mark.parametrize("task", [*ALL_TASKS.values(), SWW_INFERENCE], ids=lambda task: task.key)
def test_the_engine_takes_the_model_of_a_task(task: Task) -> None:
    model = next(model for model in REFERENCE_MODELS if model.task == task.key)
    engine = Engine.load(reference_path("models", model.file_name), task)
    assert engine.sha256 == model.sha256


def test_the_address_names_repository_commit_and_path() -> None:
    kws = next(model for model in REFERENCE_MODELS if model.name == "kws")
    assert kws.url == (
        f"https://raw.githubusercontent.com/mlcommons/tiny/{MODELS_COMMIT}/"
        "benchmark/training/keyword_spotting/trained_models/kws_ref_model.tflite"
    )
    assert {model.commit for model in REFERENCE_MODELS} == {MODELS_COMMIT}


@pytest.mark.parametrize("item", EVERYTHING, ids=named)
def test_every_pin_is_whole(item: PinnedFile) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", item.commit)
    assert re.fullmatch(r"[0-9a-f]{64}", item.sha256)
    assert re.fullmatch(r"[\w./-]+", item.path)
    assert not item.path.startswith("/")
    assert item.licence == "Apache-2.0"
    assert 0 < item.size_bytes < 1 << 20


def test_no_two_files_share_name_hash_or_place() -> None:
    for fact in ("name", "sha256", "cached_path"):
        assert len({getattr(item, fact) for item in EVERYTHING}) == len(EVERYTHING)


def test_the_label_lists_are_those_that_the_data_sets_are_recognised_by() -> None:
    # The official lists are in normal form: their rows have the hash of their bytes.
    known = {(item.task, item.name, item.sha256) for item in OFFICIAL_LISTS}
    assert {(item.task, item.name, item.sha256) for item in LABEL_LIST_FILES} == known


def test_a_file_is_recognised_by_its_hash() -> None:
    assert [identify(item.sha256) for item in EVERYTHING] == list(EVERYTHING)
    assert identify("0" * 64) is None


def test_an_entry_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        REFERENCE_MODELS[0].sha256 = "0" * 64  # type: ignore[misc]


def test_files_are_kept_in_the_cache_by_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    places = {item.name: item.cached_path.relative_to(tmp_path) for item in EVERYTHING}
    assert places["kws"] == Path("models/kws_ref_model.tflite")
    assert places["ic01-2021"] == Path("labels/ic01/y_labels_2021.csv")
    assert places["ad01-reduced"] == Path("labels/ad01/y_labels_alt.csv")


def test_the_cache_is_the_platform_s_unless_the_variable_names_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "x"))
    assert cache_root() == tmp_path / "x"
    for unset in ("", None):
        if unset is None:
            monkeypatch.delenv("TINYRUNNER_CACHE")
        else:
            monkeypatch.setenv("TINYRUNNER_CACHE", unset)
        assert cache_root().is_absolute()
        assert "tinyrunner" in cache_root().parts
