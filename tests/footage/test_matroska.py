from __future__ import annotations

import io

import pytest

from rushes.footage.matroska import lacks_bytes

EBML = bytes.fromhex("1a45dfa3") + b"\x84" + b"1234"
SEGMENT = bytes.fromhex("18538067")


@pytest.mark.parametrize(
    ("data", "lacks"),
    [
        (EBML + SEGMENT + b"\x85" + b"x" * 5, False),
        (EBML + SEGMENT + b"\x85" + b"x" * 4, True),
        (EBML + SEGMENT + b"\x01\0\0\0\0\0\x01\0" + b"x" * 256, False),
        (EBML + SEGMENT + b"\x01\0\0\0\0\0\x01\0" + b"x" * 255, True),
        (EBML + SEGMENT + b"\xff" + b"x" * 5, False),  # of unknown size
        (EBML + SEGMENT + b"\x01" + b"\xff" * 7, False),
        (EBML + SEGMENT + b"\0", False),
        (EBML, False),
        (b"", False),
        (b"RIFF" + b"\x88" * 40, False),
    ],
)
def test_a_segment_that_states_more_than_the_file_holds_lacks_bytes(data: bytes, lacks: bool) -> None:
    assert lacks_bytes(io.BytesIO(data)) == lacks
