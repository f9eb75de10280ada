"""Picks by marks: ratings, colour labels and flags, as editors write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.labels.picks import PickPhotograph, Said, Told
from rushes.progress import Progress, silent
from rushes.xmp.marks import REJECTED, Marks
from rushes.xmp.profiles import list_sidecars
from rushes.xmp.reading import read_marks

SHEET = "picks by xmp"


@dataclass(frozen=True, slots=True)
class MarkRule:
    """Which marks make a pick.

    Attributes:
        rating: stars from which on it is one; fewer, but at least one, make a reject that gives way to any pick. None
            looks at no stars.
        labels: words of colour labels that make a pick, case aside.
        reject_labels: words of colour labels that make a reject.
    """

    rating: int | None = 1
    labels: tuple[str, ...] = ()
    reject_labels: tuple[str, ...] = ()


def judge_marks(marks: Marks, rule: MarkRule, *, place: str, sheet: str) -> list[Said]:
    """Return what marks say of a photograph; nothing where there are none that count.

    A flag counts always, and so does the rating -1. No stars are no rating.

    Args:
        place: where the marks stand.
        sheet: key of what speaks.
    """
    said: list[Said] = []
    if marks.flag is not None:
        said.append(Said(marks.flag, f"{place}, flag {marks.flag}", sheet))
    if marks.rating == REJECTED:
        said.append(Said("reject", f"{place}, rating {REJECTED}", sheet))
    elif marks.rating and rule.rating is not None:
        is_pick = marks.rating >= rule.rating
        said.append(Said("pick" if is_pick else "reject", f"{place}, rating {marks.rating}", sheet, outright=is_pick))
    if marks.label is not None:
        if _is_among(marks.label, rule.labels):
            said.append(Said("pick", f"{place}, label {marks.label}", sheet))
        if _is_among(marks.label, rule.reject_labels):
            said.append(Said("reject", f"{place}, label {marks.label}", sheet))
    return said


def _is_among(label: str, words: Sequence[str]) -> bool:
    return label.strip().casefold() in {word.strip().casefold() for word in words}


def tell_marks(photographs: Sequence[PickPhotograph], rule: MarkRule, *, progress: Progress = silent) -> Told:
    """Return what the marks beside and inside the files of photographs say: each file speaks for its photograph.

    What a cull of rushes wrote is nobody's mark, nor is the star that darktable gives at import. Of a photograph
    without a mark, where something could not be read, nothing is stated. Files in a bucket are not looked at.
    """
    said: dict[str, list[Said]] = {}
    unclear: set[str] = set()
    initial = 0
    problems: dict[str, None] = {}  # each once: a raw and its JPEG may share a sidecar
    folders = {file.parent for one in photographs for file in one.files if isinstance(file, Path)}
    listed = {folder: list_sidecars(folder) for folder in folders}
    for number, one in enumerate(photographs, start=1):
        found: list[Said] = []
        faults: list[str] = []
        is_initial = False
        local = [file for file in one.files if isinstance(file, Path)]
        for file in local:
            read = read_marks(file, listed=listed)
            faults += read.faults
            is_initial = is_initial or read.is_initial
            said_there = judge_marks(read.marks, rule, place=read.where, sheet=SHEET)
            found += [each for each in said_there if each not in found]
        if not local:
            reason = "marks are read of files on this machine. Bring it here, or list the picks: --from names FILE"
            faults.append(f"{one.files[0]}: {reason}")
        problems |= dict.fromkeys(faults)
        initial += is_initial and not found
        if found:
            said[one.frame] = found
        elif faults:
            unclear.add(one.frame)
        progress(number, len(photographs), one.name)
    notes = [
        f"of {initial:,} of {len(photographs):,} photographs darktable's sidecars state one star and nothing else. "
        "That is what darktable gives whatever it imports, so it is taken for no rating. If your picks have one star, "
        "give them two or a colour label there"
    ]
    return Told(said, (SHEET,), frozenset(unclear), tuple(problems), notes=tuple(notes if initial else ()))
