"""The structure of a film of two hours, from what is kept of its scan and features to the files it is written to."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE, Outcome, Say, Target, find_media, format_seconds, time_call
from benchmarks.stories import SCENES
from rushes.datasets.synthetic.story import render_story
from rushes.storage.files import whole_file
from rushes.structure.evidence import Evidence
from rushes.structure.find import find_structure
from rushes.structure.outputs import write_film
from rushes.structure.tools import Tools
from rushes.structure.understand import Folders, Understood, understand_film
from rushes.subjects.face import Face
from rushes.subjects.faces import FaceReader
from rushes.subjects.kept_faces import FilmFaces, write_film_faces

TARGET = Target("ours", 60)
_MINUTES = 120
_SEEDS = range(5)
_PEOPLE, _LENGTH = 40, 512  # in the cast, and numbers of a face
_FEATURES = 1280  # numbers of a picture's features, as MobileNetV2 gives them
_PICTURE_SIDE = 320
_WRITTEN = ("json", "html", "csv", "edl", "otio", "fcpxml", "eaf")


def measure(say: Say) -> Outcome:
    say(
        f"A film of {_MINUTES} minutes, painted stories one after the other: what is computed once the scan, the "
        "palettes, the small pictures and the faces are kept."
    )
    film = _long_story(say)
    folder = CACHE / "structure"
    folders = Folders(folder / "scans", folder / "cache", folder / "faces")
    media = find_media()
    detector = None if media is None else media / "weights" / "face_detection_yunet_n_dynamic.onnx"
    embedder = None if media is None else media / "weights" / "face_embedding_mobilefacenet.onnx"
    reader = None if detector is None or not detector.is_file() else FaceReader(detector, embedder)
    tools = Tools(faces=reader)
    first = time_call(lambda: understand_film(film, tools, folders=folders, picture_side=_PICTURE_SIDE))
    say(f"  with all that is seen once (where it was not kept from an earlier run): "
        f"{format_seconds(first.wall_seconds)}")  # fmt: skip
    if reader is not None:
        _fill_with_faces(film, tools, folders, say)
    else:
        say("  no model of faces at hand: without characters")
    held: list[Understood] = []
    again = time_call(lambda: held.append(understand_film(film, tools, folders=folders, picture_side=_PICTURE_SIDE)))
    understood = held[0]
    structure = understood.film.structure
    say(
        f"  {len(understood.found.shots):,} shots, {len(structure.scenes)} scenes, {len(structure.dialogues)} "
        f"dialogues, {len(understood.film.characters or ())} characters: {format_seconds(again.wall_seconds)} on the "
        f"wall, {format_seconds(again.cpu_seconds)} of processor time"
    )
    written = 0.0
    with tempfile.TemporaryDirectory() as target:
        for extension in _WRITTEN:
            path = Path(target) / f"film.{extension}"
            one = time_call(lambda path=path: write_film(understood.film, path, understood.pictures))
            written += one.wall_seconds
            say(f"    {extension}: {format_seconds(one.wall_seconds)}, {path.stat().st_size / 1e6:.1f} MB")
    _say_large_looks(understood, say)
    total = again.wall_seconds + written
    say(f"  together, with every file: {format_seconds(total)}")
    return Outcome("structure", total, None, "s", TARGET)


def _long_story(say: Say) -> Path:
    """Return stories one after the other, again and again, as one film of two hours."""
    film = CACHE / f"story-{_MINUTES}min.mp4"
    if film.is_file():
        return film
    parts = []
    (CACHE / "stories").mkdir(parents=True, exist_ok=True)
    for seed in _SEEDS:
        part = CACHE / "stories" / f"story-{SCENES}-{seed:03d}.mp4"
        if not part.is_file():
            say(f"  painting the story of seed {seed}, once")
            render_story(part, seed=seed, scenes=SCENES)
        parts.append(part)
    with whole_file(film) as temporary, av.open(str(temporary), "w", format="mp4") as target:
        stream, offset, number = None, 0, 0
        while number < len(parts) or offset < _MINUTES * 60:
            with av.open(str(parts[number % len(parts)])) as source:
                template = source.streams.video[0]
                if stream is None:
                    stream = target.add_stream_from_template(template)
                base = template.time_base
                assert base is not None
                length = 0
                for packet in source.demux(template):
                    if packet.dts is None or packet.pts is None:
                        continue
                    length = max(length, packet.pts + (packet.duration or 0))
                    packet.pts += round(offset / base)
                    packet.dts += round(offset / base)
                    packet.stream = stream
                    target.mux(packet)
                offset += length * base
            number += 1
    return film


def _fill_with_faces(film: Path, tools: Tools, folders: Folders, say: Say) -> None:
    """Keep faces of a large cast in place of what was found: detectors of faces see few in painted people."""
    assert tools.faces is not None
    assert folders.faces is not None
    understood = understand_film(film, tools, folders=folders)
    assert understood.faces is not None
    draw = np.random.default_rng(4)
    people = draw.normal(size=(_PEOPLE, _LENGTH)).astype(np.float32)
    starts = np.array([shot.start for shot in understood.found.shots])
    faces = []
    for ordinal in understood.faces.ordinals:
        shot = int(np.searchsorted(starts, ordinal, side="right")) - 1
        seen = np.random.default_rng(shot).integers(_PEOPLE, size=shot % 4)
        faces.append(tuple(_face(people[who], place, draw) for place, who in enumerate(dict.fromkeys(seen.tolist()))))
    kept = FilmFaces(understood.faces.source, understood.faces.reader, understood.faces.ordinals, tuple(faces))
    write_film_faces(folders.faces, kept)
    say(
        f"  {kept.face_count:,} faces of {_PEOPLE} people stand for what a detector would see in {len(faces):,} "
        "pictures"
    )


def _face(person: npt.NDArray[np.float32], place: int, draw: np.random.Generator) -> Face:
    vector = person + draw.normal(scale=0.6, size=len(person)).astype(np.float32)
    left, size = 0.1 + 0.28 * place, float(draw.uniform(0.1, 0.25))
    points = np.array([[0.3, 0.35], [0.7, 0.35], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    across = np.array([left, 0.2], np.float32) + points * size
    return Face(left, 0.2, size, size, 0.9, across, vector / np.linalg.norm(vector))


def _say_large_looks(understood: Understood, say: Say) -> None:
    """Print what structure alone takes with features as large as a backbone's."""
    from benchmarks.stories import evidence_of

    evidence: Evidence = evidence_of(understood.found, understood.film.timeline)
    draw = np.random.default_rng(2)
    wide = evidence.looks @ draw.normal(size=(evidence.looks.shape[1], _FEATURES)).astype(np.float32)
    large = replace(evidence, looks=wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-9))
    for words, one in (("the scan", evidence), (f"features of {_FEATURES:,} numbers", large)):
        seconds = time_call(lambda one=one: find_structure(one)).wall_seconds
        say(f"    find_structure alone, by {words}: {format_seconds(seconds)} for {len(one.looks):,} pictures")
