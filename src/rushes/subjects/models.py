"""The models of faces and objects that rushes knows, and finding their files: by path, at hand, or by download."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rushes.errors import WeightsError, did_you_mean
from rushes.progress import Progress, noting, silent
from rushes.storage.files import digest_of_file
from rushes.subjects import fetching
from rushes.subjects.fetching import FetchError

Does = Literal["faces", "face embedding", "objects"]

_ZOO = "https://github.com/opencv/opencv_zoo/raw/47534e27c9851bb1128ccc0102f1145e27f23f98/models"
_YOLOX = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"
PLACE_VARIABLE = "RUSHES_MODELS"
# A person may name such a file by path; rushes does not fetch what would bind the people who use it.
_NOT_PERMISSIVE = {
    "yolov5": "AGPL-3.0", "yolov8": "AGPL-3.0", "yolov9": "GPL-3.0", "yolov10": "AGPL-3.0", "yolo11": "AGPL-3.0",
    "yolov11": "AGPL-3.0", "yolo12": "AGPL-3.0", "yolo26": "AGPL-3.0", "yoloe": "AGPL-3.0", "yolo-world": "GPL-3.0",
    "yolo_world": "GPL-3.0",
}  # fmt: skip
WITHOUT: Mapping[Does, str] = {
    "faces": "Without it no faces are looked for; shots, scenes, dialogues, subjects and film facts need none",
    "face embedding": "Without it faces are found, but not which of them are one person's",
    "objects": "Without it no objects are looked for; subjects that sheets and people state stay as they are",
}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model file that rushes knows by its digest.

    Attributes:
        name: by which people ask for it.
        does: what it is for.
        file: what it is called where it was published, and in the cache.
        sha256, size_bytes: of its bytes.
        url: where it is fetched from; "" of a file that rushes only recognises.
        licence: its SPDX identifier.
        origin: who made it.
        words: what is said of it in a list.
    """

    name: str
    does: Does
    file: str
    sha256: str
    size_bytes: int
    url: str
    licence: str
    origin: str
    words: str = ""

    @property
    def size(self) -> str:
        """Its size as a person reads it."""
        return f"{self.size_bytes / 1e6:.1f} MB"


# Of each kind the first is fetched where nothing is named and none is at hand.
_KNOWN = (
    KnownModel(
        "yunet", "faces", "face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4", 232_589,
        f"{_ZOO}/face_detection_yunet/face_detection_yunet_2023mar.onnx", "MIT",
        "OpenCV Zoo; YuNet by Wu, Peng and Yu",
        "faces with their eyes, nose and mouth",
    ),
    KnownModel(
        "yunet-640", "faces", "yunet_n_640_640.onnx",
        "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31", 317_466, "", "Apache-2.0",
        "ShiqiYu/libfacedetection.train, onnx/yunet_n_640_640.onnx",
        "the same network as its authors exported it",
    ),
    KnownModel(
        "sface", "face embedding", "face_recognition_sface_2021dec.onnx",
        "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79", 38_696_353,
        f"{_ZOO}/face_recognition_sface/face_recognition_sface_2021dec.onnx", "Apache-2.0",
        "OpenCV Zoo; SFace by Zhong, Deng and others",
        "which faces are one person's",
    ),
    KnownModel(
        "mobilefacenet", "face embedding", "MobileFaceNet.onnx",
        "b7120c095d60094f28a4a54ba6a8bf51b297a6273fb40ef6350dfec1f63d9507", 3_998_070, "", "Apache-2.0",
        "foamliu/MobileFaceNet, weights/MobileFaceNet.onnx; trained on MS-Celeb-1M, a withdrawn data set",
        "which faces are one person's; small",
    ),
    KnownModel(
        "yolox-s", "objects", "object_detection_yolox_2022nov.onnx",
        "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063", 35_858_002,
        f"{_ZOO}/object_detection_yolox/object_detection_yolox_2022nov.onnx", "Apache-2.0",
        "OpenCV Zoo; YOLOX by Megvii",
        "the 80 things of COCO; 40.5 AP there, as its publisher says",
    ),
    KnownModel(
        "yolox-tiny", "objects", "yolox_tiny.onnx",
        "427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7", 20_219_662,
        f"{_YOLOX}/yolox_tiny.onnx", "Apache-2.0",
        "YOLOX by Megvii",
        "the 80 things of COCO, in a picture of 416 pixels",
    ),
    KnownModel(
        "nanodet", "objects", "object_detection_nanodet_2022nov.onnx",
        "4b82da9944b88577175ee23a459dce2e26e6e4be573def65b1055dc2d9720186", 3_800_954,
        f"{_ZOO}/object_detection_nanodet/object_detection_nanodet_2022nov.onnx", "Apache-2.0",
        "OpenCV Zoo; NanoDet-Plus-m 1.5x by RangiLyu",
        "the 80 things of COCO; small and quick, 30.4 AP there, as its publisher says",
    ),
)  # fmt: skip
KNOWN: Mapping[str, KnownModel] = {model.name: model for model in _KNOWN}


def cache_of_models() -> Path:
    """The folder that fetched models are kept in, for all projects: $RUSHES_MODELS, or else below the user's cache."""
    named = os.environ.get(PLACE_VARIABLE)
    if named:
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "rushes" / "models"


def find_model(
    named: str,
    *,
    does: Does,
    folder: Path | None,
    fetch: bool = True,
    progress: Progress = silent,
    known: Mapping[str, KnownModel] = KNOWN,
) -> Path:
    """Return the file of a model, fetched where it must be.

    A file of the right digest counts whatever it is called; one of the right name and another digest does not.

    Args:
        named: the path of a file (as it is, or seen from the project or `folder`), the name of a known model, or "" for
            one that is at hand, and else the first known one.
        folder: the project's folder of models.
        fetch: whether what is not at hand may be downloaded into the user's cache.
        progress: counts bytes of a download.

    Raises:
        WeightsError: there is no such file and no such model, or it is not at hand and cannot be fetched.
    """
    found = _at_hand_or_known(named, does, folder, known)
    return found if isinstance(found, Path) else _fetched(found, folder, allowed=fetch, progress=progress)


def model_to_fetch(
    named: str, *, does: Does, folder: Path | None, known: Mapping[str, KnownModel] = KNOWN
) -> KnownModel | None:
    """Return the model that `find_model` would fetch; None where its file is at hand.

    Raises:
        WeightsError: as there; it is not tried whether it can be reached.
    """
    found = _at_hand_or_known(named, does, folder, known)
    if isinstance(found, KnownModel) and not found.url:
        _fetched(found, folder, allowed=True, progress=silent)  # says where to get it
    return None if isinstance(found, Path) else found


def _at_hand_or_known(
    named: str, does: Does, folder: Path | None, known: Mapping[str, KnownModel]
) -> Path | KnownModel:
    """Return the file of a model, or the known model whose file is not at hand."""
    candidates = [model for model in known.values() if model.does == does]
    if not named.strip():
        paths = (model_at_hand(model, folder) for model in candidates)
        return next((path for path in paths if path is not None), candidates[0])
    wanted = known.get(named.strip().lower())
    if wanted is None:
        return _by_path(named, does, folder, [model.name for model in candidates])
    if wanted.does != does:
        others = did_you_mean("", [model.name for model in candidates])
        raise WeightsError(f"'{wanted.name}' is a model for {wanted.does}, not for {does}. {others}")
    return model_at_hand(wanted, folder) or wanted


def model_at_hand(model: KnownModel, folder: Path | None) -> Path | None:
    """Return the file of a known model in the project's folder or the user's cache; None where neither has it."""
    for place in (folder, cache_of_models()):
        for path in _of_size(place, model.size_bytes):
            if digest_of_file(path) == model.sha256:
                return path
    return None


def known_file(path: Path, known: Mapping[str, KnownModel] = KNOWN) -> KnownModel | None:
    """Return the known model that a file is, by its digest; None where it is none."""
    size = path.stat().st_size
    alike = [model for model in known.values() if model.size_bytes == size]
    digest = digest_of_file(path) if alike else ""
    return next((model for model in alike if model.sha256 == digest), None)


def _of_size(folder: Path | None, size_bytes: int) -> Iterator[Path]:
    """Yield the files of a folder that have a size, by name."""
    if folder is None or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.stat().st_size == size_bytes:
            yield path


def _by_path(named: str, does: Does, folder: Path | None, names: list[str]) -> Path:
    places = [Path(named).expanduser()]
    if folder is not None:
        places += [folder.parent / named, folder / named]
    for path in places:
        if path.is_file():
            return path
    bound = next((licence for word, licence in _NOT_PERMISSIVE.items() if word in named.casefold()), None)
    if bound is not None and not Path(named).suffix:
        raise WeightsError(
            f"'{named}' is under {bound}, which binds whoever uses it, and rushes fetches none of that kind. Known for "
            f"{does}: {', '.join(names)}. A file of yours can be named by its path"
        )
    looked = f" (looked for at {' and '.join(str(path) for path in dict.fromkeys(places))})"
    raise WeightsError(f"there is no file '{named}'{looked}, and no known model for {does} is called that. "
                       f"{did_you_mean(named, names)} {WITHOUT[does]}")  # fmt: skip


def _fetched(model: KnownModel, folder: Path | None, *, allowed: bool, progress: Progress) -> Path:
    """Fetch a known model into the user's cache and return it."""
    cache = cache_of_models()
    if not allowed:
        raise WeightsError(f"{_missing(model, folder)}, and it may not be fetched here. {_advice(model, folder)}")
    if not model.url:
        raise WeightsError(f"{_missing(model, folder)}, and rushes does not fetch it. {_advice(model, folder)}")
    _log.warning("fetching %s (%s, %s, licence %s) from %s to %s", model.file, model.size, model.origin, model.licence,
                 model.url, cache)  # fmt: skip
    try:
        fetching.fetch(
            model.url,
            cache / model.file,
            sha256=model.sha256,
            size_bytes=model.size_bytes,
            progress=noting(progress, model.file),
        )
    except FetchError as error:
        raise WeightsError(f"{_missing(model, folder)}, and fetching it from {model.url} failed: {error}. "
                           f"{_advice(model, folder)}") from error  # fmt: skip
    return cache / model.file


def _missing(model: KnownModel, folder: Path | None) -> str:
    places = [str(place) for place in (folder, cache_of_models()) if place is not None]
    wrong = [path for place in places if (path := Path(place) / model.file).is_file()]
    found = f" ({wrong[0]} is another file: its digest is not the known one)" if wrong else ""
    return (f"the model for {model.does} '{model.name}' ({model.file}, {model.size}, licence {model.licence}, "
            f"{model.origin}) is neither in {' nor in '.join(places)}{found}")  # fmt: skip


def _advice(model: KnownModel, folder: Path | None) -> str:
    source = f"Download it on a connected machine from {model.url} and put it" if model.url else "Put it"
    return (f"{source} into {folder or cache_of_models()} (SHA-256 {model.sha256}), or name a file of yours. "
            f"{WITHOUT[model.does]}")  # fmt: skip
