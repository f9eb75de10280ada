"""Pictures that are the same or look alike, and are labelled differently."""

from __future__ import annotations

from rushes.datasets.disputed_twins import find_disputes
from rushes.labels.manifest import ManifestRow

LOOK = 0x0F0F_3C3C_5A5A_9696


def row(name: str, class_name: str, *, sha256: str = "", origin: str = "jonny") -> ManifestRow:
    return ManifestRow(
        img_ref=f"frames/{name}.jpg",
        class_name=class_name,
        group=name[0],
        source="ab" * 32,
        pts=int.from_bytes(name.encode()),
        sha256=sha256,
        name=name,
        origin=origin,
    )


def looks(*rows: ManifestRow, bits: tuple[int, ...] = ()) -> dict[str, int]:
    return {one.frame_id: LOOK ^ bit for one, bit in zip(rows, bits or (0,) * len(rows), strict=True)}


def test_the_same_picture_with_two_labels_comes_first() -> None:
    rows = [row("a1", "MS"), row("a2", "LS"), row("b1", "MS", sha256="x"), row("b2", "CS", sha256="x")]
    found = find_disputes(rows, signatures=looks(rows[0], rows[1]))
    assert [one.identical for one in found] == [True, False]
    assert found[0].counts == {"MS": 1, "CS": 1} or found[0].counts == {"CS": 1, "MS": 1}
    assert found[0].sentence.startswith("the same picture is labelled")
    assert "look alike" in found[1].sentence


def test_the_rarer_label_of_a_group_comes_first() -> None:
    rows = [row("a1", "MS"), row("a2", "MS"), row("a3", "LS")]
    (found,) = find_disputes(rows, signatures=looks(*rows))
    assert [one.name for one in found.rows] == ["a3", "a1", "a2"]
    assert found.counts == {"MS": 2, "LS": 1}
    assert found.sentence == "pictures that look alike are labelled MS (2) and LS (1)"


def test_twins_of_one_label_and_strangers_are_no_dispute() -> None:
    rows = [row("a1", "MS"), row("a2", "MS"), row("b1", "LS")]
    signatures = looks(rows[0], rows[1]) | {rows[2].frame_id: ~LOOK & (2**64 - 1)}
    assert find_disputes(rows, signatures=signatures) == ()
    assert find_disputes([], signatures={}) == ()


def test_identical_pictures_are_not_said_twice() -> None:
    rows = [row("a1", "MS", sha256="x"), row("a2", "LS", sha256="x")]
    assert len(find_disputes(rows, signatures=looks(*rows))) == 1


def test_what_a_person_reviewed_is_settled() -> None:
    rows = [row("a1", "MS", origin="review"), row("a2", "LS", origin="review")]
    assert find_disputes(rows, signatures=looks(*rows))[0].is_settled
