"""Attributes of frames as a project knows them: from its catalog, photographs' EXIF, pictures, and a sheet."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

from rushes.catalog.catalog import Catalog, StoredFrame
from rushes.catalog.frame_refs import frame_refs
from rushes.datasets.picture_facts import PictureFacts, read_picture_facts
from rushes.errors import Fault, MediaError, SheetError, UnreachableError, UsageError, did_you_mean
from rushes.footage.camera import CameraFacts, read_camera_facts
from rushes.footage.source import Source
from rushes.labels.attribute_sheet import SheetAttributes, SheetFrames, Value, attributes_of_sheet
from rushes.labels.frame_index import FrameRef
from rushes.labels.manifest import ManifestRow
from rushes.labels.sheet import fold_name
from rushes.labels.sheets.files import read_sheets
from rushes.progress import Progress, silent
from rushes.storage.kept_records import KeptRecords
from rushes.storage.pictures import is_remote
from rushes.storage.places import parse_place

Column: TypeAlias = tuple[Value, ...]

SUBJECTS = "subjects"
MEASURED_BY_ITSELF = 2000  # pictures up to which brightness and sharpness are measured without being asked for
_TENTHS = 10
_CAMERAS = "cameras-2"  # another number where more or other tags are read

_log = logging.getLogger(__name__)

_OF_FRAMES = ("group", "label origin")
_OF_SOURCES: Mapping[str, Callable[[Source], Value]] = {
    "source": lambda source: source.name,
    "kind": lambda source: source.kind,
    "codec": lambda source: source.codec,
    "resolution": lambda source: f"{source.width_pixels}×{source.height_pixels}",
    "frame rate": lambda source: None if source.rate is None else f"{float(source.rate):.5g}",
    "year": lambda source: _time_part(source, "%Y"),
    "month": lambda source: _time_part(source, "%Y-%m"),
    "time of day": lambda source: _time_of_day(source),
}
_POSITION = "position"
_OF_CAMERAS: Mapping[str, Callable[[CameraFacts], Value]] = {
    "camera": lambda facts: facts.camera,
    "lens": lambda facts: facts.lens,
    "ISO": lambda facts: facts.iso,
    "focal length": lambda facts: facts.focal_length,
    "aperture": lambda facts: facts.aperture,
    "exposure": lambda facts: facts.exposure,
}
_OF_PICTURES: Mapping[str, Callable[[PictureFacts], Value]] = {
    "brightness": lambda facts: facts.brightness,
    "contrast": lambda facts: facts.contrast,
    "sharpness": lambda facts: facts.sharpness,
    "aspect": lambda facts: f"{facts.aspect:.2f}",
    "picture size": lambda facts: f"{facts.width}×{facts.height}",
}
KNOWN_COLUMNS = (SUBJECTS, *_OF_FRAMES, *_OF_SOURCES, _POSITION, *_OF_CAMERAS, *_OF_PICTURES)
# What is looked at without being asked for: what says how a picture was made, and costs little. Groups and sources have
# a table of their own, and none of their slices can be tested, being of one group.
_BY_ITSELF = ("kind", "codec", "resolution", "frame rate", "year", "time of day", "label origin", _POSITION, "camera",
              "lens", "ISO", "focal length")  # fmt: skip
_MEASURED = ("brightness", "sharpness")


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """A frame whose attributes are wanted, as predictions name it."""

    id: str
    name: str
    image: str
    group: str
    origin: str


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known of frames.

    Attributes:
        columns: name -> (frames,) value of each, None where it is not known; `subjects` is not among them.
        asked: the names that were asked for, as they are spelt here; () where none was.
        remarks: what a reader must know of how they were read, in sentences.
        notes: what is good to know of it and no cause for concern, in sentences.
    """

    columns: Mapping[str, Column]
    asked: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def of_rows(self, rows: Sequence[int]) -> Attributes:
        """Return what is known of some of the frames, in the order in which they are named."""
        return replace(
            self, columns={name: tuple(column[row] for row in rows) for name, column in self.columns.items()}
        )


def read_attributes(
    frames: Sequence[JudgedFrame],
    *,
    catalog: Catalog,
    project_root: Path,
    cache_folder: Path,
    asked: Sequence[str] = (),
    sheet: Path | None = None,
    progress: Progress = silent,
) -> Attributes:
    """Return the columns that are asked for; else those of the sheet and those that cost little.

    Args:
        asked: names of columns, of the sheet or of `KNOWN_COLUMNS`; case, spaces and punctuation do not count. A column
            of the sheet goes before one of the project with the same name.
        sheet: a table with a row per frame, source or group.

    Raises:
        UsageError: a column that does not exist.
        SheetError: the sheet cannot be read, or fits no frame.
    """
    stored = _stored(catalog, frames)
    sources = {source.digest: source for source in catalog.sources()}
    of_frame = [sources.get(one.frame.source) if one else None for one in stored]
    found = None if sheet is None else _read_sheet(sheet, _frames_of_sheets(catalog, frames), root=project_root)
    from_sheet: Mapping[str, Column] = {} if found is None else found.columns
    wanted = _spelt(asked, None if found is None else tuple(from_sheet))
    is_cheap = len(frames) <= MEASURED_BY_ITSELF and not any(is_remote(frame.image) for frame in frames)
    names = wanted or (*from_sheet, *_BY_ITSELF, *(_MEASURED if is_cheap else ()))
    taken = {fold_name(name) for name in from_sheet}
    own = {name for name in names if name not in from_sheet and (wanted or fold_name(name) not in taken)}
    columns: dict[str, Column] = {name: from_sheet[name] for name in names if name in from_sheet}
    columns |= _columns_of_catalog(own, frames, stored, of_frame)
    if own & set(_OF_CAMERAS):
        columns |= _columns_of_cameras(own, of_frame, cache_folder, far=bool(wanted), progress=progress)
    if own & set(_OF_PICTURES):
        columns |= _columns_of_pictures(own, frames, stored, project_root, cache_folder, progress=progress)
    return Attributes(
        {name: columns[name] for name in names if name in columns},
        wanted,
        remarks=(found.remark,) if found and found.remark else (),
        notes=(found.note,) if found and found.note else (),
    )


def _stored(catalog: Catalog, frames: Sequence[JudgedFrame]) -> list[StoredFrame | None]:
    """Return what the catalog holds of each frame; None of one that it does not know."""
    heads = {frame.id.rpartition(":")[0] for frame in frames}
    digests = [source.digest for source in catalog.sources() if source.digest[:16] in heads]
    known = {one.frame.id: one for one in catalog.frames_of(digests)}
    return [known.get(frame.id) for frame in frames]


def _spelt(asked: Sequence[str], of_sheet: Sequence[str] | None) -> tuple[str, ...]:
    """Return columns as they are spelt, each once.

    Args:
        of_sheet: columns of the sheet; None without a sheet.
    """
    known = {fold_name(name): name for name in (*KNOWN_COLUMNS, *(of_sheet or ()))} | {"subject": SUBJECTS}
    for name in asked:
        if fold_name(name) not in known:
            every = list(dict.fromkeys([*(of_sheet or ()), *KNOWN_COLUMNS]))
            own, further = (", ".join(f"'{one}'" for one in names) for names in (KNOWN_COLUMNS, of_sheet or ()))
            hint = "Columns of your own come with --with SHEET" if of_sheet is None else f"The sheet has: {further}"
            raise UsageError(f"--by {name}: there is no such column. {_suggestion(name, every)}Allowed: {own}. {hint}")
    return tuple(dict.fromkeys(known[fold_name(name)] for name in asked))


def _suggestion(name: str, every: Sequence[str]) -> str:
    said = did_you_mean(name, every)
    return f"{said} " if said.startswith("Did") else ""


def _frames_of_sheets(catalog: Catalog, frames: Sequence[JudgedFrame]) -> SheetFrames:
    """Return what a sheet may call the frames, and all others of the project, as for the import of labels.

    One that the catalog does not know by its id is the frame with its picture, where that is one; else it is known by
    its picture alone.
    """
    every = frame_refs(catalog.frames(), catalog.sources(), catalog.other_paths())
    of_id, of_image = {ref.id: ref for ref in every}, {ref.image: ref for ref in every}
    known = [of_id.get(frame.id) or of_image.get(frame.image) for frame in frames]
    judged = [replace(ref or _foreign(frame), group=frame.group) for frame, ref in zip(frames, known, strict=True)]
    return SheetFrames(judged, every)


def _foreign(frame: JudgedFrame) -> FrameRef:
    identity = frame.id if ":" in frame.id else f"{frame.id}:0"  # each is of a source of its own
    return FrameRef(identity, frame.name, frame.image, frame.name, frame.image, 0, Fraction(0), "", frame.group)


def _read_sheet(path: Path, frames: SheetFrames, *, root: Path) -> SheetAttributes:
    """Return what the worksheets of a file say of the frames; the first that fits any counts.

    Raises:
        SheetError: as `read_sheets` and `attributes_of_sheet`.
    """
    faults: list[Fault] = []
    for sheet in read_sheets(path, root=root, catalogued=False):
        try:
            return attributes_of_sheet(sheet, frames)
        except SheetError as error:
            faults += error.faults
    raise SheetError(faults or [Fault(path.name, None, None, "holds no table")])


def _columns_of_catalog(
    names: set[str],
    frames: Sequence[JudgedFrame],
    stored: Sequence[StoredFrame | None],
    sources: Sequence[Source | None],
) -> dict[str, Column]:
    columns: dict[str, Column] = {
        name: tuple(None if source is None else read(source) for source in sources)
        for name, read in _OF_SOURCES.items()
        if name in names
    }
    if "group" in names:
        columns["group"] = tuple(frame.group or None for frame in frames)
    if "label origin" in names:
        columns["label origin"] = tuple(frame.origin or None for frame in frames)
    if _POSITION in names:
        columns[_POSITION] = tuple(_position(one, source) for one, source in zip(stored, sources, strict=True))
    return columns


def _columns_of_cameras(
    names: set[str], sources: Sequence[Source | None], cache_folder: Path, *, far: bool, progress: Progress
) -> dict[str, Column]:
    """Return what the photographs state of their cameras; what was read once is kept.

    Args:
        far: whether photographs in stores are read too.
    """
    kept = KeptRecords(cache_folder / _CAMERAS)
    stills = {one.digest: one for one in sources if one and one.kind != "video" and not one.is_referenced}
    facts: dict[str, CameraFacts] = {}
    for done, (digest, source) in enumerate(stills.items(), 1):
        found = _camera_of(source, kept, far=far)
        if found is not None:
            facts[digest] = found
        progress(done, len(stills), "reading what cameras state")
    kept.flush()
    return {
        name: tuple(read(facts[one.digest]) if one and one.digest in facts else None for one in sources)
        for name, read in _OF_CAMERAS.items()
        if name in names
    }


def _camera_of(source: Source, kept: KeptRecords, *, far: bool) -> CameraFacts | None:
    """Return the facts of one photograph; None where its file is not at hand."""
    record = kept.get(source.digest)
    if record is not None:
        return CameraFacts(**json.loads(record))
    if is_remote(source.path) and not far:
        return None
    try:
        facts = read_camera_facts(parse_place(source.path))
    except UnreachableError:
        raise
    except (MediaError, UsageError) as error:
        _log.info("%s: what its camera states is not known (%s)", source.name, error)
        return None
    kept.put(source.digest, json.dumps(asdict(facts)).encode())
    return facts


def _columns_of_pictures(
    names: set[str],
    frames: Sequence[JudgedFrame],
    stored: Sequence[StoredFrame | None],
    root: Path,
    cache_folder: Path,
    *,
    progress: Progress,
) -> dict[str, Column]:
    rows = {
        frame.image: ManifestRow(frame.image, "-", sha256=one.sha256 if one and one.image == frame.image else "")
        for frame, one in zip(frames, stored, strict=True)
    }
    facts = read_picture_facts(list(rows.values()), project_root=root, cache_folder=cache_folder, progress=progress)
    found = [facts[frame.image] for frame in frames]
    return {
        name: tuple(None if isinstance(one, MediaError) else read(one) for one in found)
        for name, read in _OF_PICTURES.items()
        if name in names
    }


def _position(stored: StoredFrame | None, source: Source | None) -> Value:
    """Return the tenth of its film in which a frame stands: `00–10 %`."""
    if (
        stored is None
        or source is None
        or source.kind != "video"
        or source.is_referenced
        or source.frame_count < _TENTHS
    ):
        return None
    tenth = min(_TENTHS - 1, stored.frame.ordinal * _TENTHS // source.frame_count)
    return f"{tenth * 10:02d}–{tenth * 10 + 10} %"


def _captured(source: Source) -> datetime | None:
    try:
        return datetime.fromisoformat(source.captured_at) if source.captured_at else None
    except ValueError:
        return None


def _time_part(source: Source, form: str) -> Value:
    at = _captured(source)
    return at.strftime(form) if at else None


def _time_of_day(source: Source) -> Value:
    """Return the quarter of the day, by the camera's clock: of photographs only, a film states when it was written."""
    at = _captured(source)
    if at is None or source.kind == "video":
        return None
    return ("night, 0–6 h", "morning, 6–12 h", "afternoon, 12–18 h", "evening, 18–24 h")[at.hour // 6]
