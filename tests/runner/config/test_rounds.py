"""The rounds that come with the package, read more strictly than the program reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tinyrunner.models.suite import ALL_TASKS, KWS, TASKS
from tinyrunner.runner.config.rounds import ROUNDS_FILE, RoundsError, load_rounds
from tinyrunner.runner.terms import Dialect

Above0 = Annotated[float, Field(gt=0, le=1e6)]
Names = Annotated[list[Annotated[str, Field(min_length=1)]], Field(max_length=9)]


class StrictRound(BaseModel):
    """What a row of the file may be, and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    dialect: Annotated[Dialect, Field(strict=False)]
    windows: Annotated[int, Field(ge=1)]
    min_window_s: Above0
    min_inferences: Annotated[int, Field(ge=1)]
    ad_file_counts: Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=1)]
    targets: Mapping[str, Annotated[float, Field(gt=0, le=1)]]
    other_benchmarks: Names
    result_files: Annotated[Names, Field(min_length=1)]
    session_files: Annotated[Names, Field(min_length=1)]
    checklists: Annotated[Names, Field(min_length=1)]
    asks: list[Literal["results", "checklist", "hookup"]]
    checker: Annotated[str, Field(pattern=r"([0-9a-f]{7})?")]


def rows():
    return yaml.safe_load(ROUNDS_FILE.read_text("utf-8"))["rounds"]


@pytest.mark.parametrize("name", rows())
def test_each_round_has_its_keys_and_values_of_their_types(name):
    row = StrictRound.model_validate(rows()[name])
    later = {key for key in row.other_benchmarks if key in ALL_TASKS}
    assert set(row.targets) == {*TASKS, *later}
    loaded = {key: value for key, value in fields_of(name).items() if key != "name"}
    assert loaded == row.model_dump()


def fields_of(name):
    round_ = load_rounds().get(name)
    values = {field: getattr(round_, field) for field in type(round_).__dataclass_fields__}
    values["targets"] = dict(values["targets"])
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in values.items()
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [("windows", "five"), ("dialect", "eembc"), ("ad_file_counts", 248), ("window", 5)],
)
def test_the_strict_reading_can_fail(key, value):
    with pytest.raises(ValidationError):
        StrictRound.model_validate(rows()["v1.2"] | {key: value})


def test_the_rounds_come_with_the_package():
    rounds = load_rounds()
    assert rounds.default == "v1.2"
    assert list(rounds.by_name) == ["v0.5", "v0.7", "v1.0", "v1.1", "v1.2", "v1.3", "v1.4"]
    assert rounds.buildable == ("v1.1", "v1.2", "v1.3", "v1.4")
    for round_ in rounds.by_name.values():
        assert (round_.windows, round_.min_window_s, round_.min_inferences) == (5, 10.0, 10)
    assert rounds.get().target(KWS) == 0.90


def test_what_no_round_was_asked_for_is_of_one_that_has_it():
    rounds = load_rounds()
    having = {keys: rounds.having(*keys).name for keys in (("kws",), ("kws", "sww"), ("ic", "ic2"))}
    assert list(having.values()) == ["v1.2", "v1.3", "v1.4"]
    assert rounds.having("mine") is rounds.get()


def test_an_unknown_round_names_the_known_ones():
    with pytest.raises(RoundsError, match=r"v1\.1, v1\.2"):
        load_rounds().get("v9")


def test_a_spoilt_installation_is_named(tmp_path, monkeypatch):
    spoilt = tmp_path / "rounds.yaml"
    monkeypatch.setattr("tinyrunner.runner.config.rounds.ROUNDS_FILE", spoilt)
    for text in ("default: v1.1\nrounds: [", "rounds: {}", "default: x\nrounds: {x: {}}"):
        spoilt.write_text(text)
        with pytest.raises(RoundsError, match=r"(?s)rounds\.yaml.*install tinyrunner anew"):
            load_rounds()
