"""Models of the measured motion, on cases worked by hand."""

from __future__ import annotations

import torch

from rushes.models.motion import BoostedMotion, LinearMotion, SeriesMotion, Standard

NO_SERIES = (torch.zeros(1, 1, 1), torch.zeros(1, 1, dtype=torch.bool))


def test_numbers_are_brought_to_the_scale_of_train_and_clipped() -> None:
    standard = Standard(3)
    standard.centre, standard.spread = torch.tensor([1.0, 0.0, 5.0]), torch.tensor([2.0, 0.1, torch.inf])
    found = standard(torch.tensor([[5.0, -9.0, 1e6]]))
    torch.testing.assert_close(found, torch.tensor([[2.0, -6.0, 0.0]]))


def test_a_linear_model_weighs_the_standardised_aggregates() -> None:
    model = LinearMotion(2, 2)
    with torch.no_grad():
        model.out.weight.copy_(torch.tensor([[1.0, 0.0], [0.5, 2.0]]))
        model.out.bias.copy_(torch.tensor([0.0, 1.0]))
    model.standard.centre = torch.tensor([1.0, 1.0])
    found = model(torch.tensor([[3.0, 2.0]]), *NO_SERIES)
    torch.testing.assert_close(found, torch.tensor([[2.0, 1.0 + 2.0 + 1.0]]))


def test_leaves_are_found_by_the_answers_and_added_up() -> None:
    model = BoostedMotion(2, rounds=1, depth=2)
    model.constant = torch.tensor([0.5, -0.5])
    model.asked[0, 0] = torch.tensor([0, 1, 1])
    model.thresholds[0, 0] = torch.tensor([0.0, 1.0, 2.0])
    model.leaves[0, 0] = torch.tensor([10.0, 20.0, 30.0, 40.0])
    model.leaves[0, 1] = torch.tensor([1.0, 2.0, 3.0, 4.0])  # asks nothing but whether the first aggregate is above 0
    rows = torch.tensor([[0.0, 1.0], [-1.0, 1.5], [1.0, 1.5], [1.0, 2.5]])
    expected = torch.tensor([[10.5, 0.5], [20.5, 0.5], [30.5, 3.5], [40.5, 3.5]])
    torch.testing.assert_close(model(rows, *NO_SERIES), expected)


def test_what_stands_in_pairs_that_do_not_count_does_not_matter() -> None:
    torch.manual_seed(0)
    model = SeriesMotion(2, 3, width=4).eval()
    series = torch.randn(2, 6, 2)
    mask = torch.tensor([[True, True, False, True, False, False], [True] * 6])
    spoilt = torch.where(mask.unsqueeze(2), series, torch.nan)
    nothing = torch.zeros(2, 0)
    torch.testing.assert_close(model(nothing, spoilt, mask), model(nothing, series, mask))
