"""What a film is called, kept beside its faces."""

from __future__ import annotations

from pathlib import Path

from rushes.storage.places import Remote
from rushes.subjects.kept_faces import wipe_faces, write_film_faces
from rushes.subjects.kept_films import FilmNote, keep_film_note, note_of, read_film_notes
from subjects.people import film_of, seen


def test_a_film_is_known_by_its_name_until_its_faces_are_wiped(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    note = FilmNote("film", "talk.mp4", "/films/talk.mp4")
    keep_film_note(folder, note)
    assert not folder.exists()  # of a film without faces, nothing is noted
    write_film_faces(folder, film_of([[[seen(1)]]])[0])
    keep_film_note(folder, note)
    assert read_film_notes(folder, ["film", "another"]) == {"film": note}
    moved = FilmNote("film", "talk.mp4", "/archive/talk.mp4")
    keep_film_note(folder, moved)
    assert read_film_notes(folder, ["film"]) == {"film": moved}
    [path] = (folder / "films").glob("*.json")
    path.write_text("{")
    assert read_film_notes(folder, ["film"]) == {}
    wipe_faces(folder)
    assert not folder.exists()


def test_a_path_is_absolute_and_a_signature_is_not_kept() -> None:
    assert Path(note_of(Path("talk.mp4"), "film").path).is_absolute()
    signed = note_of(Remote("https", "host", "films/talk.mp4", "signature=secret"), "film")
    assert signed.name == "talk.mp4"
    assert "secret" not in signed.path
