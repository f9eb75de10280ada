"""Which files films are written to, planned and tried before the work begins."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rushes.errors import UsageError
from rushes.footage.sources import source_name
from rushes.storage.places import Place


@dataclass(frozen=True, slots=True)
class Written:
    """What is written of films: a word for it in the plural (`shots`), and the extensions that choose its formats."""

    what: str
    extensions: tuple[str, ...]


def plan_written(films: Sequence[Place], patterns: Sequence[str], what: Written) -> list[tuple[Path, ...]]:
    """Return for each film the files that it is written to, in the order of the patterns.

    Args:
        patterns: as a user names files; `{name}` stands for the name of the film.

    Raises:
        UsageError: an extension that is no format, a brace other than those of `{name}`, one file twice or for two
            films, or a film itself.
    """
    for pattern in patterns:
        _check_pattern(pattern, what)
    planned = [tuple(Path(pattern.replace("{name}", source_name(film))) for pattern in patterns) for film in films]
    # Links are not followed.
    of_films = {Path(os.path.abspath(film)) for film in films if isinstance(film, Path)}  # noqa: PTH100
    owners: dict[Path, int] = {}
    for number, (film, paths) in enumerate(zip(films, planned, strict=True)):
        for pattern, path in zip(patterns, paths, strict=True):
            place = Path(os.path.abspath(path))  # noqa: PTH100
            if place in of_films:
                raise UsageError(f"--write {pattern}: {path} is the film itself. Give the file another name")
            if owners.get(place) == number:
                raise UsageError(f"--write {pattern}: {path} is named twice. Give it once")
            if place in owners:
                raise UsageError(f"--write {pattern}: {path} would be written over for {film}. {_remedy(pattern)}")
            owners[place] = number
    return planned


def _check_pattern(pattern: str, what: Written) -> None:
    suffix = Path(pattern).suffix
    if not suffix:
        raise UsageError(
            f"--write {pattern}: the extension chooses the format, and there is none. "
            f"Write for example {pattern.rstrip('/.') or what.what}.csv; allowed: {', '.join(what.extensions)}"
        )
    if suffix.lower() not in what.extensions:
        raise UsageError(
            f"--write {pattern}: it ends in '{suffix}', which is no format of {what.what}. "
            f"Allowed: {', '.join(what.extensions)}. Films stand before --write"
        )
    strange = re.search(r"\{[^{}]*\}?|\}", pattern.replace("{name}", ""))
    if strange is not None:
        raise UsageError(
            f"--write {pattern}: '{strange[0]}' stands for nothing. Allowed: {{name}}, which is the film's name"
        )


def check_places(paths: Iterable[Path]) -> None:
    """Find out that files can be written where they are wanted, leaving nothing behind.

    Raises:
        UsageError: a folder has a file's name, a file stands where a folder should, or the system refuses.
    """
    for path in paths:
        try:
            if path.is_dir():
                raise UsageError(f"--write {path}: a folder has this name. Give a file, for example {path / path.name}")
            around = next((above for above in path.parents if above.exists()), None)
            if around is not None and not around.is_dir():
                raise UsageError(f"--write {path}: {around} is a file, not a folder. Give another place")
            _try_to_write(path)
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"--write {path}: cannot be written ({reason}). Name a place that can") from error


def _try_to_write(path: Path) -> None:
    made = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            path.lstat()  # a name that is too long is refused here
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    finally:
        for folder in made:
            if folder.is_dir():
                folder.rmdir()


def _remedy(pattern: str) -> str:
    if "{name}" in pattern:
        return "Films of one name need two calls, or other names"
    return f"Put {{name}} into it, for example: --write '{{name}}{Path(pattern).suffix}'"
