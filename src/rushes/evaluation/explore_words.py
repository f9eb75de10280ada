"""What stands out in a manifest that was looked at, in sentences."""

from __future__ import annotations

from rushes.evaluation.confounds import Tell
from rushes.evaluation.explore import ClassCount, Exploration

_HIGHER = {
    "brightness": "brighter", "contrast": "more contrasty", "clipped_dark": "more of it black",
    "clipped_bright": "more of it white", "sharpness": "sharper", "aspect": "wider in shape", "pixels": "larger",
}  # fmt: skip
_LOWER = {
    "brightness": "darker", "contrast": "flatter", "clipped_dark": "less of it black",
    "clipped_bright": "less of it white", "sharpness": "softer", "aspect": "narrower in shape", "pixels": "smaller",
}  # fmt: skip
MEASURES = {
    "brightness": "brightness", "contrast": "contrast", "clipped_dark": "share of black", "clipped_bright":
    "share of white", "sharpness": "sharpness", "aspect": "shape", "pixels": "size in pixels",
}  # fmt: skip


def direction_of(tell: Tell) -> str:
    """Return in a word or three how the class differs: `darker`."""
    return (_HIGHER if tell.is_higher else _LOWER)[tell.measure]


def list_findings(found: Exploration) -> list[str]:
    """Return what stands out, in sentences, the plainest first; for the command line and the head of the page."""
    said = [_of_classes(found)]
    said += _of_groups(found)
    said += [_of_distance(one.part, one.total_variation, one.by_chance) for one in found.imbalance.distances]
    if found.left_out:
        said.append(f"{found.left_out:,} of {found.total:,} samples stand in no part of the split.")
    if found.strong_tells:
        tell = found.strong_tells[0]
        more = len(found.strong_tells) - 1
        said.append(
            f"Beware: {MEASURES[tell.measure]} alone tells '{tell.class_name}' from the rest (its pictures are "
            f"{direction_of(tell)}): AUC {tell.strength:.2f}, where 0.5 tells nothing."
            + (f" {more} more such." if more else "")
        )
    elif found.spreads is not None and any(tell.auc.value is not None for tell in found.tells):
        said.append("No plain measure of a picture (light, contrast, sharpness, shape, size) tells a class well.")
    if found.lost:
        said.append(f"{len(found.lost):,} of {found.total:,} pictures cannot be read.")
    if found.unmeasured:
        said.append(f"Sizes, exposure and sharpness are left out: {found.unmeasured}.")
    return said


def _of_classes(found: Exploration) -> str:
    present = [one for one in found.counts if one.samples]
    missing = [one.name for one in found.counts if not one.samples]
    absent = ""
    if missing:
        named = ", ".join(f"'{name}'" for name in missing[:5]) + (" …" if len(missing) > 5 else "")
        absent = f" No sample is labelled {named}."
    if len(present) == 1:
        return f"Only class '{present[0].name}' has samples, {found.total:,}: there is nothing to learn.{absent}"
    largest, smallest = max(present, key=_samples), min(present, key=_samples)
    if largest.samples == smallest.samples:
        return f"Each class has {largest.samples:,} sample{'' if largest.samples == 1 else 's'}.{absent}"
    return (
        f"'{largest.name}' has {largest.samples:,} samples, '{smallest.name}' {smallest.samples:,}: "
        f"{found.ratio:,.1f} times as many.{absent}"
    )


def _of_groups(found: Exploration) -> list[str]:
    said = []
    single, groups = len(found.shares.single), len(found.shares.groups)
    if groups == 1:
        said.append("There is one group only, so that nothing can be judged on a group never seen.")
    elif single:
        said.append(f"{single:,} of {groups:,} groups hold one class only: there, class and film are the same thing.")
    lonely = [one.name for one in found.counts if one.groups == 1 and groups > 1]
    if lonely:
        named = ", ".join(f"'{name}'" for name in lonely[:5]) + (" …" if len(lonely) > 5 else "")
        said.append(f"In one group alone stands {named}: it cannot be trained on and judged on different groups.")
    return said


def _of_distance(part: str, distance: float, by_chance: float) -> str:
    return (
        f"The class shares of {part} are {distance:.0%} away from those of train; chance alone, sample by sample, "
        f"would give {by_chance:.0%}."
    )


def _samples(one: ClassCount) -> int:
    return one.samples
