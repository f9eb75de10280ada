"""Served: the bundles that a server answers with, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.bundles.bundle import Bundle, is_of_shots, open_bundle
from rushes.bundles.shot_bundle import ShotBundle, open_shot_bundle
from rushes.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True)
class Served:
    """One bundle that is served.

    Attributes:
        name: by which a request asks for it: that of its folder.
        folder: absolute.
    """

    name: str
    folder: Path
    bundle: Bundle | ShotBundle

    @property
    def is_of_shots(self) -> bool:
        """Whether it answers about the shots of films, and not about pictures."""
        return isinstance(self.bundle, ShotBundle)

    @property
    def identity(self) -> dict[str, str]:
        """What every answer says of the model that gave it."""
        return {"name": self.name, "id": self.bundle.id}

    def to_table(self) -> dict[str, Any]:
        """Return what a caller may want to know of the bundle, ready for JSON."""
        bundle = self.bundle
        table: dict[str, Any] = {
            "name": self.name,
            "id": bundle.id,
            "kind": "shots" if self.is_of_shots else "pictures",
        }
        if isinstance(bundle, ShotBundle):
            first = next(iter(bundle.tasks))
            return table | {
                "task": first,
                "classes": list(bundle.tasks[first]),
                "tasks": {task: list(classes) for task, classes in bundle.tasks.items()},
                "thresholds": None,
                "calibration": bundle.calibrations[first].kind,
                "size": [bundle.reading.preprocessing.width, bundle.reading.preprocessing.height],
            }
        return table | {
            "task": bundle.task,
            "classes": list(bundle.classes),
            "thresholds": None if bundle.thresholds is None else dict(bundle.thresholds),
            "calibration": bundle.calibration.kind,
            "size": [bundle.preprocessing.width, bundle.preprocessing.height],
        }


def open_served(folders: Sequence[Path]) -> dict[str, Served]:
    """Return the bundles in folders by name, in their order; the first is asked where a request names none.

    Raises:
        BundleError: a folder holds none, or one that was altered.
        UsageError: there is none, or two are of one name.
    """
    found: dict[str, Served] = {}
    for folder in folders:
        bundle = open_shot_bundle(folder) if is_of_shots(folder) else open_bundle(folder)
        name = folder.resolve().name
        if name in found:
            raise UsageError(f"{folder}: another bundle is called '{name}' too ({found[name].folder}). "
                             "Rename a folder: requests name bundles by it")  # fmt: skip
        found[name] = Served(name, folder.resolve(), bundle)
    if not found:
        raise UsageError("name at least one bundle: rushes serve BUNDLE")
    return found


def find_served(served: Mapping[str, Served], name: str | None) -> Served | str:
    """Return the bundle of a name, the first where none is named; or, as a sentence, that there is none."""
    if name is None:
        return next(iter(served.values()))
    return served.get(name) or f"no bundle is called '{name[:80]}'. {did_you_mean(name[:80], list(served))}"
