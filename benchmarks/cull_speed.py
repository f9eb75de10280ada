"""A folder of raws to verdicts, beside a full demosaic and the same model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.cull_shoots import GOOD, WEIGHTS, find_pictures, recipe_of_head, train_in, write_labelled
from benchmarks.harness import Outcome, Say, Target, Turns, find_media, format_seconds, in_turns, time_call
from benchmarks.raws import HEIGHT, WIDTH
from rushes.cores import count_cores
from rushes.datasets.synthetic.dng import dng_of
from rushes.datasets.synthetic.exif import StatedExif
from rushes.datasets.synthetic.shoots import paint_pictures
from rushes.footage.photo_measures import LONG_SIDE as MEASURED_SIDE
from rushes.storage.files import write_bytes

if TYPE_CHECKING:
    import numpy.typing as npt

    from rushes.inference.cull_look import Looking
    from rushes.inference.predictor import Predictor

TARGET = Target("ratio", 10)
_PREVIEWS = ((1620, "1620 pixels, as Sony stores it"), (WIDTH, "6000 pixels, as Canon and Nikon store it"))
_PICTURES = 8  # that the raws are made of
_RAWS = 40
_DEVELOPED = 8  # of them, which the peer develops in each round
_ROUNDS = 3
_SHOOTS, _SCENES = 4, 4  # that the model is trained on: enough of them for a bundle, which is not judged here
_TAKEN = datetime(2024, 5, 1, 12, 30)
_STEP = timedelta(seconds=30)
_FACES = "weights/face_detection_yunet_n_640.onnx"


def measure(say: Say) -> Outcome:
    media = find_media()
    say(
        "A folder of raws to verdicts: rushes finds them, reads the previews inside ahead of the model, measures what "
        "it gives as reasons, tells series, chooses the threshold for a recall of 0.99 and plans the verdicts; nothing "
        "is kept from before. The peer develops each raw whole (rawpy's postprocess, AHD) and asks the same bundle "
        f"(Predictor), on {count_cores()} threads; it neither measures reasons nor tells series nor plans."
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        predictor = _predictor(folder / "bundle", media)
        by_measures = predictor.bundle.measures is not None
        say(f"Model: MobileNetV2 at 224 pixels {'with its measures, ' if by_measures else ''}by ONNX Runtime"
            f"{'' if media is not None else '; shared media are absent, so its weights are random'}.")  # fmt: skip
        found = []
        for width, words in _PREVIEWS:
            shoot = folder / f"preview-{width}"
            _write_raws(shoot, _sources(media), width)
            say(f"{_RAWS} DNGs of {WIDTH * HEIGHT / 1e6:.0f} megapixels, 48 MB each, stored plainly; a preview of "
                f"{words}. The peer: the first {_DEVELOPED} of them")  # fmt: skip
            found.append(_compare(predictor, shoot, say))
            _remove(shoot)
    worst = min(found, key=lambda turns: turns.ratio)
    say("The line below is of the preview with which the ratio is lower; seconds are of one photograph.")
    return Outcome("cull_speed", worst.ours_seconds, worst.peer_seconds, "s", TARGET)


def _compare(predictor: Predictor, shoot: Path, say: Say) -> Turns:
    files = sorted(shoot.iterdir())
    _develop_all(predictor, files[:1])  # libraries are loaded, and no turn pays for it
    _cull(predictor, shoot)
    turns = in_turns(
        lambda: _cull(predictor, shoot), lambda: _develop_all(predictor, files[:_DEVELOPED]), rounds=_ROUNDS
    )
    each = Turns(turns.over(len(files)).ours, turns.over(_DEVELOPED).peer)
    say(f"  {1 / each.ours_seconds:.1f} photographs/s, the peer {1 / each.peer_seconds:.2f}: {each}")
    _say_shares(predictor, files[:_DEVELOPED], sum(one.cpu_seconds for one in each.ours) / _ROUNDS, say)
    return each


def _cull(predictor: Predictor, shoot: Path) -> None:
    from rushes.inference.cull import Wanted, cull_folder, find_shoot
    from rushes.inference.cull_control import DEFAULT

    made, _ = cull_folder(
        predictor,
        shoot,
        find_shoot(shoot),
        _looking(predictor),
        Wanted(DEFAULT, GOOD),
        name="benchmark",
        now=datetime.now(UTC),
    )
    assert len(made.verdicts) == _RAWS
    assert not made.unreadable


def _looking(predictor: Predictor) -> Looking:
    """Return how the verb looks at photographs: with the bundle's own face detector, where it has one."""
    from rushes.datasets.measured_input import FACES_FILE
    from rushes.footage.subject import Faces
    from rushes.inference.cull_look import Looking

    bundle = predictor.bundle
    faces = Faces(bundle.folder / FACES_FILE) if FACES_FILE in bundle.files else None
    digest = bundle.measures.faces if bundle.measures is not None else ""
    return Looking(bundle.classes.index(GOOD), faces=faces, faces_digest=digest)


def _develop_all(predictor: Predictor, files: Sequence[Path]) -> None:
    """Develop raws whole and answer each: one at a time per thread, as many threads as there are cores."""
    import rawpy

    def answer(file: Path) -> npt.NDArray[np.float32]:
        with rawpy.imread(str(file)) as raw:
            return predictor.probabilities([raw.postprocess(use_camera_wb=True)])

    with ThreadPoolExecutor(count_cores()) as pool:
        answers = list(pool.map(answer, files))
    assert len(answers) == len(files)


def _say_shares(predictor: Predictor, files: Sequence[Path], whole: float, say: Say) -> None:
    """Say what processor time of a photograph goes where: each part by itself, one after the other."""
    from rushes.footage.camera import read_camera_facts
    from rushes.footage.overlap import thumbnail_of
    from rushes.footage.photo_measures import measure_photograph
    from rushes.footage.photographs import find_photographs, read_photograph
    from rushes.footage.picture import PictureSize
    from rushes.footage.signature import signature_of

    faces = _looking(predictor).faces
    size = PictureSize(long_side=MEASURED_SIDE)
    stills = [read_photograph(one, size=size).pixels for one in find_photographs(files)]
    measured = [measure_photograph(pixels, faces=faces) for pixels in stills]
    prepared = [predictor.prepared(pixels, measured=one) for pixels, one in zip(stills, measured, strict=True)]
    parts: dict[str, Callable[[], object]] = {
        "reading the preview": lambda: [read_photograph(one, size=size) for one in find_photographs(files)],
        "EXIF of the camera": lambda: [read_camera_facts(file) for file in files],
        "signs of series": lambda: [(signature_of(pixels), thumbnail_of(pixels)) for pixels in stills],
        "measuring reasons": lambda: [measure_photograph(pixels, faces=faces) for pixels in stills],
        "preparing for the model": lambda: [
            predictor.prepared(pixels, measured=one) for pixels, one in zip(stills, measured, strict=True)
        ],
        "the model": lambda: predictor.probabilities_of_prepared(prepared),
    }
    took = {words: min(time_call(call).cpu_seconds for _ in range(2)) / len(files) for words, call in parts.items()}
    known = sum(took.values())
    shown = ", ".join(f"{words} {format_seconds(one)} ({one / known:.0%})" for words, one in took.items())
    say(f"  processor time of a photograph, each part by itself: {shown}; together {format_seconds(known)} of "
        f"{format_seconds(whole)} in the whole cull")  # fmt: skip


def _predictor(folder: Path, media: Path | None) -> Predictor:
    """Return a bundle of the recipe for a first cull, trained on a few generated shoots."""
    from rushes.bundles.onnx import export_run
    from rushes.inference.predictor import Predictor

    pictures = find_pictures(media, _SHOOTS * _SCENES) if media is not None else []
    labelled = write_labelled(folder / "shoots", pictures, shoots=_SHOOTS, scenes=_SCENES, seed=1,
                              long_side=MEASURED_SIDE)  # fmt: skip
    parts = dict(zip(labelled.groups, ("train", "train", "validation", "test"), strict=True))
    weights = media / WEIGHTS if media is not None else _random_weights(folder / "random.pth")
    faces = media / _FACES if media is not None else None
    run = train_in(folder, labelled, parts, recipe_of_head(weights, measures=True, faces=faces))
    bundle = export_run(run.folder, folder / "select", project_root=labelled.root, neighbours=0)
    return Predictor(bundle)


def _random_weights(path: Path) -> Path:
    import timm
    import torch

    torch.manual_seed(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(timm.create_model("mobilenetv2_100", pretrained=False, pad_type="same").state_dict(), path)
    return path


def _sources(media: Path | None) -> list[npt.NDArray[np.uint8]]:
    from rushes.footage.pictures import read_picture

    if media is None:
        return paint_pictures(_PICTURES)
    return [np.asarray(read_picture(path), np.uint8) for path in find_pictures(media, _PICTURES)]


def _write_raws(shoot: Path, sources: Sequence[npt.NDArray[np.uint8]], preview: int) -> None:
    """Write raws of a picture each in turn, half a minute between two, so that they are single photographs."""
    for place, pixels in enumerate(sources):
        stated = StatedExif(maker="rushes", model="generated", taken=_stamp(0))
        made = dng_of(pixels, stated, sensor=(WIDTH, HEIGHT), preview_long_side=preview)
        for number in range(place, _RAWS, len(sources)):
            write_bytes(shoot / f"DSC_{number:04d}.DNG", made.replace(_stamp(0).encode(), _stamp(number).encode()))


def _stamp(number: int) -> str:
    return (_TAKEN + number * _STEP).strftime("%Y:%m:%d %H:%M:%S")


def _remove(shoot: Path) -> None:
    for file in shoot.iterdir():
        file.unlink()
