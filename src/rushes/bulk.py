"""Many frozen values at once, made of columns instead of one by one."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from itertools import repeat
from typing import Any, TypeVar

_T = TypeVar("_T")

_VALUES_PER_PIECE = 8192  # as many as stay near the processor while their fields are set


def made_of_columns(kind: type[_T], count: int, columns: Mapping[str, Iterable[Any]]) -> list[_T]:
    """Return as many values of a slotted dataclass, equal to those that its constructor would make.

    Nothing is checked: `__post_init__` is not called, and whoever calls this knows that it would not object.

    Args:
        columns: field -> its value in each, in order; every field is named. A column may go on for ever.

    Raises:
        ValueError: a field is missing, or a column is of another length.
    """
    fields = set(getattr(kind, "__dataclass_fields__", ()))
    if fields != set(columns):
        raise ValueError(f"{kind.__name__} has the fields {sorted(fields)}, got {sorted(columns)}")
    for name, column in columns.items():
        if isinstance(column, Sized) and len(column) != count:
            raise ValueError(f"{count} values were to be made, and there are {len(column)} of {name}")
    setters = [(getattr(kind, name).__set__, iter(column)) for name, column in columns.items()]
    made: list[_T] = []
    with garbage_left():
        for start in range(0, count, _VALUES_PER_PIECE):
            piece = list(map(object.__new__, repeat(kind, min(_VALUES_PER_PIECE, count - start))))
            for setter, column in setters:
                deque(map(setter, piece, column), maxlen=0)
            made += piece
    return made


@contextmanager
def garbage_left() -> Iterator[None]:
    """Let nobody look for garbage while millions of values are made, of which none refers to another in a circle."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
