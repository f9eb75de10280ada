"""Picks by what was delivered: pictures that are named after the photographs that they were made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rushes.footage.capture_time import seconds_apart
from rushes.footage.pairs import MOST_SECONDS_APART
from rushes.footage.stems import find_stems, fold_stem
from rushes.labels.picks import PickPhotograph, Said, Told
from rushes.storage.places import Place

_QUARTER_HOUR, _MOST_ZONE_SECONDS = 900.0, 26 * 3600.0  # how time zones lie apart, and how far at most


def stems_of(photographs: Sequence[PickPhotograph]) -> dict[str, list[PickPhotograph]]:
    """Return folded stem -> the photographs that have a file of that name."""
    found: dict[str, list[PickPhotograph]] = {}
    for one in photographs:
        for stem in dict.fromkeys(fold_stem(file.stem) for file in one.files):
            found.setdefault(stem, []).append(one)
    return found


def tell_delivered(
    photographs: Sequence[PickPhotograph],
    delivered: Mapping[str, Sequence[Place]],
    *,
    time_of: Callable[[Place], str | None],
) -> Told:
    """Return which photographs delivered pictures were made of, by their names (`find_stems`) and capture times.

    Where several photographs have one name, those count that were taken when the picture was, and then those whose
    shoot a folder around the picture is named after. A picture that was taken at another time than the one photograph
    of its name is of none of these: cameras number from 1 again after 9,999.

    Args:
        delivered: key of what speaks -> its pictures.
        time_of: when a delivered picture was taken, where it says so.
    """
    said: dict[str, list[Said]] = {}
    unclear: set[str] = set()
    problems: list[str] = []
    unmatched: list[str] = []
    for sheet, files in delivered.items():
        for match in match_pictures(photographs, files, time_of=time_of):
            unclear |= match.unclear
            problems += match.problems
            if not match.frames and not match.problems:
                unmatched.append(f"{match.file}: no photograph that was asked for has its name")
            for frame in match.frames:
                said.setdefault(frame, []).append(Said("pick", str(match.file), sheet))
    return Told(said, tuple(delivered), frozenset(unclear - said.keys()), tuple(problems), tuple(unmatched))


@dataclass(frozen=True, slots=True)
class PictureMatch:
    """Which photographs a picture was made of.

    Attributes:
        frames: ids; several of a picture that is named after several, such as a panorama.
        unclear: ids of frames that it may be of, where that is not known.
        problems: why it is not.
    """

    file: Place
    frames: tuple[str, ...]
    unclear: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()


def match_pictures(
    photographs: Sequence[PickPhotograph], files: Sequence[Place], *, time_of: Callable[[Place], str | None]
) -> list[PictureMatch]:
    """Return of which photographs each picture is, as `tell_delivered` says."""
    by_stem = stems_of(photographs)
    matches = []
    for file in files:
        stems = find_stems(file.stem, by_stem)
        taken = time_of(file) if stems else None
        narrowed = [(by_stem[stem], *_narrow(by_stem[stem], file, taken)) for stem in stems]
        matches.append(
            PictureMatch(
                file,
                tuple(found.frame for _, found, _ in narrowed if found is not None),
                frozenset(one.frame for candidates, found, _ in narrowed if found is None for one in candidates),
                tuple(f"{file}: {why_not}" for _, found, why_not in narrowed if found is None),
            )
        )
    return matches


def _narrow(candidates: Sequence[PickPhotograph], file: Place, taken: str | None) -> tuple[PickPhotograph | None, str]:
    """Return the one photograph that a picture is of, or why nobody knows."""
    apart = {one.frame: _apart(one, taken) for one in candidates}
    if len(candidates) == 1:
        seconds = apart[candidates[0].frame]
        if seconds is None or seconds <= MOST_SECONDS_APART or _is_zone(seconds):
            return candidates[0], ""
        return None, (
            f"has the name of {candidates[0].files[0]}, and was taken at {taken}, not {candidates[0].captured_at}. If "
            "its photograph lies elsewhere, name that place too; else set the time right"
        )
    fitting = [one for one in candidates if (at := apart[one.frame]) is not None and at <= MOST_SECONDS_APART]
    left = fitting or [one for one in candidates if apart[one.frame] is None]
    if len(left) > 1:
        folders = {part.casefold() for part in file.parts[:-1]}
        left = [one for one in left if one.shoot.rpartition("/")[2].casefold() in folders] or left
    if len(left) == 1:
        return left[0], ""
    shown = ", ".join(str(one.files[0]) for one in candidates[:3])
    more = f" and {len(candidates) - 3} more" if len(candidates) > 3 else ""
    when = f"was taken at {taken}" if taken is not None else "does not say when it was taken"
    return None, (
        f"may be of {shown}{more}, and {when}. Put it into a folder named after its shoot, or name the shoot alone in "
        "place of all of them"
    )


def _apart(one: PickPhotograph, taken: str | None) -> float | None:
    return None if taken is None or one.captured_at is None else seconds_apart(taken, one.captured_at)


def _is_zone(seconds: float) -> bool:
    """Return whether two times differ as those of two time zones do: an editor set the clock right afterwards."""
    off = seconds % _QUARTER_HOUR
    return seconds <= _MOST_ZONE_SECONDS and min(off, _QUARTER_HOUR - off) <= MOST_SECONDS_APART
