"""What verbs on shots share: where scans are kept, and answers as cells of a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rushes.timelines.timeline import ShotAnswer


def scans_of(project: Path | None) -> Path | None:
    """Return the folder of scans of a project, or of the one around the working folder; None outside of any.

    Raises:
        ProjectError: the project that is named is none, or what a rushes.toml says is not allowed.
    """
    from rushes.project import find_project, project_around

    found = project_around() if project is None else find_project(project)
    return None if found is None else found.scans_folder


def cell_of(answer: ShotAnswer | None) -> str:
    """Return an answer as a cell, `push 93%`; of none, nothing."""
    return "" if answer is None else f"{answer.class_name} {answer.probability:.0%}"
