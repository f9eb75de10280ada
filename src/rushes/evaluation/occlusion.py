"""Occlusion: how much an answer falls when one place after another of the picture is covered (Zeiler and Fergus 2014).

It asks the model for answers and for nothing else, so that it checks every other explanation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.evaluation.painted_heat import WHOLE, View
from rushes.evaluation.scores import Score

CELLS = 10  # along the longer side of the picture
# Sides of a cover, as a share of the picture's. On 12 validation pictures of flowers (MobileNetV2), with 0.2, 0.3
# and 0.4 the deepest fall is 0.28, 0.36 and 0.55 in the median, and the rank correlation with Grad-CAM 0.26, 0.37 and
# 0.40. A wider cover tells less of where.
WINDOW = 0.3
BATCH_SIZE = 32
# A fall below this is within what a few pixels of noise do to an answer: no place of it is named.
LEAST_FALL = 0.05
# Rank correlations of two maps over the same places, and what each is called.
AGREE, PARTLY = 0.5, 0.25
_FINE = 224  # places along a side, at which padding is cut off heat

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Answer = Callable[[Pixels], npt.NDArray[np.floating]]

_DOWN = ("top", "middle", "bottom")
_ACROSS = ("left", "middle", "right")


@dataclass(frozen=True, slots=True, eq=False)
class Occlusion:
    """What covering each place of a picture does to the probability of one class.

    Attributes:
        class_index: whose probability is followed.
        probability: of the class while nothing is covered.
        falls: (rows, columns) float64, -1 to 1: by how much the probability falls while the place is covered; below 0
            it rises, so what was there spoke against the class.
        answers: (rows, columns) int64, index of the class that is answered while the place is covered.
        cover_share: of the whole picture that one cover hides, where no edge cuts it.
        view: which part of the whole picture the places are of, and where it stands in what the model is shown.
    """

    class_index: int
    probability: float
    falls: Floats
    answers: npt.NDArray[np.int64]
    cover_share: float
    view: View = WHOLE

    @property
    def place(self) -> str:
        """Where in the whole picture the deepest fall is, in words."""
        return place_word(self.deepest, self.falls.shape, part=self.view.part)

    @property
    def deepest(self) -> tuple[int, int]:
        """(row, column) of the place whose cover costs most; of equal ones, the first."""
        row, column = np.unravel_index(int(self.falls.argmax()), self.falls.shape)
        return int(row), int(column)

    @property
    def fall(self) -> float:
        """The deepest fall."""
        return float(self.falls[self.deepest])

    @property
    def matters(self) -> bool:
        """Whether any one place holds the answer: False where covering no place costs `LEAST_FALL`."""
        return self.fall >= LEAST_FALL

    def to_table(self) -> dict[str, object]:
        """Return the map as plain values, ready for JSON; falls to four digits."""
        row, column = self.deepest
        return {
            "probability": self.probability,
            "deepest_fall": self.fall,
            "deepest_row": row,
            "deepest_column": column,
            "place": self.place,
            "cover_share": self.cover_share,
            "falls": [[round(float(value), 4) for value in line] for line in self.falls],
        }


def occlude(
    answer: Answer, picture: Pixels, *, class_index: int | None = None, cells: int = CELLS, view: View = WHOLE
) -> Occlusion:
    """Cover a picture place by place with its own mean colour, and return how far the answer falls for each.

    The places are a grid of near-square cells over all of the picture that is no padding; a cover takes `WINDOW` of
    each side of it and stands around the middle of its cell, cut where the picture ends.

    Args:
        answer: prepared pictures (n, height, width, channels) uint8 -> probabilities (n, classes).
        picture: (height, width, channels) uint8, prepared.
        class_index: whose probability is followed; None follows the answered class.
        cells: along the longer side; each costs one answer of the model.
        view: where in `picture` the real one stands, and which part of the whole one that is.

    Raises:
        ValueError: the picture is none, or there is no cell.
    """
    if picture.ndim != 3 or picture.dtype != np.uint8 or 0 in picture.shape or cells < 1:
        raise ValueError(f"a picture is (height, width, channels) uint8 and {cells=} at least 1; got {picture.shape}")
    whole = np.asarray(answer(picture[None]), np.float64)[0]
    chosen = int(whole.argmax()) if class_index is None else class_index
    top, bottom, left, right = view.pixels(picture.shape[0], picture.shape[1])
    covers, shape, share = _plan_covers((bottom - top, right - left), cells)
    real = picture[top:bottom, left:right]

    def covered(batch: list[tuple[slice, slice]]) -> Pixels:
        pictures = np.repeat(picture[None], len(batch), axis=0)
        pictures[:, top:bottom, left:right] = _covered(real, batch)
        return pictures

    batches = (covers[at : at + BATCH_SIZE] for at in range(0, len(covers), BATCH_SIZE))
    table = np.concatenate([np.asarray(answer(covered(batch)), np.float64) for batch in batches])
    return Occlusion(
        class_index=chosen,
        probability=float(whole[chosen]),
        falls=(whole[chosen] - table[:, chosen]).reshape(shape),
        answers=table.argmax(axis=1).reshape(shape),
        cover_share=share * (view.part[1] - view.part[0]) * (view.part[3] - view.part[2]),
        view=view,
    )


def place_word(
    place: tuple[int, int], shape: tuple[int, ...], *, part: tuple[float, float, float, float] = WHOLE.part
) -> str:
    """Return where in a whole picture a cell of a grid stands, in words: `top left`, `middle`, `bottom right`.

    Args:
        part: (top, bottom, left, right) that the grid lies over, shares of the whole picture.
    """
    down = _third(place[0], shape[0], part[0], part[1])
    across = _third(place[1], shape[1], part[2], part[3])
    if down == across == 1:
        return "middle"
    if across == 1:
        return _DOWN[down]
    return _ACROSS[across] if down == 1 else f"{_DOWN[down]} {_ACROSS[across]}"


def describe_fall(occlusion: Occlusion, classes: tuple[str, ...]) -> str:
    """Return in a sentence what the most telling cover does."""
    name, share = classes[occlusion.class_index], f"{occlusion.cover_share:.0%} of the picture"
    if not occlusion.matters:
        return (
            f"No one place holds the answer: whichever {share} is covered, '{name}' falls by "
            f"{max(occlusion.fall, 0.0):.2f} at most, from {occlusion.probability:.2f}."
        )
    left = occlusion.probability - occlusion.fall
    instead = int(occlusion.answers[occlusion.deepest])
    then = f"; the answer is then '{classes[instead]}'" if instead != occlusion.class_index else ""
    fall = f"falls from {occlusion.probability:.2f} to {left:.2f}"
    return f"Covering {share} at its {occlusion.place}, '{name}' {fall}{then}."


def compare_maps(heat: npt.NDArray[np.floating], occlusion: Occlusion) -> Score:
    """Return how far a map of heat and an occlusion rank the places of a picture alike: Spearman's correlation.

    Args:
        heat: (rows, columns) of any size, over all that the model is shown; what lies on padding is left out.

    Returns:
        -1 to 1, or undefined where one of the maps names no place.
    """
    if not occlusion.matters:
        return Score(None, "covering no one place changes the answer, so there is nothing to agree with")
    coarse = _averaged(_inside(heat, occlusion.view), (occlusion.falls.shape[0], occlusion.falls.shape[1]))
    if np.ptp(coarse) < 1e-9:
        return Score(None, "the heat is the same everywhere")
    first, second = _ranks(coarse.ravel()), _ranks(occlusion.falls.ravel())
    return Score(float(np.corrcoef(first, second)[0, 1]))


def describe_agreement(agreement: Score) -> str:
    """Return in words whether two explanations of one answer point at the same places."""
    if agreement.value is None:
        return f"Whether both maps agree is undefined: {agreement.reason}."
    rank = f"rank correlation {agreement.value:+.2f}"
    if agreement.value >= AGREE:
        return f"Both maps point at the same places ({rank})."
    if agreement.value >= PARTLY:
        return f"The maps agree in part ({rank}): trust the places that are warm in both."
    return f"The maps do not agree ({rank}): believe the occlusion, which measures what the model does."


def _plan_covers(size: tuple[int, int], cells: int) -> tuple[list[tuple[slice, slice]], tuple[int, int], float]:
    """Return the rows and columns of pixels that each cover hides, the shape of the grid, and the share of one."""
    height, width = size
    side = max(height, width) / min(cells, max(height, width))
    rows, columns = max(1, round(height / side)), max(1, round(width / side))
    high, wide = max(WINDOW, 1 / rows) * height, max(WINDOW, 1 / columns) * width

    def span(index: int, count: int, length: int, window: float) -> slice:
        middle = (index + 0.5) * length / count
        return slice(max(0, round(middle - window / 2)), min(length, round(middle + window / 2)))

    covers = [
        (span(row, rows, height, high), span(column, columns, width, wide))
        for row in range(rows)
        for column in range(columns)
    ]
    return covers, (rows, columns), min(1.0, high / height) * min(1.0, wide / width)


def _covered(picture: Pixels, covers: list[tuple[slice, slice]]) -> Pixels:
    """Return the picture once for each cover, (covers, height, width, channels)."""
    covered = np.repeat(picture[None], len(covers), axis=0)
    mean = picture.reshape(-1, picture.shape[2]).mean(axis=0).round().astype(np.uint8)
    for one, (rows, columns) in zip(covered, covers, strict=True):
        one[rows, columns] = mean
    return covered


def _third(index: int, count: int, start: float, stop: float) -> int:
    return min(2, int(3 * (start + (stop - start) * (index + 0.5) / count)))


def _inside(heat: npt.NDArray[np.floating], view: View) -> npt.NDArray[np.floating]:
    """Return heat without what lies on padding, its places cut finely where padding ends in the middle of one."""
    if view.inside == WHOLE.inside:
        return heat
    import cv2

    fine = cv2.resize(heat.astype(np.float32), (_FINE, _FINE), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(view.cut(np.asarray(fine)))


def _averaged(heat: npt.NDArray[np.floating], shape: tuple[int, int]) -> Floats:
    import cv2

    shrinks = heat.shape[0] >= shape[0] and heat.shape[1] >= shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(heat.astype(np.float32), shape[::-1], interpolation=how), np.float64)


def _ranks(values: Floats) -> Floats:
    """Return the rank of each value, equal ones sharing the mean of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse], np.float64)
