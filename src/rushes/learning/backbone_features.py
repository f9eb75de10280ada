"""A pretrained backbone with its weights, and the features that it sees in pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RecipeError, require_extra
from rushes.labels.manifest import ManifestRow
from rushes.learning.architecture import plan_architecture
from rushes.learning.features import Elsewhere, Extract, Features, compute_features, describe_features
from rushes.learning.machine import choose_device
from rushes.learning.recipe import Recipe
from rushes.learning.start import Start, load_body, start_of
from rushes.learning.threads import count_threads, let_idle_threads_sleep, torch_threads
from rushes.models.backbones import Backbone, find_weights, load_weights
from rushes.progress import Progress, silent
from rushes.scale.engine import Engine, Seat
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    import torch

    from rushes.models.network import Network

# Measured with MobileNetV2 at 224 x 224: 16 and more at a time take half as long again per picture and more, because
# their maps outgrow the caches and the blocks that the C library keeps.
_BATCH_ON_CPU = 4
_BATCH_ELSEWHERE = 128
_NO_CLASSES = ("one",)  # of a network whose head is not used
_WEIGHTS = "weights"  # the file's name among those that an engine takes along


def read_backbone_features(
    rows: Sequence[ManifestRow],
    recipe: Recipe,
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int | None = None,
    engine: Engine | None = None,
    progress: Progress = silent,
) -> Features:
    """Return what a recipe's backbone sees in the pictures of rows; what a training on it computed is not done again.

    Args:
        recipe: of kind `features` or `finetune`; its [model] and [input] decide.
        cache_folder: of the project.
        threads: None takes one per core.
        engine: that computes what the cache lacks; None computes it in this process, which keeps every core busy.

    Raises:
        MissingExtraError: the `train` extra is not installed.
        RecipeError: the recipe has no backbone, or timm does not know it.
        WeightsError: its weights are not at hand, or do not fit.
        RunError: model.start names no run or bundle.
    """
    require_extra("train", "torch", "timm", "safetensors", purpose="the features of a backbone")
    let_idle_threads_sleep()
    backbone, preprocessing = plan_architecture(recipe)
    if not isinstance(backbone, Backbone):
        raise RecipeError(f"{recipe.name} trains a network from scratch and has no backbone. Name a recipe of the kind "
                          "'features', or a backbone that timm knows")  # fmt: skip
    start = start_of(recipe, project_root=project_root, runs_folder=project_root / "runs")
    device, count = choose_device(), count_threads(threads)
    file = _file_of(backbone, weights=recipe.model.weights, start=start, project_root=project_root)

    @cache
    def network() -> Network:  # loaded where the cache lacks anything
        return _network_of(backbone, classes=_NO_CLASSES, preprocessing=preprocessing, file=file, start=start,
                           device=device)  # fmt: skip

    with torch_threads(count):
        return see_pictures(
            rows,
            network,
            backbone=backbone,
            weights=(file, digest_of_file(file)),
            preprocessing=preprocessing,
            start=start,
            device=device,
            project_root=project_root,
            cache_folder=cache_folder,
            threads=count,
            engine=engine,
            progress=progress,
        )


def load_pretrained(
    backbone: Backbone,
    *,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    weights: str,
    project_root: Path,
    device: torch.device,
    start: Start | None = None,
) -> tuple[Network, Path]:
    """Return a backbone with pretrained weights and a head still to be fitted, and the file of its weights.

    Args:
        weights: file of weights, relative to the project; "" asks the hub's cache, then the hub.
        start: a trained network whose body is taken in place of these weights.

    Raises:
        WeightsError: the weights are not at hand, or do not fit.
    """
    file = _file_of(backbone, weights=weights, start=start, project_root=project_root)
    network = _network_of(
        backbone, classes=classes, preprocessing=preprocessing, file=file, start=start, device=device
    )  # fmt: skip
    return network, file


def _file_of(backbone: Backbone, *, weights: str, start: Start | None, project_root: Path) -> Path:
    """Return the file of a backbone's weights, looked for as `load_pretrained` says."""
    if start is not None:
        return start.file
    named = project_root / Path(weights).expanduser() if weights else None
    return find_weights(backbone, file=named, folder=project_root / "weights")


def _network_of(
    backbone: Backbone,
    *,
    classes: Sequence[str],
    preprocessing: Preprocessing,
    file: Path,
    start: Start | None,
    device: torch.device,
) -> Network:
    """Return a backbone with the weights of a file, which is the start's where there is one."""
    import torch

    from rushes.models.network import build_network

    network = build_network(backbone, classes, preprocessing)
    if start is not None:
        load_body(network, replace(start, file=file))
    else:
        load_weights(network.body, backbone, file)
    network.to(device).to(memory_format=torch.channels_last).eval()
    return network


def see_pictures(
    rows: Sequence[ManifestRow],
    network: Callable[[], Network],
    *,
    backbone: Backbone,
    weights: tuple[Path, str],
    preprocessing: Preprocessing,
    start: Start | None = None,
    device: torch.device,
    asked: str | None = None,
    project_root: Path,
    cache_folder: Path,
    threads: int,
    engine: Engine | None = None,
    progress: Progress,
) -> Features:
    """Return the features of rows, from the cache where they are there.

    Args:
        network: gives the network, and is asked only where features are computed in this process.
        weights: the file of its weights, and the file's digest.
        start: whose body these are, where it is a trained network's.
        device: that this process computes on.
        asked: the device that somebody named, which other processes take too; None leaves each the best of its machine.
        cache_folder: of the project.
        engine: as `read_backbone_features` takes it.
    """
    file, digest = weights
    elsewhere = None
    if engine is not None:
        build = partial(_build_extract, backbone, preprocessing, start, asked)
        elsewhere = Elsewhere(engine, build, {_WEIGHTS: file}, takes_gpu=asked is None or not asked.startswith("cpu"))
    return compute_features(
        rows,
        extract=lambda pixels: _see(network(), device, pixels),
        about=describe_features(backbone, weights_digest=digest, preprocessing=preprocessing),
        cache_folder=cache_folder / "features",
        project_root=project_root,
        preprocessing=preprocessing,
        batch_size=_batch_size_on(device),
        threads=threads,
        elsewhere=elsewhere,
        progress=progress,
    )


def _build_extract(
    backbone: Backbone, preprocessing: Preprocessing, start: Start | None, asked: str | None, seat: Seat
) -> tuple[Extract, int]:
    """Return what computes features in a process, on the device that was asked for; see `BuildExtract`."""
    require_extra("train", "torch", "timm", "safetensors", purpose="the features of a backbone")
    let_idle_threads_sleep()
    device = choose_device(asked)
    network = _network_of(
        backbone,
        classes=_NO_CLASSES,
        preprocessing=preprocessing,
        file=seat.files[_WEIGHTS],
        start=start,
        device=device,
    )

    def extract(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        with torch_threads(seat.threads):
            return _see(network, device, pixels)

    return extract, _batch_size_on(device)


def _batch_size_on(device: torch.device) -> int:
    return _BATCH_ON_CPU if device.type == "cpu" else _BATCH_ELSEWHERE


def _see(network: Network, device: torch.device, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return (pictures, features), float32; halves of the batch one after the other where the memory is too small."""
    import torch

    from rushes.learning.hardware import is_out_of_memory, release_memory

    try:
        with torch.inference_mode(), _whole_float32(device):
            seen = network.features(torch.from_numpy(pixels).to(device))
        return np.asarray(seen.float().cpu().numpy(), np.float32)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error) or len(pixels) == 1:
            raise
    release_memory(device)
    half = len(pixels) // 2
    return np.concatenate([_see(network, device, pixels[:half]), _see(network, device, pixels[half:])])


@contextmanager
def _whole_float32(device: torch.device) -> Iterator[None]:
    """Let a CUDA device compute with all 24 bits, so that cached features are the same wherever they were computed.

    Its default for convolutions is TF32, which keeps 11: features of a GPU and of a CPU could not share a cache.
    """
    import torch

    if device.type != "cuda":
        yield
        return
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
