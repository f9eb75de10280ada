"""What culls gathered: the copies and links that they made of photographs, which are no further photographs."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from rushes.errors import CullError
from rushes.inference.cull_journal import JOURNAL_FILE, read_history


class Gathered:
    """The copies and links in force of culls, by where they were put."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._folders: dict[Path, str] = {}
        self._sources = {self._true(Path(path)): source for path, source in sources.items()}

    def __contains__(self, path: Path) -> bool:
        """Return whether a file stands where a cull put it; one that a person moved does not."""
        return bool(self._sources) and self._true(path) in self._sources

    def is_of(self, path: Path, folder: Path) -> bool:
        """Return whether a file is a cull's, of a photograph that is in the same folder, or below it."""
        source = self._sources.get(self._true(path), "") if self._sources else ""
        return (
            bool(source) and Path(self._true(Path(source))).is_relative_to(folder.resolve()) and os.path.lexists(source)
        )

    def _true(self, path: Path) -> str:
        """Return a path without links among its folders; what it names may be a link itself."""
        parent = path.parent
        if parent not in self._folders:
            self._folders[parent] = os.path.realpath(parent)
        return f"{self._folders[parent].rstrip(os.sep)}{os.sep}{path.name}"


def find_gathered(homes: Iterable[Path]) -> Gathered:
    """Return what the culls in folders of culls gathered; a journal that cannot be read is passed over."""
    sources: dict[str, str] = {}
    for journal in (path for home in dict.fromkeys(homes) for path in sorted(home.glob(f"*/{JOURNAL_FILE}"))):
        with suppress(CullError, OSError):
            standing = read_history(journal.parent).standing()
            sources |= {one.path: one.source for one in standing if one.kind in ("copy", "link")}
    return Gathered(sources)
