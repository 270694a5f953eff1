"""The generated demo inputs: always the same, well labelled, written whole or not at all."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tinyrunner.datasets.demo import demo_dataset as demo
from tinyrunner.datasets.demo.portable_random import Draw, stream
from tinyrunner.datasets.demo.sww_words import make_recording
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.labels import parse_labels
from tinyrunner.datasets.streaming.verify import verify_recordings
from tinyrunner.models.demo_models import DemoError
from tinyrunner.models.suite import AD, KWS, SWW, TASKS, Task

ALL = tuple(TASKS.values())
KEYS = tuple(TASKS)


@cache
def whole(task: Task) -> tuple[demo.DemoInput, ...]:
    """The set of the task, generated once for all that is said of it."""
    return demo.generate(task)


def _digest_of(task: Task) -> str:
    inputs = whole(task)
    return demo.digest(((i.name, i.data) for i in inputs), demo.label_list(task, inputs))


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_the_generated_set_has_the_committed_hash(task: Task) -> None:
    assert _digest_of(task) == demo.DEMO_SHA256[task.model_id]


def test_every_task_has_demo_inputs_a_count_and_a_hash() -> None:
    assert set(demo.DEMO_COUNTS) == {task.model_id for task in ALL}
    assert set(demo.DEMO_SHA256) == {*demo.DEMO_COUNTS, SWW.model_id}


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_inputs_have_the_size_and_the_names_of_the_task(task: Task) -> None:
    inputs = whole(task)
    assert len(inputs) == demo.DEMO_COUNTS[task.model_id]
    for index, item in enumerate(inputs):
        assert len(item.data) == task.file_bytes
        assert item.name == f"demo_{index:06d}_{task.class_names[item.label]}_{item.label}.bin"


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_each_class_occurs_equally_often_and_once_in_each_block(task: Task) -> None:
    labels = [item.label for item in whole(task)]
    assert set(Counter(labels).values()) == {len(labels) // task.class_count}
    for start in range(0, len(labels), task.class_count):
        block = labels[start : start + task.class_count]
        assert sorted(block) == list(range(task.class_count))


def test_a_simulated_accuracy_run_of_all_sets_stays_short() -> None:
    sizes = {task.key: demo.DEMO_COUNTS[task.model_id] * task.windows_per_file for task in ALL}
    assert sizes == {"vww": 40, "ic": 60, "kws": 120, "ad": 12 * 196}


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_a_longer_set_begins_with_the_shorter_one(task: Task) -> None:
    assert demo.generate(task, count=16)[:7] == demo.generate(task, count=7)


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_no_input_occurs_twice_nor_in_the_training_stream(task: Task) -> None:
    evaluation = {item.data for item in whole(task)}
    training = {item.data for item in demo.generate(task, seed=demo.TRAINING_SEED, count=120)}
    assert len(evaluation) == demo.DEMO_COUNTS[task.model_id]
    assert not evaluation & training


@pytest.mark.parametrize("task", [TASKS["vww"], TASKS["ic"]], ids=["vww", "ic"])
def test_pictures_use_the_range_of_a_byte_and_no_class_has_a_brightness(task: Task) -> None:
    inputs = demo.generate(task, count=200)
    pixels = np.stack([np.frombuffer(item.data, np.uint8) for item in inputs])
    assert (pixels.min(), pixels.max()) == (0, 255)
    labels = np.array([item.label for item in inputs])
    means = [pixels[labels == label].mean() for label in range(task.class_count)]
    assert np.ptp(means) < 60


def test_ad_files_hold_exact_floats_in_the_range_of_log_energies() -> None:
    for item in whole(AD):
        values = np.frombuffer(item.data, "<f4").astype(np.float64)
        assert values.shape == (200 * 128,)
        assert -80 <= values.min() < -40
        assert -10 < values.max() <= 20
        assert np.array_equal(values * 256, np.rint(values * 256))


def test_the_windows_of_an_ad_file_differ() -> None:
    data = demo.generate(AD, count=1)[0].data
    starts = range(0, AD.windows_per_file * 512, 512)
    assert len({data[at : at + AD.input_bytes] for at in starts}) == 196


def test_the_random_numbers_are_those_of_splitmix64() -> None:
    # The first outputs for seed 1234567, as given with the generator's reference code.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert stream(1234567, 3).tolist() == expected
    assert [Draw(1234567).pick(0, 2**64 - 1)] == expected[:1]


def test_drawing_one_after_the_other_gives_the_numbers_of_the_stream() -> None:
    draw = Draw(99)
    assert [draw.pick(0, 2**64 - 1) for _ in range(100)] == stream(99, 100).tolist()
    low_and_high = {Draw(key).pick(-1, 1) for key in range(50)}
    assert low_and_high == {-1, 0, 1}


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_the_label_list_is_one_that_the_reader_accepts(task: Task, tmp_path: Path) -> None:
    folder = demo.materialise(task, tmp_path)
    content = (folder / "y_labels.csv").read_bytes()
    assert b"\r" not in content
    rows = parse_labels(content.decode(), task, "the demo set").rows
    inputs = whole(task)
    assert [(row.file, row.label) for row in rows] == [(i.name, i.label) for i in inputs]
    assert Dataset.open(tmp_path, task).window_count == len(inputs) * task.windows_per_file


def test_materialise_writes_exactly_the_set_and_leaves_no_temporary_folder(tmp_path: Path) -> None:
    folder = demo.materialise(KWS, tmp_path / "new" / "root")
    assert folder == tmp_path / "new" / "root" / "kws01"
    inputs = whole(KWS)
    names = {item.name for item in inputs} | {"y_labels.csv"}
    assert {path.name for path in folder.iterdir()} == names
    assert all((folder / item.name).read_bytes() == item.data for item in inputs)
    assert list(folder.parent.iterdir()) == [folder]


def test_the_demo_recording_has_eight_words_far_enough_apart(tmp_path: Path) -> None:
    folder = demo.materialise(SWW, tmp_path)
    wav, listed = demo.recording()
    assert demo.digest([(demo.RECORDING_NAME, wav)], listed) == demo.DEMO_SHA256["sww01"]
    report = verify_recordings(folder)
    assert (report.ok, report.extras) == (True, ())
    (entry,) = report.recordings
    assert entry.summary == "8 words in 60 s, generated for the demo, not for submission"
    windows = entry.truth.windows_s
    # The official runner lets a detection come 2 s behind a word's end: no word may stand there.
    assert all(after[0] > before[1] + 2 for before, after in pairwise(windows))
    assert all(0.4 < end - begin < 0.7 for begin, end in windows)
    before = (folder / demo.RECORDING_NAME).stat().st_mtime_ns
    assert (demo.materialise(SWW, tmp_path) / demo.RECORDING_NAME).stat().st_mtime_ns == before
    (folder / demo.RECORDING_NAME).write_bytes(b"damaged")
    demo.materialise(SWW, tmp_path)
    assert (folder / demo.RECORDING_NAME).read_bytes() == wav
    assert list(tmp_path.iterdir()) == [folder]
    (folder / "long_wav.wav").write_bytes(b"mine")
    (folder / demo.TRUTH_NAME).unlink()
    with pytest.raises(DemoError, match=r"long_wav\.wav, which is no demo file"):
        demo.materialise(SWW, tmp_path)


def test_other_words_of_a_recording_are_never_the_wake_word() -> None:
    sound, spoken = make_recording(demo.recording_key(1), groups=3)
    assert len(sound) == 3 * 120_000
    assert sum(word.is_wake for word in spoken) == 3
    assert len(spoken) == 9
    again, _ = make_recording(demo.recording_key(1), groups=3)
    assert (sound == again).all()
    assert (make_recording(demo.recording_key(1, 1), groups=3)[0] != sound).any()


def test_a_set_that_is_there_and_right_is_left_alone(tmp_path: Path) -> None:
    before = demo.materialise(KWS, tmp_path).stat()
    after = demo.materialise(KWS, tmp_path).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.fixture(scope="module")
def kws_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo.materialise(KWS, tmp_path_factory.mktemp("demo"))


@pytest.mark.parametrize("damage", ["changed", "missing", "short list", "no list", "not UTF-8"])
def test_a_damaged_set_is_made_again(kws_set: Path, tmp_path: Path, damage: str) -> None:
    folder = shutil.copytree(kws_set, tmp_path / "kws01")
    victim, labels = sorted(folder.glob("*.bin"))[3], folder / "y_labels.csv"
    match damage:
        case "changed":
            victim.write_bytes(bytes(490))
        case "missing":
            victim.unlink()
        case "short list":
            labels.write_bytes(labels.read_bytes()[:-20])
        case "no list":
            labels.unlink()
        case "not UTF-8":
            labels.write_bytes(b"\xff\xfe")
    demo.materialise(KWS, tmp_path)
    assert victim.read_bytes() == whole(KWS)[3].data
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_with_other_files_is_never_overwritten(tmp_path: Path) -> None:
    real = tmp_path / "kws01"
    real.mkdir()
    (real / "tst_000000_Stop_7.bin").write_bytes(b"real")
    with pytest.raises(DemoError, match=r"tst_000000_Stop_7\.bin.*another folder"):
        demo.materialise(KWS, tmp_path)
    assert (real / "tst_000000_Stop_7.bin").read_bytes() == b"real"


def test_a_list_with_files_of_somebody_else_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "kws01").mkdir()
    labels = tmp_path / "kws01" / "y_labels.csv"
    labels.write_text("tst_000000_Stop_7.bin,12,7\n")
    with pytest.raises(DemoError, match="another folder"):
        demo.materialise(KWS, tmp_path)
    assert labels.read_text() == "tst_000000_Stop_7.bin,12,7\n"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kws01").write_text("mine")
    with pytest.raises(DemoError, match="not a folder"):
        demo.materialise(KWS, tmp_path)
    assert (tmp_path / "kws01").read_text() == "mine"


def test_an_error_while_writing_leaves_the_old_set_and_no_rubbish(
    kws_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(kws_set, tmp_path / "kws01")
    (folder / "y_labels.csv").write_bytes(b"")

    def no_space(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(DemoError, match=r"No space left .*TINYRUNNER_CACHE names another"):
        demo.materialise(KWS, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    assert len(list(folder.glob("*.bin"))) == demo.DEMO_COUNTS["kws01"]


def test_the_old_set_comes_back_when_the_new_one_cannot_take_its_place(
    kws_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(kws_set, tmp_path / "kws01")
    (folder / "y_labels.csv").write_bytes(b"")
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if target == folder and not self.name.endswith("-stale"):
            raise PermissionError(13, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(DemoError, match="in use"):
        demo.materialise(KWS, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    assert len(list(folder.glob("*.bin"))) == demo.DEMO_COUNTS["kws01"]


def test_a_task_without_demo_inputs_is_refused_by_name(tmp_path: Path) -> None:
    custom = dataclasses.replace(KWS, model_id="custom")
    with pytest.raises(DemoError, match=r"no demo inputs for custom; .*vww01, ic01, kws01, ad01"):
        demo.materialise(custom, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_variable_moves_the_default_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    assert demo.default_root() == tmp_path / "demo-datasets"
    monkeypatch.delenv("TINYRUNNER_CACHE")
    assert demo.default_root().name == "demo-datasets"
    assert "tinyrunner" in demo.default_root().parts
