"""Which stills and resting shots of the shared media a virtual camera may look at, in two halves by source."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from benchmarks.harness import find_media
from rushes.datasets.synthetic.camera_clips import LEAST_SIDE, Material
from rushes.datasets.synthetic.truth import FilmTruth

_DISSOLVE_FRAMES = 20  # of a shot that fades or dissolves, at that end
# Files of one recording, or of one maker's one series: a model that saw one has seen the others.
_SERIES = ("nasa_13013", "bbb_", "mdn_toy_", "pyscenedetect_", "sample", "streamio_", "ffmpeg_concat")
# Without labels; looked at: the camera rests from the first frame to the last. (file, start, stop, frames per second)
_RESTING = (("videos/formats/streamio_awesome_vfr.mov", 0, 123, Fraction(67, 4)),)
# Pictures of one film or programme, one group each; of the others every picture is a source of its own.
_ONE_SOURCE = ("images/sbd_news_frames", "images/woman_talkshow")


@dataclass(frozen=True, slots=True)
class Halves:
    """Material for training, material for testing, and what neither may have with the reason.

    Every source that has labelled shots stands in `test` or in `left_out`, so that a model that is trained on clips of
    `train` has seen no source of a labelled shot.
    """

    train: tuple[Material, ...]
    test: tuple[Material, ...]
    left_out: tuple[tuple[str, str], ...]


def find_material(media: Path, *, all_rights: bool = False) -> Halves:
    """Return the material of the shared media; halves are drawn by the digest of each source's name.

    Args:
        all_rights: also what may be measured with here and not be shipped or published, nor what is made of it.
    """
    rows = _manifest(media)
    clear = {path: row for path, row in rows.items() if all_rights or row["rights"] == "clear"}
    labelled = {source_of(path) for path in labelled_videos(media)}
    train: list[Material] = []
    test: list[Material] = []
    left_out = [(path, f"rights are {row['rights']}") for path, row in rows.items() if path not in clear]
    for path, row in clear.items():
        if row["kind"] != "image":
            continue
        sides = [int(side) for side in row["size"].split("x")]
        if min(sides) < LEAST_SIDE:
            left_out.append((path, f"{row['size']} pixels are too few"))
            continue
        still = Material(media / path, source_of(path))
        (train if _in_first_half(still.group) else test).append(still)
    for name, start, stop, rate in _RESTING:
        shot = Material(media / name, source_of(name), start, stop, rate)
        if name in clear and shot.group not in labelled:
            train.append(shot)
    for path, start, stop in resting_by_eye(media):
        if path in clear:
            rate = Fraction(clear[path]["fps"]).limit_denominator(1001)
            test.append(Material(media / path, source_of(path), start, stop, rate))
    groups = {one.group for one in train}
    assert not groups & labelled, groups & labelled
    assert not groups & {one.group for one in test}
    return Halves(tuple(train), tuple(test), tuple(left_out))


def painted_shots(truths: Sequence[FilmTruth]) -> list[Material]:
    """Return the resting shots of rendered films: people who move before a camera that does not, anybody's to use."""
    return [
        Material(truth.path, f"painted {truth.name}", shot.start, shot.stop, truth.rate)
        for truth in truths
        for shot in truth.shots
        if shot.movement == "static" and shot.scale is not None and (shot.stop - shot.start) / truth.rate >= 0.6
    ]


def labelled_videos(media: Path) -> set[str]:
    """Return the paths, relative to the media, of all films that have labelled shots."""
    return {
        _path_of(row["video"])
        for name in ("shots_by_eye", "trailer_shots", "asl_clips")
        for row in _table(media / "labels" / f"{name}.csv")
    }


def resting_by_eye(media: Path) -> Iterator[tuple[str, int, int]]:
    """Yield (path, start, stop) of the shots labelled static, without titles and without what fades or dissolves."""
    rows = _table(media / "labels" / "shots_by_eye.csv")
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        start, stop = int(row["start_frame"]), int(row["end_frame"]) + 1
        start += _DISSOLVE_FRAMES * (row["transition_in"] in ("fade", "dissolve"))
        if after is not None and after["video"] == row["video"] and after["transition_in"] in ("fade", "dissolve"):
            stop -= _DISSOLVE_FRAMES
        if row["movement"] == "static" and row["scale"] != "none" and stop - start >= 15:
            yield _path_of(row["video"]), start, stop
    counts = {path: int(row["frames_decoded"] or 0) for path, row in _manifest(media).items() if "asl/" in path}
    for row in _table(media / "labels" / "asl_clips.csv"):
        if row["movement"] == "static":
            yield _path_of(row["video"]), 0, counts[_path_of(row["video"])]


def source_of(path: str) -> str:
    """Return the source that a file of the media belongs to: near-duplicates and series are one.

    A hundred neighbours of the fsac archive are one source, so that a picture …99 and the next one, …00, are two; no
    picture of one half was found again in the other.
    """
    file = Path(path)
    if path.startswith("videos/"):
        series = [name for name in _SERIES if file.name.startswith(name)]
        return series[0].rstrip("_") if series else "asl" if "/asl/" in path else file.stem
    if path.startswith("images/fsac_spreadsheet"):
        return f"fsac {file.stem[:-2]}"  # neighbours in the archive are often of one afternoon
    whole = [name for name in _ONE_SOURCE if path.startswith(name)]
    return Path(whole[0]).name if whole else "/".join(file.with_suffix("").parts[1:])


def _path_of(video: str) -> str:
    return f"videos/{video}"


def _in_first_half(group: str) -> bool:
    return hashlib.sha256(group.encode()).digest()[0] % 2 == 0


def _manifest(media: Path) -> Mapping[str, dict[str, str]]:
    return {row["path"]: row for row in _table(media / "MANIFEST.csv")}


def _table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main() -> int:
    """Print how much material there is in each half."""
    media = find_media()
    if media is None:
        print("camera_material: needs the folder of real footage; name it in RUSHES_MEDIA", file=sys.stderr)
        return 1
    halves = find_material(media, all_rights="--all-rights" in sys.argv[1:])
    for name, half in (("train", halves.train), ("test", halves.test)):
        shots = [one for one in half if one.stop is not None]
        seconds = sum(one.seconds or 0 for one in shots)
        print(f"{name}: {len(half) - len(shots)} stills and {len(shots)} resting shots of {seconds:.0f} s, "
              f"from {len({one.group for one in half})} sources")  # fmt: skip
    for reason, count in Counter(reason for _, reason in halves.left_out).most_common(6):
        print(f"left out, {reason}: {count}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
