"""The training pictures that travel in a bundle, so that an answer can be explained by what it looks like.

They stand in `neighbours/`: `neighbours.json` says what each is, `features.npz` where a model places them, and
`pictures.npz` holds them as thumbnails. A bundle need not have them.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from rushes.bundles.bundle import Bundle
from rushes.bundles.sealed import AGAIN
from rushes.errors import BundleError, MediaError
from rushes.evaluation.thumbnails import read_thumbnail
from rushes.learning.known_samples import KnownSample, KnownSamples
from rushes.storage.files import write_bytes, write_json
from rushes.storage.pictures import Pictures

SCHEMA = "neighbours/1"
NAMES_FILE = "neighbours/neighbours.json"
FEATURES_FILE = "neighbours/features.npz"
PICTURES_FILE = "neighbours/pictures.npz"
SIDE_PIXELS = 144


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Training samples as they travel.

    Attributes:
        known: the samples, placed by the bundle's own features.
        pictures: (samples,) small WebP pictures; empty bytes where one could not be read.
    """

    known: KnownSamples
    pictures: tuple[bytes, ...]


def read_pictures_of(known: KnownSamples, project_root: Path) -> tuple[bytes, ...]:
    """Return a small WebP picture of each sample, from the project that they are of."""
    with Pictures(project_root) as stored:
        read = partial(read_thumbnail, side_pixels=SIDE_PIXELS)
        found = list(stored.read_each([sample.image for sample in known.samples], read))
    return tuple(b"" if one is None or isinstance(one, MediaError) else one.data for one in found)


def write_neighbours(neighbours: Neighbours, folder: Path) -> None:
    """Write the training pictures into the folder of a bundle; features with 11 bits, which moves no cosine by 1e-3."""
    known = neighbours.known
    (folder / NAMES_FILE).parent.mkdir(exist_ok=True)
    rows = [{key: value for key, value in asdict(sample).items() if key != "image"} for sample in known.samples]
    write_json(folder / NAMES_FILE, {"schema": SCHEMA, "samples": rows})
    placed = known.placed.astype(np.float16)
    write_bytes(folder / FEATURES_FILE, _packed({"placed": placed, "centre": known.centre, "spread": known.spread}))
    ends = np.cumsum([len(picture) for picture in neighbours.pictures], dtype=np.int64)
    data = np.frombuffer(b"".join(neighbours.pictures), np.uint8)
    write_bytes(folder / PICTURES_FILE, _packed({"data": data, "ends": ends}))


def read_neighbours(bundle: Bundle) -> Neighbours | None:
    """Return the training pictures of a bundle; None where it has none.

    Raises:
        BundleError: they cannot be understood.
    """
    if NAMES_FILE not in bundle.files:
        return None
    try:
        table = json.loads(bundle.read(NAMES_FILE))
        if table["schema"] != SCHEMA:
            raise BundleError(f"{bundle.folder}: the schema of {NAMES_FILE} is {table['schema']!r}, this rushes reads "
                              f"'{SCHEMA}'. Update rushes, or export the run again: rushes export RUN")  # fmt: skip
        samples = tuple(KnownSample(**row) for row in table["samples"])
        with np.load(io.BytesIO(bundle.read(FEATURES_FILE)), allow_pickle=False) as part:
            placed = part["placed"].astype(np.float32)
            known = KnownSamples(samples, part["centre"], part["spread"], placed)
        with np.load(io.BytesIO(bundle.read(PICTURES_FILE)), allow_pickle=False) as part:
            data, ends = part["data"].tobytes(), part["ends"].tolist()
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(f"{bundle.folder}: its neighbours cannot be understood ({error!r}). {AGAIN}") from error
    starts = [0, *ends[:-1]]
    if len(ends) != len(samples) or (ends and ends[-1] != len(data)):
        raise BundleError(f"{bundle.folder}: {PICTURES_FILE} does not hold {len(samples)} pictures. {AGAIN}")
    return Neighbours(known, tuple(data[start:end] for start, end in zip(starts, ends, strict=True)))


def _packed(arrays: Mapping[str, Any]) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    return packed.getvalue()
