"""Results as JSON: in the order that is named, from wherever a value stands."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import Enum

import pytest
from tinyrunner.models.suite import Metric
from tinyrunner.runner.score.json_form import JsonForm
from tinyrunner.runner.score.results import AccuracyResult, FileScore, NameList, TimedWindow


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner(JsonForm):
    JSON = "twice number"
    number: int

    @property
    def twice(self) -> int:
        return 2 * self.number


@dataclass(frozen=True, slots=True)
class Outer(JsonForm):
    JSON = "inner deeper=inner.twice colour rows nothing"
    inner: Inner
    colour: Colour = Colour.RED
    rows: tuple[tuple[Inner, ...], ...] = ()
    nothing: None = None
    kept_back: object = field(default_factory=object)


def test_values_stand_in_the_order_that_is_named_with_what_is_in_them():
    assert json.dumps(Outer(Inner(3), rows=((Inner(1),), ())).to_json()) == (
        '{"inner": {"twice": 6, "number": 3}, "deeper": 6, "colour": "red", '
        '"rows": [[{"twice": 2, "number": 1}], []], "nothing": null}'
    )


def test_a_name_that_is_none_is_an_error():
    @dataclass(frozen=True)
    class Wrong(JsonForm):
        JSON = "number"

    with pytest.raises(AttributeError, match="number"):
        Wrong().to_json()


def test_an_accuracy_result_has_its_metric_by_name_and_its_rows_as_lists():
    result = AccuracyResult(
        Metric.AUC, listed=2, inputs=2, correct=1, auc=0.5, confusion=((1, 0), (1, 0)),
        file_scores=(FileScore("a.bin", 1, 0.25, 196),), wrong=NameList(1, ("a.bin",)),
    )  # fmt: skip
    tree = result.to_json()
    assert (tree["metric"], tree["top1"], tree["confusion"]) == ("AUC", 0.5, [[1, 0], [1, 0]])
    assert tree["file_scores"] == [{"file": "a.bin", "label": 1, "score": 0.25, "windows": 196}]
    assert tree["wrong"] == {"count": 1, "names": ["a.bin"]}


def test_a_window_tells_its_throughput_and_not_its_line():
    tree = TimedWindow(2, "a.bin", 0, 800, 10.0, line=7).to_json()
    assert (list(tree)[-1], tree["throughput"]) == ("throughput", 80.0)
    assert "line" not in tree
