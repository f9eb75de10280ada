"""FacePictures: small pictures of faces, which lie with all other face data, so that wiping takes them too."""

from __future__ import annotations

from pathlib import Path

from rushes.review.picture_cache import PictureCache
from rushes.structure.portraits import FOLDER
from rushes.subjects.wiping import alone_with_faces, wipe_mark


class FacePictures:
    """Gives the cache of pictures of faces; after a wipe, by whatever process, another that holds none."""

    def __init__(self, folder: Path) -> None:
        """Open what is kept.

        Args:
            folder: of face data, the project's `faces_folder`.
        """
        self._folder = folder
        self._cache = _Cache(folder, wipe_mark(folder))

    @property
    def cache(self) -> PictureCache:
        since = wipe_mark(self._folder)
        if since != self._cache.since:
            self._cache = _Cache(self._folder, since)
        return self._cache


class _Cache(PictureCache):
    """Keeps pictures of faces until the next wipe."""

    def __init__(self, folder: Path, since: str) -> None:
        super().__init__(folder / FOLDER)
        self.since = since
        self._faces_folder = folder

    def put(self, key: str, data: bytes) -> None:
        """Keep a picture, unless all face data was wiped since it was asked for."""
        with alone_with_faces(self._faces_folder):
            if wipe_mark(self._faces_folder) == self.since:
                super().put(key, data)
