"""Faces are kept whole, in one folder, and go when they are told to."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rushes.errors import UsageError
from rushes.subjects.kept_faces import (
    FilmFaces,
    Wiped,
    kind_of,
    list_film_faces,
    read_film_faces,
    state_of_film_faces,
    wipe_faces,
    write_film_faces,
)
from rushes.subjects.names import Names, write_names
from rushes.subjects.wiping import wipe_mark
from subjects.people import READER, face, film_of, seen


def test_what_is_kept_comes_back_as_it_was(tmp_path: Path) -> None:
    kept, _ = film_of([[[seen(1), face(None, height=0.01, clarity=0.0)], []], [[seen(2, clarity=0.3)]]])
    kept = replace(kept, lost=(7, 300))
    write_film_faces(tmp_path, kept)
    found = read_film_faces(tmp_path, "film", READER)
    assert found is not None
    assert (found.ordinals, found.source, found.reader) == (kept.ordinals, "film", READER)
    assert found.lost == (7, 300)
    assert [len(faces) for faces in found.faces] == [2, 0, 1]
    for before, after in zip(sum(kept.faces, ()), sum(found.faces, ()), strict=True):
        assert (before.left, before.height, before.score, before.clarity) == (
            after.left,
            after.height,
            after.score,
            after.clarity,
        )
        assert np.array_equal(before.points, after.points)
        assert (before.embedding is None) == (after.embedding is None)
        if before.embedding is not None:
            assert np.array_equal(before.embedding, after.embedding)


def test_a_film_without_a_face_is_kept_too(tmp_path: Path) -> None:
    kept, _ = film_of([[[]], [[]]])
    write_film_faces(tmp_path, kept)
    found = read_film_faces(tmp_path, "film", READER)
    assert found is not None
    assert found.faces == ((), ())
    assert found.face_count == 0


def test_another_reader_or_film_has_faces_of_its_own(tmp_path: Path) -> None:
    write_film_faces(tmp_path, film_of([[[seen(1)]]])[0])
    assert read_film_faces(tmp_path, "film", "another") is None
    assert read_film_faces(tmp_path, "other film", READER) is None
    assert [(one.source, one.frames, one.faces) for one in list_film_faces(tmp_path)] == [("film", 1, 1)]


def test_a_spoilt_file_counts_as_none(tmp_path: Path) -> None:
    write_film_faces(tmp_path, film_of([[[seen(1)]]])[0])
    [path] = tmp_path.rglob("*.npz")
    path.write_bytes(path.read_bytes()[:200])
    assert read_film_faces(tmp_path, "film", READER) is None
    assert list_film_faces(tmp_path) == []


def test_all_face_data_is_wiped_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    (tmp_path / "scan.parquet").write_bytes(b"kept")
    write_film_faces(folder, film_of([[[seen(1)]]])[0])
    write_names(folder, Names().with_name("Ada", seen(1).embedding, embedder="sface-1"))
    wiped = wipe_faces(folder)
    assert wiped.files == 2
    assert wiped.bytes > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["faces.wiped", "scan.parquet"]
    assert re.fullmatch(r"face data was wiped [-0-9: ]+ UTC [0-9a-f]{16}\n", wipe_mark(folder)), "and nothing else"
    assert wipe_faces(folder) == Wiped(0, 0)


def test_what_was_found_before_a_wipe_is_not_kept_after_it(tmp_path: Path) -> None:
    folder, found = tmp_path / "faces", film_of([[[seen(1)]]])[0]
    since, state = wipe_mark(folder), state_of_film_faces(folder, "film")
    assert write_film_faces(folder, found, since=since)
    assert state_of_film_faces(folder, "film") != state
    wipe_faces(folder)
    assert not write_film_faces(folder, found, since=since)
    assert not folder.exists()
    assert state_of_film_faces(folder, "film") != state, "though no faces are kept again"
    wiped = wipe_mark(folder)
    wipe_faces(folder)
    assert wipe_mark(folder) != wiped
    assert write_film_faces(folder, found, since=wipe_mark(folder))


def test_what_leads_elsewhere_is_not_said_to_be_wiped(tmp_path: Path) -> None:
    elsewhere, folder = tmp_path / "elsewhere", tmp_path / "faces"
    write_film_faces(elsewhere, film_of([[[seen(1)]]])[0])
    folder.symlink_to(elsewhere)
    with pytest.raises(UsageError, match=r"is a link to .*elsewhere, .* nothing was removed"):
        wipe_faces(folder)
    assert list(elsewhere.rglob("*.npz"))
    folder.unlink()
    folder.mkdir()
    (folder / "films").symlink_to(elsewhere / "films")
    (folder / "names.json").write_text("{}")
    with pytest.raises(UsageError, match="is a link"):
        wipe_faces(folder)
    assert (folder / "names.json").is_file()
    assert list(elsewhere.rglob("*.npz"))


def test_whose_vectors_they_are_says_the_reader() -> None:
    assert film_of([[[]]])[0].embedder == "sface-111111111111"
    assert FilmFaces("film", "yunet-0-1", (), ()).embedder == ""
    assert kind_of("sface-111111111111").near == 0.363
    assert kind_of("mobilefacenet-1").name == "mobilefacenet"
    assert kind_of("what-1").name == "arcface"


def test_frames_stand_in_order() -> None:
    with pytest.raises(ValueError, match="rise"):
        FilmFaces("film", READER, (2, 1), ((), ()))
    with pytest.raises(ValueError, match="lists"):
        FilmFaces("film", READER, (1,), ())
