"""The classes that a model never answers, as the first thing on a page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from rushes.evaluation.judge import Judgement
from rushes.evaluation.markup import text
from rushes.learning.balance import advise_never_predicted, group_advice
from rushes.learning.recipe import BalanceRecipe
from rushes.learning.recipe_files import upgrade_recipe


def never_predicted(run: Mapping[str, Any], test: Judgement) -> tuple[str, ...]:
    """Return the classes that have samples and are answered for none of them or of any others, in order.

    Args:
        run: the table of `run.json`, which names those of validation too.
    """
    of_run = {str(name) for name in run.get("never_predicted") or ()}
    of_test = {one.class_name for one in test.per_class if one.labelled and not one.predicted}
    return tuple(name for name in test.classes if name in of_run | of_test)


def show_alarm(run: Mapping[str, Any], test: Judgement) -> str:
    """Return a box that names the classes that are never predicted, and what to try; nothing without any."""
    names = never_predicted(run, test)
    if not names:
        return ""
    advice = _advice(names, run)
    missed = {one.class_name: one.labelled for one in test.per_class if one.labelled and not one.predicted}
    lines = []
    for group, sentence in group_advice({name: advice.get(name, "") for name in names}):
        on_test = [name for name in group if name in missed]
        on_validation = [name for name in group if name not in missed]
        found = [
            _line(on_test, f"none of the {test.samples:,} test samples is called so, though "
                           f"{_and([f'{missed[name]:,}' for name in on_test])} "
                           f"{'is' if [missed[name] for name in on_test] == [1] else 'are'} labelled so."),
            _line(on_validation, "no sample of validation was called so, though some are labelled so."),
        ]  # fmt: skip
        lines.append(f"{''.join(found)}<p>{_typed(sentence)}</p>")
    return f'<div class="alarm" role="alert">{"".join(lines)}</div>'


def _line(names: Sequence[str], where: str) -> str:
    if not names:
        return ""
    verb = "is" if len(names) == 1 else "are"
    return f"<p><b>{text(_and(names))} {verb} never predicted</b>: {text(where)}</p>"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _advice(names: tuple[str, ...], run: Mapping[str, Any]) -> dict[str, str]:
    stated_recipe, counts = run.get("recipe"), run.get("counts")
    if not isinstance(stated_recipe, Mapping) or not isinstance(counts, Mapping):
        return {}
    recipe = upgrade_recipe(stated_recipe, where=str(run.get("name", "the run")))
    known = {item.name for item in fields(BalanceRecipe)}
    stated = {key: value for key, value in dict(recipe.get("balance") or {}).items() if key in known}
    kind = str(dict(recipe.get("model") or {}).get("kind", "cnn"))
    of_train = dict(counts.get("train") or {})
    return {
        name: f"{sentence}."
        for name, sentence in advise_never_predicted(names, of_train, BalanceRecipe(**stated), kind=kind).items()
    }


def _typed(sentence: str) -> str:
    """Return a sentence as HTML, in which what is to be typed stands on one line."""
    return re.sub(r"--set [\w.=-]+\w", lambda found: f"<code>{found[0]}</code>", text(sentence))
