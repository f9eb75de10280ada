"""Batches of pictures made ahead in threads, so that the network never waits for one.

This module needs the `train` extra; `rushes.learning.train` asks for it.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from rushes.learning.crew import ALONE, Crew
from rushes.learning.samples import UnusableSample

Pixels = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Change = Callable[[Pixels, int, int], Pixels]  # (picture, its place, its turn in the order) -> what is shown

_AHEAD_BYTES = 512 << 20  # of batches that are made and not taken yet
_MOST_AHEAD = 64  # batches
_BEGUN = 2  # batches that are made before the first is taken
_LEAST_CHUNK = 4  # pictures that one thread makes on end


class LabelledPictures(Protocol):
    """Samples by place, from 0: the label at hand, the picture read when it is asked for, in any thread."""

    @property
    def truth(self) -> Places:
        """(samples,) index of the labelled class."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of each picture."""

    def __len__(self) -> int: ...

    def announce(self, place: int) -> None:
        """Hear that a picture will be asked for soon."""

    def read(self, place: int) -> Pixels | UnusableSample:
        """Return the picture, (height, width, channels) prepared, or why it cannot be used."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures that go into the network together; those that cannot be read are left out.

    Attributes:
        places: (batch,) of the samples.
        truth: (batch,) int64.
        pixels: (batch, height, width, channels) uint8, in memory that a GPU fetches from where there is one.
    """

    places: Places
    truth: torch.Tensor
    pixels: torch.Tensor


class Loader:
    """The batches of one pass over samples, in order; making them begins at once.

    Attributes:
        waited_seconds: how long the taker has waited so far for batches that were not ready.
    """

    def __init__(
        self,
        samples: LabelledPictures,
        order: Places,
        *,
        batches: Sequence[Places],
        pool: ThreadPoolExecutor,
        threads: int,
        change: Change | None = None,
        pinned: bool = False,
    ) -> None:
        """Begin to make batches.

        Args:
            order: places in the order in which they are shown; one may come twice.
            batches: the turns, from 0, of the order that each batch holds.
            pool: whose threads make them.
            threads: how many these are.
            change: what each picture undergoes.
            pinned: whether batches lie in memory that a GPU can fetch them from.
        """
        self.waited_seconds = 0.0
        self._samples = samples
        self._order = order
        self._pool = pool
        self._change = change
        self._pinned = pinned
        largest = max((len(turns) for turns in batches), default=1)
        self._chunk = max(_LEAST_CHUNK, -(-largest // threads))
        self._coming = iter(batches)
        self._ahead: deque[_Begun] = deque()
        self._depth = max(2, min(_MOST_AHEAD, _AHEAD_BYTES // max(1, largest * int(np.prod(samples.shape)))))
        self._begin(_BEGUN)  # what is made ahead of the taking must not stand in the way of what is taken now

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches; one of which no picture can be read is empty."""
        self._begin(self._depth)
        while self._ahead:
            begun = self._ahead.popleft()
            started = time.perf_counter()
            usable = np.concatenate([chunk.result() for chunk in begun.chunks] or [np.ones(0, np.bool_)])
            self.waited_seconds += time.perf_counter() - started
            self._begin(self._depth)
            places, pixels = begun.places, begun.pixels
            if not usable.all():
                places, pixels = places[usable], pixels[torch.from_numpy(usable)]
            yield Batch(places, torch.from_numpy(self._samples.truth[places]), pixels)

    def close(self) -> None:
        """Let go of what was begun."""
        while self._ahead:
            for chunk in self._ahead.popleft().chunks:
                chunk.cancel()

    def _begin(self, depth: int) -> None:
        for turns in islice(self._coming, max(0, depth - len(self._ahead))):
            places = self._order[turns]
            for place in places:
                self._samples.announce(int(place))
            pixels = torch.empty((len(places), *self._samples.shape), dtype=torch.uint8, pin_memory=self._pinned)
            shown = pixels.numpy()
            self._ahead.append(
                _Begun(
                    places,
                    pixels,
                    [
                        self._pool.submit(self._fill, shown[at : at + self._chunk], turns[at : at + self._chunk])
                        for at in range(0, len(places), self._chunk)
                    ],
                )
            )

    def _fill(self, shown: Pixels, turns: Places) -> npt.NDArray[np.bool_]:
        """Write the pictures of some turns, and return which of them can be used."""
        usable = np.ones(len(shown), np.bool_)
        for at, turn in enumerate(turns.tolist()):
            place = int(self._order[turn])
            picture = self._samples.read(place)
            if isinstance(picture, UnusableSample):
                usable[at] = False
            else:
                shown[at] = self._change(picture, place, turn) if self._change else picture
        return usable


def in_batches(count: int, batch_size: int, *, crew: Crew = ALONE) -> list[Places]:
    """Return the turns, from 0 to below `count`, of each batch, in order: of each the share of this process."""
    starts = range(0, count, batch_size)
    return [crew.share(np.arange(start, min(start + batch_size, count))) for start in starts]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A batch that threads are filling."""

    places: Places
    pixels: torch.Tensor
    chunks: list[Future[npt.NDArray[np.bool_]]]
