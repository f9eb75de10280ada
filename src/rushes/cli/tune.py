"""`rushes tune`: many runs of one recipe, with its settings varied, until it stops getting better."""

from __future__ import annotations

import itertools
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rushes.cli.door import opened, plural, table_of
from rushes.cli.engines import cluster_of
from rushes.cli.ground import newest_ground, task_of
from rushes.cli.options import (
    DebugOption,
    DryRunOption,
    EngineOption,
    JsonOption,
    ProjectOption,
    ThreadsOption,
    verb_app,
)
from rushes.errors import UsageError, require_extra

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rushes.learning.findings import Estimate, Findings, Tried
    from rushes.learning.tune import Plan
    from rushes.project import Project

app = verb_app()

_NOT_PROVEN = "not shown to be better than chance"
_MADE = "# Made by rushes tune; "
_SHOWN = 30  # rows of the table; all are on the page


@app.command(epilog="Example: rushes tune recipes/mcu.toml --seeds 3 --dry-run")
def tune(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe with a [search] table, or its name.")],
    method: Annotated[str | None, typer.Option(help="grid, one-at-a-time or optuna, in place of the recipe's.")] = None,
    trials: Annotated[int | None, typer.Option(min=1, help="Of optuna: settings at most.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Trainings of each setting.")] = None,
    change: Annotated[
        list[str] | None, typer.Option("--set", help="section.key=value, in place of the recipe's.")
    ] = None,
    engine: EngineOption = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Trainings at a time, each in its own process; 1, or what a cluster holds."),
    ] = None,
    device: Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1 or mps; otherwise the best there is.")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Train anew what had failed.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="File for the best recipe.")] = None,
    project: ProjectOption = None,
    threads: ThreadsOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Train a recipe in many settings, each from several seeds, and say which of them is better beyond the noise.

    Everything is chosen on validation; no test score is computed. A search that was stopped goes on where it was.
    """
    with opened(as_json=as_json, debug=debug) as door:
        require_extra("train", "torch", "timm", "safetensors", "sklearn", "optuna", purpose="a search")
        from rushes.evaluation.gains import describe_gain, gain_of_best
        from rushes.evaluation.search_page import write_search_page
        from rushes.learning.recipe_files import SHIPPED, find_recipe, parse_recipe, read_recipe_table
        from rushes.learning.search import read_search
        from rushes.learning.tune import devices_for, plan_search, run_search
        from rushes.project import find_project

        place = find_project(project)
        cluster = cluster_of(place, engine, workers, device)
        path = find_recipe(recipe, (place.recipes_folder, SHIPPED))
        table = read_recipe_table(path, changes=change or ())
        asked = parse_recipe(table, where=str(path))
        task = task_of(place, asked, path)
        search = read_search(table, where=str(path), method=method or "", trials=trials, seeds=seeds)
        if trials is not None and search.method != "optuna":
            raise UsageError(
                f"--trials {trials}: it bounds what optuna may try; '{search.method}' tries every setting that the "
                "space names. Leave it out, name fewer values, or say --method optuna"
            )
        ground = newest_ground(door, place, task, split_kind=asked.split, threads=threads)
        plan = plan_search(search, table, where=str(path), ground=ground, searches_folder=place.root / "searches")
        door.say(_describe_plan(plan))
        for note in filter(None, (_describe_given(plan), _describe_dice(plan))):
            door.say(note)
        if dry_run:
            _show_plan(door, plan)
        command = shlex.join(["rushes", *_typed(path, place, method, trials, seeds, change)])
        with door.progress("tune") as progress:
            searched = run_search(
                plan,
                devices=devices_for(device, workers or 1) if cluster is None else (None,),
                workers=workers or 1,
                cluster=cluster,
                retry_failed=retry_failed,
                command=command,
                progress=progress,
            )
        gain = gain_of_best(searched.findings, plan.ground.runs_folder, monitor=plan.monitor)
        page = write_search_page(searched.folder, searched.findings, gain=gain)
        written = _write_best(plan, searched.findings, to or place.recipes_folder / f"{plan.name}-best.toml")
        door.say(f"stopped: {searched.stopped}")
        door.show(_table(searched.findings, plan))
        if searched.findings.effects:
            door.show(_effects_table(searched.findings, plan))
        for one in searched.findings.tried:
            if one.state == "failed":
                door.fail_item(f"failed: {_name(one)}: {one.reason}")
        door.say(searched.findings.verdict)
        if words := describe_gain(gain):
            door.say(words)
        door.say(f"page: {page}")
        if written is not None:
            door.say(f"best: {written}" + ("" if searched.findings.proven else f" ({_NOT_PROVEN})"))
            if searched.findings.proven:
                door.say(f"Next: rushes train {written.stem} && rushes evaluate")
        door.finish(
            {
                "folder": str(searched.folder),
                "method": plan.search.method,
                "monitor": plan.monitor,
                "focus": plan.focus,
                "seeds": plan.search.seeds,
                "stopped": searched.stopped,
                "trained": searched.trained,
                "page": str(page),
                "recipe": str(written) if written is not None else None,
                "validation_gain": gain.to_table() if gain is not None else None,
                **searched.findings.to_table(),
            }
        )


def _show_plan(door: Any, plan: Plan) -> None:
    """Print what would be trained, and end."""
    from rushes.learning.search import describe_setting
    from rushes.learning.trials import TRIALS_FILE, read_trials

    for number, setting in enumerate(plan.settings[:_SHOWN]):
        door.say(f"  {number:>3}  {describe_setting(setting)}")
    if len(plan.settings) > _SHOWN:
        door.say(f"  … and {len(plan.settings) - _SHOWN} more")
    done = len(read_trials(plan.folder / TRIALS_FILE))
    door.say(f"{plural(done, 'training')} of it done already" if done else "How long it takes is said once one is done")
    door.finish(
        {
            "folder": str(plan.folder),
            "method": plan.search.method,
            "monitor": plan.monitor,
            "focus": plan.focus,
            "seeds": plan.search.seeds,
            "trainings": plan.most,
            "done": done,
            "settings": [dict(setting) for setting in plan.settings],
        }
    )


def _describe_plan(plan: Plan) -> str:
    search = plan.search
    settings = plural(len(plan.settings) or search.trials, "setting")
    most = "at most " if search.method == "optuna" or search.target is not None else ""
    ends = f", until 1 - {plan.monitor} is {search.target_error:g}" if search.target_error is not None else ""
    return (
        f"{search.method} over {plural(len(search.space), 'key')}: {settings} x {plural(search.seeds, 'seed')}, "
        f"{most}{plural(plan.most, 'training')} on task {plan.ground.task.name}, compared by {plan.monitor} on "
        f"validation{ends}"
    )


def _describe_given(plan: Plan) -> str:
    """Return what optuna has tried already where that is as much as is asked for; "" elsewhere."""
    from rushes.learning.trials import TRIALS_FILE, read_trials

    given = len({trial.number for trial in read_trials(plan.folder / TRIALS_FILE)})
    if plan.search.method != "optuna" or given < plan.search.trials:
        return ""
    return (
        f"{plural(given, 'setting')} of this search are there already, and {plan.search.trials} are asked for: none is "
        f"added. For more, say --trials {given + 10}"
    )


def _describe_dice(plan: Plan) -> str:
    """Return that more seeds are the same training again, where no setting has anything for a seed to throw."""
    from rushes.errors import RecipeError
    from rushes.learning.rounds import does_seed_matter
    from rushes.learning.search import recipe_of

    settings = [{}, *plan.settings] if plan.settings else [
        {}, *({key: value} for key, tried in plan.search.space.items() if isinstance(tried, tuple) for value in tried)
    ]  # fmt: skip
    if plan.search.seeds == 1 or (not plan.settings and any(key.startswith("balance.") for key in plan.search.space)):
        return ""
    for setting in settings:
        try:
            if does_seed_matter(recipe_of(plan.table, setting, where=plan.where).to_table()):
                return ""
        except RecipeError:
            continue
    return "note: the seed decides nothing in these settings, so that more of them tell nothing: --seeds 1 does"


def _typed(
    path: Path, place: Project, method: str | None, trials: int | None, seeds: int | None, change: list[str] | None
) -> list[str]:
    """Return the words that make the same search again, with paths as the project has them."""
    try:
        shown = path.resolve().relative_to(place.root.resolve()).as_posix()
    except ValueError:
        shown = path.name
    words = ["tune", shown]
    for name, value in (("--method", method), ("--trials", trials), ("--seeds", seeds)):
        words += [name, str(value)] if value is not None else []
    for one in change or []:
        words += ["--set", one]
    return words


def _write_best(plan: Plan, findings: Findings, path: Path) -> Path | None:
    """Write the best setting as a recipe of its own, beside what is there; None where the recipe as it is is best."""
    from rushes.evaluation.markup import format_toml
    from rushes.learning.recipe import SCHEMA
    from rushes.learning.search import changed_table, describe_setting
    from rushes.storage.files import write_text

    best = findings.best
    if best is None or best is findings.baseline:
        return None
    table: Mapping[str, Any] = changed_table(plan.table, best.setting, where=plan.where)
    head = [] if findings.proven else [f"# {_NOT_PROVEN.capitalize()}: a recipe to look further from, no better one."]
    head += [
        f"# The best of {plural(len(findings.tried), 'setting')} of '{plan.name}': {describe_setting(best.setting)}.",
        f"# On validation: {findings.verdict}.",
        f"{_MADE}the search stands in {plan.folder.name}.",
    ]

    def body_named(name: str) -> str:
        return format_toml({"schema": SCHEMA, **table, "name": name})

    number, free = 1, path
    while free.exists():
        remarks, body = _remarks_and_body(free.read_text(encoding="utf-8"))
        if body == body_named(free.stem):
            if not (remarks and remarks[-1].startswith(_MADE) and len(remarks) in (3, 4)):
                return free  # with remarks of a person, which stay
            break
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    write_text(free, "\n".join(head) + "\n" + body_named(free.stem))
    return free


def _remarks_and_body(text: str) -> tuple[list[str], str]:
    """Return the remarks that a file begins with, and the rest."""
    lines = text.splitlines(keepends=True)
    remarks = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    return [line.rstrip("\n") for line in remarks], "".join(lines[len(remarks) :])


def _effects_table(findings: Findings, plan: Plan) -> Any:
    """Return what changing each value alone does, for a terminal."""
    from rushes.learning.search import describe_value

    names = {"recall": f"recall {plan.focus}", "false_positive_rate": f"false positives {plan.focus}",
             "f1_macro": "macro-F1"}  # fmt: skip
    rows: list[list[object]] = [
        [f"{effect.key} = {describe_value(effect.value)}", *(_moved(effect.differences.get(name)) for name in names)]
        for effect in findings.effects
    ]
    title = "effects of one value alone: the difference to the recipe as it is; all intervals hold together with 95 %"
    return table_of(title, ["value", *names.values()], rows)


def _moved(found: Estimate | None) -> str:
    if found is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:+.3f}"
    return f"{found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def _table(findings: Findings, plan: Plan) -> Any:
    """Return the table of settings for a terminal, the best first."""
    columns = ["", "setting", f"{plan.monitor} ± sd", f"recall {plan.focus}", f"false positives {plan.focus}", "s", ""]
    ranked = sorted(
        findings.tried,
        key=lambda one: (one.state != "done", -(one.score.value if one.score else float("-inf")), one.number),
    )
    rows: list[list[object]] = []
    for one in ranked[:_SHOWN]:
        mark = "best" if one is findings.best else "as it is" if one is findings.baseline else ""
        rows.append(
            [
                str(one.number),
                _name(one),
                _shown(one.score),
                _shown(one.measures.get("recall")),
                _shown(one.measures.get("false_positive_rate")),
                f"{one.seconds:.1f}",
                mark if one.state == "done" else one.state,
            ]
        )
    more = len(ranked) - _SHOWN
    return table_of(f"the first {_SHOWN} of {len(ranked)} settings" if more > 0 else None, columns, rows)


def _name(one: Tried) -> str:
    from rushes.learning.search import describe_setting

    return describe_setting(one.setting)


def _shown(found: Estimate | None) -> str:
    if found is None:
        return "–"
    return f"{found.value:.3f}" if found.spread is None else f"{found.value:.3f} ± {found.spread:.3f}"
