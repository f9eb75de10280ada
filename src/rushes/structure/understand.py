"""A film file, understood: scanned, looked at once, and put together as a Film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rushes.footage.found_shots import FoundShots, find_shots
from rushes.inference.predict_shots import answer_shots
from rushes.inference.prediction import Scores, best_class, name_scores
from rushes.inference.predictor import Predictor
from rushes.inference.shot_predictor import ShotPredictor
from rushes.labels.subjects import Subjects, unite_subjects
from rushes.progress import Progress, noting, silent
from rushes.storage.places import Place
from rushes.storage.reading import held
from rushes.structure.area import AreaWatcher, area_of
from rushes.structure.characters import Cast, find_characters
from rushes.structure.closeness import closeness_of
from rushes.structure.evidence import Evidence
from rushes.structure.facts import PictureArea
from rushes.structure.film import Film
from rushes.structure.find import find_structure
from rushes.structure.kept_answers import keep_answers, read_answers
from rushes.structure.looked_at import plan_looks
from rushes.structure.measure import measure_facts
from rushes.structure.palette import PaletteWatcher, palette_of_shot
from rushes.structure.scan_looks import looks_of_scan, tones_of_scan
from rushes.structure.tools import Closeness, Tools
from rushes.structure.watch import Watch, keeper_of, unpack_rows, watch_film
from rushes.structure.watchers import BundleWatcher, ObjectWatcher, PictureWatcher, unpack_detections
from rushes.timelines.movement import answer_movement
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.sound import has_sound
from rushes.timelines.timeline import Answers, ShotAnswer, Timeline, make_timeline, with_answers

_SURE_OF_OBJECT = 0.5
_SAMPLED_BARS = 240  # frames over the film at which bars are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """A film as it is understood, with what it was found in.

    Attributes:
        faces: what was found of faces, with `cast`, which of them are whose; None where they were not looked for.
        pictures: a small one of each shot, where pictures were asked for; None of one that has none.
    """

    film: Film
    found: FoundShots
    pictures: tuple[ShotPicture | None, ...] = ()
    faces: FilmFaces | None = None
    cast: Cast | None = None


@dataclass(frozen=True, slots=True)
class Folders:
    """Where what is found is kept; None keeps it in memory alone.

    Attributes:
        scans: folder of scans.
        cache: of a project, which may be emptied at any time.
        faces: of a project, for all that is known of faces.
    """

    scans: Path | None = None
    cache: Path | None = None
    faces: Path | None = None


def understand_film(
    film: Place,
    tools: Tools,
    *,
    folders: Folders = NOWHERE,
    subtitles: Place | None = None,
    picture_side: int = 0,
    threads: int = 0,
    progress: Progress = silent,
) -> Understood:
    """Return what is understood of a film.

    It is scanned once, or its kept scan is read; then a few frames of each shot are decoded, once for all tools that
    have not seen them yet, and what they say is kept. The rest is computed anew each time, which takes moments.

    Args:
        tools: from `open_tools`.
        subtitles: a file of them; None takes none.
        picture_side: longest side of a small picture of each shot, in pixels; 0 makes none.
        threads: for decoding; 0 takes one per core.
        progress: told of frames; the note says what is done with them.

    Raises:
        MediaError: the film or the subtitles cannot be read.
        BundleError: a bundle gives no features to compare shots by.
    """
    entries = None if subtitles is None else read_subtitles(subtitles)
    with held(film):
        found = find_shots(film, scans=folders.scans, threads=threads, progress=noting(progress, "frames scanned"))
        looked = plan_looks(found.shots, found.index.rate)
        seen = _watch(film, found, looked, tools, folders, picture_side, threads, progress)
        timeline = make_timeline(found.source, found.index, found.shots, has_sound=has_sound(film))
        timeline = with_answers(timeline, answer_movement(found.signals, found.shots))
        close, answers = _closeness(film, found, looked, seen, tools, folders, threads, progress)
        timeline = with_answers(timeline, answers)
        speech = None if entries is None or not timeline.has_sound else hear_speech(film, cache=folders.cache)
    cast = _cast(found, seen, tools, folders)
    evidence = _evidence(found, timeline, looked, seen, tools, close, cast)
    structure = find_structure(evidence)
    facts = measure_facts(
        timeline,
        found.signals,
        palettes=[_palette(seen.palettes, of_shot) for of_shot in looked],
        area=seen.area,
        scale_by=tools.closeness.name if tools.closeness is not None else "",
    )
    understood = Film(
        timeline=timeline,
        structure=structure,
        facts=facts,
        looks_by=tools.looks_name,
        closeness_by=tools.closeness.name if tools.closeness is not None else "",
        characters=None if cast is None else cast.characters,
        faces_by=tools.faces.name if tools.faces is not None else "",
        cast=() if cast is None else cast.of_shot,
        subjects=None if tools.detector is None else _subjects(seen.objects, looked),
        subjects_by=tools.detector.name if tools.detector is not None else "",
        subtitles=None if entries is None else align_subtitles(entries, timeline, speech=speech),
        notes=_notes(found, tools),
    )
    return Understood(understood, found, _pictures(seen.pictures, found) if picture_side else (), cast)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What every watcher said: name -> ordinal -> its words."""

    said: Mapping[str, Mapping[int, Any]]

    def of(self, name: str, ordinals: Sequence[int]) -> list[Any]:
        """Return what a watcher said of those of some frames that it saw."""
        words = self.said.get(name, {})
        return [words[ordinal] for ordinal in ordinals if ordinal in words]


def _watch(
    film: Place,
    found: FoundShots,
    looked: Sequence[tuple[int, ...]],
    tools: Tools,
    folders: Folders,
    picture_side: int,
    threads: int,
    progress: Progress,
) -> _Seen:
    """Have everything that is wished for look at a film's frames."""
    every = tuple(ordinal for of_shot in looked for ordinal in of_shot)
    typical = tuple(shot.typical for shot in found.shots)
    watchers: dict[str, tuple[Watcher, tuple[int, ...]]] = {
        "colours": (ColourWatcher(), every),
        "bars": (BarWatcher(), every[:: max(1, len(every) // _SAMPLED_BARS)]),
    }
    if tools.looks is not None:
        watchers["looks"] = (BundleWatcher(tools.looks), every)
    if tools.closeness is not None and isinstance(tools.closeness.predictor, Predictor):
        same = tools.closeness.predictor is tools.looks
        watchers["looks" if same else "closeness"] = (BundleWatcher(tools.closeness.predictor), every)
    if tools.detector is not None:
        watchers["objects"] = (ObjectWatcher(tools.detector), every)
    if picture_side:
        watchers["pictures"] = (PictureWatcher(picture_side), typical)
    watches = {
        name: Watch(watcher, ordinals, keeper_of(watcher, folders.cache))
        for name, (watcher, ordinals) in watchers.items()
    }
    if tools.faces is not None:
        keeper = FaceKeeper(folders.faces, source=found.source.digest, reader=tools.faces.id)
        watches["faces"] = Watch(FaceWatcher(tools.faces), every, keeper)
    said = watch_film(
        film, found.index, watches, source=found.source.digest, threads=threads,
        progress=noting(progress, "frames looked at"),
    )  # fmt: skip
    return _Seen(said)


def _closeness(
    film: Place,
    found: FoundShots,
    looked: Sequence[tuple[int, ...]],
    seen: _Seen,
    tools: Tools,
    folders: Folders,
    threads: int,
    progress: Progress,
) -> tuple[npt.NDArray[np.float32], list[Answers]]:
    """Return how probable it is that each shot is a medium close-up, (shots,), and what the bundle says of each."""
    asked = tools.closeness
    if asked is None:
        return np.full(len(found.shots), np.nan, np.float32), [{} for _ in found.shots]
    if isinstance(asked.predictor, ShotPredictor):
        scores = _scores_of_shots(film, found, asked.predictor, folders, threads, progress)
    else:
        name = "looks" if asked.predictor is tools.looks else "closeness"
        scores = [_mean_scores(asked, seen.of(name, of_shot)) for of_shot in looked]
    close = [closeness_of(of_shot.get(asked.task, {}), asked.classes) for of_shot in scores]
    return np.asarray(close, np.float32), [_answers(of_shot) for of_shot in scores]


def _mean_scores(asked: Closeness, words: Sequence[bytes]) -> dict[str, Scores]:
    """Return the mean of a bundle's scores over the frames of one shot."""
    if not words:
        return {}
    count = len(asked.predictor.bundle.classes) if isinstance(asked.predictor, Predictor) else 0
    mean = unpack_rows(words)[:, :count].mean(axis=0)
    assert isinstance(asked.predictor, Predictor)
    return {asked.task: name_scores(asked.predictor.classes, mean)}


def _scores_of_shots(
    film: Place, found: FoundShots, predictor: ShotPredictor, folders: Folders, threads: int, progress: Progress
) -> list[Mapping[str, Scores]]:
    """Return what a bundle of shots says of each shot, asked once."""
    source, spans = found.source.digest, [(shot.start, shot.stop) for shot in found.shots]
    kept = [] if folders.cache is None else read_answers(folders.cache, source)
    for one in kept:
        if one.id == predictor.bundle.id and all(span in one.scores for span in spans):
            return [one.scores[span] for span in spans]
    told = noting(progress, "shots looked at")
    shots = list(answer_shots(predictor, film, found, found.shots, threads=threads, progress=told))
    if folders.cache is not None:
        keep_answers(folders.cache, shots, source=source, bundle=predictor.bundle.name, bundle_id=predictor.bundle.id)
    return [shot.scores for shot in shots]


def _answers(scores: Mapping[str, Scores]) -> Answers:
    return {
        task: ShotAnswer(best, min(1.0, of_task[best]))
        for task, of_task in scores.items()
        if of_task
        for best in [best_class(of_task)]
    }


def _cast(
    found: FoundShots, seen: _Seen, looked: Sequence[tuple[int, ...]], tools: Tools, folders: Folders
) -> Cast | None:
    """Return which faces are whose; None where faces were not looked for."""
    if tools.faces is None:
        return None
    words = seen.said["faces"]
    ordinals = tuple(sorted(words))
    faces = FilmFaces(found.source.digest, tools.faces.id, ordinals, tuple(words[one] for one in ordinals))
    index = found.index
    seconds = [float((shot.stop - shot.start) / index.rate) for shot in found.shots]
    return find_characters(faces, found.shots, seconds, read_names(folders.faces))


def _evidence(
    found: FoundShots,
    timeline: Timeline,
    looked: Sequence[tuple[int, ...]],
    seen: _Seen,
    tools: Tools,
    close: npt.NDArray[np.float32],
    cast: Cast | None,
) -> Evidence:
    """Return what is known of the shots, for their structure to be found in."""
    pairs = [(place, ordinal) for place, of_shot in enumerate(looked) for ordinal in of_shot]
    if tools.looks is not None:
        pairs = [(place, ordinal) for place, ordinal in pairs if ordinal in seen.said["looks"]]
    ordinals = np.array([ordinal for _, ordinal in pairs], np.int64)
    if tools.looks is None:
        looks = looks_of_scan(found.signals, ordinals)
    else:
        watcher = BundleWatcher(tools.looks)
        words = seen.of("looks", ordinals.tolist())
        looks = watcher.features(unpack_rows(words)) if words else np.zeros((0, 1), np.float32)
    count = len(found.shots)
    return Evidence(
        start_seconds=np.array([float(place.start_seconds) for place in timeline.shots]),
        stop_seconds=np.array([float(place.stop_seconds) for place in timeline.shots]),
        blank=np.array([shot.blank for shot in found.shots], np.bool_),
        looks=looks,
        shot_of=np.array([place for place, _ in pairs], np.int64),
        tones=tones_of_scan(found.signals, ordinals),
        close=close,
        person=np.array(cast.dominant if cast is not None else [-1] * count, np.int64),
        face_count=np.array(cast.face_counts if cast is not None else [-1] * count, np.int64),
    )


def _subjects(seen: _Seen, looked: Sequence[tuple[int, ...]]) -> tuple[Subjects, ...]:
    """Return of each shot the words of what is seen in it, the surest first."""
    return tuple(
        unite_subjects(
            [one.word for one in sorted(unpack_detections(words), key=lambda one: -one.score)]
            for words in seen.of("objects", of_shot)
        )
        for of_shot in looked
    )


def _pictures(seen: _Seen, found: FoundShots) -> tuple[ShotPicture | None, ...]:
    """Return the small pictures of the shots; None of one whose frame could not be decoded."""
    words = seen.said["pictures"]
    return tuple(ShotPicture.of(words[shot.typical]) if shot.typical in words else None for shot in found.shots)


def _notes(found: FoundShots, tools: Tools) -> tuple[str, ...]:
    """Return what a person should know of what was found: what is damaged, and what was not looked at."""
    notes = list(found.index.warnings)
    if found.unkept is not None:
        notes.append(f"the scan was not kept: {found.unkept}. What was found is whole")
    if found.lost_frames:
        notes.append(f"{found.lost_frames:,} of its {found.index.frame_count:,} frames could not be decoded")
    if not found.index.constant_rate:
        notes.append("its frames do not stand evenly: timecodes keep to the nearest frames, seconds are exact")
    if tools.closeness is None and tools.faces is None:
        notes.append(
            "dialogues were told by alternation alone: neither a bundle that knows medium close-ups (--closeness) nor "
            "faces (--faces) were asked"
        )
    return tuple(notes)
