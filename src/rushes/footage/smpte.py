"""The SMPTE timecode of films: what a file states for its first frame, and what each frame has by it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from rushes.footage.video_index import VideoIndex
from rushes.timecode import Timecode, count_of_timecode, parse_start_timecode, parse_timecode, timecode_of_count

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.video.stream import VideoStream


def smpte_at(index: VideoIndex, ordinal: int) -> Timecode | None:
    """Return the timecode that an editing program shows for a frame: counted in frames from the film's start timecode.

    None where the film states no start timecode, or where its frames do not come at a constant rate: counting and
    the clock then part, and editing programs disagree.

    Raises:
        ValueError: the ordinal is outside the film.
    """
    if not 0 <= ordinal < index.frame_count:
        raise ValueError(f"ordinals are 0 to {index.frame_count - 1}, got {ordinal}")
    if index.start_timecode is None or not index.constant_rate:
        return None
    start = parse_timecode(index.start_timecode)
    return timecode_of_count(count_of_timecode(start, index.rate) + ordinal, index.rate, drop=start.drop)


def read_start_timecode(
    container: InputContainer, stream: VideoStream, first: av.VideoFrame, rate: Fraction
) -> tuple[str | None, str | None]:
    """Return the timecode that a film states for its first frame, and what is wrong with what it states.

    The timecode of the stream wins (the `tmcd` track of a MOV, a tag in Matroska), then that of another stream, of
    the container (MXF, DV, AVI), and of the first picture (the GOP header of MPEG-2, the SEI of H.264 and HEVC).

    Args:
        first: the first frame, as it was decoded.
        rate: frames per second.
    """
    places = [stream.metadata, *(other.metadata for other in container.streams), container.metadata, first.metadata]
    for place in places:
        for key, text in place.items():
            if key.lower() == "timecode":
                timecode, fault = parse_start_timecode(text, rate)
                return None if timecode is None else str(timecode), fault
    return None, None
