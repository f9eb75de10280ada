"""What a photographer decided before becomes labels, shoot by shoot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import SheetError, UsageError
from rushes.labels.frame_index import FrameRef
from rushes.labels.label import Label
from rushes.labels.pick_delivered import tell_delivered
from rushes.labels.pick_folders import tell_folders
from rushes.labels.pick_marks import MarkRule, judge_marks, tell_marks
from rushes.labels.pick_names import tell_names
from rushes.labels.picks import PickPhotograph, PickPlan, Said, Told, Unrated, pick_classes, plan_picks
from rushes.labels.sheet import Sheet, sheet_of_rows
from rushes.labels.sheets.csv import parse_csv
from rushes.project import Task
from rushes.storage.places import Place, parse_place
from rushes.xmp.marks import CullMark, Marks
from rushes.xmp.merge import merge_mark
from rushes.xmp.profiles import PROFILES

TASK = Task("select", ("reject", "select"))
NOW = "2026-11-26T12:00:00Z"


def photo(number: int, file: str = "", *, shoot: str = "wedding", at: str | None = None, **more: int) -> PickPhotograph:
    path = parse_place(file or f"/shoots/{shoot}/DSC_{number}.nef")
    return PickPhotograph(f"{number:016x}:0", path.stem, shoot, (path,), at, **more)


def picked(frame: str, sheet: str = "a") -> Mapping[str, Sequence[Said]]:
    return {frame: [Said("pick", "a place", sheet)]}


def planned(
    photographs: Sequence[PickPhotograph], told: Told, *, unrated: Unrated = "culled", previous: Sequence[Label] = ()
) -> PickPlan:
    return plan_picks(
        photographs,
        told,
        TASK,
        classes=("select", "reject"),
        origin="xmp",
        unrated=unrated,
        previous=previous,
        now=NOW,
    )


def counts(plan: PickPlan) -> list[tuple[int, int, int]]:
    return [(one.picks, one.rejects, one.unstated) for one in plan.shoots]


@pytest.mark.parametrize(
    ("classes", "keep", "drop", "wanted"),
    [
        (("reject", "select"), None, None, ("select", "reject")),
        (("Keeper", "other"), None, None, ("Keeper", "other")),
        (("rest", "Trash"), None, None, ("rest", "Trash")),
        (("a", "b"), "b", None, ("b", "a")),
        (("a", "b"), None, "b", ("a", "b")),
        (("select", "maybe", "reject"), None, None, ("select", "reject")),
        (("a", "b", "c"), "a", "c", ("a", "c")),
        (("reject", "select"), "reject", None, ("reject", "select")),
    ],
)
def test_the_classes_of_picks_and_rejects_are_known_by_their_names(
    classes: tuple[str, ...], keep: str | None, drop: str | None, wanted: tuple[str, str]
) -> None:
    assert pick_classes(Task("x", classes), keep=keep, drop=drop) == wanted


def test_classes_that_nobody_knows_are_asked_for() -> None:
    for classes, keep, drop in ((("a", "b"), None, None), (("a", "b", "c"), "a", None), (("a", "b"), "a", "a"),
                                (("a", "b"), "c", None)):  # fmt: skip
        with pytest.raises(UsageError):
            pick_classes(Task("x", classes), keep=keep, drop=drop)


def test_an_unrated_photograph_is_a_reject_where_its_shoot_has_picks_and_no_stated_reject() -> None:
    photographs = [
        photo(1),
        photo(2),
        photo(3, shoot="b"),
        photo(4, shoot="b"),
        photo(5, shoot="c"),
        photo(6, shoot="c"),
    ]
    said = {
        photographs[0].frame: [Said("pick", "1", "a")],
        photographs[2].frame: [Said("pick", "3", "a")],
        photographs[3].frame: [Said("reject", "4", "a")],
    }
    more = [*photographs, photo(7, shoot="b")]
    told = Told(said, ("a",))
    assert counts(planned(more, told)) == [(1, 1, 1), (0, 0, 2), (1, 1, 0)]
    assert counts(planned(more, told, unrated="reject")) == [(1, 2, 0), (0, 0, 2), (1, 1, 0)]
    assert counts(planned(more, told, unrated="nothing")) == [(1, 1, 1), (0, 0, 2), (1, 0, 1)]


def test_what_contradicts_itself_is_taken_for_neither() -> None:
    both = [Said("pick", "DSC_1.xmp, rating 3", "a"), Said("reject", "DSC_1.JPG, rating -1", "a")]
    low = [Said("pick", "DSC_2.xmp, flag pick", "a"), Said("reject", "DSC_2.xmp, rating 1", "a", outright=False)]
    plan = planned([photo(1), photo(2), photo(3)], Told({photo(1).frame: both, photo(2).frame: low}, ("a",)))
    assert len(plan.contradictions) == 1
    assert "DSC_1.xmp, rating 3" in plan.contradictions[0]
    assert plan.decisions.keys() == {photo(2).frame}


def test_what_is_unclear_says_nothing_and_takes_nothing_back() -> None:
    photographs = [photo(1), photo(2)]
    before = planned(photographs, Told(picked(photo(1).frame), ("a",))).new
    again = planned(photographs, Told({}, ("a",), unclear=frozenset({photo(1).frame})), previous=before)
    assert [(one.frame, one.class_name) for one in again.new] == [(photo(2).frame, None)]


def test_a_second_list_takes_nothing_of_the_first_back() -> None:
    photographs = [photo(1), photo(2), photo(3)]
    first = planned(photographs, Told(picked(photo(1).frame, "a"), ("a",))).new
    second = planned(photographs, Told(picked(photo(2).frame, "b"), ("b",)), previous=first)
    assert [(one.frame, one.class_name) for one in second.new] == [
        (photo(2).frame, "select"),
        (photo(3).frame, "reject"),
    ]


FRAMES = st.dictionaries(
    st.integers(1, 12), st.sampled_from([("pick", True), ("reject", True), ("reject", False)]), max_size=10
)


@given(FRAMES, FRAMES, st.sampled_from(["culled", "reject", "nothing"]))
def test_reading_again_says_nothing_new_and_what_stands_is_what_was_read_last(
    first: dict[int, tuple[str, bool]], second: dict[int, tuple[str, bool]], unrated: Unrated
) -> None:
    photographs = [photo(number, shoot=f"shoot {number % 3}") for number in range(1, 13)]

    def told(marks: dict[int, tuple[str, bool]]) -> Told:
        said = {photo(n).frame: [Said(v, f"{n}", "a", outright=o)] for n, (v, o) in marks.items()}  # type: ignore[arg-type]
        return Told(said, ("a",))

    before = planned(photographs, told(first), unrated=unrated)
    after = planned(photographs, told(second), unrated=unrated, previous=before.new)
    said = [*before.new, *after.new]
    assert planned(photographs, told(second), unrated=unrated, previous=said).new == ()
    last = {label.frame: label.class_name for label in said}
    standing = {frame: name for frame, name in last.items() if name is not None}
    assert standing == {
        frame: "select" if one.verdict == "pick" else "reject" for frame, one in after.decisions.items()
    }


def test_a_reject_like_a_pick_of_the_same_moment_is_hard() -> None:
    at = "2024-05-01T12:00:0{}"
    burst = [photo(n, at=at.format(n), signature=0b1111 << n) for n in (1, 2)]
    later = photo(3, at="2024-05-01T12:01:00", signature=0b1111 << 1)
    other = photo(4, at=at.format(1), signature=(1 << 60) - 1)
    plan = planned([*burst, later, other], Told(picked(burst[0].frame), ("a",)))
    assert plan.shoots[0].hard == 1


def test_shoots_that_teach_little_are_warned_of() -> None:
    many = [photo(n, at=f"2024-05-01T12:{n // 60:02d}:{n % 60:02d}") for n in range(120)]
    none = planned(many, Told({}, ("a",))).shoots[0].warnings
    every = planned(many[:2], Told({one.frame: [Said("pick", "", "a")] for one in many[:2]}, ("a",))).shoots[0].warnings
    few = planned(many, Told(picked(many[5].frame), ("a",))).shoots[0].warnings
    assert "no pick" in none[0]
    assert "picks alone" in every[0]
    assert "1 picks among 120" in few[0]
    assert "ends with 114 unrated" in few[1]


# Ways.


@pytest.mark.parametrize(
    ("marks", "rule", "wanted"),
    [
        (Marks(3), MarkRule(3), [("pick", True)]),
        (Marks(2), MarkRule(3), [("reject", False)]),
        (Marks(0), MarkRule(3), []),
        (Marks(-1), MarkRule(3), [("reject", True)]),
        (Marks(5, "Green"), MarkRule(None, ("green",)), [("pick", True)]),
        (Marks(None, "Red"), MarkRule(1, (), ("red",)), [("reject", True)]),
        (Marks(None, "Blue"), MarkRule(1, ("green",), ("red",)), []),
        (Marks(None, None, "pick"), MarkRule(5), [("pick", True)]),
        (Marks(4, None, "reject"), MarkRule(1), [("reject", True), ("pick", True)]),
    ],
)
def test_marks_say_what_the_rule_makes_of_them(marks: Marks, rule: MarkRule, wanted: list[tuple[str, bool]]) -> None:
    said = judge_marks(marks, rule, place="DSC_1.xmp", sheet="a")
    assert [(one.verdict, one.outright) for one in said] == wanted
    assert all(one.place.startswith("DSC_1.xmp, ") for one in said)


def test_marks_of_a_raw_and_its_jpeg_are_those_of_one_photograph(tmp_path: Path) -> None:
    raw, jpeg, damaged = tmp_path / "a.nef", tmp_path / "a.jpg", tmp_path / "b.nef"
    for file in (raw, jpeg, damaged):
        file.write_bytes(b"not looked into")
    write_marks(tmp_path / "a.nef.xmp", 'xmp:Rating="0"')
    write_marks(tmp_path / "a.jpg.xmp", 'xmp:Rating="4"')
    (tmp_path / "b.xmp").write_text("no XML at all")
    both = PickPhotograph("1:0", "a", "wedding", (raw, jpeg))
    far = photo(3, "s3://bucket/wedding/c.nef")
    told = tell_marks([both, photo(2, str(damaged)), far], MarkRule(3))
    assert [one.place for one in told.said["1:0"]] == [f"{tmp_path / 'a.jpg.xmp'}, rating 4"]
    assert told.unclear == {photo(2).frame, far.frame}
    assert "b.xmp" in told.problems[0]
    assert "on this machine" in told.problems[1]
    write_marks(tmp_path / "a.nef.xmp", 'xmp:Rating="-1"')
    assert len(planned([both], tell_marks([both], MarkRule(3))).contradictions) == 1


def write_marks(path: Path, marks: str) -> None:
    path.write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" {marks}/></rdf:RDF></x:xmpmeta>'
    )


def test_the_innermost_folder_says_what_a_photograph_is() -> None:
    files = {1: "/shoots/w/Select/a.nef", 2: "/shoots/w/select/Reject/b.nef", 3: "/shoots/w/raw/c.nef",
             4: "s3://bucket/w/reject/d.nef"}  # fmt: skip
    photographs = [photo(number, file) for number, file in files.items()]
    told = tell_folders(photographs, [Path("/shoots"), parse_place("s3://bucket/w/")])
    assert {frame: said[0].verdict for frame, said in told.said.items()} == {
        photographs[0].frame: "pick",
        photographs[1].frame: "reject",
        photographs[3].frame: "reject",
    }
    # The place itself counts; folders above it do not.
    assert tell_folders(photographs[:1], [Path("/shoots/w/Select")]).said
    with pytest.raises(UsageError, match="--pick-folder NAME"):
        tell_folders(photographs[:1], [Path("/shoots")], picks=("keep",))
    with pytest.raises(UsageError, match="cannot be both"):
        tell_folders(photographs, [Path("/shoots")], picks=("keep",), rejects=("Keep",))


def test_a_copy_that_a_cull_marked_says_nothing_where_it_was_put(tmp_path: Path) -> None:
    photographs = []
    for number, folder in enumerate(("select", "reject")):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / f"{number}.nef"
        mark = merge_mark(None, CullMark("pick", 0.9, "b", 0.5), PROFILES["adobe"], photograph_name=file.name)
        file.with_suffix(".xmp").write_bytes(mark.data)
        photographs.append(photo(number, str(file)))
    told = tell_folders(photographs, [tmp_path])
    assert {frame: said[0].verdict for frame, said in told.said.items()} == {photographs[1].frame: "reject"}
    assert "stand where it says: 1" in told.notes[0]
    only = tell_folders(photographs[:1], [tmp_path], is_gathered=lambda _: True)
    assert not only.said  # and no complaint that there are no such folders


def delivered(*files: str, taken: str | None = None, photographs: Sequence[PickPhotograph]) -> Told:
    places: list[Place] = [Path(file) for file in files]
    return tell_delivered(photographs, {"out": places}, time_of=lambda file: taken)


def test_a_delivery_is_of_the_photograph_taken_when_it_was() -> None:
    one = photo(1, "/s/a/DSC_1.nef", shoot="a", at="2024-05-01T12:00:00.25+02:00")
    other = photo(2, "/s/b/DSC_1.nef", shoot="b", at="2024-06-01T12:00:00")
    both = [one, other]
    assert delivered("/out/DSC_1-Edit.jpg", taken="2024-05-01T12:00:01", photographs=both).said.keys() == {one.frame}
    assert delivered("/out/b/DSC_1.jpg", photographs=both).said.keys() == {other.frame}
    for taken in (None, "2024-07-01T12:00:00"):
        unclear = delivered("/out/DSC_1.jpg", taken=taken, photographs=both)
        assert unclear.unclear == {one.frame, other.frame}
        assert "may be of" in unclear.problems[0]
    # An editor set the clock to another time zone; another day is another photograph of the same number.
    assert delivered("/out/DSC_1.jpg", taken="2024-06-01T17:30:00", photographs=[other]).said
    rolled = delivered("/out/DSC_1.jpg", taken="2023-01-01T08:11:12", photographs=[other])
    assert (dict(rolled.said), rolled.unclear) == ({}, {other.frame})
    assert delivered("/out/album.jpg", photographs=both).unmatched


def ref(one: PickPhotograph) -> FrameRef:
    return FrameRef(
        one.frame, one.name, f"frames/{one.frame}.jpg", one.name, str(one.files[0]), 0, Fraction(0), "", one.shoot
    )


def listed(text: str, photographs: Sequence[PickPhotograph], column: str | None = None) -> Told:
    sheet = parse_csv(text.encode(), name="picks.csv", key="picks.csv")
    return tell_names(photographs, [ref(one) for one in photographs], [sheet], MarkRule(), column=column)


NAMED = [photo(1, "/s/a/DSC_1.nef"), photo(2, "/s/a/DSC_2.nef"), photo(3, "/s/a/DSC_3.nef")]


@pytest.mark.parametrize(
    "text",
    [
        "DSC_1\nDSC_2\n",
        "DSC_1.NEF, DSC_2.NEF",
        "name\nDSC_1.jpg\nDSC_2-Edit.tif\n",
        "Nr\tOriginal\tNote\n1\tDSC_1.nef\tDSC\n2\tdsc_2.nef\t\n",
        "DSC_1,a remark\nDSC_2,another\n",
        "/s/a/DSC_1.nef\nC:\\shoots\\a\\DSC_2.nef\n",
    ],
)
def test_every_name_of_a_list_without_marks_is_a_pick(text: str) -> None:
    told = listed(text, NAMED)
    assert {frame: said[0].verdict for frame, said in told.said.items()} == dict.fromkeys(
        (one.frame for one in NAMED[:2]), "pick"
    )
    assert told.problems == told.unmatched == ()
    assert told.sheets == ("picks.csv",)


def test_a_table_with_marks_is_judged_by_them() -> None:
    told = listed("File Name,Rating,Color Label,Flag\nDSC_1,★★★,,\nDSC_2,0,Red,\nDSC_3,,,-1\nDSC_9,5,,\n", NAMED)
    assert {frame: said[0].verdict for frame, said in told.said.items()} == {
        NAMED[0].frame: "pick",
        NAMED[2].frame: "reject",
    }
    assert told.said[NAMED[0].frame][0].place == "picks.csv, row 2, rating 3"
    assert "picks.csv, row 5" in told.unmatched[0]
    faulty = listed("File Name,Rating,Flag\nDSC_1,great,\nDSC_2,3,perhaps\nDSC_3,3,pick\n", NAMED)
    assert faulty.unclear == {NAMED[0].frame, NAMED[1].frame}
    assert "'great' is no rating" in faulty.problems[0]
    assert "'perhaps' is no flag" in faulty.problems[1]


def test_a_name_of_several_photographs_is_listed_with_what_to_do() -> None:
    two = [photo(1, "/s/a/DSC_1.nef"), photo(2, "/s/b/DSC_1.nef")]
    told = listed("name\nDSC_1\n", two)
    assert told.unclear == {one.frame for one in two}
    assert "Write as much of the path as tells them apart" in told.problems[0]
    assert listed("name\na/DSC_1.nef\n", two).said.keys() == {two[0].frame}


def test_a_list_without_names_is_told_which_columns_it_has() -> None:
    with pytest.raises(SheetError, match="Name it with --column"):
        listed("client,day\nSmith,Sunday\n", NAMED)
    with pytest.raises(UsageError, match="Did you mean 'client'"):
        listed("client,day\nSmith,Sunday\n", NAMED, column="clint")
    empty = sheet_of_rows([["name"], ["DSC_1"]], name="a [1]", key="a#1")
    other = sheet_of_rows([["legend"], ["green is good"]], name="a [2]", key="a#2")
    assert isinstance(empty, Sheet)
    assert isinstance(other, Sheet)
    told = tell_names(NAMED, [ref(one) for one in NAMED], [empty, other], MarkRule())
    assert told.sheets == ("a#1",)
