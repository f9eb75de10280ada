from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from rushes.models.heads import (
    HeadShape,
    KnnHead,
    KnnShape,
    LinearShape,
    MlpShape,
    build_head,
    count_votes,
    parse_head_shape,
    shape_of,
)

SHAPES = [LinearShape(), KnnShape(2, 5, 0.1), MlpShape(7, 0.5)]


def knn(shape: KnnShape, stored: list[list[float]], answers: list[int], class_count: int = 2) -> KnnHead:
    head = KnnHead(len(stored[0]), class_count, shape=shape)
    head.stored = nn.functional.normalize(torch.tensor(stored, dtype=torch.float32))
    head.answers = torch.tensor(answers)
    return head


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_a_head_is_built_again_from_the_table_of_its_shape(shape: HeadShape) -> None:
    head = build_head(parse_head_shape(shape.to_table()), 6, 3)
    assert shape_of(head) == shape
    assert (head.in_features, head.out_features) == (6, 3)
    assert head(torch.rand(4, 6)).shape == (4, 3)
    assert head(torch.rand(0, 6)).shape == (0, 3)


@pytest.mark.parametrize("table", [{"kind": "svm"}, {"kind": "mlp"}, {"kind": "knn", "neighbours": 3}, {}])
def test_a_table_that_describes_no_head_is_refused(table: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        parse_head_shape(table)


@pytest.mark.parametrize(("neighbours", "samples", "temperature"), [(0, 3, 0.1), (3, 3, 0.1), (1, 3, 0.0)])
def test_a_vote_without_voters_or_without_one_left_over_is_a_bug(
    neighbours: int, samples: int, temperature: float
) -> None:
    with pytest.raises(ValueError, match="0 < neighbours < samples"):
        KnnShape(neighbours, samples, temperature)


def test_votes_are_counted_by_how_far_ahead_they_are() -> None:
    shape = KnnShape(neighbours=2, samples=3, temperature=0.5)
    logits = count_votes(
        torch.tensor([[0.9, 0.5, 0.4]]), torch.tensor([[1, 0, 0]]), torch.tensor([[1.0, 3.0, 9.0]]), shape, 3
    )
    first, second = 3 * math.expm1(0.2), math.expm1(1.0)
    shares = torch.tensor([first + 0.1, second + 0.1, 0.1]) / (first + second + 0.3)
    torch.testing.assert_close(logits.softmax(1)[0], shares)
    torch.testing.assert_close(logits.exp()[0], shares)


def test_a_class_without_a_vote_is_improbable_and_never_impossible() -> None:
    head = knn(KnnShape(2, 4, 0.05), [[1, 0], [0.99, 0.01], [0, 1], [-1, 0]], [0, 0, 1, 1])
    shares = head(torch.tensor([[1.0, 0.0]])).softmax(1)[0]
    assert 0 < shares[1] < 0.01
    assert head(torch.tensor([[1.0, 0.0]]))[0, 1] > -12


def test_neighbours_that_are_all_as_near_vote_all_the_same() -> None:
    held = knn(KnnShape(1, 3, 0.1), [[1, 0], [1, 0], [1, 0]], [0, 0, 0])
    assert held(torch.tensor([[0.3, 0.4]])).softmax(1)[0, 0] > 0.9
    divided = knn(KnnShape(1, 2, 0.1), [[1, 0], [1, 0]], [0, 1])
    torch.testing.assert_close(divided(torch.tensor([[0.3, 0.4]])).softmax(1), torch.tensor([[0.5, 0.5]]))


def test_neighbours_that_swap_by_rounding_do_not_change_the_answer() -> None:
    for neighbours in (1, 2):
        head = knn(KnnShape(neighbours, 4, 0.05), [[1, 0.5], [0.5, 1], [0.2, 1], [-1, -1]], [0, 1, 0, 1])
        for middle in (torch.tensor([[1.0, 1.0]]), torch.tensor([[-0.1, 1.0]])):
            left, right = (head(middle + torch.tensor([[shift, -shift]])).softmax(1) for shift in (1e-6, -1e-6))
            torch.testing.assert_close(left, right, atol=1e-4, rtol=0)


def test_likeness_is_between_standardised_features_and_heeds_no_length() -> None:
    head = knn(KnnShape(1, 3, 0.1), [[1, 0], [0, 1], [-1, 0]], [0, 1, 0])
    head.centre, head.spread = torch.tensor([10.0, 2.0]), torch.tensor([5.0, math.inf])
    near, far = head(torch.tensor([[15.0, 2.0]])), head(torch.tensor([[60.0, 900.0]]))
    torch.testing.assert_close(near, far)
    assert near.argmax(1).tolist() == [0]


def test_an_mlp_drops_nothing_once_it_is_trained() -> None:
    head = build_head(MlpShape(16, 0.5), 3, 2).eval()
    features = torch.rand(5, 3)
    torch.testing.assert_close(head(features), head(features))
