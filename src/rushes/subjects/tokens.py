"""Words as numbers, as CLIP's text network takes them: byte pair encoding (Sennrich et al. 2016; Radford et al. 2021).

The vocabulary is read from the files that a model is published with: `tokenizer.json`, or `vocab.json` and
`merges.txt`.
"""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.errors import WeightsError

_BEGIN, _END = "<|startoftext|>", "<|endoftext|>"
_END_OF_WORD = "</w>"
_SHORT_FORMS = ("'re", "'ve", "'ll", "'s", "'t", "'m", "'d")
_PADDING = 0


def _spelling_of_bytes() -> dict[int, str]:
    """Return of every byte the letter that stands for it in the vocabulary: itself where it can be seen."""
    seen = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = (byte for byte in range(256) if byte not in seen)
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + place) for place, byte in enumerate(others)}


_SPELT = _spelling_of_bytes()


@dataclass(frozen=True, slots=True)
class Tokens:
    """A vocabulary and the pairs that are joined, the first of them before the others."""

    numbers: Mapping[str, int]
    ranks: Mapping[tuple[str, str], int]

    def encode(self, text: str) -> list[int]:
        """Return a text's numbers, with those of its begin and end."""
        # Letter by letter: as a whole, a word that ends with a sigma would become another one.
        clean = "".join(letter.lower() for letter in " ".join(unicodedata.normalize("NFC", text).split()))
        pieces = [
            self.numbers[piece]
            for word in _cut(clean)
            for piece in self._joined(["".join(_SPELT[byte] for byte in letter.encode()) for letter in word])
        ]
        return [self.numbers[_BEGIN], *pieces, self.numbers[_END]]

    def table(self, texts: Sequence[str], length: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return (texts, length) numbers and where they count; longer texts are cut and keep their end."""
        numbers = np.full((len(texts), length), _PADDING, np.int64)
        counts = np.zeros_like(numbers)
        for row, text in enumerate(texts):
            found = self.encode(text)
            if len(found) > length:
                found = [*found[: length - 1], found[-1]]
            numbers[row, : len(found)] = found
            counts[row, : len(found)] = 1
        return numbers, counts

    def _joined(self, letters: list[str]) -> list[str]:
        """Return the pieces of a word: of its neighbouring pieces, the pair of lowest rank is joined until none is."""
        pieces = [letter for spelt in letters for letter in spelt]
        pieces[-1] += _END_OF_WORD
        while len(pieces) > 1:
            pairs = list(itertools.pairwise(pieces))
            best = min(pairs, key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if best not in self.ranks:
                break
            joined: list[str] = []
            for piece in pieces:
                # After a join the last piece is the pair's whole, so that overlapping pairs are taken from the left.
                if joined and (joined[-1], piece) == best:
                    joined[-1] += piece
                else:
                    joined.append(piece)
            pieces = joined
        return pieces


def read_tokens(folder: Path) -> Tokens:
    """Read the vocabulary that stands beside a model.

    Raises:
        WeightsError: there is none, or it is no byte pair vocabulary of CLIP's kind.
    """
    one, two, three = (folder / name for name in ("tokenizer.json", "vocab.json", "merges.txt"))
    if one.is_file():
        where, model = one, _json_of(one).get("model", {})
        numbers, merges = model.get("vocab"), model.get("merges")
    elif two.is_file() and three.is_file():
        where, numbers = two, _json_of(two)
        lines = three.read_text(encoding="utf-8", errors="replace").splitlines()
        merges = [line for line in lines if line.strip() and not line.startswith("#version")]
    else:
        raise WeightsError(f"there is no tokenizer.json in {folder}, nor vocab.json and merges.txt. A detector that is "
                           "asked for words needs the ones that it was published with")  # fmt: skip
    try:
        pairs = [tuple(pair.split(" ")) if isinstance(pair, str) else tuple(pair) for pair in merges]
        found = Tokens(
            {str(piece): int(number) for piece, number in numbers.items()},
            {(first, second): rank for rank, (first, second) in enumerate(pairs)},
        )
    except (AttributeError, TypeError, ValueError):
        raise WeightsError(f"{where} is no vocabulary of byte pairs. Take the file that the model was published "
                           "with") from None  # fmt: skip
    missing = [piece for piece in (_BEGIN, _END, *_SPELT.values()) if piece not in found.numbers]
    if missing:
        raise WeightsError(f"{where} is no vocabulary of CLIP: it has no '{missing[0]}'. Take the file that the model "
                           "was published with")  # fmt: skip
    return found


def _json_of(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path} is no JSON: {error}. Take the file that the model was published with") from error
    return found if isinstance(found, dict) else {}


def _cut(text: str) -> Iterator[str]:
    """Yield what is encoded by itself: short forms, runs of letters, single digits, runs of other signs."""
    at = 0
    while at < len(text):
        short = next((form for form in _SHORT_FORMS if text.startswith(form, at)), "")
        kind = _kind_of(text[at])
        end = at + (len(short) or 1)
        if not short and kind in "LO":
            while end < len(text) and _kind_of(text[end]) == kind:
                end += 1
        if short or kind != " ":
            yield text[at:end]
        at = end


def _kind_of(letter: str) -> str:
    """Return L of a letter, N of a digit, a space of spaces, and O of all others."""
    if letter.isspace():
        return " "
    kind = unicodedata.category(letter)[0]
    return kind if kind in "LN" else "O"
