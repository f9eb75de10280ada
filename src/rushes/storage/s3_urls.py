"""Web addresses of S3 as places in a bucket."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from rushes.errors import UsageError
from rushes.storage.places import Remote, parse_place

_AMAZON = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.\-]+)\.)?s3(?:[.\-](?:dualstack\.)?[a-z0-9\-]+)?\.amazonaws\.com(?:\.cn)?",
    re.IGNORECASE,
)


def parse_base(text: str, environment: Mapping[str, str]) -> Remote:
    """Return the folder that a base URL names: `s3://bucket/folder/`, or another address with a slash behind it.

    `https://bucket.s3.amazonaws.com/folder/`, with or without a region, and `https://s3.amazonaws.com/bucket/folder/`
    are places in the bucket; so is an address at the store that AWS_ENDPOINT_URL names.

    Raises:
        UsageError: it is no address, or names no bucket.
    """
    place = parse_place(text.strip())
    if not isinstance(place, Remote):
        raise UsageError(f"{text}: is no address. Write s3://bucket/folder/ or https://bucket.s3.amazonaws.com/folder/")
    if place.scheme in ("http", "https"):
        place = _in_bucket(place, environment) or place
    return place if place.is_folder else Remote(place.scheme, place.host, f"{place.key}/", place.query)


def _in_bucket(place: Remote, environment: Mapping[str, str]) -> Remote | None:
    host = re.sub(r":(443|80)$", "", place.host)
    found = _AMAZON.fullmatch(host)
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if found is None and not (endpoint and urlsplit(endpoint).netloc.casefold() == place.host.casefold()):
        return None
    key = unquote(place.key)
    bucket = found["bucket"] if found is not None else None
    if not bucket:
        bucket, _, key = key.partition("/")
    as_bucket = parse_place(f"s3://{bucket}/{key}")
    assert isinstance(as_bucket, Remote)  # by its scheme
    return as_bucket
