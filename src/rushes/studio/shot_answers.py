"""What bundles of shots said of a project's films, kept so that a film is answered once."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.bundles.bundle import is_of_shots
from rushes.bundles.shot_bundle import open_shot_bundle
from rushes.errors import BundleError, MediaError
from rushes.footage.source import Unreadable
from rushes.inference.predict_shots import predict_shots
from rushes.inference.shot_predictor import ShotPredictor
from rushes.progress import Progress
from rushes.project import Project
from rushes.storage.files import write_json
from rushes.storage.places import Place
from rushes.timelines.timeline import Answers, ShotAnswer

SCHEMA = "shot-answers/1"
_KEPT = ("start", "stop", "answers")


@dataclass(frozen=True, slots=True)
class FilmAnswers:
    """What one bundle said of the shots of a film.

    Attributes:
        bundle: its name, that of its folder; `id` the digest of all that it is.
        shots: (start, stop) -> answers.
    """

    bundle: str
    id: str
    shots: Mapping[tuple[int, int], Answers]


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
        self._folder = project.cache_folder / "shot-answers"
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
        shots = [{key: shot[key] for key in _KEPT} for shot in found.to_table()["shots"]]
        table = {"schema": SCHEMA, "source": found.source, "bundle": name, "id": predictor.bundle.id, "shots": shots}
        write_json(self._folder / found.source / f"{predictor.bundle.id[:16]}.json", table)

    def of(self, digest: str) -> list[FilmAnswers]:
        """Return what is kept of a film, the oldest first; what cannot be read is passed over."""
        folder = self._folder / digest
        if not folder.is_dir():
            return []
        paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        return [found for path in paths if (found := _read(path, digest)) is not None]

    def _predictor(self, name: str, threads: int) -> ShotPredictor:
        with self._lock:
            if self._open is None or self._open[0] != name:
                try:
                    bundle = open_shot_bundle(find_shot_bundles(self._project)[name])
                except BundleError as error:  # where the project is, is nobody's business
                    raise BundleError(str(error).replace(f"{self._project.bundles_folder}{os.sep}", "")) from error
                self._open = name, ShotPredictor(bundle, threads=threads)
            return self._open[1]


def answers_for(shots: Sequence[tuple[int, int]], said: Sequence[FilmAnswers]) -> list[dict[str, dict[str, Any]]]:
    """Return for each shot task -> what is said of it and by which bundle; of several the latest.

    An answer is of the very frames that were asked about, so that shots that were found otherwise since have none.
    """
    found: list[dict[str, dict[str, Any]]] = []
    for shot in shots:
        of_shot: dict[str, dict[str, Any]] = {}
        for one in said:
            for task, answer in one.shots.get(shot, {}).items():
                of_shot[task] = answer_table(answer, by=one.bundle)
        found.append(of_shot)
    return found


def answer_table(answer: ShotAnswer, *, by: str) -> dict[str, Any]:
    """Return an answer as plain values."""
    return {"class": answer.class_name, "probability": answer.probability, "reason": answer.reason, "by": by}


def _read(path: Path, digest: str) -> FilmAnswers | None:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != SCHEMA or table["source"] != digest:
            return None
        shots = {
            (int(shot["start"]), int(shot["stop"])): {
                task: ShotAnswer(answer["class"], float(answer["probability"]), answer["reason"])
                for task, answer in shot["answers"].items()
            }
            for shot in table["shots"]
        }
        return FilmAnswers(table["bundle"], table["id"], shots)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
