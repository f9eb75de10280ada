from __future__ import annotations

import pytest
import torch

from rushes.datasets.preprocessing import Preprocessing
from rushes.learning.hardware import (
    batch_sizes_to_try,
    choose_batch_size,
    computes_in_bf16,
    find_batch_size,
    is_compiled,
    is_out_of_memory,
    piece_size_for,
    rate_for_batch,
)
from rushes.models.network import Network

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def network(body: torch.nn.Module) -> Network:
    return Network(body, torch.nn.Linear(1, 2), Preprocessing(4, 4))


def test_large_maps_go_through_in_small_pieces_on_a_cpu() -> None:
    assert piece_size_for(24 * 126 * 126, CPU) == 16
    assert piece_size_for(10**9, CPU) == 1
    assert piece_size_for(None, CPU) == 4
    assert piece_size_for(None, CUDA) == 512


def test_the_smallest_batch_that_is_about_as_fast_is_taken() -> None:
    assert choose_batch_size({16: 100.0, 32: 190.0, 64: 290.0, 128: 300.0, 256: 301.0}) == 64
    assert choose_batch_size({16: 100.0}) == 16


def test_an_epoch_keeps_enough_steps() -> None:
    assert batch_sizes_to_try(10) == (16,)
    assert batch_sizes_to_try(512) == (16, 32, 64)
    assert batch_sizes_to_try(10**6)[-1] == 512


def test_a_batch_that_memory_cannot_hold_ends_the_looking() -> None:
    tried = []

    def rate_of(size: int) -> float:
        tried.append(size)
        if size > 64:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return float(size)

    assert find_batch_size([16, 32, 64, 128, 256], rate_of, CUDA) == 64
    assert tried == [16, 32, 64, 128]
    with pytest.raises(torch.OutOfMemoryError):
        find_batch_size([128], rate_of, CUDA)


def test_an_error_of_another_kind_is_not_taken_for_a_full_memory() -> None:
    def rate_of(size: int) -> float:
        raise RuntimeError("shapes differ")

    with pytest.raises(RuntimeError, match="shapes differ"):
        find_batch_size([16, 32], rate_of, CUDA)
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"))
    assert not is_out_of_memory(RuntimeError("shapes differ"))


def test_a_cpu_takes_the_usual_batch_where_an_epoch_allows_it() -> None:
    def rate_of(size: int) -> float:
        raise AssertionError("a CPU is not asked")

    assert find_batch_size([16, 32, 64], rate_of, CPU) == 32
    assert find_batch_size([16], rate_of, CPU) == 16


def test_the_learning_rate_follows_the_root_of_the_batch() -> None:
    assert rate_for_batch(0.001, 32) == pytest.approx(0.001)
    assert rate_for_batch(0.001, 128) == pytest.approx(0.002)


def test_depthwise_networks_are_not_computed_in_bf16_on_a_cpu_unless_asked() -> None:
    depthwise = network(torch.nn.Sequential(torch.nn.Conv2d(4, 4, 3, groups=4)))
    assert not computes_in_bf16(depthwise, "auto", batch_size=64)
    assert computes_in_bf16(depthwise, "bf16", batch_size=64)
    dense = network(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3)))
    assert computes_in_bf16(dense, "auto", batch_size=8) == bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    assert not computes_in_bf16(dense, "fp32", batch_size=64)


def test_a_cpu_does_not_compile_by_itself() -> None:
    dense = network(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3)))
    assert not is_compiled(dense, "auto", step_count=10**6)
    assert not is_compiled(dense, "never", step_count=10**6)
    assert is_compiled(dense, "always", step_count=1)
