"""Shots as a list states them: a CSV that `rushes shots --write` wrote, perhaps corrected by hand."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from rushes.errors import Fault, MediaError, SheetError
from rushes.storage.places import Place

_COLUMNS = ("start", "stop", "source")
_GIVE = "Give the CSV that 'rushes shots FILM --write FILE.csv' writes"


@dataclass(frozen=True, slots=True)
class ShotList:
    """The shots of one or several films.

    Attributes:
        name: of the file.
        films: SHA-256 of a film -> its shots, `[start, stop)` in ordinals, rising, none over another.
    """

    name: str
    films: dict[str, tuple[tuple[int, int], ...]]

    def of_film(self, film: Place, *, digest: str, frame_count: int) -> tuple[tuple[int, int], ...]:
        """Return the shots of one film.

        Raises:
            MediaError: the list holds none of it, or goes beyond its end.
        """
        shots = self.films.get(digest)
        if shots is None:
            raise MediaError(
                film,
                f"has no shot in {self.name}, whose column source names other films (this one is {digest[:16]}…). "
                f"Write the list anew: rushes shots FILM --write {self.name}",
            )
        start, stop = shots[-1]
        if stop > frame_count:
            raise MediaError(
                film,
                f"ends with frame {frame_count - 1}, and {self.name} states a shot of frames {start} to {stop - 1}. "
                "Is it the list of another cut of the film?",
            )
        return shots


def read_shot_list(path: Path) -> ShotList:
    """Read a list of shots.

    Raises:
        SheetError: the file cannot be read, lacks a column, or states a shot that cannot be.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise SheetError([Fault(path.name, None, None, f"cannot be read as text ({error}). {_GIVE}")]) from error
    reader = csv.DictReader(text.splitlines())
    lacking = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if lacking:
        raise SheetError([Fault(path.name, 1, None, f"has no column {', '.join(lacking)}. {_GIVE}")])
    films: dict[str, list[tuple[int, int, int]]] = {}
    faults: list[Fault] = []
    for number, row in enumerate(reader, start=2):
        try:
            start, stop = int(row["start"] or ""), int(row["stop"] or "")
        except ValueError:
            what = f"'{row['start']}' and '{row['stop']}' are no ordinals of frames, which are whole numbers from 0"
            faults.append(Fault(path.name, number, "start", what))
            continue
        if not 0 <= start < stop:
            what = f"from frame {start} to before {stop} there is no frame; start is from 0 and comes before stop"
            faults.append(Fault(path.name, number, "stop", what))
            continue
        films.setdefault(row["source"] or "", []).append((start, stop, number))
    for shots in films.values():
        shots.sort()
        faults += _overlaps(path.name, shots)
    if not films and not faults:
        faults.append(Fault(path.name, None, None, f"states no shot. {_GIVE}"))
    if faults:
        raise SheetError(faults)
    return ShotList(path.name, {film: tuple((start, stop) for start, stop, _ in of) for film, of in films.items()})


def _overlaps(name: str, shots: Sequence[tuple[int, int, int]]) -> list[Fault]:
    """Return what is wrong where a shot begins before the one before it stops; shots are start, stop, row, rising."""
    return [
        Fault(name, row, "start", f"the shot from frame {start} lies over that of row {other}, which stops at {stop}")
        for (_, stop, other), (start, _, row) in pairwise(shots)
        if start < stop
    ]
