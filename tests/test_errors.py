"""What a user can put right."""

from __future__ import annotations

import pickle

import pytest

from rushes.errors import (
    Fault,
    MediaError,
    MissingExtraError,
    PlaceError,
    RushesError,
    SheetError,
    UnreachableError,
    UsageError,
    XmpError,
    did_you_mean,
    nearest,
    require_extra,
)


def test_a_fault_says_where_and_what() -> None:
    fault = Fault("S01E01.xlsx", 41, "SUPERVISED CLASSIFICATION", "'Legendry' is not a class of rarity.")
    assert str(fault) == "S01E01.xlsx, row 41, SUPERVISED CLASSIFICATION: 'Legendry' is not a class of rarity."


def test_all_faults_of_a_sheet_are_in_one_error() -> None:
    error = SheetError([Fault("a.csv", 2, None, "one"), Fault("a.csv", 3, None, "two")])
    assert str(error).splitlines() == ["a.csv, row 2: one", "a.csv, row 3: two"]


@pytest.mark.parametrize("word", ["Legendry", "legendary", " LEGENDERY"])
def test_the_nearest_known_word_is_found_whatever_its_case(word: str) -> None:
    assert nearest(word, ["Junk", "Rare", "Legendary"]) == "Legendary"
    assert did_you_mean(word, ["Junk", "Rare", "Legendary"]) == "Did you mean 'Legendary'?"


def test_a_word_unlike_any_known_one_gets_the_list() -> None:
    assert did_you_mean("xyz", ["Junk", "Rare"]) == "Allowed: 'Junk', 'Rare'."


def test_a_media_error_keeps_path_and_reason_apart() -> None:
    error = MediaError("a.mp4", "is empty")
    assert (error.path, error.reason, str(error)) == ("a.mp4", "is empty", "a.mp4: is empty")


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    with pytest.raises(MissingExtraError, match=r"training needs the extra 'train'.*pip install 'rushes\[train\]'"):
        require_extra("train", "a_module_that_nobody_has", purpose="training")
    with pytest.raises(MissingExtraError, match="sheets"):
        require_extra("sheets", "json", "a_package_that_nobody_has.auth", purpose="reading")
    require_extra("train", "json", "json.decoder", purpose="training")


@pytest.mark.parametrize(
    "error",
    [
        UsageError("no such place"),
        MediaError("a.mp4", "is empty"),
        UnreachableError("s3://a/b", "does not answer"),
        PlaceError("s3://a", "is full"),
        SheetError([Fault("a.csv", 2, None, "one"), Fault("a.csv", None, "b", "two", "task 17")]),
        XmpError("a.xmp", "is no XML", remedy="Remove it"),
        MissingExtraError("train", "training"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_in_another_process(error: RushesError) -> None:
    error.add_note("while reading")
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is type(error)
    assert (str(there), vars(there)) == (str(error), vars(error))
