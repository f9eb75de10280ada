"""The first look at camera raws, beside a full development."""

from __future__ import annotations

from pathlib import Path

from benchmarks.harness import Outcome, Say, Target, Turns, find_media, in_turns
from benchmarks.raws import HEIGHT, WIDTH, make_raw
from rushes.footage.kinds import kind_of
from rushes.footage.raw import read_raw, size_of_raw

TARGET = Target("ratio", 20)
_ROUNDS = 3
_SMALL_PREVIEW = 1620


def measure(say: Say) -> Outcome:
    say("Reading a camera raw as RGB pixels: rushes takes the preview inside or develops at half size; "
        "the peer is rawpy's full development (AHD).")  # fmt: skip
    say(f"Input: a DNG of {WIDTH * HEIGHT / 1e6:.0f} megapixels, stored plainly, with a preview inside")
    full = _compare(make_raw(preview_width=WIDTH), f"a preview of {WIDTH} pixels, as Canon and Nikon store it", say)
    _compare(make_raw(preview_width=_SMALL_PREVIEW), f"a preview of {_SMALL_PREVIEW} pixels, as Sony stores it", say)
    media = find_media()
    if media is None:
        say("No real raws are at hand (shared/media, or RUSHES_MEDIA); the generated ones stand alone.")
    else:
        say("Real raws of shared/media, small ones of test suites, of which none has a preview of a camera's size")
        for path in sorted((media / "raw").iterdir()):
            if kind_of(path) == "raw":
                _compare(path, f"{path.name}, {' x '.join(map(str, size_of_raw(path)))}", say)
    say("The line below is of the first: a preview as large as the raw, which takes longest to read.")
    return Outcome("raw_preview", full.ours_seconds, full.peer_seconds, "s", TARGET)


def _compare(path: Path, words: str, say: Say) -> Turns:
    shown = read_raw(path)
    turns = in_turns(lambda: read_raw(path), lambda: _develop(path), rounds=_ROUNDS)
    say(f"  {words}; shown at {shown.shape[1]} x {shown.shape[0]}: {turns}")
    return turns


def _develop(path: Path) -> object:
    import rawpy

    with rawpy.imread(str(path)) as raw:
        return raw.postprocess(use_camera_wb=True)
