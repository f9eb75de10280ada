"""A film file, understood: scanned, looked at once, and put together as a Film."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rushes.footage.found_shots import FoundShots, find_shots, read_kept_scan
from rushes.footage.loudness import Loudness, kept_loudness, read_kept_loudness
from rushes.footage.sources import read_source
from rushes.inference.predict_shots import answer_shots
from rushes.inference.prediction import Scores, best_class, name_scores
from rushes.inference.predictor import Predictor
from rushes.inference.shot_predictor import ShotPredictor
from rushes.labels.subjects import Subjects, unite_subjects
from rushes.progress import Progress, noting, silent
from rushes.storage.places import Place
from rushes.storage.reading import Fetched, held
from rushes.structure.align import align_subtitles
from rushes.structure.area import area_of_glimpses
from rushes.structure.cast_notes import notes_of_faces
from rushes.structure.characters import Cast, find_characters
from rushes.structure.closeness import closeness_of
from rushes.structure.evidence import Evidence
from rushes.structure.facts import ColourShare
from rushes.structure.film import Film
from rushes.structure.find import find_structure
from rushes.structure.kept_answers import keep_answers, read_answers
from rushes.structure.looked_at import plan_looks
from rushes.structure.measure import measure_facts
from rushes.structure.palette import merge_palettes
from rushes.structure.portraits import cut_portraits
from rushes.structure.read_subtitles import SubtitleFile, read_subtitles
from rushes.structure.scan_looks import looks_of_scan, tones_of_scan
from rushes.structure.sightings import list_faces, list_objects
from rushes.structure.tools import Tools
from rushes.structure.watch import (
    Watch,
    Watcher,
    keeper_of,
    make_room_for_looks,
    read_known,
    unpack_rows,
    watch_film,
)
from rushes.structure.watchers import (
    BundleWatcher,
    ColourWatcher,
    EdgeWatcher,
    FaceKeeper,
    FaceWatcher,
    ObjectWatcher,
    PictureWatcher,
    unpack_detections,
    unpack_glimpse,
    unpack_palette,
    unpack_picture,
)
from rushes.subjects.detection import Detection
from rushes.subjects.face import Face
from rushes.subjects.faces import FaceReader
from rushes.subjects.kept_faces import FilmFaces
from rushes.subjects.kept_films import keep_film_note, note_of
from rushes.subjects.names import Names, read_names
from rushes.subjects.wiping import alone_with_faces, wipe_mark
from rushes.timelines.movement import answer_movement
from rushes.timelines.shot_pictures import ShotPicture
from rushes.timelines.sound import has_sound
from rushes.timelines.timeline import Answers, ShotAnswer, Timeline, make_timeline, with_answers

_log = logging.getLogger(__name__)

_SHOTS_OF_A_DIALOGUE = 4  # in fewer, two sides cannot alternate, and nothing is to be said of how dialogues are told
_EDGES_LOOKED_AT = 240  # frames over the film, about, at which bars are looked for


@dataclass(frozen=True, slots=True, eq=False)
class Understood:
    """A film as it is understood, with what it was found in.

    Attributes:
        faces: what was found of faces, with `cast`, which of them are whose; None where they were not looked for.
        fetched: of a remote film, what came over the network.
        pictures: a small one of each shot, where pictures were asked for; None of one that has none.
        portraits: the face of each character that is seen long, where they were asked for; None of one without.
    """

    film: Film
    found: FoundShots
    pictures: tuple[ShotPicture | None, ...] = ()
    portraits: tuple[bytes | None, ...] = ()
    faces: FilmFaces | None = None
    cast: Cast | None = None
    fetched: Fetched | None = None


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


NOWHERE = Folders()


def understand_film(
    film: Place,
    tools: Tools,
    *,
    folders: Folders = NOWHERE,
    subtitles: Place | None = None,
    picture_side: int = 0,
    portraits: bool = False,
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
        portraits: whether the faces of characters are cut out, which takes a second look at the frames that show them
            best: who is a character is known only once all faces were found.
        threads: for decoding; 0 takes one per core.
        progress: told of frames; the note says what is done with them.

    Raises:
        MediaError: the film or the subtitles cannot be read.
        BundleError: a bundle gives no features to compare shots by.
    """
    entries = None if subtitles is None else read_subtitles(subtitles)
    since = None if folders.faces is None else wipe_mark(folders.faces)
    with held(film) as remote:
        found = find_shots(film, scans=folders.scans, threads=threads, progress=noting(progress, "frames scanned"))
        plan = _plan(found, tools, folders, picture_side)
        digest = found.source.digest
        known = read_known(plan.watches, digest)
        if known.lacking:
            make_room_for_looks(folders.cache, source=digest)
        told = noting(progress, "frames looked at")
        watched = watch_film(
            film, found.index, plan.watches, source=digest, known=known, threads=threads, progress=told
        )
        unkept = dict(watched.unkept)
        scores = _ask_of_shots(film, found, tools, folders, threads, progress, unkept)
        has_sound_track = has_sound(film)
        heard = None
        if entries is not None and has_sound_track:
            told = noting(progress, "seconds of sound heard")
            heard = kept_loudness(film, found.index, source=digest, folder=folders.cache, progress=told)
        everything = _Everything(watched.said, unkept, scores, has_sound_track, entries, heard)
        whole = _put_together(found, plan, everything, tools, folders)
        if portraits and whole.cast is not None:
            cut = cut_portraits(
                film,
                found.index,
                whole.cast.characters,
                source=digest,
                folder=folders.faces,
                since=since,
                threads=threads,
            )
            whole = replace(whole, portraits=cut)
        _note_film(film, found, tools, folders)
    return whole if remote is None else replace(whole, fetched=remote.fetched)


def understood_before(
    film: Place, tools: Tools, *, folders: Folders, subtitles: Place | None = None, picture_side: int = 0
) -> Understood | None:
    """Return what `understand_film` would, by what is kept of the film alone; None where that does not suffice.

    It does not where the film, or its sound, would have to be gone through first.

    Raises:
        MediaError, BundleError: as there.
    """
    with held(film) as remote:
        source, index = read_source(film, group=film.stem)
        if index is None or folders.scans is None or read_kept_scan(folders.scans, source.digest, index) is None:
            return None
        found = find_shots(film, scans=folders.scans)
        plan = _plan(found, tools, folders, picture_side)
        known = read_known(plan.watches, source.digest)
        predictor = _asked_of_shots(tools)
        scores = None if predictor is None else _kept_scores(found, predictor, folders)
        if known.lacking or (predictor is not None and scores is None):
            return None
        entries = None if subtitles is None else read_subtitles(subtitles)
        has_sound_track = has_sound(film)
        heard = None
        if entries is not None and has_sound_track:
            heard = None if folders.cache is None else read_kept_loudness(folders.cache, source.digest)
            if heard is None:
                return None
    everything = _Everything(known.said, {}, scores, has_sound_track, entries, heard)
    whole = _put_together(found, plan, everything, tools, folders)
    return whole if remote is None else replace(whole, fetched=remote.fetched)


@dataclass(frozen=True, slots=True, eq=False)
class _Everything:
    """All that was seen, heard and read of a film.

    Attributes:
        said: by watchers: name -> ordinal -> words.
        unkept: watcher -> why what it said could not be kept.
        scores: of each shot, what a bundle of shots says; None where none is asked.
    """

    said: Mapping[str, Mapping[int, Any]]
    unkept: Mapping[str, str]
    scores: Sequence[Mapping[str, Scores]] | None
    has_sound: bool
    entries: SubtitleFile | None
    heard: Loudness | None


def _note_film(film: Place, found: FoundShots, tools: Tools, folders: Folders) -> None:
    """Keep what a film is called beside its faces; where that cannot be written, they are kept without it."""
    if tools.faces is None or folders.faces is None:
        return
    try:
        with alone_with_faces(folders.faces):
            keep_film_note(folders.faces, note_of(film, found.source.digest))
    except OSError as error:
        _log.info("the name of %s is not kept with its faces: %s", film, error.strerror or error)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which frames are looked at: those of each shot, and what each watcher is to see."""

    looked: tuple[tuple[int, ...], ...]
    watches: Mapping[str, Watch]


def _plan(found: FoundShots, tools: Tools, folders: Folders, picture_side: int) -> _Plan:
    """Return what everything that is wished for is to see of a film."""
    looked = plan_looks(found.shots, found.index.rate)
    every = tuple(ordinal for of_shot in looked for ordinal in of_shot)
    watchers: dict[str, tuple[Watcher, tuple[int, ...]]] = {
        "colours": (ColourWatcher(), every),
        "edges": (EdgeWatcher(), every[:: max(1, len(every) // _EDGES_LOOKED_AT)]),
    }
    if tools.looks is not None:
        watchers["looks"] = (BundleWatcher(tools.looks), every)
    if tools.closeness is not None and isinstance(tools.closeness.predictor, Predictor):
        watchers[_closeness_name(tools)] = (BundleWatcher(tools.closeness.predictor), every)
    if tools.detector is not None:
        watchers["objects"] = (ObjectWatcher(tools.detector), every)
    if picture_side:
        typical = tuple(shot.typical for shot in found.shots)
        watchers["pictures"] = (PictureWatcher(picture_side), typical)
    watches = {name: Watch(watcher, frames, keeper_of(watcher, folders.cache, source=found.source.digest))
               for name, (watcher, frames) in watchers.items()}  # fmt: skip
    if tools.faces is not None:
        keeper = FaceKeeper(folders.faces, source=found.source.digest, reader=tools.faces.id)
        watches["faces"] = Watch(FaceWatcher(tools.faces), every, keeper)
    return _Plan(looked, watches)


def _closeness_name(tools: Tools) -> str:
    """Return what the watcher that answers closeness is called: one bundle that does both looks once."""
    same = tools.closeness is not None and tools.closeness.predictor is tools.looks
    return "looks" if same else "closeness"


def _put_together(
    found: FoundShots, plan: _Plan, everything: _Everything, tools: Tools, folders: Folders
) -> Understood:
    """Return a film of which everything was looked at."""
    said = everything.said
    scores = _scores_of_pictures(plan, said, tools) if everything.scores is None else everything.scores
    timeline = make_timeline(found.source, found.index, found.shots, has_sound=everything.has_sound)
    timeline = with_answers(timeline, answer_movement(found.signals, found.shots))
    timeline = with_answers(timeline, [_answers(of_shot) for of_shot in scores])
    faces = None if tools.faces is None else _film_faces(found, said["faces"], tools.faces)
    names = Names() if faces is None or folders.faces is None else read_names(folders.faces)
    cast = None if faces is None else _cast(found, faces, timeline, names)
    closeness_by = "" if tools.closeness is None else tools.closeness.name
    detections = None if tools.detector is None else _detections(said["objects"])
    film = Film(
        timeline=timeline,
        structure=find_structure(_evidence(timeline, found, plan, said, tools, scores, cast)),
        facts=measure_facts(
            timeline,
            found.signals,
            palettes=[_palette(said["colours"], of_shot) for of_shot in plan.looked],
            area=area_of_glimpses([unpack_glimpse(words) for words in said["edges"].values()], found.index),
            scale_by=closeness_by,
        ),
        looks_by=tools.looks_name,
        closeness_by=closeness_by,
        characters=None if cast is None else cast.characters,
        faces_by="" if tools.faces is None else tools.faces.name,
        cast=() if cast is None else cast.of_shot,
        subjects=None if detections is None else _subjects(detections, plan),
        subjects_by="" if tools.detector is None else tools.detector.name,
        subtitles=(
            None
            if everything.entries is None
            else align_subtitles(everything.entries, timeline, loudness=everything.heard)
        ),
        faces=None if faces is None or cast is None else list_faces(faces, cast, found.index, found.shots),
        objects=None if detections is None else list_objects(detections, found.index, found.shots),
        notes=(*_notes(found, tools, everything.unkept), *(() if faces is None else notes_of_faces(faces, names))),
    )
    return Understood(film, found, _pictures(said.get("pictures"), found), faces=faces, cast=cast)


def _ask_of_shots(
    film: Place,
    found: FoundShots,
    tools: Tools,
    folders: Folders,
    threads: int,
    progress: Progress,
    unkept: dict[str, str],
) -> list[Mapping[str, Scores]] | None:
    """Return what a bundle of shots says of each shot, asked once; None where none is to be asked.

    Args:
        unkept: is told why what it says could not be kept.
    """
    predictor = _asked_of_shots(tools)
    if predictor is None:
        return None
    kept = _kept_scores(found, predictor, folders)
    if kept is not None:
        return kept
    told = noting(progress, "shots looked at")
    shots = list(answer_shots(predictor, film, found, found.shots, threads=threads, progress=told))
    if folders.cache is not None:
        bundle = predictor.bundle
        try:
            keep_answers(folders.cache, shots, source=found.source.digest, bundle=bundle.name, bundle_id=bundle.id)
        except OSError as error:
            unkept["shots"] = error.strerror or str(error)
    return [shot.scores for shot in shots]


def _kept_scores(found: FoundShots, predictor: ShotPredictor, folders: Folders) -> list[Mapping[str, Scores]] | None:
    spans = [(shot.start, shot.stop) for shot in found.shots]
    for one in [] if folders.cache is None else read_answers(folders.cache, found.source.digest):
        if one.id == predictor.bundle.id and all(span in one.scores for span in spans):
            return [one.scores[span] for span in spans]
    return None


def _asked_of_shots(tools: Tools) -> ShotPredictor | None:
    """Return the bundle of shots that says which shots are close; None where none does."""
    asked = None if tools.closeness is None else tools.closeness.predictor
    return asked if isinstance(asked, ShotPredictor) else None


def _scores_of_pictures(plan: _Plan, said: Mapping[str, Mapping[int, Any]], tools: Tools) -> list[Mapping[str, Scores]]:
    """Return what a bundle of pictures says of each shot: the mean over its frames; {} where nothing was asked."""
    asked = tools.closeness
    if asked is None or not isinstance(asked.predictor, Predictor):
        return [{} for _ in plan.looked]
    watcher, words = BundleWatcher(asked.predictor), said[_closeness_name(tools)]
    scores: list[Mapping[str, Scores]] = []
    for of_shot in plan.looked:
        rows = [words[ordinal] for ordinal in of_shot if ordinal in words]
        mean = watcher.answers(unpack_rows(rows)).mean(axis=0) if rows else None
        scores.append({} if mean is None else {asked.task: name_scores(asked.predictor.classes, mean)})
    return scores


def _answers(scores: Mapping[str, Scores]) -> Answers:
    return {
        task: ShotAnswer(best, min(1.0, of_task[best]))
        for task, of_task in scores.items()
        if of_task
        for best in [best_class(of_task)]
    }


def _film_faces(found: FoundShots, words: Mapping[int, tuple[Face, ...]], reader: FaceReader) -> FilmFaces:
    ordinals = tuple(sorted(words))
    return FilmFaces(found.source.digest, reader.id, ordinals, tuple(words[ordinal] for ordinal in ordinals))


def _cast(found: FoundShots, faces: FilmFaces, timeline: Timeline, names: Names) -> Cast:
    """Return which faces are whose, by the names that were given in this film or another of the project."""
    seconds = [float(place.duration_seconds) for place in timeline.shots]
    return find_characters(faces, found.shots, seconds, names)


def _evidence(
    timeline: Timeline,
    found: FoundShots,
    plan: _Plan,
    said: Mapping[str, Mapping[int, Any]],
    tools: Tools,
    scores: Sequence[Mapping[str, Scores]],
    cast: Cast | None,
) -> Evidence:
    """Return what is known of the shots, for their structure to be found in."""
    seen = said["colours"] if tools.looks is None else said["looks"]  # a frame that is lost has no look either
    pairs = [(place, one) for place, of_shot in enumerate(plan.looked) for one in of_shot if one in seen]
    ordinals = np.array([ordinal for _, ordinal in pairs], np.int64)
    if tools.looks is None or not pairs:
        looks = looks_of_scan(found.signals, ordinals)
    else:
        looks = BundleWatcher(tools.looks).features(unpack_rows([seen[ordinal] for _, ordinal in pairs]))
    nobody = [-1] * len(found.shots)
    task, close = ("", ()) if tools.closeness is None else (tools.closeness.task, tools.closeness.classes)
    return Evidence(
        start_seconds=np.array([float(place.start_seconds) for place in timeline.shots]),
        stop_seconds=np.array([float(place.stop_seconds) for place in timeline.shots]),
        blank=np.array([shot.blank for shot in found.shots], np.bool_),
        looks=looks,
        shot_of=np.array([place for place, _ in pairs], np.int64),
        tones=tones_of_scan(found.signals, ordinals),
        close=np.array([closeness_of(of_shot.get(task, {}), close) for of_shot in scores], np.float32),
        person=np.array(nobody if cast is None else cast.dominant, np.int64),
        face_count=np.array(nobody if cast is None else cast.face_counts, np.int64),
        faded=np.array([shot.opening is not None and shot.opening.kind == "fade" for shot in found.shots], np.bool_),
    )


def _palette(words: Mapping[int, bytes], of_shot: Sequence[int]) -> tuple[ColourShare, ...]:
    """Return the palette of a shot, by those of its frames."""
    palettes = [unpack_palette(words[ordinal]) for ordinal in of_shot if ordinal in words]
    return merge_palettes(palettes, [1.0] * len(palettes))


def _detections(words: Mapping[int, bytes]) -> dict[int, tuple[Detection, ...]]:
    """Return what is seen in each frame, by its ordinal."""
    return {ordinal: unpack_detections(packed) for ordinal, packed in words.items()}


def _subjects(seen: Mapping[int, Sequence[Detection]], plan: _Plan) -> tuple[Subjects, ...]:
    """Return of each shot the words of what is seen in its frames, frame by frame, the surest first."""
    return tuple(
        unite_subjects([one.word for one in seen[ordinal]] for ordinal in of_shot if ordinal in seen)
        for of_shot in plan.looked
    )


def _pictures(words: Mapping[int, bytes] | None, found: FoundShots) -> tuple[ShotPicture | None, ...]:
    """Return the small pictures of the shots, None of one whose frame is lost; () where none were asked for."""
    if words is None:
        return ()
    return tuple(unpack_picture(words[shot.typical]) if shot.typical in words else None for shot in found.shots)


def _notes(found: FoundShots, tools: Tools, unkept: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a person should know of what was found: what is damaged, and what was not looked at."""
    notes = list(found.warnings)
    for reason in dict.fromkeys(unkept.values()):
        names = ", ".join(name for name in unkept if unkept[name] == reason)
        notes.append(f"what was seen in it ({names}) was not kept: {reason}. What was found is whole")
    if not found.index.constant_rate:
        notes.append("its frames do not stand evenly: timecodes keep to the nearest frames, seconds are exact")
    can_talk = sum(not shot.blank for shot in found.shots) >= _SHOTS_OF_A_DIALOGUE
    if tools.closeness is None and tools.faces is None and can_talk:
        notes.append(
            "dialogues are told by alternation alone: neither a bundle that knows medium close-ups (--closeness) nor "
            "faces (--faces) were asked"
        )
    asked = tools.closeness
    if asked is not None and can_talk:
        notes.append(
            f"a medium close-up is what {asked.name} calls {' or '.join(asked.classes)}; dialogues that are filmed "
            "wider are hardly found by it (--close-class names more classes)"
        )
    return tuple(notes)
