"""The share of training in which the network waits for pictures, beside torchvision's ImageFolder and DataLoader."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Outcome, Say, Target, find_media
from rushes.cores import count_cores
from rushes.datasets.split import plan_split
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import write_manifest
from rushes.learning.recipe import Recipe
from rushes.learning.recipe_files import parse_recipe
from rushes.project import SplitSettings, Task
from rushes.storage.files import digest_of_file

if TYPE_CHECKING:
    import torch

    from rushes.learning.runs import Run

TARGET = Target("ours", 0.05)
_PICTURES = "images/shotscale_cinemanet"
_GENERATED = 600  # where no media are at hand
_EPOCHS = 3
_BATCH = 32
_DESIGN = "cnn-6x6"


@dataclass(frozen=True, slots=True)
class Pace:
    """Pictures per second into the network, and the share of time in which it waited for them."""

    images_per_second: float
    waiting_share: float

    def __str__(self) -> str:
        return f"{self.images_per_second:.0f} pictures/s, waiting {self.waiting_share:.1%} of the time"


def measure(say: Say) -> Outcome:
    say("Training from pictures on disk: how long the network waits for them, and how many come through.")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        say(f"Input: {_gather(root / 'pictures')}.")
        return _compare(_Course(root), say)


class _Course:
    """The same pictures and the same split for both trainings."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rows = list(_rows_of(root))
        self.task = Task("folder", tuple(sorted({row.class_name for row in self.rows})))
        self.manifest, _ = write_manifest(self.rows, root / "manifests", self.task.name, datetime.now(UTC))
        settings = SplitSettings(train=0.8, validation=0.1, test=0.1, seed=0)
        self.split = plan_split(self.rows, task=self.task.name, kind="mixed", settings=settings)

    def train(self, recipe: Recipe, *, cache: str) -> Run:
        from rushes.learning.ground import Ground, train_on

        ground = Ground(
            task=self.task,
            manifest=self.manifest,
            rows=tuple(self.rows),
            split=self.split,
            split_path=None,
            project_root=self.root,
            runs_folder=self.root / "runs",
            cache_folder=self.root / cache,
        )
        return train_on(ground, recipe)


def _compare(course: _Course, say: Say) -> Outcome:
    recipe = _recipe()
    count = len(course.split.frames_of("train"))
    say(f"{_DESIGN} at 128 x 128 gray, mirrored, shifted and exposed at random; {_EPOCHS} epochs of {count} pictures "
        f"in batches of {_BATCH}; the first epoch reads and decodes every picture.")  # fmt: skip
    workers = max(1, count_cores())
    say(f"Peer: ImageFolder and DataLoader with {workers} persistent workers, the same changes by torchvision v2, into "
        "the same network.")  # fmt: skip
    course.train(_recipe(epochs=1), cache="other")  # the libraries are loaded, and no turn pays for it
    run = course.train(recipe, cache="cache")
    ours = Pace(run.pace["images_per_second"], run.pace["waiting_share"])
    peer = _train_peer(course, workers=workers)
    say(f"In training: ours {ours}; peer {peer}.")
    again = course.train(recipe, cache="cache")
    warm = Pace(again.pace["images_per_second"], again.pace["waiting_share"])
    say(f"A second training of the same pictures, which are kept prepared: {warm}.")
    alone = _pace_of_ours_alone(course, cold=True), _pace_of_ours_alone(course, cold=False)
    peer_alone = _pace_of_peer_alone(course, workers=workers)
    say(f"Without a network: ours {alone[0]:.0f} pictures/s at first and {alone[1]:.0f} once they are kept, peer "
        f"{peer_alone:.0f}: {alone[0] / peer_alone:.1f} x and {alone[1] / peer_alone:.1f} x.")  # fmt: skip
    return Outcome("loader", ours.waiting_share, peer.waiting_share, "share of time waiting", TARGET)


def _train_peer(course: _Course, *, workers: int) -> Pace:
    """Train the same network from the peer's batches."""
    import torch
    from torch.nn import functional

    from rushes.learning.architecture import plan_architecture
    from rushes.learning.hardware import computes_in_bf16, piece_size_for
    from rushes.learning.machine import choose_device
    from rushes.models.network import build_network

    device = choose_device()
    architecture, preprocessing = plan_architecture(_recipe())
    network = build_network(architecture, course.task.classes, preprocessing)
    network.to(device).to(memory_format=torch.channels_last).train()
    bf16 = computes_in_bf16(network, "auto", batch_size=_BATCH)
    piece_size = piece_size_for(getattr(architecture, "largest_map_count", None), device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3)
    loader = _peer_loader(course, workers=workers)
    shown, waited, started = 0, 0.0, time.perf_counter()
    for _ in range(_EPOCHS):
        batches: Iterator[Any] = iter(loader)
        while True:
            asked = time.perf_counter()
            batch = next(batches, None)
            waited += time.perf_counter() - asked
            if batch is None:
                break
            pixels, truth = (tensor.to(device, non_blocking=True) for tensor in batch)
            optimiser.zero_grad(set_to_none=True)
            for start in range(0, len(truth), piece_size):
                piece = slice(start, start + piece_size)
                with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                    logits = network(pixels[piece].permute(0, 2, 3, 1))
                (functional.cross_entropy(logits.float(), truth[piece], reduction="sum") / len(truth)).backward()
            optimiser.step()
            shown += len(truth)
    if device.type == "cuda":
        torch.cuda.synchronize()
    elapsed = time.perf_counter() - started
    return Pace(shown / elapsed, waited / elapsed)


def _peer_loader(course: _Course, *, workers: int) -> torch.utils.data.DataLoader[Any]:
    import torch
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    change = v2.Compose(
        [
            v2.PILToTensor(),
            v2.Grayscale(),
            v2.Resize((128, 128), antialias=True),
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(0, translate=(0.05, 0.05)),
            v2.ColorJitter(brightness=0.15, contrast=0.15),
        ]
    )
    wanted = {row.img_ref for row in course.rows if course.split.parts[row.frame_id] == "train"}
    folder = ImageFolder(
        str(course.root / "pictures"),
        transform=change,
        is_valid_file=lambda path: Path(path).relative_to(course.root).as_posix() in wanted,
    )
    return torch.utils.data.DataLoader(
        folder,
        batch_size=_BATCH,
        shuffle=True,
        num_workers=workers,
        persistent_workers=True,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context="fork",
    )


def _pace_of_peer_alone(course: _Course, *, workers: int) -> float:
    loader = _peer_loader(course, workers=workers)
    next(iter(loader))  # the workers are started
    started = time.perf_counter()
    count = sum(len(truth) for _ in range(_EPOCHS) for _, truth in loader)
    return count / (time.perf_counter() - started)


def _pace_of_ours_alone(course: _Course, *, cold: bool) -> float:
    from rushes.learning.architecture import plan_architecture
    from rushes.learning.augment import augment_picture, plan_augmentations
    from rushes.learning.loader import Loader, in_batches
    from rushes.learning.samples import StoredSamples
    from rushes.storage.kept_pixels import KeptPixels
    from rushes.storage.pictures import Pictures

    recipe = _recipe()
    _, preprocessing = plan_architecture(recipe)
    augmentations = plan_augmentations(recipe.augment, course.task.classes)
    rows = [row for row in course.rows if course.split.parts[row.frame_id] == "train"]
    folder = course.root / "alone"
    with Pictures(course.root) as pictures, ThreadPoolExecutor(count_cores()) as pool:
        kept = KeptPixels(folder, (preprocessing.height, preprocessing.width, preprocessing.channels))
        samples = StoredSamples(
            rows, classes=course.task.classes, pictures=pictures, project_root=course.root,
            preprocessing=preprocessing, kept=kept,
        )  # fmt: skip
        order, epochs = np.arange(len(rows)), 1 if cold else _EPOCHS

        def change(picture: Any, place: int, turn: int) -> Any:
            return augment_picture(picture, augmentations[samples.truth[place]], np.random.default_rng([0, turn]))

        started = time.perf_counter()
        for _ in range(epochs):
            batches = in_batches(len(order), _BATCH)
            for _ in Loader(samples, order, batches=batches, pool=pool, threads=count_cores(), change=change):
                pass
        elapsed = time.perf_counter() - started
        kept.flush()
    return epochs * len(rows) / elapsed


def _recipe(*, epochs: int = _EPOCHS) -> Recipe:
    table = {
        "name": "loader",
        "split": "mixed",
        "model": {"kind": "cnn", "design": _DESIGN},
        "training": {"epochs": epochs, "batch_size": _BATCH, "patience": 99},
        "balance": {"loss": "plain"},
    }
    return parse_recipe(json.loads(json.dumps(table)), where="loader")


def _gather(to: Path) -> str:
    """Bring pictures into class folders; return what they are."""
    media = find_media()
    if media is not None and (media / _PICTURES).is_dir():
        files = sorted((media / _PICTURES).glob("*/*.jpg"))
        for path in files:
            (to / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to / path.parent.name / path.name)
        return f"{len(files)} film stills of five shot scales"
    from rushes.footage.picture import encode_picture

    dice = np.random.default_rng(0)
    for index in range(_GENERATED):
        pixels = np.kron(dice.integers(0, 256, (18, 32, 3)), np.ones((20, 20, 1))).astype(np.uint8)
        path = to / ("even" if index % 2 else "odd") / f"{index:04d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_picture(pixels, "jpeg"))
    return f"{_GENERATED} generated pictures of 640 x 360"


def _rows_of(root: Path) -> Iterator[ManifestRow]:
    for path in sorted((root / "pictures").glob("*/*.jpg")):
        digest = digest_of_file(path)
        yield ManifestRow(
            img_ref=path.relative_to(root).as_posix(),
            class_name=path.parent.name,
            group=path.stem,
            source=digest,
            origin="folder",
            sha256=digest,
            name=path.stem,
        )
