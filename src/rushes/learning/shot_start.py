"""The network that a training on shots goes on from: of an earlier run on shots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import ManifestError, RunError, SplitError, WeightsError, did_you_mean
from rushes.learning.recipe import Recipe
from rushes.learning.runs import MODEL_FILE, is_of_shots, list_runs
from rushes.learning.shot_runs import read_shot_run
from rushes.models.clip_design import ShotDesign
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    from rushes.models.clip import ShotNetwork


@dataclass(frozen=True, slots=True)
class ShotStart:
    """A network trained on shots, on disk; the fields are those of `rushes.learning.start.Start`."""

    folder: Path
    design: ShotDesign
    preprocessing: Preprocessing
    file: Path
    sha256: str


def shot_start_of(recipe: Recipe, *, project_root: Path, runs_folder: Path) -> ShotStart | None:
    """Return what a recipe of shots goes on from; None where it begins anew.

    Raises:
        RunError: `model.start` names no run on shots.
        WeightsError: its weights are gone.
    """
    named = recipe.model.start
    if not named:
        return None
    for folder in (runs_folder / named, project_root / Path(named).expanduser()):
        if is_of_shots(folder):
            run = read_shot_run(folder)
            file = folder / MODEL_FILE
            if not file.is_file():
                raise WeightsError(f"model.start: {folder} holds no {MODEL_FILE}. Copy the whole folder again")
            return ShotStart(folder, ShotDesign.from_table(run.architecture), run.preprocessing, file,
                             digest_of_file(file))  # fmt: skip
    known = sorted({run.folder.parent.name for run in list_runs(runs_folder) if is_of_shots(run.folder.parent)})
    raise RunError(f"model.start is '{named}', but there is no run on shots of that name, neither in {runs_folder} nor "
                   f"in {project_root}. {did_you_mean(named, known[::-1])}")  # fmt: skip


def groups_taught(start: ShotStart, *, project_root: Path) -> frozenset[str] | None:
    """Return the groups that a start saw in train or validation; None where its split or manifest is not there."""
    from rushes.datasets.split import read_split
    from rushes.labels.shot_manifest import read_shots

    run = read_shot_run(start.folder)
    try:
        split = read_split(project_root / str(run.split.get("path")))
        rows = read_shots(project_root / str(run.manifest.get("path")))
    except (SplitError, ManifestError, OSError):
        return None
    return frozenset(row.group for row in rows if split.part_of(row.id, row.group) in ("train", "validation"))


def go_on_from(network: ShotNetwork, start: ShotStart, preprocessing: Preprocessing) -> list[str]:
    """Put a start's body into a network, and those of its heads that answer the same in the same way.

    Returns:
        the tasks whose heads were taken over.

    Raises:
        WeightsError: it has another body, was shown its frames otherwise, or cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from rushes.models.clip import assign_poolings

    design = network.design
    if design.backbone is not None and start.design.backbone != design.backbone:
        named = start.design.backbone.name if start.design.backbone is not None else "no backbone"
        raise WeightsError(
            f"model.start: {start.folder} holds {named}, but the recipe asks for {design.backbone.name}. Set [model] "
            "as it was there, or leave model.start empty"
        )
    if design.backbone is not None and start.preprocessing != preprocessing:
        raise WeightsError(f"model.start: {start.folder} was shown its frames otherwise. Set [input] as it was there, "
                           "or leave model.start empty")  # fmt: skip
    try:
        there = load_file(start.file)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"model.start: {start.file} cannot be read as weights ({error}). Copy the whole folder "
                           "again") from error  # fmt: skip
    here = network.state_dict()
    taken, kept = [], {name: value for name, value in there.items() if name.startswith("body.")}
    for number, head in enumerate(design.heads):
        other = next((one for one in start.design.heads if one.task == head.task), None)
        if other is None or other.classes != head.classes or head.see == "motion" or other.views != head.views:
            continue
        at = start.design.tasks.index(head.task)
        # Of a head: its temporal layer, which it may share, and what stands behind that.
        names = {f"heads.{number}.out.": f"heads.{at}.out."}
        if number in (layers := assign_poolings(design)) and at in (others := assign_poolings(start.design)):
            for kind in ("poolings", "scales"):
                names[f"{kind}.{layers[number]}."] = f"{kind}.{others[at]}."
        wanted = {name: old + name.removeprefix(new) for new, old in names.items() for name in here
                  if name.startswith(new)}  # fmt: skip
        if all(old in there and there[old].shape == here[name].shape for name, old in wanted.items()):
            kept |= {name: there[old] for name, old in wanted.items()}
            taken.append(head.task)
    try:
        network.load_state_dict(here | kept)
    except RuntimeError as error:
        raise WeightsError(f"model.start: {start.file} does not hold the weights of this backbone. Was the folder "
                           "copied whole?") from error  # fmt: skip
    return taken
