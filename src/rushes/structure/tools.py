"""Tools: the models that wishes name, opened once for all films."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.bundles.bundle import is_of_shots, open_bundle
from rushes.bundles.shot_bundle import open_shot_bundle
from rushes.errors import UsageError, did_you_mean
from rushes.inference.predictor import Predictor
from rushes.inference.shot_predictor import ShotPredictor
from rushes.progress import Progress, silent
from rushes.structure.closeness import close_classes_of
from rushes.structure.wishes import SCAN, Wishes
from rushes.subjects.models import KNOWN, Does, KnownModel, find_model, model_at_hand, model_to_fetch
from rushes.subjects.names import Names, read_names

if TYPE_CHECKING:
    from rushes.subjects.detection import Detector
    from rushes.subjects.faces import FaceReader


@dataclass(frozen=True, slots=True, eq=False)
class Closeness:
    """What says which shots are medium close-ups.

    Attributes:
        task: the question that it answers.
        classes: which answers mean that.
        name: of the bundle.
    """

    predictor: Predictor | ShotPredictor
    task: str
    classes: tuple[str, ...]
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """The models that films are looked at with; None where nothing was wished for.

    Attributes:
        looks: the bundle that shots are compared by; None compares them by the scan.
        looks_name: `scan`, or the bundle's name.
    """

    looks: Predictor | None = None
    looks_name: str = SCAN
    closeness: Closeness | None = None
    faces: FaceReader | None = None
    detector: Detector | None = None


def open_tools(
    wishes: Wishes,
    *,
    bundles_folder: Path | None = None,
    models_folder: Path | None = None,
    faces_folder: Path | None = None,
    threads: int = 0,
    fetch: bool = True,
    progress: Progress = silent,
) -> Tools:
    """Open the models that are wished for.

    Args:
        bundles_folder: of a project, in which bundles are known by name.
        models_folder: of a project, where models of faces and objects may lie.
        faces_folder: of a project, where names are kept: where no embedder of faces is named, the one they are known by
            is taken, if it is at hand.
        threads: for computing; 0 takes one per core.
        fetch: whether a model that is not at hand may be downloaded.
        progress: told of bytes of models that are fetched.

    Raises:
        BundleError: a bundle cannot be opened.
        UsageError: a name is none, or a bundle does not answer what it is asked for.
        WeightsError: a model is not at hand and cannot be fetched.
        ProjectError: the names that are kept cannot be read.
    """
    looks = None if wishes.looks == SCAN else _open_looks(wishes.looks, bundles_folder, threads)
    closeness = _open_closeness(wishes, bundles_folder, threads, looks) if wishes.closeness else None
    faces = detector = None
    if wishes.faces:
        from rushes.subjects.faces import FaceReader

        embedder = wishes.face_embedder
        if not embedder and faces_folder is not None:
            embedder = embedder_of_names(read_names(faces_folder), models_folder)
        faces = FaceReader(
            find_model(wishes.face_detector, does="faces", folder=models_folder, fetch=fetch, progress=progress),
            find_model(embedder, does="face embedding", folder=models_folder, fetch=fetch, progress=progress),
            threads=threads,
        )
    if wishes.detector:
        from rushes.subjects.detectors import open_detector

        detector = open_detector(
            wishes.detector,
            folder=models_folder,
            threads=threads,
            words=wishes.words,
            fetch=fetch,
            progress=progress,
        )
    name = SCAN if looks is None else looks.bundle.name
    return Tools(looks, name, closeness, faces, detector)


def models_to_fetch(wishes: Wishes, models_folder: Path | None) -> list[KnownModel]:
    """Return the models that `open_tools` would fetch.

    Raises:
        WeightsError: a model is not at hand and cannot be fetched, or a name is none.
    """
    wanted: list[tuple[str, Does]] = []
    if wishes.faces:
        wanted += [(wishes.face_detector, "faces"), (wishes.face_embedder, "face embedding")]
    if wishes.detector:
        wanted.append((wishes.detector, "objects"))
    found = [model_to_fetch(named, does=does, folder=models_folder) for named, does in wanted]
    return [model for model in found if model is not None]


def embedder_of_names(names: Names, folder: Path | None, *, known: Mapping[str, KnownModel] = KNOWN) -> str:
    """Return the name of the known embedder by whose vectors most people are known; "" where none is at hand.

    Args:
        folder: the project's folder of models.
    """
    for embedder in names.embedders:
        name, _, digest = embedder.rpartition("-")
        model = known.get(name)
        if model is not None and model.sha256.startswith(digest) and model_at_hand(model, folder) is not None:
            return name
    return ""


def _open_looks(named: str, bundles_folder: Path | None, threads: int) -> Predictor:
    folder = _bundle_folder(named, bundles_folder, option="--looks")
    if is_of_shots(folder):
        raise UsageError(f"--looks {named}: it answers about shots. Name a bundle of pictures, whose body sees frames, "
                         f"or '{SCAN}'")  # fmt: skip
    return Predictor(open_bundle(folder), threads=threads)


def _open_closeness(wishes: Wishes, bundles_folder: Path | None, threads: int, looks: Predictor | None) -> Closeness:
    folder = _bundle_folder(wishes.closeness, bundles_folder, option="--closeness")
    if is_of_shots(folder):
        of_shots = ShotPredictor(open_shot_bundle(folder), threads=threads)
        task, classes = _closest_task(of_shots.bundle.tasks, wishes)
        return Closeness(of_shots, task, classes, of_shots.bundle.name)
    bundle = open_bundle(folder)
    predictor = looks if looks is not None and looks.bundle.id == bundle.id else Predictor(bundle, threads=threads)
    classes = close_classes_of(bundle.task, bundle.classes, wishes.close_classes)
    return Closeness(predictor, bundle.task, classes, bundle.name)


def _closest_task(tasks: Mapping[str, tuple[str, ...]], wishes: Wishes) -> tuple[str, tuple[str, ...]]:
    """Return the task of a bundle of shots that tells medium close-ups: the first that has such classes."""
    for task, classes in tasks.items():
        try:
            return task, close_classes_of(task, classes, wishes.close_classes)
        except UsageError:
            continue
    listed = "; ".join(f"{task}: {', '.join(classes)}" for task, classes in tasks.items())
    raise UsageError(f"--closeness {wishes.closeness}: no task of it tells a medium close-up ({listed}). Name the "
                     "classes that do with --close-class")  # fmt: skip


def _bundle_folder(named: str, bundles_folder: Path | None, *, option: str) -> Path:
    """Return the folder of a bundle that is named by its path, or by its name in a project."""
    path = Path(named).expanduser()
    if path.exists():
        return path
    known: list[str] = []
    if bundles_folder is not None and bundles_folder.is_dir():
        if (bundles_folder / named).is_dir():
            return bundles_folder / named
        known = sorted(folder.name for folder in bundles_folder.iterdir() if folder.is_dir())
    hint = did_you_mean(named, known) if known else "Make one with 'rushes export RUN'"
    raise UsageError(f"{option} {named}: there is no such bundle. {hint}")
