"""What a session's windows come to."""

import pytest
from tinyrunner.runner.score.median import coefficient_of_variation, median_of


def test_the_median_is_the_middle_window_whatever_their_order() -> None:
    assert median_of([59.9, 12.0, 60.1, 59.8, 60.0]) == 59.9


def test_of_an_even_number_of_windows_it_lies_half_way_between_the_two_in_the_middle() -> None:
    assert median_of([1.0, 2.0, 4.0, 9.0]) == 3.0


def test_without_a_valid_window_there_is_no_median() -> None:
    assert median_of([]) is None


def test_the_variation_is_the_sample_deviation_over_the_mean() -> None:
    assert coefficient_of_variation([9.0, 10.0, 11.0]) == pytest.approx(0.1)


@pytest.mark.parametrize("figures", [[], [3.0], [-1.0, 1.0]])
def test_the_variation_of_one_window_or_around_zero_says_nothing(figures: list[float]) -> None:
    assert coefficient_of_variation(figures) is None
