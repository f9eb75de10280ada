"""Words as numbers, as CLIP's text network takes them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rushes.errors import WeightsError
from rushes.subjects.tokens import _SPELT, Tokens, read_tokens

MERGES = ["l o", "lo w</w>", "e r</w>", "n e", "ne w", "a a", "1 9"]


def write(folder: Path, *, apart: bool) -> None:
    letters = list(_SPELT.values())
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in MERGES)]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    numbers = {piece: number for number, piece in enumerate(pieces)}
    if apart:
        (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]), encoding="utf-8")
    else:
        pairs = [merge.split() for merge in MERGES]
        (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": numbers, "merges": pairs}}))


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    write(tmp_path, apart=False)
    return read_tokens(tmp_path)


def pieces(tokens: Tokens, text: str) -> list[str]:
    spelt = {number: piece for piece, number in tokens.numbers.items()}
    begin, *found, end = (spelt[number] for number in tokens.encode(text))
    assert (begin, end) == ("<|startoftext|>", "<|endoftext|>")
    return found


def test_pairs_are_joined_in_the_order_of_the_vocabulary(tokens: Tokens) -> None:
    assert pieces(tokens, "low lower") == ["low</w>", "lo", "w", "er</w>"]
    assert pieces(tokens, "newer new") == ["new", "er</w>", "ne", "w</w>"]
    assert pieces(tokens, "aaaa") == ["aa", "a", "a</w>"]


def test_case_spaces_and_compositions_do_not_matter(tokens: Tokens) -> None:
    assert tokens.encode("  LOW \n\tLower ") == tokens.encode("low lower")
    assert tokens.encode("cafe\N{COMBINING ACUTE ACCENT}") == tokens.encode("café")


def test_letters_digits_and_other_signs_are_encoded_apart(tokens: Tokens) -> None:
    assert pieces(tokens, "19") == ["1</w>", "9</w>"]
    assert pieces(tokens, "low!low's") == ["low</w>", "!</w>", "low</w>", "'", "s</w>"]
    assert pieces(tokens, "é") == ["Ã", "©</w>"]  # a letter of two bytes
    assert pieces(tokens, "") == []


def test_texts_are_filled_up_and_cut_to_one_length(tokens: Tokens) -> None:
    numbers, counts = tokens.table(["low", "low low low low"], 4)
    low, begin, end = (tokens.numbers[piece] for piece in ("low</w>", "<|startoftext|>", "<|endoftext|>"))
    assert numbers.tolist() == [[begin, low, end, 0], [begin, low, low, end]]
    assert counts.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1]]


def test_both_forms_of_a_vocabulary_are_one(tmp_path: Path, tokens: Tokens) -> None:
    (tmp_path / "apart").mkdir()
    write(tmp_path / "apart", apart=True)
    assert read_tokens(tmp_path / "apart") == tokens


def test_a_vocabulary_without_bytes_is_none_of_clip(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 1}, "merges": []}}))
    with pytest.raises(WeightsError, match="no vocabulary of CLIP"):
        read_tokens(tmp_path)
