"""The `custom:` section, which describes a task of one's own."""

from __future__ import annotations

import json

import pytest
from tinyrunner.models.suite import InputFormat
from tinyrunner.runner.config.config import (
    Config,
    ConfigError,
    config_from_json,
    load_config,
    override,
)


def test_every_key_of_the_section_is_read_and_kept(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(
        "custom:\n  model_id: mynet01\n  input: float32\n  input_bytes: 24\n  classes: 2\n"
        "  class_names: [no, 'yes']\n  shape: [2, 3]\n".replace("[no,", "['no',")
    )
    config = load_config(path)
    task = config.custom_task
    assert (task.class_names, task.input_shape) == (("no", "yes"), (2, 3))
    assert (task.input_format, task.input_bytes) == (InputFormat.FLOAT32_LE, 24)
    written = json.loads(config.model_dump_json(by_alias=True))
    assert config_from_json(written, "s").custom_task == task
    assert override(config, limit=3).custom_task == task
    assert Config().custom_task is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_id": None}, "1: custom.model_id: this key is missing"),
        ({"model_id": "5"}, "2: custom.model_id: expected text, got 5"),
        ({"model_id": "ad01"}, "2: custom.model_id: ad01 is the model id of ad"),
        ({"model_id": "a/b"}, "2: custom.model_id: expected up to 64 letters"),
        (
            {"input": "int32"},
            "3: custom.input: expected uint8, int8, int16 or float32, got 'int32'",
        ),
        (
            {"input": "int"},
            "3: custom.input: expected uint8, int8, int16 or float32, got 'int'; did you",
        ),
        ({"input": None}, "1: custom.input: this key is missing"),
        ({"input_bytes": "1 kB"}, "4: custom.input_bytes: expected a whole number, got '1 kB'"),
        ({"input_bytes": "0"}, "4: custom.input_bytes: expected 1 to 16777216, got 0"),
        ({"input": "float32", "input_bytes": "6"}, "4: custom.input_bytes: expected a multiple"),
        ({"classes": "0"}, "5: custom.classes: expected 1 to 1024, got 0"),
        ({"classes": "true"}, "5: custom.classes: expected a whole number, got true"),
        ({"class_names": "[a]"}, "6: custom.class_names: expected 12 names"),
        ({"class_names": "a"}, "6: custom.class_names: expected a list of texts, got 'a'"),
        ({"class_names": "[a, 3]"}, "6: custom.class_names: expected a list of texts, got 3"),
        ({"shape": "[49, 9]"}, "6: custom.shape: expected lengths that multiply to 490"),
        ({"shape": "[49, true]"}, "6: custom.shape: expected a list of whole numbers, got true"),
        ({"shape": "490"}, "6: custom.shape: expected a list of whole numbers, got 490"),
        ({"target": "0.9"}, "6: custom.target: unknown key; known are model_id, input,"),
        ({"modelid": "x"}, "6: custom.modelid: unknown key; did you mean model_id?"),
    ],
)
def test_what_is_wrong_in_the_section_is_named_with_file_line_and_key(changes, expected, tmp_path):
    keys = {"model_id": "mynet01", "input": "int8", "input_bytes": "490", "classes": "12"}
    keys = {key: value for key, value in (keys | changes).items() if value is not None}
    path = tmp_path / "c.yaml"
    path.write_text("custom:\n" + "".join(f"  {key}: {value}\n" for key, value in keys.items()))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{path}:{expected}"), lines[0]


def test_a_section_that_is_no_section_is_refused(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("custom: mynet01\n")
    with pytest.raises(ConfigError, match="1: custom: expected keys and values, got 'mynet01'"):
        load_config(path)
