"""The measures of labelled pictures, as a head takes them behind the backbone's features."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rushes.datasets.measured_input import FACES_FILE, MeasuredInput, Measurer
from rushes.datasets.photo_measures import read_photo_measures
from rushes.datasets.stored_form import find_stored_form
from rushes.errors import MediaError, ProjectError, RunError, WeightsError
from rushes.footage.photo_measures import vector_of
from rushes.footage.subject import Faces
from rushes.labels.manifest import ManifestRow
from rushes.learning.features import Features
from rushes.learning.recipe import InputRecipe, Recipe
from rushes.learning.runs import Run
from rushes.learning.samples import UnusableSample
from rushes.progress import Progress, silent
from rushes.project import IngestDefaults, read_project
from rushes.scale.engine import Engine
from rushes.storage.files import digest_of_file


def plan_measured(shown: InputRecipe, project_root: Path) -> MeasuredInput | None:
    """Return which measures a recipe asks for; None where it asks for none.

    Raises:
        WeightsError: the face detector that it names is missing, or none.
    """
    if not shown.features:
        return None
    file = find_faces(shown, project_root)
    return MeasuredInput(faces=digest_of_file(file) if file is not None else "")


def find_faces(shown: InputRecipe, project_root: Path) -> Path | None:
    """Return the face detector that a recipe names; None where it names none.

    Raises:
        WeightsError: it is missing, or none.
    """
    if not shown.faces:
        return None
    file = project_root / Path(shown.faces).expanduser()
    if not file.is_file():
        raise WeightsError(f"{file} is missing; the recipe names it in input.faces as the detector of faces. Put it "
                           "there, or leave input.faces out")  # fmt: skip
    Faces(file)
    return file


def with_measures(
    features: Features,
    shown: InputRecipe,
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> Features:
    """Return features with the measures of each picture behind them, where a recipe asks for measures.

    Samples whose picture cannot be measured are lost.

    Args:
        cache_folder: of the project, where measures are kept.
        engine: that measures what is not kept; None measures in this process, by `threads`.

    Raises:
        WeightsError: as `plan_measured`.
        UnreachableError: a store does not answer; what it holds is not to be taken for lost.
    """
    if not shown.features or not features.rows:
        return features
    measured = read_photo_measures(
        features.rows,
        project_root=project_root,
        cache_folder=cache_folder,
        faces=find_faces(shown, project_root),
        threads=threads,
        engine=engine,
        progress=progress,
    )
    found = [measured[row.frame_id] for row in features.rows]
    there = [at for at, one in enumerate(found) if not isinstance(one, MediaError)]
    vectors = [vector_of(one) for one in found if not isinstance(one, MediaError)]
    lost = [
        UnusableSample(row, one.reason)
        for row, one in zip(features.rows, found, strict=True)
        if isinstance(one, MediaError)
    ]
    if not vectors:
        return replace(features, rows=(), values=np.empty((0, 0), np.float32), lost=(*features.lost, *lost))
    return replace(
        features,
        rows=tuple(features.rows[at] for at in there),
        values=np.concatenate([features.values[there], np.stack(vectors)], axis=1),
        lost=(*features.lost, *lost),
    )


def keep_measured(recipe: Recipe, folder: Path, *, rows: Sequence[ManifestRow], project_root: Path) -> dict[str, Any]:
    """Put the face detector of a recipe into the folder of its run, and return which measures the run takes.

    Args:
        rows: of the manifest; how their pictures are stored is stated, so that others can be measured alike.

    Returns:
        what `run.json` says under `measures`; {} where the recipe asks for none.
    """
    measured = plan_measured(recipe.input, project_root)
    if measured is None:
        return {}
    file = find_faces(recipe.input, project_root)
    if file is not None:
        (folder / FACES_FILE).parent.mkdir(exist_ok=True)
        shutil.copyfile(file, folder / FACES_FILE)
    stored = find_stored_form(rows, project_root=project_root, webp_quality=_webp_quality(project_root))
    return replace(measured, stored=stored).to_table()


def _webp_quality(project_root: Path) -> int:
    try:
        return read_project(project_root).ingest.quality
    except ProjectError:  # a training needs no project around its pictures
        return IngestDefaults().quality


def measured_input_of(run: Run) -> MeasuredInput | None:
    """Return which measures a run takes; None where it takes none.

    Raises:
        RunError: this rushes measures otherwise, or its face detector is another one.
    """
    table: Mapping[str, Any] = run.measures
    if not table:
        return None
    try:
        measured = MeasuredInput.from_table(table)
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{run.folder}: which measures it takes cannot be understood ({error!r}). Train it again with "
                       "'rushes train'") from error  # fmt: skip
    if why := measured.why_not_now():
        raise RunError(f"{run.folder} cannot be gone on with: {why}. Train it again with 'rushes train'")
    file = run.folder / FACES_FILE
    if measured.faces and (not file.is_file() or digest_of_file(file) != measured.faces):
        raise RunError(f"{file} is missing or another one than the run was trained with. Copy the whole run again")
    return measured


def measurer_of(run: Run) -> Measurer | None:
    """Return what measures pictures for a run; None where it takes no measures.

    Raises:
        RunError: as `measured_input_of`.
        WeightsError: its face detector cannot be read.
    """
    measured = measured_input_of(run)
    return Measurer(measured, run.folder) if measured is not None else None
