"""The one pass (frames every 8 s, cuts, motion, signatures), beside a bare decode of the same film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from benchmarks.films import make_films
from benchmarks.harness import Outcome, Say, Target, Turns, in_turns
from benchmarks.transcoded import transcode
from rushes.footage.cuts import find_cuts
from rushes.footage.picture import PictureSize, encode_picture, resize
from rushes.footage.sampling import Every, plan_ordinals
from rushes.footage.scan import scan_film
from rushes.footage.video import DecodedFrame, index_video
from rushes.storage.files import digest_of_file

TARGET = Target("ratio", 0.8)
_EVERY_SECONDS = 8
_ROUNDS = 3


def measure(say: Say) -> Outcome:
    say("One pass of rushes over a film (index, frames every 8 s as JPEG of 640 pixels, cuts, motion, signatures, "
        "sharpness, perceptual hashes), beside a bare loop over PyAV's frames with threads on.")  # fmt: skip
    say("The ratio is the share of the bare decode's frame rate that the whole pass keeps.")
    film = make_films([48], say=say)[0]
    turns = _compare(film, "1080p, H.264", say)
    for codec, height, seconds, words in (
        ("libx264", 480, 90, "480p, H.264"),
        ("libx265", 1080, 45, "1080p, HEVC"),
    ):
        _compare(transcode(film, codec=codec, height=height, seconds=seconds, say=say), words, say)
    return Outcome("scan", turns.ours_seconds, turns.peer_seconds, "s", TARGET)


def run_pass(film: Path) -> tuple[int, int]:
    """Scan a film, and return how many frames were kept and how many cuts found."""
    index = index_video(film)
    sizes: list[int] = []

    def keep(frame: DecodedFrame) -> None:
        sizes.append(len(encode_picture(resize(frame.pixels, PictureSize(long_side=640)))))

    wanted = plan_ordinals(index, Every(Fraction(_EVERY_SECONDS)))
    signals = scan_film(film, index, source="", wanted=wanted, keep=keep).signals
    return len(sizes), len(find_cuts(signals))


def _compare(film: Path, words: str, say: Say) -> Turns:
    digest_of_file(film)  # from here on the file is in memory, for both
    found: dict[str, object] = {}
    turns = in_turns(
        lambda: found.update(ours=run_pass(film)), lambda: found.update(frames=_decode(film)), rounds=_ROUNDS
    )
    frames = int(str(found["frames"]))
    say(f"Input: {words}, {frames:,} frames, {film.stat().st_size / 1e6:.1f} MB; frames kept and cuts: {found['ours']}")
    say(f"  pass {frames / turns.ours_seconds:.0f} frames/s, bare decode {frames / turns.peer_seconds:.0f} frames/s: "
        f"{turns.ratio:.2f} on the wall, {turns.cpu_ratio:.2f} in processor time")  # fmt: skip
    return turns


def _decode(film: Path) -> int:
    import av

    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        return sum(1 for _ in container.decode(stream))
