"""Suggested classes on films whose rarity is known, beside guesses that look less; then on real films."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.harness import Outcome, Say, Target, find_media, format_seconds, time_call
from rushes.catalog.catalog import StoredFrame, open_catalog
from rushes.catalog.descriptions import Descriptions, describe_pictures
from rushes.footage.picture import encode_picture
from rushes.footage.quality import MEASURES, quality_of
from rushes.footage.signature import FLAT, signature_of
from rushes.footage.source import Frame
from rushes.labels.neighbours import nearest_neighbours
from rushes.labels.suggest import QUALITY_TESTS, Suggestions, plan_suggestions
from rushes.project import Task, parse_project
from rushes.storage.files import digest_of_bytes

TARGET = Target("ratio", 1)
CLASSES = ("Junk", "Common", "Uncommon", "Rare", "Legendary")
# Frames that are taken of a shot, and of how many shots in a hundred so many.
_FREQUENCIES = {"Common": (32, 40), "Uncommon": (8, 30), "Rare": (3, 15), "Legendary": (1, 15)}
_JUNK = ("black", "flat", "underexposed", "overexposed", "blurred", "faded")
_JUNK_EACH = 24
_FILMS, _SHOTS, _SIZE = 10, 20, (320, 180)
_SEED = 7  # what is counted as near was chosen on the films of seed 0
_GUESSES = 20
_NEAR_SIGNATURE, _NEAR = 8, 0.35  # bits of 64; distance of descriptors
_LARGE, _COMPARED = 200_000, 20_000
_TOYS = "mdn_toy_*.webm"
_REAL = (
    "bbb_opening_480p_30s.mp4", "bbb_trailer_360p_vp8.webm", "bikes_brussels_272p.mp4", "bottles_static_cam.mp4",
    "chaplin_360p.mp4", "cockatoo_yuv444.mp4", "ffmpeg_concat_transitions.mp4", "mdn_talking_head_60fps.mp4",
    "nasa_13013_multistream.mp4", "nosferatu_1922_480p.mp4", "openshot_runners.mp4", "pyscenedetect_fades.mp4",
    "pyscenedetect_testvideo.mp4", "sam2_dog.mp4",
)  # fmt: skip

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Known:
    """A picture whose rarity is known.

    Attributes:
        frequency: how many frames of its shot are among the pictures; 0 for junk.
        class_name: what follows from it.
        kind: of junk, what is wrong with it.
    """

    stored: StoredFrame
    group: str
    frequency: int
    class_name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """How suggested classes agree with the known ones.

    Attributes:
        spearman: rank correlation of what decides with how seldom a shot is, junk left out on both sides.
        f1_macro: over all classes.
    """

    spearman: float
    f1_macro: float

    def __str__(self) -> str:
        return f"Spearman {self.spearman:+.3f}, macro-F1 {self.f1_macro:.3f}"


def measure(say: Say) -> Outcome:
    say("Suggesting classes of rarity from pictures alone, where the right ones are known.")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        known = make_known(root, say)
        ours, peer = _compare(root, known, say)
    _measure_size(say)
    media = find_media()
    if media is None:
        say("No real footage at hand; name its folder in RUSHES_MEDIA.")
    else:
        with tempfile.TemporaryDirectory() as folder:
            _look_at_real(media, Path(folder), say)
    return Outcome("suggest", 1 - ours, 1 - peer, "1 - macro-F1", TARGET)


def make_known(root: Path, say: Say) -> list[Known]:
    """Render films, take so many frames of each shot as it is to be frequent, and put junk between them."""
    from rushes.datasets.synthetic.films import render_films

    truths = render_films(root / "films", films=_FILMS, seed=_SEED, shots=_SHOTS, size=_SIZE, processes=2)
    dice = np.random.default_rng(0)
    shares = np.array([share for _, share in _FREQUENCIES.values()]) / 100
    known: list[Known] = []
    for truth in truths:
        pictures = _decode(truth.path)
        writer = _Writer(root, truth.name)
        last: Pixels | None = None
        for shot in truth.shots:
            if shot.scale is None:
                continue  # titles
            name = str(dice.choice(list(_FREQUENCIES), p=shares))
            count = min(_FREQUENCIES[name][0], shot.stop - shot.start)
            first = pictures[shot.start]
            if last is not None and writer.held["faded"] < _JUNK_EACH // _FILMS:
                mixed = (last.astype(np.float32) * 0.55 + first.astype(np.float32) * 0.45).astype(np.uint8)
                known.append(writer.write(shot.start * 2 - 1, mixed, "Junk", kind="faded"))
            for ordinal in np.linspace(shot.start, shot.stop - 1, count).round().astype(int).tolist():
                known.append(writer.write(ordinal * 2, pictures[ordinal], name, frequency=count))
            last = pictures[shot.stop - 1]
        end = 2 * truth.frame_count
        for kind in _JUNK[:-1]:
            for _ in range(_JUNK_EACH // _FILMS):
                spoilt = spoil(pictures[int(dice.integers(len(pictures)))], kind, dice)
                known.append(writer.write(end, spoilt, "Junk", kind=kind))
                end += 1
    counts = Counter(one.class_name for one in known)
    said = ", ".join(f"{name} {counts[name]}" for name in CLASSES)
    say(
        f"Input: {len(known):,} frames of {_FILMS} rendered films. Of each of {_FILMS * _SHOTS} shots 32, 8, 3 or 1 are"
    )
    say(f"taken, which is how rare it is; some are spoilt. {said}")
    return known


def spoil(pixels: Pixels, kind: str, dice: np.random.Generator) -> Pixels:
    """Return a picture spoilt in one of the ways of _JUNK."""
    import cv2

    noise = dice.normal(0, 2, pixels.shape)
    if kind == "black":
        return np.clip(noise + 6, 0, 255).astype(np.uint8)
    if kind == "flat":
        return np.clip(noise + dice.uniform(40, 220, 3), 0, 255).astype(np.uint8)
    if kind == "underexposed":
        return (pixels * dice.uniform(0.05, 0.12)).astype(np.uint8)
    if kind == "overexposed":
        return np.clip(pixels.astype(np.float32) * 2.2 + 120, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(dice.uniform(5, 9))), np.uint8)


class _Writer:
    """Writes pictures of one film into a project's folder."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self.source = digest_of_bytes(name.encode())
        self.held: Counter[str] = Counter()

    def write(self, ordinal: int, pixels: Pixels, class_name: str, *, frequency: int = 0, kind: str = "") -> Known:
        data = encode_picture(pixels, "jpeg", 90)
        image = f"frames/{self.name}/{ordinal}.jpg"
        (self.root / image).parent.mkdir(parents=True, exist_ok=True)
        (self.root / image).write_bytes(data)
        self.held[kind] += 1
        frame = Frame(self.source, ordinal, Fraction(1, 48), ordinal, "00:00:00:00", f"{self.name} {ordinal}")
        stored = StoredFrame(frame, image, digest_of_bytes(data), signature_of(pixels))
        return Known(stored, self.name, frequency, class_name, kind)


def _decode(path: Path) -> list[Pixels]:
    import av

    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]


def _task(known: Sequence[Known], *, stay: float = 0.0) -> Task:
    """Return the task, with the quantiles that the known classes have."""
    counts = Counter(one.class_name for one in known)
    total = sum(counts[name] for name in CLASSES[1:])
    quantiles = {name: sum(counts[one] for one in CLASSES[1 : at + 1]) / total for at, name in enumerate(CLASSES) if at}
    quantiles.pop(CLASSES[-1])
    table = {"classes": list(CLASSES), "suggest": {"quantiles": quantiles, "stay": stay}}
    return parse_project({"tasks": {"rarity": table}}, root=Path()).task("rarity")


def _plan(
    task: Task, described: Descriptions, groups: Mapping[str, str], earlier: Mapping[str, str] | None = None
) -> Suggestions:
    return plan_suggestions(
        task,
        described.features,
        frames=[item.frame.id for item in described.frames],
        groups=[groups[item.frame.source] for item in described.frames],
        quality=described.quality,
        subjects={},
        earlier=earlier or {},
    )


def _describe(root: Path, frames: Sequence[StoredFrame]) -> Descriptions:
    return describe_pictures(frames, root=root, cache_folder=root / "cache", scans_folder=root / "scans", threads=1)


def _compare(root: Path, known: Sequence[Known], say: Say) -> tuple[float, float]:
    """Return macro-F1 of ours and of counting signatures."""
    groups = {one.stored.frame.source: one.group for one in known}
    described = _describe(root, [one.stored for one in known])
    found = _plan(_task(known), described, groups)
    _say_junk(known, found, say)
    truth = [one.class_name for one in known]
    frequency = np.array([one.frequency for one in known], float)
    good = (frequency > 0) & (found.class_index >= 0)
    ours = _score(truth, [found.class_of(row) for row in range(len(found))], found.score, frequency, good)
    say("With the quantiles that the known classes have:")
    say(f"  ours, near-duplicates by descriptors: {ours}")
    counted = -count_like_signatures([one.stored.signature for one in known]).astype(float)
    peer = _score(truth, _by_share(counted, found, known), counted, frequency, good)
    say(
        f"  peer, how many frames have a signature at most {_NEAR_SIGNATURE} bits apart: {peer} (the same junk as ours)"
    )
    dice = np.random.default_rng(0)
    guesses = []
    for _ in range(_GUESSES):
        guess = dice.random(len(known))
        guesses.append(_score(truth, _by_share(guess, found, known), guess, frequency, good))
    mean = Score(*np.mean([(one.spearman, one.f1_macro) for one in guesses], axis=0).tolist())
    say(f"  at random, the same junk, mean of {_GUESSES}: {mean}")
    common = _score(truth, ["Common"] * len(known), np.zeros(len(known)), frequency, good)
    say(f"  always Common: macro-F1 {common.f1_macro:.3f}")
    _say_backbone(root, known, described, frequency, truth, say)
    _say_new_episode(described, known, groups, say)
    return ours.f1_macro, peer.f1_macro


def _say_junk(known: Sequence[Known], found: Suggestions, say: Say) -> None:
    is_junk = found.class_index < 0
    hits = {kind: [bool(is_junk[row]) for row, one in enumerate(known) if one.kind == kind] for kind in _JUNK}
    false = Counter(QUALITY_TESTS[found.failed_test[row]].name for row, one in enumerate(known)
                    if one.class_name != "Junk" and is_junk[row])  # fmt: skip
    say("Junk found: " + ", ".join(f"{kind} {sum(those)} of {len(those)}" for kind, those in hits.items()))
    good = sum(one.class_name != "Junk" for one in known)
    listed = ", ".join(f"{name} {count}" for name, count in false.items()) or "none"
    say(f"Good frames called junk: {false.total()} of {good} ({listed})")


def _by_share(values: Floats, found: Suggestions, known: Sequence[Known]) -> list[str]:
    """Return the classes that any number per frame gives, with the same quantiles and the same junk as ours."""
    good = np.flatnonzero(found.class_index >= 0)
    ordered = np.sort(values[good])
    share = np.searchsorted(ordered, values[good], side="left") / len(good)
    index = np.searchsorted(np.array(list(_task(known).suggest.quantiles.values())), share, side="right")
    classes = ["Junk"] * len(known)
    for row, place in zip(good.tolist(), index.tolist(), strict=True):
        classes[row] = CLASSES[1 + place]
    return classes


def _score(
    truth: Sequence[str],
    said: Sequence[str],
    values: npt.NDArray[np.floating],
    frequency: Floats,
    good: npt.NDArray[np.bool_],
) -> Score:
    return Score(spearman(values[good], -frequency[good]), f1_macro(truth, said))


def spearman(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    """Return the rank correlation, equals at their mean rank; 0 where one side is all equal."""
    ranks = [_ranks(values) for values in (one, other)]
    if any(not rank.std() for rank in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _ranks(values: npt.NDArray[np.floating]) -> Floats:
    ordered = np.sort(values)
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / 2


def f1_macro(truth: Sequence[str], said: Sequence[str]) -> float:
    """Return the mean over CLASSES of F1."""
    scores = []
    for name in CLASSES:
        hits = sum(one == other == name for one, other in zip(truth, said, strict=True))
        scores.append(2 * hits / max(1, truth.count(name) + list(said).count(name)))
    return float(np.mean(scores))


def count_like_signatures(signatures: Sequence[int]) -> npt.NDArray[np.int64]:
    """Return how many other pictures have a signature that is near; FLAT ones are like nothing."""
    values = np.array(signatures, np.uint64)
    near = np.bitwise_count(values[:, None] ^ values) <= _NEAR_SIGNATURE
    near &= (values != FLAT)[:, None] & (values != FLAT)
    return near.sum(axis=1) - (values != FLAT)


def _say_backbone(
    root: Path, known: Sequence[Known], described: Descriptions, frequency: Floats, truth: Sequence[str], say: Say
) -> None:
    """Say the scores with what MobileNetV2 sees, where its weights and torch are at hand."""
    import importlib.util

    from rushes.labels.manifest import ManifestRow
    from rushes.learning.backbone_features import read_backbone_features
    from rushes.learning.recipe_files import parse_recipe

    media = find_media()
    weights = media / "weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth" if media else None
    if weights is None or not weights.is_file() or importlib.util.find_spec("torch") is None:
        say("  with a backbone: not measured; it needs torch and the MobileNetV2 weights of shared/media")
        return
    recipe = parse_recipe(
        {
            "name": "seen",
            "model": {"kind": "features", "weights": str(weights), "backbone_args": {"pad_type": "same"}},
            "input": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
        },
        where="benchmark",
    )
    rows = [
        ManifestRow(one.stored.image, one.class_name, source=one.stored.frame.source, pts=one.stored.frame.pts,
                    sha256=one.stored.sha256)
        for one in known
    ]  # fmt: skip
    seen = read_backbone_features(rows, recipe, project_root=root, cache_folder=root / "backbone")
    values = seen.values / np.linalg.norm(seen.values, axis=1, keepdims=True)
    groups = {one.stored.frame.source: one.group for one in known}
    found = _plan(_task(known), replace(described, features=values), groups)
    good = (frequency > 0) & (found.class_index >= 0)
    scored = _score(truth, [found.class_of(row) for row in range(len(found))], found.score, frequency, good)
    say(f"  ours with --backbone, MobileNetV2 trained on ImageNet: {scored}")


def _say_new_episode(described: Descriptions, known: Sequence[Known], groups: Mapping[str, str], say: Say) -> None:
    """Say how many earlier suggestions change when the last film comes in."""
    newest = known[-1].group
    old = np.array([row for row, one in enumerate(known) if one.group != newest])
    before = replace(
        described,
        frames=tuple(described.frames[row] for row in old.tolist()),
        features=described.features[old],
        quality=described.quality.taken(old),
    )
    changed = {}
    for stay in (0.0, 0.25):
        task = _task(known, stay=stay)
        first = _plan(task, before, groups)
        earlier = {frame: first.class_of(row) for row, frame in enumerate(first.frames)}
        again = _plan(task, described, groups, earlier)
        now = {frame: again.class_of(row) for row, frame in enumerate(again.frames)}
        changed[stay] = sum(now[frame] != name for frame, name in earlier.items()) / len(earlier)
    say(f"When the tenth film comes in, {changed[0.25]:.1%} of the suggestions for the other nine change "
        f"(without `stay`: {changed[0.0]:.1%}).")  # fmt: skip


def _measure_size(say: Say) -> None:
    values = _many_shots(_COMPARED)
    kept: list[npt.NDArray[np.float32]] = []
    for exact_count in (_COMPARED, 0):
        kept.append(nearest_neighbours(values, 30, exact_count=exact_count).distances.mean(axis=1))
    say(
        f"Density of {_COMPARED:,} frames sought in cells, beside all compared with all: Spearman {spearman(*kept):.4f}"
    )
    values = _many_shots(_LARGE)
    measured = np.tile(np.array([50, 0, 0, 200, 0.3], np.float32), (_LARGE, 1))
    assert len(MEASURES) == measured.shape[1]
    quality = quality_of(measured, np.zeros(_LARGE, np.float32))
    task = parse_project(
        {"tasks": {"t": {"classes": ["a", "b"], "suggest": {"quantiles": {"a": 0.9}}}}}, root=Path()
    ).task("t")
    frames = [f"{row}" for row in range(_LARGE)]
    taken = time_call(
        lambda: plan_suggestions(
            task, values, frames=frames, groups=["g"] * _LARGE, quality=quality, subjects={}, earlier={}
        )
    )
    say(f"Planned for {_LARGE:,} frames whose descriptors are known: {format_seconds(taken.wall_seconds)}, processor "
        f"{format_seconds(taken.cpu_seconds)}")  # fmt: skip


def _many_shots(count: int) -> npt.NDArray[np.float32]:
    """Return descriptors as of very many shots: a few hold most frames, and each moves in a few directions only."""
    from rushes.footage.descriptor import DESCRIPTOR_LENGTH

    dice = np.random.default_rng(0)
    shots, directions = 2000, 6
    weights = 1 / np.arange(1, shots + 1)
    shot = dice.choice(shots, count, p=weights / weights.sum())
    centres = (dice.standard_normal((shots, DESCRIPTOR_LENGTH)) / DESCRIPTOR_LENGTH**0.5).astype(np.float32)
    spread = dice.uniform(0.02, 0.4, shots).astype(np.float32)
    values = np.empty((count, DESCRIPTOR_LENGTH), np.float32)
    for number in range(shots):
        rows = np.flatnonzero(shot == number)
        ways = dice.standard_normal((directions, DESCRIPTOR_LENGTH)) / DESCRIPTOR_LENGTH**0.5
        moved = dice.standard_normal((len(rows), directions)) @ ways * spread[number]
        grain = dice.standard_normal((len(rows), DESCRIPTOR_LENGTH)) * 0.02 / DESCRIPTOR_LENGTH**0.5
        values[rows] = centres[number] + moved + grain
    return values


def _look_at_real(media: Path, root: Path, say: Say) -> None:
    from rushes.catalog.ingest import ingest, plan_ingest
    from rushes.catalog.intake import IngestSettings
    from rushes.footage.picture import parse_size
    from rushes.footage.sampling import Every

    paths = [media / "videos" / name for name in _REAL] + sorted((media / "videos").glob(_TOYS))
    settings = IngestSettings(sampling=Every(Fraction(1, 2)), size=parse_size("640"))
    with open_catalog(root / "catalog.db") as catalog:
        wanted, _ = plan_ingest([path for path in paths if path.is_file()], group=None, class_folders=None)
        list(ingest(wanted, catalog=catalog, root=root, settings=settings))
        frames, sources = catalog.frames(), catalog.sources()
    described = _describe(root, frames)
    groups = {source.digest: source.group for source in sources}
    table = {"classes": list(CLASSES), "suggest": {"quantiles": {"Common": 0.7, "Uncommon": 0.9, "Rare": 0.98}}}
    task = parse_project({"tasks": {"rarity": table}}, root=root).task("rarity")
    found = _plan(task, described, groups)
    junk = Counter(QUALITY_TESTS[test].name for test in found.failed_test.tolist() if test >= 0)
    say(f"Real footage: {len(sources)} films, a frame every half second, {len(frames)} frames. Junk: "
        + ", ".join(f"{name} {count}" for name, count in junk.items()))  # fmt: skip
    good = np.flatnonzero(found.class_index >= 0)
    values = described.features[good].astype(np.float64)
    squares = (values**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * values @ values.T, 0))
    near = (apart < _NEAR).sum(axis=1) - 1
    like = count_like_signatures([described.frames[row].signature for row in good.tolist()])
    say(f"Score beside the number of frames nearer than {_NEAR}: Spearman {spearman(found.score[good], -near):+.3f}; "
        f"beside that of near signatures: {spearman(found.score[good], -like):+.3f}")  # fmt: skip
