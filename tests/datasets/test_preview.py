"""A look at a manifest."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.previewed import NAME, TASK, noise, small_project, write_project, write_row
from rushes.datasets.preview import (
    MOST_SAMPLES,
    LostSample,
    Preview,
    SampleView,
    choose_rows,
    order_classes,
    preview,
    read_preview,
    task_of_manifest,
)
from rushes.errors import ManifestError, ProjectError, UsageError
from rushes.labels.manifest import ManifestRow
from rushes.project import read_project
from storage.servers import web_server

DOCS = Path(__file__).parents[2] / "docs"


def names(found: Preview, class_name: str) -> list[str]:
    (view,) = [view for view in found.classes if view.name == class_name]
    return [sample.row.name for sample in view.samples]


def test_samples_stand_by_class_in_the_order_of_the_task_with_strangers_last(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    found = read_preview(project.manifest, root=tmp_path, task=TASK)
    assert [(view.name, view.count, len(view.samples)) for view in found.classes] == [
        ("Junk", 1, 1), ("Common", 6, 4), ("Rare", 3, 3), ("Weird", 1, 1),
    ]  # fmt: skip
    assert (found.manifest, found.task, found.sample_count) == (NAME, "rarity", 11)
    assert names(found, "Common") == sorted(names(found, "Common"))
    assert order_classes(["b", "a"], None) == ["a", "b"]


def test_pictures_that_are_missing_or_cannot_be_decoded_are_listed_and_the_others_shown(tmp_path: Path) -> None:
    found = read_preview(small_project(tmp_path).manifest, root=tmp_path, task=TASK)
    assert [str(sample).partition(":")[0] for sample in found.lost] == ["frames/broken.png", "frames/gone.png"]
    assert "is not a picture" in found.lost[0].reason
    assert "missing" in found.lost[1].reason
    assert names(found, "Rare") == ["broken", "gone", "there"]
    assert sum(isinstance(sample, SampleView) for sample in found.samples) == 7


def test_a_view_holds_the_frame_the_standardised_frame_and_its_numbers(tmp_path: Path) -> None:
    pixels = noise(3, 800, 200)
    project = write_project(tmp_path, [write_row(tmp_path, "wide", "Common", pixels)])
    (view,) = read_preview(project.manifest, root=tmp_path, task=TASK).samples
    assert isinstance(view, SampleView)
    assert (view.frame.shape, view.gray.shape) == ((100, 400, 3), (100, 400))
    assert (view.width_pixels, view.height_pixels) == (800, 200)
    spread = view.distribution
    assert spread is not None
    assert sum(spread.histogram.counts) == 800 * 200
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    assert view.gray_mean == pytest.approx(luma.mean(), abs=0.01)
    assert spread.low == pytest.approx((luma.min() - luma.mean()) / luma.std(), abs=0.01)


def test_a_flat_picture_is_shown_as_one(tmp_path: Path) -> None:
    found = read_preview(small_project(tmp_path).manifest, root=tmp_path, task=TASK, classes=["Junk"])
    (flat,) = found.samples
    assert isinstance(flat, SampleView)
    assert (flat.distribution, flat.gray_deviation, round(flat.gray_mean)) == (None, 0, 77)
    (table,) = found.to_table()["shown"]
    assert (table["flat"], table["low"], table["fit"], table["subjects"]) == (True, None, None, ["sky", "fog & mist"])


def test_the_same_seed_shows_the_same_samples_and_another_one_others(tmp_path: Path) -> None:
    project = small_project(tmp_path)

    def shown(seed: int) -> list[str]:
        found = read_preview(project.manifest, root=tmp_path, task=TASK, per_class=2, seed=seed, classes=["Common"])
        return names(found, "Common")

    assert shown(0) == shown(0)
    assert len({tuple(shown(seed)) for seed in range(12)}) > 3


def test_the_choice_of_a_class_does_not_depend_on_the_others(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    whole = read_preview(project.manifest, root=tmp_path, task=TASK, per_class=2)
    alone = read_preview(project.manifest, root=tmp_path, task=TASK, per_class=2, classes=["Common"])
    assert names(whole, "Common") == names(alone, "Common")


@given(st.integers(0, 300), st.integers(1, 40), st.integers(0, 2**63), st.text(max_size=5))
def test_as_many_are_chosen_as_there_are_and_none_twice(count: int, per_class: int, seed: int, name: str) -> None:
    chosen = choose_rows(count, per_class=per_class, seed=seed, class_name=name)
    assert len(chosen) == min(count, per_class)
    assert chosen == sorted(set(chosen))
    assert all(0 <= place < count for place in chosen)


def test_every_sample_is_as_likely_as_any_other() -> None:
    drawn = Counter(
        place for seed in range(2000) for place in choose_rows(10, per_class=2, seed=seed, class_name="Common")
    )
    assert set(drawn) == set(range(10))
    assert all(320 <= count <= 480 for count in drawn.values())  # 400 expected; five deviations are about 90


def test_classes_are_named_as_the_task_spells_them_and_a_stranger_is_refused(tmp_path: Path) -> None:
    project = small_project(tmp_path)
    found = read_preview(project.manifest, root=tmp_path, task=TASK, classes=["rare", "Junk"])
    assert [view.name for view in found.classes] == ["Junk", "Rare"]
    with pytest.raises(UsageError, match=r"'Rrare' is no class of this manifest\. Did you mean 'Rare'"):
        read_preview(project.manifest, root=tmp_path, task=TASK, classes=["Rrare"])


def test_a_class_of_the_task_that_has_no_sample_is_shown_empty(tmp_path: Path) -> None:
    project = write_project(tmp_path, [write_row(tmp_path, "a", "Rare", noise(1))])
    found = read_preview(project.manifest, root=tmp_path, task=TASK)
    assert [(view.name, view.count) for view in found.classes] == [("Junk", 0), ("Common", 0), ("Rare", 1)]


def test_more_samples_than_can_be_looked_at_are_refused(tmp_path: Path) -> None:
    rows = [ManifestRow(f"frames/{number}.png", "Common", source="ab" * 32, pts=number) for number in range(450)]
    project = write_project(tmp_path, rows)
    with pytest.raises(UsageError, match=rf"401 samples are wanted, and a preview shows {MOST_SAMPLES} at most"):
        read_preview(project.manifest, root=tmp_path, per_class=401)
    with pytest.raises(UsageError, match="give 1 or more"):
        read_preview(project.manifest, root=tmp_path, per_class=0)


def test_pictures_in_a_store_are_looked_at_where_they_are(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    row = write_row(tmp_path, "a", "Rare", noise(1))
    with web_server() as web:
        address = web.put("/a.png", (tmp_path / row.img_ref).read_bytes()) + "?X-Amz-Signature=hush"
        there = replace(row, img_ref=address, sha256="")
        gone = ManifestRow(f"{web.base}/gone.png?X-Amz-Signature=hush", "Rare")
        found = read_preview(write_project(tmp_path, [there, gone]).manifest, root=tmp_path, task=TASK)
    local = read_preview(write_project(tmp_path, [row]).manifest, root=tmp_path, task=TASK)
    lost, shown = found.samples
    (here,) = local.samples
    assert isinstance(shown, SampleView)
    assert isinstance(here, SampleView)
    assert isinstance(lost, LostSample)
    np.testing.assert_array_equal(shown.frame, here.frame)
    assert "no such file on the server" in str(lost)
    assert "hush" not in str(found.to_table()) + str(lost) + found._repr_html_()


def test_the_example_of_the_docs_runs_in_a_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(from rushes\.datasets\.preview import preview\n.*?)```", text, re.DOTALL)
    *statements, last = code.strip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(statements), names)
    cell = eval(last, names)
    assert isinstance(cell, Preview)
    assert cell._repr_html_().startswith('<div class="rushes-preview')
    documented = preview.__doc__ or ""
    assert all(line.strip() in documented for line in code.strip().splitlines())


def test_a_notebook_finds_the_project_and_the_task_around_a_manifest(tmp_path: Path) -> None:
    project = small_project(tmp_path / "season")
    found = preview(str(project.manifest), per_class=1)
    assert found.task == "rarity"
    assert [view.name for view in found.classes] == ["Junk", "Common", "Rare", "Weird"]
    with pytest.raises(ProjectError, match="no task 'scale'"):
        preview(project.manifest, task="scale")
    with pytest.raises(ManifestError, match="is missing"):
        preview(project.manifest.with_name("other.jl"))


def test_a_manifest_outside_of_any_project_is_read_beside_its_pictures(tmp_path: Path) -> None:
    small_project(tmp_path)
    (tmp_path / "rushes.toml").unlink()
    manifest = (tmp_path / "manifests" / NAME).rename(tmp_path / "made-elsewhere.jl")
    found = preview(manifest, classes=["Common"])
    assert (found.task, len(found.samples), found.lost) == ("", 4, ())
    assert [view.name for view in preview(manifest).classes] == ["Common", "Junk", "Rare", "Weird"]


def test_a_manifest_is_of_the_task_that_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "rushes.toml").write_text(
        '[tasks.rarity]\nclasses = ["a", "b"]\n[tasks.scale]\nclasses = ["MS", "LS"]\n'
    )
    project = read_project(tmp_path)
    assert task_of_manifest(project, Path("scale-manifest-2026-11-21T004142Z.jl"), None) == project.tasks["scale"]
    assert task_of_manifest(project, Path("scale-manifest-2026-11-21T004142Z.jl"), "rarity") == project.tasks["rarity"]
    assert task_of_manifest(project, Path("other.jl"), None) is None
