"""Wishes of the page: what the body of a request says, checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rushes.errors import RushesError, did_you_mean
from rushes.review.decisions import COLOR, COLORS, DECISION, RATING, Wanted
from rushes.review.session import Review
from rushes.xmp.marks import MOST_STARS

_WORDS = ("pick", "reject")
_LONGEST_REQUEST = 100  # letters of the name of a request


class WishError(RushesError):
    """A request that says nothing that can be done."""


class UnknownItemError(WishError):
    """A request about a photograph that is not in this review."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request wants.

    Attributes:
        of: number of a step to take back or to do again, or the request that led to it; None for the last one.
        request: its name, by which it is not done twice; None where it has none.
    """

    wanted: tuple[Wanted, ...] = ()
    of: int | str | None = None
    request: str | None = None


def parse_decisions(body: bytes, review: Review) -> Wishes:
    """Return what the body of `POST /api/decisions` wants.

    Raises:
        WishError: it is not what it should be; the message says where.
    """
    table = _table(body, ("changes", "request"))
    changes = table.get("changes", [])
    if not isinstance(changes, list):
        raise WishError("changes is no list")
    if not changes:
        raise WishError("the request holds no changes")
    wanted = [one for number, change in enumerate(changes) for one in _wanted(change, f"changes[{number}]", review)]
    return Wishes(tuple(wanted), request=_name_in(table, "request"))


def parse_turn(body: bytes) -> Wishes:
    """Return what the body of `POST /api/undo` or `/api/redo` wants; an empty one wants the last step.

    Raises:
        WishError: as `parse_decisions`.
    """
    table = _table(body or b"{}", ("of", "request"))
    of = table.get("of")
    return Wishes(of=of if _is_number(of) else _name_in(table, "of"), request=_name_in(table, "request"))


def _wanted(change: Any, where: str, review: Review) -> list[Wanted]:
    if not isinstance(change, Mapping):
        raise WishError(f"{where} is {change!r}, which is no object")
    _check_keys(change, ("id", *_READERS), where)
    frame = change.get("id")
    if not isinstance(frame, str) or frame not in review.by_id:
        raise UnknownItemError(f"{where}.id is {frame!r}, which is no photograph of this review")
    return [
        Wanted(frame, field, None if change[field] is None else read(change[field], f"{where}.{field}", review))
        for field, read in _READERS.items()
        if field in change
    ]


def _read_decision(value: Any, where: str, review: Review) -> str | None:
    if value not in _WORDS:
        raise WishError(f"{where} is {value!r}; it is 'pick', 'reject' or null")
    return review.classes.class_of(value)


def _read_rating(value: Any, where: str, _: Review) -> str:
    if not _is_number(value) or not 0 <= value <= MOST_STARS:
        raise WishError(f"{where} is {value!r}; it is 0 to {MOST_STARS}, or null")
    return str(value)


def _read_color(value: Any, where: str, _: Review) -> str:
    if not isinstance(value, str) or value not in COLORS:
        raise WishError(f"{where} is {value!r}; it is one of {', '.join(COLORS)}, or null")
    return value


_READERS: dict[Any, Callable[[Any, str, Review], str | None]] = {
    DECISION: _read_decision,
    RATING: _read_rating,
    COLOR: _read_color,
}


def _table(body: bytes, allowed: tuple[str, ...]) -> Mapping[str, Any]:
    try:
        table = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WishError(f"the body is not JSON ({error})") from error
    if not isinstance(table, dict):
        raise WishError("the body is no JSON object")
    _check_keys(table, allowed, "the body")
    return table


def _check_keys(table: Mapping[str, Any], allowed: tuple[Any, ...], where: str) -> None:
    for key in table:
        if key not in allowed:
            raise WishError(f"{where} has the key '{key}'. {did_you_mean(key, allowed)}")


def _name_in(table: Mapping[str, Any], key: str) -> str | None:
    name = table.get(key)
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= _LONGEST_REQUEST):
        raise WishError(f"{key} is {name!r}; it is the name of a request, of 1 to {_LONGEST_REQUEST} letters")
    return name


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
