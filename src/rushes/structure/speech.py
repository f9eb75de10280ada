"""Whether subtitles go with the sound of a film, and by how much they must be moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.footage.loudness import FLOOR, RATE, Loudness
from rushes.structure.subtitle import Fit

Floats = npt.NDArray[np.float64]
Spans = Sequence[tuple[float, float]]  # (start, stop) in seconds

STEPS = 10  # a second: the grid that sound and subtitles are compared on
MOST_OFFSET_SECONDS = 600
# A film shown at another rate runs faster or slower: film at 24 on television at 25, video at 23.976. From how many
# seconds of subtitles on each is told from those before it.
SPEEDS = {
    1.0: 0, 24 / 25: 180, 25 / 24: 180, 1000 / 1001: 1000, 1001 / 1000: 1000, 24000 / 25025: 1000, 25025 / 24000: 1000,
}  # fmt: skip
_AROUND_SECONDS = 10  # louder or quieter than this much around it: music and noise rise and fall more slowly
_CLIP = 2.0  # deviations: a slammed door is not more than a word
_BESIDE_SECONDS = 5  # of a peak that are not compared with it
_PEAK = 6.0  # deviations above what all offsets give
_LEAD = 1.5  # times the second highest peak
_AS_IT_IS = 4.5  # deviations that are enough at the offset that the file states
_SAME_SECONDS = 0.5  # subtitles come a little early and stay a little late: less is no offset
_BETTER = 1.08  # times the peak at the film's own speed that another speed must give
_CHANCE = 5.2  # deviations that thousands of wrong offsets hardly ever give
_LEAST_ENTRIES = 8  # of which anything is told
_TELLING_ENTRIES = 150  # from so many on, that they go with nothing is told
_OVERLAP = 0.5  # of what may be shown in the film at best, that an offset must leave in it
_BEYOND = 0.2  # of the subtitles after the film's end: they are of a longer one
_HEARD = 0.02  # of the film that is not silent; less is as good as no sound


@dataclass(frozen=True, slots=True)
class Offset:
    """How subtitles go with a film.

    Attributes:
        offset_seconds, speed: a time of the file, times speed, plus the offset, is the time in the film.
        reason: what was compared, in words.
    """

    fit: Fit
    offset_seconds: float
    speed: float
    reason: str


@dataclass(frozen=True, slots=True)
class _Peak:
    """Where two curves go best together, and how far that stands out."""

    seconds: float
    deviations: float
    lead: float
    at_zero: float  # deviations at most within half a second of no offset
    speed: float


def find_offset(spans: Spans, loudness: Loudness | None, *, duration: float) -> Offset:
    """Return whether subtitles go with the sound of a film, and by how much they must be moved.

    Where somebody speaks, the band of speech is louder than a few seconds before and after. That curve, ten values a
    second, is compared with the subtitles' being shown by their normalised cross-correlation, at every offset up to ten
    minutes and at the speeds that films are shown at. The best offset counts where it stands out of all the others: of
    wrong ones there are thousands, which are what chance gives. The same is done to line up the subtitles of a film
    with its sound by ffsubsync and alass, which first tell speech from other sound with a model.

    Args:
        spans: when each subtitle is shown by its file.
        loudness: of the film; None where nobody listened.
        duration: of the film in seconds.
    """
    count = len(spans)
    beyond = sum(start >= duration for start, _ in spans)
    levels = _levels(loudness)
    if levels is None or count < _LEAST_ENTRIES:
        why = f"only {count} subtitles" if levels is not None else "the film has no sound to compare them with"
        return _unheard(count, beyond, why)
    sound = _clipped(_around(levels))
    lasting = min(duration, max(stop for _, stop in spans)) - min(start for start, _ in spans)
    peaks = [_compare(sound, spans, speed) for speed, least in SPEEDS.items() if lasting >= least]
    own = peaks[0]
    best = max(peaks, key=lambda peak: peak.deviations * (1 if peak.speed == 1 else 1 / _BETTER))
    if own.at_zero >= _AS_IT_IS and own.at_zero >= best.deviations / _BETTER:
        return Offset("fits", 0.0, 1.0, _said("as they are", own.at_zero))
    if best.deviations >= _PEAK and best.lead >= _LEAD:
        return _moved(best)
    if beyond > _BEYOND * count:
        return _unheard(count, beyond, "no offset brings them together with what is heard")
    within = count - beyond
    if within < _TELLING_ENTRIES or best.deviations > _CHANCE:
        why = f"no offset stands out of the others far enough; {within} subtitles are within the film"
        return Offset("not known", 0.0, 1.0, why)
    why = (
        f"at no offset up to {MOST_OFFSET_SECONDS // 60} minutes is the sound louder where the {within} subtitles are "
        f"shown (the best stands {best.deviations:.1f} deviations above chance, {_PEAK:.0f} are needed); where nobody "
        "speaks in the film, this says nothing"
    )
    return Offset("other film", 0.0, 1.0, why)


def _moved(best: _Peak) -> Offset:
    offset = round(best.seconds, 1)
    if best.speed == 1 and abs(offset) <= _SAME_SECONDS:
        return Offset("fits", 0.0, 1.0, _said("as they are", best.deviations))
    how = f"moved by {offset:+.1f} s"
    if best.speed != 1:
        how += f", their times multiplied by {best.speed:.4f} (another frame rate)"
    return Offset("moved", offset, best.speed, _said(how, best.deviations))


def _said(how: str, deviations: float) -> str:
    return f"{how} they go with the loudness of speech, {deviations:.0f} deviations above chance"


def _unheard(count: int, beyond: int, why: str) -> Offset:
    """Return what the film's length alone says."""
    if count >= _LEAST_ENTRIES and beyond > _BEYOND * count:
        return Offset("other film", 0.0, 1.0, f"{beyond} of {count} subtitles come after the film's end; {why}")
    return Offset("not known", 0.0, 1.0, why)


def _levels(loudness: Loudness | None) -> Floats | None:
    """Return the level of each tenth of a second in dB; None where there is no sound, or next to none."""
    if loudness is None:
        return None
    each = RATE // STEPS
    fine = loudness.levels[: len(loudness.levels) // each * each].astype(np.float64).reshape(-1, each)
    if not len(fine) or float((fine > FLOOR + 1).mean()) < _HEARD:
        return None
    return np.asarray(10 * np.log10((10 ** (fine / 10)).mean(axis=1)), np.float64)


def _around(curve: Floats) -> Floats:
    """Return a curve less its mean over the ten seconds around each value."""
    reach = min(_AROUND_SECONDS * STEPS // 2, len(curve) // 2)
    sums = np.cumsum(np.concatenate([[0.0], np.pad(curve, reach, mode="edge")]))
    return np.asarray(curve - (sums[2 * reach + 1 :] - sums[: -2 * reach - 1]) / (2 * reach + 1), np.float64)


def _clipped(curve: Floats) -> Floats:
    spread = 1.4826 * float(np.median(np.abs(curve)))
    return np.asarray(np.clip(curve / spread, -_CLIP, _CLIP) if spread else np.sign(curve), np.float64)


def _shown(spans: Spans, count: int, speed: float) -> Floats:
    """Return 1 for each tenth of a second that a subtitle is shown in, else 0.

    The grid begins with the film and goes on to the last subtitle, as far as an offset may bring it back.
    """
    length = count + MOST_OFFSET_SECONDS * STEPS
    shown = np.zeros(length, np.float64)
    for start, stop in spans:
        first, last = (min(length, max(0, round(speed * at * STEPS))) for at in (start, stop))
        shown[first:last] = 1
    return shown


def _correlate(sound: Floats, shown: Floats, most: int) -> Floats:
    """Return how well two curves go together when the second is moved by -most to +most steps; 1 is the same curve.

    Each offset is measured by what it leaves of the subtitles within the film. Where that is less than half of what
    it may be, by chance a handful of subtitles would fit; the result is 0 there.
    """
    size = 1 << (len(sound) + len(shown)).bit_length()

    def crossed(curve: Floats, other: Floats) -> Floats:
        product = np.fft.irfft(np.fft.rfft(curve, size) * np.conj(np.fft.rfft(other, size)), size)
        return np.concatenate([product[size - most :], product[: most + 1]])

    energy = np.maximum(crossed(np.ones(len(sound)), shown**2), 1e-9)
    match = crossed(sound, shown) / np.sqrt(energy * max(float((sound**2).mean()), 1e-12) * len(sound))
    return np.asarray(np.where(energy >= _OVERLAP * energy.max(), match, 0.0), np.float64)


def _between(match: Floats, place: int) -> float:
    """Return how far beside a highest value the peak is, by the parabola through it and its neighbours."""
    if not 0 < place < len(match) - 1:
        return 0.0
    before, at, after = (float(value) for value in match[place - 1 : place + 2])
    bend = before - 2 * at + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def _compare(sound: Floats, spans: Spans, speed: float) -> _Peak:
    """Return where subtitles at a speed go best with the sound."""
    shown = _around(_shown(spans, len(sound), speed))
    most = min(MOST_OFFSET_SECONDS * STEPS, len(sound) // 2)
    match = _correlate(sound, shown, most)
    place = int(match.argmax())
    apart = (np.abs(np.arange(len(match)) - place) > _BESIDE_SECONDS * STEPS) & (match != 0)
    chance = match[apart] if apart.any() else match
    middle = float(np.median(chance))
    spread = 1.4826 * float(np.median(np.abs(chance - middle))) or 1.0
    same = round(_SAME_SECONDS * STEPS)
    near = match[max(0, most - same) : most + same + 1]
    return _Peak(
        seconds=(place - most + _between(match, place)) / STEPS,
        deviations=(float(match[place]) - middle) / spread,
        lead=float(match[place]) / max(float(chance.max()), 1e-9),
        at_zero=(float(near.max()) - middle) / spread,
        speed=speed,
    )
