"""What a model says of what is reviewed: honest doubt, suspicion of labels, and answers that come while one looks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from review.shoots import make_cull, make_project, opened, served, take_in, wait_for
from rushes.catalog.catalog import Catalog
from rushes.datasets.measured_input import Prepared
from rushes.datasets.preprocessing import Preprocessing
from rushes.datasets.split import Split, write_split
from rushes.errors import UsageError
from rushes.labels.label import Label
from rushes.learning.label_suspicion import measure_suspicion
from rushes.learning.predictions import Predictions, write_predictions
from rushes.learning.runs import Run, write_run
from rushes.project import Project
from rushes.review import gather
from rushes.review.decisions import State
from rushes.review.model_answers import AnswerDesk, find_model, newest_run, opinions_of_cull, opinions_of_run
from rushes.review.opinions import Model, Opinions
from rushes.review.serve import opened_desk
from rushes.review.session import Opening, Review, session_table

SCALE = ("CS", "MS", "LS")
NOW = "2026-11-26T10:00:00Z"
MODEL = Model("bundle", "b", "id", "b")


def labelled(class_name: str, origin: str = "jonny") -> State:
    return State(class_name, origin=origin)


def opinions(rows: dict[str, Sequence[float]], **more: object) -> Opinions:
    found = Opinions(MODEL, SCALE, total=len(rows), **more)  # type: ignore[arg-type]
    found.add_probabilities(list(rows), np.array(list(rows.values()), np.float32))
    return found


def test_doubt_is_what_the_answer_lacks_to_stand_alone() -> None:
    found = opinions({"a": (0.7, 0.2, 0.1), "b": (0.34, 0.33, 0.33), "c": (0.0, 1.0, 0.0)})
    sure, unsure, certain = (found.table_of(frame, State()) for frame in "abc")
    assert (sure["answer"], sure["confidence"], sure["margin"], sure["doubt"]) == ("CS", 0.7, 0.5, 0.5)
    assert unsure["doubt"] > sure["doubt"] > certain["doubt"] == 0
    assert found.table_of("nobody", State())["answer"] is None


def test_a_label_disagrees_with_the_answer_and_nothing_does_not() -> None:
    found = opinions({"a": (0.7, 0.2, 0.1)})
    assert [found.table_of("a", state)["disagrees"] for state in (labelled("CS"), labelled("MS"), State())] == [
        False,
        True,
        False,
    ]


def many(count: int = 60) -> tuple[dict[str, tuple[float, ...]], dict[str, State]]:
    """Answers of a good model, of which every tenth label is another class."""
    dice = np.random.default_rng(3)
    rows, states = {}, {}
    for number in range(count):
        truth = number % 3
        row = dice.dirichlet([1 + 12 * (place == truth) for place in range(3)])
        rows[f"f{number}"] = tuple(float(value) for value in row)
        states[f"f{number}"] = labelled(SCALE[(truth + 1) % 3 if number % 10 == 9 else truth])
    return rows, states


def test_wrong_labels_are_the_most_suspicious_ones() -> None:
    rows, states = many()
    found = opinions(rows)
    found.learn(states)
    errors = {frame: found.table_of(frame, state)["error"] for frame, state in states.items()}
    ranked = sorted(errors, key=lambda frame: -errors[frame])
    assert {frame for frame in states if int(frame[1:]) % 10 == 9} == set(ranked[:6])
    assert all(0 <= error <= 1 for error in errors.values())


def test_what_was_reviewed_or_trained_on_is_not_called_suspicious() -> None:
    rows, states = many()
    found = opinions(rows, trained_on={"f19"})
    found.learn(states)
    assert found.table_of("f9", states["f9"])["error"] > 0.5
    assert found.table_of("f9", labelled("CS", "review:ann"))["error"] is None
    told = found.table_of("f19", states["f19"])
    assert (told["error"], told["trained_on"], told["answer"]) == (None, True, "MS" if 19 % 3 == 1 else told["answer"])


def test_suspicion_is_the_measure_of_labels_errors() -> None:
    pytest.importorskip("cleanlab")
    from rushes.learning.label_errors import score_labels

    rows, states = many()
    probabilities = np.array(list(rows.values()), np.float32)
    truth = np.array([SCALE.index(state.class_name or "") for state in states.values()], np.int64)
    blank = ("",) * len(truth)
    table = Predictions(SCALE, truth, probabilities, tuple(rows), tuple(rows), blank, blank, blank, blank)
    wanted = 1 - score_labels(table, method="self_confidence")
    suspicion = measure_suspicion(SCALE, probabilities, truth, groups=list(rows))
    found = [suspicion.of(row, int(label)) for row, label in zip(probabilities, truth, strict=True)]
    assert np.allclose(np.array(found, float), wanted, atol=1e-4)


def test_of_a_model_that_knows_nothing_no_label_is_suspicious() -> None:
    rows, states = many()
    found = opinions(dict.fromkeys(rows, (0.4, 0.3, 0.3)))
    found.learn(states)
    assert all(found.table_of(frame, state)["error"] is None for frame, state in states.items())
    assert "does not tell the classes apart" in found.model_table()["note"]
    few = opinions(dict(list(rows.items())[:4]))
    few.learn(states)
    assert "fewer than two classes" in few.model_table()["note"]


# Where answers come from.


@dataclass
class Shoot:
    project: Project
    catalog: Catalog
    review: Review


@pytest.fixture
def shoot(tmp_path: Path) -> Iterator[Shoot]:
    project = make_project(tmp_path, names=6)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task("scale"), project=project)
        yield Shoot(project, catalog, review)


def make_run(shoot: Shoot, name: str, *, task: str = "scale", split: Split) -> Run:
    """A run that answered one part of a split, as if it had been trained."""
    path, _ = write_split(split, shoot.project.splits_folder, now=datetime(2026, 11, 26, tzinfo=UTC))
    run = Run(
        folder=shoot.project.runs_folder / name,
        name=name,
        task=task,
        classes=SCALE,
        recipe={"name": "r", "model": {"kind": "features"}},
        architecture={},
        preprocessing=Preprocessing(width=8, height=8, color="rgb", fit="squeeze"),
        manifest={"path": "m", "sha256": "0"},
        split={"path": str(path.relative_to(shoot.project.root)), "sha256": split.digest, "kind": "grouped"},
        weights={},
        working_size="64",
        leaks=(),
        commit=None,
        machine={},
        created_at=NOW,
        elapsed_seconds=1,
        parameters=1,
        trained_parameters=1,
        epochs=0,
        best_epoch=0,
        counts={},
        class_weights={},
        warnings=(),
    )
    run.folder.mkdir(parents=True)
    write_run(run, run.folder)
    return run


def answered(frames: Sequence[str], probabilities: Sequence[Sequence[float]]) -> Predictions:
    blank = ("",) * len(frames)
    rows = np.array(probabilities, np.float32)
    return Predictions(SCALE, rows.argmax(1), rows, tuple(frames), ("shoot",) * len(frames), blank, blank, blank, blank)


def test_a_run_speaks_of_what_it_was_not_told_and_says_what_it_was(shoot: Shoot) -> None:
    frames = [item.id for item in shoot.review.items]
    parts = {frame: "train" if place < 4 else "validation" for place, frame in enumerate(frames)}
    run = make_run(shoot, "2026-11-26-100000-r", split=Split("scale", "mixed", 0, parts, {}))  # type: ignore[arg-type]
    write_predictions(answered(frames[4:], [(0.7, 0.2, 0.1), (0.1, 0.8, 0.1)]), run.predictions_file("validation"))
    task = shoot.project.task("scale")
    assert newest_run(shoot.project, task) == replace(run, history=())
    found = opinions_of_run(shoot.project, task, shoot.review, run.folder)
    table = session_table(shoot.review, {}, revision=0, opening=Opening(), opinions=found)
    assert [item["trained_on"] for item in table["items"]] == [True] * 4 + [False] * 2
    assert [item["answer"] for item in table["items"]] == [None] * 4 + ["CS", "MS"]
    assert (table["model"]["kind"], table["model"]["done"], table["model"]["total"]) == ("run", 2, 2)
    kept = shoot.project.cache_folder / "out-of-fold"
    write_predictions(answered(frames[:2], [(0.2, 0.7, 0.1), (0.1, 0.1, 0.8)]), kept / "a.parquet")
    (kept / "a.json").write_text(json.dumps({"run": run.name, "notes": []}))
    found = opinions_of_run(shoot.project, task, shoot.review, run.folder)
    out_of_fold = [found.table_of(frame, State()) for frame in frames[:3]]
    assert [(one["answer"], one["trained_on"]) for one in out_of_fold] == [("MS", False), ("LS", False), (None, True)]


def test_a_model_of_another_task_or_that_is_not_there_is_refused(shoot: Shoot) -> None:
    frames = [item.id for item in shoot.review.items]
    run = make_run(shoot, "one", task="select", split=Split("select", "mixed", 0, {frames[0]: "test"}, {}))
    with pytest.raises(UsageError, match="is of the task 'select', and 'scale'"):
        opinions_of_run(shoot.project, shoot.project.task("scale"), shoot.review, run.folder)
    with pytest.raises(UsageError, match=r"is no run and no bundle\. Did you mean 'one'"):
        find_model(shoot.project, Path("ones"))
    assert find_model(shoot.project, Path("one")) == run.folder
    assert newest_run(shoot.project, shoot.project.task("scale")) is None


def test_a_cull_proposes_by_its_verdicts_and_doubts_near_its_threshold(tmp_path: Path) -> None:
    project = make_project(tmp_path, names=6)
    cull = make_cull(project)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_cull(catalog, project.task("select"), cull)
    found = opinions_of_cull(review, cull)
    said = [found.table_of(item.id, State()) for item in review.items]
    assert [one["answer"] for one in said] == ["select"] * 3 + ["reject"] * 3
    assert max(said, key=lambda one: one["doubt"]) == said[3], "its score is the threshold"
    assert [one["error"] for one in said] == [None] * 6


class Half:
    """Answers by the mean shade of a picture."""

    def __init__(self) -> None:
        self.asked = 0

    def prepared(self, pixels: np.ndarray, *, stored: bool = False) -> Prepared:
        assert stored
        return Prepared(pixels[:8, :8])

    def probabilities_of_prepared(self, pictures: Sequence[Prepared]) -> np.ndarray:
        self.asked += len(pictures)
        return np.tile(np.array([0.6, 0.3, 0.1], np.float32), (len(pictures), 1))


def asked_of(shoot: Shoot, model: Half) -> Opinions:
    found = Opinions(MODEL, SCALE, total=len(shoot.review.items))
    desk = AnswerDesk(
        found,
        shoot.review.items,
        bundle_id="0123",
        open_model=lambda: model,
        root=shoot.project.root,
        kept=shoot.project.cache_folder / "answers",
    )
    desk.wait()
    return found


def test_a_bundle_is_asked_beside_the_page_and_each_picture_once(shoot: Shoot) -> None:
    broken = shoot.project.root / shoot.review.items[2].image
    broken.unlink()
    first = Half()
    table = asked_of(shoot, first).model_table()
    assert (first.asked, table["done"], table["total"]) == (5, 5, 5)
    assert "pictures that could not be read: 1" in table["note"]
    again = Half()
    assert asked_of(shoot, again).count == 5
    assert again.asked == 0, "what was answered is kept"


def test_what_a_bundle_answers_meanwhile_is_told_with_the_changes(shoot: Shoot) -> None:
    frames = [item.id for item in shoot.review.items]
    shoot.catalog.append_labels([Label(frames[1], "scale", "MS", "folder", NOW)])
    found = Opinions(MODEL, SCALE, total=6)
    opening = Opening("ann", order="doubt")
    with served(shoot.review, shoot.catalog, shoot.project, opinions=found, opening=opening) as page:
        session = page.get("session").json
        assert (session["answers"], session["opens_in"], session["person"]) == (0, "doubt", "ann")
        assert session["origins"] == ["folder"]
        found.add_probabilities(frames[:2], np.array([(0.6, 0.3, 0.1)] * 2, np.float32))
        told = page.get(f"changes?since={session['revision']}&answers={session['answers']}").json
        assert [(one["id"], one["answer"], one["disagrees"]) for one in told["changes"]] == [
            (frames[0], "CS", False),
            (frames[1], "CS", True),
        ]
        assert (told["answers"], told["model"]["done"], told["model"]["total"]) == (2, 2, 6)
        assert page.get(f"changes?since={session['revision']}&answers=2").json["changes"] == []
        made = page.decide({"id": frames[1], "decision": "CS", "saw": {"decision": "MS", "by": None}})
        (change,) = made["changes"]
        assert (change["decision"], change["by"], change["disagrees"]) == ("CS", "ann", False)
        bob = page.post("decisions", {"by": "Bob", "changes": [{"id": frames[1], "decision": "LS"}]}).json
        assert bob["conflicts"] == [
            {"id": frames[1], "field": "decision", "decision": "CS", "by": "ann", "at": bob["conflicts"][0]["at"]}
        ]
        insisted = {"by": "Bob", "over": True, "changes": [{"id": frames[1], "decision": "LS"}]}
        assert page.post("decisions", insisted).json["changes"][0]["by"] == "bob"
        assert page.post("undo", {}).json["changes"][0]["decision"] == "LS", "Ann takes back hers, Bob's stands"
        audit = page.get("audit").json
        assert (audit["drawn"], audit["looked_at"]) == (6, 1)


def test_an_audit_of_all_counts_the_models_mistakes_in_the_order_of_the_draw(shoot: Shoot) -> None:
    from rushes.review.audit import audit_of_all
    from rushes.review.session import drawn_order

    order = [item.id for item in drawn_order(shoot.review)]
    answers = dict.fromkeys(order, "CS")
    states = {order[0]: State("CS", "CS"), order[1]: State("LS", "LS"), order[3]: State("CS", "CS")}
    found = audit_of_all(shoot.review, states, answers=answers, before={order[0]: "MS", order[1]: "LS"})
    assert (found.drawn, found.looked_at, found.in_order, found.answered, found.misses) == (6, 3, 2, 2, 1)
    assert (found.labelled, found.relabelled) == (2, 1)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0.5 <= found.high < 1
    assert "wrong on 1 of the first 2" in found.sentence
    assert "in an order of chance" in audit_of_all(shoot.review, {}, answers=answers, before={}).sentence


def test_a_queue_is_reviewed_in_its_order(shoot: Shoot, tmp_path: Path) -> None:
    frames = [item.id for item in shoot.review.items]
    queue = tmp_path / "queue.csv"
    queue.write_text("frame,class\n" + "".join(f"{frame},\n" for frame in (frames[4], frames[1])))
    found = gather.review_of_queue(shoot.catalog, shoot.project.task("scale"), queue, root=shoot.project.root)
    assert [item.id for item in found.items] == [frames[4], frames[1]]
    queue.write_text("name,class\na,\n")
    with pytest.raises(UsageError, match=r"has no column 'frame' \(its columns: name, class\)"):
        gather.review_of_queue(shoot.catalog, shoot.project.task("scale"), queue, root=shoot.project.root)
    shutil.rmtree(shoot.project.cache_folder, ignore_errors=True)


@pytest.mark.longer
def test_a_bundle_that_is_named_answers_every_item_and_paints_its_heat(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from bundles.tiny import CLASSES, tiny_bundle
    from rushes.project import read_project

    project = make_project(tmp_path / "project", names=2)
    bundle = tiny_bundle(project.bundles_folder / "colours")
    toml = project.root / "rushes.toml"
    listed = ", ".join(f'"{name}"' for name in (*CLASSES, "none"))
    toml.write_text(f"{toml.read_text()}\n[tasks.{bundle.task}]\nclasses = [{listed}]\n")
    project = read_project(project.root)
    with opened(project) as catalog:
        take_in(catalog, project, project.root / "shoot")
        review = gather.review_of_task(catalog, project.task(bundle.task), project=project)
        with opened_desk(
            review, catalog=catalog, project=project, opening=Opening(), model=Path("colours"), threads=2
        ) as desk:
            assert desk.opinions is not None
            wait_for(lambda: desk.opinions is not None and desk.opinions.count == 2)
            table = desk.opinions.model_table()
            assert (table["kind"], table["id"], table["done"]) == ("bundle", bundle.id, 2)
            assert "is not known here" in table["note"]
            (answer, _) = desk.opinions.answers().values()
            assert answer in CLASSES
            with served(review, catalog, project, heat=desk.heat, opinions=desk.opinions) as page:
                frame = review.items[0].id
                whole = page.get(f"items/{frame}").json
                assert (whole["heat"], whole["answer"]) == (True, desk.opinions.answers()[frame])
                painted = [page.get(f"pictures/{frame}/heat?class={name}") for name in CLASSES[:2]]
                assert [one.status for one in painted] == [200, 200]
                assert painted[0].body != painted[1].body
                assert page.get(f"pictures/{frame}/heat").status == 200
                assert "Did you mean" in page.get(f"pictures/{frame}/heat?class={CLASSES[0]}x").json["detail"]
                refused = page.get(f"pictures/{frame}/heat?class=none")
                assert (refused.status, "does not answer 'none'" in refused.json["detail"]) == (404, True)
        other = gather.review_of_task(catalog, project.task("scale"), project=project)
        with (
            pytest.raises(UsageError, match=f"is of the task '{bundle.task}', and 'scale'"),
            opened_desk(other, catalog=catalog, project=project, opening=Opening(), model=Path("colours")),
        ):
            raise AssertionError("it was opened")
