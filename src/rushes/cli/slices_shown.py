"""Slices on the command line: the attributes of the samples, and the tables of what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.cli.door import Door, plural, table_of

if TYPE_CHECKING:
    from rushes.catalog.catalog import Catalog
    from rushes.datasets.attributes import Attributes, JudgedFrame
    from rushes.progress import Progress
    from rushes.project import Project

_SLICES_SHOWN = 10
_COLUMNS = ("samples", "groups", "than expected", "", "accuracy", "expected accuracy", "macro-F1", "without a look")


def attributes_of_run(
    place: Project, folder: Path, *, catalog: Catalog, by: Sequence[str], sheet: Path | None, progress: Progress
) -> Attributes:
    """Return what is known of the samples of a run's test part, row by row."""
    from rushes.datasets.attributes import JudgedFrame
    from rushes.evaluation.evaluate import read_part
    from rushes.learning.runs import read_run

    test = read_part(read_run(folder), "test")
    columns = (test.frames, test.names, test.images, test.groups, test.origins)
    frames = [JudgedFrame(*one) for one in zip(*columns, strict=True)]
    return attributes_of_frames(place, frames, catalog=catalog, by=by, sheet=sheet, progress=progress)


def attributes_of_frames(
    place: Project,
    frames: Sequence[JudgedFrame],
    *,
    catalog: Catalog,
    by: Sequence[str],
    sheet: Path | None,
    progress: Progress,
) -> Attributes:
    """Return what is known of frames, row by row.

    Raises:
        UsageError, SheetError: as `read_attributes`.
    """
    from rushes.datasets.attributes import read_attributes

    return read_attributes(
        frames,
        catalog=catalog,
        project_root=place.root,
        cache_folder=place.cache_folder,
        asked=by,
        sheet=sheet,
        progress=progress,
    )


def show_slices(
    door: Door, slices: Mapping[str, Sequence[Mapping[str, Any]]], *, asked: bool, notes: Sequence[str] = ()
) -> None:
    """Print a table for each column, those with slices that are worse first, and in each these first.

    Args:
        asked: whether the columns were asked for; otherwise subjects and what holds a worse slice are shown, and the
            other columns are named.
        notes: what is to be known of the samples' attributes, printed before.
    """
    for note in notes:
        door.say(note)
    is_worse = {name: any(one["worse"] for one in found) for name, found in slices.items()}
    order = sorted(slices, key=lambda name: not is_worse[name])
    shown = [name for name in order if asked or is_worse[name] or name == "subjects"]
    for name in shown:
        found = sorted(slices[name], key=_rank)
        rows = [_row(one) for one in found[:_SLICES_SHOWN]]
        door.show(table_of(None, [name, *_COLUMNS], rows))
        if len(found) > _SLICES_SHOWN:
            door.say(f"… and {len(found) - _SLICES_SHOWN} more; metrics.json holds them all")
    others = [name for name in order if name not in shown]
    if others:
        door.say(_none_is_worse(others, [one for name in others for one in slices[name]]))


def _none_is_worse(columns: Sequence[str], slices: Sequence[Mapping[str, Any]]) -> str:
    """Return that no slice of columns is worse, as far as that could be tested."""
    from rushes.evaluation.interval import FEW_GROUPS

    by, tested = ", ".join(columns), sum("untested" not in one for one in slices)
    takes = f"that takes {FEW_GROUPS} groups in the slice and {FEW_GROUPS} in the rest"
    if not tested:
        said = f"By {by}, none of {plural(len(slices), 'slice')} could be tested ({takes})"
    elif tested < len(slices):
        said = (
            f"Of {plural(len(slices), 'slice')} by {by}, {tested:,} could be tested ({takes}); none is significantly "
            "worse"
        )
    else:
        said = f"No slice is significantly worse by {by}"
    return f"{said}. The report shows them."


def _rank(one: Mapping[str, Any]) -> tuple[bool, float]:
    adjusted = one["adjusted_difference"]["value"]
    return not one["worse"], 2.0 if adjusted is None else adjusted


def _row(one: Mapping[str, Any]) -> list[Any]:
    blind = max((baseline["f1_macro"] or 0.0 for baseline in one["baselines"].values()), default=0.0)
    return [
        one["slice"],
        one["samples"],
        one["groups"],
        _signed(one["adjusted_difference"]),
        "worse" if one["worse"] else "not tested" if "untested" in one else "",
        _rounded(one["accuracy"]["value"]),
        _rounded(one["expected_accuracy"]),
        _rounded(one["f1_macro"]["value"]),
        _rounded(blind),
    ]


def _signed(estimate: Mapping[str, Any]) -> str | None:
    """Return a difference with the ends of its interval, if it has one: `-0.12 (-0.20 to -0.03)`."""
    if estimate["value"] is None:
        return None
    value, low, high = (None if estimate[key] is None else f"{estimate[key]:+z.2f}" for key in ("value", "low", "high"))
    return value if low is None else f"{value} ({low} to {high})"


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"
