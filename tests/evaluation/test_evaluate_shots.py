"""The judgement of a run of shots, from answers to page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from evaluation.shot_boards import MOVEMENT, PROJECT, SCALE, balanced, shot_answers, write_shot_run_folder
from footage.spliced import pan, still, write_frames, zoom
from rushes.cli.main import main
from rushes.datasets.preprocessing import Preprocessing
from rushes.errors import RunError
from rushes.evaluation.evaluate_shots import evaluate_shots
from rushes.evaluation.leaderboard import describe_epochs, describe_pace, read_leaderboard
from rushes.evaluation.runs_page import format_runs_page
from rushes.evaluation.shot_strips import parse_shot_id, plan_strip
from rushes.footage.movement import FEATURES, SERIES_COLUMNS
from rushes.footage.sources import read_source
from rushes.labels.shot_manifest import ShotRow, format_shots
from rushes.learning.runs import read_task_run
from rushes.learning.shot_runs import write_shot_run
from rushes.storage.files import digest_of_file

NAME = "2026-11-26-050000-shots"


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """A film of two shots and one of one; the label of the first says that it is one shot."""
    folder = tmp_path_factory.mktemp("films")
    two = write_frames(folder / "two.mp4", [*zoom(1, 30, 0.006), *pan(2, 30, 1.5)])
    one = write_frames(folder / "one.mp4", still(3, 24))
    return [(path, *read_source(path, group=path.stem)) for path in (two, one)]


@pytest.fixture
def project(tmp_path):
    (tmp_path / "rushes.toml").write_text(PROJECT, encoding="utf-8")
    return tmp_path


def rows_of(films):
    return [
        ShotRow(str(path), 0, index.frame_count, {"scale": "MS", "movement": "push"}, path.stem, source.digest,
                index.rate, origin="eye", name=f"{path.stem} whole")
        for path, source, index in films
    ]  # fmt: skip


def told_of(films, scale, movement):
    rows = rows_of(films)
    places = {"ids": [row.id for row in rows], "videos": [row.video for row in rows]}
    return {"scale": shot_answers(scale, SCALE, **places), "movement": shot_answers(movement, MOVEMENT, **places)}


def judged(project, told, **fields):
    folder = project / "runs" / NAME
    write_shot_run_folder(folder, told, **fields)
    done = evaluate_shots(
        folder, project_root=project, scans_folder=project / "scans", cache_folder=project / ".rushes"
    )
    return done, done.report.read_text(encoding="utf-8")


BOTH = {"scale": balanced(SCALE), "movement": balanced(MOVEMENT, wrong={"push": "static", "pull": "push"})}


def test_every_head_is_judged_and_so_is_the_mean_over_their_classes(project):
    done, page = judged(project, BOTH, validation=BOTH)
    metrics = done.metrics
    folder = project / "runs" / NAME
    assert metrics == json.loads((folder / "metrics.json").read_text())
    assert metrics["schema"] == "shot-metrics/1"
    for task in ("scale", "movement"):
        assert json.loads((folder / task / "metrics.json").read_text()) == metrics["tasks"][task]
        assert metrics["tasks"][task]["schema"] == "metrics/1"
    scores = metrics["tasks"]["movement"]["test"]["metrics"]
    assert scores["precision/push"]["value"] == pytest.approx(9 / 10)
    assert scores["recall/push"]["value"] == pytest.approx(9 / 10)
    assert scores["recall/pull"]["value"] == pytest.approx(9 / 10)
    mean = metrics["class_mean"]
    f1 = {name: scores[f"f1/{name}"]["value"] for name in MOVEMENT}
    assert mean["test"]["f1"]["value"] == pytest.approx((5 + sum(f1.values())) / 9)
    assert mean["test"]["f1"]["low"] < mean["test"]["f1"]["value"] <= mean["test"]["f1"]["high"]
    assert mean["validation"]["f1"]["value"] == mean["test"]["f1"]["value"]
    assert "the nine-class mean of F1 is 0.9" in metrics["verdict"]
    assert metrics["verdict"].startswith(
        "On 50 shots from 10 groups it never watched, this model reaches a macro-F1 of"
    )
    assert 'id="scale-confusions"' in page
    assert 'id="movement-training"' in page
    assert "<strong>1.00</strong> for scale" in page


def test_the_leaderboard_knows_what_was_found_of_each_task(project):
    judged(project, BOTH, validation=BOTH)
    boards = read_leaderboard(project / "runs").boards
    assert {board.task: board.standings[0].test["value"] for board in boards} == {
        task: pytest.approx(value) for task, value in (("scale", 1.0), ("movement", boards_f1()))
    }
    assert {board.standings[0].run.called for board in boards} == {f"{NAME}/scale", f"{NAME}/movement"}


def boards_f1():
    static, push, pull = 2 * 10 / 21, 2 * 9 / 20, 2 * 9 / 19
    return (static + 1 + push + pull) / 4


def test_a_task_without_test_shots_is_left_out_and_said(project):
    told = {"scale": balanced(SCALE), "movement": shot_answers([], MOVEMENT)}
    folder = project / "runs" / NAME
    write_shot_run_folder(folder, told)
    (folder / "movement" / "predictions" / "test.parquet").unlink()
    done = evaluate_shots(folder, project_root=project)
    assert list(done.metrics["tasks"]) == ["scale"]
    assert "No test shot is labelled by movement, so this head is not judged." in done.metrics["warnings"]


def test_a_run_without_any_test_shot_is_refused(project):
    folder = project / "runs" / NAME
    write_shot_run_folder(folder, {"scale": shot_answers([], SCALE)})
    (folder / "scale" / "predictions" / "test.parquet").unlink()
    with pytest.raises(RunError, match="test part of its split is empty"):
        evaluate_shots(folder, project_root=project)


def test_published_rows_stand_beside_a_run_on_their_own_test_alone(project):
    split = {"path": None, "sha256": "2" * 64, "kind": "stated", "name": "movieshots-v1"}
    done, page = judged(project, BOTH, split=split)
    assert len(done.metrics["references"]) == 6
    assert "VideoMAE" in page
    assert any("is recall" in note for note in done.metrics["references_notes"])
    assert any("published test has 8,187" in note for note in done.metrics["references_notes"])
    assert "it never watched" in done.metrics["verdict"]


def test_no_published_row_stands_beside_another_test(project):
    done, page = judged(project, BOTH)
    assert done.metrics["references"] == []
    assert "VideoMAE" not in page
    assert "they would not be comparable" in page


def test_the_worst_shots_are_strips_with_their_motion_and_the_cut_inside(project, films):
    told = told_of(films, [("MS", "LS"), ("MS", "MS")], [("static", "push"), ("static", "motion")])
    done, page = judged(project, told, synthetic={"push": 40}, unusable=2)
    assert page.count('class="take wrong"') == 3  # the film of two is wrong in both heads
    assert page.count('class="frames"') == 3
    assert page.count('class="chart way"') == 3
    assert page.count('<text class="cut"') == 2
    assert "Measured: zoom ×" in page
    assert "virtual camera, push" in page
    assert len(page) < 4_000_000
    assert not re.findall(r"https?:", page)
    assert done.report.stat().st_size < 4_000_000


def test_shots_that_cannot_be_shown_say_why_and_the_rest_is_judged(project, films):
    rows = rows_of(films)
    ids = [f"{'a' * 16}:0-10", rows[1].id.replace(":0-24", ":900-910"), "no id", rows[0].id]
    videos = [rows[0].video, rows[1].video, rows[1].video, "clips/gone.mp4"]
    scale = shot_answers([("MS", "LS")] * 4, SCALE, ids=ids, videos=videos)
    _, page = judged(project, {"scale": scale})
    assert "has changed since this shot was read" in page
    assert "ends before this shot" in page
    assert "no shot that can be found again" in page
    assert "clips/gone.mp4 could not be read" in page


def test_a_model_without_mistakes_shows_its_closest_calls(project, films):
    told = told_of(films, [("MS", "MS"), ("LS", "LS")], [("push", "push"), ("static", "static")])
    _, page = judged(project, told)
    assert "Not one of 2 shots is wrong; these were the closest calls." in page
    assert 'class="take right"' in page


def test_the_answers_of_a_head_that_sees_frames_are_traced_to_places(project, films):
    torch = pytest.importorskip("torch")
    from rushes.models.backbones import Backbone
    from rushes.models.clip import ShotNetwork
    from rushes.models.clip_design import ShotDesign, ShotHeadDesign
    from rushes.models.network import save_network

    rows = rows_of(films)
    (project / "manifests").mkdir()
    manifest = project / "manifests" / "shots.jl"
    manifest.write_text(format_shots(rows), encoding="utf-8")
    heads = (ShotHeadDesign("scale", SCALE, pooling="mean"), ShotHeadDesign("movement", MOVEMENT, see="motion",
             motion="linear"))  # fmt: skip
    design = ShotDesign(Backbone("test_resnet"), heads, features=FEATURES, series=SERIES_COLUMNS)
    torch.manual_seed(0)
    network = ShotNetwork(design, Preprocessing(64, 64))
    told = told_of(films, [("MS", "LS"), ("MS", "CS")], [("static", "push"), ("static", "motion")])
    stated = {"path": "manifests/shots.jl", "sha256": digest_of_file(manifest)}
    run = write_shot_run_folder(project / "runs" / NAME, told, architecture=design.to_table(), manifest=stated)
    save_network(network, run.folder / "model.safetensors")
    done = evaluate_shots(run.folder, project_root=project, cache_folder=project / ".rushes")
    page = done.report.read_text(encoding="utf-8")
    scale, movement = page.split('id="movement-shots"')
    assert scale.count('class="heat"') in (7, 14)
    assert 'class="heat"' not in movement
    assert "Grad-CAM" in scale
    # One that was trained when motion was measured otherwise, and one without its weights, is judged all the same.
    older = replace(design, features=(*FEATURES, "since given up"))
    write_shot_run(replace(run, architecture=older.to_table()), run.folder)
    save_network(ShotNetwork(older, Preprocessing(64, 64)), run.folder / "model.safetensors")
    elsewhere = evaluate_shots(run.folder, project_root=project, cache_folder=project / ".rushes")
    assert 'class="heat"' not in elsewhere.report.read_text(encoding="utf-8")
    (run.folder / "model.safetensors").unlink()
    again = evaluate_shots(run.folder, project_root=project, cache_folder=project / ".rushes")
    assert 'class="heat"' not in again.report.read_text(encoding="utf-8")
    assert again.metrics == done.metrics


def test_a_head_that_sees_motion_alone_shows_the_models_that_were_tried(project):
    run = write_shot_run_folder(project / "runs" / NAME, BOTH)
    linear = {"motion": "linear", "regularisation": 0.1, "validation_loss": 0.4, "f1_macro": 0.8, "chosen": False}
    boosted = {"motion": "boosted", "rounds": 40, "depth": 3, "validation_loss": 0.2, "f1_macro": 0.9, "chosen": True}
    head = {"see": "motion", "motion": "boosted", "trials": [linear, boosted]}
    write_shot_run(replace(run, tasks=run.tasks | {"movement": replace(run.tasks["movement"], head=head)}), run.folder)
    page = evaluate_shots(run.folder, project_root=project).report.read_text(encoding="utf-8")
    assert "linear, C = 0.1" in page
    assert "boosted, rounds 40, depth 3<small>kept</small>" in page
    assert "It sees the frames, pooled by gru." in page
    assert "It sees the measured motion, by boosted trees." in page


def test_what_is_of_one_task_stands_together_and_nothing_is_said_twice(project):
    told = {"scale": shot_answers([("CS", "CS"), ("MS", "LS")] * 5, SCALE), "movement": balanced(MOVEMENT)}
    run = write_shot_run_folder(project / "runs" / NAME, told)
    common = "class 'scale ECS' stands in 1 group(s) only ('/films/season one/ECS_pull'): none in validation and test"
    own = (
        "test has no shot of 'ECS' of scale: nothing can be said about finding it",
        "validation has no shot of 'ECS'",
    )
    tasks = run.tasks | {"scale": replace(run.tasks["scale"], warnings=own)}
    write_shot_run(replace(run, tasks=tasks, warnings=(common, "odd frames")), run.folder)
    done = evaluate_shots(run.folder, project_root=project)
    said = done.metrics["warnings"]
    assert said[0] == "odd frames"
    assert f"scale: {common}" in said
    assert f"movement: {common}" not in said
    assert not [note for note in said if "test has no shot of 'ECS'" in note]
    assert "scale: validation has no shot of 'ECS'" in said
    page = done.report.read_text(encoding="utf-8")
    assert page.count("<li><b>Scale</b><ul>") == 1
    assert "<li><b>Movement</b><ul>" not in page  # of which there is nothing to beware of
    assert '<span title="/films/season one/ECS_pull">&#x27;ECS_pull&#x27;</span>' in page


def test_clips_of_the_virtual_camera_stand_beside_the_shots_of_train(project):
    _, page = judged(project, BOTH, synthetic={"push": 10, "pull": 1200})
    scale, movement = page.split('id="movement-data"')
    assert "virtual)" not in scale
    assert "<span>7</span>" in movement
    for words in ("(+10 virtual)", "(+1,200 virtual)", "(+1,210 virtual)"):
        assert movement.count(words) == 1


def test_the_bar_at_the_top_names_the_task(project):
    _, page = judged(project, BOTH)
    assert '<a href="#scale-classes">Scale: classes</a>' in page
    assert '<a href="#movement-classes">Movement: classes</a>' in page


def test_judging_twice_gives_the_same_page(project, films):
    told = told_of(films, [("MS", "LS"), ("MS", "MS")], [("static", "push"), ("static", "static")])
    done, page = judged(project, told)
    again = evaluate_shots(done.report.parent, project_root=project, scans_folder=project / "scans",
                           cache_folder=project / ".rushes")  # fmt: skip
    assert again.report.read_text(encoding="utf-8") == page


def test_the_frames_of_a_strip_stand_over_their_moment():
    assert plan_strip(0, 70) == (5, 15, 25, 35, 45, 55, 65)
    assert plan_strip(4, 5) == (4,) * 7
    assert parse_shot_id("0123456789abcdef:3-9", "a.mp4").stop == 9
    assert parse_shot_id("0123456789abcdef:9-9", "a.mp4") is None
    assert parse_shot_id("0123456789abcdef:9", "a.mp4") is None


def run_cli(*words: str, project: Path) -> int:
    with pytest.raises(SystemExit) as end:
        main([*words, "--project", str(project)])
    return int(end.value.code or 0)


@pytest.mark.parametrize("named", [(), (NAME,), (f"{NAME}/movement",), (f"runs/{NAME}",)])
def test_the_command_line_says_what_each_head_reaches(project, capsys, monkeypatch, named):
    write_shot_run_folder(project / "runs" / NAME, BOTH, validation=BOTH)
    monkeypatch.chdir(project)
    assert run_cli("evaluate", *named, project=project) == 0
    said = capsys.readouterr()
    for words in ("precision", "recall", "macro-F1", "nine-class mean", "always the commonest", "validation",
                  "they would not be comparable", f"{NAME}/report.html", f"{NAME}/metrics.json"):  # fmt: skip
        assert words in " ".join(said.out.split()), words


def test_a_task_that_a_run_does_not_answer_is_named(project, capsys):
    write_shot_run_folder(project / "runs" / NAME, BOTH)
    assert run_cli("evaluate", f"{NAME}/movment", project=project) == 2
    assert "does not answer 'movment'. Did you mean 'movement'?" in capsys.readouterr().err


def test_a_mixed_run_is_no_twin_of_a_run_of_shots(project, capsys):
    write_shot_run_folder(project / "runs" / NAME, BOTH)
    assert run_cli("evaluate", NAME, "--mixed", NAME, project=project) == 2
    assert "--mixed is of runs on frames" in capsys.readouterr().err


def test_runs_of_shots_are_listed_compared_paged_and_counted(project, capsys):
    write_shot_run_folder(project / "runs" / NAME, BOTH, validation=BOTH)
    better = replace_answers(BOTH)
    write_shot_run_folder(project / "runs" / "2026-11-26-060000-shots", better, validation=better)
    assert run_cli("evaluate", NAME, project=project) == 0
    assert run_cli("runs", "--json", project=project) == 0
    out = capsys.readouterr().out
    listed = json.loads(out[out.index('{\n  "runs"') :])
    assert {(one["task"], one["model"]) for one in listed["runs"]} == {
        ("scale", "shots test_resnet, gru"), ("movement", "shots boosted motion")}  # fmt: skip
    reports = {one["report"] for one in listed["runs"]}
    assert reports == {None, str(project / "runs" / NAME / "report.html")}
    names = [f"{NAME}/movement", "2026-11-26-060000-shots/movement"]
    assert run_cli("runs", "compare", *names, project=project) == 0
    assert "recall of push" in capsys.readouterr().out
    assert run_cli("runs", "compare", NAME, names[1], project=project) == 2
    assert f"{NAME}/scale or {NAME}/movement" in capsys.readouterr().err
    assert run_cli("runs", "page", project=project) == 0
    page = (project / "runs" / "index.html").read_text(encoding="utf-8")
    assert f'href="{NAME}/report.html"' in page
    assert run_cli("status", "--json", project=project) == 0
    assert f"{NAME}/scale" in capsys.readouterr().out


def replace_answers(told):
    return {task: replace(one, probabilities=np.eye(len(one.classes), dtype=np.float32)[one.truth])
            for task, one in told.items()}  # fmt: skip


def test_a_run_of_shots_is_a_run_of_each_task(project):
    run = write_shot_run_folder(project / "runs" / NAME, BOTH)
    of_task = read_task_run(run.folder, "scale")
    assert of_task.whole_folder == run.folder
    assert of_task.called == f"{NAME}/scale"
    assert of_task.is_of_shots


def test_the_commonest_mistakes_are_listed_by_the_share_of_their_label(project):
    pairs = [("MS", "LS")] * 3 + [("MS", "MS")] * 7 + [("CS", "MS"), ("CS", "CS")] + [("FS", "LS")] * 2
    _, page = judged(project, {"scale": shot_answers(pairs, SCALE)})
    listed = re.findall(r"<li><b>(\w+)</b> taken for <b>(\w+)</b>: ([^<]*)</li>", page)
    assert listed == [("FS", "LS", "2 of 2, 100 %"), ("CS", "MS", "1 of 2, 50 %"), ("MS", "LS", "3 of 10, 30 %")]


def test_a_task_of_motion_alone_has_no_epochs_of_another_network(project):
    epochs = {"images_per_second": None, "shots_per_second": 267.7}
    run = write_shot_run_folder(project / "runs" / NAME, BOTH, validation=BOTH, pace=epochs)
    scale, movement = (read_task_run(run.folder, task) for task in ("scale", "movement"))
    assert (describe_epochs(scale), describe_pace(scale)) == ("3, kept 2", "268 shots/s")
    assert (describe_epochs(movement), describe_pace(movement)) == ("none, head only", "")
    page, _ = format_runs_page(read_leaderboard(project / "runs"), title="season", folder=project / "runs")
    assert "The run for scale reaches" in page
    assert ">shots/s</th>" in page
    own = page.split('id="r1"')[1]
    assert "1,000, 100 of them learnt here" not in own
    assert "3, kept" not in own


def test_each_task_has_thresholds_of_its_own_and_a_class_of_no_task_is_refused(project, capsys):
    folder = project / "runs" / NAME
    write_shot_run_folder(folder, BOTH, validation=BOTH)
    assert run_cli("evaluate", NAME, "--want", "push: recall >= 0.5", project=project) == 0
    assert "recall >= 0.5" in capsys.readouterr().out
    for task in ("scale", "movement"):
        kept = json.loads((folder / task / "thresholds.json").read_text(encoding="utf-8"))
        metrics = json.loads((folder / task / "metrics.json").read_text(encoding="utf-8"))
        assert (kept["task"], kept["thresholds"]) == (task, metrics["thresholds"])
        assert [name for name, one in kept["thresholds"].items() if one["stated"]] == ["push"] * (task == "movement")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="movement-threshold-0"' in page
    assert 'id="scale-threshold-0"' in page
    assert run_cli("evaluate", NAME, "--want", "shove: recall >= 0.5", project=project) == 2
    assert "'shove' is no class of the run" in " ".join(capsys.readouterr().err.split())
