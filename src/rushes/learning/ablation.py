"""What a model answers without parts of what its head is given: without the measures, with these alone, without each.

It is computed while the head is fitted, and kept in the run, so that what the measures are worth can be judged on a
machine without torch, without the pictures, and as often as one likes.
"""

from __future__ import annotations

import json
import zipfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import RunError
from rushes.footage.photo_measures import MEASURES, VECTOR_NAMES
from rushes.labels.manifest import Part
from rushes.learning.predictions import Predictions, read_predictions, write_predictions
from rushes.learning.runs import Run
from rushes.storage.files import whole_file, write_json

ABLATION_FOLDER = "ablation"
_SCHEMA = "ablation/1"
_TABLE_FILE = "ablation.json"
_PERMUTED_FILE = "permuted.npz"
_MOST_DRAWS = 5
_MOST_NUMBERS = 8_000_000  # answers to permuted measures that a run keeps: 32 MB

Values = npt.NDArray[np.float32]
Answer = Callable[[Values], Values]


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """A head of the same kind that is given a part of what the run's head is.

    Attributes:
        name: what it is given: `backbone` (its features alone) or `measures` (these alone).
        setting: what was chosen for it on validation.
        answers: part -> (samples, classes) probabilities.
    """

    name: str
    setting: Mapping[str, Any]
    answers: Mapping[Part, Values]


@dataclass(frozen=True, slots=True, eq=False)
class Ablation:
    """What heads answer without parts of what the run's head is given.

    Attributes:
        permuted: (measures, draws, test samples, classes): what the run's own head answers where a measure is dealt out
            anew among the samples of each group.
    """

    variants: tuple[Variant, ...]
    permuted: Values


@dataclass(frozen=True, slots=True, eq=False)
class KeptAblation:
    """An ablation as a run keeps it.

    Attributes:
        settings: name of a variant -> what was chosen for it.
        answers: name of a variant -> part -> its predictions, on the samples of the run's own.
        measures: (measures,) names of what was dealt out anew.
        permuted: as in `Ablation`.
    """

    settings: Mapping[str, Mapping[str, Any]]
    answers: Mapping[str, Mapping[str, Predictions]]
    measures: tuple[str, ...]
    permuted: Values


def permute_measures(
    values: Values, groups: Sequence[str], *, answer: Answer, class_count: int, seed: int
) -> Values:  # fmt: skip
    """Return what a head answers where one measure at a time is dealt out anew among the samples of each group.

    Within a group, since shoots differ in light and lens: dealt out over all, a measure would seem to be worth what it
    tells of the shoot. Whether a measure is known goes along with it.

    Args:
        values: (samples, features and measures), of test.
        groups: (samples,).
        answer: (samples, features and measures) -> (samples, classes) probabilities.

    Returns:
        (measures, draws, samples, classes); the draws are fewer where the samples are many.
    """
    count = len(values)
    draws = int(np.clip(_MOST_NUMBERS // max(1, len(MEASURES) * count * class_count), 1, _MOST_DRAWS))
    found = np.zeros((len(MEASURES), draws, count, class_count), np.float32)
    if not count:
        return found
    members: dict[str, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    random = np.random.default_rng(seed)
    first = values.shape[1] - len(VECTOR_NAMES)
    for place, name in enumerate(MEASURES):
        columns = [first + at for at, one in enumerate(VECTOR_NAMES) if one in (name, f"{name} is known")]
        for draw in range(draws):
            order = np.arange(count)
            for rows in members.values():
                order[rows] = random.permutation(rows)
            dealt = values.copy()
            dealt[:, columns] = values[np.ix_(order, columns)]
            found[place, draw] = answer(dealt)
    return found


def write_ablation(ablation: Ablation, run_folder: Path, answered: Mapping[Part, Predictions]) -> None:
    """Write an ablation into the folder of a run.

    Args:
        answered: what the run's own head answers, for the samples.
    """
    folder = run_folder / ABLATION_FOLDER
    folder.mkdir()
    for variant in ablation.variants:
        for part, probabilities in variant.answers.items():
            of_variant = replace(answered[part], probabilities=probabilities)
            write_predictions(of_variant, folder / variant.name / f"{part}.parquet")
    settings = {variant.name: dict(variant.setting) for variant in ablation.variants}
    write_json(folder / _TABLE_FILE, {"schema": _SCHEMA, "chosen": settings, "measures": list(MEASURES)})
    with whole_file(folder / _PERMUTED_FILE) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, permuted=ablation.permuted)


def read_ablation(run: Run) -> KeptAblation | None:
    """Return the ablation that a run keeps; None of a run without measures.

    Raises:
        RunError: it cannot be read.
    """
    import polars

    folder = run.folder / ABLATION_FOLDER
    if not run.measures or not folder.is_dir():
        return None
    try:
        table = json.loads((folder / _TABLE_FILE).read_text(encoding="utf-8"))
        if table["schema"] != _SCHEMA:
            raise ValueError(f"its schema is {table['schema']!r}, this rushes reads '{_SCHEMA}'")
        answers = {
            name: {file.stem: read_predictions(file) for file in sorted((folder / name).glob("*.parquet"))}
            for name in table["chosen"]
        }
        with np.load(folder / _PERMUTED_FILE, allow_pickle=False) as part:
            permuted = part["permuted"]
        return KeptAblation(table["chosen"], answers, tuple(table["measures"]), permuted)
    except (
        KeyError,
        TypeError,
        ValueError,
        OSError,
        EOFError,
        zipfile.BadZipFile,
        polars.exceptions.PolarsError,
    ) as error:
        raise RunError(f"{folder} cannot be read as what the measures are worth ({error!r}). Train the run "
                       "again") from error  # fmt: skip
