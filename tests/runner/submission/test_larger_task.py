"""ic2, the larger image classifier: run, scored, built and audited beside ic, from v1.4 on.

Its inputs and list are those of ic; here the demonstration's, which its reference model was not
trained on, so that what is judged is ic's demonstration model under ic2's name.
"""

from __future__ import annotations

import shutil

import pytest
from support.cli import tinyrunner
from support.reference import reference_path
from support.sessions.submission_trees import (
    SYSTEM,
    SessionsByPlace,
    larger_task_sessions,
    write_description,
)
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import IC, IC2
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level, Rule, Severity
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.gather import BuildError
from tinyrunner.runner.terms import Mode


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> SessionsByPlace:
    return larger_task_sessions(tmp_path_factory)


def test_it_takes_the_inputs_and_the_list_of_ic(sessions):
    one, other = (sessions[key, Mode.ACCURACY] for key in ("ic", "ic2"))
    assert (one / "y_labels.csv").read_bytes() == (other / "y_labels.csv").read_bytes()
    assert "m-model-[ic02]" in (other / "log.txt").read_text(encoding="utf-8")
    told = tinyrunner("score", other, "--json").json
    assert (told["task"], told["round"]) == ("ic2", "v1.4")
    assert told["accuracy"]["top1"] == tinyrunner("score", one, "--json").json["accuracy"]["top1"]
    kinds = [finding["kind"] for finding in told["findings"]]
    assert kinds == ["simulated device", "synthetic data"]


def test_its_target_is_higher_and_an_earlier_round_does_not_have_it(sessions):
    folder = sessions["ic2", Mode.ACCURACY]
    shown = tinyrunner("score", folder).out
    assert "target Top-1 0.91" in shown
    ran = tinyrunner("score", folder, "--round", "v1.3")
    assert ran.status == 3
    assert "v1.3 has no ic2; judge it by a round that has" in ran.out
    assert "target" not in ran.out


def test_a_tree_of_v14_holds_it_beside_ic_and_is_sound(sessions, tmp_path):
    build(load_description(write_description(tmp_path / "d", sessions, round_name="v1.4")),
          tmp_path / "tree")  # fmt: skip
    results = tmp_path / "tree/closed/Acme/results" / SYSTEM
    assert {folder.name for folder in results.iterdir()} == {"ic", "ic2"}
    found = audit(tmp_path / "tree")
    assert found.holds(Level.SOUND)
    assert found.official.ok
    assert [row for row in found.official.rows if dict(row.values)["Model"] == "ic2"]
    shutil.rmtree(results / "ic")
    against = [
        one.found
        for one in audit(tmp_path / "tree").findings
        if one.rule is Rule.ROUND_RULE and one.severity is Severity.VIOLATION
    ]
    assert "ic2 without ic of the same system" in against


@pytest.mark.parametrize(
    ("keys", "round_name", "said"),
    [
        (("ic2",), "v1.4", "ic2 is the larger of two, and needs ic of the same system beside it"),
        (("ic", "ic2"), "v1.3", "v1.3 has no ic2; build for a round that has"),
    ],
)
def test_a_submission_without_ic_or_of_an_earlier_round_is_not_built(
    sessions, tmp_path, keys, round_name, said
):
    chosen = {place: path for place, path in sessions.items() if place[0] in keys}
    described = write_description(tmp_path / "d", chosen, round_name=round_name)
    with pytest.raises(BuildError, match=said):
        build(load_description(described), tmp_path / "tree")


def test_the_reference_model_takes_its_inputs():
    """94.0 % of the current list, with images of CIFAR-10, which are not held here."""
    engine = Engine.load(reference_path("models", "pretrainedResnet_large_int8.tflite"), IC2)
    assert len(engine.infer(bytes(IC2.input_bytes))) == IC.score_count
