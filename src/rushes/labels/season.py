"""Episode: an entry of a season file, which says where the sheet of each episode is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.errors import Fault, SheetError, did_you_mean
from rushes.labels.sheet import fold_name, unreadable
from rushes.labels.sheets.files import read_content
from rushes.labels.sheets.links import parse_google_link, without_query

KEYS = ("season_code", "episode_code", "spreadsheet_title", "spreadsheet_url", "share_link", "manifest_jl_file")
_LINKS = ("spreadsheet_url", "share_link")
_PREFIX = "google"
_CODE = re.compile(r"([SE])[ _-]?0*(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode and its sheet.

    Attributes:
        season, episode: `S01`, `E01`.
        title: what messages call the sheet.
        sheet: a link to Google Sheets, another address, or a path that starts at `folder`.
        place: where it is stated, `S01-episodes.json, entry 3`.
        manifest: the file of JSON Lines that the entry names; kept as it is stated.
    """

    season: str
    episode: str
    title: str
    sheet: str
    folder: Path
    place: str = ""
    manifest: str = ""

    @property
    def code(self) -> str:
        """`S01_E01`, as the names of its frames have it."""
        return f"{self.season}_{self.episode}"


def read_season(path: Path) -> list[Episode]:
    """Read a season file; paths in it start at its folder.

    Raises:
        SheetError: it cannot be read, or entries are faulty; all that is wrong is named.
    """
    return parse_season(read_content(path), name=path.name, folder=path.parent)


def parse_season(content: bytes, *, name: str, folder: Path = Path()) -> list[Episode]:
    """Return the episodes of a season file, in its order.

    Keys may stand in any order and in any case, with spaces or `-` for `_`, and with `google_` before them.

    Args:
        name: what faults call the file.

    Raises:
        SheetError: it is no JSON list, or entries lack a key, have one that is unknown, or contradict each other.
    """
    try:
        entries = json.loads(content, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else "it is no UTF-8 text, or nested too deep"
        raise unreadable(name, f"is not JSON ({reason})") from None
    if isinstance(entries, _Pairs) or not isinstance(entries, list):
        raise unreadable(
            name, f'must be a list of episodes: [{{"season_code": "S01", …}}]. Its keys: {", ".join(KEYS)}'
        )
    if not entries:
        raise unreadable(name, "names no episode")
    faults: list[Fault] = []
    found = [
        _parse_entry(entry, place=f"{name}, entry {number}", folder=folder, faults=faults)
        for number, entry in enumerate(entries, start=1)
    ]
    episodes = [episode for episode in found if episode is not None]
    faults += find_repeated(episodes)
    if faults:
        raise SheetError(faults)
    return episodes


def is_season(columns: Iterable[str]) -> bool:
    """Return whether a table has the keys of a season file, which says where sheets are and labels nothing itself."""
    found = {fold_name(column).removeprefix(_PREFIX) for column in columns}
    return fold_name(KEYS[0]) in found and any(fold_name(link) in found for link in _LINKS)


def find_repeated(episodes: Iterable[Episode]) -> list[Fault]:
    """Return a fault for each episode that another entry states too, and for each sheet that two entries name."""
    faults: list[Fault] = []
    first_of_code: dict[str, Episode] = {}
    first_of_sheet: dict[object, Episode] = {}
    for episode in episodes:
        earlier = first_of_code.setdefault(episode.code, episode)
        if earlier is not episode:
            faults.append(
                Fault(episode.place, None, "episode_code", f"{episode.code} is in {earlier.place} too. Keep one")
            )
        link = parse_google_link(episode.sheet)
        same = first_of_sheet.setdefault(link or (episode.folder, episode.sheet), episode)
        if same is not episode and earlier is episode:
            message = f"the sheet of {same.code} ({same.place}) is named here as well. Each episode has its own"
            faults.append(Fault(episode.place, None, "spreadsheet_url", message))
    return faults


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as they stand, those that stand twice too."""


def _parse_entry(entry: Any, *, place: str, folder: Path, faults: list[Fault]) -> Episode | None:
    if not isinstance(entry, _Pairs):
        faults.append(Fault(place, None, None, f"must be an object with the keys {', '.join(KEYS)}"))
        return None
    before = len(faults)
    values = _values_of(entry, place=place, faults=faults)
    codes = {key: _code_of(values, key, place=place, faults=faults) for key in ("season_code", "episode_code")}
    sheet = _sheet_of(values, place=place, faults=faults)
    if len(faults) > before:
        return None
    code = f"{codes['season_code']}_{codes['episode_code']}"
    return Episode(
        season=codes["season_code"],
        episode=codes["episode_code"],
        title=values.get("spreadsheet_title") or code,
        sheet=sheet,
        folder=folder,
        place=place,
        manifest=values.get("manifest_jl_file", ""),
    )


def _values_of(entry: Sequence[tuple[str, Any]], *, place: str, faults: list[Fault]) -> dict[str, str]:
    """Return known key -> text; what is unknown, there twice or no text goes to `faults`."""
    known = {fold_name(key): key for key in KEYS}
    values: dict[str, str] = {}
    spelt: dict[str, str] = {}
    for stated, value in entry:
        folded = fold_name(stated)
        key = known.get(folded) or known.get(folded.removeprefix(_PREFIX))
        if key is None:
            faults.append(Fault(place, None, stated, f"there is no such key. {did_you_mean(stated, KEYS)}"))
            continue
        text = value.strip() if isinstance(value, str) else "" if value is None else None
        if text is None:
            faults.append(Fault(place, None, stated, f"is {json.dumps(value)[:60]}; it must be text in quotes"))
            continue
        if key in values and values[key] != text:
            faults.append(Fault(place, None, stated, f"says otherwise than '{spelt[key]}' in the same entry. Keep one"))
            continue
        values[key], spelt[key] = text, stated
    return values


def _code_of(values: dict[str, str], key: str, *, place: str, faults: list[Fault]) -> str:
    letter = "S" if key == "season_code" else "E"
    text = values.get(key, "")
    found = _CODE.fullmatch(text.upper())
    if found is not None and found[1] == letter:
        return f"{letter}{int(found[2]):02d}"
    if not any(fault.sheet == place and fault.column and fold_name(key) in fold_name(fault.column) for fault in faults):
        said = f"is '{text}'" if text else "is missing"
        faults.append(Fault(place, None, key, f"{said}. Write it as {letter}01"))
    return ""


def _sheet_of(values: dict[str, str], *, place: str, faults: list[Fault]) -> str:
    """Return the link or path that stands for the sheet: of two links, the one that names a worksheet."""
    stated = {key: values[key] for key in _LINKS if values.get(key)}
    if not stated:
        message = "is missing, and so is share_link. Give the link of the sheet, or the path of a file"
        faults.append(Fault(place, None, "spreadsheet_url", message))
        return ""
    links = {}
    for key, text in stated.items():
        try:
            links[key] = parse_google_link(text)
        except SheetError as error:
            faults.append(Fault(place, None, key, f"'{without_query(text)}': {error.faults[0].message}"))
            return ""
    google = {key: link for key, link in links.items() if link is not None}
    if len({link.spreadsheet for link in google.values()}) > 1:
        faults.append(Fault(place, None, "share_link", "leads to another spreadsheet than spreadsheet_url. Keep one"))
    gids = sorted({link.gid for link in google.values() if link.gid is not None})
    if len(gids) > 1:
        message = f"names another worksheet than spreadsheet_url (gid={gids[0]} and gid={gids[1]}). Keep one"
        faults.append(Fault(place, None, "share_link", message))
    with_gid = [key for key, link in google.items() if link.gid is not None]
    return stated[(with_gid or list(stated))[0]]
