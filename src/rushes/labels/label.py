"""The value Label: one statement."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """One statement that a frame is of a class, with its origin and time.

    Attributes:
        frame: id of the frame (`Frame.id`).
        class_name: the answer; None withdraws what the same origin said before in the same sheet.
        origin: who or what made it: `jonny`, `supervised`, `unsupervised`, `folder`, `review`, `model:<bundle>`.
        stated_at: ISO 8601 UTC, `2026-11-20T12:00:00Z`.
        place: where it was read, `S01E01.xlsx, row 41`.
        sheet: the sheet alone, so that a label gone from it can be withdrawn; "" for what no sheet states, such as
            a review.
    """

    frame: str
    task: str
    class_name: str | None
    origin: str
    stated_at: str
    place: str = ""
    sheet: str = ""
