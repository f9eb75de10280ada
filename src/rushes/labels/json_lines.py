"""JSON Lines, written from the columns of a table in the manner of one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import polars as pl

Kind = Literal["text", "whole"]

_ESCAPES = {chr(code): f"\\u{code:04x}" for code in range(0x20)} | {
    "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f",
}  # fmt: skip
_TO_ESCAPE = r'["\\\x00-\x1f]'


@dataclass(frozen=True, slots=True)
class JsonLines:
    """How the lines of one file are written: its keys in their order, and what stands between them.

    Attributes:
        keys: key -> what its values are; each may also be null.
        words: a key whose values are lists of texts: it stands behind `keys`, in the lines alone whose list has any; ""
            is none.
        count: a key of whole numbers from 0: it stands last, in the lines alone where it is above 0; "" is none.
        between: what stands between two pairs.
        behind_key: what stands between a key and its value.
        end: what ends a line.
    """

    keys: Mapping[str, Kind]
    words: str = ""
    count: str = ""
    between: str = ", "
    behind_key: str = ": "
    end: str = "\n"

    def schema(self) -> dict[str, Any]:
        """Return column -> type, for reading such lines."""
        import polars as pl

        schema: dict[str, Any] = {key: pl.Int64 if kind == "whole" else pl.String for key, kind in self.keys.items()}
        schema |= {self.words: pl.List(pl.String)} if self.words else {}
        return schema | ({self.count: pl.Int64} if self.count else {})

    def write(self, table: pl.DataFrame) -> bytes:
        """Return a line per row of a table with these columns, as `json.dumps` writes it without `ensure_ascii`."""
        import polars as pl

        pieces: list[pl.Expr] = []
        for number, (key, kind) in enumerate(self.keys.items()):
            pieces.append(pl.lit(("{" if number == 0 else self.between) + self._before_value(key)))
            value = _quoted(table[key], pl.col(key)) if kind == "text" else pl.col(key).cast(pl.String)
            pieces.append(value.fill_null("null"))
        if self.words and table[self.words].list.len().sum():
            pieces.append(self._listed(table[self.words]))
        if self.count and (table[self.count] > 0).any():
            text = pl.concat_str(pl.lit(self.between + self._before_value(self.count)), pl.col(self.count))
            pieces.append(pl.when(pl.col(self.count) > 0).then(text).otherwise(pl.lit("")))
        lines: str = table.select(pl.concat_str(*pieces, pl.lit("}" + self.end)).str.join("")).item()
        return lines.encode()

    def _before_value(self, key: str) -> str:
        return json.dumps(key, ensure_ascii=False) + self.behind_key

    def _listed(self, words: pl.Series) -> pl.Expr:
        import polars as pl

        each = _quoted(words.explode(), pl.element())
        listed = pl.col(self.words).list.eval(each).list.join(self.between)
        text = pl.concat_str(pl.lit(f"{self.between}{self._before_value(self.words)}["), listed, pl.lit("]"))
        return pl.when(pl.col(self.words).list.len() > 0).then(text).otherwise(pl.lit(""))


def _quoted(values: pl.Series, text: pl.Expr) -> pl.Expr:
    """Return the expression of texts as JSON writes them; null stays null.

    Args:
        values: the texts; where none needs it, none is searched for what to escape.
    """
    import polars as pl

    if values.str.contains(_TO_ESCAPE).any():
        text = text.str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return pl.concat_str(pl.lit('"'), text, pl.lit('"'))
