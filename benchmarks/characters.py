"""Characters of films whose people are known: faces found, told apart and put together over whole films."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.agreement import with_interval
from benchmarks.harness import CACHE, Outcome, Say, Target, find_media
from benchmarks.stories import Story, spliced_stories
from rushes.errors import WeightsError
from rushes.footage.video import DecodedFrame, decode_frames
from rushes.structure.characters import find_characters
from rushes.structure.looked_at import plan_looks
from rushes.structure.scores import ClusterScore, score_clusters
from rushes.subjects.faces import FaceReader
from rushes.subjects.kept_faces import FilmFaces, read_film_faces, write_film_faces
from rushes.subjects.models import find_model
from rushes.subjects.names import Names

TARGET = Target("ours", 0.1)
_DETECTOR = "face_detection_yunet_n_dynamic.onnx"
_SHARED_EMBEDDER = "face_embedding_mobilefacenet.onnx"


@dataclass(frozen=True, slots=True)
class _People:
    """How the characters of one film agree with its people.

    Attributes:
        shots: of the shots that show one person alone, by the character whose face dominates.
        known: how many people the film has who are alone in some shot; `found` how many characters stand for them.
    """

    shots: ClusterScore
    known: int
    found: int


def measure(say: Say) -> Outcome:
    say("Characters: the one whose face dominates a shot, of shots that show one person alone; the truth says who.")
    say("Films spliced from sign clips, a talk show and a talking head at 320x180, and the talk show as it was cut.")
    media = find_media()
    if media is None:
        say("No real footage at hand; name its folder in RUSHES_MEDIA.")
        return Outcome("characters", None, None, "1 - V-measure", TARGET)
    stories = spliced_stories(media, say=say)
    results: dict[str, float] = {}
    for embedder in _embedders(media / "weights", say):
        reader = FaceReader(media / "weights" / _DETECTOR, embedder)
        films = [_people_of(story, reader) for story in stories]
        results[reader.name] = 1 - _mean(lambda one: one.v_measure)(films)
        say(f"By {reader.name}:")
        for words, value in _VALUES.items():
            say(f"  {words} {with_interval(films, _mean(value))}")
        say(f"  {sum(film.found for film in films)} characters stand for {sum(film.known for film in films)} people")
        show = films[-1].shots
        say(f"  the talk show alone: purity {show.purity:.3f}, inverse purity {show.inverse_purity:.3f}, "
            f"{show.covered:.0%} of its single shots have a character")  # fmt: skip
    best = min(results, key=results.__getitem__)
    say(f"The line below is what V lacks of 1, the mean over films, by {best}. Painted faces are not measured: no "
        "detector of faces was made for them.")  # fmt: skip
    return Outcome("characters", results[best], None, "1 - V-measure", TARGET)


def _embedders(weights: Path, say: Say) -> list[Path]:
    """Return the networks that tell faces apart: the usual one where it is at hand, and the one beside the footage."""
    found = [weights / _SHARED_EMBEDDER]
    try:
        usual = find_model("", does="face embedding", folder=weights, fetch=False)
    except WeightsError:
        say("The usual network of faces is not at hand; it is fetched by 'rushes faces'. Measured without it.")
    else:
        found = [usual, *(path for path in found if path != usual)]
    return [path for path in found if path.is_file()]


def _people_of(story: Story, reader: FaceReader) -> _People:
    seconds = (story.evidence.stop_seconds - story.evidence.start_seconds).tolist()
    cast = find_characters(_faces_of(story, reader), story.found.shots, seconds, Names())
    starts = np.array([shot[0] for shot in story.known.shots])
    middles = (story.evidence.start_seconds + story.evidence.stop_seconds) / 2
    people = [story.known.shots[place][3] for place in np.searchsorted(starts, middles, side="right") - 1]
    shots = score_clusters(cast.dominant, people)
    return _People(shots, len({one for one in people if one is not None}), shots.clusters)


def _faces_of(story: Story, reader: FaceReader) -> FilmFaces:
    """Return the faces of the frames that are looked at, kept from an earlier run or found."""
    folder, digest = CACHE / "faces", story.found.source.digest
    kept = read_film_faces(folder, digest, reader.id)
    if kept is not None:
        return kept
    ordinals = sorted(one for of_shot in plan_looks(story.found.shots, story.found.index.rate) for one in of_shot)
    frames = [frame for frame in decode_frames(story.path, story.found.index, ordinals)
              if isinstance(frame, DecodedFrame)]  # fmt: skip
    faces = tuple(reader.find(frame.pixels) for frame in frames)
    found = FilmFaces(digest, reader.id, tuple(frame.ordinal for frame in frames), faces)
    write_film_faces(folder, found)
    return found


_VALUES: dict[str, Callable[[ClusterScore], float]] = {
    "purity": lambda one: one.purity,
    "inverse purity": lambda one: one.inverse_purity,
    "V-measure": lambda one: one.v_measure,
    "adjusted Rand": lambda one: one.adjusted_rand,
    "share of the shots of one person that have a character": lambda one: one.covered,
}


def _mean(value: Callable[[ClusterScore], float]) -> Callable[[Sequence[_People]], float]:
    return lambda films: float(np.mean([value(film.shots) for film in films]))
