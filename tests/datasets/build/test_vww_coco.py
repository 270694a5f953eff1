from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from support.clips import labels_of
from tinyrunner.datasets.build.build_dataset import build_dataset, open_builder
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.models.suite import VWW

Image = pytest.importorskip("PIL.Image", reason="needs pip install 'tinyrunner[build]'")

ID = "000000343218"
PIXELS = np.random.default_rng(4).integers(0, 256, (96, 96, 3), np.uint8)


def save(path: Path, pixels: np.ndarray = PIXELS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def make(folder: Path, label: int = 1) -> bytes | DatasetError:
    (outcome,) = open_builder(VWW, folder).convert(labels_of(VWW, [f"{ID}.bin"], label).rows)
    return outcome


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".PNG"])
def test_a_picture_of_96_by_96_is_its_pixels_byte_for_byte(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / "in" / f"{ID}{suffix}")
    labels = labels_of(VWW, [f"{ID}.bin"], 1)
    build_dataset(open_builder(VWW, tmp_path / "in"), labels, tmp_path)
    assert (tmp_path / "vww01" / f"{ID}.bin").read_bytes() == PIXELS.tobytes()


def test_a_jpeg_is_the_pixels_that_pillow_decodes(tmp_path: Path) -> None:
    path = save(tmp_path / "person" / f"COCO_val2014_{ID}.jpg")
    with Image.open(path) as picture:
        assert make(tmp_path) == picture.tobytes()


def test_a_grey_picture_becomes_rgb(tmp_path: Path) -> None:
    save(tmp_path / f"{ID}.png", PIXELS[:, :, 0])
    assert make(tmp_path) == np.repeat(PIXELS[:, :, :1], 3, axis=2).tobytes()


def test_a_larger_picture_is_resized_as_a_whole(tmp_path: Path) -> None:
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[:, 320:] = (10, 200, 30)  # the right half
    save(tmp_path / f"{ID}.png", pixels)
    made = np.frombuffer(make(tmp_path), np.uint8).reshape(96, 96, 3)
    assert (made[:, :46] == 0).all()
    assert (made[:, 50:] == (10, 200, 30)).all()


def test_the_folder_of_the_label_decides_between_two_pictures(tmp_path: Path) -> None:
    save(tmp_path / "person" / f"{ID}.png")
    save(tmp_path / "non_person" / f"{ID}.png", 255 - PIXELS)
    assert make(tmp_path, label=1) == PIXELS.tobytes()
    assert make(tmp_path, label=0) == (255 - PIXELS).tobytes()
    save(tmp_path / "person" / f"COCO_{ID}.png")
    assert "2 files could be its source" in str(make(tmp_path, label=1))


def test_an_index_names_the_picture(tmp_path: Path) -> None:
    save(tmp_path / "any.png")
    (tmp_path / "index.csv").write_text(f"{ID}.bin,any.png\n")
    builder = open_builder(VWW, tmp_path, tmp_path / "index.csv")
    assert builder.convert(labels_of(VWW, [f"{ID}.bin"]).rows) == [PIXELS.tobytes()]


def test_a_picture_that_is_no_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / f"{ID}.jpg"
    path.write_bytes(b"no picture")
    assert str(make(tmp_path)) == f"{path}: no JPEG, PNG or BMP picture"
    path.write_bytes(b"")
    assert str(make(tmp_path)) == f"{path}: no JPEG, PNG or BMP picture"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".bmp"])
def test_a_truncated_picture_is_named(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"{ID}{suffix}")
    data = path.read_bytes()
    for length in (len(data) * 2 // 3, 60, 20):
        path.write_bytes(data[:length])
        problem = make(tmp_path)
        assert isinstance(problem, DatasetError), length
        assert str(problem).startswith(f"{path}: ")


def test_a_picture_too_small_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / f"{ID}.png", PIXELS[:95])
    assert str(make(tmp_path)) == f"{path}: 96x95 pixels, expected at least 96x96"


def test_a_folder_named_like_a_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / f"{ID}.jpg").mkdir()
    assert str(make(tmp_path)) == f"{tmp_path / ID}.jpg: a folder, expected a picture"


def test_a_missing_picture_says_what_was_looked_for(tmp_path: Path) -> None:
    assert f"{ID}.bin: no picture whose name ends in {ID}" in str(make(tmp_path))


def test_without_pillow_the_error_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(DatasetError, match=r"pip install 'tinyrunner\[build\]'"):
        open_builder(VWW, tmp_path)
