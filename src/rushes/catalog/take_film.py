"""The frames of a film into the catalog: sought one by one, or taken from one pass over all of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from rushes.catalog.catalog import Catalog
from rushes.catalog.frame_writer import FrameWriter, now
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.footage.found_shots import keep_scan, read_kept_scan
from rushes.footage.sampling import (
    EveryFrame,
    PerShot,
    Sampling,
    find_missing_times,
    name_frames,
    narrow_to_film,
    plan_ordinals,
)
from rushes.footage.scan import Scan, scan_film
from rushes.footage.shots import plan_per_shot, shots_of
from rushes.footage.signals import Signals
from rushes.footage.source import Frame, Unreadable
from rushes.footage.sources import read_source
from rushes.footage.video import LostFrame, decode_frames
from rushes.footage.video_index import VideoIndex
from rushes.progress import Progress
from rushes.storage.files import sweep_temporaries
from rushes.storage.places import Place
from rushes.storage.reading import local_state
from rushes.timecode import timecode_at

_NAMED = 3  # of the lost frames of a film


@dataclass(frozen=True, slots=True)
class FilmIntake:
    """What taking in a film needs, whichever film it is.

    Attributes:
        scans: folder in which scans are kept.
        threads: for decoding.
        stopped: asked now and then; where it says so, what is done is noted, and the rest is left.
        progress: told of frames.
    """

    catalog: Catalog
    root: Path
    scans: Path
    settings: IngestSettings
    threads: int
    stopped: Callable[[], bool]
    progress: Progress


def take_film(
    intake: FilmIntake, path: Place, *, name: str, group: str, digest: str, there: Collection[str]
) -> Ingested:
    """Take in the frames of a film that are not there yet.

    Where all frames are wanted, or a scan is asked for and there is none, the film is decoded once from end to end,
    and its scan is kept; otherwise what is not needed is not decoded. Frames of shots are chosen by a scan, and then
    sought.

    Args:
        there: ids of the frames that are in the catalog with their pictures.

    Raises:
        MediaError: the film cannot be read, or a connection broke off; what came before is noted.
    """
    settings, before = intake.settings, local_state(path)
    read, index = read_source(path, name=name, group=group, digest=digest)
    assert index is not None  # a film has one
    source = intake.catalog.add_source(read, now=now())
    for folder in ("frames", "thumbnails"):
        sweep_temporaries(intake.root / folder / source.name)
    sampling = narrow_to_film(settings.sampling, (source.name, path.name, path.stem))
    signals = read_kept_scan(intake.scans, digest, index)
    lost: list[Unreadable] = []
    damage: list[Unreadable] = []
    notes: tuple[str, ...] = ()
    if isinstance(sampling, PerShot) and signals is None:
        scan = _scan(intake, path, index, digest, wanted=(), keep=None)
        signals, damage = scan.signals, _damage(path, index, scan)
        notes += _keep(intake, path, before, scan)
    ordinals = () if intake.stopped() else _ordinals(index, sampling, signals)
    frames = {frame.ordinal: frame for frame in name_frames(source, index, ordinals)}
    missing = [ordinal for ordinal, frame in frames.items() if frame.id not in there]
    if missing:
        lost += (Unreadable(str(path), warning) for warning in index.warnings)
    lost += (Unreadable(str(path), reason) for reason in find_missing_times(index, sampling))
    writer = FrameWriter(intake.catalog, intake.root, source.name, settings, frames, len(missing), intake.progress)
    whole = signals is None and (settings.scan or (isinstance(sampling, EveryFrame) and bool(missing)))
    try:
        if whole:
            scan = _scan(intake, path, index, digest, wanted=missing, keep=writer)
            signals, damage = scan.signals, _damage(path, index, scan)
            notes += _keep(intake, path, before, scan)
            undecoded = [frames[one.ordinal] for one in scan.lost if one.ordinal in frames]
        else:
            undecoded = [frames[one.ordinal] for one in _seek_frames(intake, path, index, missing, writer)]
    finally:
        writer.finish()
    if damage or undecoded:
        what = _what_happened(path, before)
        lost += [Unreadable(str(path), what)] if what else damage or _name_lost(path, undecoded)
    notes += _notes(index, deinterlace=settings.deinterlace) if missing else ()
    return Ingested(
        path,
        source,
        writer.new,
        len(frames) - len(missing),
        tuple(lost),
        notes,
        index.interlaced,
        lost_frames=len(undecoded),
        shots=None if signals is None else len(shots_of(signals, frame_count=index.frame_count)),
    )


def _ordinals(index: VideoIndex, sampling: Sampling, signals: Signals | None) -> Sequence[int]:
    if not isinstance(sampling, PerShot):
        return plan_ordinals(index, sampling)
    assert signals is not None  # shots are looked for in a scan
    return plan_per_shot(signals, frame_count=index.frame_count, count=sampling.count)


def _scan(
    intake: FilmIntake,
    path: Place,
    index: VideoIndex,
    digest: str,
    *,
    wanted: Collection[int],
    keep: FrameWriter | None,
) -> Scan:
    """Scan a film."""
    return scan_film(
        path,
        index,
        source=digest,
        wanted=wanted,
        keep=keep,
        threads=intake.threads,
        deinterlace=intake.settings.deinterlace,
        progress=intake.progress if keep is None else lambda done, total, note="": None,
        stopped=intake.stopped,
    )


def _keep(intake: FilmIntake, path: Place, before: tuple[int, int] | None, scan: Scan) -> tuple[str, ...]:
    """Keep a scan that is whole, of a file that stayed what it was; return what to say where that cannot be."""
    if not scan.is_whole or _what_happened(path, before):
        return ()
    reason = keep_scan(intake.scans, scan)
    return () if reason is None else (f"the scan was not kept: {reason}",)


def _seek_frames(
    intake: FilmIntake, path: Place, index: VideoIndex, missing: Sequence[int], writer: FrameWriter
) -> list[LostFrame]:
    """Write the missing frames, decoding only what must be; return those that are lost."""
    lost: list[LostFrame] = []
    found = decode_frames(path, index, missing, threads=intake.threads, deinterlace=intake.settings.deinterlace)
    for decoded in found:
        if isinstance(decoded, LostFrame):
            lost.append(decoded)
        else:
            writer(decoded)
        if intake.stopped():
            break
    return lost


def _what_happened(path: Place, before: tuple[int, int] | None) -> str | None:
    """Return what became of a local file since it was in the state `before`; None where it is the same."""
    now_is = local_state(path)
    if before is None or now_is == before:
        return None
    if now_is is None:
        return "was removed or moved while it was read. Put it back, then run this again"
    return "changed while it was read, so that frames are missing. Run this again when nothing writes to it any more"


def _name_lost(path: Place, lost: Sequence[Frame]) -> list[Unreadable]:
    """Return what to say of wanted frames that gave no picture: the first few by name, the rest in one line."""
    named = lost[:_NAMED]
    said = [f"its frame {frame.name} gave no picture: its data is damaged" for frame in named]
    more = len(lost) - len(named)
    if more:
        said.append(f"… and {more:,} more {'frame' if more == 1 else 'frames'} of it gave no picture. Copy it again")
    return [Unreadable(str(path), reason) for reason in said]


def _damage(path: Place, index: VideoIndex, scan: Scan) -> list[Unreadable]:
    """Return what to say of a film of which a scan lost frames, wanted or not."""
    if not scan.lost:
        return []
    first = timecode_at(index.seconds_at(scan.lost[0].ordinal), index.rate)
    reason = (
        f"{len(scan.lost):,} of its {index.frame_count:,} frames gave no picture because their data is damaged, the "
        f"first at {first} (damaged packets passed over: {scan.damaged_packets:,}). Copy it again from where it came "
        "from"
    )
    return [Unreadable(str(path), reason)]


def _notes(index: VideoIndex, *, deinterlace: bool) -> tuple[str, ...]:
    combs = "is interlaced: moving edges show combs; --deinterlace takes them out"
    return (*index.notes, combs) if index.interlaced and not deinterlace else index.notes
