"""`rushes demo`: the whole loop, by the very verbs that a person would type."""

from __future__ import annotations

import contextlib
import json
import shlex
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from rushes.cli.door import Door, opened, plural
from rushes.cli.options import DebugOption, JsonOption, ThreadsOption, verb_app
from rushes.errors import ProjectError, SheetError, UsageError, require_extra

app = verb_app()

MANY = ("--footage",)  # options that take every word up to the next option
_SHEET = "labels/season-1.xlsx"
_FOOTAGE = "footage"
_TASK = "scale"
_STEPS = 10
_SEVERAL_CLASSES = 30
_RECIPE = """\
# A small network from scratch, so that the demo needs no download. For real work start from features.toml.
schema = "recipe/2"
task = {task}

[model]
kind = "cnn"
design = "cnn-6x6"
units = [24, 24, 32, 32, 48]

[training]
epochs = 18
batch_size = 16
patience = 18
seed = 0
"""


@dataclass
class Steps:
    """The steps of the demo: each is a verb, run in this process as its command line would be."""

    folder: Path
    door: Door
    threads: int | None
    done: int = 0
    exits: list[tuple[str, int]] = field(default_factory=list)

    def head(self, title: str) -> None:
        """Print the heading of the next step."""
        self.done += 1
        self.door.err.print(f"\n[bold cyan]{self.done}/{_STEPS}[/] [bold]{title}[/]")

    def run(self, title: str | None, *words: str | Path, failures: bool = False) -> None:
        """Run a verb in the demo's project, and end the demo where it fails.

        Args:
            title: heading of the step; None continues the step before.
            failures: whether items may fail (exit status 1) without ending the demo.
        """
        from rushes.cli.main import main

        if title is not None:
            self.head(title)
        said = [str(word) for word in words]
        self.door.err.print(f"$ rushes {shlex.join(said)}", style="dim", markup=False)
        if said[0] not in ("init", "predict"):
            said += ["--project", str(self.folder)]
        if self.threads and said[0] in ("ingest", "train", "predict"):
            said += ["--threads", str(self.threads)]
        status: object = 0
        try:
            main(said)
        except SystemExit as end:
            status = end.code
        status = status if isinstance(status, int) else 0
        self.exits.append((said[0], status))
        if status > (1 if failures else 0):
            self.door.err.print(f"the demo stops here: 'rushes {said[0]}' ended with {status}", style="red")
            raise SystemExit(status)


@app.command(epilog="Example: rushes demo    or: rushes demo mine --footage films/*.mp4 --labels labels.xlsx")
def demo(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to make the project in.")] = Path("demo"),
    footage: Annotated[
        list[Path] | None, typer.Option("--footage", help="Your own videos, pictures or folders, in place of the film.")
    ] = None,
    labels: Annotated[Path | None, typer.Option("--labels", help="Your own sheet of labels for them.")] = None,
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="COLUMN=MEANING of the sheet, as 'rushes labels import' takes it.")
    ] = None,
    every: Annotated[str | None, typer.Option(help="One frame of a film in so much time.")] = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Walk the whole loop: footage and a sheet in; a trained, judged, exported model and its predictions out.

    Without --footage several short films are rendered on the spot, with a sheet whose columns disagree here and
    there. A demo that was stopped goes on where it was.
    """
    with opened(as_json=as_json, debug=debug) as door:
        require_extra("train", "torch", "timm", "safetensors", "sklearn", "onnxscript", purpose="the demo")
        if (footage is None) != (labels is None):
            raise UsageError("--footage and --labels go together: the demo needs both to train on your own footage")
        folder = folder.absolute()
        steps = Steps(folder, door, threads)
        with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
            if footage is None or labels is None:
                task, test_paths = _own_film(steps, every=every or "0.5s")
            else:
                task, test_paths = _your_footage(steps, footage, labels, mapping or [], every=every or "1s")
            summary = _learn(steps, task=task, paths=test_paths, every=every or "0.5s")
        _close(door, summary, folder)
        door.finish(summary)


def _own_film(steps: Steps, *, every: str) -> tuple[str, list[Path]]:
    """Render films and their sheet, and take both in; return the task and the films."""
    from rushes.catalog.catalog import open_catalog
    from rushes.datasets.synthetic.films import render_films
    from rushes.datasets.synthetic.sheet import write_demo_sheet
    from rushes.datasets.synthetic.truth import write_truth
    from rushes.project import read_project

    films, sheet = steps.folder / _FOOTAGE, steps.folder / _SHEET
    there = sorted(films.glob("*.mp4"))
    steps.head("Render ten short films: shots of five sizes, camera moves, titles")
    if sheet.is_file() and there:
        steps.door.say(f"{plural(len(there), 'film')} in {films} already")
        truths = []
    else:
        with steps.door.progress("render") as progress:
            truths = render_films(films, progress=progress)
        write_truth(films / "truth.json", truths)
        there = [truth.path for truth in truths]
        steps.door.say(
            f"{plural(len(there), 'film')} with {sum(len(truth.shots) for truth in truths)} shots in {films}"
        )
    steps.run("Make a project", "init", steps.folder, "--template", "shots")
    _write_recipe(steps.folder, _TASK)
    steps.run(f"Take the films in, one frame every {every}", "ingest", films, "--every", every)
    if truths:
        with open_catalog(read_project(steps.folder).catalog_place) as catalog:
            film_of = {source.digest: source.name for source in catalog.sources()}
            frames = [(item.frame.name, film_of[item.frame.source], item.frame.ordinal) for item in catalog.frames()]
        write_demo_sheet(sheet, truths, frames)
    steps.run(
        "Import a sheet with three columns of different trust; its misspelt cells are listed, the rest is taken in",
        "labels", "import", sheet, "--task", _TASK, failures=True,
    )  # fmt: skip
    return _TASK, there


def _your_footage(
    steps: Steps, footage: list[Path], labels: Path, mapping: list[str], *, every: str
) -> tuple[str, list[Path]]:
    """Take a user's footage and sheet in; return the task that the sheet answers and the footage."""
    steps.head("Read the sheet")
    task, classes = _task_of(labels, mapping)
    steps.door.say(f"{labels} answers '{task}' with {plural(len(classes), 'class', 'classes')}: {', '.join(classes)}")
    words = f"{task}={','.join(classes)}"
    steps.run("Make a project", "init", steps.folder, "--template", "shots", "--task", words)
    _write_recipe(steps.folder, task)
    steps.run("Take the footage in", "ingest", *(path.absolute() for path in footage), "--every", every, failures=True)
    maps = [word for words in mapping for word in ("--map", words)]
    steps.run("Import the sheet", "labels", "import", labels.absolute(), "--task", task, *maps, failures=True)
    return task, footage


def _task_of(sheet: Path, mapping: list[str]) -> tuple[str, list[str]]:
    """Return a name for the question that a sheet answers, and its answers in order of their number.

    Raises:
        SheetError: no column of classes is found, or it holds fewer than two or very many answers.
    """
    from collections import Counter

    from rushes.cli.labels import parse_mapping
    from rushes.errors import Fault
    from rushes.labels.columns import plan_sheets
    from rushes.labels.sheets.files import read_sheets

    planned = plan_sheets(read_sheets(sheet), dict(parse_mapping(words) for words in mapping))
    answers = Counter(
        row[column.column.index].strip()
        for table, columns in planned
        for row in table.rows
        for column in columns.classes
    )
    for nothing in ("", "none", "n/a", "-"):
        answers.pop(nothing, None)
    names = {column.column.name for _, columns in planned for column in columns.classes}
    if not 2 <= len(answers) <= _SEVERAL_CLASSES:
        raise SheetError([Fault(sheet.name, None, ", ".join(sorted(names)),
                                f"holds {len(answers)} different answers; a task has 2 to {_SEVERAL_CLASSES}. Use "
                                "'rushes init' and 'rushes labels import --map' to say what is what")])  # fmt: skip
    name = "".join(letter if letter.isalnum() else "-" for letter in min(names)).strip("-").lower()
    return (name if len(names) == 1 and name else "label"), [answer for answer, _ in answers.most_common()]


def _write_recipe(folder: Path, task: str) -> None:
    from rushes.storage.files import write_text

    recipe = folder / "recipes" / "demo.toml"
    if not recipe.is_file():
        write_text(recipe, _RECIPE.format(task=json.dumps(task)))


def _learn(steps: Steps, *, task: str, paths: list[Path], every: str) -> dict[str, Any]:
    """Go from labels to predictions, and return what came of it."""
    from rushes.cli.versions import find_run
    from rushes.learning.runs import read_run
    from rushes.project import read_project

    folder = steps.folder
    steps.run("Build the manifest: one resolved label per frame", "manifest", "build", "--task", task)
    steps.run("Split by film, so that no film stands on two sides", "split", "make", "--task", task)
    steps.run(None, "split", "check", "--task", task)
    steps.run(None, "split", "make", "--task", task, "--kind", "mixed")
    steps.run(
        "Train; first on shuffled frames, to show what such a score is worth",
        "train", folder / "recipes" / "demo.toml", "--set", "split=mixed",
    )  # fmt: skip
    steps.run(None, "train", folder / "recipes" / "demo.toml")
    run = read_run(find_run(read_project(folder), None))
    steps.run("Judge it on films that it never watched", "evaluate", run.name)
    bundle = folder / "bundles" / f"{task}-{run.name}"
    steps.run("Export it, proven equal to what was trained", "export", run.name, "--to", bundle)
    film = _held_out(folder, task, paths)
    out = folder / "predictions.csv"
    steps.run("Predict a film that it never watched", "predict", bundle, film, "--every", every, "--out", out)
    metrics = json.loads((run.folder / "metrics.json").read_text(encoding="utf-8"))
    return {
        "folder": str(folder),
        "task": task,
        "run": str(run.folder),
        "report": str(run.folder / "report.html"),
        "bundle": str(bundle),
        "predictions": str(out),
        "film": str(film),
        "f1_macro": metrics["test"]["metrics"]["f1_macro"],
        "f1_macro_mixed": metrics["mixed"]["metrics"]["f1_macro"] if metrics["mixed"] else None,
        "verdict": metrics["verdict"],
        "warnings": metrics["warnings"],
    }


def _held_out(folder: Path, task: str, paths: list[Path]) -> Path:
    """Return a source of the test part, or, where its file has gone, the first footage given."""
    from rushes.catalog.catalog import open_catalog
    from rushes.datasets.split import newest_split, read_split
    from rushes.project import read_project

    project = read_project(folder)
    path = newest_split(project.splits_folder, task, "grouped")
    if path is None:
        raise ProjectError(f"{folder}: the split is gone. Run the demo again")
    groups = read_split(path).groups
    with open_catalog(project.catalog_place) as catalog:
        for source in catalog.sources():
            if groups.get(source.group) == "test" and Path(source.path).is_file():
                return Path(source.path)
    return paths[0]


def _close(door: Door, summary: dict[str, Any], folder: Path) -> None:
    """Print where the report is, the honest score next to the mixed one, what to beware of, and what to try next."""
    from rushes.evaluation.judge import note_on_groups

    honest, mixed = summary["f1_macro"], summary["f1_macro_mixed"]
    metrics = json.loads(Path(summary["run"], "metrics.json").read_text(encoding="utf-8"))
    door.say("\n" + "─" * 78)
    door.say(f"Report:  {summary['report']}")
    held_out = "Score (films partly watched):" if metrics["leaks"] else "Honest score (films never watched):"
    door.say(f"{held_out:<38}macro-F1 {_score(honest)}")
    if mixed is not None:
        door.say(f"{'Mixed score (frames shuffled):':<38}macro-F1 {_score(mixed)}")
        door.say(" " * 38 + _beware_of_mixed(honest["value"], mixed["value"]))
    if note := note_on_groups(metrics["test"]["groups"]):
        door.say(f"\nBeware: {note}")
    # `make demo` leaves the command in .venv, which few have on their path.
    command = "rushes" if shutil.which("rushes") else shlex.quote(str(Path(sys.executable).with_name("rushes")))
    door.say("\nTry next:")
    door.say(f"  cd {shlex.quote(str(folder))}")
    task = summary["task"]
    door.say(f"  {command} labels conflicts --task {task}")
    door.say(f"  {command} train recipes/cnn.toml --set task={task} --set training.epochs=40 && {command} evaluate")
    door.say(f"  {command} predict {shlex.quote(str(Path(summary['bundle']).relative_to(folder)))} YOUR-FILM.mp4")


def _beware_of_mixed(honest: float | None, mixed: float | None) -> str:
    """Return what the score on shuffled frames is worth beside the honest one, as far as three digits tell."""
    if honest is None or mixed is None:
        return "cannot be compared; never quote it alone"
    if round(mixed, 3) > round(honest, 3):
        return "flatters; never quote it alone"
    return "no higher here; a mixed score still proves nothing about films never watched"


def _score(metric: dict[str, Any]) -> str:
    """Return a score with its interval, or with its range where the groups are too few for one."""
    if metric["value"] is None:
        return "undefined"
    if metric["low"] is None:
        return f"{metric['value']:.3f} (no interval)"
    level, groups = metric["level"], metric["groups"]
    name = f"range over {plural(groups, 'group')}" if level is None else f"{level * 100:.0f} % interval"
    return f"{metric['value']:.3f} ({name} {metric['low']:.3f} to {metric['high']:.3f})"
