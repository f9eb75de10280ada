"""What watches a film: the body of a bundle, its answers, a detector of objects, a finder of faces, palettes, bars."""

from __future__ import annotations

import json
import logging
import struct
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.errors import BundleError
from rushes.footage.picture import PictureSize, decode_picture, encode_picture, resize
from rushes.inference.predictor import Predictor
from rushes.structure.area import Glimpse, glimpse_of
from rushes.structure.facts import ColourShare
from rushes.structure.palette import palette_of
from rushes.structure.watch import LOST, Pixels, ordinal_of_name, pack_rows
from rushes.subjects.detection import Detection, Detector
from rushes.subjects.face import Face
from rushes.subjects.faces import FaceReader
from rushes.subjects.kept_faces import FilmFaces, read_film_faces, write_film_faces
from rushes.subjects.wiping import wipe_mark
from rushes.timelines.shot_pictures import ShotPicture

PICTURE_QUALITY = 82
_SIZE = struct.Struct("<HH")  # width and height, before a small picture

_log = logging.getLogger(__name__)


class BundleWatcher:
    """Sees with the body of a bundle of pictures, and answers with its head: one pass gives both."""

    def __init__(self, predictor: Predictor) -> None:
        """Take a loaded bundle."""
        self.key = f"bundle/1 {predictor.bundle.id} {predictor.runtime}"
        self._predictor = predictor
        self._class_count = len(predictor.classes)

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        """Return of each picture its probabilities and then its features, as `unpack_rows` reads them."""
        prepared = [self._predictor.prepared(one) for one in pictures]
        answers = self._predictor.probabilities_of_prepared(prepared)
        features = self._predictor.features_of_prepared(prepared)
        rows = answers if features is None else np.hstack([answers, features / _length_of(features)])
        return [pack_rows(row) for row in rows]

    def answers(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (pictures, classes) probabilities of what `see` said."""
        return rows[:, : self._class_count]

    def features(self, rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return (pictures, features), rows of length 1, of what `see` said.

        Raises:
            BundleError: the bundle's graph gives no features.
        """
        features = rows[:, self._class_count :]
        if not features.shape[1]:
            raise BundleError(
                f"{self._predictor.bundle.folder}: its graph gives no features, by which shots could be compared: it "
                "was exported by an older rushes. Export the run again: rushes export RUN"
            )
        return np.asarray(features / _length_of(features), np.float32)


def _length_of(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the length of each row, (rows, 1), so that half precision holds any network's numbers."""
    return np.asarray(np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-9), np.float32)


class ObjectWatcher:
    """Sees with a detector of objects."""

    def __init__(self, detector: Detector) -> None:
        """Take an open detector."""
        self.key = f"objects/1 {detector.id}"
        self._detector = detector

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        """Return of each picture what is found in it."""
        return [json.dumps([asdict(one) for one in self._detector.find(picture)]).encode() for picture in pictures]


def unpack_detections(words: bytes) -> tuple[Detection, ...]:
    """Return what `ObjectWatcher` said of a picture."""
    return tuple(Detection(**one) for one in json.loads(words))


class FaceWatcher:
    """Sees faces."""

    def __init__(self, reader: FaceReader) -> None:
        """Take a reader of faces."""
        self.key = f"faces/1 {reader.id}"
        self._reader = reader

    def see(self, pictures: Sequence[Pixels]) -> Sequence[tuple[Face, ...]]:
        """Return the faces of each picture."""
        return [self._reader.find(picture) for picture in pictures]


class FaceKeeper:
    """Keeps the faces of one film with all other face data of the project, and nowhere else."""

    def __init__(self, folder: Path | None, *, source: str, reader: str) -> None:
        """Read what is kept; without a folder it is kept for as long as this lives."""
        self._folder, self._source, self._reader = folder, source, reader
        self._since = "" if folder is None else wipe_mark(folder)
        kept = None if folder is None else read_film_faces(folder, source, reader)
        self._faces: dict[int, tuple[Face, ...] | None] = {}  # None of a frame that is lost
        if kept is not None:
            self._faces.update(zip(kept.ordinals, kept.faces, strict=True))
            self._faces.update(dict.fromkeys(kept.lost))
        self._is_new = False

    def get(self, name: str) -> tuple[Face, ...] | bytes | None:
        """Return the faces of a frame, or that it is LOST."""
        ordinal = ordinal_of_name(name)
        if ordinal not in self._faces:
            return None
        faces = self._faces[ordinal]
        return LOST if faces is None else faces

    def put(self, name: str, data: tuple[Face, ...] | bytes) -> None:
        """Keep the faces of a frame, or that it is LOST: that is not to show none."""
        self._faces[ordinal_of_name(name)] = None if isinstance(data, bytes) else data
        self._is_new = True

    def flush(self) -> None:
        """Write what is new, unless all face data was wiped since this began."""
        if not self._is_new or self._folder is None:
            return
        if not write_film_faces(self._folder, self.film_faces(), since=self._since):
            _log.warning("face data was wiped while a film was looked at: what was found of faces in it is not kept")
        self._is_new = False

    def film_faces(self) -> FilmFaces:
        """Return all faces of the film that are kept."""
        found = {ordinal: self._faces[ordinal] for ordinal in sorted(self._faces)}
        told = {ordinal: faces for ordinal, faces in found.items() if faces is not None}
        lost = tuple(ordinal for ordinal, faces in found.items() if faces is None)
        return FilmFaces(self._source, self._reader, tuple(told), tuple(told.values()), lost)


class ColourWatcher:
    """Sees dominant colours."""

    key = "colours/1"

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        """Return the palette of each picture."""
        return [
            json.dumps([[one.red, one.green, one.blue, round(one.share, 5)] for one in palette_of([picture])]).encode()
            for picture in pictures
        ]


def unpack_palette(words: bytes) -> tuple[ColourShare, ...]:
    """Return what `ColourWatcher` said of a picture."""
    return tuple(ColourShare(red, green, blue, share) for red, green, blue, share in json.loads(words))


class EdgeWatcher:
    """Sees where the picture ends and bars begin."""

    key = "edges/1"

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        """Return what each picture shows of that."""
        return [_pack_glimpse(glimpse_of(picture)) for picture in pictures]


def _pack_glimpse(glimpse: Glimpse) -> bytes:
    if glimpse.edges is not None:
        return json.dumps(glimpse.edges).encode()
    assert glimpse.small is not None
    return encode_picture(np.repeat(glimpse.small[:, :, None], 3, axis=2), "webp", 100)


def unpack_glimpse(words: bytes) -> Glimpse:
    """Return what `EdgeWatcher` said of a picture."""
    if words.startswith(b"["):
        left, top, right, bottom = json.loads(words)
        return Glimpse((left, top, right, bottom))
    return Glimpse(None, decode_picture(words)[:, :, 0])


class PictureWatcher:
    """Keeps small pictures, as WebP, for pages that show shots."""

    def __init__(self, side_pixels: int) -> None:
        """Keep pictures whose longer side is at most this long."""
        self.key = f"picture/1 {side_pixels}"
        self._size = PictureSize(long_side=side_pixels)

    def see(self, pictures: Sequence[Pixels]) -> Sequence[bytes]:
        """Return each picture, small, behind its width and height."""
        small = [resize(one, self._size) for one in pictures]
        return [_SIZE.pack(one.shape[1], one.shape[0]) + encode_picture(one, "webp", PICTURE_QUALITY) for one in small]


def unpack_picture(words: bytes) -> ShotPicture:
    """Return what `PictureWatcher` kept of a picture."""
    width, height = _SIZE.unpack_from(words)
    return ShotPicture(words[_SIZE.size :], width, height)
