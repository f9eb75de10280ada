"""What ten million frames take: rates of one core, measured here, and from them hours, bytes and money."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks.films import make_films
from benchmarks.harness import Outcome, Say, Target, find_media
from rushes.catalog.catalog import StoredFrame, open_catalog
from rushes.catalog.descriptions import describe_pictures
from rushes.catalog.ingest import ingest, plan_ingest
from rushes.catalog.intake import Ingested, IngestSettings
from rushes.footage.picture import PictureSize
from rushes.footage.sampling import Every, EveryFrame, Sampling
from rushes.labels.manifest import ManifestRow

TARGET = Target("ours", 500)
_FRAMES = 10_000_000
_EVERY_SECONDS = 8
_KEYFRAME = 48  # frames between key frames at most, as in what is streamed
_WEIGHTS = "weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth"
_PICTURES = 400  # that features and measures are taken of
# List prices in us-east-1 as their pages stated them in 2025: aws.amazon.com/ec2/pricing and /s3/pricing. Others: other
# numbers here.
_CORES, _MACHINE_DOLLARS = 8, 0.714  # of a c7i.4xlarge, an hour; its 16 virtual processors are 8 cores
_STORED_DOLLARS = 0.023  # a gigabyte and month
_PUT_DOLLARS, _GET_DOLLARS = 0.005 / 1000, 0.0004 / 1000  # a request


@dataclass(frozen=True, slots=True)
class Rate:
    """What one core does: so many frames in so many seconds of its time."""

    what: str
    frames: int
    seconds: float

    @property
    def per_second(self) -> float:
        return self.frames / self.seconds

    @property
    def core_hours(self) -> float:
        """Of all the frames."""
        return _FRAMES / self.per_second / 3600


def measure(say: Say) -> Outcome:
    say(f"Rates of one core, and what {_FRAMES:,} frames come to: a frame every {_EVERY_SECONDS} s of 1080p H.264, "
        "kept at 640 pixels; quality measures; features of MobileNetV2 at 224 pixels.")  # fmt: skip
    film = make_films([_KEYFRAME], say=say)[0]
    with tempfile.TemporaryDirectory() as folder, _one_core():
        root = Path(folder)
        sought, _ = _taken_in(film, root / "sought", Every(Fraction(_EVERY_SECONDS)), "frames sought in a film")
        whole, more = _taken_in(film, root / "whole", EveryFrame(), "every frame of a film, and its scan")
        picture_bytes = _mean_size(root / "whole", more)
        some = more[:: max(1, len(more) // _PICTURES)][:_PICTURES]
        looked = _looked_at(root / "whole", some)
        seen = _seen(root / "whole", some, say)
        catalog_bytes = (root / "whole" / "catalog.db").stat().st_size / len(more)
    rates = [sought, whole, looked, *([seen] if seen is not None else [])]
    for rate in rates:
        say(f"  {rate.what}: {rate.per_second:,.1f} a second and core ({rate.frames:,} in {rate.seconds:.1f} s), "
            f"{rate.core_hours:,.0f} core-hours")  # fmt: skip
    say(f"  bytes of a frame: picture {picture_bytes:,.0f}, row of the catalog {catalog_bytes:,.0f}, features 5,120")
    if seen is None:
        return Outcome("scale_rates", None, None, "core-hours", TARGET)
    hours = sought.core_hours + looked.core_hours + seen.core_hours
    _say_arithmetic(hours, picture_bytes, catalog_bytes, say)
    return Outcome("scale_rates", hours, None, "core-hours", TARGET)


def _say_arithmetic(hours: float, picture_bytes: float, catalog_bytes: float, say: Say) -> None:
    stored = _FRAMES * picture_bytes / 1e9
    say(f"  {_FRAMES:,} frames sought, measured and seen: {hours:,.0f} core-hours")
    for machines in (1, 10, 50):
        cores = machines * _CORES
        say(f"    {machines:>2} machines of {_CORES} cores: {hours / cores:,.1f} h, "
            f"{hours / _CORES * _MACHINE_DOLLARS:,.0f} dollars")  # fmt: skip
    say(f"  pictures {stored:,.0f} GB: {stored * _STORED_DOLLARS:,.0f} dollars a month, "
        f"{_FRAMES * _PUT_DOLLARS:,.0f} to write them, {_FRAMES * _GET_DOLLARS:,.0f} to read them once")  # fmt: skip
    say(f"  catalog {_FRAMES * catalog_bytes / 1e9:,.1f} GB, features {_FRAMES * 5120 / 1e9:,.0f} GB")


@contextmanager
def _one_core() -> Iterator[None]:
    """Let this process, and what it starts, have one core."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
        cv2.setNumThreads(threads)


def _timed(what: str, work: Callable[[], int]) -> Rate:
    started = time.process_time()  # of all threads of this process, whatever else the machine does
    frames = work()
    return Rate(what, frames, time.process_time() - started)


def _taken_in(film: Path, root: Path, sampling: Sampling, what: str) -> tuple[Rate, list[StoredFrame]]:
    settings = IngestSettings(sampling, PictureSize(long_side=640), scan=isinstance(sampling, EveryFrame))
    wanted, _ = plan_ingest([film], group=None, class_folders=None)
    with open_catalog(root / "catalog.db") as catalog:

        def work() -> int:
            outcomes = list(ingest(wanted, catalog=catalog, root=root, settings=settings, threads=1))
            return sum(one.new for one in outcomes if isinstance(one, Ingested))

        return _timed(what, work), catalog.frames()


def _mean_size(root: Path, stored: list[StoredFrame]) -> float:
    return float(np.mean([(root / item.image).stat().st_size for item in stored]))


def _looked_at(root: Path, stored: list[StoredFrame]) -> Rate:
    def work() -> int:
        found = describe_pictures(stored, root=root, cache_folder=root / "cache", scans_folder=root / "none", threads=1)
        return found.computed_count

    return _timed("quality measured and described", work)


def _seen(root: Path, stored: list[StoredFrame], say: Say) -> Rate | None:
    from rushes.learning.backbone_features import read_backbone_features
    from rushes.learning.recipe_files import parse_recipe

    media = find_media()
    if media is None or not (media / _WEIGHTS).is_file():
        say("Features are not measured: they need shared/media with the MobileNetV2 weights (or RUSHES_MEDIA).")
        return None
    table = {
        "schema": "recipe/2",
        "name": "rates",
        "model": {"kind": "features", "backbone": "mobilenetv2_100", "weights": str(media / _WEIGHTS),
                  "backbone_args": {"pad_type": "same"}},
    }  # fmt: skip
    recipe = parse_recipe(table, where="rates")
    rows = [ManifestRow(item.image, "one", sha256=item.sha256, name=item.frame.name) for item in stored]

    def work(rows: list[ManifestRow]) -> int:
        cache = root / "cache"
        return read_backbone_features(rows, recipe, project_root=root, cache_folder=cache, threads=1).computed_count

    work(rows[:4])  # the network is loaded, and its libraries
    return _timed("features of MobileNetV2", lambda: work(rows[4:]))
