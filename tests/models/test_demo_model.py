"""The committed demo model: small, of the right shape, and good at the inputs made for it."""

from __future__ import annotations

import hashlib

import pytest
from tinyrunner.datasets import demo as data
from tinyrunner.models.demo import DEMO_NOTE, DemoError, demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import KWS, TASKS


def _right_answers(inputs: tuple[data.DemoInput, ...]) -> int:
    engine = Engine.load(demo_model_path(KWS), KWS)
    scores = [engine.infer(item.data) for item in inputs]
    return sum(row.index(max(row)) == item.label for row, item in zip(scores, inputs, strict=True))


def test_the_demo_model_is_good_but_not_perfect_at_the_demo_set() -> None:
    inputs = data.generate(KWS)
    assert 0.93 <= _right_answers(inputs) / len(inputs) <= 0.99


def test_the_demo_model_is_as_good_at_more_unseen_inputs() -> None:
    inputs = data.generate(KWS, count=600)[data.DEMO_COUNT :]
    assert 0.93 <= _right_answers(inputs) / len(inputs) <= 0.99


def test_the_demo_model_is_small_and_has_the_tensors_of_the_reference() -> None:
    path = demo_model_path(KWS)
    assert path.stat().st_size < 60_000
    engine = Engine.load(path, KWS)
    assert engine.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    scores = engine.infer(data.generate(KWS, count=1)[0].data)
    assert len(scores) == 12
    assert sum(scores) == pytest.approx(1, abs=0.03)


def test_a_task_without_a_demo_model_is_refused_by_name() -> None:
    with pytest.raises(DemoError, match=r"no demo model for vww01 yet.*kws01"):
        demo_model_path(TASKS["vww"])


def test_the_note_keeps_demo_figures_out_of_submissions() -> None:
    assert "synthetic" in DEMO_NOTE
    assert "not for submission" in DEMO_NOTE
