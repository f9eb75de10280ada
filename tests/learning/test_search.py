"""The `[search]` table: what it means, and that all that is wrong with it is said before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from rushes.errors import RecipeError
from rushes.learning.search import (
    Range,
    Search,
    changed_table,
    check_space,
    describe_setting,
    focus_of,
    key_of,
    parse_search,
    plan_settings,
    read_search,
    recipe_keys,
    recipe_of,
)

TABLE: dict[str, Any] = {
    "name": "mcu",
    "model": {"kind": "cnn", "design": "cnn-6x6"},
    "balance": {"remove": 0.2},
    "search": {"space": {"balance.remove": [0.2, 0.4]}},
}


def search(method: str = "grid", **more: Any) -> Search:
    space = more.pop("space", {"balance.remove": [0.2, 0.4], "training.learning_rate": [0.001, 0.01, 0.1]})
    return parse_search({"method": method, "space": space, **more}, "mcu.toml")


def why(method: str = "grid", **more: Any) -> str:
    with pytest.raises(RecipeError) as caught:
        search(method, **more)
    return str(caught.value)


def test_defaults_stand_in_the_dataclass() -> None:
    assert parse_search({"space": {"balance.remove": [0.2]}}, "mcu.toml") == Search(space={"balance.remove": (0.2,)})


def test_an_unknown_key_names_the_nearest() -> None:
    assert "Did you mean 'patience'?" in why(patiense=3)
    assert "Did you mean 'balance.remove'?" in why(space={"balance.removed": [0.2]})
    assert "Did you mean 'one-at-a-time'?" in why("one-at-time")


def test_all_faults_of_the_space_are_said_at_once() -> None:
    said = why(space={"balance.removed": [0.2], "training.seed": [1, 2], "task": ["a"], "training.epochs": 3,
                      "training.patience": [2, 2]})  # fmt: skip
    assert len(said.splitlines()) == 5
    assert "say how many with seeds" in said
    assert "a list of values" in said
    assert "twice" in said


def test_a_range_is_for_optuna_only() -> None:
    space = {"training.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}}
    assert "optuna" in why(space=space)
    assert search("optuna", space=space).space == {"training.learning_rate": Range(1e-4, 1e-2, log=True)}


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        ({"low": 1, "high": 1}, "low below high"),
        ({"low": 1}, "low below high"),
        ({"low": 0, "high": 1, "log": True}, "above 0"),
        ({"low": 0, "high": 1, "lug": True}, "Did you mean 'log'?"),
    ],
)
def test_a_range_that_is_none_is_refused(tried: dict[str, Any], words: str) -> None:
    assert words in why("optuna", space={"model.dropout": tried})


def test_a_range_of_whole_numbers_is_whole() -> None:
    space = search("optuna", space={"model.dense": {"low": 32, "high": 256}}).space
    assert space["model.dense"].whole
    assert not Range(1e-4, 1e-2).whole


def test_the_space_may_be_written_in_either_spelling_of_toml() -> None:
    assert search(space={"balance": {"remove": [0.2, 0.4]}}).space == {"balance.remove": (0.2, 0.4)}


def test_a_target_needs_a_score_that_has_a_best() -> None:
    assert "1 minus" in why(target_error=0.05, monitor="loss")
    assert "below 1" in why(target_error=1.5)
    assert search(target_error=0.05).target == pytest.approx(0.95)


def test_an_empty_space_says_how_to_write_one() -> None:
    assert "[search.space]" in why(space={})
    with pytest.raises(RecipeError, match=r"no \[search\] table"):
        read_search({"name": "mcu"}, where="mcu.toml")


def test_the_command_line_stands_above_the_file() -> None:
    assert read_search(TABLE, where="mcu.toml", method="one-at-a-time", seeds=5, trials=None).seeds == 5


def test_a_grid_is_the_product() -> None:
    settings = plan_settings(search(), TABLE, where="mcu.toml")
    assert len(settings) == 6
    assert settings[1] == {"balance.remove": 0.2, "training.learning_rate": 0.01}


def test_the_nine_baselines_are_nine() -> None:
    nine = search(space={"model.kernels": [[4] * 5, [5] * 5, [6] * 5], "balance.remove": [0.2, 0.4, 0.6]})
    assert len(plan_settings(nine, TABLE, where="mcu.toml")) == 9


def test_one_at_a_time_begins_with_the_recipe_and_changes_each_value_alone() -> None:
    settings = plan_settings(search("one-at-a-time"), TABLE, where="mcu.toml")
    # 0.2 and 0.001 are what the recipe says anyway.
    assert settings == [
        {},
        {"balance.remove": 0.4},
        {"training.learning_rate": 0.01},
        {"training.learning_rate": 0.1},
    ]


def test_every_value_is_tried_through_the_recipe_and_all_faulty_ones_are_named() -> None:
    faulty = search(
        space={"balance.remove": [0.2, 1.4], "training.epochs": [0, 3], "model.design": ["cnn-6x6", "cnn-6x7"]}
    )
    with pytest.raises(RecipeError) as caught:
        check_space(faulty, TABLE, where="mcu.toml")
    said = str(caught.value)
    assert len(said.splitlines()) == 3
    assert "balance.remove is 1.4" in said
    assert "training.epochs is 0" in said
    assert "Did you mean 'cnn-6x6'?" in said


def test_a_value_of_a_grid_is_faulty_where_no_combination_takes_it() -> None:
    alone = {"model.units": [[8, 8, 8, 8, 8], [8, 8]]}
    with pytest.raises(RecipeError, match="5 whole numbers"):
        check_space(search(space=alone), TABLE, where="mcu.toml")


def test_a_setting_changes_the_recipe_and_leaves_the_file_alone() -> None:
    table = changed_table(TABLE, {"balance.remove": 0.4, "training.epochs": 3}, where="mcu.toml")
    assert table["balance"] == {"remove": 0.4}
    assert "search" not in table
    assert TABLE["balance"] == {"remove": 0.2}
    assert recipe_of(TABLE, {"training.epochs": 3}, where="mcu.toml", repeat=2).training.seed == 2


def test_settings_are_told_apart_by_their_values_alone() -> None:
    assert key_of({"a": 1, "b": [2]}) == key_of({"b": [2], "a": 1})
    assert describe_setting({}) == "the recipe as it is"
    assert (
        describe_setting({"model.units": [4, 8], "augment.flip": True}) == "model.units = [4, 8], augment.flip = true"
    )


def test_what_may_be_searched_is_every_key_but_those_that_say_the_question() -> None:
    keys = recipe_keys()
    assert {"model.design", "balance.remove", "training.learning_rate", "augment.preset", "input.fit"} <= set(keys)
    assert not {"name", "task", "split", "training.seed"} & set(keys)


def test_the_class_in_focus_is_the_last_unless_one_is_named() -> None:
    assert focus_of(search(), ("other", "mcu"), where="mcu.toml") == "mcu"
    with pytest.raises(RecipeError, match="Did you mean 'mcu'"):
        focus_of(search(focus="mcx"), ("other", "mcu"), where="mcu.toml")


def test_faulty_keys_and_faulty_values_of_a_space_are_said_together() -> None:
    table = TABLE | {"search": {"space": {"balance.removed": [0.2], "training.epochs": [0, 2]}}}
    with pytest.raises(RecipeError, match=r"unknown key 'balance.removed'(?s:.*)training.epochs is 0"):
        read_search(table, where="mcu.toml")
