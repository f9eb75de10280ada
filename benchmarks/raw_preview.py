"""The first look at camera raws, beside a full development."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness import Outcome, Say, Target, Turns, find_media, in_turns
from benchmarks.raws import HEIGHT, WIDTH, make_raw
from rushes.footage.kinds import kind_of
from rushes.footage.picture import parse_size
from rushes.footage.raw import read_raw
from rushes.project import IngestDefaults

TARGET = Target("ratio", 20)
_ROUNDS = 5
_SMALL_PREVIEW = 1620
_SIZE = parse_size(IngestDefaults().size)


def measure(say: Say) -> Outcome:
    say(
        f"A first look at a camera raw: rushes brings it to the size of a project's frames ({_SIZE} pixels, the "
        "default), from the preview inside where it is enough, else developed at half size. The peer is rawpy's full "
        "development (AHD, every pixel) of the same photograph; it is not shrunk, which would only add to its time."
    )
    say(f"Input: a DNG of {WIDTH * HEIGHT / 1e6:.0f} megapixels, stored plainly, with a preview inside")
    first = f"a preview of {WIDTH} pixels, as Canon and Nikon store it"
    large = _compare(make_raw(preview_width=WIDTH), first, say)
    _compare(make_raw(preview_width=WIDTH), f"{first}, every pixel of it kept", say, shrunk=False)
    _compare(make_raw(preview_width=_SMALL_PREVIEW), f"a preview of {_SMALL_PREVIEW} pixels, as Sony stores it", say)
    media = find_media()
    if media is None:
        say("No real raws are at hand (shared/media, or RUSHES_MEDIA); the generated ones stand alone.")
    else:
        say(
            "Real raws of shared/media: small files of test suites, none with the preview of a camera. Two of the "
            "three have no preview that is enough and are developed, where rushes is no faster than LibRaw at half size"
        )
        for path in sorted((media / "raw").iterdir()):
            if kind_of(path) == "raw":
                whole = read_raw(path)
                _compare(path, f"{path.name}, {whole.width_pixels} x {whole.height_pixels}", say)
    say("The line below is of the first: a preview as large as the raw, which takes longest to read of all previews.")
    return Outcome("raw_preview", large.ours_seconds, large.peer_seconds, "s", TARGET)


def _compare(path: Path, words: str, say: Say, *, shrunk: bool = True) -> Turns:
    size = _SIZE if shrunk else None
    shown = read_raw(path, size=size).pixels
    turns = in_turns(lambda: read_raw(path, size=size), lambda: _develop(path), rounds=_ROUNDS)
    say(f"  {words}; shown at {shown.shape[1]} x {shown.shape[0]}: {turns}")
    return turns


def _develop(path: Path) -> object:
    import rawpy

    with rawpy.imread(str(path)) as raw:
        return raw.postprocess(use_camera_wb=True)
