"""A pretrained backbone with its weights, and the features that it sees in pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RecipeError, require_extra
from rushes.labels.manifest import ManifestRow
from rushes.learning.architecture import plan_architecture
from rushes.learning.features import Features, compute_features, describe_features
from rushes.learning.machine import choose_device
from rushes.learning.recipe import Recipe
from rushes.learning.start import Start, load_body, start_of
from rushes.learning.threads import count_threads, let_idle_threads_sleep, torch_threads
from rushes.models.backbones import Backbone, find_weights, load_weights
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    import torch

    from rushes.models.network import Network

# Measured with MobileNetV2 at 224 x 224: 16 and more at a time take half as long again per picture and more, because
# their maps outgrow the caches and the blocks that the C library keeps.
_BATCH_ON_CPU = 4
_BATCH_ELSEWHERE = 128


def read_backbone_features(
    rows: Sequence[ManifestRow],
    recipe: Recipe,
    *,
    project_root: Path,
    cache_folder: Path,
    threads: int | None = None,
    progress: Progress = silent,
) -> Features:
    """Return what a recipe's backbone sees in the pictures of rows; what a training on it computed is not done again.

    Args:
        recipe: of kind `features` or `finetune`; its [model] and [input] decide.
        cache_folder: of the project.
        threads: None takes one per core.

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
    with torch_threads(count):
        network, file = load_pretrained(
            backbone,
            classes=("one",),  # the head is not used
            preprocessing=preprocessing,
            weights=recipe.model.weights,
            start=start,
            project_root=project_root,
            device=device,
        )
        return see_pictures(
            rows,
            network,
            backbone=backbone,
            weights_digest=digest_of_file(file),
            preprocessing=preprocessing,
            device=device,
            project_root=project_root,
            cache_folder=cache_folder,
            threads=count,
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
    import torch

    from rushes.models.network import build_network

    if start is not None:
        file = start.file
    else:
        named = project_root / Path(weights).expanduser() if weights else None
        file = find_weights(backbone, file=named, folder=project_root / "weights")
    network = build_network(backbone, classes, preprocessing)
    if start is not None:
        load_body(network, start)
    else:
        load_weights(network.body, backbone, file)
    network.to(device).to(memory_format=torch.channels_last).eval()
    return network, file


def see_pictures(
    rows: Sequence[ManifestRow],
    network: Network,
    *,
    backbone: Backbone,
    weights_digest: str,
    preprocessing: Preprocessing,
    device: torch.device,
    project_root: Path,
    cache_folder: Path,
    threads: int,
    progress: Progress,
) -> Features:
    """Return the features of rows, from the cache where they are there.

    Args:
        cache_folder: of the project.
    """
    import torch

    from rushes.learning.hardware import is_out_of_memory, release_memory

    def extract(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        try:
            with torch.inference_mode(), _whole_float32(device):
                seen = network.features(torch.from_numpy(pixels).to(device))
            return np.asarray(seen.float().cpu().numpy(), np.float32)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or len(pixels) == 1:
                raise
        release_memory(device)
        half = len(pixels) // 2
        return np.concatenate([extract(pixels[:half]), extract(pixels[half:])])

    return compute_features(
        rows,
        extract=extract,
        about=describe_features(backbone, weights_digest=weights_digest, preprocessing=preprocessing),
        cache_folder=cache_folder / "features",
        project_root=project_root,
        preprocessing=preprocessing,
        batch_size=_BATCH_ON_CPU if device.type == "cpu" else _BATCH_ELSEWHERE,
        threads=threads,
        progress=progress,
    )


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
