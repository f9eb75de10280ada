"""Heads of nearest neighbours: the train samples themselves, kept with how many of them vote and how sharply."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.errors import RunError
from rushes.learning.head_trials import Floats, HeadLesson, Trial, standardise
from rushes.learning.monitors import Scores, score

if TYPE_CHECKING:
    import torch

    from rushes.models.heads import KnnHead, KnnShape

# Likenesses are cosines: between samples of one class they are often 0.3 above those of others.
TEMPERATURES = (0.5, 0.2, 0.1, 0.05)
_BLOCK_NUMBERS = 2**24  # likenesses held at a time: 64 MiB
_WATCHED = 2048  # train samples that the loss on train is taken of, at most
_LARGE_BUNDLE = 500 * 10**6
_LARGEST_GRAPH = 1_900_000_000  # an ONNX file cannot hold 2 GiB


def check_size(samples: int, features: int) -> str | None:
    """Return a warning where the stored features make a large bundle; None where they do not.

    Raises:
        RunError: no bundle could hold them.
    """
    stored = samples * features * 4
    what = f"a knn head stores the {features:,} features of {samples:,} samples"
    if stored > _LARGEST_GRAPH:
        raise RunError(
            f"{what}, {stored / 1e9:.1f} GB, and a bundle's graph holds {_LARGEST_GRAPH / 1e9:.1f} GB at most. Take "
            "model.head = 'linear' or 'mlp', or keep fewer samples, with balance.sampling = 'undersample' or "
            "balance.remove"
        )
    if 2 * stored <= _LARGE_BUNDLE:
        return None
    return (
        f"{what}: a bundle of it takes {2 * stored / 1e6:,.0f} MB, as weights and again in its graph. "
        "A linear or an mlp head takes a few"
    )


def fit_knn_heads(lesson: HeadLesson) -> list[Trial]:
    """Return a head for every candidate number of neighbours, the largest first, each at its best temperature.

    Of `TEMPERATURES` the one with the least loss on validation is taken for each number. The loss on train leaves out
    each sample's own vote, and is of 2,048 samples at most. A number that is not below that of the train samples is
    tried as one less than these.
    """
    import torch

    from rushes.models.heads import KnnShape

    counts = sorted({min(count, len(lesson.truth) - 1) for count in lesson.recipe.training.neighbours}, reverse=True)
    started = time.perf_counter()
    store = _fill_head(lesson, KnnShape(counts[0], len(lesson.truth), TEMPERATURES[0]))
    watched = np.linspace(0, len(lesson.truth) - 1, min(len(lesson.truth), _WATCHED)).astype(np.int64)
    on_validation = _nearest(store, torch.from_numpy(lesson.validation[0]), counts[0] + 1)
    on_train = _nearest(store, torch.from_numpy(lesson.features[watched]), counts[0] + 1, own=torch.from_numpy(watched))
    shared = (time.perf_counter() - started) / len(counts)
    trials: list[Trial] = []
    for count in counts:
        started = time.perf_counter()
        tried: list[tuple[Scores, KnnShape]] = []
        for temperature in TEMPERATURES:
            shape = KnnShape(count, len(lesson.truth), temperature)
            tried.append((score(_vote(store, on_validation, shape), lesson.validation[1]), shape))
        best, shape = min(tried, key=lambda pair: pair[0].loss)
        train_loss = score(_vote(store, on_train, shape), lesson.truth[watched]).loss
        setting = {"neighbours": count, "temperature": shape.temperature}
        seconds = shared + time.perf_counter() - started
        trials.append(Trial(_with_shape(store, shape), setting, train_loss, best, seconds))
        note = f"head of {count} neighbour{'' if count == 1 else 's'} · f1_macro {best.f1_macro:.3f}"
        lesson.progress(len(trials), len(counts), note)
    return trials


def _fill_head(lesson: HeadLesson, shape: KnnShape) -> KnnHead:
    """Return a head in which the train samples are stored."""
    import torch

    from rushes.models.heads import KnnHead

    even, centre, spread = standardise(lesson.features, measure_count=lesson.measure_count)
    even /= np.maximum(np.linalg.norm(even, axis=1, keepdims=True), np.float32(1e-12))
    head = KnnHead(lesson.features.shape[1], len(lesson.class_weights), shape=shape)
    head.centre, head.spread = torch.from_numpy(centre), torch.from_numpy(spread)
    head.stored, head.answers = torch.from_numpy(even), torch.from_numpy(lesson.truth)
    votes: Floats = (lesson.class_weights[lesson.truth] * lesson.times).astype(np.float32)
    head.votes = torch.from_numpy(votes)
    return head.eval()


def _with_shape(store: KnnHead, shape: KnnShape) -> KnnHead:
    """Return a head of another shape on the same stored samples; nothing is copied."""
    import torch

    from rushes.models.heads import KnnHead

    with torch.device("meta"):
        head = KnnHead(store.in_features, store.out_features, shape=shape)
    for name, buffer in store.named_buffers():
        setattr(head, name, buffer)
    return head.eval()


def _nearest(
    store: KnnHead, features: torch.Tensor, count: int, own: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return likeness and place of the nearest stored samples, (rows, count) each, the nearest first.

    Args:
        own: (rows,) the place of each row itself among the stored, which is no neighbour of its own.
    """
    import torch

    rows = max(1, _BLOCK_NUMBERS // len(store.answers))
    found: list[tuple[torch.Tensor, torch.Tensor]] = []
    with torch.inference_mode():
        for start in range(0, len(features), rows):
            likeness = store.place(features[start : start + rows]) @ store.stored.T
            if own is not None:
                likeness[torch.arange(len(likeness)), own[start : start + rows]] = -1.0
            nearest, places = torch.topk(likeness, count, dim=1)
            found.append((nearest, places))
    return torch.cat([pair[0] for pair in found]), torch.cat([pair[1] for pair in found])


def _vote(store: KnnHead, nearest: tuple[torch.Tensor, torch.Tensor], shape: KnnShape) -> npt.NDArray[np.float32]:
    """Return the probabilities of rows whose neighbours were found for as many votes, or more."""
    import torch

    from rushes.models.heads import count_votes

    likeness, places = (found[:, : shape.neighbours + 1] for found in nearest)
    shares = count_votes(likeness, store.answers[places], store.votes[places], shape, store.out_features)
    return torch.softmax(shares, dim=1).numpy()
