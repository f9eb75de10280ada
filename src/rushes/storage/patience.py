"""Patience with a store that throttles: it is asked again, each time after a longer wait."""

from __future__ import annotations

import logging
import math
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rushes.errors import UsageError

T = TypeVar("T")

PATIENCE_SECONDS = 120.0  # a bucket that is new to many readers needs a minute or two to spread its keys
PATIENCE_VARIABLE = "RUSHES_PATIENCE_SECONDS"
_FIRST_WAIT_SECONDS = 0.5
_LONGEST_WAIT_SECONDS = 15.0

_given_up: set[str] = set()
_hurried = threading.local()  # whose `is_so` says that the thread waits for no store
_log = logging.getLogger(__name__)


def patiently(call: Callable[[], T], *, store: str, throttled: Callable[[Exception], bool]) -> T:
    """Return what a call returns; while its store throttles, call again until the patience is at an end.

    Waits double, and each is drawn between its half and its whole, so that many who were sent away together do not
    come back together. A store that used up the patience is not waited for again before it has answered once: of ten
    thousand files on a server that is down, not each is waited for.

    Args:
        store: `s3://bucket`.
        throttled: whether an error says that the store has too much to do. It is raised in the end, as any other is
            at once.

    Raises:
        UsageError: PATIENCE_VARIABLE says no number.
    """
    hurried = getattr(_hurried, "is_so", False)
    wait, end = _FIRST_WAIT_SECONDS, time.monotonic() + (0.0 if hurried or store in _given_up else stated_patience())
    while True:
        try:
            answer = call()
        except Exception as error:
            if not throttled(error):
                raise
            left = end - time.monotonic()
            if left <= 0:
                if not hurried:
                    _given_up.add(store)
                raise
        else:
            _given_up.discard(store)
            return answer
        drawn = min(random.uniform(wait / 2, wait), left)
        _log.debug("a store throttles; it is asked again in %.1f s", drawn)
        time.sleep(drawn)
        wait = min(2 * wait, _LONGEST_WAIT_SECONDS)


@contextmanager
def without_patience() -> Iterator[None]:
    """Have this thread ask stores once as long as the block takes, whether they throttle or not."""
    before = getattr(_hurried, "is_so", False)
    _hurried.is_so = True
    try:
        yield
    finally:
        _hurried.is_so = before


def stated_patience() -> float:
    """Return for how many seconds a store that throttles is asked again.

    Raises:
        UsageError: PATIENCE_VARIABLE says no number of 0 or more.
    """
    stated = os.environ.get(PATIENCE_VARIABLE, "").strip()
    try:
        seconds = float(stated) if stated else PATIENCE_SECONDS
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageError(f"{PATIENCE_VARIABLE} is '{stated}'; it must be a number of seconds, 0 or more, or be unset")
    return seconds
