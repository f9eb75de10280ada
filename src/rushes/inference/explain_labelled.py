"""What a bundle's answers on labelled pictures look like among the training pictures that travel in it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rushes.bundles.neighbours import read_neighbours
from rushes.errors import MediaError
from rushes.evaluation.explain_cards import MOST, NEIGHBOURS, name_neighbours
from rushes.evaluation.explained import Explained, reason_of
from rushes.evaluation.thumbnails import Thumbnail
from rushes.footage.pictures import read_picture
from rushes.inference.predictor import Predictor
from rushes.learning.known_samples import find_nearest
from rushes.learning.predictions import Predictions
from rushes.storage.pictures import Pictures

_LEFT_OUT = "Which training pictures are most like each is left out: "


def explain_labelled(
    predictor: Predictor, predictions: Predictions, rows: Sequence[int], *, project_root: Path
) -> Explained:
    """Return the nearest training pictures of the first `MOST` rows that can be read, mistakes first; never heat.

    What fails is said in a note: a report is worth more than what explains its cards.

    Args:
        predictions: the bundle's answers on labelled pictures.
        rows: those that have a card, the most telling first.
    """
    try:
        return _find(predictor, predictions, rows, project_root)
    except Exception as error:
        return Explained(notes=(f"{_LEFT_OUT}{reason_of(error)}.",))


def _find(predictor: Predictor, predictions: Predictions, rows: Sequence[int], project_root: Path) -> Explained:
    carried = read_neighbours(predictor.bundle)
    if carried is None:
        why = "the bundle carries none. It was exported with --no-neighbours, or by an older rushes."
        return Explained(notes=(f"{_LEFT_OUT}{why}",))
    right = predictions.truth == predictions.predicted
    chosen = sorted(rows, key=lambda row: bool(right[row]))[:MOST]
    with Pictures(project_root) as pictures:
        read = list(
            pictures.read_each(
                [predictions.images[row] for row in chosen],
                lambda path: predictor.prepared(read_picture(path), stored=True),
            )
        )
    shown = [(row, one) for row, one in zip(chosen, read, strict=True) if not isinstance(one, MediaError)]
    features = predictor.features_of_prepared([one for _, one in shown])
    if features is None:
        return Explained(notes=(f"{_LEFT_OUT}the graph of the bundle gives no features.",) if shown else ())
    # Names may be shared by samples of two groups: a picture is found by the place of its sample.
    placed = tuple(replace(sample, image=str(place)) for place, sample in enumerate(carried.known.samples))
    known = replace(carried.known, samples=placed)
    nearest = find_nearest(known, features, NEIGHBOURS)
    neighbours = name_neighbours(known, nearest, [row for row, _ in shown])
    wanted = dict.fromkeys(one.frame for found in neighbours.values() for one in found)
    return Explained(
        neighbours=neighbours,
        pictures={frame: _thumbnail(data) for frame in wanted if (data := carried.pictures[int(frame)])},
        searched=len(known.samples),
    )


def _thumbnail(data: bytes) -> Thumbnail:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as opened:
        return Thumbnail(data, opened.width, opened.height)
