"""What a network answers to samples, whatever the memory holds at a time.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch

from rushes.learning.hardware import is_out_of_memory, release_memory
from rushes.learning.loader import LabelledPictures, Loader, Places, in_batches
from rushes.models.network import Network

WATCHED = 128  # pictures that go through the network at a time where nothing is learnt, at most


def answer_samples(
    network: Network, samples: LabelledPictures, *, piece_size: int, threads: int
) -> tuple[Places, npt.NDArray[np.float32]]:
    """Return what a network answers, in float32, to the samples whose pictures can be read.

    Args:
        piece_size: pictures that go through the network at a time, at most.
        threads: that read pictures.

    Returns:
        (pictures,) places of the samples, and (pictures, classes) probabilities, each row summing to 1.
    """
    places = np.arange(len(samples))
    with making_threads(threads) as pool:
        batches = in_batches(len(places), min(piece_size, WATCHED))
        shown = Loader(samples, places, batches=batches, pool=pool, threads=threads)
        seen, answers, _ = answer(network, shown)
    return seen, answers


def answer(network: Network, shown: Loader) -> tuple[Places, npt.NDArray[np.float32], Places]:
    """Return what a network answers, in float32, to the pictures that can be read.

    Returns:
        (pictures,) their places, (pictures, classes) probabilities, each row summing to 1, and (pictures,) the truth.
    """
    network.eval()
    device = network.mean.device
    places, answers, truth = [], [], []
    with torch.inference_mode():
        for batch in shown:
            if not len(batch.places):
                continue
            logits = _logits_of(network, batch.pixels.to(device, non_blocking=True))
            answers.append(torch.softmax(logits.float(), dim=1))
            places.append(batch.places)
            truth.append(batch.truth.numpy())
    if not answers:
        none = np.empty(0, np.int64)
        return none, np.empty((0, 0), np.float32), none
    return np.concatenate(places), torch.cat(answers).cpu().numpy(), np.concatenate(truth)


def _logits_of(network: Network, pixels: torch.Tensor) -> torch.Tensor:
    """Return the logits of pictures; where memory runs out, of one half after the other."""
    try:
        logits: torch.Tensor = network(pixels)
        return logits
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(pixels) == 1:
            raise
    release_memory(pixels.device)
    half = len(pixels) // 2
    return torch.cat([_logits_of(network, pixels[:half]), _logits_of(network, pixels[half:])])


@contextmanager
def making_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads that make batches; what they have not begun when the block ends is not made any more."""
    pool = ThreadPoolExecutor(count, thread_name_prefix="batches")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
