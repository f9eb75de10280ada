"""FilmFaces: the faces of the frames of a film that were looked at, kept in a folder that holds nothing else."""

from __future__ import annotations

import logging
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.errors import UsageError
from rushes.storage.files import digest_of_bytes, whole_file
from rushes.storage.reading import local_state
from rushes.subjects.embedders import KINDS, EmbedderKind
from rushes.subjects.face import Face
from rushes.subjects.wiping import alone_with_faces, mark_wiped, wipe_mark

_SCHEMA = "film-faces/2"
_FILMS = "films"
_COLUMNS = 16  # box, score, clarity, points

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class FilmFaces:
    """The faces of the frames of a film that were looked at.

    Attributes:
        source: digest of the film.
        reader: id of the FaceReader that found them.
        ordinals: of the frames, rising.
        faces: of each frame; () where it shows none.
        lost: ordinals of frames that could not be decoded, rising: whether they show a face is not known.
    """

    source: str
    reader: str
    ordinals: tuple[int, ...]
    faces: tuple[tuple[Face, ...], ...]
    lost: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.ordinals) != len(self.faces):
            raise ValueError(f"{len(self.ordinals)} frames have {len(self.faces)} lists of faces")
        if any(after <= before for before, after in pairwise(self.ordinals)):
            raise ValueError("ordinals rise")

    @property
    def embedder(self) -> str:
        """Whose vectors the faces have: the same where they can be compared; "" where they have none."""
        return self.reader.rpartition("+")[2] if "+" in self.reader else ""

    @property
    def face_count(self) -> int:
        return sum(len(faces) for faces in self.faces)


@dataclass(frozen=True, slots=True)
class Wiped:
    """What was wiped, or would be."""

    files: int
    bytes: int


def kind_of(embedder: str) -> EmbedderKind:
    """Return what is known of the network that `FilmFaces.embedder` names."""
    name = embedder.rpartition("-")[0]
    return next((kind for kind in KINDS if kind.name == name), KINDS[-1])


def read_film_faces(folder: Path, source: str, reader: str) -> FilmFaces | None:
    """Return the faces of a film as a reader found them; None where they are not kept, or are spoilt.

    Args:
        folder: of face data, the project's `faces_folder`.
    """
    return _read(_path(folder, source, reader))


@dataclass(frozen=True, slots=True)
class KeptFilm:
    """A film whose faces are kept.

    Attributes:
        source: its digest.
        reader: id of the FaceReader that found them.
        frames, faces: how many were looked at, and how many were found.
    """

    source: str
    reader: str
    frames: int
    faces: int


def list_film_faces(folder: Path) -> list[KeptFilm]:
    """Return the films whose faces are kept, the last looked at first; what is spoilt is passed over."""
    paths = sorted((folder / _FILMS).glob("*.npz"), key=_when, reverse=True)
    found = [_read(path) for path in paths]
    return [KeptFilm(one.source, one.reader, len(one.ordinals), one.face_count) for one in found if one is not None]


def state_of_film_faces(folder: Path, source: str) -> object:
    """Return what changes whenever other faces of a film are kept, or all are wiped."""
    paths = sorted((folder / _FILMS).glob(f"{_stem(source)}-*.npz"))
    return wipe_mark(folder), tuple((path.name, local_state(path)) for path in paths)


def write_film_faces(folder: Path, found: FilmFaces, *, since: str | None = None) -> bool:
    """Keep the faces of a film, whole or not at all; what was kept of the same film and reader gives way.

    Args:
        since: the `wipe_mark` as it was when the film began to be looked at. Where all was wiped since, nothing is
            written, and False is returned. None writes in any case.
    """
    with alone_with_faces(folder):
        if since is not None and wipe_mark(folder) != since:
            return False
        _write(folder, found)
    return True


def _write(folder: Path, found: FilmFaces) -> None:
    every = [face for faces in found.faces for face in faces]
    length = next((len(face.embedding) for face in every if face.embedding is not None), 0)
    table = np.zeros((len(every), _COLUMNS), np.float64)
    vectors = np.zeros((len(every), length), np.float32)
    for place, face in enumerate(every):
        table[place, :6] = face.left, face.top, face.width, face.height, face.score, face.clarity
        table[place, 6:] = face.points.reshape(-1)
        if face.embedding is not None:
            vectors[place] = face.embedding
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)  # what is in it is about persons
    with whole_file(_path(folder, found.source, found.reader)) as temporary, temporary.open("wb") as file:
        np.savez(
            file,
            schema=np.array(_SCHEMA),
            source=np.array(found.source),
            reader=np.array(found.reader),
            ordinals=np.array(found.ordinals, np.int64),
            counts=np.array([len(faces) for faces in found.faces], np.int64),
            lost=np.array(found.lost, np.int64),
            table=table,
            vectors=vectors,
            told=np.array([face.embedding is not None for face in every], np.bool_),
        )


def _read(path: Path) -> FilmFaces | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as kept:
            if str(kept["schema"]) != _SCHEMA:
                return None
            return _faces_from(kept)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, IndexError, zipfile.BadZipFile) as error:
        _log.warning("%s cannot be read (%s); the film is looked at again", path.name, error)
        return None


def _faces_from(kept: np.lib.npyio.NpzFile) -> FilmFaces:
    table: npt.NDArray[np.float64] = kept["table"]
    vectors: npt.NDArray[np.float32] = kept["vectors"]
    told: list[bool] = kept["told"].tolist()
    every = [_face_from(row, vectors[place] if told[place] else None) for place, row in enumerate(table)]
    edges = np.concatenate([[0], np.cumsum(kept["counts"])]).tolist()
    if edges[-1] != len(every):
        raise ValueError("faces and their counts do not go together")
    return FilmFaces(
        str(kept["source"]),
        str(kept["reader"]),
        tuple(kept["ordinals"].tolist()),
        tuple(tuple(every[first:stop]) for first, stop in pairwise(edges)),
        tuple(kept["lost"].tolist()),
    )


def _face_from(row: npt.NDArray[np.float64], vector: npt.NDArray[np.float32] | None) -> Face:
    left, top, width, height, score, clarity = row[:6].tolist()
    points = np.asarray(row[6:].reshape(5, 2), np.float32)
    return Face(left, top, width, height, score, points, vector, clarity)


def measure_kept_faces(folder: Path) -> Wiped:
    """Return how much face data is kept.

    Raises:
        UsageError: some of it is elsewhere, behind a link.
    """
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        if path.is_symlink():
            raise UsageError(
                f"{path} is a link to {path.resolve()}, and what lies there, only you know: nothing was removed. If "
                "it holds nothing but face data of rushes, remove that by hand, then the link, and wipe again"
            )
    sizes = [path.lstat().st_size for path in paths if path.is_file()]
    return Wiped(len(sizes), sum(sizes))


def wipe_faces(folder: Path) -> Wiped:
    """Remove all face data: vectors, places of faces, names and pictures; return what went.

    It holds: a mark is left beside the folder, by which whoever still has faces in memory keeps none of them there.

    Raises:
        UsageError: some of it is elsewhere, behind a link; nothing was removed.
        OSError: something could not be removed; what is left is still there.
    """
    with alone_with_faces(folder):
        kept = measure_kept_faces(folder)
        # Before and after: where there are no locks, a look may begin in between; and a full disk has room after.
        with suppress(OSError):
            mark_wiped(folder)
        if folder.is_dir():
            shutil.rmtree(folder)
        mark_wiped(folder)
    return kept


def _path(folder: Path, source: str, reader: str) -> Path:
    return folder / _FILMS / f"{_stem(source)}-{digest_of_bytes(reader.encode())[:12]}.npz"


def _stem(source: str) -> str:
    return digest_of_bytes(source.encode())[:24]


def _when(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
