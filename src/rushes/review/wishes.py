"""Wishes of the page: what the body of a request says, checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rushes.errors import RushesError, did_you_mean
from rushes.review.decisions import COLOR, COLORS, DECISION, RATING, Saw, Wanted
from rushes.review.people import person_from
from rushes.review.session import Review
from rushes.xmp.marks import MOST_STARS

_LONGEST_REQUEST = 100  # letters of the name of a request


class WishError(RushesError):
    """A request that says nothing that can be done."""


class UnknownItemError(WishError):
    """A request about a photograph that is not in this review."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request wants.

    Attributes:
        by: the person who wants it; None where the request names nobody.
        over: let it stand also over what the page had not seen.
        of: number of a step to take back or to do again, or the request that led to it; None for the last one.
        request: its name, by which it is not done twice; None where it has none.
    """

    wanted: tuple[Wanted, ...] = ()
    by: str | None = None
    over: bool = False
    of: int | str | None = None
    request: str | None = None


def parse_decisions(body: bytes, review: Review) -> Wishes:
    """Return what the body of `POST decisions` wants.

    Raises:
        WishError: it is not what it should be; the message says where.
    """
    table = _table(body, ("by", "changes", "over", "request"))
    changes = table.get("changes", [])
    if not isinstance(changes, list):
        raise WishError("changes is no list")
    if not changes:
        raise WishError("the request holds no changes")
    wanted = [one for number, change in enumerate(changes) for one in _wanted(change, f"changes[{number}]", review)]
    over = table.get("over", False)
    if not isinstance(over, bool):
        raise WishError(f"over is {over!r}; it is true or false")
    return Wishes(tuple(wanted), by=_person_in(table), over=over, request=_name_in(table, "request"))


def parse_turn(body: bytes) -> Wishes:
    """Return what the body of `POST undo` or `redo` wants; an empty one wants the last step.

    Raises:
        WishError: as `parse_decisions`.
    """
    table = _table(body or b"{}", ("by", "of", "request"))
    of = table.get("of")
    named = of if _is_number(of) else _name_in(table, "of")
    return Wishes(by=_person_in(table), of=named, request=_name_in(table, "request"))


def _wanted(change: Any, where: str, review: Review) -> list[Wanted]:
    if not isinstance(change, Mapping):
        raise WishError(f"{where} is {change!r}, which is no object")
    _check_keys(change, ("id", "saw", *_READERS), where)
    frame = change.get("id")
    if not isinstance(frame, str) or frame not in review.by_id:
        raise UnknownItemError(f"{where}.id is {frame!r}, which is no photograph of this review")
    saw = _read_saw(change.get("saw"), f"{where}.saw", review)
    return [
        Wanted(frame, field, None if change[field] is None else read(change[field], f"{where}.{field}", review), saw)
        for field, read in _READERS.items()
        if field in change
    ]


def _read_saw(value: Any, where: str, review: Review) -> Saw:
    if value is None:
        return Saw()
    if not isinstance(value, Mapping):
        raise WishError(f"{where} is {value!r}, which is no object")
    _check_keys(value, ("by", *_READERS), where)
    seen = {
        field: None if value[field] is None else read(value[field], f"{where}.{field}", review)
        for field, read in _READERS.items()
        if field in value and field != DECISION
    }
    for name in (DECISION, "by"):  # a decision may be a class that the task has lost
        if not isinstance(value.get(name), str | None):
            raise WishError(f"{where}.{name} is {value[name]!r}; it is a name, or null")
    return Saw(value.get(DECISION), value.get("by"), seen)


def _read_decision(value: Any, where: str, review: Review) -> str:
    if not isinstance(value, str) or value not in review.classes:
        hint = did_you_mean(value, review.classes) if isinstance(value, str) else ""
        raise WishError(f"{where} is {value!r}; it is one of {', '.join(review.classes)}, or null. {hint}".rstrip())
    return value


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


def parse_person(name: str, where: str) -> str:
    """Return a person's name as decisions bear it: see `person_from`; "" is one without a name.

    Raises:
        WishError: it is no name.
    """
    try:
        return person_from(name) if name else ""
    except ValueError as error:
        raise WishError(f"{where}: {error}") from None


def _person_in(table: Mapping[str, Any]) -> str | None:
    name = table.get("by")
    if name is None:
        return None
    if not isinstance(name, str):
        raise WishError(f"by is {name!r}; it is the name of a person")
    return parse_person(name, "by")


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
