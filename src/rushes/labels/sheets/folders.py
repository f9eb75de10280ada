"""Folders as sheets: class folders, and datasets in the layout of Hugging Face's imagefolder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from rushes.errors import Fault
from rushes.footage.kinds import PHOTO_EXTENSIONS, RAW_EXTENSIONS
from rushes.labels.sheet import Sheet, unreadable
from rushes.storage.files import digest_of_file
from rushes.timecode import parse_frame_name

METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
FILE_NAME = "file_name"
_PICTURES = PHOTO_EXTENSIONS | RAW_EXTENSIONS
_FRAMES = ("frame", "img-ref")
_ANSWERS = ("label", "class", "class_name", "labels")


def metadata_files(folder: Path) -> list[Path]:
    """Return the metadata files of a dataset: in the folder itself and in those of its parts, in order."""
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))]
    return [path for place in places for name in METADATA if (path := place / name).is_file()]


def has_answers(sheet: Sheet) -> bool:
    """Return whether the metadata of a dataset states classes; otherwise its folders do."""
    return any(column.casefold() in _ANSWERS for column in sheet.columns)


def place_files(sheet: Sheet, folder: Path) -> Sheet:
    """Return a sheet whose `file_name` is a whole path: in a dataset it is relative to the folder of its metadata.

    Where there is no such picture the cell stays as it is; so does a sheet that names its frames besides, as ours do.
    Beside each row stands the digest of its picture, where that is there and its name is not that of a frame.
    """
    if FILE_NAME not in sheet.columns or any(column in sheet.columns for column in _FRAMES):
        return sheet
    index = sheet.columns.index(FILE_NAME)
    rows, digests = [], []
    for row in sheet.rows:
        text = row[index].strip()
        path = _below(folder, text)
        is_there = path is not None and path.is_file()
        digests.append(_digest_of(path) if path is not None and is_there else "")
        rows.append((*row[:index], path.as_posix() if path is not None and is_there else text, *row[index + 1 :]))
    return replace(sheet, rows=tuple(rows), digests=tuple(digests))


def read_class_folders(folder: Path, *, name: str, key: str) -> Sheet:
    """Read a tree of class folders, `train/<class>/<file>` or `<class>/<file>`, as a row per picture.

    The folder a picture stands in is its class. Hidden files and folders, and files that are no pictures, are left out.

    Raises:
        SheetError: there is no picture in the tree, or a folder cannot be listed.
    """
    rows: list[tuple[str, str]] = []
    entries, digests = [], []
    faults: list[Fault] = []
    for path in _pictures_below(folder, name):
        inside = path.relative_to(folder)
        if len(inside.parts) == 1:
            message = "the picture stands in no class folder. Put it into one, or name the folder above"
            faults.append(Fault(name, None, None, message, entry=inside.as_posix()))
            continue
        rows.append((path.as_posix(), inside.parts[-2]))
        entries.append(inside.as_posix())
        digests.append(_digest_of(path))
    if not rows:
        raise unreadable(name, "there is no picture in a class folder, and no metadata.csv, .jsonl or .parquet")
    return Sheet(name, ("file", "class"), tuple(rows), key=key, first_row=1, entries=tuple(entries),
                 digests=tuple(digests), faults=tuple(faults))  # fmt: skip


def _pictures_below(folder: Path, name: str) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        raise unreadable(name, f"{error.filename} cannot be listed ({error.strerror})") from error

    for place, folders, files in os.walk(folder, onerror=refuse):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for file in sorted(files):
            if not file.startswith(".") and Path(file).suffix.casefold() in _PICTURES:
                yield Path(place, file)


def _below(folder: Path, text: str) -> Path | None:
    """Return the path that a file name relative to a folder means; None for an address or what leads out of it."""
    relative = Path(text.replace("\\", "/"))
    if not text or "://" in text or relative.is_absolute() or ".." in relative.parts:
        return None
    return folder / relative


def _digest_of(path: Path) -> str:
    """Return the digest of a picture that is there and that no frame's name tells; "" otherwise."""
    try:
        parse_frame_name(path.stem.upper())
        return ""
    except ValueError:
        pass
    try:
        return digest_of_file(path) if path.is_file() else ""
    except OSError:
        return ""
