"""Reading a model's file: what is no file, too large, or one part named again and again."""

from __future__ import annotations

import os
import struct
import time

import pytest
from tinyrunner.models import model_file
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.model_file import ModelError, is_whole, read_model
from tinyrunner.models.suite import KWS


def crowded(count: int) -> bytes:
    """So many graphs, all the same one, with so many tensors, all the same one."""
    root = struct.pack("<I4s5HxxiI", 20, b"TFL3", 10, 8, 0, 0, 4, 12, 4)  # field 2: the graphs
    to_graph = 4 * count + 12  # from the first entry, over the vector and a table's fields
    graphs = b"".join(struct.pack("<I", to_graph - 4 * index - 4) for index in range(count))
    graph = struct.pack("<3HxxiI", 6, 8, 4, 8, 4)  # field 0: the tensors
    to_tensor = 4 * count + 4
    tensors = b"".join(struct.pack("<I", to_tensor - 4 * index) for index in range(count))
    size = struct.pack("<I", count)
    return root + size + graphs + graph + size + tensors + struct.pack("<HHi", 4, 4, 4)


def test_one_part_that_is_named_again_and_again_is_read_once_or_twice():
    assert is_whole(crowded(1))
    since = time.process_time()
    assert not is_whole(crowded(5000))  # twenty-five million tensors in 40 kB
    assert time.process_time() - since < 2


def test_what_is_no_file_is_not_waited_for(tmp_path):
    with pytest.raises(ModelError, match="it is no file"):
        read_model(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ModelError, match="it is no file"):
            read_model(tmp_path / "pipe")


def test_a_file_beyond_any_board_is_not_read(tmp_path):
    path = tmp_path / "large.tflite"
    with path.open("wb") as file:
        file.truncate(model_file.MAX_MODEL_BYTES + 1)
    with pytest.raises(ModelError, match="no model for a microcontroller: it has 67108865 bytes"):
        read_model(path)


def test_a_whole_file_is_read(tmp_path):
    assert read_model(demo_model_path(KWS)) == demo_model_path(KWS).read_bytes()
