"""The steps that leave a cull behind."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.culls import make_cull
from rushes.errors import CullError
from rushes.footage.source import Unreadable
from rushes.inference.cull_outputs import (
    Decided,
    Gather,
    Outputs,
    Refusal,
    WriteSidecar,
    WriteTable,
    plan_outputs,
    refuse_tables,
)
from rushes.inference.verdicts import Cull, Reason
from rushes.xmp.marks import CullMark, Marks

SHOOT = Path("/shoots/lake")


def test_each_photograph_has_one_sidecar_where_its_profile_looks_for_it() -> None:
    cull = make_cull(SHOOT, ["a.CR3,a.JPG"], ["sub/b.NEF"])
    steps = plan_outputs(cull, Outputs(profile="adobe"))
    assert [step.path for step in steps] == ["/shoots/lake/a.xmp", "/shoots/lake/sub/b.xmp"]
    marks = [step.mark for step in steps if isinstance(step, WriteSidecar)]
    assert [mark.verdict for mark in marks if isinstance(mark, CullMark)] == ["pick", "reject"]
    steps = plan_outputs(cull, Outputs(profile="darktable"))
    assert [Path(step.path).name for step in steps] == ["a.CR3.xmp", "b.NEF.xmp"]


def test_two_raws_of_one_stem_are_refused_where_they_would_share_a_sidecar() -> None:
    cull = make_cull(SHOOT, ["IMG_1.CR3", "IMG_2.CR3"], ["img_1.NEF"])
    steps = plan_outputs(cull, Outputs(profile="adobe"))
    refused = [step for step in steps if isinstance(step, Refusal)]
    assert [Path(step.path).name for step in refused] == ["IMG_1.CR3", "img_1.NEF"]
    assert "IMG_1.xmp" in refused[0].reason
    assert "img_1.NEF" in refused[0].reason
    assert "darktable" in refused[0].reason
    assert [Path(step.path).name for step in steps if isinstance(step, WriteSidecar)] == ["IMG_2.xmp"]
    assert not [step for step in plan_outputs(cull, Outputs(profile="darktable")) if isinstance(step, Refusal)]


def test_a_raw_shares_its_sidecar_with_an_unreadable_one_too() -> None:
    cull = replace(make_cull(SHOOT, ["IMG_1.CR3"]), unreadable=(Unreadable("/shoots/lake/IMG_1.NEF", "is broken"),))
    (step,) = plan_outputs(cull, Outputs(profile="bridge"))
    assert isinstance(step, Refusal)
    assert step.path.endswith("IMG_1.CR3")


def test_an_exported_picture_beside_its_raw_leaves_the_sidecar_to_it() -> None:
    cull = make_cull(SHOOT, ["a.NEF", "a.tif"], ["b.NEF"])
    steps = plan_outputs(cull, Outputs(profile="adobe", copy_to=Path("/picks")))
    (refused,) = (step for step in steps if isinstance(step, Refusal))
    assert refused.path == "/shoots/lake/a.tif"
    assert "a.xmp is that of a.NEF" in refused.reason
    assert [Path(step.path).name for step in steps if isinstance(step, WriteSidecar)] == ["a.xmp", "b.xmp"]
    brought = {Path(step.photograph).name: step.sidecars for step in steps if isinstance(step, Gather)}
    assert "/shoots/lake/a.xmp" in brought["a.NEF"]
    assert "/shoots/lake/a.xmp" not in brought["a.tif"]
    assert "/shoots/lake/a.tif.xmp" in brought["a.tif"]
    both = plan_outputs(make_cull(SHOOT, ["a.NEF", "a.CR3", "a.tif"]), Outputs(profile="adobe"))
    assert [type(step) for step in both] == [Refusal] * 3
    both = plan_outputs(make_cull(SHOOT, ["a.NEF", "a.tif"]), Outputs(profile="darktable"))
    assert [type(step) for step in both] == [WriteSidecar] * 2


def test_photographs_from_elsewhere_do_not_meet_in_a_folder_of_sidecars() -> None:
    cull = make_cull(SHOOT, ["/one/a.CR3", "/two/a.CR3"])
    steps = plan_outputs(cull, Outputs(profile="adobe", xmp_to=Path("/notes")))
    assert [type(step) for step in steps] == [Refusal] * 2
    assert all("Rename one of them" in step.reason for step in steps if isinstance(step, Refusal))


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (Outputs(csv=SHOOT / "a.CR3"), "--csv .*a.CR3: is the name of a photograph"),
        (Outputs(out=Path("/elsewhere/x.JPG")), "--out .*x.JPG: is the name of a photograph"),
        (Outputs(csv=Path("film.mov")), "is the name of a photograph or a film"),
        (Outputs(csv=SHOOT / "a.XMP"), "is the name of a sidecar"),
        (Outputs(csv=SHOOT / "scan"), "is the name of a photograph"),
        (Outputs(out=Path("/culls/one/journal.jsonl")), "belongs to a cull"),
        (Outputs(out=Path("v"), csv=Path("v")), "Name two files"),
    ],
)
def test_a_table_is_never_written_over_a_photograph(outputs: Outputs, words: str) -> None:
    with pytest.raises(CullError, match=words):
        refuse_tables(outputs, cull=make_cull(SHOOT, ["a.CR3", "scan"]), folder=Path("/culls/one"))


def test_sidecars_for_another_folder_begin_with_those_of_the_shoot() -> None:
    cull = make_cull(SHOOT, ["sub/a.CR3"])
    (step,) = plan_outputs(cull, Outputs(profile="adobe", xmp_to=Path("/notes")))
    assert isinstance(step, WriteSidecar)
    assert (step.path, step.base) == ("/notes/sub/a.xmp", "/shoots/lake/sub/a.xmp")


def test_picks_keep_the_subfolders_of_the_shoot_and_bring_what_belongs_to_them() -> None:
    cull = make_cull(SHOOT, ["sub/a.CR3,sub/a.JPG"], ["b.CR3"])
    (pick,) = plan_outputs(cull, Outputs(copy_to=Path("/picks")))
    assert isinstance(pick, Gather)
    assert pick.files == ("/shoots/lake/sub/a.CR3", "/shoots/lake/sub/a.JPG")
    assert (pick.folder, pick.prefix, pick.links) == ("/picks/sub", "lake_", False)
    assert {"/shoots/lake/sub/a.xmp", "/shoots/lake/sub/a.CR3.xmp", "/shoots/lake/sub/a.JPG.xmp"} <= set(pick.sidecars)
    steps = plan_outputs(cull, Outputs(link_to=Path("/picks"), rejects_to=Path("/rejects")))
    assert [(step.folder, step.links) for step in steps if isinstance(step, Gather)] == [
        ("/picks/sub", True),
        ("/rejects", True),
    ]


def test_photographs_from_elsewhere_with_one_name_get_their_folders_name() -> None:
    cull = make_cull(SHOOT, ["/one/a.CR3", "/two/a.CR3", "/other/two/a.CR3"])
    steps = plan_outputs(cull, Outputs(copy_to=Path("/picks")))
    assert [step.folder for step in steps if isinstance(step, Gather)] == ["/picks", "/picks/two"]
    assert isinstance(steps[-1], Refusal)
    assert steps[-1].path == "/other/two/a.CR3"


def test_paths_may_begin_at_the_shoot() -> None:
    cull = make_cull(SHOOT, ["a.CR3"])
    cull = replace(cull, verdicts=(replace(cull.verdicts[0], path="a.CR3"),))
    assert plan_outputs(cull, Outputs(profile="adobe"))[0].path == "/shoots/lake/a.xmp"


def test_outputs_that_do_not_fit_together_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        Outputs(copy_to=Path("a"), link_to=Path("b"))
    with pytest.raises(ValueError, match="needs a profile"):
        Outputs(xmp_to=Path("a"))
    cull = make_cull(SHOOT, ["a.CR3"])
    with pytest.raises(CullError, match=r"'darktabel'.*Did you mean 'darktable'"):
        plan_outputs(cull, Outputs(profile="darktabel"))
    with pytest.raises(CullError, match="are in this folder"):
        plan_outputs(cull, Outputs(copy_to=SHOOT))


def test_the_verdicts_are_rows_and_json_that_reads_back() -> None:
    cull = make_cull(SHOOT, ["a.CR3,a.JPG"], ["b.CR3"])
    reasons = (Reason("eyes", 0.2, "against", "the eyes are soft"),)
    first = replace(cull.verdicts[0], reasons=reasons, measures={"sharpness": 0.25, "eyes": None})
    cull = replace(cull, verdicts=(first, cull.verdicts[1]), unreadable=(Unreadable("/shoots/lake/c.CR3", "is empty"),))
    tables = plan_outputs(cull, Outputs(csv=Path("/v.csv"), out=Path("/v.json")))
    assert [step.path for step in tables] == ["/v.csv", "/v.json"]
    text, table = (step.text for step in tables if isinstance(step, WriteTable))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["verdict"] for row in rows] == ["pick", "reject", "unreadable"]
    assert rows[0]["companions"] == "/shoots/lake/a.JPG"
    assert (rows[0]["m:sharpness"], rows[0]["m:eyes"], rows[1]["m:sharpness"]) == ("0.25", "", "")
    assert rows[0]["reasons"] == "against: the eyes are soft"
    assert rows[2]["why"] == "is empty"
    assert Cull.from_table(json.loads(table)) == cull


def test_what_a_person_decided_takes_the_place_of_the_verdict_and_of_none() -> None:
    cull = make_cull(SHOOT, [], ["a.NEF"])
    decided = {str(SHOOT / "a.NEF"): Decided(Marks(flag="pick")), str(SHOOT / "b.NEF"): Decided(Marks(rating=3))}
    steps = plan_outputs(cull, Outputs(profile="adobe"), decided=decided)
    assert [(Path(step.path).name, step.mark) for step in steps if isinstance(step, WriteSidecar)] == [
        ("a.xmp", Decided(Marks(flag="pick"))),
        ("b.xmp", Decided(Marks(rating=3))),
    ]
    shared = plan_outputs(cull, Outputs(profile="adobe"), decided={str(SHOOT / "a.CR3"): Decided(Marks(rating=3))})
    assert sorted(Path(step.path).name for step in shared if isinstance(step, Refusal)) == ["a.CR3", "a.NEF"]
