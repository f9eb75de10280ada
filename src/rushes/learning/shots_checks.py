"""Whether the values of a recipe of shots are allowed, decided before anything is read."""

from __future__ import annotations

from rushes.errors import RecipeError, did_you_mean
from rushes.learning import recipe as words
from rushes.learning.recipe import HeadRecipe, Recipe, SyntheticRecipe

_MOVEMENTS = ("static", "motion", "push", "pull")


def check_shots(recipe: Recipe, *, where: str) -> None:
    """Raise RecipeError where what a recipe says of shots is not allowed; the message says what is.

    Args:
        where: the file, or what stands for it, that the message names.
    """
    if recipe.model.kind != "shots":
        if recipe.heads or recipe.split == "stated":
            said = "[heads]" if recipe.heads else 'split = "stated"'
            raise RecipeError(f"{where}: {said} is of model.kind = 'shots', but model.kind is '{recipe.model.kind}'")
        return
    if not recipe.heads:
        raise RecipeError(f"{where}: a recipe of shots has a head for each task that it answers, such as [heads.scale] "
                          "and [heads.movement], and there is none")  # fmt: skip
    if recipe.task:
        raise RecipeError(f"{where}: task is '{recipe.task}', but a recipe of shots names its tasks by [heads.<task>]. "
                          "Leave task out")  # fmt: skip
    shots = recipe.shots
    if not shots.sheet or not all(isinstance(name, str) and name for name in shots.sheet):
        raise RecipeError(f"{where}: shots.sheet is {list(shots.sheet)}; it needs the name of one file or more")
    if shots.frames not in words.FRAME_COUNTS:
        allowed = ", ".join(map(str, words.FRAME_COUNTS))
        raise RecipeError(f"{where}: shots.frames is {shots.frames}. Allowed: {allowed}")
    _choose("shots.choice", shots.choice, words.CHOICES, where=where)
    _choose("shots.multi_movement", shots.multi_movement, words.MULTI_MOVEMENTS, where=where)
    _check_sampling(recipe, where=where)
    for task, head in recipe.heads.items():
        _check_head(task, head, where=where)
    _check_synthetic(recipe.synthetic, where=where)


def _check_sampling(recipe: Recipe, *, where: str) -> None:
    by, balance = recipe.shots.sampled_by, recipe.balance
    if by and by not in recipe.heads:
        raise RecipeError(f"{where}: shots.sampled_by is '{by}'. {did_you_mean(by, tuple(recipe.heads))}")
    if not by and len(recipe.heads) > 1 and (balance.sampling != "all" or balance.remove):
        named = " or ".join(f"'{task}'" for task in recipe.heads)
        raise RecipeError(f"{where}: balance.sampling and balance.remove go by the classes of one task. Say of which: "
                          f"shots.sampled_by = {named}")  # fmt: skip


def _check_head(task: str, head: HeadRecipe, *, where: str) -> None:
    place = f"heads.{task}"
    for key, value, allowed in (
        ("see", head.see, words.SEEN),
        ("pooling", head.pooling, words.POOLINGS),
        ("subject", head.subject, words.SUBJECTS),
        ("motion", head.motion, words.MOTION_MODELS),
        ("loss", head.loss, words.HEAD_LOSSES),
    ):
        _choose(f"{place}.{key}", value, allowed, where=where)
    for key, count in (("width", head.width), ("layers", head.layers)):
        if count < 1:
            raise RecipeError(f"{where}: {place}.{key} is {count}; it must be 1 or more")
    if not 0 <= head.dropout < 1:
        raise RecipeError(f"{where}: {place}.dropout is {head.dropout}; it must be from 0 to below 1")
    if not 0 < head.weight < float("inf"):
        raise RecipeError(f"{where}: {place}.weight is {head.weight}; it must be above 0")


def _check_synthetic(synthetic: SyntheticRecipe, *, where: str) -> None:
    if synthetic.clips < 0:
        raise RecipeError(f"{where}: synthetic.clips is {synthetic.clips}; it must be 0 or more")
    for name in synthetic.movements:
        _choose("synthetic.movements", name, _MOVEMENTS, where=where)
    if synthetic.clips and not synthetic.movements:
        raise RecipeError(f"{where}: synthetic.movements is []. Allowed: {', '.join(_MOVEMENTS)}")


def _choose(key: str, value: str, allowed: tuple[str, ...], *, where: str) -> None:
    if value not in allowed:
        raise RecipeError(f"{where}: {key} is '{value}'. {did_you_mean(value, allowed)}")
