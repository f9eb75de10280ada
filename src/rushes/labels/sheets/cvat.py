"""XML of CVAT, for images 1.1 and for video 1.1, as sheets: tags and tracks as classes."""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from rushes.errors import Fault, SheetError
from rushes.labels.sheet import Sheet, unreadable

ANNOTATIONS = "annotations.xml"  # the file's name in the archive that CVAT exports
_SHAPES = frozenset({"box", "polygon", "polyline", "points", "cuboid", "ellipse", "mask", "skeleton"})
_FRAME_OF_FILM = re.compile(r"frame_(\d{6,})(?:\.\w+)?")
_MACHINES = frozenset({"auto", "automatic"})
_MODEL = "model:cvat"
_MOST_BYTES = 1 << 30  # of an archive's annotations, unpacked

# What unpacking raises of an archive that is cut off, changed, locked, or packed in a way that is not known here.
DAMAGED_ARCHIVE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError)

Cells = dict[str, str]


@dataclass(slots=True)
class _Mark:
    """A tag, track or shape while it is read."""

    line: int
    cells: Cells
    attributes: Cells = field(default_factory=dict)


@dataclass(slots=True)
class _Visible:
    """A stretch of a track during which its object is to be seen, with the attributes it has there."""

    start: int
    last: int
    attributes: Cells
    line: int


@dataclass(slots=True)
class _Table:
    """Rows as they are found; their attributes become columns."""

    rows: list[tuple[Cells, Cells]] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)

    def add(self, entry: str, cells: Cells, attributes: Cells) -> None:
        self.rows.append((cells, attributes))
        self.entries.append(entry)


def parse_cvat_archive(content: bytes, *, name: str, key: str) -> list[Sheet]:
    """Read the annotations in an archive as CVAT exports it; its pictures are left alone.

    Raises:
        SheetError: there are none in it, they are too large, or cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inside = [item for item in archive.infolist() if item.filename.rpartition("/")[2] == ANNOTATIONS]
            if len(inside) != 1:
                raise unreadable(name, f"the archive holds {len(inside)} files {ANNOTATIONS}, and rushes reads one")
            if inside[0].file_size > _MOST_BYTES:
                raise unreadable(name, f"{ANNOTATIONS} is larger than 1 GiB. Export the jobs of the task one by one")
            with archive.open(inside[0]) as file:
                unpacked = file.read(_MOST_BYTES + 1)
    except DAMAGED_ARCHIVE as error:
        raise unreadable(name, f"the archive cannot be unpacked ({error})") from error
    return parse_cvat(unpacked, name=name, key=key)


def parse_cvat(content: bytes, *, name: str, key: str) -> list[Sheet]:
    """Read the images and tracks of an export; each kind that is there gives a sheet.

    - `images`: columns `image`, `label` (of a tag), its attributes, `origin`, and `subjects`: the labels of what was
      drawn in the picture, which is what it shows, not what it is.
    - `frames`: the same of images that are frames of a film (`frame_000012`), with `source` and `ordinal` in place of
      `image`.
    - `tracks`: columns `source`, `start`, `stop`, `label`, the attributes, `origin`: a row for each stretch in which a
      track is visible with the same attributes. Between two frames that are listed it is as in the first.

    What was annotated by a machine (`source="auto"`) has the origin `model:cvat`, which is never a label. Elements that
    cannot be read become faults, named by image, track and line.

    Raises:
        SheetError: this is no XML of CVAT, is cut off, declares entities, or holds no image and no track.
    """
    reading = _Reading(name)
    try:
        reading.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise unreadable(
            name, f"this is not whole XML ({expat.ErrorString(error.code)}). Export it again", row=error.lineno
        ) from error
    kinds = {
        "images": (reading.images, ("image", "label"), reading.of_images),
        "frames": (reading.frames, ("source", "ordinal", "label"), reading.of_images),
        "tracks": (reading.tracks, ("source", "start", "stop", "label"), reading.of_tracks),
    }
    filled = {title: kind for title, kind in kinds.items() if kind[0].rows}
    if not filled:
        if reading.of_images or reading.of_tracks:
            raise SheetError([*reading.of_images, *reading.of_tracks])
        raise unreadable(name, "this is no export of CVAT: it holds no image and no track")
    return [
        _sheet_of(
            table,
            columns,
            name=f"{name} [{title}]" if len(filled) > 1 else name,
            key=f"{key}#{title}",
            # What one kind lost is missing in its own sheet; a kind that lost all has none, and must not pass unseen.
            faults=tuple(faults) if faults or len(filled) > 1 else (*reading.of_images, *reading.of_tracks),
        )
        for title, (table, columns, faults) in filled.items()
    ]


def _sheet_of(table: _Table, columns: tuple[str, ...], *, name: str, key: str, faults: tuple[Fault, ...]) -> Sheet:
    others = ("origin", "subjects")
    named = list(dict.fromkeys(attribute for _, attributes in table.rows for attribute in attributes))
    headers = [f"attribute.{word}" if word in (*columns, *others) else word for word in named]
    rows = tuple(
        (
            *(cells.get(column, "") for column in columns),
            *(attributes.get(word, "") for word in named),
            *(cells.get(column, "") for column in others),
        )
        for cells, attributes in table.rows
    )
    return Sheet(
        name, (*columns, *headers, *others), rows, key=key, first_row=1, entries=tuple(table.entries), faults=faults
    )


class _Reading:
    """The state of one pass over an export, element by element."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.images, self.frames, self.tracks = _Table(), _Table(), _Table()
        self.of_images: list[Fault] = []
        self.of_tracks: list[Fault] = []
        self.path: list[str] = []
        self.text: list[str] = []
        self.films: dict[str, str] = {}  # id of a task -> its film; "" for the only one
        self.task_id = ""
        self.image: Cells = {}
        self.marks: list[_Mark] = []  # tags of the image that is open
        self.drawn: list[str] = []
        self.track: _Mark | None = None
        self.seen: list[_Visible] = []
        self.shape: _Mark | None = None
        self.latest = 0  # frame of the track that is open
        self.attribute = ""
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.text.append
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse

    def refuse(self, *_: object) -> None:
        line = self.parser.CurrentLineNumber
        raise unreadable(self.name, "it declares a document type or entities, which no export of CVAT does", row=line)

    def start(self, tag: str, given: dict[str, str]) -> None:
        if not self.path and tag != "annotations":
            raise unreadable(self.name, f"this is no export of CVAT: its root is '{tag}', not 'annotations'")
        self.path.append(tag)
        self.text.clear()
        line, place = self.parser.CurrentLineNumber, self.path[1:]
        if place == ["image"]:
            self.image, self.marks, self.drawn = dict(given), [], []
            self.image["line"] = str(line)
        elif place == ["track"]:
            self.track, self.seen = _Mark(line, dict(given)), []
        elif place == ["image", "tag"]:
            self.marks.append(_Mark(line, dict(given)))
        elif place[:1] in (["image"], ["track"]) and len(place) == 2 and tag in _SHAPES:
            self.shape = _Mark(line, dict(given))
        elif tag == "attribute" and place[:1] != ["meta"]:
            self.attribute = given.get("name", "").strip()

    def end(self, tag: str) -> None:
        place, text = self.path[1:], "".join(self.text).strip()
        self.path.pop()
        self.text.clear()
        if place[:1] == ["meta"]:
            self._meta(place, text)
        elif place == ["image"]:
            self._close_image()
        elif place == ["track"]:
            self._close_track()
        elif tag == "attribute" and self.attribute:
            self._add_attribute(place, text)
        elif len(place) == 2 and tag in _SHAPES and self.shape is not None:
            self._close_shape(place, self.shape)
            self.shape = None

    def _meta(self, place: list[str], text: str) -> None:
        if place[-2:] == ["task", "id"]:
            self.task_id = text
        elif place[-1:] == ["source"] and text:
            self.films.setdefault(self.task_id, text)

    def _add_attribute(self, place: list[str], text: str) -> None:
        if place[:2] == ["image", "tag"] and self.marks:
            self.marks[-1].attributes[self.attribute] = text
        elif place == ["track", "attribute"] and self.track is not None:
            self.track.attributes[self.attribute] = text
        elif self.shape is not None:
            self.shape.attributes[self.attribute] = text

    def _close_shape(self, place: list[str], shape: _Mark) -> None:
        label = shape.cells.get("label", "").strip()
        if place[0] == "image":
            if label:
                self.drawn.append(label)
            return
        ordinal = shape.cells.get("frame", "")
        if not re.fullmatch(r"\d{1,12}", ordinal):
            self._fault(shape.line, self._name_of_track(), f"frame is '{ordinal}'; it must be a whole number from 0")
            return
        number, hidden = int(ordinal), shape.cells.get("outside") == "1"
        open_now = self.seen[-1] if self.seen and self.seen[-1].last < 0 else None
        if open_now is not None:
            if number <= open_now.start and not hidden:
                self._fault(
                    shape.line, self._name_of_track(), f"frame {number} does not come after frame {open_now.start}"
                )
                return
            if not hidden and open_now.attributes == shape.attributes:
                self.latest = number
                return
            open_now.last = number - 1
        if not hidden:
            self.seen.append(_Visible(number, -1, dict(shape.attributes), shape.line))
            self.latest = number

    def _close_track(self) -> None:
        track = self.track
        self.track = None
        if track is None:
            return
        entry = f"track {track.cells.get('id', '')}".strip()
        label = track.cells.get("label", "").strip()
        film = self._film(track.cells.get("task_id", ""))
        if not label or not film:
            lacks = "a label" if not label else "a film: the export names no source for it"
            self._fault(track.line, entry, f"the track lacks {lacks}")
            return
        for part in self.seen:
            last = part.last if part.last >= 0 else self.latest
            cells = {"source": film, "start": str(part.start), "stop": str(last + 1), "label": label}
            cells["origin"] = _origin_of(track.cells)
            self.tracks.add(f"{entry}, line {part.line}", cells, track.attributes | part.attributes)

    def _close_image(self) -> None:
        image = self.image
        name, line = image.get("name", "").strip(), int(image["line"])
        if not name:
            self._fault(line, f"image {image.get('id', '')}".strip(), "the image has no name")
            return
        film, frame = self._film(image.get("task_id", "")), _FRAME_OF_FILM.fullmatch(name.rpartition("/")[2])
        is_of_film = film and frame
        table = self.frames if is_of_film else self.images
        address = {"source": film, "ordinal": str(int(frame[1]))} if frame and film else {"image": name}
        entry = f"image {name}"
        subjects = "; ".join(dict.fromkeys(self.drawn))
        for mark in self.marks:
            label = mark.cells.get("label", "").strip()
            if not label:
                self._fault(mark.line, entry, "a tag has no label")
                continue
            cells = {**address, "label": label, "origin": _origin_of(mark.cells), "subjects": subjects}
            table.add(f"{entry}, line {mark.line}", cells, mark.attributes)
            subjects = ""
        if subjects or not self.marks:
            table.add(f"{entry}, line {line}", {**address, "subjects": subjects}, {})

    def _film(self, task_id: str) -> str:
        return self.films.get(task_id) or (next(iter(self.films.values())) if len(self.films) == 1 else "")

    def _name_of_track(self) -> str:
        return f"track {self.track.cells.get('id', '')}".strip() if self.track is not None else "track"

    def _fault(self, line: int, entry: str, message: str) -> None:
        faults = self.of_tracks if entry.startswith("track") else self.of_images
        faults.append(Fault(self.name, None, None, message, entry=f"{entry}, line {line}"))


def _origin_of(given: dict[str, Any]) -> str:
    return _MODEL if given.get("source", "").casefold() in _MACHINES else ""
