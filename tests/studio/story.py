"""A film of twelve shots, and what understands it by hand, so that tests of the page need no models of faces."""

from __future__ import annotations

import colorsys
import math
import threading
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

from footage.spliced import still, write_frames
from rushes.errors import UsageError
from rushes.footage.source import Source
from rushes.progress import Progress
from rushes.project import Project
from rushes.structure.facts import ColourShare, FilmFacts, PictureArea, RhythmPoint, ScaleShare, TonePoint
from rushes.structure.film import Film
from rushes.structure.parts import Character, Dialogue, Scene, Structure
from rushes.structure.subtitle import FilmSubtitles, Subtitle
from rushes.studio.films import Films
from rushes.studio.structures import Asked
from rushes.subjects.kept_faces import Wiped, wipe_faces
from rushes.subjects.wiping import wipe_mark
from rushes.timelines.timeline import Timeline

SHOTS = 12
_SHOT_FRAMES = 18


def write_story(path: Path) -> Path:
    """A film of twelve shots: three views of a place, two that answer each other with one in between, two more."""
    pictures = (1, 2, 3, 4, 5, 4, 6, 5, 4, 5, 7, 8)
    return write_frames(path, [frame for seed in pictures for frame in still(seed, _SHOT_FRAMES)])


class ByHand:
    """Understands any film of scanned shots as scenes of three and of seven shots in turn, the latter a dialogue."""

    def __init__(self, project: Project, films: Films, *, people: int = 3) -> None:
        """Know nothing of any film yet."""
        self._project, self._films, self._people = project, films, people
        self._names: dict[int, str] = {}
        self._before: list[dict[int, str]] = []
        self._seen: set[tuple[str, bool]] = set()  # source, with faces
        self._lock = threading.Lock()

    def choices(self) -> dict[str, list[dict[str, str]]]:
        return {
            "looks": [{"name": "scan", "words": "what the scan noted of each frame"}],
            "closeness": [{"name": "", "words": "nothing"}, {"name": "scale-1", "words": "scale-1"}],
            "detector": [
                {"name": "", "words": "no objects"},
                {"name": "yolox-s", "words": "yolox-s: everyday things"},
            ],
        }

    def state(self, source: Source) -> object:
        return self._films.scan_state(source), tuple(self._names.items()), wipe_mark(self._project.faces_folder)

    def kept(self, source: Source, asked: Asked) -> Film | None:
        kept = self._project.faces_folder / f"{source.digest}.faces"
        if (source.digest, asked.faces) not in self._seen or (asked.faces and not kept.is_file()):
            return None
        found = self._films.shots(source)
        return None if found is None else understood(found.timeline, asked, self._names, people=self._people)

    def make(self, source: Source, asked: Asked, *, progress: Progress) -> Film:
        progress(1, 2, "looking")
        self._seen |= {(source.digest, False), (source.digest, asked.faces)}
        if asked.faces:
            self._project.faces_folder.mkdir(parents=True, exist_ok=True)
            (self._project.faces_folder / f"{source.digest}.faces").write_bytes(b"faces")
        found = self.kept(source, asked)
        assert found is not None, "the film is scanned"
        return found

    def subtitles(self, source: Source) -> str | None:
        return "story.srt"

    def pictures(self, source: Source, asked: Asked) -> tuple[None, ...] | None:
        found = self._films.shots(source)
        return None if found is None else (None,) * len(found.timeline.shots)

    def name(self, source: Source, asked: Asked, number: int, name: str | None) -> None:
        self._before.append(self._names)
        others = {key: value for key, value in self._names.items() if key != number}
        self._names = others if name is None else others | {number: name}

    def unname(self) -> None:
        if not self._before:
            raise UsageError("there is no name to take back")
        self._names = self._before.pop()

    def wipe(self) -> Wiped:
        wiped = wipe_faces(self._project.faces_folder)
        self._names.clear()
        self._seen = {(digest, faces) for digest, faces in self._seen if not faces}
        return wiped


def understood(timeline: Timeline, asked: Asked, names: dict[int, str], *, people: int = 3) -> Film:
    """Return a film of scenes of three and of seven shots."""
    count = len(timeline.shots)
    setups, seen, scenes, dialogues = [], [], [], []
    for length in cycle((3, 7)):
        first = len(setups)
        if first >= count:
            break
        stop = min(count, first + length)
        kind = 10 * len(scenes)
        pair = (len(scenes) % people, (len(scenes) + 1) % people)
        for place in range(stop - first):
            spoken = length == 7 and place != 3
            setups.append(kind + (place % 2 if spoken else 2 + place))
            seen.append((pair[place % 2],) if spoken else ())
        scenes.append(Scene(first, stop, 1.0 if first == 0 else 0.84))
        if stop - first == 7:
            reason = "5 changes between two set-ups, both mostly medium close-ups"
            pairs = pair if asked.faces else (None, None)
            dialogues.append(
                Dialogue(
                    first, stop, (kind, kind + 1), cutaways=(first + 3,), people=pairs, confidence=0.91, reason=reason
                )
            )
    order = {setup: number for number, setup in enumerate(dict.fromkeys(setups))}
    boundaries = [0.1] * count
    for scene in scenes:
        boundaries[scene.first] = scene.confidence
    numbered = [
        Dialogue(one.first, one.stop, (order[one.sides[0]], order[one.sides[1]]), cutaways=one.cutaways,
                 people=one.people, confidence=one.confidence, reason=one.reason)
        for one in dialogues
    ]  # fmt: skip
    return Film(
        timeline,
        Structure(tuple(order[one] for one in setups), tuple(scenes), tuple(boundaries), tuple(numbered)),
        _facts(timeline),
        looks_by=asked.looks,
        closeness_by=asked.closeness,
        characters=_characters(timeline, seen, names, people) if asked.faces else None,
        faces_by="yunet + sface" if asked.faces else "",
        cast=tuple(seen) if asked.faces else (),
        subjects=tuple(("person", "cup") if of_shot else ("car",) for of_shot in seen) if asked.detector else None,
        subjects_by=asked.detector,
        subtitles=_subtitles(timeline, seen),
        notes=() if asked.faces else ("faces were not looked for: the project's [film] faces is off",),
    )


def _characters(
    timeline: Timeline, seen: Sequence[tuple[int, ...]], names: dict[int, str], people: int
) -> tuple[Character, ...]:
    found = []
    for number in range(people):
        shots = tuple(place for place, of_shot in enumerate(seen) if number in of_shot)
        seconds = sum(float(timeline.shots[place].duration_seconds) for place in shots)
        ordinal = timeline.shots[shots[0]].shot.typical if shots else 0
        name = names.get(number)
        found.append(
            Character(number, name, shots, seconds, 2 * len(shots), ordinal, (0.35 + number / 50, 0.2, 0.2, 0.35))
        )
    return tuple(found)


def _facts(timeline: Timeline) -> FilmFacts:
    lengths = sorted(float(place.duration_seconds) for place in timeline.shots)
    total, count = sum(lengths), len(lengths)
    palettes = tuple(_palette(place / count) for place in range(count))
    return FilmFacts(
        shot_count=count,
        duration_seconds=total,
        average_shot_seconds=total / count,
        median_shot_seconds=lengths[count // 2],
        shortest_shot_seconds=lengths[0],
        longest_shot_seconds=lengths[-1],
        cuts={"hard": count - 1, "fade": 0, "dissolve": 0},
        rhythm=tuple(RhythmPoint(at * total / 60, 3.5 + 2 * math.sin(at / 6)) for at in range(61)),
        tones=tuple(TonePoint(at * total / 99, 95 + 40 * math.sin(at / 9), 45 + math.cos(at)) for at in range(100)),
        palette=palettes[0],
        palettes=palettes,
        area=PictureArea(0, 30, 320, 150, 320 / 134, "2.39:1"),
        long_takes=(count - 1,),
        long_take_seconds=lengths[-1],
        scales=(ScaleShare("MCU", 6, 4.5), ScaleShare("LS", 4, 3.0)),
        scale_by="scale-1",
    )  # fmt: skip


def _palette(hue: float) -> tuple[ColourShare, ...]:
    colours = [colorsys.hls_to_rgb((hue + 0.07 * rank) % 1, 0.2 + 0.12 * rank, 0.35) for rank in range(4)]
    shares = (0.4, 0.3, 0.2, 0.1)
    return tuple(
        ColourShare(round(255 * red), round(255 * green), round(255 * blue), share)
        for (red, green, blue), share in zip(colours, shares, strict=True)
    )


def _subtitles(timeline: Timeline, seen: Sequence[tuple[int, ...]]) -> FilmSubtitles:
    entries = tuple(
        Subtitle(float(place.start_seconds) + 0.1, float(place.stop_seconds) - 0.1, f"Line {number} & its <answer>",
                 number, number + 1)
        for number, (place, of_shot) in enumerate(zip(timeline.shots, seen, strict=True))
        if of_shot
    )  # fmt: skip
    return FilmSubtitles("story.srt", entries, 0.0, "fits", "compared with the loudness of the sound")
