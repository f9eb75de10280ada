"""What is said of characters before anybody believes them, and by whose vectors names are looked for."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from rushes.structure.cast_notes import notes_of_faces
from rushes.structure.tools import embedder_of_names
from rushes.subjects.models import KnownModel
from rushes.subjects.names import Names
from subjects.people import film_of, seen

MOBILE, SFACE = "mobilefacenet-111111111111", "sface-111111111111"


def named(*by: tuple[str, str]) -> Names:
    names = Names()
    for number, (name, embedder) in enumerate(by):
        names = names.with_name(name, seen(number).embedding, embedder=embedder)
    return names


def test_names_that_cannot_be_found_are_told_with_what_to_do() -> None:
    by_mobile = replace(film_of([[[seen(1)]]])[0], reader=f"yunet-0-1+{MOBILE}")
    assert notes_of_faces(by_mobile, named(("Ada", MOBILE))) == (), "its cosines were measured"
    [note] = notes_of_faces(by_mobile, named(("Ada", MOBILE), ("Bob", SFACE), ("Eve", SFACE)))
    assert note.startswith("2 names are known by other vectors (sface) and cannot be found by those of mobilefacenet")
    for words in ("(Bob, Eve)", "name 'sface' as [film] face_embedder"):
        assert words in note
    [note] = notes_of_faces(by_mobile, named(("Ada", "arcface-1")))
    assert "name the file they were given with as" in note


def test_what_was_not_measured_is_said_where_there_are_faces() -> None:
    [note] = notes_of_faces(film_of([[[seen(1)]]])[0], Names())
    for words in ("told by sface", "0.363", "not measured", "OpenCV's figure for two faces"):
        assert words in note
    assert notes_of_faces(film_of([[[]]])[0], Names()) == ()


def test_the_embedder_that_knows_most_people_is_taken_if_it_is_at_hand(tmp_path: Path) -> None:
    known, ids = {}, {}
    for name in ("one", "two", "gone"):
        digest = hashlib.sha256(name.encode()).hexdigest()
        known[name] = KnownModel(name, "face embedding", f"{name}.onnx", digest, len(name), "", "MIT", "nobody")
        ids[name] = f"{name}-{digest[:12]}"
        if name != "gone":
            (tmp_path / f"{name}.bin").write_text(name)
    names = named(*(zip("ABCDEF", [ids[one] for one in ("gone", "one", "two", "gone", "two", "gone")], strict=True)))
    assert names.embedders == (ids["gone"], ids["two"], ids["one"])
    assert embedder_of_names(names, tmp_path, known=known) == "two"
    assert embedder_of_names(named(("A", "two-000000000000"), ("B", "own")), tmp_path, known=known) == ""
    assert embedder_of_names(Names(), tmp_path, known=known) == ""
