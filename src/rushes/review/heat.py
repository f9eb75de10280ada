"""HeatDesk: where in a picture a model's answer comes from, painted over it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rushes.errors import BundleError, RushesError
from rushes.footage.picture import PictureSize, encode_picture, resize
from rushes.review.pictures import PictureDesk
from rushes.review.session import Item
from rushes.storage.files import digest_of_bytes

if TYPE_CHECKING:
    from rushes.datasets.measured_input import Prepared
    from rushes.datasets.preprocessing import Preprocessing

_SHOWN = PictureSize(long_side=1024)
_QUALITY = 85


class Answering(Protocol):
    """What heat asks of a bundle: see `rushes.inference.explainer.Explainer`."""

    identity: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    working_size: PictureSize

    def prepared(self, pixels: npt.NDArray[np.uint8]) -> Prepared: ...

    def probabilities(self, prepared: Sequence[Prepared]) -> npt.NDArray[np.float32]: ...


class _NobodyWaits(Exception):
    """Those who asked have gone while it was painted."""


class _NoSuchClass(Exception):
    """The bundle knows nothing of the class that is asked for."""


@dataclass(slots=True)
class _Job:
    item: Item
    class_name: str
    waiting: int = 0
    future: Future[bytes] = field(default_factory=Future)


class AskedHeat:
    """One wait for heat; the future gives no bytes where there is none. `leave` it where nobody waits any more."""

    def __init__(self, desk: HeatDesk, job: _Job) -> None:
        self._desk, self._job = desk, job
        self.future = job.future

    def leave(self) -> None:
        """Say that this wait is over; what nobody waits for is not painted, or not to its end."""
        self._desk._leave(self._job)


class HeatDesk:
    """Paints heat by covering one place after another, with a bundle; one picture at a time.

    It has a thread of its own, so that no other request waits behind it.
    """

    def __init__(
        self,
        bundle: Path,
        bundle_id: str,
        class_name: str,
        *,
        pictures: PictureDesk,
        open_model: Callable[[Path], Answering] | None = None,
    ) -> None:
        """Paint what speaks for a class. The bundle is opened with the first picture.

        Args:
            bundle_id: of the one that culled, or that is reviewed with; another one at its place paints nothing.
            class_name: that is painted where none is asked for.
            pictures: whose `fit` renditions are looked at.
            open_model: what answers for a bundle; None takes the bundle itself.
        """
        self._bundle, self._id, self._class_name = bundle, bundle_id, class_name
        self._pictures, self._open_model = pictures, open_model or _open_bundle
        self._lock = threading.Lock()
        self._jobs: dict[tuple[str, str], _Job] = {}  # by frame and class
        self._pool = ThreadPoolExecutor(1, "heat")
        self._model: Answering | None = None
        self.why_not = "" if bundle.is_dir() else f"the bundle {bundle} is no longer there"

    @property
    def can_paint(self) -> bool:
        """Whether heat can be given, as far as is known."""
        return not self.why_not

    @property
    def wanted(self) -> int:
        """How many photographs somebody waits for."""
        with self._lock:
            return len(self._jobs)

    def ask(self, item: Item, class_name: str = "") -> AskedHeat:
        """Ask for a JPEG of a picture with its heat. Where there is none, `why_not` says why.

        Args:
            class_name: what the heat speaks for; "" takes the desk's own.
        """
        name = class_name or self._class_name
        with self._lock:
            job = self._jobs.get((item.id, name))
            if job is None:
                job = self._jobs[item.id, name] = _Job(item, name)
                self._pool.submit(self._do, job)
            job.waiting += 1
            return AskedHeat(self, job)

    def close(self) -> None:
        """Begin nothing more; who waits is told of a cancelled future."""
        with self._lock:
            for job in self._jobs.values():
                job.waiting = 0
                job.future.cancel()
        self._pool.shutdown(cancel_futures=True)

    def _leave(self, job: _Job) -> None:
        with self._lock:
            job.waiting -= 1
            if job.waiting <= 0 and self._jobs.get((job.item.id, job.class_name)) is job:
                del self._jobs[job.item.id, job.class_name]
                job.future.cancel()

    def _do(self, job: _Job) -> None:
        if not job.future.set_running_or_notify_cancel():
            return
        try:
            made = self._painted(job) or b""
        except _NobodyWaits:
            return
        except BaseException as error:  # a fault of ours: who waits gets it, and the thread goes on
            job.future.set_exception(error)
        else:
            job.future.set_result(made)
        with self._lock:
            if self._jobs.get((job.item.id, job.class_name)) is job:
                del self._jobs[job.item.id, job.class_name]

    def _painted(self, job: _Job) -> bytes | None:
        if not self.can_paint:
            return None
        fit, fit_key = self._fit(job.item)
        key = digest_of_bytes(f"heat {self._bundle} {self._id} {job.class_name} {fit_key}".encode())[:40]
        kept = self._pictures.cache.get(key)
        if kept is not None or fit is None:
            return kept
        try:
            made = self._paint(fit, job)
        except _NoSuchClass:
            return None
        except RushesError as error:
            self.why_not = str(error)
            return None
        self._pictures.cache.put(key, made)
        return made

    def _fit(self, item: Item) -> tuple[bytes | None, str]:
        key, data = self._pictures.find(item, "fit")
        if data is not None:
            return data, key
        asked = self._pictures.ask(item, "fit", key)
        try:
            made = asked.future.result()
        finally:
            asked.leave()
        return (None if made.flaw and not made.is_lasting else made.data), key

    def _paint(self, fit: bytes, job: _Job) -> bytes:
        from rushes.evaluation.explanation import paint_occlusion
        from rushes.evaluation.occlusion import occlude
        from rushes.evaluation.painted_heat import view_of
        from rushes.footage.photo import read_photo_bytes

        model = self._opened()
        if job.class_name not in model.classes:
            raise _NoSuchClass(job.class_name)
        pixels = read_photo_bytes(fit, "picture", size=_SHOWN).pixels
        shown = model.preprocessing
        prepared = model.prepared(pixels)

        def answer(covered: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            if job.waiting <= 0:
                raise _NobodyWaits
            return model.probabilities([replace(prepared, pixels=one) for one in covered])

        occlusion = occlude(
            answer,
            prepared.pixels,
            class_index=model.classes.index(job.class_name),
            view=view_of(resize(pixels, model.working_size), shown),
        )
        return encode_picture(paint_occlusion(pixels, prepared.pixels, shown, occlusion), "jpeg", _QUALITY)

    def _opened(self) -> Answering:
        if self._model is None:
            model = self._open_model(self._bundle)
            if model.identity != self._id:
                raise BundleError(
                    f"the bundle {self._bundle} is another one now ({model.identity}); {self._id} is reviewed with"
                )
            if self._class_name and self._class_name not in model.classes:
                raise BundleError(f"the bundle {self._bundle} has no class '{self._class_name}'")
            self._model = model
        return self._model


def _open_bundle(bundle: Path) -> Answering:
    from rushes.bundles.bundle import open_bundle
    from rushes.inference.explainer import BundleExplainer

    return BundleExplainer(open_bundle(bundle), threads=1)
