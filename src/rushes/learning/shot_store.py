"""Labelled shots as a training needs them: motion and features of each in memory, its frames when they are asked for.

This module needs the `train` extra; `rushes.learning.train_shots` asks for it.
"""

from __future__ import annotations

import json
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from rushes.datasets.shot_record import name_of_reading, unpack_sample
from rushes.datasets.shot_sample import ShotReading, ShotSample, UnusableShot, shorten_series, stack_samples
from rushes.datasets.shot_samples import key_of, read_shot_samples
from rushes.datasets.split import PARTS
from rushes.datasets.synthetic.camera_clips import ORIGIN
from rushes.errors import RunError
from rushes.footage.signature import signature_of
from rushes.labels.manifest import Part
from rushes.labels.shot_manifest import ShotRow
from rushes.learning.augment import Augmentation, augment_maps, augment_shot
from rushes.learning.hardware import is_out_of_memory, release_memory
from rushes.learning.shot_fit import UNLABELLED, Places, ShotBatch, TaughtShots
from rushes.models.clip import ShotNetwork
from rushes.progress import Progress
from rushes.storage.files import digest_of_bytes, write_json
from rushes.storage.kept_pixels import make_room
from rushes.storage.kept_records import KeptRecords

Floats = npt.NDArray[np.float32]
Extract = Callable[[str, ShotSample], Floats]  # of the shot's key and its sample

_FEATURES_SCHEMA = "shot-features/1"
_SHOWN = 5
_HELD_AGAIN = 256  # samples in memory where no cache takes them


@dataclass(frozen=True, slots=True, eq=False)
class ReadShots:
    """The shots of one part that could be read.

    Attributes:
        series: of each shot, (pairs, columns) float32.
        aggregates: (shots, aggregates) float32.
        features: of each shot, (frames, views, features) float32; () where no backbone looked at them.
        looks: of each shot, the perceptual signature of its middle frame; None of one without frames.
    """

    rows: tuple[ShotRow, ...]
    series: tuple[Floats, ...]
    aggregates: Floats
    features: tuple[Floats, ...] = ()
    looks: tuple[int | None, ...] = ()

    def truth(self, task: str, classes: Sequence[str]) -> Places:
        """Return (shots,) int64, the index of each one's class, or UNLABELLED."""
        position = {name: index for index, name in enumerate(classes)}
        return np.array([position.get(row.classes.get(task, ""), UNLABELLED) for row in self.rows], np.int64)

    def at(self, places: Places) -> ReadShots:
        """Return the shots at some places."""
        return ReadShots(
            tuple(self.rows[place] for place in places),
            tuple(self.series[place] for place in places),
            self.aggregates[places],
            tuple(self.features[place] for place in places) if self.features else (),
            tuple(self.looks[place] for place in places) if self.looks else (),
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading labelled shots.

    Attributes:
        parts: the shots of each part that could be read.
        unusable: the others, each with its reason.
        notes: what was seen in the shots, such as cuts inside them, in words.
    """

    parts: Mapping[Part, ReadShots]
    unusable: tuple[str, ...]
    notes: tuple[str, ...]


def read_parts(
    parts: Mapping[Part, Sequence[ShotRow]],
    reading: ShotReading,
    *,
    extract: Extract | None,
    aggregate_count: int,
    project_root: Path,
    scans_folder: Path | None,
    cache_folder: Path,
    threads: int,
    progress: Progress,
) -> Reading:
    """Read the shots of all parts, each film decoded once at most.

    Args:
        extract: what a backbone sees in a sample, (frames, views, features); None where none looks.
        aggregate_count: how many aggregates a shot has.
    """
    # A film's shots one after the other, whatever part they are in.
    placed = [(part, row) for part in PARTS for row in parts[part]]
    placed.sort(key=lambda one: (one[1].video, one[1].start))
    found: dict[Part, list[_Member]] = {part: [] for part in PARTS}
    unusable: list[str] = []
    with_cuts: list[str] = []
    noted: Counter[str] = Counter()

    def tell(done: int, total: int | None = None, note: str = "") -> None:
        progress(done, total, "reading shots")

    samples = read_shot_samples(
        [row for _, row in placed],
        reading,
        project_root=project_root,
        scans_folder=scans_folder,
        cache_folder=cache_folder,
        threads=threads,
        progress=tell,
    )
    for (part, row), (_, sample) in zip(placed, samples, strict=True):
        if isinstance(sample, UnusableShot):
            unusable.append(f"{row.name or row.video}: {sample.reason}")
            continue
        if sample.cuts and row.origin != ORIGIN:  # a virtual clip was cut by nobody
            with_cuts.append(f"{row.name or row.video} (at frame {', '.join(map(str, sample.cuts))})")
        noted.update(sample.notes)
        series = shorten_series(np.asarray(sample.series.values, np.float32))
        seen = extract(key_of(row), sample) if extract else None
        found[part].append(_Member(row, series, sample.aggregates, seen, _look_of(sample)))
    return Reading(
        parts={part: _joined(members, aggregate_count) for part, members in found.items()},
        unusable=tuple(unusable),
        notes=tuple(_notes_on(with_cuts, noted)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    row: ShotRow
    series: Floats
    aggregates: Floats
    features: Floats | None
    look: int | None


def _look_of(sample: ShotSample) -> int | None:
    """Return the signature of a shot's middle frame, by which copies of it are known."""
    if not len(sample.pixels):
        return None
    middle = sample.pixels[len(sample.pixels) // 2]
    return signature_of(np.repeat(middle, 3, axis=2) if middle.shape[2] == 1 else middle)


def _joined(members: Sequence[_Member], aggregate_count: int) -> ReadShots:
    aggregates = [one.aggregates for one in members] or [np.empty((0, aggregate_count), np.float32)]
    return ReadShots(
        rows=tuple(one.row for one in members),
        series=tuple(one.series for one in members),
        aggregates=np.vstack(aggregates).astype(np.float32),
        features=tuple(one.features for one in members if one.features is not None),
        looks=tuple(one.look for one in members),
    )


def _notes_on(with_cuts: Sequence[str], noted: Mapping[str, int]) -> list[str]:
    notes = []
    if with_cuts:
        more = f"; and {len(with_cuts) - _SHOWN} more" if len(with_cuts) > _SHOWN else ""
        notes.append(
            f"cuts were found inside {len(with_cuts)} shot{'' if len(with_cuts) == 1 else 's'}, so that the list of "
            f"shots may be wrong there: {'; '.join(with_cuts[:_SHOWN])}{more}"
        )
    if noted:
        counted = "; ".join(f"{what}: {count}" for what, count in noted.items())
        notes.append(f"shots that show little, by what there is to say of them: {counted}")
    return notes


class KeptFeatures:
    """What a frozen body sees in shots, computed once each and kept under what decided it."""

    def __init__(
        self, network: ShotNetwork, reading: ShotReading, *, about: Mapping[str, Any], cache_folder: Path
    ) -> None:
        """Open what is kept.

        Args:
            network: in evaluation mode.
            about: which weights the body has, as plain values.
            cache_folder: of the project.
        """
        self._network = network
        self.computed_count = 0
        table = {
            "schema": _FEATURES_SCHEMA,
            "reading": name_of_reading(reading),
            "mean": list(reading.preprocessing.mean),
            "std": list(reading.preprocessing.std),
            "views": list(network.views),
            **about,
        }
        name = digest_of_bytes(json.dumps(table, sort_keys=True).encode())[:24]
        folder = cache_folder / "shot-features"
        make_room(folder, keep=name)
        write_json(folder / name / "about.json", table)
        self._kept = KeptRecords(folder / name)

    def see(self, key: str, sample: ShotSample) -> Floats:
        """Return (frames, views, features) float32 of a sample.

        Args:
            key: of the shot, as `key_of` makes it.
        """
        shape = (len(sample.pixels), len(self._network.views), self._network.feature_count)
        data = self._kept.get(key)
        if data is not None and len(data) == 4 * int(np.prod(shape)):
            return np.frombuffer(data, np.float32).reshape(shape)
        features = see_sample(self._network, sample)
        self._kept.put(key, features.tobytes())
        self.computed_count += 1
        return features

    def flush(self) -> None:
        """Write what waits."""
        self._kept.flush()


def see_sample(network: ShotNetwork, sample: ShotSample) -> Floats:
    """Return what a network's body sees in a sample, (frames, views, features) float32, in pieces that memory takes."""
    device = network.mean.device
    stacked = stack_samples([sample], len(sample.pixels))
    subject = None if stacked.subject is None else torch.from_numpy(stacked.subject).to(device)
    piece = 0 if device.type != "cpu" else 4
    while True:
        try:
            with torch.inference_mode():
                seen = network.features(
                    torch.from_numpy(stacked.pixels).to(device),
                    torch.from_numpy(stacked.mask).to(device),
                    subject,
                    piece=piece,
                )
            return np.asarray(seen[0].cpu().numpy(), np.float32)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error) or piece == 1:
                raise
        release_memory(device)
        piece = max(1, (piece or len(sample.pixels)) // 2)


def taught_by_features(shots: ReadShots, truth: Mapping[str, Places]) -> TaughtShots:
    """Return shots that heads are taught by what a frozen body saw in them, or by their motion alone."""

    def batch(places: Places, dice: int | None) -> ShotBatch:
        chosen = shots.at(places)
        features, mask = (None, torch.zeros(len(places), 1, dtype=torch.bool))
        if chosen.features:
            features, mask = _padded(chosen.features)
        return _batch(places, chosen, mask, features=features)

    return TaughtShots(truth, batch)


class StoredFrames:
    """The samples of shots from the cache, or read anew where it has lost one; safe for threads."""

    def __init__(
        self, reading: ShotReading, *, project_root: Path, scans_folder: Path | None, cache_folder: Path
    ) -> None:
        self._reading, self._root, self._scans, self._cache = reading, project_root, scans_folder, cache_folder
        self._kept = KeptRecords(cache_folder / "shots" / name_of_reading(reading))
        self._lock = threading.Lock()
        self._again: OrderedDict[str, ShotSample] = OrderedDict()  # the latest of what no cache takes

    def read(self, row: ShotRow) -> ShotSample:
        """Return the sample of a shot that was read before.

        Raises:
            RunError: it cannot be read any more.
        """
        key = key_of(row)
        data = self._kept.get(key)
        if data is not None:
            return unpack_sample(data)
        with self._lock:
            if key in self._again:
                return self._again[key]
        _, found = next(
            read_shot_samples(
                [row], self._reading, project_root=self._root, scans_folder=self._scans, cache_folder=self._cache,
                threads=1,
            )
        )  # fmt: skip
        if isinstance(found, UnusableShot):
            raise RunError(
                f"{row.name or row.video} was read when the training began, and cannot be any more: {found.reason}. "
                "Put it back, or start again without it: what was read and learnt so far is kept"
            )
        with self._lock:
            self._again[key] = found
            while len(self._again) > _HELD_AGAIN:
                self._again.popitem(last=False)
        return found


def taught_by_frames(
    shots: ReadShots,
    truth: Mapping[str, Places],
    frames: StoredFrames,
    *,
    augmentations: Callable[[ShotRow], Augmentation],
) -> TaughtShots:
    """Return shots that a whole network is taught by their frames.

    Args:
        augmentations: what the frames of a shot may undergo, all of them alike.
    """

    def batch(places: Places, seed: int | None) -> ShotBatch:
        samples = [frames.read(shots.rows[place]) for place in places]
        stacked = stack_samples(samples, max(len(sample.pixels) for sample in samples))
        pixels = stacked.pixels
        if seed is not None:
            for place, sample in enumerate(samples):
                undergoes = augmentations(shots.rows[places[place]])
                changed = augment_shot(sample.pixels, undergoes, np.random.default_rng([seed, place]))
                pixels[place, : len(changed)] = changed
                if stacked.subject is not None and sample.subject is not None:
                    moved = augment_maps(sample.subject, undergoes, np.random.default_rng([seed, place]))
                    stacked.subject[place, : len(moved)] = moved.astype(np.float32) / 255
        chosen = shots.at(places)
        subject = None if stacked.subject is None else torch.from_numpy(stacked.subject)
        return _batch(places, chosen, torch.from_numpy(stacked.mask), pixels=torch.from_numpy(pixels), subject=subject)

    return TaughtShots(truth, batch)


def _batch(
    places: Places,
    chosen: ReadShots,
    mask: torch.Tensor,
    *,
    features: torch.Tensor | None = None,
    pixels: torch.Tensor | None = None,
    subject: torch.Tensor | None = None,
) -> ShotBatch:
    series, series_mask = _padded(chosen.series)
    return ShotBatch(
        places=places,
        pixels=pixels,
        features=features,
        mask=mask,
        subject=subject,
        series=series,
        series_mask=series_mask,
        aggregates=torch.from_numpy(chosen.aggregates),
    )


def _padded(arrays: Sequence[Floats]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return arrays of different lengths side by side, zeros behind each, and which places are theirs."""
    longest = max(1, *(len(one) for one in arrays))
    stacked = np.zeros((len(arrays), longest, *arrays[0].shape[1:]), np.float32)
    mask = np.zeros((len(arrays), longest), np.bool_)
    for place, one in enumerate(arrays):
        stacked[place, : len(one)] = one
        mask[place, : len(one)] = True
    return torch.from_numpy(stacked), torch.from_numpy(mask)
