from __future__ import annotations

from pathlib import Path

import pytest

from rushes.errors import UsageError
from rushes.storage.places import Remote, parse_place


def test_what_has_no_scheme_is_a_local_path() -> None:
    for text in ("films/a.mp4", "/films/a b.mp4", "C:\\films\\a.mp4", "s3:/bucket/a.mp4", "film?x=1.mp4"):
        assert parse_place(text) == Path(text)


def test_a_place_in_a_bucket_has_its_key_as_it_stands() -> None:
    place = parse_place("S3://films/season 1/My%20film #1?.mp4")
    assert place == Remote("s3", "films", "season 1/My%20film #1?.mp4")
    assert (place.name, place.stem, place.suffix) == ("My%20film #1?.mp4", "My%20film #1?", ".mp4")
    assert place.parent == Remote("s3", "films", "season 1/")
    assert place.parent.name == "season 1"
    assert place.parent.parent.name == "films"


def test_escapes_of_a_web_address_are_undone_in_its_name_and_kept_in_what_is_sent() -> None:
    place = parse_place("https://Host:8080/a/My%20film%2F1.mp4?id=3#part")
    assert isinstance(place, Remote)
    assert place.key == "a/My%20film%2F1.mp4"
    assert (place.name, place.suffix, place.host) == ("My film/1.mp4", ".mp4", "host:8080")


def test_a_signature_is_in_no_text_that_is_made_of_a_place() -> None:
    place = parse_place("https://host/film.mp4?X-Amz-Signature=secret")
    assert str(place) == "https://host/film.mp4?…"
    assert "secret" not in repr(place) + str(place) + str(place.parent)
    assert place != parse_place("https://host/film.mp4?X-Amz-Signature=other")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hf://bucket/a", "does not read 'hf://'"),
        ("ftp://user:secret@host/a", "does not read 'ftp://'"),
        ("s3://key:secret@bucket/a.mp4", "holds an '@', which no bucket has"),
        ("s3://", "not the name of a bucket"),
        ("s3:///a.mp4", "not the name of a bucket"),
        ("https://", "names no server"),
        ("https://user:secret@host/a.mp4", "user name or password"),
        ("https://host:no/a.mp4", "not a web address"),
    ],
)
def test_an_address_that_rushes_does_not_read_is_refused_without_repeating_a_password(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        parse_place(text)
    assert "secret" not in str(caught.value)
