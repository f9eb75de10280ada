"""What the model was shown in training, as a section of a report."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from rushes.errors import RecipeError
from rushes.evaluation.markup import text
from rushes.learning.augment import describe_augmentation, plan_augmentations
from rushes.learning.recipe import AugmentRecipe
from rushes.learning.sheet import AUGMENTED, columns_of_sheet, rows_of_sheet

LINK = ("shown", "Shown")


def show_shown(run: Mapping[str, Any], sheet: bytes) -> str:
    """Return the section with a row of pictures per class, or nothing where the run has no sheet.

    Args:
        run: the table of `run.json`.
        sheet: what `write_sheet` wrote; empty where there is none.
    """
    try:
        rows = rows_of_sheet(sheet) if sheet else []
        width, columns = columns_of_sheet(sheet) if sheet else (0, [])
    except ValueError:
        rows, width, columns = [], 0, []
    if not rows:
        return ""
    classes = [str(name) for name in run.get("classes", ())]
    words = _augmentations_of(run, classes)
    of_all = Counter(words.values()).most_common(1)[0][0] if words else ""
    figures = "".join(
        _figure(name, row, words[name] if words.get(name, of_all) != of_all else "")
        for name, row in zip(classes, rows, strict=False)
    )
    said = f"<p>Training pictures may be changed at random: {text(of_all)}.</p>" if of_all else ""
    more = f"<p>These are the first {len(rows)} of {len(classes)} classes.</p>" if len(rows) < len(classes) else ""
    return (
        '<section class="full" id="shown">\n<div class="margin"><h2>What the model sees</h2>'
        f"<p>{text(_explained(run, augmented=bool(words)))}</p></div>\n"
        f'<div class="body shown">{said}<p class="sideways">The rows go on to the right.</p>'
        f'<div class="rows"><div style="width:{width}px">{_heads(width, columns)}{figures}</div>'
        f"</div>{more}</div>\n</section>"
    )


def _heads(width: int, columns: Sequence[tuple[int, int]]) -> str:
    """Return what each column shows, above it; the ways in which training may show a picture have one heading."""
    if len(columns) == 2 + AUGMENTED:
        spans = [*columns[:2], (columns[2][0], columns[-1][1])]
        names = ["as it is", "as shown", "as training may show it"]
    else:
        spans, names = list(columns), ["as it is", "as shown"] * len(columns)
    heads = "".join(
        f'<span style="left:{left / width:.2%};width:{(right - left) / width:.2%}">{name}</span>'
        for name, (left, right) in zip(names, spans, strict=False)
    )
    return f'<div class="heads">{heads}</div>'


def _figure(name: str, row: bytes, words: str) -> str:
    uri = f"data:image/webp;base64,{base64.b64encode(row).decode('ascii')}"
    may = f"<span>here: {text(words)}</span>" if words else ""
    return (
        f'<figure><figcaption><b>{text(name)}</b>{may}</figcaption><img src="{uri}" '
        f'alt="{text(f"Training pictures of {name} as the model sees them")}"></figure>'
    )


def _explained(run: Mapping[str, Any], *, augmented: bool) -> str:
    shown = run.get("preprocessing")
    table = shown if isinstance(shown, Mapping) else {}
    size = f"{table['width']}×{table['height']} pixels" if {"width", "height"} <= table.keys() else "its size"
    how = {"squeeze": "squeezed", "crop": "cropped", "pad": "padded"}.get(str(table.get("fit")), "fitted")
    into = f"{how} into {size}{' of grey' if table.get('color') == 'gray' else ''}"
    bars = ", black bars cut off" if table.get("letterbox") == "remove" else ""
    if not augmented:
        return (
            f"Pairs of training pictures: each as it is, and beside it as the model is shown it, {into}{bars}. What "
            "you cannot tell in the second one, the model cannot either. A frozen backbone is shown nothing else."
        )
    return (
        f"A training picture of each class as it is; as the model is shown it, {into}{bars}; then {AUGMENTED} of the "
        "ways in which training may show it, drawn at random in every epoch. What you cannot tell in these, the model "
        "cannot either. What changes the class, such as a zoom where the class is the scale of a shot, should not be "
        "here."
    )


def _augmentations_of(run: Mapping[str, Any], classes: Sequence[str]) -> dict[str, str]:
    """Return class -> what its pictures may undergo, in words; {} where a run augments nothing or does not say."""
    recipe, shown = run.get("recipe"), run.get("preprocessing")
    if not isinstance(recipe, Mapping) or not isinstance(recipe.get("augment"), Mapping):
        return {}
    model = recipe.get("model")
    if isinstance(model, Mapping) and model.get("kind") == "features":
        return {}
    known = {item.name for item in fields(AugmentRecipe)}
    try:
        stated = AugmentRecipe(**{key: value for key, value in recipe["augment"].items() if key in known})
        planned = plan_augmentations(stated, classes)
    except (RecipeError, KeyError, TypeError, AttributeError):
        return {}
    color = str(shown.get("color", "rgb")) if isinstance(shown, Mapping) else "rgb"
    return {
        name: describe_augmentation(augmentation, color=color)
        for name, augmentation in zip(classes, planned, strict=True)
    }
