"""Words about footage on the command line."""

from __future__ import annotations

import pytest

from rushes.cli.footage_words import parse_format
from rushes.errors import UsageError


def test_a_format_that_there_is_none_of_is_said_to_be_none() -> None:
    with pytest.raises(UsageError, match=r"--format tiff: no such format\. Allowed: 'jpeg', 'webp', 'png'"):
        parse_format("tiff")
    assert parse_format("webp") == "webp"
