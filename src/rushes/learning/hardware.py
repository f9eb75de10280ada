"""What a machine does best: in which numbers it computes, how many pictures at a time, compiled or not.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence

import torch

from rushes.models.clip import ShotNetwork
from rushes.models.network import Network

# The C library gives blocks above 32 MiB back to the system each time, and the system clears them anew each time:
# on a CPU a batch goes through the network in pieces whose largest map stays below.
_PIECE_BYTES = 24 * 2**20
_USUAL_BATCH = 32
_BATCHES = (16, 32, 64, 128, 256, 512)
_ENOUGH = 0.95  # of the best rate: larger batches make fewer steps, and learn less from each sample
_LEAST_STEPS = 8  # of an epoch
_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "alloc_failed")  # MPS, a processor, cuBLAS and cuDNN
_STEPS_THAT_PAY = 20_000  # compiling a small network takes as long as eleven thousand steps save (H100)
_BATCH_FOR_BF16 = 64  # on CUDA: below it the casts cost more than the arithmetic saves (H100)


def piece_size_for(largest_map_count: int | None, device: torch.device) -> int:
    """Return how many pictures should go through a network at a time, to begin with.

    Args:
        largest_map_count: numbers in the largest map of one picture; None where it is not known.
    """
    if device.type != "cpu":
        return _BATCHES[-1]  # halved where the memory turns out to be too small
    if largest_map_count is None:
        return 4
    return max(1, _PIECE_BYTES // (largest_map_count * 4))


def computes_in_bf16(network: Network | ShotNetwork, precision: str, *, batch_size: int) -> bool:
    """Return whether training computes in bfloat16: where it is asked for, or for `auto` where that is faster.

    Args:
        batch_size: samples per step; 0 is still to be found.

    Raises:
        ValueError: the precision is none of `rushes.learning.recipe.PRECISIONS`.
    """
    device = network.mean.device
    if precision in ("fp32", "bf16"):
        return precision == "bf16"
    if precision != "auto":
        raise ValueError(f"unknown precision {precision!r}")
    if device.type == "cuda":
        return (batch_size == 0 or batch_size >= _BATCH_FOR_BF16) and bool(torch.cuda.is_bf16_supported())
    if device.type != "cpu":
        return False
    # On a CPU depthwise convolution is not faster in bfloat16.
    return not _is_depthwise(network) and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())


def is_compiled(network: Network, wish: str, *, step_count: int) -> bool:
    """Return whether the network should be compiled: where it is asked for, or for `auto` where that pays.

    It pays on CUDA for trainings of many steps, where there is a C compiler for what Triton makes; not for networks of
    depthwise convolutions, which take minutes to compile and are no faster for it.
    """
    if wish != "auto":
        return wish == "always"
    gains = network.mean.device.type == "cuda" and not _is_depthwise(network)
    return gains and step_count >= _STEPS_THAT_PAY and bool(shutil.which("cc") or shutil.which("gcc"))


def _is_depthwise(network: Network | ShotNetwork) -> bool:
    """Return whether most of a network's layers are depthwise convolutions."""
    layers = list(network.body.modules()) if network.body is not None else []
    depthwise = sum(isinstance(layer, torch.nn.Conv2d) and layer.groups > 1 for layer in layers)
    return depthwise > sum(isinstance(layer, torch.nn.Linear) for layer in layers)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that a device, or the machine, has not enough memory."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    said = str(error).casefold()
    return isinstance(error, RuntimeError) and any(words in said for words in _OUT_OF_MEMORY)


def batch_sizes_to_try(sample_count: int) -> tuple[int, ...]:
    """Return the batch sizes that leave an epoch enough steps, the smallest first."""
    return tuple(size for size in _BATCHES if size * _LEAST_STEPS <= sample_count) or _BATCHES[:1]


def choose_batch_size(rates: Mapping[int, float]) -> int:
    """Return the smallest batch that is about as fast as the fastest.

    Args:
        rates: batch size -> pictures per second; not empty.
    """
    best = max(rates.values())
    return min(size for size, rate in rates.items() if rate >= _ENOUGH * best)


def find_batch_size(sizes: Sequence[int], rate_of: Callable[[int], float], device: torch.device) -> int:
    """Return the batch size to train with, measured where the device makes a difference.

    A CPU takes a batch in pieces of its own, and is as fast with any.

    Args:
        sizes: the smallest first.
        rate_of: tries a batch size and returns pictures per second; it may run out of memory.
    """
    if device.type == "cpu":
        return max((size for size in sizes if size <= _USUAL_BATCH), default=sizes[0])
    rates: dict[int, float] = {}
    for size in sizes:
        try:
            rates[size] = rate_of(size)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or not rates:
                raise
            release_memory(device)
            break
    return choose_batch_size(rates)


def rate_for_batch(learning_rate: float, batch_size: int) -> float:
    """Return the learning rate for a batch size that was found: by the square root of its ratio to the usual one.

    Source: Malladi et al. 2022, for optimisers of Adam's kind.
    """
    return learning_rate * float((batch_size / _USUAL_BATCH) ** 0.5)


def release_memory(device: torch.device) -> None:
    """Give back what a device keeps for later."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
