"""Times, rates and names of frames."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.timecode import (
    Timecode,
    count_of_timecode,
    counts_drop_frame,
    format_frame_name,
    nominal_rate,
    parse_duration,
    parse_frame_name,
    parse_rate,
    parse_start_timecode,
    parse_timecode,
    timecode_at,
    timecode_of_count,
)

NTSC, NTSC_DOUBLE = Fraction(30000, 1001), Fraction(60000, 1001)
COUNTINGS = [
    (Fraction(24), False), (Fraction(24000, 1001), False), (Fraction(25), False), (NTSC, False), (NTSC, True),
    (Fraction(30), False), (Fraction(50), False), (NTSC_DOUBLE, False), (NTSC_DOUBLE, True), (Fraction(15), False),
]  # fmt: skip


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


@given(st.integers(-(10**7), 10**7), st.sampled_from(COUNTINGS))
def test_a_count_of_frames_and_its_timecode_are_one_fact(count: int, counting: tuple[Fraction, bool]) -> None:
    rate, drop = counting
    timecode = timecode_of_count(count, rate, drop=drop)
    day = count_of_timecode(parse_timecode("23:59:59:00"), rate) + nominal_rate(rate)
    if drop:
        day = day * 107_892 // 108_000
    assert count_of_timecode(timecode, rate) == count % day
    assert parse_timecode(str(timecode)) == timecode


@given(st.integers(0, 2_500_000), st.integers(1, 5000), st.sampled_from(COUNTINGS))
def test_a_later_frame_has_a_later_timecode(count: int, step: int, counting: tuple[Fraction, bool]) -> None:
    rate, drop = counting
    later = count + step
    if later < count_of_timecode(timecode_of_count(-1, rate, drop=drop), rate):
        assert timecode_of_count(count, rate, drop=drop) < timecode_of_count(later, rate, drop=drop)


@given(st.integers(0, 2_589_407))
def test_drop_frame_timecode_stays_within_a_few_frames_of_the_clock_all_day(count: int) -> None:
    timecode = timecode_of_count(count, NTSC, drop=True)
    shown = timecode.hours * 3600 + timecode.minutes * 60 + timecode.seconds + Fraction(timecode.frames, 30)
    assert abs(shown - count / NTSC) < Fraction(5, 60) + Fraction(timecode.hours, 250)


@pytest.mark.parametrize(
    ("rate", "text", "count"),
    [
        (NTSC, "01:00:00;00", 107_892),
        (NTSC, "00:10:00;00", 17_982),
        (NTSC, "00:00:59;29", 1_799),
        (NTSC, "00:01:00;02", 1_800),
        (NTSC, "23:59:59;29", 24 * 107_892 - 1),
        (NTSC, "01:00:00:00", 108_000),
        (NTSC_DOUBLE, "01:00:00;00", 2 * 107_892),
        (NTSC_DOUBLE, "00:10:00;00", 2 * 17_982),
        (NTSC_DOUBLE, "00:00:59;59", 3_599),
        (NTSC_DOUBLE, "00:01:00;04", 3_600),
        (Fraction(24000, 1001), "01:00:00:00", 86_400),
        (Fraction(25), "10:00:00:00", 900_000),
    ],
)
def test_known_timecodes_have_their_known_counts(rate: Fraction, text: str, count: int) -> None:
    assert count_of_timecode(parse_timecode(text), rate) == count
    assert str(timecode_of_count(count, rate, drop=";" in text)) == text


def test_after_24_hours_timecode_starts_again() -> None:
    for rate, drop in COUNTINGS:
        last = timecode_of_count(-1, rate, drop=drop)
        assert (last.hours, last.minutes, last.seconds, last.frames) == (23, 59, 59, nominal_rate(rate) - 1)
        day = count_of_timecode(last, rate) + 1
        assert timecode_of_count(day, rate, drop=drop) == Timecode(0, 0, 0, 0, drop)
    assert count_of_timecode(parse_timecode("23:59:59;29"), NTSC) + 1 == 24 * 107_892


def test_no_drop_frame_timecode_is_a_number_that_is_passed_over() -> None:
    seen = [timecode_of_count(count, NTSC, drop=True) for count in range(0, 108_000)]
    assert len(set(seen)) == 108_000
    assert not [t for t in seen if t.frames < 2 and t.seconds == 0 and t.minutes % 10]


def test_drop_frame_counting_exists_at_two_rates_alone() -> None:
    assert [rate for rate, _ in COUNTINGS if counts_drop_frame(rate)] == [NTSC, NTSC, NTSC_DOUBLE, NTSC_DOUBLE]
    assert counts_drop_frame(Fraction(2997, 100))
    with pytest.raises(ValueError, match=r"29\.97 and 59\.94"):
        timecode_of_count(0, Fraction(24000, 1001), drop=True)


@pytest.mark.parametrize(
    ("text", "rate", "reason"),
    [
        ("00:00:00:25", Fraction(25), "00 to 24"),
        ("24:00:00:00", Fraction(25), "24 hours"),
        ("00:00:01;00", Fraction(25), "drop-frame"),
        ("00:01:00;01", NTSC, "passes this number over"),
        ("00:01:00;03", NTSC_DOUBLE, "passes this number over"),
    ],
)
def test_a_timecode_that_a_rate_does_not_have_is_refused(text: str, rate: Fraction, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        count_of_timecode(parse_timecode(text), rate)


@pytest.mark.parametrize(
    ("text", "rate", "taken", "warning"),
    [
        ("10:00:00:00", Fraction(25), "10:00:00:00", None),
        ("01:00:00;02", NTSC, "01:00:00;02", None),
        ("00:10:00;00", NTSC, "00:10:00;00", None),
        ("01:00:00;02", Fraction(24000, 1001), "01:00:00:02", "taken as 01:00:00:02: drop-frame counting exists at"),
        ("00:01:00;00", NTSC, "00:01:00;02", "taken as 00:01:00;02: drop-frame counting passes"),
        ("00:01:00;03", NTSC_DOUBLE, "00:01:00;04", "taken as 00:01:00;04"),
        ("01:00:00:29", Fraction(24), None, "00 to 23"),
        ("25:00:00:00", Fraction(24), None, "24 hours"),
        ("soon", Fraction(24), None, "passed over"),
    ],
)
def test_a_start_timecode_that_contradicts_its_rate_is_put_right_or_left_out(
    text: str, rate: Fraction, taken: str | None, warning: str | None
) -> None:
    timecode, found = parse_start_timecode(text, rate)
    assert (timecode and str(timecode)) == taken
    assert (found is None) if warning is None else (found is not None and warning in found)
