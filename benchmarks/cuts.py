"""Cuts found in films whose cuts are known, beside PySceneDetect's detectors on the same films."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from benchmarks.cut_films import KnownFilm, make_known_films
from benchmarks.harness import CACHE, Outcome, Say, Target, find_media, time_call
from benchmarks.peers import ask_peer, peer_python
from rushes.footage.found_shots import find_shots
from rushes.footage.shot import Cut
from rushes.storage.files import whole_file

TARGET = Target("ratio", 1)
TOLERANCE = 2  # frames that a found cut may stand beside a known one, or outside a known fade or dissolve
_BY_EYE_GRADUAL = (
    12  # frames to either side of where a person wrote that the shot after a fade or dissolve begins, in all
)
_DETECTORS = ("AdaptiveDetector", "ContentDetector")


@dataclass(frozen=True, slots=True)
class Score:
    """How found cuts agree with known ones.

    Attributes:
        hits: known cuts that were found, each once.
        false, missed: found cuts that are none, and known ones that were not found.
    """

    hits: int
    false: int
    missed: int

    def __add__(self, other: Score) -> Score:
        return Score(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.hits / max(1, self.hits + self.false)

    @property
    def recall(self) -> float:
        return self.hits / max(1, self.hits + self.missed)

    @property
    def errors(self) -> int:
        return self.false + self.missed

    @property
    def f1(self) -> float:
        return 2 * self.hits / max(1, 2 * self.hits + self.false + self.missed)

    def __str__(self) -> str:
        return (
            f"precision {self.precision:.3f}, recall {self.recall:.3f}, F1 {self.f1:.3f} "
            f"({self.hits} found, {self.false} false, {self.missed} missed)"
        )


def measure(say: Say) -> Outcome:
    say("Finding cuts: rushes' detector on the signals of its scan, beside PySceneDetect's detectors as they come.")
    say(f"A found cut counts where it is at most {TOLERANCE} frames from a known hard cut, or from the frames of a")
    say(f"known fade or dissolve; of cuts noted by eye a gradual one takes {_BY_EYE_GRADUAL} frames either way.")
    media, python = find_media(), peer_python(say)
    if media is None:
        say("No real footage at hand; name its folder in RUSHES_MEDIA.")
        return Outcome("cuts", None, None, "errors", TARGET)
    real = {"noted by eye": films_by_eye(media), "of a news programme": [news_film(media)]}
    ours, peers = _compare(real, python, say)
    say(
        "The same on films spliced from takes and pictures that nothing was fitted to, with flashes, pans and exposures"
    )
    say("between: more of each kind of cut, made by one hand, and joined by other curves than what it was fitted to.")
    _compare({"spliced": make_known_films("judge", media, say=say)}, python, say)
    if not peers:
        return Outcome("cuts", ours.score.errors, None, "errors", TARGET)
    best = min(peers, key=lambda detector: peers[detector].score.errors)
    say(f"The line below counts errors on the real films, false and missed together, of rushes and of {best}.")
    faster = ours.wall_seconds <= peers[best].wall_seconds
    say("The target is no more errors in no more time. For these films, most of them small, rushes took "
        f"{ours.wall_seconds:.1f} s with all that it notes, {best} {peers[best].wall_seconds:.1f} s.")  # fmt: skip
    return Outcome("cuts", ours.score.errors, peers[best].score.errors, "errors", TARGET, faster)


@dataclass(slots=True)
class _Tally:
    score: Score = Score(0, 0, 0)
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.score}; {self.wall_seconds:.1f} s, {self.cpu_seconds:.1f} s of processor time"


def _compare(
    sets: Mapping[str, Sequence[KnownFilm]], python: Path | None, say: Say
) -> tuple[_Tally, dict[str, _Tally]]:
    """Print how rushes and its peers do on sets of films, and return how they did on all of them."""
    ours, peers = _Tally(), {detector: _Tally() for detector in _DETECTORS if python}
    for words, films in sets.items():
        without = sum(not film.cuts for film in films)
        say(f"Films {words}: {len(films)}, {sum(len(film.cuts) for film in films)} cuts, {without} films without any")
        timing = time_call(lambda films=films: [cuts_of(film) for film in films])
        ours.wall_seconds += timing.wall_seconds
        ours.cpu_seconds += timing.cpu_seconds
        found = score_films(films, lambda film: [cut.ordinal for cut in cuts_of(film)])
        ours.score += found
        say(f"  rushes: {found}")
        for kind in ("hard", "fade", "dissolve"):
            say(f"    {kind}: {_recall_of(films, kind)}")
        for detector, tally in peers.items():
            assert python is not None
            answers = {film.path: ask_peer(python, "cuts", film.path, detector) for film in films}
            score = score_films(films, lambda film, answers=answers: answers[film.path]["cuts"])
            tally.score += score
            tally.wall_seconds += sum(answer["wall_seconds"] for answer in answers.values())
            tally.cpu_seconds += sum(answer["cpu_seconds"] for answer in answers.values())
            say(f"  {detector}: {score}")
    say(f"Together: rushes {ours}, with signals, motion and digests")
    for detector, tally in peers.items():
        say(f"Together: {detector} {tally}")
    return ours, peers


_found: dict[Path, tuple[Cut, ...]] = {}


def cuts_of(film: KnownFilm) -> tuple[Cut, ...]:
    """Return the cuts that rushes finds."""
    if film.path not in _found:
        _found[film.path] = tuple(shot.opening for shot in find_shots(film.path).shots if shot.opening is not None)
    return _found[film.path]


def score_films(films: Iterable[KnownFilm], found: Callable[[KnownFilm], Sequence[int]]) -> Score:
    """Return the score over all films together."""
    total = Score(0, 0, 0)
    for film in films:
        total += score_cuts(found(film), film.cuts)
    return total


def score_cuts(found: Sequence[int], known: Sequence[Cut], *, tolerance: int = TOLERANCE) -> Score:
    """Return how found frames agree with known cuts: each is paired once, in order."""
    left = list(known)
    hits = 0
    for frame in sorted(found):
        near = [cut for cut in left if cut.start - tolerance <= frame <= max(cut.stop, cut.ordinal) + tolerance]
        if near:
            left.remove(min(near, key=lambda cut: abs(cut.ordinal - frame)))
            hits += 1
    return Score(hits, len(found) - hits, len(left))


def _recall_of(films: Sequence[KnownFilm], kind: str) -> str:
    found = known = 0
    for film in films:
        cuts = [cut for cut in film.cuts if cut.kind == kind]
        known += len(cuts)
        found += score_cuts([cut.ordinal for cut in cuts_of(film) if cut.kind == kind], cuts).hits
    return f"{found} of {known} found as such"


def films_by_eye(media: Path) -> list[KnownFilm]:
    """Return the films whose shots a person wrote down."""
    rows: dict[str, list[dict[str, str]]] = {}
    with (media / "labels" / "shots_by_eye.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["video"], []).append(row)
    return [KnownFilm(media / "videos" / name, tuple(map(_cut_by_eye, shots[1:]))) for name, shots in rows.items()]


def _cut_by_eye(row: dict[str, str]) -> Cut:
    start, kind = int(row["start_frame"]), row["transition_in"]
    if kind == "cut":
        return Cut(start, "hard", start, start)
    wide = _BY_EYE_GRADUAL - TOLERANCE
    around = (max(0, start - wide), start + wide)
    return Cut(start, "fade" if kind == "fade" else "dissolve", *around)


def news_film(media: Path) -> KnownFilm:
    """Return the frames of a news programme as a film, with the cuts that its authors state."""
    import av

    frames = sorted((media / "images" / "sbd_news_frames").glob("*.jpg"))
    first = int(frames[0].stem.rpartition("-")[2])
    path = CACHE / "news.mp4"
    if not path.is_file():
        with whole_file(path) as temporary, av.open(str(temporary), "w", format="mp4") as container:
            stream = container.add_stream("libx264", rate=25, options={"crf": "14"})
            for number, picture in enumerate(frames):
                with av.open(str(picture)) as one:
                    frame = next(one.decode(video=0))
                if not number:
                    stream.width, stream.height, stream.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
                even = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
                even.pts, even.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(even))
            container.mux(stream.encode(None))
    with (media / "labels" / "sbd_news_cuts.csv").open(encoding="utf-8", newline="") as file:
        at = [int(row["first_frame_of_new_shot"]) - first for row in csv.DictReader(file)]
    return KnownFilm(path, tuple(Cut(frame, "hard", frame, frame) for frame in at))
