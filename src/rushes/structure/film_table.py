"""A table of a film's page, in a frame that scrolls where the page is narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rushes.timelines.markup import text


def show_table(
    rows: str, columns: Sequence[str], *, label: str, style: str = "shots", classes: Mapping[str, str] | None = None
) -> str:
    """Return rows of HTML below the names of their columns.

    Not a `.scroll` of the report: its script measures each of those, and would lay out every folded table at once.

    Args:
        label: what a reader hears of the table.
        classes: column -> a class of its name.
    """
    known = classes or {}
    head = "".join(
        f'<th scope="col"{f" class={known[column]}" if column in known else ""}>{text(column)}</th>'
        for column in columns
    )
    return (
        f'<div class="across" tabindex="0" role="group" aria-label="{text(label)}"><table class="{style}"><thead><tr>'
        f"{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
