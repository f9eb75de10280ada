"""Whether the heat of a run can be believed: it must follow what was learnt, and point at what decides.

All of it needs the `train` extra: torch, timm and safetensors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.learning.calibration import Calibration
from rushes.learning.explain_pictures import (
    Explained,
    Pixels,
    Values,
    answer_pictures,
    explain_network,
    heat_with_measures,
    load_run_network,
)

if TYPE_CHECKING:
    from rushes.models.network import Network

UNCALIBRATED = Calibration()
DRAWS = 3  # random networks that the heat is held against
PATCHES = 8  # places per picture that a patch of the warm one's shape is moved to
WARMEST = 0.1  # of the picture, which is blurred
_BLUR = 0.1  # of the longer side: the spread of the blur
# A heat that ranks places as that of an untrained network does shows the picture, not what was learnt of it. Where one
# ends and the other begins is nobody's measurement: both limits are conventions, and said to be.
UNCHANGED = 0.7
CHANGED = 0.4


@dataclass(frozen=True, slots=True)
class Agreement:
    """How alike a run's heat and that of a network without its training rank the places of pictures.

    Attributes:
        correlation: mean of Spearman's, from -1 to 1; None where it is undefined, and `reason` says why.
        pairs: how many heats were held against each other.
        pictures: of how many pictures.
    """

    correlation: float | None
    pairs: int
    reason: str = ""
    pictures: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Deletion:
    """What blurring the warmest places does to the answer, beside blurring others.

    Attributes:
        pictures: (checked,) int64, the pictures in which something spoke for the class.
        warm: (checked,) by how much the class's probability drops when the warmest tenth is blurred.
        elsewhere: (checked,) by how much, on average, when a patch of the same shape anywhere is.
    """

    pictures: npt.NDArray[np.int64]
    warm: Values
    elsewhere: Values

    @property
    def warm_mean(self) -> float | None:
        """Mean drop for the warmest places; None where nothing was checked."""
        return float(self.warm.mean()) if len(self.warm) else None

    @property
    def elsewhere_mean(self) -> float | None:
        """Mean drop for other places; None where nothing was checked."""
        return float(self.elsewhere.mean()) if len(self.elsewhere) else None

    @property
    def points(self) -> bool | None:
        """Whether the warmest places cost more, on average and in most pictures; None where nothing was checked."""
        if self.warm_mean is None or self.elsewhere_mean is None:
            return None
        return self.warm_mean > self.elsewhere_mean and 2 * self.more_count > len(self.pictures)

    @property
    def more_count(self) -> int:
        """In how many pictures the warmest places cost more than others."""
        return int((self.warm > self.elsewhere).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Sanity:
    """Whether the heat of a run can be believed.

    Attributes:
        explained: the heat that was checked.
        head: agreement with networks whose head alone was drawn anew.
        whole: agreement with networks of which everything was.
        deletion: what the warmest places are worth to the answer.
    """

    explained: Explained
    head: Agreement
    whole: Agreement
    deletion: Deletion

    def sentences(self) -> tuple[str, ...]:
        """Return what follows from all of it together, and then each figure with what it rests on."""
        return (
            self.conclusion(),
            _say_agreement(self.head, "whose last layer was drawn anew", class_free=self.explained.class_free),
            _say_agreement(self.whole, "of random weights", class_free=False),
            _say_deletion(self.deletion),
        )

    def conclusion(self) -> str:
        """Return in a sentence how far the heat can be believed."""
        points = self.deletion.points
        told = [one.correlation for one in self._asked if one.correlation is not None]
        most = max(told) if len(told) == len(self._asked) else None
        count = len(self.explained.heat)
        checked = f"checked on {count} {'picture' if count == 1 else 'pictures'}"
        if most is not None and most >= UNCHANGED:
            also = ", though blurring its warmest places does cost the answer more than blurring others"
            return (
                f"Do not believe the heat ({checked}): it shows the picture more than what was learnt"
                f"{also if points else ''}."
            )
        if points is False:
            follows = "it follows what was learnt, but" if most is not None and most < CHANGED else "it"
            return (
                f"Do not rest a conclusion on the heat ({checked}): {follows} does not point at what the answer rests "
                "on. Hold it against covering."
            )
        if points is None or most is None:
            return f"Whether the heat can be believed cannot be said ({checked}): some of the checks are undefined."
        if self.explained.class_free:
            return (
                f"Believe where the heat is, not for which class ({checked}): it points at what the answer rests on, "
                "and would be the same for any other class."
            )
        if most >= CHANGED:
            return (
                f"Believe the heat in part ({checked}): it points at what the answer rests on, but some of it shows "
                "the picture, whatever was learnt."
            )
        return (
            f"The heat can be believed ({checked}): it follows what was learnt, and points at what the answer rests on."
        )

    @property
    def _asked(self) -> tuple[Agreement, ...]:
        """The networks that must give another heat: a way that never asks the last layer is not held to it."""
        return (self.whole,) if self.explained.class_free else (self.head, self.whole)


def check_sanity(
    run_folder: Path,
    pixels: Pixels,
    *,
    class_indices: Sequence[int] | None = None,
    method: str = "auto",
    layer: str | None = None,
    draws: int = DRAWS,
    seed: int = 0,
    calibration: Calibration = UNCALIBRATED,
    measures: Values | None = None,
) -> Sanity:
    """Return whether a run's heat follows its training and points at what its answers rest on.

    The network's weights are drawn anew, of the head first and then of all, and the heat for the same class is held
    against the run's (Adebayo and others, Sanity Checks for Saliency Maps, NeurIPS 2018). Then the warmest tenth of
    each picture is blurred, and a patch of that shape at places drawn at random.

    Args:
        pixels: (pictures, height, width, channels) uint8, prepared; each costs some twenty passes, and a few dozen say
            enough.
        class_indices: (pictures,) the class each is explained for; None takes the one that is answered.
        method, layer: as `explain_pictures` takes them.
        draws: how many random networks of each kind.
        calibration: of the run; probabilities are what it makes of the network's.
        measures: (pictures, measures) of a run whose head takes them; they are held fixed.

    Raises:
        MissingExtraError, RunError, UsageError: as `explain_pictures`.
    """
    network = load_run_network(run_folder)
    explained = explain_network(
        network, pixels, class_indices=class_indices, method=method, layer=layer, measures=measures
    )
    rows, columns = explained.heat.shape[1:]

    def heat_of(other: Network) -> Values:
        found = heat_with_measures(
            other,
            pixels,
            explained.class_indices.tolist(),
            method=explained.method,
            layer=explained.layer,
            measures=measures,
            grid=(rows, columns),
        )
        heat: Values = found.heat.numpy()
        return heat

    heads, wholes = [], []
    for draw in range(draws):
        drawn = _draw(run_folder, network, seed=seed + draw)
        wholes.append(heat_of(drawn))
        drawn.body = network.body
        heads.append(heat_of(drawn))
    dice = np.random.default_rng(seed)
    return Sanity(
        explained=explained,
        head=agree(explained.heat, heads),
        whole=agree(explained.heat, wholes),
        deletion=delete_warmest(network, pixels, explained, dice, calibration=calibration, measures=measures),
    )


def agree(heat: Values, others: Sequence[Values]) -> Agreement:
    """Return how alike a heat and others of the same pictures rank their places.

    Args:
        heat: (pictures, rows, columns), and each of `others` as well.
    """
    found = [
        correlation
        for other in others
        for one, two in zip(heat, other, strict=True)
        if (correlation := rank_correlation(one.ravel(), two.ravel())) is not None
    ]
    if not found:
        reason = "the heat is the same everywhere, of the run or of every random network, so that it ranks no places"
        return Agreement(None, 0, reason, pictures=len(heat))
    return Agreement(float(np.mean(found)), len(found), pictures=len(heat))


def rank_correlation(one: Values, two: Values) -> float | None:
    """Return Spearman's correlation of two rows, equal values at their middle rank; None where one is constant."""
    if len(one) < 2 or np.ptp(one) == 0 or np.ptp(two) == 0:
        return None
    return float(np.corrcoef(_middle_ranks(one), _middle_ranks(two))[0, 1])


def delete_warmest(
    network: Network,
    pixels: Pixels,
    explained: Explained,
    dice: np.random.Generator,
    *,
    patches: int = PATCHES,
    calibration: Calibration = UNCALIBRATED,
    measures: Values | None = None,
) -> Deletion:
    """Return what blurring the warmest tenth of each picture does to its class's probability.

    Where less than a tenth is warm at all, what is warm is blurred, and as much elsewhere.
    """
    spoke = np.flatnonzero(explained.spoke)
    warm, elsewhere = [], []
    whole = calibration.apply(explained.probabilities)
    for place in spoke:
        shown, chosen = pixels[place], explained.class_indices[place]
        mask = warmest(explained.heat[place], shown.shape[0], shown.shape[1])
        masks = [mask, *(_moved(mask, dice) for _ in range(patches))]
        blurred = _blurred(shown)
        changed = np.stack([np.where(each[:, :, None], blurred, shown) for each in masks])
        held = None if measures is None else np.repeat(measures[place : place + 1], len(changed), axis=0)
        drops = whole[place, chosen] - calibration.apply(answer_pictures(network, changed, held))[:, chosen]
        warm.append(drops[0])
        elsewhere.append(drops[1:].mean())
    return Deletion(spoke.astype(np.int64), np.array(warm, np.float32), np.array(elsewhere, np.float32))


def warmest(heat: Values, height: int, width: int, *, share: float = WARMEST) -> npt.NDArray[np.bool_]:
    """Return (height, width): the warmest share of a picture, less where less of it is warm at all.

    Args:
        heat: (rows, columns), spread smoothly over the picture.
    """
    import cv2

    spread = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR).ravel()
    count = min(max(1, round(share * len(spread))), int((spread > 0).sum()))
    mask = np.zeros(len(spread), np.bool_)
    mask[np.argsort(-spread, kind="stable")[:count]] = True
    return mask.reshape(height, width)


def _moved(mask: npt.NDArray[np.bool_], dice: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Return a mask moved by a distance drawn at random; what leaves at an edge comes in at the other."""
    down, across = (int(dice.integers(0, side)) for side in mask.shape)
    return np.roll(mask, (down, across), axis=(0, 1))


def _blurred(shown: Pixels) -> Pixels:
    import cv2

    blurred = cv2.GaussianBlur(shown, (0, 0), _BLUR * max(shown.shape[:2]))
    return np.asarray(blurred, np.uint8).reshape(shown.shape)


def _middle_ranks(values: Values) -> npt.NDArray[np.float64]:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places], np.float64)


def _draw(run_folder: Path, network: Network, *, seed: int) -> Network:
    """Return the run's network with weights drawn anew; a head of stored samples keeps these, with shuffled answers."""
    import torch

    from rushes.models.heads import KnnHead
    from rushes.models.network import draw_network

    drawn = draw_network(run_folder, seed=seed)
    if isinstance(drawn.head, KnnHead):
        drawn.head.load_state_dict(network.head.state_dict())
        mixed = torch.randperm(len(drawn.head.answers), generator=torch.Generator().manual_seed(seed))
        drawn.head.answers = drawn.head.answers[mixed]
    return drawn


def _say_agreement(agreement: Agreement, of_what: str, *, class_free: bool) -> str:
    if class_free:
        return f"This method never asks the last layer: a network {of_what} gives the same heat."
    if agreement.correlation is None:
        return f"How alike a network {of_what} ranks the places is undefined: {agreement.reason}."
    rests_on = f"{agreement.pairs} heats of {agreement.pictures} pictures"
    said = (
        f"The heat of a network {of_what} has a rank correlation of {agreement.correlation:.2f} with this one, where 1 "
        f"is the same and 0 is no likeness ({rests_on})"
    )
    if agreement.correlation >= UNCHANGED:
        return f"{said}: much alike, by the convention of {UNCHANGED} and above."
    if agreement.correlation >= CHANGED:
        return f"{said}: partly alike, by the convention of {CHANGED} to {UNCHANGED}."
    return f"{said}: another one, by the convention of below {CHANGED}."


def _say_deletion(deletion: Deletion) -> str:
    if deletion.warm_mean is None or deletion.elsewhere_mean is None:
        return "Nothing in these pictures spoke for the class, so that there are no warm places to blur."
    said = (f"Blurring the warmest tenth changes the probability of the class by {-deletion.warm_mean:+.3f} on "
            f"average, a patch of that shape elsewhere by {-deletion.elsewhere_mean:+.3f}; the warmest places cost "
            f"more in {deletion.more_count} of {len(deletion.pictures)} pictures")  # fmt: skip
    return f"{said}."
