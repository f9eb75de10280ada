"""Generated shoots of photographs on disk: JPEGs and raws, the photographer's picks, and the truth."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from rushes.cores import count_cores
from rushes.datasets.synthetic.dng import dng_of
from rushes.datasets.synthetic.exif import write_jpeg
from rushes.datasets.synthetic.shoot_pixels import draw_frame
from rushes.datasets.synthetic.shoot_plan import DEFAULT_NOISE, FramePlan, ShootPlan, plan_shoots
from rushes.errors import MediaError
from rushes.progress import Progress, silent
from rushes.storage.files import whole_file, write_bytes

PickForm = Literal["sidecars", "embedded", "folders", "names", "delivered"]
Written = Literal["jpeg", "raw", "both"]
PICKS_SHEET, TRUTH_SHEET = "picks.csv", "truth.csv"
_COLUMNS = (
    "shoot", "file", "stem", "source", "scene", "kind", "series", "focus", "motion", "exposure_ev", "closed",
    "tilt_degrees", "quality", "best", "wanted", "picked", "rating", "camera", "taken", "subsecond",
)  # fmt: skip
_PAINTED_SIZE, _PAINTED_SHOTS = (1200, 800), 20  # of a film; the next pictures are of another
_DELIVERED_QUALITY = 80
_PACKET = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{rating}"/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>
"""


@dataclass(frozen=True, slots=True)
class ShootSize:
    """How large the photographs of generated shoots are.

    Attributes:
        long_side: pixels of the picture, even.
        sensor_long_side: of a raw's sensor, even, to which the picture is enlarged; None takes that of the picture.
        preview_long_side: of the JPEG inside a raw.
    """

    long_side: int = 960
    sensor_long_side: int | None = None
    preview_long_side: int = 960


def write_shoots(
    folder: Path,
    pictures: Sequence[Path] = (),
    *,
    shoots: int = 6,
    scenes: int = 12,
    seed: int = 0,
    noise: float = DEFAULT_NOISE,
    picks: PickForm = "sidecars",
    written: Written = "jpeg",
    size: ShootSize = ShootSize(),
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[ShootPlan, ...]:
    """Write shoots into `folder/shoot-01` and on, with `truth.csv` beside them, and return their plans.

    The same arguments make the same photographs.

    Args:
        pictures: that they are made of; painted ones where none are given.
        shoots, scenes, seed, noise: as `plan_shoots` takes them.
        picks: `sidecars` STEM.xmp with a rating; `embedded` the rating inside the files; `folders` select/ and reject/;
            `names` picks.csv with the names of the picks; `delivered` small JPEGs of the picks in delivered/.
        written: `both` are a raw and a JPEG of one stem.
        threads: that write photographs; None takes one per core.

    Raises:
        MediaError: a picture cannot be read.
        ValueError: there is not one picture for each shoot.
    """
    painted = [] if pictures else paint_pictures(shoots * scenes, seed=seed)
    plans = plan_shoots(len(pictures) or len(painted), shoots=shoots, scenes=scenes, seed=seed, noise=noise)
    # All photographs of one scene are written by one thread, which reads its picture once.
    work = [(shoot, list(frames)) for shoot in plans
            for _, frames in itertools.groupby(shoot.frames, key=lambda frame: frame.scene)]  # fmt: skip

    def write(one: tuple[ShootPlan, list[FramePlan]]) -> int:
        shoot, frames = one
        source = painted[frames[0].source] if painted else _read(pictures[frames[0].source], size.long_side)
        for frame in frames:
            pixels = draw_frame(frame, shoot.look, source, long_side=size.long_side)
            _write_frame(folder / shoot.name, frame, pixels, picks, written, size)
        return len(frames)

    total, done = sum(len(shoot.frames) for shoot in plans), 0
    with ThreadPoolExecutor(threads or count_cores(), thread_name_prefix="shoots") as pool:
        for count in pool.map(write, work):
            done += count
            progress(done, total, "writing photographs")
    for shoot in plans:
        if picks == "names":
            names = [[name] for frame in shoot.frames if frame.picked for name in _names(frame, written)[:1]]
            _write_sheet(folder / shoot.name / PICKS_SHEET, [["Filename"], *names])
    _write_sheet(folder / TRUTH_SHEET, [list(_COLUMNS), *_truth(plans, pictures, picks, written)])
    return plans


def file_of(frame: FramePlan, picks: PickForm, written: Written) -> str:
    """Return where a photograph's main file stands within its shoot's folder: the raw, where there is one."""
    name = _names(frame, written)[0]
    return f"{'select' if frame.picked else 'reject'}/{name}" if picks == "folders" else name


def paint_pictures(count: int, *, seed: int = 0) -> list[npt.NDArray[np.uint8]]:
    """Return painted pictures of people and places, (800, 1200, 3), RGB, none like another."""
    import cv2

    from rushes.datasets.synthetic.scenes import plan_film
    from rushes.datasets.synthetic.studio import Studio

    found = list[npt.NDArray[np.uint8]]()
    for film in itertools.count():
        plan = plan_film(film, seed=seed, shots=_PAINTED_SHOTS)
        studio, first = Studio(plan, _PAINTED_SIZE), 0
        for shot in plan.shots:
            if not shot.text:
                planes = next(studio.frames(shot, first))
                found.append(np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), np.uint8))
            first += shot.frames
            if len(found) == count:
                return found
    raise AssertionError


def _read(path: Path, long_side: int) -> npt.NDArray[np.uint8]:
    from rushes.footage.photo import read_photo
    from rushes.footage.picture import PictureSize

    pixels = read_photo(path, size=PictureSize(long_side=round(long_side * 2.4))).pixels
    if min(pixels.shape[:2]) < 32:
        raise MediaError(path, f"is {pixels.shape[1]}x{pixels.shape[0]} pixels. Give pictures of 32 pixels or more")
    return pixels


def _names(frame: FramePlan, written: Written) -> list[str]:
    return [
        frame.stem + ending for ending in ({"jpeg": (".JPG",), "raw": (".DNG",), "both": (".DNG", ".JPG")}[written])
    ]


def _write_frame(
    folder: Path, frame: FramePlan, pixels: npt.NDArray[np.uint8], picks: PickForm, written: Written, size: ShootSize
) -> None:
    packet = _PACKET.format(rating=frame.rating).encode()
    embedded = packet if picks == "embedded" else b""
    place = (folder / file_of(frame, picks, written)).parent
    for name in _names(frame, written):
        if name.endswith(".DNG"):
            height, width = pixels.shape[:2]
            larger = (size.sensor_long_side or max(width, height)) / max(width, height)
            sensor = (round(width * larger / 2) * 2, round(height * larger / 2) * 2)
            made = dng_of(pixels, frame.stated, sensor=sensor, preview_long_side=size.preview_long_side, xmp=embedded)
            write_bytes(place / name, made)
        else:
            with whole_file(place / name) as at:
                write_jpeg(at, pixels, frame.stated, xmp=embedded)
    if picks == "sidecars":
        write_bytes(place / f"{frame.stem}.xmp", packet)
    if picks == "delivered" and frame.picked:
        with whole_file(folder / "delivered" / f"{frame.stem}.jpg") as at:
            write_jpeg(at, np.ascontiguousarray(pixels[::2, ::2]), frame.stated, quality=_DELIVERED_QUALITY)


def _truth(
    plans: Sequence[ShootPlan], pictures: Sequence[Path], picks: PickForm, written: Written
) -> list[list[object]]:
    return [
        [
            shoot.name, file_of(frame, picks, written), frame.stem,
            pictures[frame.source].name if pictures else f"painted-{frame.source}", frame.scene, frame.kind,
            "" if frame.series is None else frame.series, f"{frame.damage.focus:.3f}", f"{frame.damage.motion:.3f}",
            f"{frame.damage.exposure_ev:.2f}", f"{frame.damage.closed:.3f}", f"{frame.damage.tilt_degrees:.1f}",
            f"{frame.quality:.3f}", int(frame.best), int(frame.wanted), int(frame.picked), frame.rating,
            f"{frame.stated.model} {frame.stated.serial}", frame.stated.taken, frame.stated.subsecond,
        ]
        for shoot in plans
        for frame in shoot.frames
    ]  # fmt: skip


def _write_sheet(path: Path, rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_bytes(path, text.getvalue().encode())
