"""Pull: the sheets of whole seasons, read and taken in, each for itself."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from rushes.catalog.catalog import Catalog, StoredFrame, open_catalog
from rushes.catalog.frame_refs import frame_refs
from rushes.catalog.frame_writer import now
from rushes.catalog.imports import (
    Import,
    Known,
    apply_import,
    find_absent,
    means_whole_file,
    plan_imports,
    what_sheets_said,
)
from rushes.catalog.referenced import Referenced, pictures_by_name, plan_referenced
from rushes.errors import Fault, MediaError, ProjectError, RushesError, SheetError, StoreError, UsageError, did_you_mean
from rushes.footage.source import Source, episode_of
from rushes.labels.episode import RATE, EpisodeSheet, find_buried_header, parse_episode, seems_to_be_of_episode
from rushes.labels.frame_index import FrameIndex, FrameRef
from rushes.labels.season import Episode, find_repeated, read_season
from rushes.labels.sheet import Sheet
from rushes.labels.sheets.anywhere import WantedSheet, read_each
from rushes.labels.sheets.asking import Patience
from rushes.progress import Progress, silent
from rushes.project import PROJECT_FILE, Project, Task
from rushes.storage.places import Remote
from rushes.storage.s3_urls import parse_base
from rushes.storage.stores import list_folder
from rushes.timecode import format_frame_name

_DEFAULT_ORIGIN = "supervised"
_FRAME_MARK = "_frm-"


@dataclass(frozen=True, slots=True)
class PullSettings:
    """How sheets are pulled.

    Attributes:
        strict: take nothing in of a sheet in which anything is faulty.
        check: look whether the pictures of new frames are where the base URL says.
        dry_run: change nothing.
    """

    strict: bool = False
    check: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class PulledEpisode:
    """What came of the sheet of one episode.

    Attributes:
        stem: what the names of its frames begin with, `TT_S01_E01`; the season and episode alone where none was read.
        taken: whether its statements were taken in, or would have been.
        registered: frames that are new to the catalog, by reference to their pictures.
        bases: where the pictures of these are, as the sheet says.
        planned: what its sheet states and what that changes; None where it could not be read.
        faults: what must be put right, in order of the rows.
        unmatched: rows of frames that are not in the catalog.
        notes: what a person may want to look at.
    """

    episode: Episode
    stem: str
    taken: bool = False
    registered: int = 0
    bases: tuple[str, ...] = ()
    planned: Import | None = None
    faults: tuple[Fault, ...] = ()
    unmatched: tuple[Fault, ...] = ()
    notes: tuple[Fault, ...] = ()

    @property
    def row_count(self) -> int:
        return sum(parsed.row_count for parsed in self.planned.parsed) if self.planned else 0

    @property
    def statement_count(self) -> int:
        """How many labels the sheet states."""
        return sum(len(parsed.labels) for parsed in self.planned.parsed) if self.planned else 0

    @property
    def appended(self) -> int:
        return sum(label.class_name is not None for label in self.planned.new) if self.planned and self.taken else 0

    @property
    def withdrawn(self) -> int:
        return sum(label.class_name is None for label in self.planned.new) if self.planned and self.taken else 0

    @property
    def held_back(self) -> int:
        """How many statements are gone from the sheet and were not withdrawn, because it is not whole."""
        return sum(self.planned.held_back.values()) if self.planned else 0


@dataclass(frozen=True, slots=True)
class Pulled:
    """What came of pulling, episode by episode in the order of the season files."""

    episodes: tuple[PulledEpisode, ...]

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(fault for episode in self.episodes for fault in episode.faults)


def read_episodes(
    project: Project, files: Sequence[Path] = (), *, season: str | None = None, episode: str | None = None
) -> list[Episode]:
    """Read season files: those that are named, or else those that rushes.toml names.

    Args:
        season, episode: take only those of this code, `S01` or `E01`.

    Raises:
        ProjectError: neither names one.
        SheetError: a season file is faulty; what is wrong in all of them is named.
        UsageError: no episode is of the code.
    """
    paths = list(files) or [project.root / name for name in project.labels.seasons]
    if not paths:
        raise ProjectError(
            f"no season file is named. Give one: rushes labels pull S01-episodes.json; or in {PROJECT_FILE}:\n"
            '  [labels]\n  seasons = ["S01-episodes.json"]'
        )
    episodes: list[Episode] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            episodes += read_season(path)
        except SheetError as error:
            faults += error.faults
    if not faults and len(paths) > 1:
        faults += find_repeated(episodes)
    if faults:
        raise SheetError(faults)
    if season is not None:
        episodes = _only(episodes, season, option="--season", code_of=lambda one: one.season)
    if episode is not None:
        episodes = _only(episodes, episode, option="--episode", code_of=lambda one: one.episode)
    return episodes


def pull(
    project: Project,
    task: Task,
    episodes: Sequence[Episode],
    *,
    settings: PullSettings | None = None,
    progress: Progress = silent,
    patience: Patience | None = None,
) -> Pulled:
    """Read the sheet of every episode, and take in what each states; one that fails keeps no other from it.

    Statements are appended, never overwritten; those that a sheet no longer makes are withdrawn, unless anything in
    it is faulty or of frames that are not in the catalog. Frames that are not in the catalog are registered by
    reference where the sheet has a base URL and the film is not there either.

    Args:
        patience: how Google is asked; None asks as it wants it.

    Raises:
        CatalogError: the catalog cannot be used.
        StoreError: a store gives nothing more for now, whatever the sheet; the episodes before it were taken in.
    """
    chosen = settings or PullSettings()
    wanted = [WantedSheet(one.sheet, one.title, one.folder) for one in episodes]
    done: list[PulledEpisode] = []
    with open_catalog(project.catalog_place) as catalog, _uncollected():
        pulling = _Pulling(catalog, project, task, chosen)
        progress(0, len(wanted))
        for episode, found in zip(episodes, read_each(wanted, root=project.root, patience=patience), strict=True):
            done.append(
                PulledEpisode(episode, episode.code, faults=found.faults)
                if isinstance(found, SheetError)
                else pulling.take(episode, found)
            )
            progress(len(done), len(wanted), episode.title)
    return Pulled(tuple(done))


@dataclass(slots=True)
class _Pulling:
    """One pull: what the catalog knows, and what was listed so far.

    Attributes:
        sources: what names of frames begin with, in lower case -> the sources of such frames.
        of_episode: name of an episode, in lower case -> its sources, films that were taken in later among them.
    """

    catalog: Catalog
    project: Project
    task: Task
    settings: PullSettings
    sources: dict[str, list[Source]] = field(default_factory=dict)
    of_episode: dict[str, list[Source]] = field(default_factory=dict)
    listed: dict[Remote, dict[str, str] | MediaError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for source in self.catalog.sources():
            self.sources.setdefault(_stem_of(source), []).append(source)
            self.of_episode.setdefault(episode_of(source), []).append(source)

    def take(self, episode: Episode, sheets: Sequence[Sheet]) -> PulledEpisode:
        """Take in the worksheets of an episode."""
        checked, faults, passed_over = _check(episode, sheets, known=self.project.columns, rates=self._rates())
        if not checked:
            return PulledEpisode(episode, episode.code, faults=tuple(faults))
        faulty = {fault.sheet for fault in faults}
        said = {sheet.key for sheet in sheets if sheet.name in faulty} | {one.sheet.key for one in checked}
        absent = find_absent(self.catalog, self.task, sheets, said=said) if means_whole_file(episode.sheet) else []
        about = (*_notes_of(checked), *passed_over, *absent)
        stem = next((one.stem for one in checked if one.stem), episode.code)
        sources = self.sources.setdefault(stem.casefold(), [])
        frames = self.catalog.frames_of([source.digest for source in sources])
        try:
            new, notes = self._register(checked, stem, sources, frames)
        except StoreError:  # whatever the episode
            raise
        except RushesError as error:
            faults.append(Fault(checked[0].sheet.name, None, None, str(error)))
            return PulledEpisode(episode, stem, faults=tuple(faults), notes=about)
        kin = self.of_episode.get(stem.casefold(), [])
        added = [one.source for one in new.values() if one.source is not None]
        every = list({source.digest: source for source in (*kin, *sources, *added)}.values())
        refs = self._refs([*frames, *(item for one in new.values() for item in one.frames)], every)
        del frames  # of which the references hold what is still needed
        keys = [key for one in checked for key in (one.sheet.key, *one.sheet.former_keys)]
        previous, subjects = what_sheets_said(self.catalog, self.task, keys)
        planned = plan_imports(
            Known(tuple(every), FrameIndex(refs), previous, subjects),
            [(one.sheet, one.columns) for one in checked],
            self.task,
            default_origin=_DEFAULT_ORIGIN,
            now=now(),
            refused={one.sheet.key: {**one.refused, **new[one.sheet.key].missing} for one in checked},
            unread=(*faults, *absent),
        )
        faults += planned.faults
        taken = not (self.settings.strict and faults)
        registered = [item for one in new.values() for item in one.frames] if taken else []
        if taken and not self.settings.dry_run:
            self._apply(planned, new.values(), sources)
        return PulledEpisode(
            episode,
            stem,
            taken=taken,
            registered=len({item.frame.id for item in registered}),
            bases=tuple(dict.fromkeys(one.source.path for one in new.values() if taken and one.source is not None)),
            planned=planned,
            faults=tuple(faults),
            unmatched=planned.unmatched,
            notes=(*about, *notes),
        )

    def _register(
        self, checked: Sequence[EpisodeSheet], stem: str, sources: Sequence[Source], frames: Sequence[StoredFrame]
    ) -> tuple[dict[str, Referenced], list[Fault]]:
        """Return key of a sheet -> what of it is to be registered, and what a person may want to know of that.

        Raises:
            RushesError: the base URL leads nowhere, or its place may not be listed.
        """
        new = {one.sheet.key: Referenced(None, (), {}) for one in checked}
        if any(source.kind == "video" and not source.is_referenced for source in sources):
            return new, []
        notes: list[Fault] = []
        known = next((source for source in sources if source.is_referenced), None)
        stem = known.name if known is not None and known.name.casefold() == stem.casefold() else stem
        named: set[str] = set()  # a frame is where the first worksheet that names it says
        for one in checked:
            base = parse_base(one.base, os.environ) if one.base else None
            there = _names_there(frames, sources, base)
            rows = {
                row: timecode
                for row, timecode in one.frames.items()
                if (name := format_frame_name(stem, timecode).casefold()) not in there and name not in named
            }
            if base is not None:
                named |= {format_frame_name(stem, timecode).casefold() for timecode in one.frames.values()}
            if not rows:
                continue
            if base is None:
                message = (
                    f"{stem} is not in the catalog, and its sheet has no base URL. Take the film in: "
                    "rushes ingest FILM; or state where its pictures are, in a column S3_BASE_URL"
                )
                notes.append(Fault(one.sheet.name, None, None, message))
                continue
            assert one.columns.frame is not None  # an episode sheet has it
            new[one.sheet.key] = plan_referenced(
                rows,
                stem=stem,
                base=base,
                rate=known.rate if known is not None and known.rate is not None else RATE,
                pictures=self._pictures(base) if self.settings.check else None,
                known=known,
                group=sources[0].group if sources else stem,
                sheet=one.sheet.name,
                column=one.columns.frame.name,
            )
            named -= {format_frame_name(stem, rows[row]).casefold() for row in new[one.sheet.key].missing}
            known = known or new[one.sheet.key].source
        return new, notes

    def _pictures(self, base: Remote) -> dict[str, str]:
        """Return what lies in a folder, listed once."""
        if base not in self.listed:
            try:
                self.listed[base] = pictures_by_name(base, _list(base))
            except MediaError as error:
                self.listed[base] = error
        found = self.listed[base]
        if isinstance(found, MediaError):
            raise UsageError(
                f"the pictures in {base} cannot be looked for: it {found.reason}. Or take them to be there, with "
                "--no-check"
            )
        return found

    def _refs(self, frames: Sequence[StoredFrame], sources: Sequence[Source]) -> list[FrameRef]:
        """Return what the sheet may know of frames; of one that is there twice, as it will be."""
        stills = any(source.kind != "video" for source in sources)
        every = {item.frame.id: item for item in frames}
        return frame_refs(list(every.values()), sources, self.catalog.other_paths() if stills else None)

    def _rates(self) -> dict[str, Fraction]:
        every = (source for sources in self.sources.values() for source in sources)
        return {source.name.casefold(): source.rate for source in every if source.rate is not None}

    def _apply(self, planned: Import, new: Iterable[Referenced], sources: list[Source]) -> None:
        with self.catalog.at_once():
            known = {source.digest for source in sources}
            for one in new:
                if one.source is not None:
                    stored = self.catalog.add_source(one.source, now=now())
                    self.catalog.add_frames(one.frames, now=now())
                    if stored.digest not in known:
                        known.add(stored.digest)
                        sources.append(stored)
            apply_import(self.catalog, planned)
            stored_now = (self.catalog.source(source.digest) for source in sources)
            sources[:] = [source for source in stored_now if source is not None]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of cycles from looking through a million labels again and again: a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _check(
    episode: Episode, sheets: Sequence[Sheet], *, known: Mapping[str, str], rates: Mapping[str, Fraction]
) -> tuple[list[EpisodeSheet], list[Fault], list[Fault]]:
    """Return the worksheets of the episode, checked; what is wrong with those that cannot be read; a note per other.

    Worksheets without any column of an episode sheet (notes, a legend) are passed over, unless all are without.
    """
    chosen: list[Sheet] = []
    faults: list[Fault] = []
    others: list[Fault] = []
    for sheet in sheets:
        if seems_to_be_of_episode(sheet, known):
            chosen.append(sheet)
        elif (row := find_buried_header(sheet, known)) is not None:
            message = (
                "what stands above the header keeps this worksheet from being read. Delete the rows above this one"
            )
            faults.append(Fault(sheet.name, row, None, message))
        else:
            others.append(Fault(sheet.name, None, None, "passed over: it has no column of an episode sheet"))
    if not chosen and not faults:
        chosen, others = list(sheets[:1]), []
    checked: list[EpisodeSheet] = []
    for sheet in chosen:
        try:
            checked.append(parse_episode(sheet, episode, known=known, rates=rates))
        except SheetError as error:
            faults += error.faults
    return checked, faults, others


def _only(episodes: Sequence[Episode], code: str, *, option: str, code_of: Callable[[Episode], str]) -> list[Episode]:
    known = list(dict.fromkeys(code_of(one) for one in episodes))
    letter = known[0][0]
    digits = code.strip().upper().removeprefix(letter)
    wanted = f"{letter}{int(digits):02d}" if digits.isascii() and digits.isdigit() else code
    if wanted not in known:
        raise UsageError(f"{option} {code}: no episode of it is in the season files. {did_you_mean(code, known)}")
    return [one for one in episodes if code_of(one) == wanted]


def _stem_of(source: Source) -> str:
    """Return what the names of a source's frames begin with, in lower case; a still is named as its frame."""
    name = source.name.casefold()
    return name if source.kind == "video" else name.rpartition(_FRAME_MARK)[0] or name


def _names_there(frames: Sequence[StoredFrame], sources: Sequence[Source], base: Remote | None) -> frozenset[str]:
    """Return the names of the frames that need not be registered, in lower case.

    A picture that is referred to in another folder than the base URL is to be looked for anew.
    """
    referenced = {source.digest for source in sources if source.is_referenced}
    place = str(base) if base is not None else ""
    return frozenset(
        item.frame.name.casefold()
        for item in frames
        if item.frame.source not in referenced or item.image.startswith(place)
    )


def _list(base: Remote) -> list[str]:
    if base.scheme in ("http", "https"):
        raise MediaError(base, "is on a web server, which lists no folder")
    return list_folder(base)


def _notes_of(checked: Sequence[EpisodeSheet]) -> tuple[Fault, ...]:
    return tuple(note for one in checked for note in one.notes)
