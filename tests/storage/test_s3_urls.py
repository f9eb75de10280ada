"""Web addresses of S3 as places in a bucket."""

from __future__ import annotations

import pytest

from rushes.errors import UsageError
from rushes.storage.s3_urls import parse_base


@pytest.mark.parametrize(
    "address",
    [
        "s3://studio/S01/E01/",
        "s3://studio/S01/E01",
        "https://studio.s3.amazonaws.com/S01/E01/",
        "https://studio.s3.us-west-2.amazonaws.com/S01/E01",
        "https://studio.s3-us-west-2.amazonaws.com/S01/E01/",
        "https://studio.s3.dualstack.eu-central-1.amazonaws.com:443/S01/E01/",
        "https://s3.amazonaws.com/studio/S01/E01/",
        "https://s3.us-west-2.amazonaws.com/studio/S01/E01/",
        "http://127.0.0.1:9000/studio/S01/E01/",
        "  https://s3.amazonaws.com/studio/S01/E01  ",
    ],
)
def test_every_spelling_of_a_place_in_a_bucket_is_one_place(address: str) -> None:
    assert str(parse_base(address, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9000"})) == "s3://studio/S01/E01/"


def test_a_bucket_with_dots_in_its_name_is_told_from_the_host() -> None:
    assert str(parse_base("https://frames.studio.com.s3.amazonaws.com/a%20b/", {})) == "s3://frames.studio.com/a b/"


def test_another_web_server_stays_an_address() -> None:
    assert str(parse_base("https://pictures.example.com/S01/E01", {})) == "https://pictures.example.com/S01/E01/"
    assert str(parse_base("https://s3.example.com/S01/", {})) == "https://s3.example.com/S01/"


@pytest.mark.parametrize("text", ["frames/S01", "", "https://s3.amazonaws.com/", "ftp://host/a"])
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_base(text, {})
