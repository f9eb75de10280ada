"""Names: what people call the characters of their films, kept by faces that are theirs."""

from __future__ import annotations

import base64
import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import ProjectError, UsageError, did_you_mean
from rushes.storage.files import write_json
from rushes.subjects.wiping import alone_with_faces, wipe_mark

Floats = npt.NDArray[np.float32]

_SCHEMA = "face-names/1"
_FILE = "names.json"
LONGEST_NAME = 80  # characters of a name
_MOST_REFERENCES = 64  # of one person and embedder; the newest stay
SAME_FACE = 0.9995  # cosine from which two vectors are of the same face in the same frame


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """Someone who was named.

    Attributes:
        references: embedder -> (faces, length) vectors of faces that are theirs.
        strangers: the same, of faces that a person said are not theirs.
    """

    name: str
    references: Mapping[str, Floats] = field(default_factory=dict)
    strangers: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """Those who were named, in the order of their naming; names that differ in case alone are one."""

    people: tuple[Person, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return tuple(person.name for person in self.people)

    @property
    def embedders(self) -> tuple[str, ...]:
        """By whose vectors people are known: the one that knows most of them first."""
        known = Counter(embedder for person in self.people for embedder in person.references)
        return tuple(embedder for embedder, _ in known.most_common())

    def person(self, name: str) -> Person | None:
        """Return who has a name; None where nobody has."""
        folded = check_name(name).casefold()
        return next((person for person in self.people if person.name.casefold() == folded), None)

    def with_name(self, name: str, embeddings: Floats, *, embedder: str) -> Names:
        """Return names in which faces are of `name`, and of nobody else, whatever was said of them before.

        Args:
            embeddings: (faces, length), rows of length 1.
            embedder: whose vectors they are, as `FilmFaces.embedder` says.

        Raises:
            UsageError: the name or a vector cannot be kept.
        """
        name, faces = check_name(name), _checked(embeddings)
        free = self.released(faces, embedder=embedder, but=name)
        known = free.person(name)
        person = known or Person(name)
        mine = np.vstack([_without(person.references.get(embedder), faces), faces])[-_MOST_REFERENCES:]
        mine_not = {**person.strangers, embedder: _without(person.strangers.get(embedder), faces)}
        named = replace(person, references={**person.references, embedder: mine}, strangers=_filled(mine_not))
        if known is None:
            return Names((*free.people, named))
        return Names(tuple(named if one is known else one for one in free.people))

    def released(self, embeddings: Floats, *, embedder: str, but: str = "") -> Names:
        """Return names in which faces are of nobody, or of nobody but one; who has none left goes with the last."""
        faces = np.atleast_2d(np.asarray(embeddings, np.float32))
        kept = []
        for one in self.people:
            if one.name.casefold() == but.casefold() or embedder not in one.references:
                kept.append(one)
                continue
            left = _filled({**one.references, embedder: _without(one.references[embedder], faces)})
            if left:
                kept.append(replace(one, references=left))
        return Names(tuple(kept))

    def with_strangers(self, name: str, embeddings: Floats, *, embedder: str) -> Names:
        """Return names in which faces are not of `name`, whatever they look like."""
        known, faces = self._known(name), _checked(embeddings)
        not_mine = np.vstack([_without(known.strangers.get(embedder), faces), faces])
        mine = _filled({**known.references, embedder: _without(known.references.get(embedder), faces)})
        changed = replace(known, references=mine, strangers={**known.strangers, embedder: not_mine})
        return Names(tuple(changed if one is known else one for one in self.people))

    def renamed(self, name: str, to: str) -> Names:
        """Return names in which `name` is called `to`; where somebody is called so, both are one person.

        Raises:
            UsageError: nobody has the name.
        """
        known, to = self._known(name), check_name(to)
        other = self.person(to)
        if other is None or other is known:
            return Names(tuple(replace(one, name=to) if one is known else one for one in self.people))
        both = replace(
            other,
            references=_joined(other.references, known.references),
            strangers=_joined(other.strangers, known.strangers),
        )
        return Names(tuple(both if one is other else one for one in self.people if one is not known))

    def without(self, name: str) -> Names:
        """Return names without one.

        Raises:
            UsageError: nobody has it.
        """
        known = self._known(name)
        return Names(tuple(one for one in self.people if one is not known))

    def _known(self, name: str) -> Person:
        person = self.person(name)
        if person is None:
            raise UsageError(f"nobody is called '{name}'. {did_you_mean(name, self.all)}")
        return person


def check_name(name: str) -> str:
    """Return a name as it is kept, outer spaces taken off.

    Raises:
        UsageError: it is empty, too long, or holds what cannot be printed.
    """
    text = " ".join(unicodedata.normalize("NFC", name).split(" ")).strip()
    if not text:
        raise UsageError("a name has at least one letter")
    if len(text) > LONGEST_NAME:
        raise UsageError(f"a name has at most {LONGEST_NAME} characters; this one has {len(text)}")
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text):
        raise UsageError("a name is one line without control characters")
    return text


def _checked(embeddings: Floats) -> Floats:
    """Return vectors as they are kept: a single one that holds no number would make the whole file unreadable."""
    faces = np.atleast_2d(np.asarray(embeddings, np.float32))
    if not np.isfinite(faces).all():
        raise UsageError("a face has a vector that holds what is no number, and no name can be kept by it")
    return faces


def read_names(folder: Path) -> Names:
    """Return the names that are kept with the face data of a project.

    Raises:
        ProjectError: the file is spoilt.
    """
    path = folder / _FILE
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != _SCHEMA:
            raise ProjectError(f"{path} is of another version of rushes ({table['schema']}). Update rushes")
        return Names(tuple(_person_from(entry) for entry in table["people"]))
    except FileNotFoundError:
        return Names()
    except (ValueError, KeyError, TypeError) as error:
        raise ProjectError(
            f"{path} cannot be read: {error}. Put back a copy of it, or remove it and name the characters again"
        ) from error


def change_names(folder: Path, change: Callable[[Names], Names], *, since: str | None = None) -> tuple[Names, Names]:
    """Change the names that are kept, and return them as they were and as they are; no other process does meanwhile.

    Args:
        change: given the names that are kept, it returns others, or raises, and nothing is changed.
        since: the `wipe_mark` as it was when the faces that get a name were read; None takes any.

    Raises:
        UsageError: all face data was wiped since.
        ProjectError: as `read_names`.
    """
    with alone_with_faces(folder):
        if since is not None and wipe_mark(folder) != since:
            raise UsageError("all face data was wiped meanwhile, and no name was changed. Look for faces again first")
        names = read_names(folder)
        changed = change(names)
        write_names(folder, changed)
    return names, changed


def write_names(folder: Path, names: Names) -> None:
    """Keep names, whole or not at all. To change what others may change too, take `change_names`."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    people = [
        {"name": one.name, "references": _written(one.references), "strangers": _written(one.strangers)}
        for one in names.people
    ]
    write_json(folder / _FILE, {"schema": _SCHEMA, "people": people})


def _person_from(entry: Mapping[str, Any]) -> Person:
    return Person(check_name(entry["name"]), _vectors(entry["references"]), _vectors(entry["strangers"]))


def _written(vectors: Mapping[str, Floats]) -> list[dict[str, Any]]:
    return [
        {"embedder": embedder, "faces": len(rows), "float32": base64.b64encode(rows.astype("<f4").tobytes()).decode()}
        for embedder, rows in vectors.items()
    ]


def _vectors(entries: Sequence[Mapping[str, Any]]) -> dict[str, Floats]:
    found = {}
    for entry in entries:
        values = np.frombuffer(base64.b64decode(entry["float32"], validate=True), "<f4")
        rows = values.reshape(int(entry["faces"]), -1).astype(np.float32)
        if not np.isfinite(rows).all():
            raise ValueError("a vector holds what is no number")
        found[str(entry["embedder"])] = rows
    return found


def _without(rows: Floats | None, faces: Floats) -> Floats:
    """Return rows but for those that are the very faces."""
    if rows is None or rows.shape[1] != faces.shape[1]:
        return np.zeros((0, faces.shape[1]), np.float32)
    return np.asarray(rows[~(rows @ faces.T >= SAME_FACE).any(axis=1)], np.float32)


def _filled(vectors: Mapping[str, Floats]) -> dict[str, Floats]:
    return {embedder: rows for embedder, rows in vectors.items() if len(rows)}


def _joined(first: Mapping[str, Floats], second: Mapping[str, Floats]) -> dict[str, Floats]:
    return {
        embedder: np.vstack([rows[embedder] for rows in (first, second) if embedder in rows])[-_MOST_REFERENCES:]
        for embedder in {**first, **second}
    }
