"""FilmNote: what a film is called and where it was, kept beside its faces, so that films are known by their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.storage.files import digest_of_bytes, write_json
from rushes.storage.places import Place, parse_place

_SCHEMA = "film-of-faces/1"
_FILMS = "films"


@dataclass(frozen=True, slots=True)
class FilmNote:
    """A film whose faces are kept.

    Attributes:
        source: its digest.
        name: of its file.
        path: where it was when faces were looked for last; of a web address that needed a signature, without it.
    """

    source: str
    name: str
    path: str

    @property
    def place(self) -> Place:
        return parse_place(self.path)


def note_of(film: Place, source: str) -> FilmNote:
    """Return the note of a film by where it is."""
    return FilmNote(source, film.name, str(film.absolute() if isinstance(film, Path) else film))


def keep_film_note(folder: Path, note: FilmNote) -> None:
    """Keep what a film is called beside its faces, if any are kept; a note that says the same is left as it is.

    Where no faces of it are kept, since they were wiped meanwhile or could not be written, there is nothing to note.

    Args:
        folder: of face data, the project's `faces_folder`.

    Raises:
        OSError: it cannot be written.
    """
    stem, kept = _stem(note.source), folder / _FILMS
    if any(kept.glob(f"{stem}-*.npz")) and _read(kept / f"{stem}.json") != note:
        write_json(
            kept / f"{stem}.json",
            {"schema": _SCHEMA, "source": note.source, "name": note.name, "path": note.path},
        )


def read_film_notes(folder: Path, sources: Sequence[str]) -> dict[str, FilmNote]:
    """Return digest -> note of these films, of those that have one; what is spoilt is passed over."""
    found = {source: _read(folder / _FILMS / f"{_stem(source)}.json") for source in sources}
    return {source: note for source, note in found.items() if note is not None and note.source == source}


def _read(path: Path) -> FilmNote | None:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != _SCHEMA:
            return None
        return FilmNote(str(table["source"]), str(table["name"]), str(table["path"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _stem(source: str) -> str:
    return digest_of_bytes(source.encode())[:24]
