"""What a preview says of a manifest and of its samples, as a page and a drawn sheet both say it."""

from __future__ import annotations

from collections import Counter

from rushes.datasets.histogram_plot import signed
from rushes.datasets.preview import ClassView, LostSample, Preview, SampleView
from rushes.datasets.standardised import Distribution
from rushes.labels.manifest import ManifestRow

FLAT = "flat: standard deviation 0, nothing to divide by"


def facts_of(preview: Preview) -> list[str]:
    """Return what stands below the manifest's name."""
    shown = len(preview.samples) - len(preview.lost)
    return [
        counted(preview.sample_count, "sample"),
        *([f"task {preview.task}"] if preview.task else []),
        counted(len(preview.classes), "class", "classes"),
        f"{shown:,} shown, at most {preview.per_class} of a class",
        *([f"{len(preview.lost):,} could not be shown"] if preview.lost else []),
        f"seed {preview.seed}",
    ]


def common_aspect(preview: Preview) -> float:
    """Return the width by the height that most of the pictures have; 16:9 where none is shown."""
    shapes = [sample.frame.shape for sample in preview.samples if isinstance(sample, SampleView)]
    aspects = Counter(round(shape[1] / shape[0], 2) for shape in shapes)
    return aspects.most_common(1)[0][0] if aspects else 16 / 9


def words_of_class(view: ClassView) -> str:
    """Return how many samples a class has, and how many of them are shown: `94 samples, 4 shown`."""
    lost = sum(isinstance(sample, LostSample) for sample in view.samples)
    words = [counted(view.count, "sample") if view.count else "no sample in this manifest"]
    if len(view.samples) - lost < view.count:
        words.append(f"{len(view.samples) - lost} shown")
    if lost:
        words.append(f"{lost} could not be shown")
    return ", ".join(words)


def words_of_row(row: ManifestRow) -> list[str]:
    """Return what is known of a sample: its group where its name does not say it, its time, who labelled it."""
    is_video = "_FRM-" in row.name
    return [
        *([row.group] if row.group else []),
        *([row.timecode] if is_video and row.timecode else []),
        *([f"label by {row.origin}"] if row.origin else []),
    ]


def words_of_subjects(row: ManifestRow) -> str:
    """Return the subjects of a sample, `car, street at night`; "" where none are known."""
    return ", ".join(row.subjects)


def words_of_frame(view: SampleView) -> str:
    """Return the size of the picture."""
    return f"{view.width_pixels} × {view.height_pixels}"


def words_of_gray(view: SampleView) -> str:
    """Return what the gray picture was before: `gray 87.3 ± 52.1`."""
    return f"gray {view.gray_mean:.1f} ± {view.gray_deviation:.1f}"


def words_of_range(distribution: Distribution) -> str:
    """Return the values that are shown as black and as white."""
    return f"black {signed(distribution.low)}, white {signed(distribution.high)}"


def words_of_fit(distribution: Distribution) -> str:
    """Return the normal density that is drawn."""
    return f"mean {signed(distribution.fit.mean)}, sd {signed(distribution.fit.deviation)}"


def describe_histogram(view: SampleView) -> str:
    """Return a histogram in a sentence, for whoever does not see it."""
    spread = view.distribution
    if spread is None:
        return f"No histogram: the picture is {FLAT}"
    counts = spread.histogram.counts
    peak = counts.index(max(counts))
    middle = (spread.histogram.edges[peak] + spread.histogram.edges[peak + 1]) / 2
    return (
        f"Histogram of {sum(counts):,} standardised values from {signed(spread.low)} to {signed(spread.high)}, "
        f"the most of them near {signed(middle)}; normal fit with {words_of_fit(spread)}"
    )


def counted(value: int, noun: str, nouns: str | None = None) -> str:
    """Return `1 sample`, `5 samples`."""
    return f"{value:,} {noun if value == 1 else nouns or noun + 's'}"
