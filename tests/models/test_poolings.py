"""Temporal layers: padding changes nothing, wherever it stands, and order counts where it should."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rushes.models.poolings import Pooling, build_pooling, masked_mean, masked_shares

KINDS = [("mean", 1), ("gru", 1), ("gru", 2), ("lstm", 1), ("attention", 1), ("attention", 3)]


def build(kind: str, layers: int) -> Pooling:
    torch.manual_seed(3)
    return build_pooling(kind, 5, width=6, layers=layers).eval()


@pytest.mark.parametrize(("kind", "layers"), KINDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_padding_changes_nothing_wherever_it_stands(kind: str, layers: int, data: st.DataObject) -> None:
    pooling = build(kind, layers)
    count = data.draw(st.integers(1, 6))
    counts = data.draw(st.permutations([True] * count + [False] * data.draw(st.integers(0, 5))))
    steps = torch.randn(1, count, 5, generator=torch.Generator().manual_seed(count))
    mask = torch.tensor([counts])
    padded = torch.full((1, len(counts), 5), 7.0)
    padded[mask] = steps[0]
    alone = pooling(steps, torch.ones(1, count, dtype=torch.bool))
    torch.testing.assert_close(pooling(padded, mask), alone, atol=1e-5, rtol=1e-4)
    assert alone.shape == (1, pooling.out_features)


@pytest.mark.parametrize(("kind", "layers"), KINDS)
def test_a_shot_without_any_step_gives_numbers(kind: str, layers: int) -> None:
    pooling = build(kind, layers)
    steps = torch.randn(2, 4, 5, requires_grad=True)
    found = pooling(steps, torch.tensor([[False] * 4, [True] * 4]))
    found.sum().backward()
    assert torch.isfinite(found).all()
    assert steps.grad is not None
    assert torch.isfinite(steps.grad).all()


@pytest.mark.parametrize(("kind", "layers"), KINDS)
def test_order_counts_for_all_but_the_mean(kind: str, layers: int) -> None:
    pooling = build(kind, layers)
    steps, mask = torch.randn(1, 4, 5), torch.ones(1, 4, dtype=torch.bool)
    is_alike = torch.allclose(pooling(steps, mask), pooling(steps.flip(1), mask), atol=1e-5)
    assert is_alike == (kind == "mean")


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_recurrent_layer_is_torchs_own_of_two_directions(kind: str) -> None:
    pooling = build(kind, 1)
    own = (torch.nn.GRU if kind == "gru" else torch.nn.LSTM)(5, 6, batch_first=True, bidirectional=True)
    halves = (pooling.forth[0], pooling.back[0])  # type: ignore[index]
    own.load_state_dict({f"{name}{suffix}": value for half, suffix in zip(halves, ("", "_reverse"), strict=True)
                         for name, value in half.state_dict().items()})  # fmt: skip
    steps = torch.randn(2, 4, 5)
    states, _ = own(pooling.even(steps))  # type: ignore[operator]
    torch.testing.assert_close(pooling(steps, torch.ones(2, 4, dtype=torch.bool)), states.mean(dim=1))


def test_means_and_shares_of_a_case_worked_by_hand() -> None:
    mask = torch.tensor([[True, False, True], [False, False, False]])
    steps = torch.tensor([[[1.0], [50.0], [3.0]], [[1.0], [2.0], [3.0]]])
    torch.testing.assert_close(masked_mean(steps, mask), torch.tensor([[2.0], [0.0]]))
    likeness = torch.tensor([[2.0, 1e30, 2.0], [1.0, 1.0, 1.0]])
    torch.testing.assert_close(masked_shares(likeness, mask), torch.tensor([[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]))
