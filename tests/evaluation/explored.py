"""Manifests made up for tests of what is seen in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushes.datasets.picture_facts import PictureFacts
from rushes.datasets.split import Split
from rushes.errors import MediaError
from rushes.labels.manifest import ManifestRow, Part

CLASSES = ("Day", "Night", "Dusk")
PARTS: dict[str, Part] = {"film 0": "train", "film 1": "train", "film 2": "validation", "film 3": "test"}


def rows_of(*, per_film: int = 30, classes: Sequence[str] = CLASSES, films: int = 4) -> list[ManifestRow]:
    """Return rows of films in which the first class is three times as common as each of the others."""
    order = [classes[0], *classes] if len(classes) > 1 else list(classes)
    return [
        ManifestRow(
            f"frames/{film}-{number}.jpg",
            order[number % len(order)],
            group=f"film {film}",
            source=f"{film:016x}" * 4,
            pts=number,
            origin="jonny" if number % 3 else "review",
            name=f"F{film}_{number}",
        )
        for film in range(films)
        for number in range(per_film)
    ]


def split_of(rows: Sequence[ManifestRow]) -> Split:
    return Split("light", "grouped", 0, {row.frame_id: PARTS[row.group] for row in rows}, PARTS)


def facts_of(rows: Sequence[ManifestRow]) -> dict[str, PictureFacts | MediaError]:
    """Return facts by which Night is dark; the first picture cannot be read."""
    dice = np.random.default_rng(6)
    found: dict[str, PictureFacts | MediaError] = {
        row.frame_id: PictureFacts(
            1920 if number % 5 else 640,
            1080 if number % 5 else 480,
            float(np.clip((0.15 if row.class_name == "Night" else 0.6) + 0.1 * dice.standard_normal(), 0, 1)),
            0.2,
            float(dice.uniform(50, 500)),
            0.0,
            0.01,
        )
        for number, row in enumerate(rows)
    }
    found[rows[0].frame_id] = MediaError(rows[0].img_ref, "the file is missing")
    return found
