"""What trainings on shots share: the labelled shots, how they are split, and where things stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from rushes.datasets.split import Split
from rushes.labels.shot_manifest import ShotRow
from rushes.project import Task


@dataclass(frozen=True, slots=True)
class ShotGround:
    """What a training on shots starts from.

    Attributes:
        tasks: those that the recipe's heads answer, in their order.
        manifest: the file that holds `rows`.
        rows: all labelled shots that can be used.
        split_path: the file that holds `split`; None where it stands in none.
        scans_folder: of the project's scans.
        unusable: labelled shots that cannot be used, each with its reason.
        notes: what a person should know of the labels before trusting scores on them.
        test_name: of a published test part that this one is; "" of any other.
    """

    tasks: tuple[Task, ...]
    manifest: Path
    rows: tuple[ShotRow, ...]
    split: Split
    split_path: Path | None
    project_root: Path
    runs_folder: Path
    cache_folder: Path
    scans_folder: Path
    threads: int | None = None
    unusable: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    test_name: str = ""
