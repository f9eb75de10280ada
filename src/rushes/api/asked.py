"""What a request asks for, from the fields of its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rushes.api.refusals import Refused
from rushes.errors import did_you_mean
from rushes.footage.sampling import AtRate, Every, EveryFrame, PerShot, Sampling
from rushes.timecode import parse_duration, parse_rate

PREDICT_FIELDS = ("bundle", "every", "fps", "per_shot", "every_frame", "url")
PREVIEW_FIELDS = ("at_seconds", "long_side", "url")
EXPLAIN_FIELDS = ("bundle", "class", "at_seconds", "overlay", "url")
_SAMPLING = ("every", "fps", "per_shot", "every_frame")
_MOST_PER_SHOT = 100
_LONGEST_SIDE = 4096  # pixels
_LONGEST_SECONDS = 1_000_000
_LONGEST_TEXT = 24
_SUCH_AS = {"every": "1s, 0.5s, 2m", "fps": "2, 23.976, 30000/1001"}
_YES_NO = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which bundle is asked, and which frames of a film are looked at."""

    bundle: str | None
    sampling: Sampling


@dataclass(frozen=True, slots=True)
class AskedPreview:
    """Which frame of a film is shown, and how large."""

    at_seconds: Fraction
    long_side: int


@dataclass(frozen=True, slots=True)
class AskedReason:
    """Which bundle is asked for a reason, for which class, and for which frame of a film."""

    bundle: str | None
    class_name: str | None
    at_seconds: Fraction
    overlay: bool


def parse_asked(fields: Mapping[str, str]) -> Asked:
    """Return what a form for a prediction asks for.

    Raises:
        Refused: a field is not known, says what cannot be, or excludes another.
    """
    _check_names(fields, PREDICT_FIELDS)
    given = [name for name in _SAMPLING if name in fields]
    if len(given) > 1:
        raise Refused(422, f"'{given[0]}' and '{given[1]}' exclude one another. Give one of {', '.join(_SAMPLING)}")
    return Asked(fields.get("bundle"), _parse_sampling(fields))


def parse_asked_reason(fields: Mapping[str, str]) -> AskedReason:
    """Return what a form for a heat map asks for.

    Raises:
        Refused: a field is not known, or says what cannot be.
    """
    _check_names(fields, EXPLAIN_FIELDS)
    return AskedReason(
        fields.get("bundle"),
        fields.get("class"),
        _parse_seconds(fields.get("at_seconds", "0")),
        _parse_yes_no("overlay", fields.get("overlay", "true")),
    )


def parse_asked_preview(fields: Mapping[str, str]) -> AskedPreview:
    """Return what a form for a picture to look at asks for.

    Raises:
        Refused: a field is not known, or says what cannot be.
    """
    _check_names(fields, PREVIEW_FIELDS)
    long_side = _parse_count("long_side", fields.get("long_side", "1280"), _LONGEST_SIDE)
    return AskedPreview(_parse_seconds(fields.get("at_seconds", "0")), long_side)


def _parse_sampling(fields: Mapping[str, str]) -> Sampling:
    for name in ("every", "fps"):
        text = fields.get(name, "")
        if len(text) > _LONGEST_TEXT or "e" in text.casefold():  # a power of ten may be larger than memory
            raise Refused(422, f"{name}: '{text[:_LONGEST_TEXT]}' is none. Give such as {_SUCH_AS[name]}")
    try:
        if "fps" in fields:
            return AtRate(parse_rate(fields["fps"]))
        if "per_shot" in fields:
            return PerShot(_parse_count("per_shot", fields["per_shot"], _MOST_PER_SHOT))
        if "every_frame" in fields and _parse_yes_no("every_frame", fields["every_frame"]):
            return EveryFrame()
        return Every(parse_duration(fields.get("every", "1s")))
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        field = "fps" if "fps" in fields else "every"
        raise Refused(422, f"{field}: {error}") from error


def _parse_count(field: str, text: str, most: int) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= most:
        raise Refused(422, f"{field}: '{text[:40]}' is no whole number from 1 to {most}")
    return int(text)


def _parse_yes_no(field: str, text: str) -> bool:
    if text.casefold() not in _YES_NO:
        raise Refused(422, f"{field}: '{text[:40]}' is neither true nor false")
    return _YES_NO[text.casefold()]


def _parse_seconds(text: str) -> Fraction:
    whole, _, part = text.partition(".")
    if not (text.isascii() and len(text) <= 20 and (whole + part).isdecimal() and whole):
        raise Refused(422, f"at_seconds: '{text[:40]}' is no time in seconds, such as 12.5")
    seconds = Fraction(text.rstrip("."))
    if seconds > _LONGEST_SECONDS:
        raise Refused(422, f"at_seconds: {text} is later than any film lasts")
    return seconds


def _check_names(fields: Mapping[str, str], known: Sequence[str]) -> None:
    for name in fields:
        if name not in known:
            raise Refused(422, f"there is no field '{name[:40]}'. {did_you_mean(name[:40], known)}")
