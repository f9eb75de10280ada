"""Each photograph of a shoot looked at once: its score, its measures, and what its camera states.

Photographs are read by several threads while a batch of them is answered. What was seen of one is kept under its files'
names, sizes and times, so that a run that was stopped goes on where it was, and another threshold costs nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import Bundle, open_bundle
from rushes.cores import count_cores
from rushes.errors import MediaError, UnreachableError
from rushes.footage.camera import CameraFacts, read_camera_facts
from rushes.footage.overlap import thumbnail_of
from rushes.footage.pairs import Photograph
from rushes.footage.photo_measures import LONG_SIDE, VERSION, PhotoMeasures, measure_photograph
from rushes.footage.photographs import read_photograph
from rushes.footage.picture import PictureSize
from rushes.footage.series import SeriesFacts, series_facts_of
from rushes.footage.signature import signature_of
from rushes.footage.source import Unreadable
from rushes.footage.subject import Faces
from rushes.inference.ahead import batches_ahead
from rushes.inference.cull_plan import ScoredPhotograph
from rushes.inference.predictor import BATCH_SIZE, Predictor
from rushes.inference.verdicts import Seen
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine, Lost, Seat, Work
from rushes.storage.files import digest_of_bytes
from rushes.storage.kept_records import KeptRecords
from rushes.storage.places import Place

_KEPT = "culled-1"  # another number where more or other things are seen
_BUNDLE, _FACES = "bundle", "faces"
_SECONDS = 120.0  # for one photograph; the largest raws take some
_SIZE = PictureSize(long_side=LONG_SIDE)


@dataclass(frozen=True, slots=True)
class Looking:
    """How photographs are looked at.

    Attributes:
        class_index: of the photographs to keep, among the bundle's classes.
        faces: a detector for what is measured at eyes; None measures without.
        faces_digest: of its file, "" without.
        measures: whether anything is measured.
        kept: folder in which what was seen is kept; None keeps nothing.
        threads: that read; 0 takes one per core.
    """

    class_index: int
    faces: Faces | None = None
    faces_digest: str = ""
    measures: bool = True
    kept: Path | None = None
    threads: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """One photograph as it was read, before the model has answered; `score` where it was kept from before."""

    photograph: Photograph
    key: str
    prepared: Any
    facts: SeriesFacts
    measures: PhotoMeasures | None
    flaw: str
    score: float | None = None
    files: Seen = field(default_factory=dict)


def look_at_photographs(
    predictor: Predictor, photographs: Sequence[Photograph], looking: Looking, *, progress: Progress = silent
) -> Iterator[ScoredPhotograph | Unreadable]:
    """Give what was seen of each photograph, in their order; what cannot be read is given as Unreadable.

    Raises:
        MediaError: the folder of a photograph is gone, as where a card was pulled out.
        UnreachableError: a store does not answer.
    """
    kept = None if looking.kept is None else KeptRecords(looking.kept / _KEPT)
    yield from _look(predictor, photographs, looking, kept, progress=progress)


def look_by_engine(
    engine: Engine, bundle: Bundle, photographs: Sequence[Photograph], looking: Looking, *, progress: Progress = silent
) -> dict[str, Unreadable]:
    """Have an engine look at the photographs of which nothing is kept, for `look_at_photographs` to find it kept.

    Nothing is done where nothing is kept, or the engine is this process alone.

    Args:
        progress: counts the photographs of which nothing is kept.

    Returns:
        Path of a photograph -> why it has no answer: it ended its process, or took too long. It is not to be looked at
        here.

    Raises:
        MediaError, UnreachableError: as `look_at_photographs`.
        BundleError: the bundle cannot be run.
    """
    if looking.kept is None or engine.workers < 2:
        return {}
    home = looking.kept / _KEPT
    kept = KeptRecords(home)
    keyed = [(one, _key_now(one, bundle.id, looking)) for one in photographs]
    missing = [one for one, key in keyed if key and key not in kept]
    faces = {} if looking.faces is None else {_FACES: looking.faces.path}
    plain = replace(looking, faces=None, kept=None, threads=0)
    work = Work(
        partial(build_looks, looking=plain),
        "photographs",
        files={_BUNDLE: bundle.folder} | faces,
        fills=home,
        together=BATCH_SIZE,
        seconds=_SECONDS,
        worth=None,
        name_of=_name_of,
    )
    lost: dict[str, Unreadable] = {}
    if missing:
        for part in engine.map(work, missing, progress=progress):
            for done in part:
                if isinstance(done.answer, Lost):
                    path = str(done.item.main)
                    lost[path] = Unreadable(path, done.answer.reason)
    return lost


def build_looks(seat: Seat, *, looking: Looking) -> Callable[[Sequence[Photograph]], list[None]]:
    """Return what looks at photographs and keeps what it sees, with the bundle loaded."""
    predictor = Predictor(open_bundle(seat.files[_BUNDLE]), threads=seat.threads)
    faces = Faces(seat.files[_FACES]) if _FACES in seat.files else None
    kept = KeptRecords(seat.folder)
    looking = replace(looking, faces=faces, threads=seat.threads)

    def look(photographs: Sequence[Photograph]) -> list[None]:
        return [None for _ in _look(predictor, photographs, looking, kept)]

    return look


def _name_of(photograph: Photograph) -> str:
    return str(photograph.main)


def _look(
    predictor: Predictor,
    photographs: Sequence[Photograph],
    looking: Looking,
    kept: KeptRecords | None,
    *,
    progress: Progress = silent,
) -> Iterator[ScoredPhotograph | Unreadable]:
    read = partial(_see, predictor=predictor, looking=looking, kept=kept)
    done = 0
    try:
        threads = looking.threads or count_cores()
        for batch in batches_ahead(photographs, read, size=BATCH_SIZE, threads=threads):
            for answer in _answer(predictor, batch, looking, kept):
                done += 1
                progress(done, len(photographs), Path(answer.path).name)
                yield answer
            if kept is not None:
                kept.flush()
    finally:
        if kept is not None:
            kept.flush()


def _see(
    photograph: Photograph, *, predictor: Predictor, looking: Looking, kept: KeptRecords | None
) -> _Seen | Unreadable:
    main = photograph.main
    try:
        files = _files_of(photograph)  # before they are read: what is replaced from now on is not what was judged
        key = _key(photograph, files, predictor.bundle.id, looking) if kept is not None else ""
        known = kept.get(key) if kept is not None and key else None
        if known is not None:
            return replace(_parse(photograph, key, known), files=files)
        still = read_photograph(photograph, size=_SIZE)
        camera = _camera_of(main)
    except UnreachableError:
        raise
    except (MediaError, OSError) as error:
        _check_there(main)
        reason = error.reason if isinstance(error, MediaError) else f"cannot be read ({error.strerror or error})"
        return Unreadable(str(main), reason)
    facts = series_facts_of(
        camera,
        still.captured_at,
        name=main.name,
        signature=signature_of(still.pixels),
        thumbnail=thumbnail_of(still.pixels),
    )
    shared = _are_the_models(predictor, looking)
    measures = None
    if looking.measures:
        looked_at = predictor.as_stored(still.pixels) if shared else still.pixels
        measures = measure_photograph(looked_at, faces=looking.faces)
    prepared = predictor.prepared(still.pixels, measured=measures if shared else None)
    return _Seen(photograph, key, prepared, facts, measures, still.flaw, files=files)


def _are_the_models(predictor: Predictor, looking: Looking) -> bool:
    """Return whether what is measured for people can be what the model takes: at one size, with one detector.

    It is then measured once, of the picture as it would have been stored.
    """
    taken = predictor.bundle.measures
    return taken is not None and predictor.working_size == _SIZE and taken.faces == looking.faces_digest


def _camera_of(path: Place) -> CameraFacts:
    try:
        return read_camera_facts(path)
    except UnreachableError:
        raise
    except (MediaError, OSError):  # a companion stands for it
        return CameraFacts()


def _check_there(path: Place) -> None:
    """Raise MediaError where not the photograph but its folder is gone."""
    if isinstance(path, Path) and not path.parent.exists():
        raise MediaError(
            path.parent,
            "the folder is gone: was a card pulled out, or a disk disconnected? Nothing was written. Put it back, then "
            "run this again: what was seen until now is kept",
        )


def _answer(
    predictor: Predictor, batch: Sequence[_Seen | Unreadable], looking: Looking, kept: KeptRecords | None
) -> Iterator[ScoredPhotograph | Unreadable]:
    new = [seen for seen in batch if isinstance(seen, _Seen) and seen.score is None]
    table = predictor.probabilities_of_prepared([seen.prepared for seen in new], whole=True)
    rows = iter(table[:, looking.class_index])
    for seen in batch:
        if isinstance(seen, Unreadable):
            yield seen
            continue
        score = float(next(rows)) if seen.score is None else seen.score
        # What was not seen as it is (a reader that failed, a camera that is not known yet) is looked at anew.
        if kept is not None and seen.key and seen.score is None and not seen.flaw:
            kept.put(seen.key, _format(seen, score))
        yield ScoredPhotograph(
            path=str(seen.photograph.main),
            companions=tuple(str(file) for file in seen.photograph.companions),
            score=score,
            facts=seen.facts,
            measures=seen.measures,
            flaw=seen.flaw,
            seen=seen.files,
        )


def _files_of(photograph: Photograph) -> Seen:
    """Return size and time of a photograph's files; nothing of those that are in a store."""
    files = {}
    for file in (photograph.main, *photograph.companions):
        if isinstance(file, Path):
            state = file.stat()
            files[str(file)] = (state.st_size, state.st_mtime_ns)
    return files


def _key_now(photograph: Photograph, bundle_id: str, looking: Looking) -> str:
    """Return the key of a photograph as it is now; "" where it is gone, which is said when it is read."""
    try:
        return _key(photograph, _files_of(photograph), bundle_id, looking)
    except OSError:
        return ""


def _key(photograph: Photograph, files: Seen, bundle_id: str, looking: Looking) -> str:
    """Return the digest that what is seen of a photograph is kept under; "" where files may change unnoticed."""
    states = []
    for file in (photograph.main, *photograph.companions):
        if not isinstance(file, Path):
            return ""
        states.append([str(file.resolve()), *files[str(file)]])
    asked = [VERSION, looking.measures, looking.faces_digest, looking.class_index, bundle_id]
    return digest_of_bytes(json.dumps([states, asked]).encode())


def _format(seen: _Seen, score: float) -> bytes:
    facts = {name: value for name, value in asdict(replace(seen.facts, thumbnail=None)).items() if name != "thumbnail"}
    thumbnail = seen.facts.thumbnail
    return json.dumps(
        {
            "score": score,
            "facts": facts,
            "thumbnail": None
            if thumbnail is None
            else [list(thumbnail.shape), base64.b64encode(thumbnail.tobytes()).decode()],
            "measures": None if seen.measures is None else list(astuple(seen.measures)),
            "flaw": seen.flaw,
        }
    ).encode()


def _parse(photograph: Photograph, key: str, data: bytes) -> _Seen:
    table = json.loads(data)
    thumbnail: npt.NDArray[np.uint8] | None = None
    if table["thumbnail"] is not None:
        shape, text = table["thumbnail"]
        thumbnail = np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)
    measures = None if table["measures"] is None else PhotoMeasures(*table["measures"])
    facts = SeriesFacts(**table["facts"], thumbnail=thumbnail)
    return _Seen(photograph, key, None, facts, measures, table["flaw"], score=float(table["score"]))
