"""The structure of a film: set-ups, scenes and dialogues from what is known of its shots."""

from __future__ import annotations

from rushes.structure.dialogues import find_dialogues
from rushes.structure.evidence import Evidence
from rushes.structure.parts import Structure
from rushes.structure.scenes import find_scenes
from rushes.structure.setups import find_setups
from rushes.structure.similarity import compare_shots


def find_structure(evidence: Evidence) -> Structure:
    """Return which shots of a film belong together: the whole film in one go, without chance and without a model.

    The same evidence gives the same structure. Shots of which nothing is known (no picture) are set-ups of their own.
    """
    likeness = compare_shots(evidence)
    setups = find_setups(evidence, likeness)
    scenes, boundaries = find_scenes(evidence, likeness, setups)
    dialogues, refused = find_dialogues(evidence, likeness, setups, scenes)
    return Structure(tuple(setups.tolist()), scenes, tuple(boundaries.tolist()), dialogues, refused)
