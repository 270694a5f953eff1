from __future__ import annotations

import pytest
from support.reference import reference_path
from tinyrunner.datasets.labels import parse_labels, read_labels
from tinyrunner.datasets.official_lists import OFFICIAL_LISTS, identify
from tinyrunner.models.suite import KWS, TASKS


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("kws01/y_labels.csv", "kws01"),
        ("vww01/y_labels.csv", "vww01"),
        ("ic01/y_labels.csv", "ic01"),
        ("ic01/y_labels_2021.csv", "ic01-2021"),
        ("ad01/y_labels.csv", "ad01"),
        ("ad01/y_labels_alt.csv", "ad01-reduced"),
    ],
)
def test_each_official_list_is_recognised(file: str, name: str) -> None:
    official = next(known for known in OFFICIAL_LISTS if known.name == name)
    labels = read_labels(reference_path("datasets", *file.split("/")), TASKS[official.task])
    assert identify(labels) == official
    assert len(labels.rows) == official.file_count


def test_an_official_list_with_other_white_space_is_still_recognised() -> None:
    text = reference_path("datasets", "kws01", "y_labels.csv").read_text()
    spaced = "\ufeff" + text.replace(",", ", ").replace("\n", "\r\n")
    official = identify(parse_labels(spaced, KWS, "x"))
    assert official is not None
    assert official.name == "kws01"


def test_a_part_of_an_official_list_is_not_official() -> None:
    labels = read_labels(reference_path("datasets", "kws01", "y_labels.csv"), KWS)
    assert identify(labels.first(999)) is None


def test_the_official_lists_are_of_known_tasks_and_differ() -> None:
    assert {official.task for official in OFFICIAL_LISTS} == set(TASKS)
    assert len({official.sha256 for official in OFFICIAL_LISTS}) == len(OFFICIAL_LISTS)
    assert len({official.name for official in OFFICIAL_LISTS}) == len(OFFICIAL_LISTS)
