"""The network that a training goes on from: of an earlier run, or of a bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RecipeError, RunError, WeightsError, did_you_mean
from rushes.learning.architecture import plan_architecture
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.learning.runs import MODEL_FILE, RUN_FILE, list_runs, read_run
from rushes.models.backbones import Backbone
from rushes.models.designs import DESIGNS, Design, describe_design
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    import torch

    from rushes.models.network import Network

# A bundle's files, as `rushes.bundles.bundle` names them: learning comes before bundles and does not know that room.
_BUNDLE_FILE = "bundle.json"
_CONFIG_FILE = "config.json"
_CLASSES_FILE = "classes.json"
_PREPROCESSING_FILE = "preprocessing.json"

_BODY = "body."
_HEAD = "head."


@dataclass(frozen=True, slots=True)
class Start:
    """A trained network on disk.

    Attributes:
        folder: of the run or the bundle.
        architecture, preprocessing: the network, and what it was shown.
        classes: its answers, in the order of its outputs.
        file: the weights of the whole network.
        sha256: of that file.
    """

    folder: Path
    architecture: Design | Backbone
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    file: Path
    sha256: str


def start_of(recipe: Recipe, *, project_root: Path, runs_folder: Path) -> Start | None:
    """Return what a recipe goes on from, checked to be of its network; None where it begins anew.

    Raises:
        RunError, WeightsError: what `find_start` and `check_start` say.
    """
    if not recipe.model.start:
        return None
    start = find_start(recipe.model.start, project_root=project_root, runs_folder=runs_folder)
    check_start(start, *plan_architecture(recipe))
    return start


def find_start(named: str, *, project_root: Path, runs_folder: Path) -> Start:
    """Return the run or bundle that `model.start` names: a run's name, or a folder, from the project's on.

    Raises:
        RunError: there is none of that name, or the run cannot be read.
        WeightsError: its weights are gone or were altered, or the bundle cannot be understood.
    """
    for folder in (runs_folder / named, project_root / Path(named).expanduser()):
        if (folder / RUN_FILE).is_file():
            return _start_of_run(folder)
        if (folder / _BUNDLE_FILE).is_file():
            return _start_of_bundle(folder)
    known = [run.name for run in list_runs(runs_folder)]
    raise RunError(f"model.start is '{named}', but there is no run or bundle of that name, neither in {runs_folder} "
                   f"nor in {project_root}. {did_you_mean(named, known[::-1])}")  # fmt: skip


def check_start(start: Start, architecture: Design | Backbone, preprocessing: Preprocessing) -> None:
    """Raise WeightsError unless a recipe's network can go on from this one; how much it drops may differ."""
    if _undropped(start.architecture) != _undropped(architecture):
        raise WeightsError(f"model.start: {start.folder} holds {_named(start.architecture)}, but the recipe asks "
                           f"for {_named(architecture)}. Set [model] as it was there, or leave model.start "
                           "empty")  # fmt: skip
    shown = [
        f"{item.name} {getattr(start.preprocessing, item.name)} (the recipe: {getattr(preprocessing, item.name)})"
        for item in fields(Preprocessing)
        if getattr(start.preprocessing, item.name) != getattr(preprocessing, item.name)
    ]
    if shown:
        raise WeightsError(f"model.start: {start.folder} was shown its pictures otherwise: {', '.join(shown)}. Set "
                           "[input] as it was there, or leave model.start empty")  # fmt: skip


def load_body(network: Network, start: Start) -> None:
    """Put the start's body into a network, its head left as it is.

    Raises:
        WeightsError: the file cannot be read, or does not hold that body.
    """
    state = {name.removeprefix(_BODY): value for name, value in _read(start).items() if name.startswith(_BODY)}
    try:
        network.body.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"model.start: {start.file} does not hold the weights of {_named(start.architecture)}. Was "
                           "the folder copied whole?") from error  # fmt: skip


def copy_head(network: Network, start: Start, classes: tuple[str, ...]) -> bool:
    """Put the start's head into a network where it answers the same classes in the same order; return whether."""
    if start.classes != classes:
        return False
    state = {name.removeprefix(_HEAD): value for name, value in _read(start).items() if name.startswith(_HEAD)}
    wanted = network.head.state_dict()
    if {name: value.shape for name, value in state.items()} != {name: value.shape for name, value in wanted.items()}:
        return False
    network.head.load_state_dict(state)
    return True


def why_new_head(start: Start, classes: tuple[str, ...]) -> str:
    """Return a warning that says why a start's head was not taken over."""
    if start.classes == classes:
        why = "its head is of another kind"
    else:
        why = f"it answers {', '.join(start.classes)}, and the task asks for {', '.join(classes)}"
    return f"a new head was fitted on what {start.folder.name} sees: {why}"


def _start_of_run(folder: Path) -> Start:
    run = read_run(folder)
    table = run.architecture
    architecture = Design.from_table(table) if table["kind"] == "cnn" else Backbone.from_table(table)
    file = _weights_in(folder)
    return Start(folder, architecture, run.preprocessing, run.classes, file, digest_of_file(file))


def _start_of_bundle(folder: Path) -> Start:
    file = _weights_in(folder)
    digest = digest_of_file(file)
    try:
        sealed = _table(folder / _BUNDLE_FILE)["files"][MODEL_FILE]
        recipe = parse_recipe(_table(folder / _CONFIG_FILE)["recipe"], where=str(folder / _CONFIG_FILE))
        classes = tuple(_table(folder / _CLASSES_FILE)["classes"])
        shown = _table(folder / _PREPROCESSING_FILE)
        for key in ("working_size", "measures"):  # the head is fitted anew where measures are taken
            shown.pop(key, None)
        preprocessing = Preprocessing.from_table(shown)
        architecture, _ = plan_architecture(recipe)
    except (OSError, ValueError, KeyError, TypeError, RecipeError) as error:
        raise WeightsError(f"model.start: {folder} is no bundle that can be understood ({error}). Copy it again, or "
                           "name the run that it was made of") from error  # fmt: skip
    if digest != sealed:
        raise WeightsError(f"model.start: {file} was altered since the export. Copy the whole bundle again, or name "
                           "the run that it was made of")  # fmt: skip
    return Start(folder, architecture, preprocessing, classes, file, digest)


def _weights_in(folder: Path) -> Path:
    file = folder / MODEL_FILE
    if not file.is_file():
        raise WeightsError(f"model.start: {folder} holds no {MODEL_FILE}. Copy the whole folder again")
    return file


def _table(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _read(start: Start) -> Mapping[str, torch.Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        state: dict[str, torch.Tensor] = load_file(start.file)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"model.start: {start.file} cannot be read as weights ({error}). Copy the whole folder "
                           "again") from error  # fmt: skip
    return state


def _undropped(architecture: Design | Backbone) -> Design | Backbone:
    """Return an architecture without what leaves no trace in the weights: dropout, and which weights a name means."""
    if isinstance(architecture, Design):
        return replace(architecture, dropout=0.0)
    return Backbone(architecture.name.partition(".")[0], dict(architecture.arguments))


def _named(architecture: Design | Backbone) -> str:
    if isinstance(architecture, Backbone):
        arguments = f" with {dict(architecture.arguments)}" if architecture.arguments else ""
        return f"the backbone {architecture.name}{arguments}"
    names = (name for name, design in DESIGNS.items() if _layers_of(design) == _layers_of(architecture))
    normalised = ", batch norm" if architecture.batch_norm else ""
    name = next(names, None)
    return f"the design {name}" if name else f"a design of {describe_design(architecture)}{normalised}"


def _layers_of(design: Design) -> tuple[object, ...]:
    return design.form, design.units, design.kernels, design.dense, design.batch_norm
