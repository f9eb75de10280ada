"""What bundles of shots say of a project's films, asked once and kept."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from rushes.bundles.bundle import is_of_shots
from rushes.bundles.shot_bundle import open_shot_bundle
from rushes.errors import BundleError, MediaError
from rushes.footage.source import Unreadable
from rushes.inference.predict_shots import predict_shots
from rushes.inference.shot_predictor import ShotPredictor
from rushes.progress import Progress
from rushes.project import Project
from rushes.storage.places import Place
from rushes.structure.kept_answers import FilmAnswers, keep_answers, read_answers


def find_shot_bundles(project: Project) -> dict[str, Path]:
    """Return name -> folder of the bundles of shots of a project, by name."""
    folder = project.bundles_folder
    if not folder.is_dir():
        return {}
    return {path.name: path for path in sorted(folder.iterdir()) if path.is_dir() and is_of_shots(path)}


class ShotAnswers:
    """The answers that are kept, in the project's cache; one bundle is held open."""

    def __init__(self, project: Project) -> None:
        """Open nothing yet."""
        self._project = project
        self._lock = threading.Lock()
        self._open: tuple[str, ShotPredictor] | None = None

    def answer(self, name: str, film: Place, *, threads: int, progress: Progress) -> None:
        """Ask a bundle for the shots of a film, found where they are not yet, and keep what it says.

        Raises:
            BundleError: it cannot be opened.
            MediaError: the film cannot be read.
        """
        predictor = self._predictor(name, threads)
        scans = self._project.scans_folder
        found = predict_shots(predictor, film, scans=scans, threads=threads, progress=progress)
        if isinstance(found, Unreadable):
            raise MediaError(found.path, found.reason)
        keep_answers(self._project.cache_folder, found.shots, source=found.source, bundle=name,
                     bundle_id=predictor.bundle.id)  # fmt: skip

    def of(self, digest: str) -> list[FilmAnswers]:
        """Return what is kept of a film, the oldest first; what cannot be read is passed over."""
        return read_answers(self._project.cache_folder, digest)

    def _predictor(self, name: str, threads: int) -> ShotPredictor:
        with self._lock:
            if self._open is None or self._open[0] != name:
                try:
                    bundle = open_shot_bundle(find_shot_bundles(self._project)[name])
                except BundleError as error:  # where the project is, is nobody's business
                    raise BundleError(str(error).replace(f"{self._project.bundles_folder}{os.sep}", "")) from error
                self._open = name, ShotPredictor(bundle, threads=threads)
            return self._open[1]
