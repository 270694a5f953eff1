"""The generated demo inputs: always the same, well labelled, written whole or not at all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from tinyrunner.datasets import demo
from tinyrunner.models.demo import DemoError
from tinyrunner.models.suite import KWS, TASKS, Task


def _digest_of(task: Task) -> str:
    inputs = demo.generate(task)
    return demo.digest(((i.name, i.data) for i in inputs), demo.label_list(task, inputs))


def test_the_generated_set_has_the_committed_hash() -> None:
    assert _digest_of(KWS) == demo.DEMO_SHA256["kws01"]


def test_every_task_with_demo_inputs_has_a_committed_hash() -> None:
    for task in TASKS.values():
        try:
            demo.generate(task, count=1)
        except DemoError:
            assert task.model_id not in demo.DEMO_SHA256
        else:
            assert task.model_id in demo.DEMO_SHA256


def test_inputs_have_the_size_and_the_names_of_the_task() -> None:
    inputs = demo.generate(KWS)
    assert len(inputs) == demo.DEMO_COUNT
    for index, item in enumerate(inputs):
        assert len(item.data) == KWS.file_bytes
        assert item.name == f"demo_{index:06d}_{KWS.class_names[item.label]}_{item.label}.bin"


def test_each_class_occurs_equally_often_and_once_in_each_block() -> None:
    labels = [item.label for item in demo.generate(KWS)]
    assert set(Counter(labels).values()) == {demo.DEMO_COUNT // KWS.class_count}
    for start in range(0, len(labels), KWS.class_count):
        assert sorted(labels[start : start + KWS.class_count]) == list(range(KWS.class_count))


def test_a_longer_set_begins_with_the_shorter_one() -> None:
    assert demo.generate(KWS, count=30)[:15] == demo.generate(KWS, count=15)


def test_no_input_occurs_twice_nor_in_the_training_stream() -> None:
    evaluation = {item.data for item in demo.generate(KWS)}
    training = {item.data for item in demo.generate(KWS, seed=demo.TRAINING_SEED, count=1200)}
    assert len(evaluation) == demo.DEMO_COUNT
    assert not evaluation & training


def test_the_random_numbers_are_those_of_splitmix64() -> None:
    # The first outputs for seed 1234567, as given with the generator's reference code.
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert demo._stream(1234567, 3).tolist() == expected


def test_the_label_list_has_one_row_a_file_and_lf_line_ends(tmp_path: Path) -> None:
    folder = demo.materialise(KWS, tmp_path)
    content = (folder / "y_labels.csv").read_bytes()
    assert b"\r" not in content
    rows = content.decode().splitlines()
    assert len(rows) == demo.DEMO_COUNT
    name, classes, label = rows[0].split(",")
    assert (classes, name.rsplit("_", 1)[1]) == ("12", f"{label}.bin")


def test_materialise_writes_exactly_the_set_and_leaves_no_temporary_folder(tmp_path: Path) -> None:
    folder = demo.materialise(KWS, tmp_path / "new" / "root")
    assert folder == tmp_path / "new" / "root" / "kws01"
    inputs = demo.generate(KWS)
    names = {item.name for item in inputs} | {"y_labels.csv"}
    assert {path.name for path in folder.iterdir()} == names
    assert all((folder / item.name).read_bytes() == item.data for item in inputs)
    assert list(folder.parent.iterdir()) == [folder]


def test_a_set_that_is_there_and_right_is_left_alone(tmp_path: Path) -> None:
    before = demo.materialise(KWS, tmp_path).stat()
    after = demo.materialise(KWS, tmp_path).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("damage", ["changed", "missing", "short list", "no list", "not UTF-8"])
def test_a_damaged_set_is_made_again(tmp_path: Path, damage: str) -> None:
    folder = demo.materialise(KWS, tmp_path)
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
    assert victim.read_bytes() == demo.generate(KWS)[3].data
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = demo.materialise(KWS, tmp_path)
    (folder / "y_labels.csv").write_bytes(b"")

    def no_space(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_space)
    with pytest.raises(OSError, match="No space"):
        demo.materialise(KWS, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    assert len(list(folder.glob("*.bin"))) == demo.DEMO_COUNT


def test_the_old_set_comes_back_when_the_new_one_cannot_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = demo.materialise(KWS, tmp_path)
    (folder / "y_labels.csv").write_bytes(b"")
    rename = Path.rename

    def refuse_new(self: Path, target: Path) -> Path:
        if target == folder and not self.name.endswith("-stale"):
            raise PermissionError(13, "in use")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse_new)
    with pytest.raises(PermissionError):
        demo.materialise(KWS, tmp_path)
    assert list(tmp_path.iterdir()) == [folder]
    assert len(list(folder.glob("*.bin"))) == demo.DEMO_COUNT


def test_a_task_without_demo_inputs_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DemoError, match=r"no demo inputs for ad01 yet.*kws01"):
        demo.materialise(TASKS["ad"], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_variable_moves_the_default_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    assert demo.default_root() == tmp_path / "demo-datasets"
    monkeypatch.delenv("TINYRUNNER_CACHE")
    assert demo.default_root().name == "demo-datasets"
    assert "tinyrunner" in demo.default_root().parts
