"""The nearest neighbours of many vectors: exactly, or among so many that only the near ones are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.progress import Progress, silent

EXACT_COUNT = 32_768  # different vectors up to which all are compared with all
_LENGTH = 128  # numbers of a vector at most where not all are compared with all
_CELLS_PER_ROOT = 4.0  # cells = this many times the root of the number of vectors
_PROBED = 24  # nearest cells that are looked through for a vector's neighbours
_BLOCK = 1 << 21  # comparisons in one go: 8 MiB of distances
_FOLD = 16  # distances of which the least stands for all while the nearest are sought
_SEED = 20261125

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest other vectors of each vector, the nearest first.

    Attributes:
        distances: (vectors, neighbours), float32, rising.
        places: (vectors, neighbours), int64, positions of the neighbours.
    """

    distances: Floats
    places: Places


def nearest_neighbours(
    values: Floats, count: int, *, exact_count: int = EXACT_COUNT, progress: Progress = silent
) -> Neighbours:
    """Return the `count` nearest neighbours of each vector, itself aside.

    Up to `exact_count` vectors all are compared with all. Beyond, vectors are cut into cells around a sample of them
    (as many cells as four times the root of their number), and neighbours are sought in the cells nearest to a vector's
    own; there vectors of more than 128 numbers are compared by a random projection to 128, the same one each time
    (Johnson and Lindenstrauss 1984). A neighbour that is missed makes room for one that is hardly farther. The
    distances of those that are found are exact.

    Args:
        values: (vectors, length), all different.
        progress: told of vectors.
    """
    count = min(count, max(len(values) - 1, 0))
    if count == 0:
        return Neighbours(np.empty((len(values), 0), np.float32), np.empty((len(values), 0), np.int64))
    if len(values) <= exact_count:
        places = _among_all(values - values.mean(axis=0), count, progress)
    else:
        projected = _projected(values)
        places = _among_cells(projected - projected.mean(axis=0), count, progress)
    return _measured(values, places)


def _measured(values: Floats, places: Places) -> Neighbours:
    """Return neighbours in the order of their distances, taken number by number: what is near is told apart."""
    distances = np.empty(places.shape, np.float32)
    step = max(1, _BLOCK // (places.shape[1] * values.shape[1]))
    for start in range(0, len(places), step):
        some = slice(start, start + step)
        apart = values[places[some]]
        apart -= values[some, None]
        distances[some] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
    order = np.argsort(distances, axis=1, kind="stable")
    return Neighbours(np.take_along_axis(distances, order, axis=1), np.take_along_axis(places, order, axis=1))


def _among_all(values: Floats, count: int, progress: Progress) -> Places:
    found = np.empty((len(values), count), np.int64)
    columns, everything = _as_columns(values), np.arange(len(values))
    step = max(1, _BLOCK // len(values))
    for start in range(0, len(values), step):
        rows = everything[start : start + step]
        found[rows] = _nearest(_as_rows(values[rows]), columns, rows, count)
        progress(min(start + step, len(values)), len(values), "comparing")
    return found


def _among_cells(values: Floats, count: int, progress: Progress) -> Places:
    members, means = _cut_into_cells(values)
    columns = _as_columns(values)
    nearness = _as_rows(means) @ _as_columns(means).T
    np.fill_diagonal(nearness, -np.inf)  # a cell's own comes first
    probed = np.argsort(nearness, axis=1, kind="stable")[:, :_PROBED]
    found = np.empty((len(values), count), np.int64)
    done = 0
    for rows, near in zip(members, probed.tolist(), strict=True):
        candidates = np.concatenate([members[place] for place in near])
        own = np.arange(len(rows))
        if len(candidates) <= count:
            candidates, own = np.arange(len(values)), rows
        against = columns[candidates]
        step = max(1, _BLOCK // len(candidates))
        for start in range(0, len(rows), step):
            some = slice(start, start + step)
            found[rows[some]] = candidates[_nearest(_as_rows(values[rows[some]]), against, own[some], count)]
        done += len(rows)
        progress(done, len(values), "comparing")
    return found


def _cut_into_cells(values: Floats) -> tuple[list[Places], Floats]:
    """Return the positions of the vectors in each cell, none empty, and the means of the cells."""
    dice = np.random.default_rng(_SEED)
    cell_count = min(len(values), round(_CELLS_PER_ROOT * len(values) ** 0.5))
    centres = _as_columns(values[np.sort(dice.choice(len(values), cell_count, replace=False))])
    cell = np.empty(len(values), np.int64)
    step = max(1, _BLOCK // cell_count)
    for start in range(0, len(values), step):
        cell[start : start + step] = (_as_rows(values[start : start + step]) @ centres.T).argmin(axis=1)
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(cell_count))
    starts = starts[np.diff(starts, append=len(values)) > 0]
    # What lies in a cell is nearer to its mean than to the vector that it was cut around.
    means = np.add.reduceat(values[order], starts, axis=0) / np.diff(starts, append=len(values))[:, None]
    return np.split(order, starts[1:]), np.asarray(means, np.float32)


def _nearest(rows: Floats, columns: Floats, own: Places, count: int) -> Places:
    """Return for each row the `count` columns that are nearest, but for its `own`, in no order."""
    nearness = rows @ columns.T
    nearness[np.arange(len(rows)), own] = np.inf
    return _least(nearness, count)


def _as_rows(values: Floats) -> Floats:
    """Return vectors such that their product with `_as_columns` is the squared distance, less a number per row."""
    return np.concatenate([values * np.float32(-2), np.ones((len(values), 1), np.float32)], axis=1)


def _as_columns(values: Floats) -> Floats:
    return np.concatenate([values, np.einsum("ij,ij->i", values, values)[:, None]], axis=1)


def _least(table: Floats, count: int) -> Places:
    """Return the columns of the `count` least values of each row, in no order.

    The least of every sixteen columns are sought among first: the values wanted lie in those sixteens. Five times as
    fast as a search among all.
    """
    width = table.shape[1] // _FOLD
    if width <= 2 * count:
        return np.argpartition(table, count - 1, axis=1)[:, :count]
    folded = table[:, : width * _FOLD].reshape(len(table), _FOLD, width).min(axis=1)
    best = np.argpartition(folded, count - 1, axis=1)[:, :count]
    within = (best[:, :, None] + np.arange(_FOLD) * width).reshape(len(table), -1)
    rest = np.broadcast_to(np.arange(width * _FOLD, table.shape[1]), (len(table), table.shape[1] - width * _FOLD))
    within = np.concatenate([within, rest], axis=1)
    chosen = np.argpartition(np.take_along_axis(table, within, axis=1), count - 1, axis=1)[:, :count]
    return np.take_along_axis(within, chosen, axis=1)


def _projected(values: Floats) -> Floats:
    """Return vectors of at most _LENGTH numbers with about the same distances."""
    length = values.shape[1]
    if length <= _LENGTH:
        return values
    matrix = np.random.default_rng(_SEED).standard_normal((length, _LENGTH)).astype(np.float32)
    orthogonal, _ = np.linalg.qr(matrix)
    return np.asarray(values @ orthogonal * np.float32((length / _LENGTH) ** 0.5), np.float32)
