"""The values Wanted, IngestSettings and Ingested: what is taken in, how, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from rushes.footage.picture import PictureFormat, PictureSize
from rushes.footage.raw import Development
from rushes.footage.sampling import Sampling
from rushes.footage.source import Source, Unreadable
from rushes.project import Task
from rushes.storage.places import Place
from rushes.storage.reading import Fetched


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file to take in.

    Attributes:
        group: the group it is to be of; None takes the one its kind suggests (see `group_of`).
        class_name: the class its folder names, where folders name classes.
        companions: pictures that the camera wrote beside this raw; they are one photograph, and one sample.
    """

    path: Place
    group: str | None = None
    class_name: str | None = None
    companions: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How footage becomes frames, in exact values."""

    sampling: Sampling
    size: PictureSize
    format: PictureFormat = "jpeg"
    quality: int = 90
    raw: Development = "preview"  # how a raw becomes pixels
    task: Task | None = None  # whose classes folders name
    deinterlace: bool = False
    thumbnail: PictureSize | None = None  # of a small picture beside each; None makes none
    scan: bool = False  # note the signals of every frame of a film, whichever are taken


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of one file.

    Attributes:
        new, known: frames written now, and frames that were there already.
        lost: what is wrong, each with the reason: frames that could not be decoded, a few by name and the rest in one.
        lost_frames: how many frames were planned and could not be decoded.
        made_otherwise: how many pictures that were there already are of another size or format than is asked for.
        notes: what a person may want to know of the file and that cost no frame.
        interlaced: the film's frames are of two fields each.
        companions: other files of the same photograph, which are no samples of their own.
        fetched: what came over the network, companions included; None for a local file.
        shots: how many shots the film has, where they were looked for.
    """

    path: Place
    source: Source
    new: int
    known: int
    lost: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()
    interlaced: bool = False
    companions: tuple[Place, ...] = ()
    fetched: Fetched | None = None
    shots: int | None = None
    lost_frames: int = 0
    made_otherwise: int = 0
