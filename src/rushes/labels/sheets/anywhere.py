"""Sheets wherever they are: a file, a link to Google Sheets or an address; one, or many at the same time."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

from rushes.errors import MediaError, RushesError, SheetError, StoreError, UsageError
from rushes.labels.sheet import Sheet, unreadable
from rushes.labels.sheets.asking import Patience
from rushes.labels.sheets.files import parse_sheets, read_sheets
from rushes.labels.sheets.google import GoogleSheets, WantedLink
from rushes.labels.sheets.links import parse_google_link, without_query
from rushes.storage.places import Remote, parse_place

_SPREADSHEETS_AT_ONCE = 8
# What signs an address: of AWS and CloudFront, of Google, of Azure, and of others.
_SIGNED = frozenset({"awsaccesskeyid", "googleaccessid", "key-pair-id", "policy", "signature", "expires", "sig",
                     "token", "access_token"})  # fmt: skip
_SIGNED_PREFIXES = ("x-amz-", "x-goog-")
_SIGNED_BY_AZURE = frozenset({"sv", "ss", "srt", "sr", "sp", "st", "se", "sip", "spr", "si", "sdd",
                              "skoid", "sktid", "skt", "ske", "sks", "skv"})  # fmt: skip
_Found: TypeAlias = list[list[Sheet] | SheetError]


@dataclass(frozen=True, slots=True)
class WantedSheet:
    """A sheet to be read.

    Attributes:
        place: a path, a link to Google Sheets, or another address.
        name: what messages call it; "" takes its own.
        folder: where a relative path starts.
    """

    place: str
    name: str = ""
    folder: Path = Path()


class _Work:
    """Calls that threads make one after the other. What stops it does not wait for a call that hangs in the network."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Future[_Found], Callable[[], _Found]]] = deque()

    def submit(self, call: Callable[[], _Found]) -> Future[_Found]:
        future: Future[_Found] = Future()
        self._calls.append((future, call))
        return future

    def start(self, threads: int) -> None:
        for _ in range(min(threads, len(self._calls))):
            threading.Thread(target=self._run, daemon=True).start()  # the end of the program waits for none of them

    def stop(self) -> None:
        self._calls.clear()

    def _run(self) -> None:
        while True:
            try:
                future, call = self._calls.popleft()
            except IndexError:
                return
            try:
                future.set_result(call())
            except BaseException as error:  # whoever asks for the result is to have it
                future.set_exception(error)


def shown(place: str) -> str:
    """Return how messages call a place: a link or address without what opens it to whoever reads it."""
    try:
        link = parse_google_link(place)
        return str(link or parse_place(place))
    except RushesError:
        return without_query(place) if "@" not in place else f"{place.partition('://')[0]}://…"


def read_sheets_at(place: str, *, root: Path | None = None, patience: Patience | None = None) -> list[Sheet]:
    """Read every worksheet that holds something, of a file, of a link to Google Sheets or of another address.

    Args:
        root: the project's folder, so that a sheet inside it keeps its key when the project is moved.
        patience: how a service is asked; None asks as Google wants it.

    Raises:
        SheetError: it cannot be read, for any reason that Google, a web server, a store or a disk has.
        MissingExtraError: the extra `sheets` or `cloud` is not installed.
        UsageError: the environment says what cannot be followed.
    """
    link = parse_google_link(place)
    if link is None:
        return _read_other(WantedSheet(place), root)
    with GoogleSheets(os.environ, patience=patience) as google:
        (found,) = google.read([WantedLink(link)])
    if isinstance(found, SheetError):
        raise found
    return found


def read_each(
    wanted: Sequence[WantedSheet], *, root: Path | None = None, patience: Patience | None = None
) -> Iterator[list[Sheet] | SheetError]:
    """Yield the worksheets of each sheet, or why it cannot be read, in their order.

    Spreadsheets at Google are read several at a time while others are looked at; files when it is their turn.

    Raises:
        StoreError: a store gives nothing more for now, whatever the sheet.
    """
    linked: dict[str, list[tuple[int, WantedLink]]] = {}
    found: dict[int, SheetError | tuple[Future[_Found], int]] = {}
    for number, one in enumerate(wanted):
        try:
            link = parse_google_link(one.place)
        except SheetError as error:
            found[number] = unreadable(one.name or shown(one.place), error.faults[0].message)
            continue
        if link is not None:
            linked.setdefault(link.spreadsheet, []).append((number, WantedLink(link, one.name)))
    try:
        google = GoogleSheets(os.environ, patience=patience) if linked else None
    except RushesError as error:  # one sheet that cannot be had keeps no other from being read
        google = None
        for number, asked in (pair for pairs in linked.values() for pair in pairs):
            found[number] = unreadable(asked.name or str(asked.link), str(error))
        linked = {}
    work = _Work()
    try:
        for pairs in linked.values():
            assert google is not None  # where there is a link
            future = work.submit(partial(google.read, [asked for _, asked in pairs]))
            for place, (number, _) in enumerate(pairs):
                found[number] = (future, place)
        work.start(_SPREADSHEETS_AT_ONCE)
        for number, one in enumerate(wanted):
            known = found.pop(number, None)
            if known is None:
                yield _try_other(one, root)
            elif isinstance(known, SheetError):
                yield known
            else:
                yield known[0].result()[known[1]]
    finally:
        work.stop()
        if google is not None:
            google.__exit__()  # whoever waits for its quota stops waiting


def _try_other(one: WantedSheet, root: Path | None) -> list[Sheet] | SheetError:
    try:
        return _read_other(one, root)
    except SheetError as error:
        return error
    except StoreError:  # no other sheet there can be had either
        raise
    except RushesError as error:
        return unreadable(one.name or shown(one.place), str(error))


def _read_other(one: WantedSheet, root: Path | None) -> list[Sheet]:
    from rushes.storage.reading import read_place

    place = parse_place(one.place)
    if not isinstance(place, Remote):
        return read_sheets(one.folder / place, root=root)
    try:
        content = read_place(place)
    except (MediaError, UsageError) as error:
        raise unreadable(one.name or str(place), getattr(error, "reason", str(error))) from None
    return parse_sheets(content, name=place.name, key=_key_of(place))


def _key_of(place: Remote) -> str:
    """Return what tells a sheet from others: its address, with a digest of what picks it behind the question mark.

    Left out is what changes whenever the same address is signed anew.
    """
    pairs = parse_qsl(place.query, keep_blank_values=True)
    is_of_azure = any(name.casefold() == "sig" for name, _ in pairs)
    kept = sorted(
        (name, value)
        for name, value in pairs
        if not (
            (folded := name.casefold()) in _SIGNED
            or folded.startswith(_SIGNED_PREFIXES)
            or (is_of_azure and folded in _SIGNED_BY_AZURE)
        )
    )
    tail = f"?{hashlib.sha256(urlencode(kept).encode()).hexdigest()[:16]}" if kept else ""
    return f"{place.scheme}://{place.host}/{place.key}{tail}"
