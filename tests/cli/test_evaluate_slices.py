from __future__ import annotations

import json
import re
from fractions import Fraction

import numpy as np
import pytest

from evaluation.fabricated import answers, write_run_folder
from rushes.catalog.catalog import StoredFrame, open_catalog
from rushes.cli.door import opened
from rushes.cli.main import main
from rushes.cli.slices_shown import show_slices
from rushes.footage.source import Frame, Source

PROJECT = 'schema = "project/1"\nname = "shoots"\n[tasks.scale]\nclasses = ["CS", "MS", "LS"]\n'


@pytest.fixture
def project(tmp_path):
    """A run on 600 samples of 12 groups, of which one person's are answered worse, and a sheet that says who is who."""
    random = np.random.default_rng(0)
    person = random.integers(0, 3, 600)
    right = random.random(600) < np.where(person == 0, 0.5, 0.85)
    labels = [("CS", "MS")[side] for side in random.integers(0, 2, 600)]
    pairs = [(label, label if found else "LS") for label, found in zip(labels, right, strict=True)]
    test = answers(pairs, groups=[f"shoot-{row // 50}" for row in range(600)])
    folder = write_run_folder(tmp_path / "runs" / "2026-11-20-101500-scale", test)
    (tmp_path / "rushes.toml").write_text(PROJECT, encoding="utf-8")
    lines = [f"frames/{row}.jpg,{('Ann', 'Bob', 'Cy')[person[row]]},{row % 4},{row}" for row in range(600)]
    (tmp_path / "people.csv").write_text("\n".join(["image,person,day,age", *lines, "frames/700.jpg,Dee,1,2"]))
    return tmp_path, folder


def evaluate(project, capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(["evaluate", project[1].name, "--project", str(project[0]), *words])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def test_a_slice_that_is_worse_stands_first_in_the_table_the_warnings_and_the_report(project, capsys):
    sheet = str(project[0] / "people.csv")
    code, out, err = evaluate(project, capsys, "--with", sheet, "--by", "day", "--by", "person")
    assert code == 0
    assert out.index("person") < out.index("day")  # the column with a worse slice first
    assert ["worse" in line for line in out.splitlines() if line.strip().startswith("Ann")] == [True]
    assert "Ann" in out.split("Bob")[0]
    assert "warning: The model is worse on 1 of 7 slices than the rest of the samples and the classes" in err
    assert "1 row of the sheet could not be used: people.csv, row 602, image: 'frames/700.jpg' is not in the cat" in err
    metrics = json.loads((project[1] / "metrics.json").read_text(encoding="utf-8"))
    found = {one["slice"]: one for one in metrics["slices"]["person"]}
    assert [name for name, one in found.items() if one["worse"]] == ["Ann"]
    assert found["Ann"]["adjusted_difference"]["high"] < 0
    assert found["Ann"]["p"] < 0.005
    assert set(found["Ann"]["classes"]["CS"]) == {
        "labelled", "answered", "found", "recall", "false_positive_rate", "expected_answered",
    }  # fmt: skip
    page = (project[1] / "report.html").read_text(encoding="utf-8")
    assert '<b class="flag">worse</b></small></th>' in page
    assert page.index("<h3>Person") < page.index("<h3>Day")
    assert list(metrics["slices"]) == ["day", "person"]


def test_without_a_word_all_columns_of_the_sheet_are_looked_at(project, capsys):
    evaluate(project, capsys, "--with", str(project[0] / "people.csv"))
    metrics = json.loads((project[1] / "metrics.json").read_text(encoding="utf-8"))
    assert {"person", "day", "age"} <= set(metrics["slices"])
    assert len(metrics["slices"]["age"]) == 5


def test_what_nothing_is_known_of_makes_no_table(project, capsys):
    (project[0] / "frames").mkdir()
    code, out, _ = evaluate(project, capsys)
    assert code == 0
    assert "without a look" not in out  # no column tells samples apart


def test_an_unknown_column_and_a_sheet_that_is_not_there_end_with_2(project, capsys):
    code, _, err = evaluate(project, capsys, "--by", "camra")
    assert code == 2
    assert "--by camra: there is no such column. Did you mean 'camera'?" in err
    code, _, err = evaluate(project, capsys, "--with", str(project[0] / "nobody.csv"))
    assert code == 2
    assert "there is no such file" in err


def test_a_column_that_was_asked_for_is_shown_though_it_tells_nothing_apart(project, capsys):
    code, out, _ = evaluate(project, capsys, "--by", "camera", "--by", "group")
    assert code == 0
    assert "not known" in out
    assert "not tested" in out


def test_what_is_not_worse_is_said_to_be_so_only_as_far_as_it_could_be_tested(project, capsys):
    tested = {"worse": False}
    untested = tested | {"untested": "it rests on 3 groups; to call it worse takes 8"}
    with opened(as_json=False, debug=False) as door:
        show_slices(door, {"camera": [untested, untested], "lens": [untested]}, asked=False)
        show_slices(door, {"camera": [tested, tested, untested]}, asked=False, notes=["2 rows are of others."])
        show_slices(door, {"camera": [tested, tested]}, asked=False)
    takes = "(that takes 8 groups in the slice and 8 in the rest)"
    assert " ".join(capsys.readouterr().out.split()) == (
        f"By camera, lens, none of 3 slices could be tested {takes}. The report shows them. 2 rows are of others. "
        f"Of 3 slices by camera, 2 could be tested {takes}; none is significantly worse. The report shows them. "
        "No slice is significantly worse by camera. The report shows them."
    )


def test_rows_about_frames_that_are_not_judged_are_told_and_no_cause_for_a_warning(project, capsys):
    root = project[0]
    other = [f"frames/{row}.jpg" for row in range(600, 700)]
    photographs = [
        Source(f"{row + 700:016x}{0:048x}", f"/card/P{row}.jpg", f"P{row}", "card", "photo", 9, 9, "jpeg")
        for row in range(100)
    ]
    with open_catalog(root / ".rushes" / "catalog.db") as catalog:
        for source in photographs:
            catalog.add_source(source, now="2026-11-26T00:00:00Z")
        frames = [Frame(one.digest, 0, Fraction(1), 0, "00:00:00:00", one.name) for one in photographs]
        stored = [StoredFrame(frame, image, "", None) for frame, image in zip(frames, other, strict=True)]
        catalog.add_frames(stored, now="2026-11-26T00:00:00Z")
    sheet = root / "people.csv"
    text = sheet.read_text(encoding="utf-8").replace("frames/700.jpg,Dee,1,2", "")
    sheet.write_text(text + "\n".join(f"{image},Dee,1,2" for image in other), encoding="utf-8")
    code, out, err = evaluate(project, capsys, "--with", str(sheet), "--by", "person")
    assert "could not be used" not in err
    assert code == 0
    assert "100 rows of the sheet are about frames of the project that are not judged here." in out


def test_a_class_has_one_colour_in_the_slices_and_the_figures_of_training(project, capsys):
    evaluate(project, capsys, "--with", str(project[0] / "people.csv"), "--by", "person")
    page = (project[1] / "report.html").read_text(encoding="utf-8")
    slices = page[page.index('id="slices"') : page.index("</section>", page.index('id="slices"'))]
    assert '<i class="k0"></i>CS' in slices
    assert '<i class="k2"></i>LS' in slices
    assert "var(--c" not in slices
    head = slices[slices.index("<thead>") : slices.index("</thead>")]
    columns = [part.partition("<")[0] for part in re.findall(r'<th scope="col"[^>]*>([^/]*)</', head)]
    assert columns[1:5] == ["samples", "than expected", "accuracy", "expected accuracy"]
