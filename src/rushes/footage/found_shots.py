"""The shots of a film file: from one pass over it, or from the scan of an earlier one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from rushes.errors import MediaError
from rushes.footage.photo import is_animation
from rushes.footage.scan import Scan, scan_film
from rushes.footage.shot import Shot
from rushes.footage.shots import shots_of
from rushes.footage.signals import Signals, read_signals, write_signals
from rushes.footage.source import Source
from rushes.footage.sources import read_source
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress, silent
from rushes.storage.places import Place
from rushes.storage.reading import held, local_state, require_unchanged

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class FoundShots:
    """The shots of a film, with what they were found in.

    Attributes:
        unkept: why the scan could not be kept for the next time; None where it was, or was not to be.
        lost_frames: how many frames the index names that could not be decoded.
    """

    source: Source
    index: VideoIndex
    signals: Signals
    shots: tuple[Shot, ...]
    unkept: str | None = None

    @property
    def lost_frames(self) -> int:
        return self.index.frame_count - self.signals.frame_count

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know of what was found: what of the film is damaged, and whether the scan was kept."""
        said = list(self.index.warnings)
        if self.lost_frames:
            said.append(
                f"{self.lost_frames:,} of its {self.index.frame_count:,} frames gave no picture because their data is "
                "damaged. Copy it again from where it came from"
            )
        if self.unkept is not None:
            said.append(f"the scan was not kept: {self.unkept}. What was found is whole")
        return tuple(said)


def find_shots(path: Place, *, scans: Path | None = None, threads: int = 0, progress: Progress = silent) -> FoundShots:
    """Return the shots of a film.

    Args:
        scans: folder in which scans are kept, each named after its film's digest; None keeps none. Where it cannot be
            written, the shots are found all the same.
        threads: for decoding; 0 takes one per core.
        progress: told of frames.

    Raises:
        MediaError: the file is missing, damaged, no film, changes, or holds no frame that can be decoded.
    """
    before = local_state(path)
    with held(path):
        source, index = read_source(path, group=path.stem)
        if index is None:
            raise MediaError(path, why_no_film(path))
        signals = None if scans is None else read_kept_scan(scans, source.digest, index)
        unkept = None
        if signals is None:
            scan = scan_film(path, index, source=source.digest, threads=threads, progress=progress)
            signals = scan.signals
            require_unchanged(path, before)
            if scans is not None:
                unkept = keep_scan(scans, scan)
        require_unchanged(path, before)
    return FoundShots(source, index, signals, shots_of(signals, frame_count=index.frame_count), unkept)


def why_no_film(path: Place) -> str:
    """Return what to say where a picture file stands for a film."""
    if is_animation(path):
        picture, film = quote(path.name), quote(f"{path.stem}.mp4")
        return f"is an animation; shots are found in films. Make it one: ffmpeg -i {picture} {film}"
    return "is a photograph; shots are found in films. Give a video file"


def place_of_scan(scans: Path, digest: str) -> Path:
    """Return where the scan of a film is kept in a folder of scans."""
    return scans / f"{digest[:16]}.parquet"


def keep_scan(scans: Path, scan: Scan) -> str | None:
    """Keep a scan in a folder of scans, or return why that cannot be: a full disk, a place where none may write.

    Raises:
        ValueError: it is of a part of the film.
    """
    from polars.exceptions import ComputeError

    if not scan.is_whole or not scan.signals.frame_count:
        there, of = scan.signals.frame_count, scan.signals.film_frames
        raise ValueError(f"a scan is kept whole; {there} of {of} frames are there")
    try:
        write_signals(place_of_scan(scans, scan.signals.source), scan.signals)
    except OSError as error:
        return f"{scans} cannot be written ({error.strerror or error})"
    except ComputeError as error:  # polars wraps what the system says of a full disk, and puts its own words before it
        return f"{scans} cannot be written ({str(error).splitlines()[0].rpartition('error: ')[2]})"
    return None


def read_kept_scan(scans: Path, digest: str, index: VideoIndex) -> Signals | None:
    """Return the scan that is kept of a film; None where there is none, or it is damaged or of another film."""
    if not place_of_scan(scans, digest).is_file():
        return None
    try:
        signals = read_signals(place_of_scan(scans, digest))
    except MediaError as error:
        logger.info("%s; scanning again", error)
        return None
    same = signals.source == digest and signals.film_frames == index.frame_count
    return signals if same and signals.frame_count else None
