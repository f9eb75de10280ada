"""The training samples of a run, placed by what its network sees in them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.datasets.split import read_split, rows_of_parts
from rushes.errors import ManifestError, RunError, SplitError
from rushes.labels.manifest import ManifestRow, read_manifest
from rushes.learning.features import compute_features, describe_features, read_features
from rushes.learning.known_samples import LIMIT, KnownSample, KnownSamples, know_samples, spread_over
from rushes.learning.runs import MODEL_FILE, Run
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.models.network import Network

_BATCH_SIZE = 4  # as the features of a frozen backbone are computed on a processor


def read_known_samples(
    run: Run,
    network: Network,
    *,
    project_root: Path,
    cache_folder: Path,
    limit: int = LIMIT,
    threads: int = 1,
    progress: Progress = silent,
) -> KnownSamples:
    """Return the samples that a run was trained on, at most `limit` of them, spread over its classes and groups.

    What a frozen backbone saw in them in training is not computed again; the rest is kept in the cache. They are
    standardised by all training samples whose features the cache holds: of a frozen backbone usually all.

    Args:
        network: of the run, on the CPU.
        cache_folder: of the project.

    Raises:
        RunError: its manifest or split is gone or another one, or no picture of it can be read.
    """
    rows = train_rows(run, project_root)
    kept = [rows[at] for at in spread_over([row.class_name for row in rows], [row.group for row in rows], limit)]
    about, cache = _about(run), cache_folder / "features"
    found = compute_features(
        kept,
        extract=partial(see_features, network),
        about=about,
        cache_folder=cache,
        project_root=project_root,
        preprocessing=run.preprocessing,
        batch_size=_BATCH_SIZE,
        threads=threads,
        progress=progress,
    )
    if not found.rows:
        raise RunError(f"none of the {len(kept)} training pictures can be read ({found.lost[0] if found.lost else ''})")
    samples = [KnownSample(row.name or row.img_ref, row.class_name, row.group, row.timecode, row.img_ref, row.sha256)
               for row in found.rows]  # fmt: skip
    at_hand = read_features(rows, about=about, cache_folder=cache) if len(rows) > len(kept) else found.values
    return know_samples(samples, found.values, of=at_hand if len(at_hand) >= len(found.values) else None)


def train_rows(run: Run, project_root: Path) -> tuple[ManifestRow, ...]:
    """Return the rows of train, as the run's manifest and split have them."""
    if not run.split.get("path"):
        raise RunError("the run's split stands in no file")
    manifest, split = (project_root / str(table["path"]) for table in (run.manifest, run.split))
    try:
        if digest_of_file(manifest) != run.manifest.get("sha256"):
            raise RunError(f"{manifest} is another one than the run was trained on")
        rows = rows_of_parts(read_manifest(manifest), read_split(split))["train"]
    except (OSError, ManifestError, SplitError) as error:
        raise RunError(f"the run's manifest or split cannot be read ({error})") from error
    known = tuple(row for row in rows if row.class_name in run.classes)
    if not known:
        raise RunError(f"{manifest} has no training sample of the run's classes")
    return known


def _about(run: Run) -> dict[str, Any]:
    """Return what decides the features: a frozen backbone's weights, or all that the run learnt."""
    from rushes.models.backbones import Backbone

    if run.recipe["model"]["kind"] == "features" and run.weights.get("sha256"):
        backbone = Backbone.from_table(dict(run.architecture))
        return describe_features(backbone, weights_digest=run.weights["sha256"], preprocessing=run.preprocessing)
    return {
        "schema": "features/1",
        "run": digest_of_file(run.folder / MODEL_FILE),
        "preprocessing": run.preprocessing.to_table(),
    }


def see_features(network: Network, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return what the head of a network on the CPU is given for prepared pictures, (pictures, features)."""
    import torch

    with torch.inference_mode():
        return np.asarray(network.features(torch.from_numpy(pixels)).float().numpy(), np.float32)
