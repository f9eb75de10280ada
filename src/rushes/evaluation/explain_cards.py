"""Why a run answered as it did on the samples of a gallery: heat over their pictures, and what they look like.

It takes the `train` extra, the run's weights and its pictures; what cannot be had is said in a sentence.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.datasets.letterbox import Box
from rushes.datasets.measured_input import Measurer
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import MediaError, MissingExtraError
from rushes.evaluation.explained import Explained, Neighbour, PlacedHeat, reason_of
from rushes.evaluation.painted_heat import cut_padding, find_seen
from rushes.evaluation.thumbnails import Thumbnail, read_thumbnails
from rushes.learning.predictions import Predictions
from rushes.learning.runs import Run
from rushes.progress import Progress, silent
from rushes.storage.pictures import Pictures

if TYPE_CHECKING:
    from rushes.learning.known_samples import KnownSamples, Nearest
    from rushes.models.network import Network

MOST = 60  # cards that are explained
NEIGHBOURS = 3
_KNOWN_FROZEN, _KNOWN_LEARNT = 1000, 300  # training samples held against; a frozen backbone's features are kept
_SIDE = 96  # pixels of a neighbour's picture
_PICTURES_BYTES = 360_000  # of neighbours' pictures in all
_WARM = (255, 122, 40)
_MOST_WARM = 0.72  # of the warm colour, where the heat is greatest
_COARSE = 4  # places along a side, below which heat tells little
_HEAT_SIDE = 28  # pixels of the heat as it is carried: twice what the deepest layers tell


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """What the network is shown of one card.

    Attributes:
        pixels: (height, width, channels) uint8, prepared.
        size: (height, width) of the whole picture.
        box: the part of it that is in `pixels`.
        measures: (measures,) of it; None where the network takes none.
    """

    row: int
    pixels: npt.NDArray[np.uint8]
    size: tuple[int, int]
    box: Box
    measures: npt.NDArray[np.float32] | None


def explain_cards(
    run: Run,
    predictions: Predictions,
    rows: Sequence[int],
    *,
    project_root: Path,
    cache_folder: Path,
    progress: Progress = silent,
) -> Explained:
    """Return heat and nearest training samples for the first `MOST` rows whose pictures can be read, mistakes first.

    Args:
        rows: those that have a card, the most telling first.
        cache_folder: of the project, where features are kept.
    """
    from rushes.learning.explain_pictures import load_run_network
    from rushes.learning.measured_samples import measurer_of

    right = predictions.truth == predictions.predicted
    chosen = sorted(rows, key=lambda row: bool(right[row]))[:MOST]
    if not chosen:
        return Explained()
    try:
        network, measurer = load_run_network(run.folder), measurer_of(run)
    except MissingExtraError:
        return Explained(
            notes=(
                "Where the model looked, and which training pictures are most like each, takes the train extra and was "
                "left out: pip install 'rushes[train]', then evaluate again.",
            )
        )
    except Exception as error:  # whatever it is: a report is worth more than what explains its cards
        said = f"Where the model looked is left out: its network cannot be read ({reason_of(error)})."
        return Explained(notes=(said,))
    shown = _read_shown(predictions, chosen, run.preprocessing, project_root, measurer)
    if not shown:
        return Explained()
    notes: list[str] = []
    found = Explained()
    try:
        heats, heat_words = _find_heats(network, predictions, shown, run.preprocessing)
        found = replace(found, heats=heats, heat_words=heat_words)
    except Exception as error:
        notes.append(f"Where the model looked is left out: {reason_of(error)}.")
    try:
        neighbours, pictures, searched = _find_neighbours(
            run, network, shown, project_root=project_root, cache_folder=cache_folder, progress=progress
        )
        found = replace(found, neighbours=neighbours, pictures=pictures, searched=searched)
    except Exception as error:
        notes.append(f"Which training pictures are most like each is left out: {reason_of(error)}.")
    return replace(found, notes=tuple(notes))


def place_heat(
    heat: npt.NDArray[np.floating], *, size: tuple[int, int], box: Box, shown: Preprocessing
) -> PlacedHeat:  # fmt: skip
    """Return heat as a small see-through picture, and where on the whole picture it lies.

    Args:
        heat: (rows, columns), 0 to 1, over the whole of what the network sees, padding included.
        size: (height, width) of the whole picture.
        box: the part of it that the network sees.
    """
    import cv2
    from PIL import Image

    fine = cv2.resize(heat.astype(np.float32), (224, 224), interpolation=cv2.INTER_CUBIC)
    inside = np.ascontiguousarray(cut_padding(fine, box, shown))
    high, wide = box.bottom - box.top, box.right - box.left
    scale = _HEAT_SIDE / max(high, wide)
    small = cv2.resize(
        inside, (max(1, round(wide * scale)), max(1, round(high * scale))), interpolation=cv2.INTER_AREA
    )  # fmt: skip
    layer = np.empty((*small.shape, 4), np.uint8)
    layer[..., :3] = _WARM
    layer[..., 3] = (np.clip(small, 0, 1) * _MOST_WARM * 255).round()
    buffer = io.BytesIO()
    Image.fromarray(layer, "RGBA").save(buffer, "WEBP", lossless=True, exact=True)
    height, width = size
    return PlacedHeat(
        Thumbnail(buffer.getvalue(), layer.shape[1], layer.shape[0]),
        box.left / width,
        box.top / height,
        wide / width,
        high / height,
    )


def name_neighbours(
    known: KnownSamples, nearest: Nearest, rows: Sequence[int]
) -> dict[int, tuple[Neighbour, ...]]:  # fmt: skip
    """Return row -> its nearest training samples, the likest first.

    Args:
        nearest: (rows, neighbours).
    """
    return {
        row: tuple(
            Neighbour(
                known.samples[place].image or known.samples[place].name,
                known.samples[place].name,
                known.samples[place].class_name,
                float(likeness),
            )
            for place, likeness in zip(nearest.rows[at], nearest.likeness[at], strict=True)
        )
        for at, row in enumerate(rows)
    }


def _read_shown(
    predictions: Predictions,
    rows: Sequence[int],
    preprocessing: Preprocessing,
    project_root: Path,
    measurer: Measurer | None,
) -> list[_Shown]:
    """Return what the network is shown of rows; those whose picture cannot be read are left out."""
    from rushes.footage.pictures import read_picture

    found = []
    with Pictures(project_root) as pictures:
        for row in rows:
            # A card without its picture says so itself.
            with suppress(MediaError, OSError), pictures.held(predictions.images[row]) as path:
                whole = read_picture(path)
                box = find_seen([whole], preprocessing)
                height, width = whole.shape[:2]
                measures = measurer(whole, stored=True) if measurer is not None else None
                found.append(_Shown(row, prepare(whole, preprocessing), (height, width), box, measures))
    return found


def _find_heats(
    network: Network, predictions: Predictions, shown: Sequence[_Shown], preprocessing: Preprocessing
) -> tuple[dict[int, PlacedHeat], str]:
    from rushes.learning.explain_pictures import explain_network

    pixels = np.stack([one.pixels for one in shown])
    answers = [int(predictions.predicted[one.row]) for one in shown]
    measures = [one.measures for one in shown if one.measures is not None]
    found = explain_network(network, pixels, class_indices=answers, measures=np.stack(measures) if measures else None)
    heats = {
        one.row: place_heat(heat, size=one.size, box=one.box, shown=preprocessing)
        for one, heat, spoke in zip(shown, found.heat, found.spoke, strict=True)
        if spoke
    }
    rows, columns = found.heat.shape[1:]
    coarse = (
        " With so few, it tells hardly more than which side of the picture." if min(rows, columns) < _COARSE else ""
    )
    about = f"{found.about[:1].upper()}{found.about[1:]}".rstrip(".")
    words = f"{about}. It was read by {found.method} at the layer {found.layer}, which knows {rows} × {columns} places."
    return heats, words + coarse + (f" {found.note}" if found.note else "")


def _find_neighbours(
    run: Run,
    network: Network,
    shown: Sequence[_Shown],
    *,
    project_root: Path,
    cache_folder: Path,
    progress: Progress,
) -> tuple[dict[int, tuple[Neighbour, ...]], Mapping[str, Thumbnail], int]:
    """Return what `Explained` calls neighbours, pictures and searched."""
    from rushes.learning.explain_pictures import features_of_network
    from rushes.learning.known_samples import find_nearest
    from rushes.learning.run_samples import read_known_samples

    frozen = run.recipe.get("model", {}).get("kind") == "features"
    known = read_known_samples(
        run,
        network,
        project_root=project_root,
        cache_folder=cache_folder,
        limit=_KNOWN_FROZEN if frozen else _KNOWN_LEARNT,
        progress=progress,
    )
    features = features_of_network(network, np.stack([one.pixels for one in shown]))
    neighbours = name_neighbours(known, find_nearest(known, features, NEIGHBOURS), [one.row for one in shown])
    images = list(dict.fromkeys(one.frame for found in neighbours.values() for one in found))
    read = read_thumbnails(
        range(len(images)), images, project_root, budget_bytes=_PICTURES_BYTES, side_pixels=_SIDE
    )  # fmt: skip
    return neighbours, {images[at]: one for at, one in read.items() if one is not None}, len(known.samples)
