"""Times, rates and names of frames."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.timecode import (
    Timecode,
    format_frame_name,
    nominal_rate,
    parse_duration,
    parse_frame_name,
    parse_rate,
    parse_timecode,
    timecode_at,
)


@pytest.mark.parametrize(
    ("seconds", "rate", "expected"),
    [
        (Fraction(0), Fraction(24), "00:00:00:00"),
        (Fraction(8) + Fraction(1, 2), Fraction(24), "00:00:08:12"),
        (Fraction(24 * 1001, 24000), Fraction(24000, 1001), "00:00:01:00"),
        (Fraction(3599) + Fraction(23, 24), Fraction(24), "00:59:59:23"),
        (Fraction(36000), Fraction(25), "10:00:00:00"),
    ],
)
def test_a_frame_s_timecode_is_its_clock_time_and_its_place_in_the_second(
    seconds: Fraction, rate: Fraction, expected: str
) -> None:
    assert str(timecode_at(seconds, rate)) == expected


@given(
    st.integers(0, 200_000), st.sampled_from([Fraction(24), Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001)])
)
def test_frames_of_a_constant_rate_are_numbered_within_the_nominal_rate(ordinal: int, rate: Fraction) -> None:
    timecode = timecode_at(ordinal / rate, rate)
    assert 0 <= timecode.frames < nominal_rate(rate)
    clock = timecode.hours * 3600 + timecode.minutes * 60 + timecode.seconds
    assert clock <= ordinal / rate < clock + 1


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 59), st.integers(0, 3))
def test_a_frame_name_states_what_it_was_made_of(
    hours: int, minutes: int, seconds: int, frames: int, repeat: int
) -> None:
    timecode = Timecode(hours, minutes, seconds, frames)
    assert parse_frame_name(format_frame_name("TT_S01_E01", timecode, repeat=repeat)) == ("TT_S01_E01", timecode)


def test_the_design_s_example_of_a_frame_name() -> None:
    assert format_frame_name("TT_S01_E01", Timecode(0, 0, 8, 12)) == "TT_S01_E01_FRM-00-00-08-12"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("8s", Fraction(8)), ("0.5s", Fraction(1, 2)), ("250ms", Fraction(1, 4)), ("2m", Fraction(120)),
     ("1h", Fraction(3600)), ("12.5", Fraction(25, 2)), ("01:30.25", Fraction(361, 4)), ("1:00:00", Fraction(3600))],
)  # fmt: skip
def test_lengths_of_time_are_read_exactly(text: str, seconds: Fraction) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["0", "-1s", "soon", "", "8 parsecs"])
def test_what_is_no_length_of_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="8s"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("24", Fraction(24)), ("23.976", Fraction(24000, 1001)), ("29.97", Fraction(30000, 1001)),
     ("30000/1001", Fraction(30000, 1001)), ("0.5", Fraction(1, 2))],
)  # fmt: skip
def test_rates_are_read_exactly(text: str, rate: Fraction) -> None:
    assert parse_rate(text) == rate


def test_drop_frame_timecode_is_known_by_its_semicolon() -> None:
    assert parse_timecode("01:02:03;04") == Timecode(1, 2, 3, 4, drop=True)
    assert str(parse_timecode("01:02:03;04")) == "01:02:03;04"


@pytest.mark.parametrize("text", ["1:2:3", "00:61:00:00", "later"])
def test_what_is_no_timecode_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"HH:MM:SS"):
        parse_timecode(text)
