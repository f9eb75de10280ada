"""What the verbs that write files of films share: saying what would be written, and writing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rushes.cli.door import Door
from rushes.errors import MediaError

if TYPE_CHECKING:
    from rushes.storage.places import Place
    from rushes.storage.reading import Fetched


def say_plan(
    door: Door,
    films: Sequence[Place],
    planned: Sequence[Sequence[Path]],
    would: Callable[[Place], str],
    more: Callable[[Path], str] = lambda _: "",
) -> NoReturn:
    """Say what would be done with each film and which files would be written, and end; a film that is none is told.

    Args:
        would: what would be done with a film, in words.
        more: what else is to say of a file.
    """
    from rushes.storage.reading import exists

    for film, paths in zip(films, planned, strict=True):
        if not exists(film):
            door.fail_item(f"{film}: there is no such file. Check its name and folder")
            continue
        door.say(would(film))
        for path in paths:
            door.say(f"would write {path}{more(path)}")
    door.finish({"would_write": [str(path) for paths in planned for path in paths], "failed": door.failed})


def say_fetched(door: Door, film: Place, fetched: Fetched) -> None:
    """Say how much of a remote film came over the network."""
    door.say(f"fetched {fetched.fetched_bytes:,} of {fetched.size_bytes:,} bytes of {film}")


def write_each(door: Door, paths: Sequence[Path], write: Callable[[Path], Sequence[Path]]) -> list[Path]:
    """Write files and say so; return what was written. One that cannot be written is told, the others are.

    Args:
        write: gives what it wrote; raises MediaError.
    """
    written: list[Path] = []
    for path in paths:
        try:
            new = write(path)
        except MediaError as error:
            door.fail_item(str(error) if error.path == str(path) else f"{path}: {error}")
            continue
        written += new
        for one in new:
            door.say(f"wrote {one}")
    return written
